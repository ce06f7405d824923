//! Clients written by hand, which do what no library does, and servers that forget something.

use serde_json::{Value, json};

use super::take::Take;
use super::{Exhibit, silent, speaks};
use crate::interop::records::{event, namespace};
use crate::lab::Generation::{V2, V4};
use crate::lab::{Generation, Lab, Server};

const WEBSOCKET: &[&str] = &["--transports", "websocket"];

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "event-before-connect",
        "an event without a CONNECT before it",
        |take| {
            by_hand(
                take,
                V4,
                4,
                json!([{ "send": "42[\"order\",1]" }, { "ms": 500 }]),
            )
        },
    ),
    speaks(
        "event-before-connect",
        "an event for /admin, while only / was joined",
        |take| {
            let stray = json!([
                { "send": "40" }, { "until": "40" },
                { "send": "42/admin,[\"order\",1]" }, { "ms": 500 }
            ]);
            by_hand(take, V4, 4, stray);
        },
    ),
    silent(
        "event-before-connect",
        "an event after the answer to CONNECT",
        |take| {
            let fine = json!([
                { "send": "40" }, { "until": "40" }, { "send": "42[\"order\",1]" }, { "ms": 500 }
            ]);
            by_hand(take, V4, 4, fine);
        },
    ),
    speaks(
        "heartbeat-direction",
        "a client of Engine.IO 4 that pings: the server throws it out",
        |take| {
            let pings = json!([
                { "send": "40" }, { "until": "40" }, { "ms": 300 }, { "send": "2" }, { "ms": 500 }
            ]);
            by_hand(take, V4, 4, pings);
        },
    ),
    speaks(
        "heartbeat-direction",
        "a client of Engine.IO 4 at a server of generation 2: each waits for the other's ping",
        |take| by_hand(take, V2, 4, json!([{ "send": "40" }, { "ms": 2_500 }])),
    ),
    speaks(
        "heartbeat-direction",
        "a client of Engine.IO 3 that never pings",
        |take| by_hand(take, V2, 3, json!([{ "until": "40" }, { "ms": 2_500 }])),
    ),
    silent(
        "heartbeat-direction",
        "generation 2 as it should be: the client pings",
        |take| {
            let pings = json!([
                { "until": "40" }, { "ms": 500 }, { "send": "2" }, { "until": "3" },
                { "ms": 500 }, { "send": "2" }, { "until": "3" }
            ]);
            by_hand(take, V2, 3, pings);
        },
    ),
    silent(
        "heartbeat-direction",
        "generation 4 as it should be: the server pings, the client answers",
        |take| {
            let script =
                json!([{ "send": "40" }, { "until": "40" }, { "until": "2" }, { "until": "2" }]);
            by_hand(take, V4, 4, script);
        },
    ),
    speaks(
        "ping-timeout-ours",
        "a client that stops answering pings while it still sends events",
        |take| {
            let script = json!([
                { "send": "40" }, { "until": "40" }, { "until": "2" }, { "pong": false },
                { "until": "2" }, { "ms": 300 }, { "send": "42[\"order\",1]" }, { "ms": 2_500 }
            ]);
            by_hand(take, V4, 4, script);
        },
    ),
    speaks(
        "ping-timeout-ours",
        "a client of generation 2 whose pings stop",
        |take| {
            let script = json!([
                { "until": "40" }, { "ms": 500 }, { "send": "2" }, { "until": "3" }, { "ms": 2_500 }
            ]);
            by_hand(take, V2, 3, script);
        },
    ),
    speaks(
        "parse-error",
        "a client that writes JSON with bare keys: the server closes the connection",
        |take| {
            let script = json!([
                { "send": "40" }, { "until": "40" }, { "send": "42[\"order\",{id:7}]" }, { "ms": 500 }
            ]);
            by_hand(take, V4, 4, script);
        },
    ),
    speaks(
        "upgrade-stalled",
        "a server that does not release the poll: the upgrade waits for the next thing it says",
        |take| {
            let server = Lab::server(V4, json!({ "stuck": true, "slowMs": 3_000 }));
            let run = take.stream(&server.url(), &["-n", "/slow"]);
            run.sees(namespace("/slow", "connected"));
            run.rests(300);
            run.leaves();
        },
    ),
    speaks(
        "upgrade-stalled",
        "the same with generation 2, given up before it ended",
        |take| {
            let server = Lab::server(V2, json!({ "stuck": true, "greet": false }));
            let run = take.stream(&server.url(), &["--eio", "3", "--for", "3s"]);
            run.joins(1);
            run.ends_itself();
        },
    ),
    silent(
        "upgrade-stalled",
        "an upgrade as it should be: the poll is released at once",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), &[]);
            run.joins(1);
            run.sees(|record| {
                record["k"] == "transport"
                    && record["name"] == "websocket"
                    && record["state"] == "open"
            });
            run.echoes("one");
            run.leaves();
        },
    ),
    speaks(
        "python-ping-truncated",
        "python-socketio with `ping_interval=0.5`: its handshake says 0",
        |take| python(take, json!({ "pingIntervalSeconds": 0.5 })),
    ),
    silent(
        "python-ping-truncated",
        "python-socketio with `ping_interval=1`",
        |take| python(take, json!({ "pingInterval": 1_000 })),
    ),
    speaks(
        "recovery-impossible",
        "an event that wants an ack ends in a text, which the client takes for the offset",
        |take| {
            let server = Lab::server(V4, json!({ "connectionStateRecovery": {} }));
            let run = take.stream(&server.url(), WEBSOCKET);
            run.joins(1);
            run.sees(event("hello"));
            server.say(json!({ "do": "ask", "event": "price", "args": ["EURUSD"] }));
            run.sees(event("price"));
            server.say(json!({ "do": "kick_tcp" }));
            run.joins(2);
            run.leaves();
        },
    ),
    speaks(
        "recovery-impossible",
        "the client left on purpose and came back: that is never recovered",
        |take| {
            let server = Lab::server(V4, json!({ "connectionStateRecovery": {} }));
            let run = take.stream(&server.url(), WEBSOCKET);
            run.joins(1);
            run.sees(event("hello"));
            run.say(json!({ "disconnect": true }));
            run.sees(namespace("/", "disconnected"));
            run.say(json!({ "connect": true }));
            run.joins(2);
            run.leaves();
        },
    ),
];

/// A client of Engine.IO `eio` that does what `script` says, at a server with quick heartbeats.
fn by_hand(take: &Take, generation: Generation, eio: u8, script: Value) {
    let quick = json!({ "pingInterval": 700, "pingTimeout": 900 });
    let server = Lab::server(generation, quick);
    take.by_hand(&server.url(), eio, script);
}

/// Some seconds at a python server.
fn python(take: &Take, options: Value) {
    let server = Server::python(options);
    let run = take.stream(&server.url(), WEBSOCKET);
    run.joins(1);
    run.rests(1_500);
    run.leaves();
}
