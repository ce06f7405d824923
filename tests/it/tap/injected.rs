//! Events that are put into a live connection.

use serde_json::{Value, json};

use super::stage::{Tapped, connection};
use crate::interop::records::{all, event, is_event, packets_of};
use crate::lab::{Client, Generation, Lab};

fn client(tapped: &Tapped, generation: Generation, ways: &[&str]) -> Client {
    let client = Lab::client(
        generation,
        &tapped.url(),
        json!({ "namespaces": [{ "nsp": "/" }, { "nsp": "/chat" }], "options": { "transports": ways } }),
    );
    client.expect(|line| line["saw"] == "connect" && line["nsp"] == "/chat");
    client.expect(|line| line["saw"] == "event" && line["event"] == "hello");
    if ways.len() == 2 {
        client.expect(|line| line["saw"] == "upgrade");
    }
    client
}

/// The record that carries an event by this name, in one direction.
fn carries(dir: &'static str, name: &'static str) -> impl Fn(&Value) -> bool {
    move |record| {
        packets_of(record, dir).any(|packet| is_event(packet) && packet["data"][0] == name)
    }
}

#[test]
fn events_reach_both_sides_over_both_transports_in_both_generations() {
    for generation in [Generation::V2, Generation::V4] {
        for way in [&["websocket"][..], &["polling"], &["polling", "websocket"]] {
            let name = format!("{generation:?} {way:?}");
            let server = Lab::server(
                generation,
                json!({ "perMessageDeflate": { "threshold": 0 } }),
            );
            let tapped = Tapped::before(&server.url(), &["--no-record"]);
            let client = client(&tapped, generation, way);
            tapped.run.say(json!({ "inject": ["ours", 1, { "$binary": "AQID" }], "to": "client", "nsp": "/chat" }));
            // A mark behind it: it waits for the client once that is there.
            tapped.run.say(json!({ "mark": "asked" }));
            tapped.run.wait_for(|record| record["text"] == "asked");
            // Over polling it comes with the client's next poll, which this brings about.
            client.say(json!({ "emit": ["echo", "poll"] }));
            let seen = client.expect(|line| line["saw"] == "event" && line["event"] == "ours");
            assert_eq!(seen["nsp"], "/chat", "{name}: {seen}");
            assert_eq!(
                seen["args"],
                json!([1, { "$binary": "AQID" }]),
                "{name}: {seen}"
            );
            tapped.run.say(json!({ "inject": ["echo", "from the tap", { "$binary": "BAU=" }], "to": "server", "c": 1 }));
            let seen = client.expect(|line| {
                line["saw"] == "event"
                    && line["event"] == "echo"
                    && line["args"][0] == "from the tap"
            });
            assert_eq!(
                seen["args"][1],
                json!({ "$binary": "BAU=" }),
                "{name}: {seen}"
            );
            // And the connection is none the worse for it.
            client.say(json!({ "emit": ["echo", { "$binary": "AA==" }], "ack": true }));
            client.say(json!({ "wait": { "ack": true } }));
            assert_eq!(client.finish().code, Some(0), "{name}");
            let closed = tapped.run.wait_for(connection(1, "closed"));
            assert_eq!(closed["reason"], "io client disconnect", "{name}: {closed}");
            let records = tapped.stop();
            // A mark stands right before what it announces, on the same connection.
            for (dir, event, to) in [
                ("to_client", "ours", "the client"),
                ("to_server", "echo", "the server"),
            ] {
                let place = records
                    .iter()
                    .position(|record| {
                        record["text"]
                            .as_str()
                            .is_some_and(|text| text.starts_with(&format!("injected to {to}: ")))
                    })
                    .unwrap_or_else(|| panic!("{name}: no mark of {to}: {records:#?}"));
                assert_eq!(records[place]["c"], 1, "{name}");
                let carried = records[place..]
                    .iter()
                    .filter(|record| record["k"] != "mark")
                    .take(3)
                    .any(|record| carries(dir, event)(record));
                assert!(carried, "{name} {dir}: {:#?}", &records[place..]);
            }
        }
    }
}

#[test]
fn a_raw_message_goes_as_it_is_written_and_a_wrong_order_is_refused() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    tapped.run.say(json!({ "inject": ["x"], "to": "client" }));
    tapped.run.wait_for_talk("0 connections are live");
    let client = client(&tapped, Generation::V4, &["websocket"]);
    tapped
        .run
        .say(json!({ "inject": "42[\"raw\",\"text\"]", "to": "client" }));
    client.expect(|line| line["saw"] == "event" && line["event"] == "raw");
    tapped
        .run
        .say(json!({ "inject": ["x"], "to": "client", "c": 7 }));
    tapped.run.wait_for_talk("no live connection 7");
    tapped.run.say(json!({ "emit": ["x"] }));
    tapped.run.wait_for_talk("no client of its own");
    tapped.run.say(json!({ "wait": { "event": "raw" } }));
    tapped.run.say(json!({ "mark": "here" }));
    tapped.run.wait_for(|record| record["text"] == "here");
    tapped.run.say(json!({ "quit": true }));
    let finished = tapped.run.wait_for_end();
    assert_eq!(
        finished.code,
        Some(2),
        "three lines were wrong: {finished:?}"
    );
    let records = tapped.run.records();
    assert_eq!(all(&records, event("raw")).len(), 1);
}

#[test]
fn a_read_only_tap_takes_no_injection_and_no_fault() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record", "--readonly"]);
    let client = client(&tapped, Generation::V4, &["websocket"]);
    tapped.run.say(json!({ "inject": ["x"], "to": "client" }));
    tapped.run.say(json!({ "fault": "drop" }));
    tapped.run.wait_for_talk("stdin line 2: read-only");
    client.say(json!({ "emit": ["echo", 1], "ack": true }));
    client.say(json!({ "wait": { "ack": true } }));
    assert_eq!(client.finish().code, Some(0));
}
