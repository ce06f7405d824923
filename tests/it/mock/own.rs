//! Our own client, and rust_socketio, before the mock; sessions that our own client recorded.

use serde_json::{Value, json};

use super::stage::{Playing, Recorded};
use crate::interop::records::all;
use crate::lab::{Generation, Lab, Sioscope};

/// A run of `stream` that asks, is asked, and leaves.
#[track_caller]
fn stream(url: &str, args: &[&str]) -> Vec<Value> {
    let namespaces = ["-n", "/", "-n", "/chat", "-n", "/deny"];
    let run = Sioscope::stream(url, &[&namespaces[..], args].concat());
    for line in [
        json!({ "wait": { "event": "hello", "nsp": "/" } }),
        json!({ "wait": { "ms": 100 } }),
        json!({ "emit": ["echo", "x", { "$binary": "AQID" }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["ask", "who?"] }),
        json!({ "wait": { "event": "ask" } }),
    ] {
        run.say(line);
    }
    let asked = run.wait_for(|record| {
        let packets = record["packets"].as_array();
        packets.into_iter().flatten().any(|packet| {
            packet["data"][0] == "ask"
                && packet["id"].is_u64()
                && record["dir"] != "to_server"
                && record["k"] != "request"
        })
    });
    let packets = asked["packets"].as_array().expect("packets").clone();
    let question = packets.iter().find(|packet| packet["data"][0] == "ask");
    let id = question.expect("the question")["id"].clone();
    run.say(json!({ "answer": ["me"], "nsp": "/", "id": id }));
    run.say(json!({ "wait": { "event": "answered" } }));
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    run.records()
}

/// The Socket.IO packets that came, without ids.
fn came(records: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = records
        .iter()
        .filter(|record| record["dir"] == "to_client" || record["k"] == "response")
        .filter_map(|record| record["packets"].as_array())
        .flatten()
        .filter(|packet| packet["engine"] == "message" && packet["type"] != "connect")
        .map(|packet| format!("{} {} {}", packet["type"], packet["nsp"], packet["data"]))
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn a_session_of_our_own_client_plays_to_it_again() {
    for (generation, eio) in [(Generation::V2, "3"), (Generation::V4, "4")] {
        for transports in ["polling", "websocket", "polling,websocket"] {
            let place = format!("{generation:?} {transports}");
            let server = Lab::server(generation, json!({}));
            let folder = tempfile::TempDir::new().expect("a folder");
            let file = folder.path().join("own.sio.jsonl");
            let path = file.display().to_string();
            let ways = ["--transports", transports, "--eio", eio];
            let args = [&ways[..], &["--record", &path]].concat();
            let from_server = came(&stream(&server.url(), &args));
            let playing = Playing::of(&file, &[]);
            let args = [&ways[..], &["--no-record"]].concat();
            let from_mock = came(&stream(&playing.url(), &args));
            assert!(from_server.len() >= 7, "{place}: {from_server:#?}");
            assert_eq!(from_mock, from_server, "{place}");
            playing.stop_with_all_of_it(&place);
        }
    }
}

#[test]
fn rust_socketio_is_served_over_both_transports() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::of(&server.url(), |url| {
        let client = Lab::client(Generation::V4, url, json!({}));
        for line in [
            json!({ "wait": { "event": "hello" } }),
            json!({ "emit": ["echo", "x", { "a": 1 }], "ack": true }),
            json!({ "wait": { "ack": true } }),
        ] {
            client.say(line);
        }
        assert_eq!(client.finish().code, Some(0));
    });
    for transports in ["polling,websocket", "polling", "websocket"] {
        let playing = recorded.play(&[]);
        let args = [
            "--no-record",
            "--driver",
            "rust_socketio",
            "--transports",
            transports,
        ];
        let run = Sioscope::stream(&playing.url(), &args);
        run.say(json!({ "wait": { "event": "hello" } }));
        run.say(json!({ "emit": ["echo", "x", { "a": 1 }], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{transports}: {finished:?}");
        let records = run.records();
        for text in [
            "rust_socketio: event \"hello\" [{\"nsp\":\"/\",\"generation\":4}]",
            "rust_socketio: event \"echo\" [\"x\",{\"a\":1}]",
            "rust_socketio: ack of \"echo\" [[\"x\",{\"a\":1}]]",
        ] {
            let mark = |record: &Value| record["text"] == text;
            assert_eq!(
                all(&records, mark).len(),
                1,
                "{transports} {text}: {finished:?}"
            );
        }
        playing.stop_with_all_of_it(transports);
    }
}
