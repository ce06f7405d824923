//! Events and acks that do not arrive as they were meant to.

use serde_json::{Value, json};

use super::take::{Run, Take};
use super::{Exhibit, silent, speaks};
use crate::interop::records::{event, namespace, state};
use crate::lab::Generation::{V2, V4};
use crate::lab::{Lab, Relay, Server};

const WEBSOCKET: &[&str] = &["--transports", "websocket"];

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "ack-unanswered",
        "the handler of `ack-never` has no callback: our 1 s are over, while other acks are answered",
        |take| {
            asks(take, &["--transports", "websocket"], |run, _| {
                run.say(json!({ "emit": ["ack-never", "save"], "ack": true, "timeout_ms": 1_000 }));
                run.sees(|record| record["k"] == "ack" && record["state"] == "timeout");
                run.echoes("two");
            });
        },
    ),
    speaks(
        "ack-unanswered",
        "the same with generation 2 over polling",
        |take| {
            let server = Lab::server(V2, json!({}));
            let run = take.stream(&server.url(), &["--eio", "3", "--transports", "polling"]);
            run.joins(1);
            run.say(json!({ "emit": ["ack-never", "save"], "ack": true, "timeout_ms": 1_000 }));
            run.sees(|record| record["k"] == "ack" && record["state"] == "timeout");
            run.echoes("two");
            run.leaves();
        },
    ),
    silent(
        "ack-unanswered",
        "an answer that takes 1.5 s, and nobody was in a hurry",
        |take| {
            asks(take, WEBSOCKET, |run, _| {
                run.say(json!({ "emit": ["ack-late", 1_500, "saved"], "ack": true }));
                run.say(json!({ "wait": { "ack": true } }));
                run.sees(|record| {
                    record["k"] == "ack" && record["state"] == "answered" && record["id"] == 1
                });
            });
        },
    ),
    silent(
        "ack-unanswered",
        "the answer comes after our time was over: late, but answered",
        |take| {
            asks(take, WEBSOCKET, late);
        },
    ),
    speaks(
        "ack-late",
        "the answer takes 900 ms where we waited for 300",
        |take| asks(take, WEBSOCKET, late),
    ),
    silent(
        "ack-late",
        "the answer takes 900 ms, and we had 3 s",
        |take| {
            asks(take, WEBSOCKET, |run, _| {
                run.say(
                    json!({ "emit": ["ack-late", 900, "saved"], "ack": true, "timeout_ms": 3_000 }),
                );
                run.sees(|record| {
                    record["k"] == "ack" && record["state"] == "answered" && record["id"] == 1
                });
            });
        },
    ),
    silent("ack-late", "an ack that never comes", |take| {
        asks(take, WEBSOCKET, |run, _| {
            run.say(json!({ "emit": ["ack-never", "save"], "ack": true, "timeout_ms": 500 }));
            run.sees(|record| record["k"] == "ack" && record["state"] == "timeout");
        });
    }),
    speaks(
        "ack-lost",
        "the connection is lost while the server works on the answer",
        |take| {
            asks(take, WEBSOCKET, |run, server| {
                run.say(json!({ "emit": ["ack-late", 2_000, "saved"], "ack": true }));
                server.expect(|line| line["event"] == "ack-late");
                server.say(json!({ "do": "kick_tcp" }));
                run.sees(|record| record["k"] == "ack" && record["state"] == "lost");
                run.joins(2);
            });
        },
    ),
    silent(
        "ack-lost",
        "the connection is lost after all answers had come",
        |take| {
            asks(take, WEBSOCKET, |run, server| {
                server.say(json!({ "do": "kick_tcp" }));
                run.joins(2);
                run.echoes("after");
            });
        },
    ),
    silent(
        "ack-lost",
        "our time is over first, and then the connection is lost",
        |take| {
            asks(take, WEBSOCKET, |run, server| {
                run.say(json!({ "emit": ["ack-never", "save"], "ack": true, "timeout_ms": 300 }));
                run.sees(|record| record["k"] == "ack" && record["state"] == "timeout");
                server.say(json!({ "do": "kick_tcp" }));
                run.joins(2);
            });
        },
    ),
    speaks(
        "duplicate-emits",
        "three clicks on the same button while the connection was gone: all three are sent after the reconnect",
        |take| {
            offline(take, &["order", "order", "order"]);
        },
    ),
    speaks(
        "duplicate-emits",
        "an emit whose ack was lost is sent again after the reconnect, and the server has had it already",
        |take| {
            asks(take, WEBSOCKET, |run, server| {
                run.say(json!({ "emit": ["ack-late", 1_000, "order 7"], "ack": true }));
                server.expect(|line| line["event"] == "ack-late");
                server.say(json!({ "do": "kick_tcp" }));
                run.ends(1);
                run.say(json!({ "emit": ["ack-late", 1_000, "order 7"], "ack": true }));
                run.joins(2);
                run.sees(|record| {
                    record["k"] == "ack" && record["state"] == "answered" && record["id"] == 2
                });
            });
        },
    ),
    silent(
        "duplicate-emits",
        "three different events wait for the reconnect, each once",
        |take| {
            offline(take, &["order", "rename", "save"]);
        },
    ),
    silent(
        "duplicate-emits",
        "the same event three times over one healthy connection",
        |take| {
            asks(take, WEBSOCKET, |run, _| {
                for _ in 0..3 {
                    run.say(json!({ "emit": ["echo", "again"] }));
                }
                run.echoes("last");
            });
        },
    ),
    speaks(
        "recovery-impossible",
        "recovery is on, but no event ever came that carried an offset: nothing to recover from",
        |take| {
            let server = recovering(json!({ "greet": false }));
            let run = lost_once(take, &server);
            run.sees(|record| namespace("/", "connected")(record) && record["recovered"] == false);
            run.leaves();
        },
    ),
    speaks(
        "recovery-impossible",
        "the connection was away for longer than `maxDisconnectionDuration`",
        |take| {
            let server = recovering(json!({
                "connectionStateRecovery": { "maxDisconnectionDuration": 1 }
            }));
            let run = take.stream(
                &server.url(),
                &[
                    "--transports",
                    "websocket",
                    "--reconnection-delay",
                    "500",
                    "--randomization-factor",
                    "0",
                ],
            );
            run.joins(1);
            run.sees(event("hello"));
            server.say(json!({ "do": "kick_tcp" }));
            run.joins(2);
            run.leaves();
        },
    ),
    speaks(
        "recovery-impossible",
        "the server was restarted, and its memory with it",
        |take| {
            let first = recovering(json!({}));
            let port = first.port();
            let run = take.stream(&first.url(), WEBSOCKET);
            run.joins(1);
            run.sees(event("hello"));
            first.kill();
            run.ends(1);
            let _second = recovering(json!({ "port": port }));
            run.sees(|record| namespace("/", "connected")(record) && record["recovered"] == false);
            run.leaves();
        },
    ),
    silent(
        "recovery-impossible",
        "recovered: the events of the meantime arrive",
        |take| {
            let server = recovering(json!({}));
            let run = lost_once(take, &server);
            run.sees(|record| namespace("/", "connected")(record) && record["recovered"] == true);
            run.leaves();
        },
    ),
    silent(
        "recovery-impossible",
        "a server without recovery: nobody promised anything",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = lost_once(take, &server);
            run.joins(2);
            run.leaves();
        },
    ),
];

/// A healthy start, something in the middle, and a good end.
fn asks(take: &Take, args: &[&str], middle: impl Fn(&Run, &Server)) {
    let server = Lab::server(V4, json!({}));
    let run = take.stream(&server.url(), args);
    run.joins(1);
    run.echoes("one");
    middle(&run, &server);
    run.leaves();
}

fn late(run: &Run, _: &Server) {
    run.say(json!({ "emit": ["ack-late", 900, "saved"], "ack": true, "timeout_ms": 300 }));
    run.sees(|record| record["k"] == "ack" && record["state"] == "late");
}

/// Events that are emitted while the network is away.
fn offline(take: &Take, events: &[&str]) {
    let server = Lab::server(V4, json!({}));
    let relay = Relay::to(server.port());
    let args = [
        "--transports",
        "websocket",
        "--reconnection-delay",
        "1000",
        "--randomization-factor",
        "0",
    ];
    let run = take.stream(&relay.url(), &args);
    run.joins(1);
    relay.cut();
    run.sees(state("connection", "waiting"));
    for name in events {
        run.say(json!({ "emit": [name, { "id": 7 }] }));
    }
    run.joins(2);
    run.echoes("back");
    run.leaves();
}

/// A server with connection state recovery.
fn recovering(options: Value) -> Server {
    let mut whole = json!({ "connectionStateRecovery": {} });
    if let (Some(whole), Some(given)) = (whole.as_object_mut(), options.as_object()) {
        whole.extend(given.clone());
    }
    Lab::server(V4, whole)
}

/// One loss of the connection.
fn lost_once(take: &Take, server: &Server) -> Run {
    let run = take.stream(&server.url(), WEBSOCKET);
    run.joins(1);
    run.rests(100);
    server.say(json!({ "do": "kick_tcp" }));
    run.ends(1);
    run
}
