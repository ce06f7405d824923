//! The Engine.IO side of one live connection: transports, upgrade, heartbeat and end around an
//! [`Actor`]. **Pure**: times are microseconds since any moment and are passed in.
//!
//! Whoever does the IO asks [`Session::poll`] for each GET and [`Session::frames`] for the
//! WebSocket, hands in what came by [`Session::hear`], calls [`Session::advance`] when
//! [`Session::deadline`] has come, and looks again whenever [`Session::stamp`] has changed.

use std::sync::Arc;

use super::actor::{Act, Actor, Play};
use super::report::Note;
use super::script::{End, Part, Script};
use crate::protocol::engine::message::{self, Message};
use crate::protocol::engine::payload::{self, Body};
use crate::protocol::engine::url::Transport;
use crate::protocol::engine::{Packet, PacketKind, Revision, Version};
use crate::protocol::json;

/// How long a probe may take (the reference server's `upgradeTimeout`).
const UPGRADE: u64 = 10_000_000;

/// How a connection begins.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The part of the script that it plays.
    pub part: usize,
    /// Its engine sid.
    pub sid: String,
    /// What its handshake comes over.
    pub transport: Transport,
    /// It asked for no raw binary (`b64=1`).
    pub base64: bool,
    /// How the script is played.
    pub play: Play,
}

/// One live connection.
#[derive(Debug)]
pub struct Session {
    actor: Actor,
    part: usize,
    version: Version,
    revision: Revision,
    base64: bool,
    interval: u64,
    timeout: u64,
    carrier: Transport,
    /// Until when a WebSocket may prove itself.
    probing: Option<u64>,
    /// It did; polls are to come to an end.
    proved: bool,
    out: Vec<Packet<'static>>,
    end: Option<End>,
    over: Option<Over>,
    /// Since when it says nothing any more.
    silent: Option<u64>,
    ping_at: u64,
    answer_by: Option<u64>,
    heard_at: u64,
    /// The newest poll.
    polls: u64,
    stamp: u64,
    notes: Vec<Note>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// The client said so.
    Left,
    /// We said so.
    Ended,
    /// The TCP connection is to go without a word.
    Cut,
    /// The client was silent for too long.
    Lost,
}

/// What a poll gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// Nothing yet: ask again when the stamp has changed or the deadline has come.
    Wait,
    /// This body.
    Body(Body),
    /// No answer: its TCP connection ends.
    Cut,
    /// The connection is not known any more.
    Unknown,
}

/// What goes out on the WebSocket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frames {
    /// Messages, in order.
    pub messages: Vec<Message>,
    /// The WebSocket ends after them, so.
    pub end: Option<End>,
}

impl Session {
    /// Begins a connection; its handshake is what it sends first. `None` where the script has no
    /// such part.
    pub fn open(script: &Arc<Script>, opening: Opening, now: u64) -> Option<Session> {
        let part = script.parts.get(opening.part)?;
        let handshake = handshake(part, &opening);
        let index = opening.part;
        let actor = Actor::new(Arc::clone(script), opening.part, opening.sid, opening.play);
        let mut session = Session {
            actor,
            part: index,
            version: part.version,
            revision: part.revision,
            base64: opening.base64,
            interval: part.interval.max(1_000),
            timeout: part.timeout.max(1_000),
            carrier: opening.transport,
            probing: None,
            proved: false,
            out: vec![Packet::text(PacketKind::Open, handshake)],
            end: None,
            over: None,
            silent: None,
            ping_at: now.saturating_add(part.interval.max(1_000)),
            answer_by: None,
            heard_at: now,
            polls: 0,
            stamp: 1,
            notes: Vec::new(),
        };
        session.actor.open(now);
        session.collect(now);
        Some(session)
    }

    /// The protocol that it speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The part of the script that it plays.
    pub fn part(&self) -> usize {
        self.part
    }

    /// What carries packets.
    pub fn carrier(&self) -> Transport {
        self.carrier
    }

    /// Changes whenever there is something to fetch or an end to notice.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Nothing will come of it any more.
    pub fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Its client was silent for too long.
    pub fn is_lost(&self) -> bool {
        self.over == Some(Over::Lost)
    }

    /// What is worth telling, oldest first; empties the list.
    pub fn notes(&mut self) -> Vec<Note> {
        let mut notes = self.actor.notes();
        notes.append(&mut self.notes);
        notes
    }

    /// Lets time pass.
    pub fn advance(&mut self, now: u64) {
        if self.over.is_some() {
            return;
        }
        self.actor.advance(now);
        self.collect(now);
        if self.probing.is_some_and(|until| until <= now) {
            self.end_probe();
        }
        if let Some(since) = self.silent {
            let patience = self.interval.saturating_add(self.timeout);
            if now >= since.saturating_add(patience.saturating_mul(2)) {
                self.finish(Over::Lost);
            }
            return;
        }
        match self.version {
            Version::V4 if self.answer_by.is_some_and(|by| by <= now) => self.finish(Over::Lost),
            Version::V4 if self.answer_by.is_none() && self.ping_at <= now => {
                self.answer_by = Some(now.saturating_add(self.timeout));
                self.out.push(Packet::bare(PacketKind::Ping));
                self.touch();
            }
            Version::V3 if self.silent_until() <= now => self.finish(Over::Lost),
            _ => {}
        }
    }

    /// When [`Session::advance`] has something to do next.
    pub fn deadline(&self) -> Option<u64> {
        if self.over.is_some() {
            return None;
        }
        let beat = match (self.silent, self.version, self.answer_by) {
            (Some(since), ..) => {
                let patience = self.interval.saturating_add(self.timeout);
                since.saturating_add(patience.saturating_mul(2))
            }
            (None, Version::V4, Some(by)) => by,
            (None, Version::V4, None) => self.ping_at,
            (None, Version::V3, _) => self.silent_until(),
        };
        [self.actor.deadline(), self.probing]
            .into_iter()
            .flatten()
            .chain([beat])
            .min()
    }

    /// A packet of the client, over its carrier.
    pub fn hear(&mut self, now: u64, packet: &Packet<'_>) {
        if self.over.is_some() {
            return;
        }
        self.heard_at = now;
        match packet.kind {
            PacketKind::Message => {
                self.actor.hear(now, &packet.data);
                self.collect(now);
            }
            PacketKind::Ping if self.version == Version::V3 => {
                if self.silent.is_none() {
                    let data = packet.data.as_text().unwrap_or_default().to_owned();
                    self.out.push(Packet::text(PacketKind::Pong, data));
                    self.touch();
                }
            }
            PacketKind::Pong if self.version == Version::V4 => {
                self.answer_by = None;
                self.ping_at = now.saturating_add(self.interval);
                self.touch();
            }
            PacketKind::Close => self.finish(Over::Left),
            PacketKind::Ping | PacketKind::Pong => self.notes.push(Note::Unreadable {
                why: format!(
                    "an Engine.IO {} packet, which this side of protocol {} does not send",
                    packet.kind,
                    self.version.digit()
                ),
            }),
            PacketKind::Open | PacketKind::Upgrade | PacketKind::Noop => {}
        }
    }

    /// The body of a post. What is undecodable ends the connection, as in the reference.
    pub fn post(&mut self, now: u64, body: &[u8], content_type: Option<&str>) {
        let payload = payload::decode_body(body, content_type, self.version, self.revision);
        for packet in &payload.packets {
            self.hear(now, &packet.value);
        }
        if let Some(error) = payload.error {
            self.notes.push(Note::Unreadable {
                why: format!("the body of a post: {error}"),
            });
            self.finish(Over::Ended);
        }
    }

    /// A new poll; a number to ask with. One that still waits is answered with a noop.
    pub fn begin_poll(&mut self) -> u64 {
        self.polls = self.polls.saturating_add(1);
        self.touch();
        self.polls
    }

    /// What poll `number` gets now.
    pub fn poll(&mut self, number: u64) -> Polled {
        match self.over {
            Some(Over::Left) => return self.noop(),
            Some(Over::Cut) => return Polled::Cut,
            Some(Over::Lost | Over::Ended) => return Polled::Unknown,
            None => {}
        }
        if number != self.polls || self.carrier == Transport::Websocket {
            return self.noop();
        }
        let mut packets = std::mem::take(&mut self.out);
        match self.end.take() {
            // In a poll of its own, as the reference sends it: clients obey a close at once, and
            // before what stands with it in the same body.
            Some(End::Close { .. }) if packets.is_empty() => {
                packets.push(Packet::bare(PacketKind::Close));
                self.finish(Over::Ended);
            }
            Some(end) if packets.is_empty() => {
                drop(end);
                self.finish(Over::Cut);
                return Polled::Cut;
            }
            Some(end) => self.end = Some(end),
            None => {}
        }
        if packets.is_empty() {
            return match self.proved {
                true => self.noop(),
                false => Polled::Wait,
            };
        }
        Polled::Body(self.body(&packets))
    }

    /// A WebSocket asks for this connection. False where it already has one.
    pub fn begin_probe(&mut self, now: u64) -> bool {
        let free =
            self.over.is_none() && self.carrier == Transport::Polling && self.probing.is_none();
        if free {
            self.probing = Some(now.saturating_add(UPGRADE));
        }
        free
    }

    /// Whether a WebSocket that began to prove itself may still do so.
    pub fn is_probing(&self) -> bool {
        self.over.is_none() && self.probing.is_some()
    }

    /// The client answered the probe's answer: the WebSocket carries from now on.
    pub fn upgrade(&mut self) {
        if self.probing.take().is_some() {
            self.proved = false;
            self.carrier = Transport::Websocket;
            self.touch();
        }
    }

    /// The probe worked: polls are to come to an end.
    pub fn probed(&mut self) {
        self.proved = self.probing.is_some();
        self.touch();
    }

    /// The WebSocket that proved itself has gone.
    pub fn end_probe(&mut self) {
        (self.probing, self.proved) = (None, false);
        self.touch();
    }

    /// The WebSocket that carries has gone.
    pub fn dropped(&mut self) {
        self.finish(Over::Left);
    }

    /// What goes out on the WebSocket now.
    pub fn frames(&mut self) -> Frames {
        if self.carrier != Transport::Websocket {
            return Frames::default();
        }
        let messages = std::mem::take(&mut self.out)
            .iter()
            .map(|packet| message::encode(packet, self.version, self.base64))
            .collect();
        let mut end = self.end.take();
        match (&end, self.over) {
            (Some(_), _) => self.finish(Over::Ended),
            (None, Some(_)) => {
                end = Some(End::Close {
                    code: None,
                    reason: None,
                });
            }
            (None, None) => {}
        }
        Frames { messages, end }
    }

    /// Ends the connection politely: the server goes.
    pub fn shut(&mut self) {
        if self.over.is_none() {
            self.end = Some(End::Close {
                code: None,
                reason: None,
            });
            self.touch();
        }
    }

    fn noop(&self) -> Polled {
        Polled::Body(self.body(&[Packet::bare(PacketKind::Noop)]))
    }

    fn body(&self, packets: &[Packet<'_>]) -> Body {
        payload::encode_body(packets, self.version, self.revision, !self.base64)
    }

    /// Takes over what the actor does.
    fn collect(&mut self, now: u64) {
        while let Some(act) = self.actor.act() {
            if self.silent.is_some() || self.end.is_some() {
                continue;
            }
            match act {
                Act::Send(packet) => self.out.push(packet),
                Act::End(End::Silence) => self.silent = Some(now),
                Act::End(end) => self.end = Some(end),
            }
            self.touch();
        }
    }

    fn silent_until(&self) -> u64 {
        let patience = self.interval.saturating_add(self.timeout);
        self.heard_at.saturating_add(patience)
    }

    fn finish(&mut self, how: Over) {
        if self.over.is_none() {
            self.over = Some(how);
            self.touch();
        }
    }

    fn touch(&mut self) {
        self.stamp = self.stamp.saturating_add(1);
    }
}

/// The recorded handshake with a sid of our own. A connection that begins over another transport
/// than the recorded one is told the upgrades that fit.
fn handshake(part: &Part, opening: &Opening) -> String {
    let upgrades = match (part.transport, opening.transport) {
        (_, Transport::Websocket) => Some("[]"),
        (Transport::Websocket, Transport::Polling) => Some("[\"websocket\"]"),
        (Transport::Polling, Transport::Polling) => None,
    };
    let sid = json::quote(&opening.sid);
    if part.handshake.is_empty() {
        return format!(
            "{{\"sid\":{sid},\"upgrades\":{},\"pingInterval\":{},\"pingTimeout\":{}}}",
            upgrades.unwrap_or("[\"websocket\"]"),
            part.interval / 1_000,
            part.timeout / 1_000
        );
    }
    let members: Vec<String> = part
        .handshake
        .iter()
        .map(|(key, value)| {
            let value = match json::unescape(key).as_deref() {
                Some("sid") => &sid,
                Some("upgrades") => upgrades.unwrap_or(value),
                _ => value,
            };
            format!("{key}:{value}")
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests;
