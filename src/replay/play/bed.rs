//! Sessions for the tests of this module, written as `MS < TEXT` and `MS > TEXT` lines: the text
//! frames that came (`<`) and went (`>`), and `MS = closed` / `MS = left` for a connection's end.
//! `# N` begins connection N.

use std::time::Duration;

use bytes::Bytes;

use super::fact::{Fact, Listener};
use super::script::{Reader, Script, ScriptError};
use crate::journal::Record;
use crate::journal::file::{Header, Source};
use crate::journal::record::*;

/// The records of a session.
pub(super) fn records(text: &str, url: &str) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let mut c = 0;
    let mut add = |ms: u64, c: u32, body: Body| {
        let n = records.len() as u64 + 1;
        let t = ms * 1_000;
        records.push(Record {
            n,
            t,
            c: Some(c),
            body,
        });
    };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (first, rest) = line.split_once(' ').unwrap();
        if first == "#" {
            c = rest.trim().parse().unwrap();
            let request = Request {
                x: u64::from(c),
                method: "GET".to_owned(),
                url: url.to_owned(),
                headers: [
                    ("Host", "h:1"),
                    ("User-Agent", "sioscope/9"),
                    ("Upgrade", "websocket"),
                    ("Sec-WebSocket-Key", "k"),
                    ("Authorization", "Bearer b"),
                    ("X-Own", "o"),
                    ("Cookie", "a=1; b=2"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
                body: Bytes::new(),
            };
            add(0, c, Body::Request(request));
            continue;
        }
        let ms: u64 = first.parse().unwrap();
        let (sign, text) = rest.split_once(' ').unwrap();
        let dir = match sign {
            ">" => Direction::ToServer,
            "<" => Direction::ToClient,
            _ => {
                let reason = match text {
                    "left" => "io client disconnect",
                    _ => "transport close",
                };
                let connection = Connection {
                    state: ConnectionState::Closed,
                    reason: Some(reason.to_owned()),
                    detail: None,
                    attempt: None,
                    delay_ms: None,
                };
                add(ms, c, Body::Connection(connection));
                continue;
            }
        };
        let frame = Frame {
            dir,
            op: Opcode::Text,
            data: Bytes::copy_from_slice(text.as_bytes()),
            code: None,
            reason: None,
            wire: None,
        };
        add(ms, c, Body::Frame(frame));
    }
    records
}

pub(super) const V4: &str = "ws://h:1/socket.io/?room=1&EIO=4&transport=websocket";
pub(super) const V3: &str = "ws://h:1/own/path/?EIO=3&transport=websocket";

/// The script of such a session.
pub(super) fn read(
    text: &str,
    url: &str,
    source: Source,
    connection: Option<u32>,
    only: &[String],
) -> Result<Script, ScriptError> {
    let mut header = Header::now(source, "http://h:1");
    header.parser = None;
    let mut reader = Reader::new(&header);
    for record in records(text, url) {
        reader.take(&record);
    }
    reader.finish(connection, only)
}

/// The script of a session of our own client.
pub(super) fn script(text: &str) -> Script {
    read(text, V4, Source::Client, None, &[]).unwrap()
}

/// What such a session says, with the time of each.
pub(super) fn facts(text: &str) -> Vec<(Duration, Fact)> {
    let mut listener = Listener::new(&Header::now(Source::Client, "http://h:1"));
    records(text, V4)
        .iter()
        .flat_map(|record| listener.take(record))
        .map(|fact| (fact.at, fact))
        .collect()
}
