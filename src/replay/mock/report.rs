//! What clients did that the session does not know, and what of the session was not played.
//! **Pure.**

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::value::RawValue;

use super::script::{Cue, Line, Say, Script, What};
use crate::journal::redact;
use crate::protocol::json;

/// Different things that are listed of one sort; what comes on top is counted only.
const LISTED: usize = 1_000;
/// Entries of one sort in the text; the JSON has all.
const SHOWN: usize = 20;
/// Characters of arguments in the text.
const ARGUMENTS: usize = 120;

/// Something about one live connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It was opened, and plays this part of the script.
    Opened {
        /// Index of the part.
        part: usize,
    },
    /// It did what a cue says.
    Reached {
        /// Index of the cue.
        cue: usize,
        /// More often than the session has it.
        again: bool,
        /// With other arguments: its own array.
        other: Option<String>,
    },
    /// A line was said.
    Said {
        /// Index of the cue.
        cue: usize,
        /// Index of the line among the cue's.
        line: usize,
    },
    /// It emitted an event that the session has not in that namespace.
    UnknownEvent {
        /// Namespace.
        nsp: String,
        /// The whole array.
        data: String,
        /// It asked for an ack, which it won't get.
        asked: bool,
    },
    /// It asked to join a namespace that the session has not; it was refused.
    UnknownNamespace {
        /// Namespace.
        nsp: String,
    },
    /// It answered what was not asked.
    UnknownAnswer {
        /// Namespace.
        nsp: String,
        /// Ack id.
        id: Option<u64>,
    },
    /// It spoke in a namespace that it is not in.
    NotJoined {
        /// Namespace.
        nsp: String,
        /// Name of the event, or of the kind of packet.
        what: String,
    },
    /// It sent what can't be read.
    Unreadable {
        /// Why.
        why: String,
    },
    /// It was turned away before it had a connection.
    TurnedAway {
        /// Why.
        why: String,
    },
}

/// Something that the session does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stranger {
    what: &'static str,
    nsp: Option<String>,
    /// An event's array; words for the rest.
    data: Option<String>,
    words: Option<String>,
    asked: bool,
}

/// Gathers notes over all connections.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Connections that were opened.
    pub clients: u64,
    parts: Vec<usize>,
    reached: BTreeMap<usize, u64>,
    said: BTreeMap<(usize, usize), u64>,
    unknown: BTreeMap<Stranger, u64>,
    /// By cue: how often with other arguments, and those of the first time.
    others: BTreeMap<usize, (u64, String)>,
    /// By cue: how often more than recorded.
    again: BTreeMap<usize, u64>,
    unlisted: u64,
}

impl Report {
    /// Takes a note of the connection with this number; gives what a person should know at once,
    /// the first time that it happens.
    pub fn take(&mut self, script: &Script, client: u64, note: Note) -> Option<String> {
        let stranger = |what, nsp: Option<String>, words: Option<String>| Stranger {
            what,
            nsp,
            data: None,
            words,
            asked: false,
        };
        let found = match note {
            Note::Opened { part } => {
                self.clients = self.clients.saturating_add(1);
                if !self.parts.contains(&part) {
                    self.parts.push(part);
                }
                return None;
            }
            Note::Said { cue, line } => {
                let count = self.said.entry((cue, line)).or_default();
                *count = count.saturating_add(1);
                return None;
            }
            Note::Reached { cue, again, other } => {
                let count = self.reached.entry(cue).or_default();
                *count = count.saturating_add(1);
                if again {
                    let count = self.again.entry(cue).or_default();
                    *count = count.saturating_add(1);
                }
                let data = other?;
                let first = !self.others.contains_key(&cue);
                let entry = self.others.entry(cue).or_insert((0, data.clone()));
                entry.0 = entry.0.saturating_add(1);
                let cue = script.cues.get(cue).filter(|_| first)?;
                return Some(format!(
                    "client {client}: {} differs from record {}, which answers it: {}",
                    event(&cue.nsp, &data),
                    cue.n,
                    shown(cue)
                ));
            }
            Note::UnknownEvent { nsp, data, asked } => Stranger {
                what: "event",
                nsp: Some(nsp),
                data: Some(data),
                words: None,
                asked,
            },
            Note::UnknownNamespace { nsp } => stranger("namespace", Some(nsp), None),
            Note::UnknownAnswer { nsp, id } => {
                let id = id.map_or("no id".to_owned(), |id| format!("id {id}"));
                stranger("answer", Some(nsp), Some(id))
            }
            Note::NotJoined { nsp, what } => stranger("not_joined", Some(nsp), Some(what)),
            Note::Unreadable { why } => stranger("unreadable", None, Some(why)),
            Note::TurnedAway { why } => stranger("turned_away", None, Some(why)),
        };
        if let Some(count) = self.unknown.get_mut(&found) {
            *count = count.saturating_add(1);
            return None;
        }
        if self.unknown.len() >= LISTED {
            self.unlisted = self.unlisted.saturating_add(1);
            return None;
        }
        let told = match found.what {
            "turned_away" => found.words(),
            _ => format!("client {client}: {}", found.words()),
        };
        self.unknown.insert(found, 1);
        Some(told)
    }

    /// Whether clients did something that the session does not know.
    pub fn has_unknown(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// Cues that no client reached: those of the parts that were played, and of all parts where
    /// they are events or answers.
    fn unreached<'s>(&self, script: &'s Script) -> Vec<&'s Cue> {
        let expected = |cue: &Cue| match &cue.what {
            What::Join { implicit: true } => false,
            What::Join { .. } => self.parts.is_empty() || self.parts.contains(&cue.part),
            What::Event { .. } | What::Answer { .. } => true,
        };
        let cues = script.cues.iter().enumerate();
        cues.filter(|(index, cue)| expected(cue) && !self.reached.contains_key(index))
            .map(|(_, cue)| cue)
            .collect()
    }

    /// Lines of reached cues that were never said, because the clients left before.
    fn unsaid<'s>(&self, script: &'s Script) -> Vec<(&'s Cue, &'s Line)> {
        let mut found = Vec::new();
        for index in self.reached.keys() {
            let Some(cue) = script.cues.get(*index) else {
                continue;
            };
            for (place, line) in cue.lines.iter().enumerate() {
                if !self.said.contains_key(&(*index, place)) {
                    found.push((cue, line));
                }
            }
        }
        found
    }

    /// The summary for a person.
    pub fn text(&self, script: &Script) -> String {
        let mut out = String::new();
        let of = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        let clients = usize::try_from(self.clients).unwrap_or(usize::MAX);
        let _ = writeln!(
            out,
            "played to {}; the clients reached {} of the session's {}",
            of(clients, "connection", "connections"),
            self.reached.len(),
            of(script.cues.len(), "cue", "cues"),
        );
        let times = |count: u64| match count {
            1 => String::new(),
            count => format!(" ({count} times)"),
        };
        let unknown = self.unknown.iter();
        list(
            &mut out,
            "not in the session",
            unknown.map(|(one, count)| format!("{}{}", one.words(), times(*count))),
        );
        if self.unlisted > 0 {
            let _ = writeln!(out, "  and {} more that were not kept", self.unlisted);
        }
        let others = self.others.iter().filter_map(|(index, (count, data))| {
            let cue = script.cues.get(*index)?;
            let live = event(&cue.nsp, data);
            Some(format!(
                "{live} for record {}: {}{}",
                cue.n,
                shown(cue),
                times(*count)
            ))
        });
        list(&mut out, "answered, but with other arguments", others);
        let again = self.again.iter().filter_map(|(index, count)| {
            let cue = script.cues.get(*index)?;
            Some(format!("record {}: {}{}", cue.n, shown(cue), times(*count)))
        });
        list(
            &mut out,
            "more often than in the session (the answer was played again)",
            again,
        );
        let unreached = self.unreached(script);
        list(
            &mut out,
            "in the session, but no client did it",
            unreached
                .iter()
                .map(|cue| format!("record {}: {}", cue.n, shown(cue))),
        );
        let unsaid = self.unsaid(script);
        list(
            &mut out,
            "of the server's side not reached",
            unsaid
                .iter()
                .map(|(cue, line)| format!("record {}: {}", line.n, said(cue, line))),
        );
        out
    }

    /// The summary as one JSON object.
    pub fn json(&self, script: &Script) -> String {
        let unknown = self.unknown.iter().map(|(one, count)| Entry {
            what: Some(one.what),
            nsp: one.nsp.as_deref(),
            data: one.data.as_deref().map(raw),
            detail: one.words.as_deref(),
            asked_ack: one.asked.then_some(true),
            count: Some(*count),
        });
        let of_cue = |cue: &'_ Cue, count: Option<u64>| {
            let (what, data) = match &cue.what {
                What::Join { .. } => ("join", None),
                What::Event { data, .. } => ("event", Some(raw(data))),
                What::Answer { .. } => ("answer", None),
            };
            (cue.n, what, cue.nsp.clone(), data, count)
        };
        let entry = |(n, what, nsp, data, count): (u64, _, String, _, _)| OwnEntry {
            n,
            what,
            nsp,
            data,
            count,
        };
        let others = self.others.iter().filter_map(|(index, (count, data))| {
            let cue = script.cues.get(*index)?;
            let mut entry = entry(of_cue(cue, Some(*count)));
            entry.data = Some(raw(data));
            Some(entry)
        });
        let again = self.again.iter().filter_map(|(index, count)| {
            Some(entry(of_cue(script.cues.get(*index)?, Some(*count))))
        });
        let unreached = self.unreached(script);
        let unsaid = self.unsaid(script);
        let summary = Summary {
            clients: self.clients,
            cues: script.cues.len(),
            reached: self.reached.len(),
            unknown: unknown.collect(),
            other_arguments: others.collect(),
            again: again.collect(),
            unreached: unreached
                .iter()
                .map(|cue| entry(of_cue(cue, None)))
                .collect(),
            unsaid: unsaid
                .iter()
                .map(|(cue, line)| OwnEntry {
                    n: line.n,
                    what: line.say.name(),
                    nsp: cue.nsp.clone(),
                    data: line.say.data().map(raw),
                    count: None,
                })
                .collect(),
        };
        serde_json::to_string(&summary).unwrap_or_default()
    }
}

impl Stranger {
    fn words(&self) -> String {
        let nsp = self.nsp.as_deref().unwrap_or_default();
        let words = self.words.as_deref().unwrap_or_default();
        match self.what {
            "event" => format!(
                "the session has no such event: {}{}",
                event(nsp, self.data.as_deref().unwrap_or_default()),
                if self.asked {
                    ", and no ack for it"
                } else {
                    ""
                }
            ),
            "namespace" => {
                format!("the session has no namespace {nsp}; refused with \"Invalid namespace\"")
            }
            "answer" => format!("{nsp} was asked nothing with {words}, and answers"),
            "not_joined" => format!("{words} in {nsp}, which it has not joined"),
            "unreadable" => format!("unreadable: {words}"),
            _ => words.to_owned(),
        }
    }
}

impl Say {
    /// What it is, in a word.
    fn name(&self) -> &'static str {
        match self {
            Say::Connected { .. } => "connect",
            Say::Refused { .. } => "connect_error",
            Say::Event { .. } => "event",
            Say::Ack { .. } => "ack",
            Say::Disconnect => "disconnect",
            Say::End(_) => "end",
        }
    }

    fn data(&self) -> Option<&str> {
        match self {
            Say::Connected { data } | Say::Refused { data } | Say::Ack { data, .. } => {
                data.as_deref()
            }
            Say::Event { data, .. } => Some(data),
            Say::Disconnect | Say::End(_) => None,
        }
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    clients: u64,
    cues: usize,
    reached: usize,
    unknown: Vec<Entry<'a>>,
    other_arguments: Vec<OwnEntry>,
    again: Vec<OwnEntry>,
    unreached: Vec<OwnEntry>,
    unsaid: Vec<OwnEntry>,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nsp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_ack: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

#[derive(Serialize)]
struct OwnEntry {
    n: u64,
    what: &'static str,
    nsp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

/// JSON as it stands; what serde can't read is told as a text.
fn raw(data: &str) -> Box<RawValue> {
    RawValue::from_string(data.to_owned())
        .or_else(|_| RawValue::from_string(json::quote(data)))
        .unwrap_or_default()
}

fn list(out: &mut String, title: &str, entries: impl Iterator<Item = String>) {
    let all: Vec<String> = entries.collect();
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}:");
    for entry in all.iter().take(SHOWN) {
        let _ = writeln!(out, "  {entry}");
    }
    if let Some(more) = all.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "  and {more} more (--json lists all)");
    }
}

fn event(nsp: &str, data: &str) -> String {
    format!("{nsp} {}", cut(data))
}

fn shown(cue: &Cue) -> String {
    match &cue.what {
        What::Join { .. } => format!("joins {}", cue.nsp),
        What::Event { data, .. } => event(&cue.nsp, data),
        What::Answer { .. } => format!("{} answers the server's question", cue.nsp),
    }
}

fn said(cue: &Cue, line: &Line) -> String {
    let data = line.say.data().unwrap_or_default();
    format!("{} {} {}", cue.nsp, line.say.name(), cut(data))
        .trim_end()
        .to_owned()
}

/// A payload for the screen: of bearable length, and without what secret names hold.
fn cut(text: &str) -> String {
    let text = redact::covered(text, None);
    match text.char_indices().nth(ARGUMENTS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests;
