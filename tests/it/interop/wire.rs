//! What the client says, packet by packet, is what the official JavaScript client says on the
//! same work.
//!
//! Both get the same lines, each from a server of its own behind a relay, one line at a time
//! where the next depends on it. Compared, in order and as they are:
//!
//! - every Engine.IO packet that the server took in, with its kind, its data and its transport;
//! - every WebSocket message and control frame on the wire, with opcode and payload, the probe
//!   and the close frame too.
//!
//! What is not compared: which packets shared one polling request and how often was polled,
//! because that depends on how fast each side happens to be; mask keys, cache busters and engine
//! ids, because they are random; headers, because the two are not the same program. Heartbeats
//! need no exception: the server's interval is longer than the run.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::records::{namespace, transport};
use crate::lab::{Client, Generation, Lab, Relay, Server, Sioscope};

/// The lines. Each wait makes the next ones independent of timing.
fn lines() -> Vec<Value> {
    vec![
        json!({ "emit": ["echo", "grüße 🎉", 1, -2.5, { "a": [true, null] }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["echo"] }),
        json!({ "wait": { "event": "echo" } }),
        json!({ "emit": ["echo", { "$binary": "AAEC" }, { "deep": [{ "$binary": "/w==" }] }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "join": "/chat" }),
        json!({ "wait": { "namespace": "/chat" } }),
        json!({ "emit": ["say", "lobby", "hi"], "nsp": "/chat" }),
        json!({ "wait": { "event": "said" } }),
        json!({ "emit": ["ask", "?"] }),
        json!({ "wait": { "event": "ask" } }),
        json!({ "answer": ["because", { "$binary": "AA==" }], "nsp": "/", "id": 0 }),
        json!({ "wait": { "event": "answered" } }),
        json!({ "emit": ["echo", 1], "nsp": "/admin" }),
        json!({ "emit": ["echo", 2] }),
        json!({ "emit": ["echo", 3], "nsp": "/chat", "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "leave": "/chat" }),
        json!({ "emit": ["echo", "last"], "ack": true }),
        json!({ "wait": { "ack": true } }),
    ]
}

/// What one client said.
#[derive(Debug, PartialEq)]
struct Said {
    packets: Vec<Value>,
    frames: Vec<(u8, Vec<u8>)>,
    requests: BTreeSet<String>,
}

struct Place {
    server: Server,
    relay: Relay,
}

impl Place {
    fn new(generation: Generation) -> Self {
        let server = Lab::server(generation, json!({ "packets": true, "requests": true }));
        let relay = Relay::to(server.port());
        Self { server, relay }
    }

    fn said(&self) -> Said {
        // The server has seen all that was said when it has seen the end.
        self.server.expect(|line| line["saw"] == "engine_close");
        let lines = self.server.lines();
        let packets = lines
            .iter()
            .filter(|line| line["saw"] == "packet" && line["dir"] == "to_server");
        let requests = lines.iter().filter(|line| line["saw"] == "request");
        let wires = self.relay.wires();
        let frames = wires.iter().flat_map(|wire| frames(&wire.to_server));
        Said {
            packets: packets
                .map(|line| json!([line["transport"], line["type"], line["data"]]))
                .collect(),
            frames: frames.collect(),
            requests: requests.map(shape).collect(),
        }
    }
}

/// Method, path, protocol and transport of a request, and whether it named a session. (`b64` is
/// left out: the older JavaScript client asks for it because its HTTP library holds no binary.)
fn shape(line: &Value) -> String {
    let url = line["url"].as_str().unwrap_or_default();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.starts_with("t=") && !pair.starts_with("b64="))
        .map(|pair| {
            if pair.starts_with("sid=") {
                "sid"
            } else {
                pair
            }
        })
        .collect();
    pairs.sort_unstable();
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    format!(
        "{} {} {path} {}",
        text("how"),
        text("method"),
        pairs.join(" ")
    )
}

/// The WebSocket frames that a client wrote: opcode and unmasked payload. Nothing for a
/// connection that is no WebSocket.
fn frames(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let head = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| at + 4);
    let upgrade = bytes.windows(19).any(|some| some == b"transport=websocket");
    let (Some(mut at), true) = (head, upgrade) else {
        return Vec::new();
    };
    let mut frames = Vec::new();
    while at + 2 <= bytes.len() {
        assert_eq!(bytes[at] & 0xf0, 0x80, "one whole frame without extensions");
        assert_eq!(bytes[at + 1] & 0x80, 0x80, "clients mask");
        let opcode = bytes[at] & 0x0f;
        let (length, mask) = match bytes[at + 1] & 0x7f {
            126 => (
                usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]])),
                at + 4,
            ),
            127 => panic!("no frame of this work is that long"),
            short => (usize::from(short), at + 2),
        };
        let payload = &bytes[mask + 4..mask + 4 + length];
        let key = &bytes[mask..mask + 4];
        frames.push((
            opcode,
            payload
                .iter()
                .zip(key.iter().cycle())
                .map(|(byte, key)| byte ^ key)
                .collect(),
        ));
        at = mask + 4 + length;
    }
    frames
}

fn official(generation: Generation, choice: &str) -> Said {
    let place = Place::new(generation);
    let transports: Vec<&str> = choice.split(',').collect();
    let client: Client = Lab::client(
        generation,
        &place.relay.url(),
        json!({
            "namespaces": [{ "nsp": "/" }, { "nsp": "/admin", "auth": { "token": "letmein" } }],
            "options": { "transports": transports },
        }),
    );
    client.expect(|line| line["saw"] == "connect" && line["nsp"] == "/admin");
    if choice.contains(',') {
        client.expect(|line| line["saw"] == "upgrade");
    }
    for line in lines() {
        client.say(line);
    }
    let finished = client.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!finished.stdout.contains("\"error\""), "{finished:?}");
    place.said()
}

fn ours(generation: Generation, choice: &str) -> Said {
    let place = Place::new(generation);
    let eio = generation.eio().to_string();
    let admin = match generation {
        Generation::V1 | Generation::V2 => "/admin?token=letmein",
        Generation::V3 | Generation::V4 => r#"/admin={"token":"letmein"}"#,
    };
    let run = Sioscope::stream(
        &place.relay.url(),
        &[
            "--no-record",
            "--eio",
            &eio,
            "--transports",
            choice,
            "-n",
            "/",
            "-n",
            admin,
        ],
    );
    run.wait_for(namespace("/admin", "connected"));
    if choice.contains(',') {
        run.wait_for(transport("websocket", "open"));
    }
    for line in lines() {
        run.say(line);
    }
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    place.said()
}

#[track_caller]
fn same(generation: Generation, choice: &str) {
    let (theirs, ours) = (official(generation, choice), ours(generation, choice));
    let list = |said: &Said| {
        let packets: Vec<String> = said.packets.iter().map(Value::to_string).collect();
        packets.join("\n")
    };
    assert_eq!(
        list(&ours),
        list(&theirs),
        "packets of {generation:?} over {choice}: ours, theirs"
    );
    let text = |said: &Said| {
        let frames = said.frames.iter();
        let lines: Vec<String> = frames
            .map(|(opcode, payload)| format!("{opcode} {}", payload.escape_ascii()))
            .collect();
        lines.join("\n")
    };
    assert_eq!(
        text(&ours),
        text(&theirs),
        "frames of {generation:?} over {choice}: ours, theirs"
    );
    assert_eq!(
        ours.requests, theirs.requests,
        "requests of {generation:?} over {choice}: ours, theirs"
    );
    assert!(ours.packets.len() > 10, "the work was done: {ours:?}");
    assert_eq!(ours.frames.is_empty(), choice == "polling", "{choice}");
}

#[test]
fn over_polling_it_says_what_the_official_client_says() {
    same(Generation::V4, "polling");
    same(Generation::V2, "polling");
}

#[test]
fn over_websocket_it_says_what_the_official_client_says() {
    same(Generation::V4, "websocket");
    same(Generation::V2, "websocket");
}

#[test]
fn through_an_upgrade_it_says_what_the_official_client_says() {
    same(Generation::V4, "polling,websocket");
    same(Generation::V2, "polling,websocket");
}
