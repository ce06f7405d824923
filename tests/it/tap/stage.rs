//! A tap with something before and behind it, and what its records say.

use serde_json::{Value, json};
use sioscope::protocol::engine::payload::decode_body;
use sioscope::protocol::engine::{Data, Packet, Revision, Version, base64, message};

use crate::lab::Sioscope;

/// A running tap.
pub struct Tapped {
    pub run: Sioscope,
    url: String,
}

impl Tapped {
    /// `sioscope tap SERVER --headless ARGS…` on a free port.
    #[track_caller]
    pub fn before(server: &str, args: &[&str]) -> Self {
        let own = ["tap", server, "--headless", "--listen", "127.0.0.1:0"];
        let run = Sioscope::start(&[&own[..], args].concat());
        let line = run.wait_for_talk("listening on http://127.0.0.1:");
        let url = line
            .split_whitespace()
            .last()
            .expect("the ready line ends with the URL")
            .to_owned();
        Self { run, url }
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// `host:port` of it.
    pub fn authority(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Stops it, as whoever started it would; gives all its records.
    #[track_caller]
    pub fn stop(&self) -> Vec<Value> {
        self.run.signal("TERM");
        let finished = self.run.wait_for_end();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        self.run.records()
    }
}

/// A record of connection `c` that came into `state`.
pub fn connection(c: u64, state: &str) -> impl Fn(&Value) -> bool + use<> {
    let state = state.to_owned();
    move |record| record["k"] == "connection" && record["c"] == c && record["state"] == state
}

/// An Engine.IO packet as a client tells it: type and data.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossed {
    pub dir: String,
    pub kind: String,
    pub data: Value,
}

fn crossed(dir: &str, packet: &Packet<'_>) -> Crossed {
    let data = match &packet.data {
        Data::Text(text) => json!(text),
        Data::Binary(bytes) => json!({ "$binary": base64::encode(bytes) }),
    };
    Crossed {
        dir: dir.to_owned(),
        kind: packet.kind.name().to_owned(),
        data,
    }
}

fn bytes_of(record: &Value, text: &str, coded: &str) -> Vec<u8> {
    match (record[text].as_str(), record[coded].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(coded)) => base64::decode_strict(coded).expect("base64 in a record"),
        (None, None) => Vec::new(),
    }
}

fn body_of(record: &Value, dir: &str, version: Version) -> Vec<Crossed> {
    let body = bytes_of(record, "body", "body_b64");
    let headers = record["headers"].as_array().expect("headers");
    let kind = headers
        .iter()
        .find(|pair| {
            pair[0]
                .as_str()
                .is_some_and(|name| name.eq_ignore_ascii_case("content-type"))
        })
        .and_then(|pair| pair[1].as_str());
    let payload = decode_body(&body, kind, version, Revision::SocketIo2);
    assert_eq!(payload.error, None, "{record}");
    let packets = payload.packets.iter();
    packets.map(|packet| crossed(dir, &packet.value)).collect()
}

/// Everything that connection `c` carried, from the raw bytes of its records, in their order.
pub fn on_the_wire(records: &[Value], c: u64, version: Version) -> Vec<Crossed> {
    let mut polls = std::collections::HashSet::new();
    let mut all = Vec::new();
    for record in records.iter().filter(|record| record["c"] == c) {
        match record["k"].as_str() {
            Some("request") if record["method"] == "POST" => {
                all.extend(body_of(record, "to_server", version));
            }
            Some("request") => {
                polls.insert(record["x"].as_u64());
            }
            Some("response")
                if polls.contains(&record["x"].as_u64()) && record["status"] == 200 =>
            {
                all.extend(body_of(record, "to_client", version));
            }
            Some("frame") => {
                let dir = record["dir"].as_str().expect("a direction");
                let data = bytes_of(record, "data", "b64");
                let packet = match record["op"].as_str() {
                    Some("text") => {
                        let text = String::from_utf8(data).expect("text");
                        let decoded = message::decode_text(&text, version);
                        decoded.expect("a packet").value.into_owned()
                    }
                    Some("binary") => {
                        let decoded = message::decode_binary(&data, version);
                        decoded.expect("a packet").value.into_owned()
                    }
                    _ => continue,
                };
                all.push(crossed(dir, &packet));
            }
            _ => {}
        }
    }
    all
}

/// Everything that a client of the lab tells of its engine's packets.
pub fn told_by(client: &[Value]) -> Vec<Crossed> {
    client
        .iter()
        .filter(|line| line["saw"] == "packet")
        .map(|line| Crossed {
            dir: line["dir"].as_str().expect("a direction").to_owned(),
            kind: line["type"].as_str().expect("a type").to_owned(),
            data: match &line["data"] {
                Value::Null => json!(""),
                // python hands JSON on as it has read it.
                data @ Value::Object(map) if !map.contains_key("$binary") => {
                    json!(data.to_string())
                }
                data => data.clone(),
            },
        })
        .collect()
}

/// What both sides tell, in order, one direction after the other. The clients do not tell of the
/// steps of an upgrade (`2probe`, `3probe`, `5`) and of the goodbye of polling, and python's not
/// of the handshake.
pub fn comparable(packets: &[Crossed], dir: &str) -> Vec<(String, Value)> {
    packets
        .iter()
        .filter(|packet| packet.dir == dir)
        .filter(|packet| packet.data != json!("probe"))
        .filter(|packet| !matches!(packet.kind.as_str(), "upgrade" | "close" | "open" | "noop"))
        .map(|packet| (packet.kind.clone(), packet.data.clone()))
        .collect()
}
