//! A real headless Chromium: its HAR files are read here, and its network panel reads ours.

use std::path::Path;

use serde_json::{Value, json};

use super::{decoded, export, text};
use crate::interop::records::{all, event, is_event, packets, packets_of};
use crate::lab::{Browser, Generation, Lab, Sioscope};

fn errors(records: &[Value]) -> Vec<&Value> {
    records
        .iter()
        .flat_map(|record| record["packets"].as_array().into_iter().flatten())
        .filter(|packet| !packet["error"].is_null())
        .collect()
}

#[test]
fn what_chromium_exports_of_a_page_opens_with_every_packet_decoded() {
    let server = Lab::server(Generation::V4, json!({ "cors": { "origin": "*" } }));
    let folder = tempfile::tempdir().expect("a folder");
    let har = folder.path().join("page.har");
    let said = Browser::record(&server.url(), &har);
    assert_eq!(said["said"], json!(["grüße", "over websocket", 2, 4]));

    let records = decoded(&har);
    assert_eq!(errors(&records), Vec::<&Value>::new());
    // One connection, by the sid: the polls and the WebSocket.
    assert!(records.iter().all(|record| record["c"] == 1), "{records:?}");
    let urls: Vec<&str> = records
        .iter()
        .filter_map(|record| record["url"].as_str())
        .collect();
    assert!(
        urls.iter().any(|url| url.contains("transport=polling&t=")),
        "{urls:?}"
    );
    assert!(
        urls.iter()
            .any(|url| url.contains("transport=websocket&sid=")),
        "{urls:?}"
    );
    // Each packet that crossed carries something that was read.
    for record in &records {
        let carries = record["k"] == "frame"
            || (record["k"] == "response"
                && record["body"].as_str().is_some_and(|body| body != "ok"));
        let begins_binary = packets_of(record, "to_server")
            .chain(packets_of(record, "to_client"))
            .count()
            == 0
            && (record["op"] == "binary"
                || record["data"]
                    .as_str()
                    .is_some_and(|data| data.starts_with("45") || data.starts_with("46")));
        let count = record["packets"].as_array().map_or(0, Vec::len);
        assert!(!carries || count > 0 || begins_binary, "{record}");
    }
    let sent: Vec<Value> = packets(&records, "to_server")
        .into_iter()
        .filter(is_event)
        .map(|packet| packet["data"].clone())
        .collect();
    assert_eq!(
        sent,
        [
            json!(["echo", "grüße", 1]),
            json!(["echo", "over websocket", { "deep": [1, 2, { "x": "ü" }] }]),
            json!(["binary", 5]),
            json!(["say", "lobby", "hi"]),
            json!(["echo", { "$binary": "AAH+/w==" }]),
        ]
    );
    // One poll may carry both.
    let hello = packets(&records, "to_client")
        .into_iter()
        .filter(|packet| packet["data"][0] == "hello")
        .count();
    assert_eq!(hello, 2, "of both namespaces");
    let binary = all(&records, event("binary"));
    assert!(
        binary[0].to_string().contains(r#"{"$binary":"AAECAwQ="}"#),
        "{binary:?}"
    );
    let auth = packets(&records, "to_server")
        .into_iter()
        .find(|packet| packet["type"] == "connect" && packet["nsp"] == "/")
        .expect("a CONNECT");
    assert_eq!(auth["data"], json!({ "token": "auth-secret" }));

    // And its secrets go the same way as ours.
    let (masked, _) = export(&har, "har", &[]);
    assert!(!masked.contains("auth-secret") && !masked.contains("query-secret"));
    let doctor = Sioscope::run(&["doctor", text(&har)]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
}

/// A frame as the network panel lists it.
fn shown(frame: &Value) -> Value {
    json!({
        "type": if frame["dir"] == "to_server" { "send" } else { "receive" },
        "opcode": if frame["op"] == "text" { 1 } else { 2 },
        "text": if frame["op"] == "text" { &frame["data"] } else { &frame["b64"] },
    })
}

#[test]
fn the_network_panel_of_chromium_imports_what_is_exported() {
    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ours.sio.jsonl");
    let run = Sioscope::stream(&server.url(), &["--record", text(&file)]);
    run.say(json!({ "wait": { "namespace": "/" } }));
    run.say(json!({ "emit": ["echo", "grüße", { "$binary": "AAH+/w==" }], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    run.wait_for(|record| record["name"] == "websocket" && record["state"] == "open");
    run.say(json!({ "emit": ["echo", "over websocket", { "$binary": "AAH+/w==" }], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    assert_eq!(run.finish().code, Some(0));

    let har = folder.path().join("ours.har");
    export(&file, "har", &["--no-redact", "-o", text(&har)]);
    let imported = Browser::import(&har);
    let imported = imported["imported"].as_array().expect("requests");
    let records = decoded(&file);
    let requests = all(&records, |record| record["k"] == "request");
    assert_eq!(imported.len(), requests.len(), "{imported:?}");
    for one in imported {
        let url = one["url"].as_str().expect("a URL");
        let socket = one["type"] == "websocket";
        let http = url.replacen("ws://", "http://", 1);
        let same = |asked: &Value| asked == url || asked == http.as_str();
        let request = *requests
            .iter()
            .find(|request| same(&request["url"]) && request["method"] == one["method"])
            .unwrap_or_else(|| panic!("{url} was asked for"));
        let answer = records
            .iter()
            .find(|record| record["k"] == "response" && record["x"] == request["x"])
            .expect("its answer");
        assert_eq!(socket, url.starts_with("ws://"), "{url}");
        assert_eq!(one["status"], answer["status"], "{url}");
        if socket {
            let frames = all(&records, |record| {
                record["k"] == "frame" && (record["op"] == "text" || record["op"] == "binary")
            });
            assert!(frames.len() > 8, "{frames:?}");
            let listed: Vec<Value> = one["frames"]
                .as_array()
                .expect("frames")
                .iter()
                .map(|frame| json!({ "type": frame["type"], "opcode": frame["opcode"], "text": frame["text"] }))
                .collect();
            let frames: Vec<Value> = frames.into_iter().map(shown).collect();
            assert_eq!(listed, frames);
        } else {
            assert_eq!(one["body"], answer["body"], "{url}");
            let posted = one["posted"].as_str().unwrap_or_default();
            assert_eq!(
                posted,
                request["body"].as_str().unwrap_or_default(),
                "{url}"
            );
        }
    }
    same_session(&file, &har);
}

/// What was exported and is opened again says the same, byte for byte.
fn same_session(file: &Path, har: &Path) {
    let (before, _) = export(file, "jsonl", &[]);
    let (after, _) = export(har, "jsonl", &[]);
    assert_eq!(before, after);
}
