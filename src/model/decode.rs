//! A record's bytes as packets, with attachments put together.
//!
//! A [`Decoder`] reads the records of a session in order. What must be kept between records is
//! kept for each connection: the Engine.IO version (from the request's URL, else from what the
//! bytes betray), the parser, and for each direction the half-arrived binary packet, which
//! outlives an upgrade. An undecodable packet never stops it.
//!
//! Frames, requests (posts) and responses (polls) carry packets. WebSocket control frames, the
//! exchange of an upgrade, the `ok` of a post and every response other than 200 carry none.

mod json_form;
mod lane;
mod line;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use json_form::{member_of, packets_member, write_packets};
use line::Line;

use super::row::RowRef;
use crate::journal::Record;
use crate::journal::record::{Body, Direction, Headers, Opcode};

/// A packet as a person reads it: one row of the frame log, one entry of `packets`.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// Record that completed it.
    pub n: u64,
    /// Its place among the packets of that record, from 0.
    pub index: u32,
    /// Which way it went.
    pub dir: Direction,
    /// Bytes it took, attachments included.
    pub size: u64,
    /// What it is.
    pub kind: Kind,
    /// Deviations that were tolerated, in words.
    pub quirks: Vec<String>,
}

/// What a packet is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// An Engine.IO packet other than message; `data` as it stood (the handshake's JSON for open).
    Engine {
        /// `open`, `close`, `ping`, `pong`, `upgrade` or `noop`.
        name: &'static str,
        /// What followed the type digit.
        data: String,
    },
    /// A Socket.IO packet.
    Socket {
        /// `connect`, `disconnect`, `event`, `ack`, `connect_error`, `binary_event`, `binary_ack`.
        name: &'static str,
        /// Namespace.
        nsp: String,
        /// Ack id.
        id: Option<u64>,
        /// Raw JSON text; binary leaves as `{"$binary":"<base64>"}` once complete.
        data: Option<String>,
        /// Event name, for events.
        event: Option<String>,
        /// Number of attachments.
        attachments: u64,
        /// Recovery offset that ended the arguments, split off for display only (`data` keeps it).
        offset: Option<String>,
    },
    /// Bytes that could not be decoded.
    Undecodable {
        /// Why.
        error: String,
        /// Byte offset in the frame or body.
        at: usize,
    },
}

/// How many connections' versions are remembered.
const LINES: usize = 10_000;
/// How many requests may wait for their response.
const EXCHANGES: usize = 1_000;

/// Decodes the records of a session in order. Keeps what has to be kept between records:
/// versions, parsers and half-arrived binary packets of each connection and direction.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    /// The session's header names the msgpack parser.
    msgpack: bool,
    /// Headers only: JSON is neither checked nor kept where the fold does not need it.
    light: bool,
    /// By connection; records without one share number 0.
    lines: BTreeMap<u32, Line>,
    /// Whether the request of an exchange was a poll (its response carries packets).
    polls: BTreeMap<u64, bool>,
    /// See [`Decoder::back`].
    back: u32,
}

impl Decoder {
    /// A decoder for the start of a session; `parser` as in the session's header.
    pub fn new(parser: Option<&str>) -> Decoder {
        Decoder {
            msgpack: parser == Some("msgpack"),
            ..Decoder::default()
        }
    }

    /// A decoder that reads headers only, for folding a long session quickly: events and acks
    /// come without `data`, and their JSON is not checked.
    pub fn light(parser: Option<&str>) -> Decoder {
        Decoder {
            light: true,
            ..Decoder::new(parser)
        }
    }

    /// The packets that `record` carries or completes; empty for a record without bytes and for
    /// the parts of a binary packet before its last.
    pub fn decode(&mut self, record: &Record) -> Vec<Packet> {
        self.back = 0;
        let carried = match &record.body {
            Body::Frame(frame) => match frame.op {
                Opcode::Text => Carried::Text(&frame.data),
                Opcode::Binary => Carried::Binary(&frame.data),
                Opcode::Ping | Opcode::Pong | Opcode::Close => return Vec::new(),
            },
            Body::Request(request) => {
                let websocket = is_websocket_url(&request.url);
                // A tap passes on more than Engine.IO: pages, scripts, preflights.
                let engine = record.c.is_some() || query_value(&request.url, "EIO").is_some();
                let poll = engine && !websocket && request.method.eq_ignore_ascii_case("GET");
                if self.polls.len() >= EXCHANGES {
                    self.polls.pop_first();
                }
                self.polls.insert(request.x, poll);
                self.line(record.c)
                    .learn_version(query_value(&request.url, "EIO"));
                if websocket || !engine || request.body.is_empty() {
                    return Vec::new();
                }
                Carried::Body(&request.body, header(&request.headers, "content-type"))
            }
            Body::Response(response) => {
                let poll = self.polls.remove(&response.x);
                let carries = match poll {
                    Some(poll) => poll,
                    // The request is not known: the answer to a post is `ok`.
                    None => record.c.is_some() && !response.body.eq_ignore_ascii_case(b"ok"),
                };
                if response.status != 200 || response.error.is_some() || !carries {
                    return Vec::new();
                }
                Carried::Body(&response.body, header(&response.headers, "content-type"))
            }
            _ => return Vec::new(),
        };
        let dir = match &record.body {
            Body::Frame(frame) => frame.dir,
            Body::Request(_) => Direction::ToServer,
            _ => Direction::ToClient,
        };
        let line = self.line(record.c);
        let back = line
            .awaited_since(dir)
            .map_or(0, |first| record.n.saturating_sub(first));
        let packets = line.decode(record.n, dir, carried);
        self.back = u32::try_from(back).unwrap_or(u32::MAX);
        packets
    }

    /// How many records before the one just decoded the first part of a binary packet lies that
    /// was awaited when it came; 0 where none was. Belongs into the [`RowRef`]s of that record.
    pub fn back(&self) -> u32 {
        self.back
    }

    /// The packets of a record from the middle of the session, decoded again: `read` gives
    /// records by number. What this decoder knows of versions and parsers is used and not
    /// changed, so it must have seen the record (or the start of its connection) before.
    pub fn packets_of(
        &self,
        row: RowRef,
        mut read: impl FnMut(u64) -> Option<Record>,
    ) -> Option<(Record, Vec<Packet>)> {
        let record = read(row.n)?;
        let mut again = Decoder::new(self.msgpack.then_some("msgpack"));
        let key = record.c.unwrap_or(0);
        if let Some(line) = self.lines.get(&key) {
            again.lines.insert(key, line.fresh());
        }
        let first = row.n.saturating_sub(u64::from(row.back));
        for n in first..row.n {
            if let Some(earlier) = read(n).filter(|earlier| earlier.c == record.c) {
                again.decode(&earlier);
            }
        }
        let packets = again.decode(&record);
        Some((record, packets))
    }

    /// Engine.IO version of a connection, as far as it is known.
    pub fn version(&self, c: u32) -> Option<u8> {
        self.lines.get(&c)?.version_digit()
    }

    fn line(&mut self, c: Option<u32>) -> &mut Line {
        let key = c.unwrap_or(0);
        if self.lines.len() >= LINES && !self.lines.contains_key(&key) {
            self.lines.pop_first();
        }
        let (msgpack, light) = (self.msgpack, self.light);
        self.lines
            .entry(key)
            .or_insert_with(|| Line::new(msgpack, light))
    }
}

/// Bytes that carry packets.
#[derive(Debug, Clone, Copy)]
enum Carried<'a> {
    /// A WebSocket text message.
    Text(&'a bytes::Bytes),
    /// A WebSocket binary message.
    Binary(&'a bytes::Bytes),
    /// A polling body and its Content-Type.
    Body(&'a bytes::Bytes, Option<&'a str>),
}

fn header<'a>(headers: &'a Headers, wanted: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

/// The first value of a query parameter, as it is written.
pub(super) fn query_value<'a>(url: &'a str, wanted: &str) -> Option<&'a str> {
    let query = url.split_once('?')?.1;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == wanted).then_some(value)
    })
}

/// Whether a request asks for a WebSocket.
pub(super) fn is_websocket_url(url: &str) -> bool {
    query_value(url, "transport") == Some("websocket")
        || (query_value(url, "transport").is_none()
            && (url.starts_with("ws://") || url.starts_with("wss://")))
}
