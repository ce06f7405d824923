//! Small recorded sessions for the tests of this module, and live clients in virtual time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::actor::{Act, Actor, Play};
use super::report::Note;
use super::script::{Reader, Script};
use crate::journal::Record;
use crate::journal::record::*;
use crate::protocol::engine::{Data, base64};

/// The sid that the recorded server gave.
pub(super) const RECORDED: &str = "RECORDED-ENGINE-SID0";
/// The sid of the live connection.
pub(super) const LIVE: &str = "live-engine-sid-0000";

/// A connection's number, its EIO and its steps.
pub(super) type Told<'a> = (u32, u8, &'a [(u64, &'a str)]);

/// A session of WebSocket connections. Each is its number, its EIO and its steps: a time in
/// milliseconds and `> text`, `< text` (a message to the server, to the client), `>b base64`,
/// `<b base64`, `< close CODE`, `> close`, `cut`, `left`, `stopped` or `timeout` (how it is told
/// that it closed). The handshake goes first, at 0.
pub(super) fn session(connections: &[Told<'_>]) -> Script {
    session_within(connections, Duration::from_secs(5))
}

pub(super) fn session_within(connections: &[Told<'_>], within: Duration) -> Script {
    let mut reader = Reader::new(None, within);
    let mut n = 0;
    let mut take = |ms: u64, c: u32, body: Body| {
        n += 1;
        let t = ms * 1_000;
        let c = Some(c);
        reader.take(&Record { n, t, c, body });
    };
    for (c, eio, steps) in connections {
        let request = Request {
            x: u64::from(*c),
            method: "GET".to_owned(),
            url: format!("ws://h/socket.io/?EIO={eio}&transport=websocket"),
            ..Request::default()
        };
        take(0, *c, Body::Request(request));
        let open = format!(
            "0{{\"sid\":\"{RECORDED}\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000}}"
        );
        take(0, *c, text(Direction::ToClient, open.as_bytes()));
        for (ms, step) in *steps {
            take(*ms, *c, body(step));
        }
    }
    reader.finish()
}

fn text(dir: Direction, data: &[u8]) -> Body {
    frame(dir, Opcode::Text, data, None)
}

fn frame(dir: Direction, op: Opcode, data: &[u8], code: Option<u16>) -> Body {
    Body::Frame(Frame {
        dir,
        op,
        data: Bytes::copy_from_slice(data),
        code,
        reason: None,
        wire: None,
    })
}

fn closed(reason: &str, detail: &str) -> Body {
    Body::Connection(Connection {
        state: ConnectionState::Closed,
        reason: Some(reason.to_owned()),
        detail: Some(detail.to_owned()),
        attempt: None,
        delay_ms: None,
    })
}

fn body(step: &str) -> Body {
    use Direction::{ToClient, ToServer};
    let bytes = |coded: &str| base64::decode_strict(coded).unwrap();
    match step {
        "> close" => return frame(ToServer, Opcode::Close, b"", None),
        "cut" => {
            return closed(
                "transport close",
                "the server reset the TCP connection (RST)",
            );
        }
        "left" => {
            return closed(
                "transport close",
                "the client ended the TCP connection (FIN)",
            );
        }
        "stopped" => return closed("transport close", "the tap was stopped"),
        "timeout" => return closed("ping timeout", "nothing came for 45 s"),
        _ => {}
    }
    if let Some(code) = step.strip_prefix("< close") {
        return frame(ToClient, Opcode::Close, b"", code.trim().parse().ok());
    }
    let (mark, rest) = step.split_once(' ').unwrap();
    match mark {
        ">" => text(ToServer, rest.as_bytes()),
        "<" => text(ToClient, rest.as_bytes()),
        ">b" => frame(ToServer, Opcode::Binary, &bytes(rest), None),
        "<b" => frame(ToClient, Opcode::Binary, &bytes(rest), None),
        other => panic!("no step: {other}"),
    }
}

/// A live client of an actor.
pub(super) struct Client {
    pub(super) actor: Actor,
}

impl Client {
    pub(super) fn of(script: Script) -> Client {
        Client::playing(script, 0, Play::default())
    }

    pub(super) fn playing(script: Script, part: usize, play: Play) -> Client {
        let mut actor = Actor::new(Arc::new(script), part, LIVE.to_owned(), play);
        actor.open(0);
        Client { actor }
    }

    /// Sends a text message at a time in milliseconds.
    pub(super) fn says(&mut self, ms: u64, message: &str) -> &mut Client {
        self.actor
            .hear(ms * 1_000, &Data::Text(message.to_owned().into()));
        self
    }

    /// Sends a binary message.
    pub(super) fn sends(&mut self, ms: u64, bytes: &[u8]) -> &mut Client {
        self.actor
            .hear(ms * 1_000, &Data::Binary(bytes.to_vec().into()));
        self
    }

    /// All that the server says up to a time, joined by spaces; binary in base64 after `b:`.
    pub(super) fn hears(&mut self, ms: u64) -> String {
        self.actor.advance(ms * 1_000);
        let mut heard = Vec::new();
        while let Some(act) = self.actor.act() {
            heard.push(match act {
                Act::Send(packet) => match packet.data {
                    Data::Text(text) => text.into_owned(),
                    Data::Binary(bytes) => format!("b:{}", base64::encode(&bytes)),
                },
                Act::End(end) => format!("{end:?}"),
            });
        }
        heard.join(" ")
    }

    /// What was noted of it that is neither its begin nor something said.
    pub(super) fn notes(&mut self) -> Vec<Note> {
        let mut notes = self.actor.notes();
        notes.retain(|note| !matches!(note, Note::Opened { .. } | Note::Said { .. }));
        notes
    }
}
