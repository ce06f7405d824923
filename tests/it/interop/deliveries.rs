//! What becomes of packets: buffered, recovered, answered late or never, too large, compressed.

use serde_json::{Value, json};

use super::records::{ack, all, event, namespace, packets_of, state};
use crate::lab::{Generation, Lab, Server, Sioscope};

const SOON: [&str; 7] = [
    "--no-record",
    "--reconnection-delay",
    "20",
    "--reconnection-delay-max",
    "50",
    "--randomization-factor",
    "0",
];

fn soon<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SOON[..], more].concat()
}

/// The arguments of the events by this name that the server saw, in order.
fn seen_by(server: &Server, name: &str) -> Vec<Value> {
    server
        .lines()
        .iter()
        .filter(|line| line["saw"] == "event" && line["event"] == name)
        .map(|line| line["args"].clone())
        .collect()
}

/// Whether an ack came into this state.
fn asked(id: u64, state: &'static str) -> impl Fn(&Value) -> bool {
    move |record| {
        record["k"] == "ack"
            && record["dir"] == "to_server"
            && record["id"] == id
            && record["state"] == state
    }
}

#[test]
fn a_recovered_session_gets_what_it_missed() {
    for choice in ["websocket", "polling"] {
        let server = Lab::server(
            Generation::V4,
            json!({ "connectionStateRecovery": { "maxDisconnectionDuration": 60_000 } }),
        );
        let run = Sioscope::stream(&server.url(), &soon(&["--transports", choice]));
        let first = run.wait_for(namespace("/", "connected"));
        assert_ne!(first["recovered"], true, "{first}");
        run.wait_for(event("hello"));
        // Nobody can come back before the event was missed.
        server.say(json!({ "do": "stop_listening" }));
        run.wait_for(state("connection", "waiting"));
        server.expect(|line| line["saw"] == "disconnect");
        server.say(json!({ "do": "emit", "event": "missed", "args": [1, { "$binary": "AAE=" }] }));
        server.say(json!({ "do": "listen" }));
        let again = run.wait_for(|record| namespace("/", "connected")(record) && record["c"] != 1);
        assert_eq!(again["recovered"], true, "{choice}: {again}");
        assert_eq!(
            again["sid"], first["sid"],
            "{choice}: a recovered session keeps its sid"
        );
        let missed = run.wait_for(event("missed"));
        let data = packets_of(&missed, "to_client").find(|packet| packet["data"][0] == "missed");
        let data = data
            .map(|packet| packet["data"].clone())
            .unwrap_or_default();
        assert_eq!(
            (&data[1], &data[2]),
            (&json!(1), &json!({ "$binary": "AAE=" })),
            "{choice}: {data}"
        );
        // Once more, by an engine that the server closes.
        server.say(json!({ "do": "engine_close" }));
        let third = run.wait_for(|record| {
            namespace("/", "connected")(record)
                && record["recovered"] == true
                && record["n"].as_u64() > again["n"].as_u64()
        });
        assert_eq!(third["sid"], first["sid"], "{choice}");
        assert_eq!(run.finish().code, Some(0), "{choice}");
    }
}

#[test]
fn what_is_emitted_offline_goes_out_in_order_and_volatile_events_do_not() {
    for (generation, eio) in [(Generation::V2, "3"), (Generation::V4, "4")] {
        let server = Lab::server(generation, json!({}));
        let run = Sioscope::stream(&server.url(), &soon(&["--eio", eio]));
        run.wait_for(namespace("/", "connected"));
        run.wait_for(event("hello"));
        server.say(json!({ "do": "stop_listening" }));
        run.wait_for(state("connection", "waiting"));
        for number in 0..4 {
            run.say(json!({ "emit": ["echo", number], "ack": number % 2 == 1 }));
        }
        run.say(json!({ "emit": ["echo", "volatile"], "volatile": true }));
        run.say(json!({ "emit": ["echo", { "$binary": "AAE=" }], "ack": true }));
        // The first of them and the last but one are known to wait before the server is back.
        run.wait_for(|record| record["k"] == "buffer" && record["op"] == "dropped");
        server.say(json!({ "do": "listen" }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(
            seen_by(&server, "echo"),
            [
                json!([0]),
                json!([1]),
                json!([2]),
                json!([3]),
                json!([{ "$binary": "AAE=" }])
            ],
            "eio {eio}"
        );
        let records = run.records();
        let ops: Vec<_> = records
            .iter()
            .filter(|record| record["k"] == "buffer")
            .map(|record| record["op"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(
            ops.iter().filter(|op| **op == "queued").count(),
            5,
            "{ops:?}"
        );
        assert_eq!(
            ops.iter().filter(|op| **op == "flushed").count(),
            5,
            "{ops:?}"
        );
        assert_eq!(
            ops.iter().filter(|op| **op == "dropped").count(),
            1,
            "{ops:?}"
        );
    }
}

#[test]
fn what_is_emitted_before_the_first_connect_goes_out_after_it() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(&server.url(), &["--no-record", "-n", "/slow"]);
    for number in 0..3 {
        run.say(json!({ "emit": ["echo", number], "ack": true }));
    }
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        seen_by(&server, "echo"),
        [json!([0]), json!([1]), json!([2])]
    );
}

#[test]
fn an_ack_that_does_not_come_in_time_fails_the_run_and_a_late_one_is_shown() {
    for (generation, eio) in [(Generation::V2, "3"), (Generation::V4, "4")] {
        let server = Lab::server(generation, json!({}));
        let run = Sioscope::stream(&server.url(), &soon(&["--eio", eio]));
        run.wait_for(namespace("/", "connected"));
        run.say(json!({ "emit": ["ack-never"], "ack": true, "timeout_ms": 50 }));
        run.wait_for(asked(0, "timeout"));
        run.say(json!({ "emit": ["ack-late", 400, "sorry"], "ack": true, "timeout_ms": 50 }));
        run.wait_for(asked(1, "timeout"));
        run.wait_for(asked(1, "late"));
        run.wait_for(ack(1));
        run.say(json!({ "emit": ["echo"], "ack": true, "timeout_ms": 5000 }));
        run.wait_for(asked(2, "answered"));
        let finished = run.finish();
        assert_eq!(finished.code, Some(1), "eio {eio}: {finished:?}");
    }
}

#[test]
fn an_ack_that_was_under_way_when_the_connection_ended_is_lost() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(&server.url(), &soon(&[]));
    run.wait_for(namespace("/", "connected"));
    run.say(json!({ "emit": ["ack-never"], "ack": true }));
    server.expect(|line| line["saw"] == "event" && line["event"] == "ack-never");
    run.say(json!({ "wait": { "ack": true, "timeout_ms": 15_000 } }));
    server.say(json!({ "do": "engine_close" }));
    let finished = run.wait_for_end();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.stderr.contains("lost with the connection"),
        "{finished:?}"
    );
    run.wait_for(asked(0, "lost"));
}

#[test]
fn what_is_posted_together_stays_under_the_servers_max_payload() {
    let server = Lab::server(
        Generation::V4,
        json!({ "maxHttpBufferSize": 1000, "requests": true }),
    );
    let run = Sioscope::stream(
        &server.url(),
        &soon(&["--transports", "polling", "-n", "/slow"]),
    );
    // They wait for the namespace, so that all of them could go in one request.
    for number in 0..12 {
        run.say(json!({ "emit": ["echo", number, "x".repeat(300)], "ack": true }));
    }
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(seen_by(&server, "echo").len(), 12);
    let records = run.records();
    assert_eq!(
        all(&records, state("connection", "open")).len(),
        1,
        "nothing was refused"
    );
    let posts = all(&records, |record| {
        record["k"] == "request" && record["method"] == "POST"
    });
    let sizes: Vec<_> = posts
        .iter()
        .map(|record| record["body"].as_str().unwrap_or_default().len())
        .collect();
    assert!(sizes.iter().all(|size| *size <= 1000), "{sizes:?}");
    assert!(
        posts
            .iter()
            .any(|record| packets_of(record, "to_server").count() > 1),
        "several share a request: {sizes:?}"
    );
}

#[test]
fn compressed_websocket_messages_are_read_and_their_size_on_the_wire_is_told() {
    for (generation, eio) in [(Generation::V2, "3"), (Generation::V4, "4")] {
        let server = Lab::server(
            generation,
            json!({ "perMessageDeflate": { "threshold": 1 } }),
        );
        let run = Sioscope::stream(
            &server.url(),
            &["--no-record", "--eio", eio, "--transports", "websocket"],
        );
        run.wait_for(namespace("/", "connected"));
        let text = "compress me ".repeat(500);
        for _ in 0..2 {
            run.say(json!({ "emit": ["echo", text, { "$binary": "AAECAwQF" }], "ack": true }));
            run.say(json!({ "wait": { "ack": true } }));
        }
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "eio {eio}: {finished:?}");
        let records = run.records();
        let upgrade = all(&records, |record| {
            record["k"] == "response" && record["status"] == 101
        });
        assert!(
            upgrade[0]["headers"]
                .to_string()
                .contains("permessage-deflate"),
            "{}",
            upgrade[0]
        );
        let compressed = |dir: &'static str| {
            all(&records, move |record| {
                let size = record["data"].as_str().map_or(0, str::len) as u64;
                record["k"] == "frame"
                    && record["dir"] == dir
                    && size > 5000
                    && record["wire"].as_u64().is_some_and(|wire| wire < size / 4)
            })
            .len()
        };
        assert!(compressed("to_client") >= 2, "eio {eio}: {records:#?}");
        let answered = run.wait_for(ack(1));
        let answer = packets_of(&answered, "to_client").find(|packet| packet["id"] == 1);
        assert_eq!(
            answer.map(|packet| &packet["data"]),
            Some(&json!([text, { "$binary": "AAECAwQF" }])),
            "eio {eio}"
        );
    }
}

#[test]
fn compressed_polls_are_read() {
    for (generation, eio) in [(Generation::V2, "3"), (Generation::V4, "4")] {
        let server = Lab::server(generation, json!({ "httpCompression": { "threshold": 1 } }));
        let run = Sioscope::stream(
            &server.url(),
            &["--no-record", "--eio", eio, "--transports", "polling"],
        );
        run.wait_for(namespace("/", "connected"));
        let text = "compress me ".repeat(500);
        run.say(json!({ "emit": ["echo", text], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "eio {eio}: {finished:?}");
        let answered = run.wait_for(ack(0));
        assert!(
            answered["headers"]
                .to_string()
                .to_lowercase()
                .contains("content-encoding"),
            "eio {eio}: the server compresses what the client says it can read: {}",
            answered["headers"]
        );
        let answer = packets_of(&answered, "to_client").find(|packet| packet["id"] == 0);
        assert_eq!(
            answer.map(|packet| &packet["data"]),
            Some(&json!([text])),
            "eio {eio}"
        );
    }
}
