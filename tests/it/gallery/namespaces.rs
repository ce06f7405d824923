//! Namespaces that a server does not let in.

use serde_json::json;

use super::take::{Run, Take};
use super::{Exhibit, silent, speaks};
use crate::interop::records::namespace;
use crate::lab::Generation::{V2, V4};
use crate::lab::{Generation, Lab, Server};

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "path-meant-as-namespace",
        "`http://host/app`: the path names the namespace /app, which nobody has heard of",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&format!("{}/app", server.url()), &[]);
            run.sees(namespace("/app", "refused"));
            run.interrupted();
        },
    ),
    speaks(
        "path-meant-as-namespace",
        "the same at a server of generation 2",
        |take| {
            let server = Lab::server(V2, json!({}));
            let run = take.stream(&format!("{}/app", server.url()), &["--eio", "3"]);
            run.sees(namespace("/app", "refused"));
            run.interrupted();
        },
    ),
    silent(
        "path-meant-as-namespace",
        "`http://host/chat`: the path names a namespace, and it is there",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&format!("{}/chat", server.url()), &[]);
            run.sees(namespace("/chat", "connected"));
            run.leaves();
        },
    ),
    silent(
        "path-meant-as-namespace",
        "`-n /nope`: a namespace that is unknown, but was meant as one",
        |take| refused(take, &Lab::server(V4, json!({})), &["-n", "/nope"], "/nope"),
    ),
    speaks(
        "namespace-refused",
        "a middleware refuses /deny, with data",
        |take| {
            refused(
                take,
                &Lab::server(V4, json!({})),
                &["-n", "/", "-n", "/deny"],
                "/deny",
            )
        },
    ),
    speaks(
        "namespace-refused",
        "/admin without the token that it wants",
        |take| {
            refused(
                take,
                &Lab::server(V4, json!({})),
                &["-n", "/admin"],
                "/admin",
            )
        },
    ),
    speaks(
        "namespace-refused",
        "the same at a server of generation 2, where the token travels in the query",
        |take| {
            let args = ["--eio", "3", "-n", "/admin={\"token\":\"wrong\"}"];
            refused(take, &Lab::server(V2, json!({})), &args, "/admin");
        },
    ),
    speaks(
        "namespace-refused",
        "a python server refuses /deny",
        |take| refused(take, &Server::python(json!({})), &["-n", "/deny"], "/deny"),
    ),
    silent(
        "namespace-refused",
        "a namespace that does not exist: nobody looked at who asks",
        |take| refused(take, &Lab::server(V4, json!({})), &["-n", "/nope"], "/nope"),
    ),
    silent("namespace-refused", "/admin with its token", |take| {
        let server = Lab::server(V4, json!({}));
        let run = take.stream(&server.url(), &["-n", "/admin={\"token\":\"letmein\"}"]);
        run.sees(namespace("/admin", "connected"));
        run.leaves();
    }),
    speaks(
        "unknown-namespace",
        "`Invalid namespace` of a server of generation 4",
        |take| {
            refused(
                take,
                &Lab::server(V4, json!({})),
                &["-n", "/", "-n", "/nope"],
                "/nope",
            )
        },
    ),
    speaks(
        "unknown-namespace",
        "`Invalid namespace` of a server of generation 2",
        |take| {
            let args = ["--eio", "3", "-n", "/nope"];
            refused(take, &Lab::server(V2, json!({})), &args, "/nope");
        },
    ),
    speaks(
        "unknown-namespace",
        "a python server says `Unable to connect`",
        |take| refused(take, &Server::python(json!({})), &["-n", "/nope"], "/nope"),
    ),
    silent(
        "unknown-namespace",
        "a namespace that is there, and refuses",
        |take| refused(take, &Lab::server(V4, json!({})), &["-n", "/deny"], "/deny"),
    ),
    speaks(
        "connect-unanswered",
        "the middleware of /silent never calls `next`, while / is joined and goes on",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), &["-n", "/", "-n", "/silent"]);
            run.joins(1);
            run.rests(12_000);
            run.echoes("/ is well");
            run.interrupted();
        },
    ),
    speaks(
        "connect-unanswered",
        "nothing but /silent: the server ends the connection when its `connectTimeout` (3 s here) is over",
        |take| {
            let server = Lab::server(V4, json!({ "connectTimeout": 3_000 }));
            let run = take.stream(&server.url(), &["-n", "/silent"]);
            run.ends(2);
            run.interrupted();
        },
    ),
    speaks(
        "connect-unanswered",
        "a server of generation 2 whose middleware for / never calls `next`: / is never joined",
        |take| {
            let server = Lab::server(V2, json!({ "mute": true }));
            let run = take.stream(&server.url(), &["--eio", "3"]);
            run.sees(|record| record["k"] == "namespace" && record["state"] == "joining");
            run.rests(8_000);
            run.interrupted();
        },
    ),
    silent(
        "connect-unanswered",
        "a middleware that takes two seconds, and answers",
        |take| {
            let server = Lab::server(V4, json!({ "slowMs": 2_000 }));
            let run = take.stream(&server.url(), &["-n", "/", "-n", "/slow"]);
            run.sees(namespace("/slow", "connected"));
            run.leaves();
        },
    ),
    speaks(
        "auth-stale",
        "a token that was good once: the same one is sent again after a reconnect, and refused (`jwt expired`)",
        |take| {
            stale(
                take,
                &["-n", "/", "-n", "/admin={\"token\":\"letmein\"}"],
                "refused",
            )
        },
    ),
    speaks(
        "auth-stale",
        "the same at a server of generation 2, with the token in the namespace's query",
        |take| {
            stale_at(
                take,
                V2,
                &["--eio", "3", "-n", "/", "-n", "/admin?token=letmein"],
                "refused",
            )
        },
    ),
    silent(
        "auth-stale",
        "tokens that are good once, and a new one at each attempt (`--auth '!command'`)",
        |take| {
            let args = [
                "-n",
                "/",
                "-n",
                "/admin",
                "--auth",
                "!printf '{\"token\":\"letmein-%s\"}' $(date +%s%N)",
            ];
            stale(take, &args, "connected");
        },
    ),
    silent(
        "auth-stale",
        "a token that was never good: refused at the first join",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(
                &server.url(),
                &["-n", "/", "-n", "/admin={\"token\":\"wrong\"}"],
            );
            run.joins(1);
            run.sees(namespace("/admin", "refused"));
            server.say(json!({ "do": "engine_close" }));
            run.joins(2);
            run.leaves();
        },
    ),
];

fn refused(take: &Take, server: &Server, args: &[&str], nsp: &str) {
    let run: Run = take.stream(&server.url(), args);
    run.sees(namespace(nsp, "refused"));
    if args.contains(&"/") {
        run.joins(1);
        run.echoes("/ is well");
    }
    run.interrupted();
}

/// A server of tokens that are good once, and a connection that is lost.
fn stale(take: &Take, args: &[&str], second: &str) {
    stale_at(take, V4, args, second);
}

fn stale_at(take: &Take, generation: Generation, args: &[&str], second: &str) {
    let server = Lab::server(generation, json!({ "tokenUses": 1 }));
    let run = take.stream(&server.url(), args);
    run.sees(namespace("/admin", "connected"));
    run.joins(1);
    server.say(json!({ "do": "kick_tcp" }));
    run.sees(|record| namespace("/admin", second)(record) && record["c"] == 2);
    run.joins(2);
    run.rests(100);
    run.interrupted();
}
