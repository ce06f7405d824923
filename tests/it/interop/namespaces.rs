//! Namespaces on one connection: joined, left, refused, joined again, each with what it needs.

use serde_json::{Value, json};

use super::records::{all, event, namespace, packets, state};
use crate::lab::{Generation, Lab, Server, Sioscope};

/// Servers of each kind, with the `--eio` that they want.
fn servers() -> [(Server, &'static str); 3] {
    [
        (Lab::server(Generation::V2, json!({})), "3"),
        (Lab::server(Generation::V4, json!({})), "4"),
        (Server::python(json!({})), "4"),
    ]
}

#[track_caller]
fn one_connection(run: &Sioscope) {
    let records = run.records();
    assert_eq!(
        all(&records, state("connection", "open")).len(),
        1,
        "all of it happens on one connection: {records:#?}"
    );
}

#[test]
fn a_namespace_is_joined_left_and_joined_again_while_the_others_stay() {
    for (server, eio) in servers() {
        let run = Sioscope::stream(&server.url(), &["--no-record", "--eio", eio]);
        run.say(json!({ "wait": { "namespace": "/" } }));
        for round in 0..2 {
            run.say(json!({ "join": "/chat" }));
            run.say(json!({ "wait": { "namespace": "/chat" } }));
            run.say(json!({ "wait": { "event": "hello", "nsp": "/chat" } }));
            run.say(json!({ "emit": ["echo", round], "nsp": "/chat", "ack": true }));
            run.say(json!({ "wait": { "ack": true } }));
            run.say(json!({ "leave": "/chat" }));
            server.expect_next(|line| line["saw"] == "disconnect" && line["nsp"] == "/chat");
        }
        run.say(json!({ "emit": ["echo", "still here"], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        one_connection(&run);
        let records = run.records();
        let left = all(&records, namespace("/chat", "disconnected"));
        let reasons: Vec<_> = left.iter().map(|record| &record["reason"]).collect();
        assert_eq!(reasons, ["io client disconnect"; 2], "eio {eio}");
    }
}

#[test]
fn a_refused_namespace_says_why_and_is_joined_with_other_auth() {
    for (server, eio) in servers() {
        let run = Sioscope::stream(
            &server.url(),
            &[
                "--no-record",
                "--eio",
                eio,
                "-n",
                "/",
                "-n",
                r#"/admin={"token":"wrong"}"#,
            ],
        );
        let refused = run.wait_for(namespace("/admin", "refused"));
        assert_eq!(refused["reason"], "authentication error", "eio {eio}");
        if eio == "4" {
            let hint = json!({ "code": 401, "hint": "send auth.token" });
            // python-socketio sends its data as the list of what was raised with the message.
            let data = &refused["data"];
            assert!(*data == hint || data["data"] == hint, "{refused}");
        }
        run.say(json!({ "join": "/admin", "auth": { "token": "letmein" } }));
        run.say(json!({ "wait": { "namespace": "/admin" } }));
        run.say(json!({ "emit": ["echo", 1], "nsp": "/admin", "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        one_connection(&run);
    }
}

#[test]
fn a_refusal_carries_the_data_of_the_middleware() {
    for (generation, eio) in [
        (Generation::V2, "3"),
        (Generation::V3, "4"),
        (Generation::V4, "4"),
    ] {
        let server = Lab::server(generation, json!({}));
        let run = Sioscope::stream(
            &server.url(),
            &["--no-record", "--eio", eio, "-n", "/", "-n", "/deny"],
        );
        let refused = run.wait_for(namespace("/deny", "refused"));
        assert!(
            refused["data"].to_string().contains("closed today"),
            "{generation:?}: {refused}"
        );
        assert_eq!(run.finish().code, Some(0));
    }
}

#[test]
fn a_namespace_that_the_server_does_not_know_is_refused_and_alone_it_is_no_connection() {
    for (server, eio) in servers() {
        let run = Sioscope::stream(
            &server.url(),
            &["--no-record", "--eio", eio, "-n", "/", "-n", "/nowhere"],
        );
        let refused = run.wait_for(namespace("/nowhere", "refused"));
        assert!(refused["reason"].is_string(), "{refused}");
        run.wait_for(namespace("/", "connected"));
        assert_eq!(run.finish().code, Some(0), "the others stay");
    }
    let server = Lab::server(Generation::V4, json!({}));
    let url = format!("{}/nowhere", server.url());
    let alone = Sioscope::run(&["stream", &url, "--no-record"]);
    assert_eq!(alone.code, Some(3), "{alone:?}");
    assert!(
        alone.stderr.contains("/nowhere refused: Invalid namespace"),
        "{alone:?}"
    );
}

#[test]
fn several_namespaces_are_joined_at_once_each_with_its_own_auth() {
    for (server, eio) in servers() {
        let run = Sioscope::stream(
            &server.url(),
            &[
                "--no-record",
                "--eio",
                eio,
                "-n",
                "/slow",
                "-n",
                "/",
                "-n",
                r#"/chat={"who":"grüße & more"}"#,
                "-n",
                r#"/admin={"token":"letmein"}"#,
            ],
        );
        for nsp in ["/slow", "/", "/chat", "/admin"] {
            run.say(json!({ "wait": { "namespace": nsp } }));
        }
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        one_connection(&run);
        let told = |nsp: &str, key: &str| {
            let line = server.expect(|line| line["saw"] == "connection" && line["nsp"] == nsp);
            let given = if eio == "3" {
                &line["query"]
            } else {
                &line["auth"]
            };
            given[key].clone()
        };
        assert_eq!(told("/chat", "who"), "grüße & more", "eio {eio}");
        assert_eq!(told("/admin", "token"), "letmein", "eio {eio}");
        assert_eq!(told("/", "token"), Value::Null, "eio {eio}");
    }
}

#[test]
fn without_n_the_path_of_the_url_is_the_namespace() {
    for (server, eio) in servers() {
        let url = format!("{}/chat", server.url());
        let run = Sioscope::stream(&url, &["--no-record", "--eio", eio]);
        run.say(json!({ "wait": { "event": "hello", "nsp": "/chat" } }));
        run.say(json!({ "emit": ["echo", 1], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        server.expect(|line| line["saw"] == "event" && line["nsp"] == "/chat");
    }
}

#[test]
fn a_server_that_asks_for_an_ack_is_answered() {
    for (server, eio) in servers() {
        for choice in ["polling", "websocket"] {
            let run = Sioscope::stream(
                &server.url(),
                &["--no-record", "--eio", eio, "--transports", choice],
            );
            run.say(json!({ "wait": { "namespace": "/" } }));
            run.say(json!({ "emit": ["ask", "how are you?"] }));
            let asked = run.wait_for(event("ask"));
            let packet = packets(&[asked], "to_client")
                .into_iter()
                .find(|packet| packet["data"][0] == "ask")
                .expect("the question");
            let id = packet["id"].clone();
            assert!(id.is_u64(), "{packet}");
            run.wait_for(|record| {
                record["k"] == "ack" && record["dir"] == "to_client" && record["state"] == "pending"
            });
            run.say(json!({ "answer": ["well", { "$binary": "AAE=" }], "id": id }));
            let answered = run.wait_for(event("answered"));
            let said = packets(&[answered], "to_client");
            assert!(
                said.iter()
                    .any(|packet| packet["data"]
                        == json!(["answered", "well", { "$binary": "AAE=" }])),
                "{said:?}"
            );
            let finished = run.finish();
            assert_eq!(finished.code, Some(0), "{finished:?}");
        }
    }
}
