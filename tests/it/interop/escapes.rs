//! Text from the network can't reach the terminal as anything but text.

use serde_json::{Value, json};

use super::records::{all, event, is_event, namespace, packets};
use crate::lab::{Generation, Lab, Sioscope};

/// Colour, bell, carriage return, a C1 introducer, DEL, bidirectional overrides and isolates, a
/// mark that hides.
const HOSTILE: &str = "\u{1b}[31mred\u{7}\rover\u{9b}2J\u{7f}\u{202e}desrever\u{2066}x\u{2069}\u{200f}\u{85}\u{2028}end";

/// What commands a terminal, turns the text or breaks the line, apart from the ends of lines.
fn dangerous(text: &str) -> Vec<char> {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .filter(|c| (c.is_control() && *c != '\n') || turns(*c))
        .collect()
}

#[track_caller]
fn harmless(what: &str, text: &str) {
    assert_eq!(dangerous(text), Vec::<char>::new(), "{what}: {text:?}");
}

#[test]
fn what_a_server_sends_leaves_stream_escaped_and_whole() {
    for choice in ["polling", "websocket"] {
        let server = Lab::server(Generation::V4, json!({}));
        let run = Sioscope::stream(&server.url(), &["--no-record", "--transports", choice]);
        run.wait_for(namespace("/", "connected"));
        server.say(
            json!({ "do": "emit", "event": HOSTILE, "args": [HOSTILE, { HOSTILE: [HOSTILE] }] }),
        );
        server.say(json!({ "do": "emit", "event": "last" }));
        run.wait_for(event("last"));
        let finished = run.finish();
        harmless("stdout", &finished.stdout);
        harmless("stderr", &finished.stderr);
        let events: Vec<Value> = packets(&run.records(), "to_client")
            .into_iter()
            .filter(|packet| is_event(packet) && packet["data"][0] == HOSTILE)
            .map(|packet| packet["data"].clone())
            .collect();
        assert_eq!(
            events,
            [json!([HOSTILE, HOSTILE, { HOSTILE: [HOSTILE] }])],
            "nothing is lost"
        );
    }
}

#[test]
fn what_a_server_writes_around_the_protocol_is_harmless_too() {
    let server = Lab::server(Generation::V4, json!({}));
    for control in [
        json!({ "do": "ws_close", "code": 1013, "reason": HOSTILE }),
        // Raw control characters make it no JSON, so it is quoted in a complaint.
        json!({ "do": "send_raw", "frame": format!("42[\"{HOSTILE}") }),
        json!({ "do": "send_raw", "frame": HOSTILE }),
    ] {
        let run = Sioscope::stream(
            &server.url(),
            &["--no-record", "--no-reconnect", "--transports", "websocket"],
        );
        run.wait_for(namespace("/", "connected"));
        server.say(control.clone());
        let finished = run.wait_for_end();
        harmless(&control.to_string(), &finished.stdout);
        harmless(&control.to_string(), &finished.stderr);
        let told = all(&run.records(), |record| record["state"] == "closed").len();
        assert!(
            told > 0 && !finished.stderr.is_empty(),
            "{control}: {finished:?}"
        );
    }
    let refusing = Lab::server(Generation::V4, json!({ "forbid": HOSTILE }));
    let finished = Sioscope::run(&["stream", &refusing.url(), "--no-record", "--no-reconnect"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    harmless("a refusal", &finished.stdout);
    harmless("a refusal", &finished.stderr);
}

#[test]
fn an_answer_leaves_emit_escaped_and_whole() {
    let server = Lab::server(Generation::V4, json!({}));
    let finished = Sioscope::run(&[
        "emit",
        &server.url(),
        "echo",
        HOSTILE,
        "--string",
        "--ack",
        "--no-record",
    ]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    harmless("stdout", &finished.stdout);
    harmless("stderr", &finished.stderr);
    let answer: Value = serde_json::from_str(finished.stdout.trim()).expect("the answer is JSON");
    assert_eq!(answer, json!([HOSTILE]));
}
