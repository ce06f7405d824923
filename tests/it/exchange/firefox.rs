//! What a real Firefox saved: `firefox/README.md` says of what.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::handed::{lines, plays};
use super::{decoded, export, text};
use crate::interop::records::{is_event, packets};
use crate::lab::{Generation, Lab, Sioscope};

fn sample(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/exchange/firefox");
    folder.join(format!("{name}.har"))
}

const SAID: &str = "it has none of the messages of 1 WebSocket: Firefox does not save them";

#[test]
fn every_packet_over_polling_is_decoded_in_its_order() {
    for name in ["polling", "generation-2"] {
        let records = decoded(&sample(name));
        assert!(records.iter().all(|record| record["c"] == 1), "{name}");
        let wrong: Vec<&Value> = records
            .iter()
            .flat_map(|record| record["packets"].as_array().into_iter().flatten())
            .filter(|packet| !packet["error"].is_null())
            .collect();
        assert_eq!(wrong, Vec::<&Value>::new(), "{name}");
        let events = |dir: &str| -> Vec<Value> {
            let found = packets(&records, dir).into_iter().filter(is_event);
            found.map(|packet| packet["data"].clone()).collect()
        };
        let buffer = json!({ "$binary": "AAH+/w==" });
        assert_eq!(
            events("to_server"),
            [
                json!(["echo", "grüße 🎉", 1]),
                json!(["echo", "later", { "deep": [1, 2, { "x": "ü" }] }]),
                json!(["binary", 5]),
                json!(["say", "lobby", "hi"]),
                json!(["echo", buffer]),
            ],
            "{name}"
        );
        let came = events("to_client");
        let names: Vec<&Value> = came.iter().map(|data| &data[0]).collect();
        assert_eq!(
            names,
            ["hello", "hello", "echo", "echo", "binary", "said", "echo"],
            "{name}"
        );
        assert_eq!(came[4][1], json!({ "$binary": "AAECAwQ=" }), "{name}");
        assert_eq!(came[6][1], buffer, "{name}");
        // Each reply stands behind what asked for it.
        let (told, _) = export(&sample(name), "text", &[]);
        assert_eq!(told.matches("ack answered").count(), 6, "{name}: {told}");
        assert!(!told.contains("ack lost"), "{name}: {told}");
    }
}

#[test]
fn it_is_replayed_and_mocked() {
    let lines = lines("grüße 🎉", "later");
    for (name, generation) in [
        ("polling", Generation::V4),
        ("generation-2", Generation::V2),
    ] {
        let server = Lab::server(generation, json!({}));
        plays(&sample(name), generation, &server, &lines);
    }
}

#[test]
fn that_the_messages_of_a_websocket_are_missing_is_said_by_every_command() {
    let (file, whole) = (sample("upgrade"), sample("polling"));
    let (file, whole) = (text(&file), text(&whole));
    let server = Lab::server(Generation::V4, json!({}));
    for (args, code) in [
        (&["doctor", file][..], 0),
        (&["export", file, "--format", "text"], 0),
        (&["diff", whole, file], 1),
        (&["replay", file, &server.url(), "--check"], 0),
    ] {
        let done = Sioscope::run(args);
        assert_eq!(done.code, Some(code), "{args:?}: {done:?}");
        let all = format!("{} {}", done.stdout, done.stderr);
        let words: Vec<&str> = all.split_whitespace().collect();
        assert!(words.join(" ").contains(SAID), "{args:?}: {all}");
    }
    let playing = crate::mock::stage::Playing::of(Path::new(file), &[]);
    playing.run.wait_for_talk(SAID);
    playing.stop();

    // Of a WebSocket alone nothing is left.
    let har = fs::read_to_string(file).expect("the sample");
    let mut har: Value = serde_json::from_str(&har).expect("JSON");
    let entries = har["log"]["entries"].as_array_mut().expect("entries");
    entries.retain(|entry| {
        let url = entry["request"]["url"].as_str();
        url.is_some_and(|url| url.starts_with("ws://"))
    });
    assert_eq!(entries.len(), 1);
    let folder = tempfile::tempdir().expect("a folder");
    let alone = folder.path().join("alone.har");
    fs::write(&alone, har.to_string()).expect("written");
    for args in [
        &["mock", text(&alone), "--listen", "127.0.0.1:0"][..],
        &["replay", text(&alone), &server.url()],
    ] {
        let done = Sioscope::run(args);
        assert_eq!(done.code, Some(2), "{args:?}: {done:?}");
        assert!(done.stderr.contains("nothing to play"), "{done:?}");
        assert!(done.stderr.contains(SAID), "{done:?}");
    }
}

#[test]
fn no_secret_of_it_survives_in_any_format() {
    for name in ["polling", "upgrade", "generation-2"] {
        for format in ["har", "jsonl", "text", "artillery", "markdown"] {
            // Artillery does not speak it.
            if (name, format) == ("generation-2", "artillery") {
                continue;
            }
            let (out, said) = export(&sample(name), format, &["--redact"]);
            assert!(
                !out.contains("auth-secret") && !out.contains("query-secret"),
                "{name} {format}: {out}"
            );
            assert!(
                said.contains("masked query.token"),
                "{name} {format}: {said}"
            );
            assert!(!out.is_empty(), "{name} {format}");
        }
    }
}
