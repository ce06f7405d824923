//! The life of one connection, as records prove it.

use super::{Asked, Place};
use crate::journal::record::{
    Body, Direction, Opcode, Record, Transport, TransportName, TransportState,
};
use crate::model::Packet;
use crate::model::decode::Kind;

/// How many places of a sort are kept for one connection.
const PLACES: usize = 100;

/// A WebSocket close frame.
#[derive(Debug, Clone, PartialEq)]
pub struct CloseFrame {
    /// Its record.
    pub place: Place,
    /// Who sent it: `ToClient` means the server (or a proxy).
    pub dir: Direction,
    /// Its code; `None` where it carried none (1005).
    pub code: Option<u16>,
    /// Its reason.
    pub reason: Option<String>,
}

/// A packet that could not be decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// Its record.
    pub place: Place,
    /// Who sent it.
    pub dir: Direction,
    /// Why it can't be read.
    pub error: String,
    /// Byte offset in the frame or body.
    pub at: usize,
    /// What stands there, a few bytes each way, with `»` before the offending byte.
    pub around: String,
}

/// Bytes of a broken packet that are shown before and after the offending one.
const AROUND: usize = 24;

/// Bytes for a person: text with its control characters escaped, or hexadecimal.
fn readable(bytes: &[u8], binary: bool) -> String {
    if binary {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        return hex.join(" ");
    }
    let mut text = String::new();
    for char in String::from_utf8_lossy(bytes).chars() {
        if char.is_control() {
            text.extend(char.escape_unicode());
        } else {
            text.push(char);
        }
    }
    text
}

/// A few bytes around `at`, with `»` before it.
fn around(record: &Record, at: usize) -> String {
    let bytes: &[u8] = match &record.body {
        Body::Frame(frame) => &frame.data,
        Body::Request(request) => &request.body,
        Body::Response(response) => &response.body,
        _ => return String::new(),
    };
    let at = at.min(bytes.len());
    let from = at.saturating_sub(AROUND);
    let to = at.saturating_add(AROUND).min(bytes.len());
    let binary = matches!(&record.body, Body::Frame(frame) if frame.op == Opcode::Binary);
    let text = |range| readable(bytes.get(range).unwrap_or_default(), binary);
    let (before, after) = (text(from..at), text(at..to));
    let start = if from > 0 { "…" } else { "" };
    let end = match to {
        to if to < bytes.len() => "…",
        to if to == at => "(the end)",
        _ => "",
    };
    format!("{start}{before}»{after}{end}")
}

/// A WebSocket that was cut before it carried the session: our client names the code that it
/// sees, a tap who did it.
fn is_cut_upgrade(transport: &Transport) -> bool {
    let error = transport.error.as_deref().unwrap_or_default();
    transport.name == TransportName::Websocket
        && transport.state == TransportState::Closed
        && (error.starts_with("probe error") && error.contains("1006")
            || error.contains("before the upgrade was done")
                && !error.starts_with("the client ")
                && !error.contains("close code"))
}

/// Something that the client did for which an Engine.IO server ends a session, without a word
/// (a POST is answered `ok` all the same).
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// Its record.
    pub place: Place,
    /// What it was.
    pub what: DeedKind,
}

/// What ends a session (engine.io `socket.ts`, `polling.ts`; socket.io `client.ts`).
#[derive(Debug, Clone, PartialEq)]
pub enum DeedKind {
    /// A packet that can't be read, and why.
    Unreadable(String),
    /// An event, ack or disconnect for a namespace that was not joined.
    NotJoined(String),
    /// A second CONNECT for a namespace.
    SecondConnect(String),
    /// A ping from a client of Engine.IO 4, in which the server pings.
    WrongPing,
    /// A second poll (or post, where true) while one was under way.
    Overlap(bool),
    /// The client closed the session.
    ClosedByClient,
    /// The server closed the session.
    ClosedByServer,
}

/// One connection: one handshake, one Engine.IO sid. Its state, sid, handshake values and upgrade
/// steps are in the model; here are the records.
#[derive(Debug, Clone)]
pub struct Life {
    /// Its number.
    pub c: u32,
    /// Its first record.
    pub began: Place,
    /// The record with which it opened.
    pub opened: Option<Place>,
    /// The record with which it ended, or could not be made.
    pub ended: Option<Place>,
    /// Official reason or connect error, once ended.
    pub reason: Option<String>,
    /// What lies under it.
    pub detail: Option<String>,
    /// The newest record that came from the server.
    pub heard: Option<Place>,
    /// The one that came from the server before [`Life::heard`].
    pub heard_before: Option<Place>,
    /// The newest record that went to the server.
    pub spoke: Option<Place>,
    /// Engine.IO pings from the server to the client, newest last, at most 100.
    pub pings_to_client: Vec<Place>,
    /// Engine.IO pings from the client to the server (not the probe), newest last, at most 100.
    pub pings_to_server: Vec<Place>,
    /// Engine.IO pongs from the client to the server, newest last, at most 100.
    pub pongs_to_server: Vec<Place>,
    /// Engine.IO pongs from the server to the client (not the probe's), newest last, at most 100.
    pub pongs_to_client: Vec<Place>,
    /// The close frames, in order.
    pub close_frames: Vec<CloseFrame>,
    /// Packets that could not be decoded, at most 100.
    pub troubles: Vec<Trouble>,
    /// Failures made on purpose, at most 100.
    pub faults: Vec<Place>,
    /// What the session may have died of, at most 100.
    pub deeds: Vec<Deed>,
    /// The record that tells of a WebSocket that was cut before the upgrade was done, and not by
    /// the client.
    pub socket_cut: Option<Place>,
    /// Messages that a person injected, at most 100: they are not the peer's.
    pub injected: Vec<Place>,
    /// Exchanges that wait for their response.
    pub(super) open: Vec<(u64, Asked)>,
    /// Namespaces for which a CONNECT was sent (or, in Engine.IO 3, `/` is implied).
    asked_for: Vec<String>,
}

impl Life {
    pub(super) fn new(c: u32, began: Place) -> Life {
        Life {
            c,
            began,
            opened: None,
            ended: None,
            reason: None,
            detail: None,
            heard: None,
            heard_before: None,
            spoke: None,
            pings_to_client: Vec::new(),
            pings_to_server: Vec::new(),
            pongs_to_server: Vec::new(),
            pongs_to_client: Vec::new(),
            close_frames: Vec::new(),
            troubles: Vec::new(),
            faults: Vec::new(),
            deeds: Vec::new(),
            socket_cut: None,
            injected: Vec::new(),
            open: Vec::new(),
            asked_for: Vec::new(),
        }
    }

    /// The WebSocket went away without a close frame (1006), and not by the client.
    pub fn was_cut(&self) -> bool {
        self.reason.as_deref() == Some("transport close")
            && !self.cut_by_client()
            && !self
                .close_frames
                .iter()
                .any(|frame| frame.dir == Direction::ToClient)
            && self
                .detail
                .as_deref()
                .is_none_or(|detail| detail.contains("1006"))
    }

    /// The newest record that crossed the wire, either way.
    pub fn traffic(&self) -> Option<Place> {
        self.heard.max(self.spoke)
    }

    /// We left, or gave it up for another generation.
    pub fn ended_by_us(&self) -> bool {
        matches!(
            self.reason.as_deref(),
            Some("io client disconnect" | "forced close")
        )
    }

    pub(super) fn did(&mut self, place: Place, what: DeedKind) {
        if self.deeds.len() < PLACES {
            self.deeds.push(Deed { place, what });
        }
    }

    /// What a packet does to the session, beside what it carries.
    fn weigh(&mut self, place: Place, packet: &Packet, eio: Option<u8>, by_websocket: bool) {
        match (&packet.kind, packet.dir) {
            (Kind::Engine { name: "close", .. }, dir) if !by_websocket => {
                self.did(
                    place,
                    match dir {
                        Direction::ToServer => DeedKind::ClosedByClient,
                        Direction::ToClient => DeedKind::ClosedByServer,
                    },
                );
            }
            (Kind::Engine { name: "ping", data }, Direction::ToServer)
                if data != "probe" && eio == Some(4) =>
            {
                self.did(place, DeedKind::WrongPing);
            }
            (Kind::Undecodable { error, .. }, Direction::ToServer) => {
                self.did(place, DeedKind::Unreadable(error.clone()));
            }
            (Kind::Socket { name, nsp, .. }, dir) => {
                let nsp = nsp.split('?').next().unwrap_or_default();
                let known = self.asked_for.iter().position(|asked| asked == nsp);
                match (*name, dir, known) {
                    ("connect", Direction::ToServer, Some(_)) if eio != Some(3) || nsp != "/" => {
                        self.did(place, DeedKind::SecondConnect(nsp.to_owned()));
                    }
                    ("connect", _, None) if self.asked_for.len() < PLACES => {
                        self.asked_for.push(nsp.to_owned());
                    }
                    ("disconnect" | "connect_error", _, Some(at)) => {
                        self.asked_for.swap_remove(at);
                    }
                    ("connect" | "connect_error", ..) => {}
                    (_, Direction::ToServer, None)
                        if self.opened.is_some()
                            && self.asked_for.len() < PLACES
                            && !(eio == Some(3) && nsp == "/") =>
                    {
                        self.did(place, DeedKind::NotJoined(nsp.to_owned()));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// How long it was open, in microseconds; `None` while it is, or if it never was.
    pub fn lived(&self) -> Option<u64> {
        Some(self.ended?.t.saturating_sub(self.opened?.t))
    }

    pub(super) fn take(
        &mut self,
        place: Place,
        record: &Record,
        packets: &[Packet],
        eio: Option<u8>,
    ) {
        let by_websocket = matches!(record.body, Body::Frame(_));
        let before = self.heard;
        match &record.body {
            Body::Request(_) => self.spoke = Some(place),
            Body::Response(response) if response.status > 0 => self.heard = Some(place),
            Body::Frame(frame) => {
                match frame.dir {
                    Direction::ToServer => self.spoke = Some(place),
                    Direction::ToClient => self.heard = Some(place),
                }
                if frame.op == Opcode::Close && self.close_frames.len() < PLACES {
                    self.close_frames.push(CloseFrame {
                        place,
                        dir: frame.dir,
                        code: frame.code,
                        reason: frame.reason.clone(),
                    });
                }
            }
            Body::Fault(_) if self.faults.len() < PLACES => self.faults.push(place),
            Body::Transport(transport) if is_cut_upgrade(transport) => {
                self.socket_cut = Some(place);
            }
            _ => {}
        }
        if self.heard != before {
            self.heard_before = before;
        }
        for packet in packets {
            self.weigh(place, packet, eio, by_websocket);
            match &packet.kind {
                Kind::Engine { name, data } if data != "probe" => {
                    let list = match (*name, packet.dir) {
                        ("ping", Direction::ToClient) => &mut self.pings_to_client,
                        ("ping", Direction::ToServer) => &mut self.pings_to_server,
                        ("pong", Direction::ToServer) => &mut self.pongs_to_server,
                        ("pong", Direction::ToClient) => &mut self.pongs_to_client,
                        _ => continue,
                    };
                    if list.len() >= PLACES {
                        list.remove(0);
                    }
                    list.push(place);
                }
                Kind::Undecodable { error, at } if self.troubles.len() < PLACES => {
                    self.troubles.push(Trouble {
                        place,
                        dir: packet.dir,
                        error: error.clone(),
                        at: *at,
                        around: around(record, *at),
                    });
                }
                _ => {}
            }
        }
    }
}
