//! What a recorded session says of its server: cues and the lines upon them. **Pure.**

mod read;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::protocol::engine::url::Transport;
use crate::protocol::engine::{Revision, Version};

pub use read::Reader;

/// The server's side of a session.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Its connections, in order; those that say nothing are left out.
    pub parts: Vec<Part>,
    /// What clients did in them, in order of the records.
    pub cues: Vec<Cue>,
    /// The HTTP path that clients asked for, without its last slash.
    pub path: String,
    /// The session's packets are msgpack.
    pub msgpack: bool,
    /// Cues that are events, by what they say; see `matching`.
    pub(super) events: HashMap<(String, String), Vec<usize>>,
    /// Cues that answer questions, by the question's number.
    answers: HashMap<usize, usize>,
}

/// One recorded connection.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its number in the session.
    pub c: u32,
    /// Engine.IO protocol.
    pub version: Version,
    /// Which Socket.IO's reading of it.
    pub revision: Revision,
    /// What the handshake came over.
    pub transport: Transport,
    /// The members of the handshake as they came: raw key and raw value.
    pub handshake: Vec<(String, String)>,
    /// `Set-Cookie` headers of the handshake.
    pub cookies: Vec<String>,
    /// Microseconds between two pings.
    pub interval: u64,
    /// Microseconds that the other side may take to answer.
    pub timeout: u64,
    /// Largest body of a post, in bytes.
    pub max_payload: Option<u64>,
    /// Ids that the recorded server gave, and what each names.
    pub ids: Vec<(String, Names)>,
}

/// What a recorded id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// The engine session.
    Engine,
    /// The socket of this namespace.
    Socket(String),
}

/// Something that a client did.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    /// The record of it.
    pub n: u64,
    /// The connection, as an index of [`Script::parts`].
    pub part: usize,
    /// Namespace.
    pub nsp: String,
    /// What it was.
    pub what: What,
    /// What the server said upon it, in order.
    pub lines: Vec<Line>,
}

/// What a client did.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// It joined the namespace; `implicit` where the server let it in unasked (`/`, generation 2).
    Join {
        /// No CONNECT was needed.
        implicit: bool,
    },
    /// It emitted an event.
    Event {
        /// The event's name.
        event: String,
        /// The whole array as JSON, name first, binary as `{"$binary":"<base64>"}`.
        data: String,
        /// It asked for an ack.
        asked: bool,
    },
    /// It answered a question of the server.
    Answer {
        /// See [`Say::Event`].
        ask: usize,
    },
}

/// Something that the server said.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The record of it.
    pub n: u64,
    /// Its place among all lines of the script, as they were said.
    pub place: usize,
    /// Microseconds after its cue.
    pub after: u64,
    /// What it said.
    pub say: Say,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq)]
pub enum Say {
    /// CONNECT: the client is in.
    Connected {
        /// Its object as JSON.
        data: Option<String>,
    },
    /// CONNECT_ERROR: it is not.
    Refused {
        /// Object or text, as JSON.
        data: Option<String>,
    },
    /// An event.
    Event {
        /// The whole array as JSON, binary as `{"$binary":"<base64>"}`.
        data: String,
        /// It has attachments.
        binary: bool,
        /// It asks for an ack: the question's number within the script.
        ask: Option<usize>,
    },
    /// The ack that its cue asked for.
    Ack {
        /// As in `Event`; `None` for an ack without its array.
        data: Option<String>,
        /// It has attachments.
        binary: bool,
    },
    /// DISCONNECT.
    Disconnect,
    /// The connection's end.
    End(End),
}

/// How a server ends a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// In the way of the engine: a WebSocket close frame, or a close packet over polling.
    Close {
        /// The close code; `None` where the frame carried none.
        code: Option<u16>,
        /// The close reason.
        reason: Option<String>,
    },
    /// Without a word: the TCP connection goes, the session is forgotten.
    Cut,
    /// It says nothing any more, and the client gives up.
    Silence,
}

impl Script {
    /// The parts of an Engine.IO protocol, in order.
    pub fn parts_of(&self, version: Version) -> impl Iterator<Item = usize> + '_ {
        (0..self.parts.len())
            .filter(move |index| self.parts.get(*index).map(|part| part.version) == Some(version))
    }

    /// What the first connection of a protocol plays: the first part in which the client got
    /// into a namespace or was refused, else the first at all.
    pub fn opening(&self, version: Version) -> Option<usize> {
        let answered = |part: &usize| {
            let of_it = |cue: &&Cue| cue.part == *part && matches!(cue.what, What::Join { .. });
            self.cues
                .iter()
                .filter(of_it)
                .any(|cue| !cue.lines.is_empty())
        };
        self.parts_of(version)
            .find(answered)
            .or_else(|| self.parts_of(version).next())
    }

    /// The joins of a namespace that connection `part` plays: its own, else those of the first
    /// part of its protocol that has any.
    pub fn joins(&self, part: usize, nsp: &str) -> Vec<usize> {
        let version = self.parts.get(part).map(|part| part.version);
        let mut found: Vec<usize> = Vec::new();
        let mut of = None;
        for (index, cue) in self.cues.iter().enumerate() {
            let fits = matches!(cue.what, What::Join { .. })
                && cue.nsp == nsp
                && self.parts.get(cue.part).map(|part| part.version) == version;
            if !fits {
                continue;
            }
            if cue.part == part && of != Some(part) {
                (of, found) = (Some(part), Vec::new());
            }
            if of.is_none() {
                of = Some(cue.part);
            }
            if of == Some(cue.part) {
                found.push(index);
            }
        }
        found
    }

    /// The cue that answers question `ask`.
    pub fn answer(&self, ask: usize) -> Option<usize> {
        self.answers.get(&ask).copied()
    }

    /// A line of a cue.
    pub fn line(&self, cue: usize, line: usize) -> Option<&Line> {
        self.cues.get(cue)?.lines.get(line)
    }
}
