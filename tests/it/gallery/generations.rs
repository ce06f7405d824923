//! Clients of one generation and servers of the other.

use serde_json::{Value, json};

use super::take::Take;
use super::{Exhibit, silent, speaks};
use crate::lab::Generation::{V1, V2, V4};
use crate::lab::{Generation, Lab, Nginx, Site};

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "generation-mismatch",
        "a client of Socket.IO 4 at a server of 2.x, over polling: the handshake can't be read",
        |take| meets(take, V2, json!({}), "4", "polling"),
    ),
    speaks(
        "generation-mismatch",
        "the same over WebSocket: the CONNECT reply has no sid, and neither side pings",
        |take| {
            meets(
                take,
                V2,
                json!({ "pingInterval": 700, "pingTimeout": 500 }),
                "4",
                "websocket",
            )
        },
    ),
    speaks(
        "generation-mismatch",
        "a client of Socket.IO 2.x at a server of 4, over polling: 400, code 5",
        |take| meets(take, V4, json!({}), "3", "polling"),
    ),
    speaks(
        "generation-mismatch",
        "the same over WebSocket: plain HTTP after the 101",
        |take| meets(take, V4, json!({}), "3", "websocket"),
    ),
    speaks(
        "generation-mismatch",
        "a client of Socket.IO 4 at a server of 1.7, over polling: a binary handshake",
        |take| meets(take, V1, json!({}), "4", "polling"),
    ),
    silent(
        "generation-mismatch",
        "a client of Socket.IO 2.x at a server of 4 with `allowEIO3`",
        |take| {
            let server = Lab::server(V4, json!({ "allowEIO3": true }));
            let run = take.stream(&server.url(), &["--eio", "3"]);
            run.joins(1);
            run.echoes("welcome");
            run.leaves();
        },
    ),
    silent(
        "generation-mismatch",
        "a handshake that is answered with a page of HTML: that is no generation of Socket.IO",
        |take| {
            let page = "        location / { default_type text/html; return 200 '<!doctype html><title>Shop</title>'; }";
            let nginx = Nginx::start(&Site {
                http: String::new(),
                server: page.to_owned(),
            });
            let args = ["--eio", "4", "--reconnection-attempts", "1"];
            take.stream(&nginx.url(), &args).ends_itself();
        },
    ),
    silent(
        "generation-mismatch",
        "a server of 4 that breaks off in the middle: bytes that are no packet, and all of them generation 4's",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), &["--eio", "4", "--transports", "polling"]);
            run.joins(1);
            server.say(json!({ "do": "send_raw", "frame": "9:garbage" }));
            run.ends(1);
            run.joins(2);
            run.leaves();
        },
    ),
];

/// A client of `eio` at a server of `generation`, until there is nothing more to see.
fn meets(take: &Take, generation: Generation, options: Value, eio: &str, transport: &str) {
    let server = Lab::server(generation, options);
    let args = [
        "--eio",
        eio,
        "--transports",
        transport,
        "--reconnection-attempts",
        "1",
        "--connect-timeout",
        "2000",
        "--for",
        "4s",
    ];
    take.stream(&server.url(), &args).ends_itself();
}
