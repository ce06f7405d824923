//! Client and server speak different generations of Engine.IO.
//!
//! What it looks like depends on who meets whom over what (and is never said in so many words):
//! a handshake framed with a length, a CONNECT without a socket id, code 5, or a 101 that is
//! followed by HTTP text. A client that then tries the other generation by itself needs no word.

use super::{Entry, Rule};
use crate::diagnosis::advice;
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange, Life};
use crate::journal::record::{Direction, Frame};
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::protocol::engine::Version;
use crate::protocol::engine::generation;

pub(super) const ENTRY: Entry = Entry {
    name: "generation-mismatch",
    about: "client and server speak different generations (Socket.IO 2 against 3 and 4)",
    on: Moments::EXCHANGE
        .and(Moments::REQUEST)
        .and(Moments::MESSAGE)
        .and(Moments::PACKET)
        .and(Moments::ENDED)
        .and(Moments::TIME)
        .and(Moments::FINISHED),
    gives_way_to: &[],
    make: || Box::new(GenerationMismatch::default()),
};

/// How long a client may take to try the other generation by itself, in microseconds.
const PATIENCE: u64 = 5_000_000;
/// Connections that are remembered.
const CONNECTIONS: usize = 50;

/// A mismatch that was seen and not said yet.
struct Seen {
    c: u32,
    at: u64,
    client: u8,
    evidence: Vec<u64>,
    sign: String,
}

#[derive(Default)]
struct GenerationMismatch {
    waiting: Option<Seen>,
    /// The connection after which the client tried the other generation. What still comes on it
    /// (the other namespaces' replies) is no news.
    mended: Option<u32>,
    told: Vec<u32>,
    evidence: Vec<u64>,
}

impl Rule for GenerationMismatch {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        match moment {
            Moment::Exchange(exchange) => self.exchange(exchange, scene, speech),
            Moment::Message(frame) => self.frame(frame, scene, speech),
            Moment::Packet(packet) => self.packet(packet, scene, speech),
            Moment::Ended(life) => self.ended(life, scene, speech),
            Moment::Request(_) => {
                // Only our own client tries the other generation; another one's is no mending.
                if let (Some(waiting), Some(c)) = (&self.waiting, scene.c)
                    && c > waiting.c
                    && !scene.story.several()
                {
                    let eio = scene.model.connections.get(&c).and_then(|found| found.eio);
                    if eio == Some(waiting.client) {
                        self.speak(speech);
                    } else {
                        self.mended = Some(waiting.c);
                        self.waiting = None;
                    }
                }
            }
            Moment::Time
                if self
                    .waiting
                    .as_ref()
                    .is_some_and(|waiting| waiting.at.saturating_add(PATIENCE) < scene.now) =>
            {
                self.speak(speech);
            }
            Moment::Finished => self.speak(speech),
            _ => {}
        }
    }
}

impl GenerationMismatch {
    fn saw(
        &mut self,
        c: u32,
        client: Option<u8>,
        evidence: Vec<u64>,
        sign: String,
        scene: &Scene<'_>,
        speech: &mut Speech<'_>,
    ) {
        let Some(client) = client else { return };
        if scene.story.is_faulted(c)
            || self.told.contains(&c)
            || self.mended == Some(c)
            || self.told.len() >= CONNECTIONS
            || self.waiting.as_ref().is_some_and(|waiting| waiting.c == c)
        {
            return;
        }
        self.speak(speech);
        self.waiting = Some(Seen {
            c,
            at: scene.now,
            client,
            evidence,
            sign,
        });
    }

    fn speak(&mut self, speech: &mut Speech<'_>) {
        let Some(seen) = self.waiting.take() else {
            return;
        };
        self.told.push(seen.c);
        if self.evidence.len() < 8 {
            self.evidence.extend(seen.evidence);
        }
        let (client, server, fix) = if seen.client == 4 {
            (
                "Engine.IO 4 (Socket.IO 3 and 4)",
                "Engine.IO 3 (Socket.IO 1 and 2)",
                advice::ONLY_V3,
            )
        } else {
            (
                "Engine.IO 3 (Socket.IO 1 and 2)",
                "Engine.IO 4 (Socket.IO 3 and 4)",
                advice::ONLY_V4,
            )
        };
        speech.say(Conclusion {
            subject: format!("{}", seen.client),
            connections: self.told.clone(),
            severity: Severity::Error,
            title: format!("the client speaks {client}, the server {server}"),
            evidence: self.evidence.clone(),
            why: format!(
                "The client asked with EIO={}, and {}. The two generations differ in the framing \
                 of polls, in who joins / and in who pings, so that this can't work.",
                seen.client, seen.sign
            ),
            fix: fix.to_owned(),
        });
    }

    fn exchange(&mut self, exchange: &Exchange, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(c) = exchange.c else { return };
        // Without `EIO` a server takes it for 3.
        let client = match exchange.eio.as_deref() {
            Some("4") => Some(4),
            Some("3") | None => Some(3),
            Some(_) => None,
        };
        if exchange.sid.is_none() && exchange.is_engine_error(5) && client == Some(3) {
            let words = exchange.refusal().message;
            let sign = format!("the server refused that: {words:?} (code 5)");
            return self.saw(c, client, exchange.evidence(), sign, scene, speech);
        }
        if exchange.asked != Asked::Handshake || exchange.status != 200 {
            return;
        }
        let kind = exchange.answer_header("content-type");
        let speaks = generation::from_first_body(&exchange.body, kind)
            .into_iter()
            .find_map(|clue| Some((clue.generation?, clue.evidence)));
        let Some((speaks, sign)) = speaks else { return };
        let framing = if generation::has_length_before_open(&exchange.body) {
            Version::V3
        } else {
            speaks.version()
        };
        let other = match client {
            Some(4) => framing == Version::V3,
            Some(3) => framing == Version::V4,
            _ => false,
        };
        if other {
            self.saw(
                c,
                client,
                exchange.evidence(),
                sign.to_owned(),
                scene,
                speech,
            );
        }
    }

    /// HTTP text where frames are due: the refusal of Engine.IO 3 over WebSocket.
    fn frame(&mut self, frame: &Frame, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        if frame.dir != Direction::ToClient || !frame.data.starts_with(b"HTTP/1.") {
            return;
        }
        let Some((status, body)) = generation::http_after_upgrade(&frame.data) else {
            return;
        };
        let Some(c) = scene.c else { return };
        if body.contains("Unsupported protocol version") {
            let client = scene.model.connections.get(&c).and_then(|found| found.eio);
            let sign = format!(
                "the server switched to WebSocket (101) and then wrote plain HTTP {status} into \
                 it: \"Unsupported protocol version\""
            );
            self.saw(c, client, vec![scene.n], sign, scene, speech);
        }
    }

    /// Where the relay kept no such frame, the end of the connection may name it.
    fn ended(&mut self, life: &Life, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let names = |text: &Option<String>| {
            text.as_deref()
                .is_some_and(|text| text.contains("Unsupported protocol version"))
        };
        if let (true, Some(ended)) = (names(&life.detail), life.ended) {
            let client = scene
                .model
                .connections
                .get(&life.c)
                .and_then(|found| found.eio)
                .filter(|eio| *eio == 3);
            let sign = "the server refused that: \"Unsupported protocol version\"".to_owned();
            self.saw(life.c, client, vec![ended.n], sign, scene, speech);
        }
    }

    /// A CONNECT without a socket id, to a client of Engine.IO 4.
    fn packet(&mut self, packet: &Packet, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Kind::Socket {
            name: "connect",
            data: None,
            ..
        } = &packet.kind
        else {
            return;
        };
        let Some(c) = scene.c else { return };
        let eio = scene.model.connections.get(&c).and_then(|found| found.eio);
        if packet.dir == Direction::ToClient && eio == Some(4) {
            let sign = "the server's CONNECT packet (`40`) carries no socket id, as Socket.IO 2 \
                        writes it"
                .to_owned();
            self.saw(c, eio, vec![packet.n], sign, scene, speech);
        }
    }
}
