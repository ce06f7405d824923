//! Namespaces: what was sent to join each, and what the server answered.

use std::collections::VecDeque;

use serde_json::Value;

use super::Place;
use crate::journal::record::Direction;
use crate::model::Packet;
use crate::model::decode::Kind;

/// How many are remembered.
const JOINS: usize = 2_000;

/// One try to join a namespace.
#[derive(Debug, Clone)]
pub struct Join {
    /// Connection.
    pub c: u32,
    /// Namespace, without the query that generation 2 writes into its name.
    pub nsp: String,
    /// That query.
    pub query: Option<String>,
    /// The record with the CONNECT; that of the handshake where [`Join::implied`]; that of the
    /// answer where the recording began later.
    pub asked: Place,
    /// Nothing was sent: in Engine.IO 3 the server connects `/` by itself.
    pub implied: bool,
    /// The CONNECT's data as raw JSON: auth, and what recovery wants.
    pub sent: Option<String>,
    /// What the server said.
    pub answer: Option<Answer>,
    /// A DISCONNECT, and which way it went.
    pub left: Option<(Place, Direction)>,
}

/// The answer to a CONNECT.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its record.
    pub place: Place,
    /// The server let us in; else it refused.
    pub welcome: bool,
    /// Its data as raw JSON.
    pub data: Option<String>,
}

impl Join {
    /// The namespace was joined at some time.
    pub fn welcomed(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.welcome)
    }

    /// The server refused.
    pub fn refused(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| !answer.welcome)
    }

    /// A text member of what was sent.
    pub fn sent_text(&self, key: &str) -> Option<String> {
        text_member(self.sent.as_deref()?, key)
    }

    /// A text member of what was answered.
    pub fn answered_text(&self, key: &str) -> Option<String> {
        text_member(self.answer.as_ref()?.data.as_deref()?, key)
    }

    /// Why it was refused, in the server's words: an object's `message`, a text, or the data.
    pub fn message(&self) -> String {
        let data = self
            .answer
            .as_ref()
            .and_then(|answer| answer.data.as_deref());
        let Some(data) = data else {
            return String::new();
        };
        match serde_json::from_str::<Value>(data) {
            Ok(Value::String(text)) => text,
            Ok(value) => match value.get("message").and_then(Value::as_str) {
                Some(message) => message.to_owned(),
                None => data.to_owned(),
            },
            Err(_) => data.to_owned(),
        }
    }

    /// What the refusal carries beside its message, as JSON.
    pub fn refusal_data(&self) -> Option<String> {
        let data = self.answer.as_ref()?.data.as_deref()?;
        let value = serde_json::from_str::<Value>(data).ok()?;
        Some(value.get("data")?.to_string())
    }

    /// The server has no such namespace. Node and socketioxide say `Invalid namespace`;
    /// python-socketio says `Unable to connect`, as a bare text.
    pub fn is_unknown_namespace(&self) -> bool {
        let message = self.message();
        message == "Invalid namespace" || (message == "Unable to connect" && self.is_bare())
    }

    /// The refusal was a text and no object: generation 2, or python.
    pub fn is_bare(&self) -> bool {
        self.answer
            .as_ref()
            .and_then(|answer| answer.data.as_deref())
            .is_some_and(|data| data.trim_start().starts_with('"'))
    }

    /// What the client showed to be let in: its auth without what belongs to recovery, or the
    /// namespace's query. `None` where it showed nothing.
    pub fn credentials(&self) -> Option<Value> {
        if let Some(query) = self.query.as_ref().filter(|query| !query.is_empty()) {
            return Some(Value::String(query.clone()));
        }
        let mut value = serde_json::from_str::<Value>(self.sent.as_deref()?).ok()?;
        if let Some(members) = value.as_object_mut() {
            members.remove("pid");
            members.remove("offset");
            if members.is_empty() {
                return None;
            }
        }
        Some(value)
    }

    /// Numbers of its records, the answer first.
    pub fn evidence(&self) -> Vec<u64> {
        let answered = self.answer.as_ref().map(|answer| answer.place.n);
        answered
            .into_iter()
            .chain((answered != Some(self.asked.n)).then_some(self.asked.n))
            .collect()
    }
}

fn text_member(json: &str, key: &str) -> Option<String> {
    let value = serde_json::from_str::<Value>(json).ok()?;
    Some(value.get(key)?.as_str()?.to_owned())
}

/// All that were tried, oldest first.
#[derive(Debug, Default)]
pub(super) struct Joins {
    pub(super) list: VecDeque<Join>,
}

impl Joins {
    /// Takes the packets of a record in. `eio` is the connection's Engine.IO version.
    pub(super) fn take(&mut self, place: Place, c: u32, eio: Option<u8>, packets: &[Packet]) {
        for packet in packets {
            match &packet.kind {
                Kind::Engine { name: "open", .. } if eio == Some(3) => {
                    let known = self.list.iter().rev().any(|join| join.c == c);
                    if !known {
                        self.begin(c, place, "/", None);
                        if let Some(join) = self.list.back_mut() {
                            join.implied = true;
                        }
                    }
                }
                Kind::Socket {
                    name, nsp, data, ..
                } => match (*name, packet.dir) {
                    ("connect", Direction::ToServer) => {
                        self.begin(c, place, nsp, data.clone());
                    }
                    ("connect", Direction::ToClient) => {
                        self.answered(c, place, nsp, true, data.clone());
                    }
                    ("connect_error", Direction::ToClient) => {
                        self.answered(c, place, nsp, false, data.clone());
                    }
                    ("disconnect", dir) => {
                        let joined = self.list.iter_mut().rev().find(|join| {
                            join.c == c && join.nsp == bare(nsp) && join.left.is_none()
                        });
                        if let Some(join) = joined {
                            join.left = Some((place, dir));
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn begin(&mut self, c: u32, asked: Place, nsp: &str, sent: Option<String>) {
        if self.list.len() >= JOINS {
            self.list.pop_front();
        }
        self.list.push_back(Join {
            c,
            nsp: bare(nsp).to_owned(),
            query: nsp.split_once('?').map(|(_, query)| query.to_owned()),
            asked,
            implied: false,
            sent,
            answer: None,
            left: None,
        });
    }

    fn answered(&mut self, c: u32, place: Place, nsp: &str, welcome: bool, data: Option<String>) {
        let nsp = bare(nsp);
        let waits = |join: &&mut Join| join.c == c && join.nsp == nsp && join.answer.is_none();
        if self.list.iter_mut().rev().find(waits).is_none() {
            self.begin(c, place, nsp, None);
        }
        if let Some(join) = self.list.iter_mut().find(waits) {
            join.answer = Some(Answer {
                place,
                welcome,
                data,
            });
        }
    }
}

/// A namespace's name without a query.
pub(crate) fn bare(nsp: &str) -> &str {
    nsp.split_once('?').map_or(nsp, |(name, _)| name)
}
