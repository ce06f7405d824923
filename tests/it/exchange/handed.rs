//! Sessions of other programs, handed to the commands that play and compare.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{flows, text};
use crate::lab::{Browser, Client, Generation, Lab, Server, Sioscope};
use crate::mock::stage::{Playing, seen};
use crate::tap::stage::Tapped;

/// What the pages do that the browsers were recorded with; two of their words differ.
pub fn lines(first: &str, second: &str) -> Vec<Value> {
    vec![
        json!({ "wait": { "event": "hello" } }),
        json!({ "wait": { "event": "hello" } }),
        json!({ "emit": ["echo", first, 1], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["echo", second, { "deep": [1, 2, { "x": "ü" }] }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["binary", 5] }),
        json!({ "wait": { "event": "binary" } }),
        json!({ "emit": ["say", "lobby", "hi"], "nsp": "/chat" }),
        json!({ "wait": { "event": "said" } }),
        json!({ "emit": ["echo", { "$binary": "AAH+/w==" }], "ack": true }),
        json!({ "wait": { "ack": true } }),
    ]
}

/// The official client does the same; gives it when it is through.
#[track_caller]
fn client(generation: Generation, url: &str, transports: &[&str], lines: &[Value]) -> Client {
    let options = json!({
        "namespaces": [{ "nsp": "/", "auth": { "token": "auth-secret" } }, { "nsp": "/chat" }],
        "options": { "query": { "token": "query-secret" }, "transports": transports },
    });
    let client = Lab::client(generation, url, options);
    for line in lines {
        client.say(line.clone());
    }
    let finished = client.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    client
}

/// It can be replayed without a difference, and be a server to the client that it came from.
#[track_caller]
pub fn plays(file: &Path, generation: Generation, server: &Server, lines: &[Value]) {
    let url = server.url();
    for args in [&["--check"][..], &["--check", "--wait", "match"]] {
        let all = [&["replay", text(file), &url], args].concat();
        let done = Sioscope::run(&all);
        assert_eq!(done.code, Some(0), "{all:?}: {done:?}");
        assert!(done.stdout.starts_with("no difference"), "{done:?}");
        assert!(done.stderr.contains("played 5 of 5 emits"), "{done:?}");
    }
    for transports in [&["polling"][..], &["websocket"], &["polling", "websocket"]] {
        let from_server = seen(&client(generation, &server.url(), transports, lines));
        let playing = Playing::of(file, &[]);
        let from_mock = seen(&client(generation, &playing.url(), transports, lines));
        assert_eq!(from_mock, from_server, "{transports:?}");
        assert_eq!(from_mock["/ ack"].len(), 3, "{from_mock:#?}");
        playing.stop_with_all_of_it(&format!("{transports:?}"));
    }
}

/// It says the same as the session that sioscope recorded of the same traffic.
#[track_caller]
fn is_alike(file: &Path, native: &Path) {
    for pair in [[file, native], [native, file]] {
        let done = Sioscope::run(&["diff", text(pair[0]), text(pair[1]), "--json"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        let said: Value = serde_json::from_str(&done.stdout).expect("one JSON object");
        assert_eq!(said, json!({ "equal": true, "differences": [] }));
        assert_eq!(done.stderr, "", "nothing is missing");
    }
    let done = Sioscope::run(&["doctor", text(file)]);
    assert_eq!(done.code, Some(0), "{done:?}");
}

/// A server, and a tap before it that records while `work` uses its URL.
#[track_caller]
fn tapped(folder: &Path, work: impl FnOnce(&str)) -> (Server, PathBuf) {
    let server = Lab::server(Generation::V4, json!({ "cors": { "origin": "*" } }));
    let native = folder.join("native.sio.jsonl");
    let tap = Tapped::before(&server.url(), &["--quiet", "--record", text(&native)]);
    work(&tap.url());
    tap.stop();
    (server, native)
}

#[test]
fn a_session_of_chromium_is_replayed_mocked_and_compared_as_our_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let har = folder.path().join("page.har");
    let (server, native) = tapped(folder.path(), |url| {
        Browser::record(url, &har);
    });
    is_alike(&har, &native);
    let lines = lines("grüße", "over websocket");
    plays(&har, Generation::V4, &server, &lines);
}

#[test]
fn a_flow_file_is_replayed_mocked_and_compared_as_our_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = lines("grüße", "other");
    let (server, native) = tapped(folder.path(), |url| {
        client(Generation::V4, url, &["polling", "websocket"], &lines);
    });
    let session = fs::read_to_string(&native).expect("a session");
    let whole = flows::of_session(&session);
    let file = folder.path().join("flows.mitm");
    fs::write(&file, &whole).expect("written");
    is_alike(&file, &native);
    plays(&file, Generation::V4, &server, &lines);

    // mitmproxy was stopped in the middle of a flow.
    fs::write(&file, &whole[..whole.len() - 10]).expect("written");
    let done = Sioscope::run(&["doctor", text(&file)]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let told: String = done.stdout.split_whitespace().collect();
    assert!(told.contains("itslastflowwascutoff"), "{done:?}");
}
