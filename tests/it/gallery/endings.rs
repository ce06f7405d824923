//! Ways in which a connection ends.

use serde_json::json;

use super::take::Take;
use super::{Exhibit, silent, speaks};
use crate::interop::records::namespace;
use crate::lab::Generation::{V2, V4};
use crate::lab::Lab;

const POLLING: &[&str] = &["--transports", "polling"];
const WEBSOCKET: &[&str] = &["--transports", "websocket"];

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "parse-error",
        "an event that is cut off in the middle of its JSON",
        |take| {
            garbled(
                take,
                WEBSOCKET,
                json!({ "do": "send_raw", "text": "2[\"order\",{\"id\":" }),
            );
        },
    ),
    speaks(
        "parse-error",
        "a body whose second packet is of no type that there is, over polling",
        |take| {
            garbled(
                take,
                POLLING,
                json!({ "do": "send_raw", "frame": "42[\"fine\"]\u{1e}xyz" }),
            );
        },
    ),
    speaks(
        "parse-error",
        "an attachment where none was announced",
        |take| {
            garbled(
                take,
                WEBSOCKET,
                json!({ "do": "send_raw", "b64": "AQIDBA==" }),
            );
        },
    ),
    silent(
        "parse-error",
        "the connection is reset: nothing was undecodable",
        |take| {
            garbled(take, WEBSOCKET, json!({ "do": "kick_tcp" }));
        },
    ),
    silent(
        "parse-error",
        "an event with odd but legal contents",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), WEBSOCKET);
            run.joins(1);
            run.echoes("2[\"order\",{\"id\": \u{1e} \u{0}\" \\ € 🦀");
            run.leaves();
        },
    ),
    speaks(
        "close-code",
        "1001, 1008, 1011, 1012 and 1013, one after the other",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), WEBSOCKET);
            for (nth, code, reason) in [
                (1, 1001, "going away"),
                (2, 1008, "policy"),
                (3, 1011, "unexpected condition"),
                (4, 1012, "service restart"),
                (5, 1013, "try again later"),
            ] {
                run.joins(nth);
                server.say(json!({ "do": "ws_close", "code": code, "reason": reason }));
                run.ends(nth);
            }
            run.joins(6);
            run.leaves();
        },
    ),
    speaks(
        "close-code",
        "1006: the network is gone without a close frame",
        |take| {
            garbled(take, WEBSOCKET, json!({ "do": "kick_tcp" }));
        },
    ),
    speaks(
        "close-code",
        "4001: a code of the application's own",
        |take| {
            garbled(
                take,
                WEBSOCKET,
                json!({ "do": "ws_close", "code": 4001, "reason": "logged in elsewhere" }),
            );
        },
    ),
    silent(
        "close-code",
        "a good end: we leave, and the close frame has no code (1005)",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), WEBSOCKET);
            run.joins(1);
            run.echoes("one");
            run.leaves();
        },
    ),
    silent(
        "close-code",
        "`socket.disconnect(true)` of the server: the packet says all",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), WEBSOCKET);
            run.joins(1);
            server.say(json!({ "do": "disconnect_close" }));
            run.sees(namespace("/", "disconnected"));
            run.interrupted();
        },
    ),
    speaks(
        "reconnect-storm",
        "connections that are lost as soon as they are made, and a client that comes back after 10 ms each time",
        |take| {
            let server = Lab::server(V4, json!({}));
            let args = [
                "--transports",
                "websocket",
                "--reconnection-delay",
                "10",
                "--reconnection-delay-max",
                "10",
                "--randomization-factor",
                "0",
            ];
            let run = take.stream(&server.url(), &args);
            for nth in 1..=7 {
                run.joins(nth);
                server.say(json!({ "do": "kick_tcp" }));
                run.ends(nth);
            }
            run.interrupted();
        },
    ),
    speaks(
        "reconnect-storm",
        "a server that is not there, asked every 20 ms",
        |take| {
            let nobody = crate::lab::free_port();
            let args = [
                "--reconnection-delay",
                "20",
                "--reconnection-delay-max",
                "20",
                "--randomization-factor",
                "0",
                "--reconnection-attempts",
                "10",
            ];
            take.stream(&format!("http://127.0.0.1:{nobody}"), &args)
                .ends_itself();
        },
    ),
    silent(
        "reconnect-storm",
        "a restart of some seconds, and attempts with growing delays",
        |take| {
            let first = Lab::server(V2, json!({}));
            let port = first.port();
            let args = [
                "--eio",
                "3",
                "--transports",
                "websocket",
                "--reconnection-delay",
                "1000",
                "--randomization-factor",
                "0",
            ];
            let run = take.stream(&first.url(), &args);
            run.joins(1);
            first.kill();
            run.ends(2);
            let _second = Lab::server(V2, json!({ "port": port }));
            run.sees(|record| {
                namespace("/", "connected")(record) && record["c"].as_u64() > Some(2)
            });
            run.leaves();
        },
    ),
];

/// A healthy start, then this, and back again.
fn garbled(take: &Take, args: &[&str], line: serde_json::Value) {
    let server = Lab::server(V4, json!({}));
    let run = take.stream(&server.url(), args);
    run.joins(1);
    run.echoes("one");
    server.say(line);
    run.ends(1);
    run.joins(2);
    run.leaves();
}
