//! The Socket.IO side of one live connection: packets and time in, packets out. **Pure**: times
//! are microseconds since any moment and are passed in.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::matching::{Live, Played};
use super::report::Note;
use super::script::{End, Names, Say, Script};
use crate::protocol::engine::url::split_namespace_query;
use crate::protocol::engine::{self, Data, Version};
use crate::protocol::json;
use crate::protocol::socket::{
    Assembler, DecodeError, Limits, Packet, PacketKind, Progress, encode, encode_with_binary,
    msgpack,
};

/// A recorded id that is shorter than this may be a common word; it is left where it stands.
const SHORTEST_ID: usize = 8;
/// What was said one right after the other keeps its order, though the live client's deeds may lie
/// a little nearer or further apart than the recorded ones: microseconds that a line waits for that.
const SLACK: u64 = 50_000;
/// How many lines around a new one are looked at for that.
const NEIGHBOURS: usize = 64;
/// As for recorded sessions: older servers knew no limit of attachments.
const LIMITS: Limits = Limits {
    max_attachments: 10_000,
    max_depth: 256,
    max_bytes: 100_000_000,
};

/// How a script is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Play {
    /// Disconnects and ends by the server are left out.
    pub stay: bool,
    /// The connections of the session are played one after the other; the last one again.
    pub in_turn: bool,
}

/// What is to be done for the client, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Send this.
    Send(engine::Packet<'static>),
    /// End the connection.
    End(End),
}

/// Plays a script to one live connection.
#[derive(Debug)]
pub struct Actor {
    script: Arc<Script>,
    part: usize,
    play: Play,
    version: Version,
    sid: String,
    rooms: BTreeMap<String, Room>,
    /// How often each namespace was joined.
    joins: BTreeMap<String, usize>,
    /// Socket ids given so far.
    given: u32,
    /// By time, place in the script, and a number of its own.
    due: BTreeMap<(u64, usize, u64), Due>,
    order: u64,
    played: Played,
    questions: BTreeMap<(String, u64), usize>,
    assembler: Assembler,
    acts: VecDeque<Act>,
    notes: Vec<Note>,
}

/// The client in a namespace.
#[derive(Debug)]
struct Room {
    /// Tells joins of one namespace apart.
    join: usize,
    sid: String,
    asks: u64,
}

/// A line that waits for its time.
#[derive(Debug)]
struct Due {
    cue: usize,
    line: usize,
    nsp: String,
    join: usize,
    /// The id of the live event, where it asked for an ack.
    reply: Option<u64>,
}

/// A packet of the client, decoded.
struct Heard {
    kind: PacketKind,
    nsp: String,
    id: Option<u64>,
    data: Option<String>,
    event: Option<String>,
}

impl Actor {
    /// Plays `part` of the script to a connection with this engine sid.
    pub fn new(script: Arc<Script>, part: usize, sid: String, play: Play) -> Actor {
        let version = script
            .parts
            .get(part)
            .map_or(Version::V4, |part| part.version);
        Actor {
            part,
            play,
            version,
            sid,
            rooms: BTreeMap::new(),
            joins: BTreeMap::new(),
            given: 0,
            due: BTreeMap::new(),
            order: 0,
            played: Played::default(),
            questions: BTreeMap::new(),
            assembler: Assembler::new(LIMITS, version),
            acts: VecDeque::new(),
            notes: vec![Note::Opened { part }],
            script,
        }
    }

    /// The handshake was sent.
    pub fn open(&mut self, now: u64) {
        if self.version == Version::V3 {
            self.join(now, "/");
        }
    }

    /// A message of the client.
    pub fn hear(&mut self, now: u64, data: &Data<'_>) {
        self.advance(now);
        match self.read(data) {
            Ok(Some(heard)) => self.obey(now, heard),
            Ok(None) => {}
            Err(error) => self.notes.push(Note::Unreadable {
                why: error.to_string(),
            }),
        }
        self.advance(now);
    }

    /// Says what is due.
    pub fn advance(&mut self, now: u64) {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let due = entry.remove();
            self.say(&due);
        }
    }

    /// When [`Actor::advance`] has something to do next.
    pub fn deadline(&self) -> Option<u64> {
        self.due.first_key_value().map(|((at, ..), _)| *at)
    }

    /// The next thing to do for the client.
    pub fn act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// What is worth telling, oldest first; empties the list.
    pub fn notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    fn read(&mut self, data: &Data<'_>) -> Result<Option<Heard>, DecodeError> {
        let own = |data: Option<Cow<'_, str>>| data.map(Cow::into_owned);
        let heard = |packet: Packet<'_>| Heard {
            kind: packet.kind,
            nsp: packet.nsp.clone().into_owned(),
            id: packet.id,
            event: packet.event_name().map(Cow::into_owned),
            data: own(packet.data),
        };
        if self.script.msgpack {
            return Ok(Some(heard(match data {
                Data::Text(text) => msgpack::decode_text(text, &LIMITS)?.value,
                Data::Binary(bytes) => msgpack::decode(bytes, &LIMITS)?.value,
            })));
        }
        match data {
            Data::Text(text) => match self.assembler.push_text(text)? {
                Progress::Packet(packet) => Ok(Some(heard(packet.value))),
                Progress::Waiting(_) => Ok(None),
            },
            Data::Binary(bytes) => {
                let whole = self.assembler.push_binary(Bytes::copy_from_slice(bytes))?;
                Ok(whole.map(|whole| Heard {
                    data: whole.value.json,
                    ..heard(whole.value.packet)
                }))
            }
        }
    }

    fn obey(&mut self, now: u64, heard: Heard) {
        let nsp = split_namespace_query(&heard.nsp).0.to_owned();
        if heard.kind == PacketKind::Connect {
            // Generation 2 is in `/` already.
            if self.version == Version::V4 || nsp != "/" {
                self.join(now, &nsp);
            }
            return;
        }
        let Some(room) = self.rooms.get(&nsp) else {
            let what = heard.event.unwrap_or_else(|| heard.kind.name().to_owned());
            self.notes.push(Note::NotJoined { nsp, what });
            return;
        };
        let join = room.join;
        match heard.kind {
            PacketKind::Disconnect => {
                self.rooms.remove(&nsp);
            }
            PacketKind::Event | PacketKind::BinaryEvent => {
                let data = heard.data.unwrap_or_default();
                let event = heard.event.unwrap_or_default();
                let asked = heard.id.is_some();
                let live = Live {
                    nsp: &nsp,
                    event: &event,
                    data: &data,
                    asked,
                };
                match self.played.choose(&self.script, self.part, live) {
                    Some(found) => {
                        let (cue, equal, again) = (found.cue, found.equal, found.again);
                        self.notes.push(Note::Reached {
                            cue,
                            again,
                            other: (!equal).then_some(data),
                        });
                        self.play(now, cue, nsp, join, heard.id);
                    }
                    None => self.notes.push(Note::UnknownEvent { nsp, data, asked }),
                }
            }
            PacketKind::Ack | PacketKind::BinaryAck => {
                let id = heard.id.unwrap_or(u64::MAX);
                let asked = self.questions.remove(&(nsp.clone(), id));
                let Some(ask) = asked else {
                    let id = heard.id;
                    self.notes.push(Note::UnknownAnswer { nsp, id });
                    return;
                };
                // The recorded client may not have answered.
                if let Some(cue) = self.script.answer(ask) {
                    let (again, other) = (false, None);
                    self.notes.push(Note::Reached { cue, again, other });
                    self.play(now, cue, nsp, join, None);
                }
            }
            PacketKind::Connect | PacketKind::ConnectError => {}
        }
    }

    fn join(&mut self, now: u64, nsp: &str) {
        let cues = self.script.joins(self.part, nsp);
        let count = self.joins.entry(nsp.to_owned()).or_default();
        let cue = cues.get(*count).or(cues.last()).copied();
        *count = count.saturating_add(1);
        let join = *count;
        let implicit = self.version == Version::V3 && nsp == "/";
        let Some(cue) = cue else {
            if implicit {
                self.enter(nsp, join);
                self.send(PacketKind::Connect, nsp, None, None, false);
                return;
            }
            self.notes.push(Note::UnknownNamespace {
                nsp: nsp.to_owned(),
            });
            // What the reference answers.
            let refusal = match self.version {
                Version::V3 => "\"Invalid namespace\"",
                Version::V4 => "{\"message\":\"Invalid namespace\"}",
            };
            self.send(PacketKind::ConnectError, nsp, None, Some(refusal), false);
            return;
        };
        self.enter(nsp, join);
        let (again, other) = (join > cues.len(), None);
        self.notes.push(Note::Reached { cue, again, other });
        self.play(now, cue, nsp.to_owned(), join, None);
        self.advance(now);
    }

    fn enter(&mut self, nsp: &str, join: usize) {
        self.given = self.given.saturating_add(1);
        let sid = match self.version {
            Version::V4 => socket_id(&self.sid, self.given),
            Version::V3 if nsp == "/" => self.sid.clone(),
            Version::V3 => format!("{nsp}#{}", self.sid),
        };
        self.rooms
            .insert(nsp.to_owned(), Room { join, sid, asks: 0 });
    }

    /// Plans the lines of a cue.
    fn play(&mut self, now: u64, cue: usize, nsp: String, join: usize, reply: Option<u64>) {
        let lines = self.script.cues.get(cue).map_or(&[][..], |cue| &cue.lines);
        let planned: Vec<(u64, usize)> = lines
            .iter()
            .map(|line| (now.saturating_add(line.after), line.place))
            .collect();
        for (line, (at, place)) in planned.into_iter().enumerate() {
            let at = self.in_order(at, place);
            self.order = self.order.saturating_add(1);
            self.due.insert(
                (at, place, self.order),
                Due {
                    cue,
                    line,
                    nsp: nsp.clone(),
                    join,
                    reply,
                },
            );
        }
    }

    /// When a line is to be said that is due at `at`, so that neighbours keep the recorded order:
    /// it waits for those before it, and those after it wait for it.
    fn in_order(&mut self, at: u64, place: usize) -> u64 {
        let late = at.saturating_add(SLACK);
        let before = self.due.range((at, 0, 0)..(late, usize::MAX, u64::MAX));
        let before = before
            .take(NEIGHBOURS)
            .filter(|((_, of, _), _)| *of < place);
        let at = before.map(|((at, ..), _)| *at).max().unwrap_or(at);
        let early = at.saturating_sub(SLACK);
        let after: Vec<(u64, usize, u64)> = self
            .due
            .range((early, 0, 0)..(at, 0, 0))
            .rev()
            .take(NEIGHBOURS)
            .map(|(key, _)| *key)
            .filter(|(_, of, _)| *of > place)
            .collect();
        for key in after {
            if let Some(due) = self.due.remove(&key) {
                self.due.insert((at, key.1, key.2), due);
            }
        }
        at
    }

    fn say(&mut self, due: &Due) {
        let script = Arc::clone(&self.script);
        let (Some(cue), Some(line)) = (script.cues.get(due.cue), script.line(due.cue, due.line))
        else {
            return;
        };
        let here = self
            .rooms
            .get(&due.nsp)
            .is_some_and(|room| room.join == due.join);
        // An end follows the last DISCONNECT; everything else needs its namespace.
        if !here && !matches!(line.say, Say::End(_)) {
            return;
        }
        let nsp = due.nsp.as_str();
        match &line.say {
            Say::Connected { data } => {
                let data = self.welcome(nsp, data.as_deref());
                self.send(PacketKind::Connect, nsp, None, data.as_deref(), false);
            }
            Say::Refused { data } => {
                self.rooms.remove(nsp);
                self.send(PacketKind::ConnectError, nsp, None, data.as_deref(), false);
            }
            Say::Event { data, binary, ask } => {
                let data = self.renamed(cue.part, data);
                let id = ask.and_then(|ask| self.question(nsp, ask));
                self.send(PacketKind::Event, nsp, id, Some(&data), *binary);
            }
            Say::Ack { data, binary } => {
                let Some(id) = due.reply else { return };
                let data = data.as_deref().map(|data| self.renamed(cue.part, data));
                self.send(PacketKind::Ack, nsp, Some(id), data.as_deref(), *binary);
            }
            Say::Disconnect | Say::End(_) if self.play.stay => return,
            Say::Disconnect => {
                self.rooms.remove(nsp);
                self.send(PacketKind::Disconnect, nsp, None, None, false);
            }
            Say::End(end) => self.acts.push_back(Act::End(end.clone())),
        }
        let (cue, line) = (due.cue, due.line);
        self.notes.push(Note::Said { cue, line });
    }

    /// The id of a question to the client.
    fn question(&mut self, nsp: &str, ask: usize) -> Option<u64> {
        let room = self.rooms.get_mut(nsp)?;
        let id = room.asks;
        room.asks = room.asks.saturating_add(1);
        self.questions.insert((nsp.to_owned(), id), ask);
        Some(id)
    }

    /// The object of a CONNECT, with ids of our own.
    fn welcome(&self, nsp: &str, data: Option<&str>) -> Option<String> {
        if self.version == Version::V3 {
            return data.map(str::to_owned);
        }
        let sid = json::quote(self.rooms.get(nsp).map_or("", |room| &room.sid));
        let members = json::members(data.unwrap_or("{\"sid\":\"\"}")).unwrap_or_default();
        let members: Vec<String> = members
            .into_iter()
            .map(|(key, value)| {
                let name = json::unescape(key).unwrap_or_default();
                match name.as_ref() {
                    "sid" => format!("{key}:{sid}"),
                    // The same pid again would tell a client that it has missed nothing.
                    "pid" if !self.play.in_turn => {
                        format!("{key}:{}", json::quote(&socket_id(&self.sid, 0)))
                    }
                    _ => format!("{key}:{value}"),
                }
            })
            .collect();
        Some(format!("{{{}}}", members.join(",")))
    }

    /// A recorded text with the ids of this connection.
    fn renamed(&self, part: usize, text: &str) -> String {
        let ids = self
            .script
            .parts
            .get(part)
            .map_or(&[][..], |part| &part.ids);
        let mut text = text.to_owned();
        for (recorded, names) in ids {
            if recorded.len() < SHORTEST_ID || !text.contains(recorded.as_str()) {
                continue;
            }
            let ours = match names {
                Names::Engine => Some(&self.sid),
                Names::Socket(nsp) => self.rooms.get(nsp).map(|room| &room.sid),
            };
            if let Some(ours) = ours {
                text = text.replace(recorded.as_str(), ours);
            }
        }
        text
    }

    fn send(
        &mut self,
        kind: PacketKind,
        nsp: &str,
        id: Option<u64>,
        data: Option<&str>,
        binary: bool,
    ) {
        let packet = Packet {
            kind,
            attachments: 0,
            nsp: Cow::Borrowed(nsp),
            id,
            data: data.map(Cow::Borrowed),
        };
        let mut packets = Vec::new();
        if self.script.msgpack {
            let control = !kind.is_event() && !kind.is_ack();
            if control && self.version == Version::V3 {
                packets.push(engine::Packet::message(msgpack::encode_text(&packet)));
            } else {
                match msgpack::encode(&packet, &LIMITS) {
                    Ok(bytes) => packets.push(engine::Packet::binary(bytes)),
                    Err(error) => self.unsayable(&error),
                }
            }
        } else if binary {
            match encode_with_binary(kind, nsp, id, data.unwrap_or_default()) {
                Ok(encoded) => {
                    packets.push(engine::Packet::message(encoded.text));
                    for attachment in encoded.attachments {
                        packets.push(engine::Packet::binary(attachment.to_vec()));
                    }
                }
                Err(error) => self.unsayable(&error),
            }
        } else {
            packets.push(engine::Packet::message(encode(&packet)));
        }
        self.acts.extend(packets.into_iter().map(Act::Send));
    }

    fn unsayable(&mut self, error: &DecodeError) {
        self.notes.push(Note::Unreadable {
            why: format!("a recorded packet can't be sent again: {error}"),
        });
    }
}

/// A socket id made from the engine's: unlike it, and unlike those before.
fn socket_id(engine: &str, count: u32) -> String {
    let kept: String = engine.chars().take(14).collect();
    format!("{kept}S{count:05}")
}

#[cfg(test)]
mod tests;
