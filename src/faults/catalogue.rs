//! The one table of faults: help, README, menu and error messages are made from it.

mod table;

use crate::journal::record::TransportName;
use crate::protocol::engine::Version;

pub use table::CATALOGUE;

/// What a fault does to the client that it hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Brings {
    /// The disconnect reason `ping timeout`.
    PingTimeout,
    /// The disconnect reason `transport close`.
    TransportClose,
    /// The disconnect reason `transport error`.
    TransportError,
    /// The disconnect reason `parse error`.
    ParseError,
    /// No disconnect: the connection stays on polling.
    NoUpgrade,
    /// No disconnect: everything comes later.
    Late,
    /// No disconnect: an ack that never comes.
    LostAck,
    /// No disconnect: an event that comes twice.
    Twice,
    /// No disconnect: events in the wrong order.
    WrongOrder,
}

impl Brings {
    /// All, in the order in which they are listed.
    pub const ALL: [Brings; 9] = [
        Brings::PingTimeout,
        Brings::TransportClose,
        Brings::TransportError,
        Brings::ParseError,
        Brings::NoUpgrade,
        Brings::Late,
        Brings::LostAck,
        Brings::Twice,
        Brings::WrongOrder,
    ];

    /// The official disconnect reason, exactly; `None` where there is no disconnect.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Brings::PingTimeout => Some("ping timeout"),
            Brings::TransportClose => Some("transport close"),
            Brings::TransportError => Some("transport error"),
            Brings::ParseError => Some("parse error"),
            Brings::NoUpgrade
            | Brings::Late
            | Brings::LostAck
            | Brings::Twice
            | Brings::WrongOrder => None,
        }
    }

    /// The reason, or what comes instead of a disconnect: the heading of its group.
    pub fn text(self) -> &'static str {
        match self {
            Brings::NoUpgrade => "no upgrade",
            Brings::Late => "late",
            Brings::LostAck => "lost ack",
            Brings::Twice => "twice",
            Brings::WrongOrder => "wrong order",
            _ => self.reason().unwrap_or_default(),
        }
    }
}

/// What a fault brings under which circumstances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What it brings.
    pub what: Brings,
    /// Only over this transport.
    pub over: Option<TransportName>,
    /// Only in this generation.
    pub eio: Option<Version>,
}

/// Who applies a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The native client, to itself.
    Client,
    /// The tap, between a client and its server.
    Tap,
}

impl Side {
    /// The word in messages.
    pub fn name(self) -> &'static str {
        match self {
            Side::Client => "client",
            Side::Tap => "tap",
        }
    }
}

/// How long a fault that was armed by hand goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lasts {
    /// It acts once.
    Once,
    /// It acts until it is cleared.
    UntilCleared,
}

impl Lasts {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Lasts::Once => "once",
            Lasts::UntilCleared => "until cleared",
        }
    }
}

/// One fault of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name, as in `fault` records.
    pub name: &'static str,
    /// How it is written, placeholders in capitals.
    pub form: &'static str,
    /// A valid one.
    pub example: &'static str,
    /// What it brings. It is listed under the first one.
    pub brings: &'static [Outcome],
    /// What it does, in a sentence without a full stop.
    pub does: &'static str,
    /// How long it goes on where it is armed by hand.
    pub lasts: Lasts,
    /// Over which transports it can act; over others it waits.
    pub over: &'static [TransportName],
    /// Who can apply it.
    pub sides: &'static [Side],
}

impl Entry {
    /// What it is listed under.
    pub fn listed_under(&self) -> Brings {
        // A test holds that every entry brings something.
        self.brings.first().map_or(Brings::Late, |first| first.what)
    }

    /// What it brings over a transport of a generation; `None` where it can't act.
    pub fn brings(&self, over: TransportName, eio: Version) -> Option<Brings> {
        self.over.contains(&over).then_some(())?;
        let fits = |outcome: &&Outcome| {
            outcome.over.is_none_or(|name| name == over)
                && outcome.eio.is_none_or(|version| version == eio)
        };
        self.brings.iter().find(fits).map(|outcome| outcome.what)
    }

    /// Whether this side can apply it.
    pub fn acts_on(&self, side: Side) -> bool {
        self.sides.contains(&side)
    }

    /// What else it brings than what it is listed under: `over polling: transport error`.
    pub fn otherwise(&self) -> Option<String> {
        let words: Vec<String> = self
            .brings
            .iter()
            .skip(1)
            .map(|outcome| {
                let over = match (outcome.over, outcome.eio) {
                    (Some(TransportName::Polling), _) => "over polling",
                    (Some(TransportName::Websocket), _) => "over WebSocket",
                    (None, Some(Version::V3)) => "in Engine.IO 3",
                    (None, Some(Version::V4)) => "in Engine.IO 4",
                    (None, None) => "else",
                };
                format!("{over}: {}", outcome.what.text())
            })
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// The entries under each heading, in the order of [`Brings::ALL`]; empty groups are left out.
pub fn groups() -> Vec<(Brings, Vec<&'static Entry>)> {
    Brings::ALL
        .into_iter()
        .map(|brings| {
            let entries = CATALOGUE.iter().filter(|e| e.listed_under() == brings);
            (brings, entries.collect::<Vec<_>>())
        })
        .filter(|(_, entries)| !entries.is_empty())
        .collect()
}

/// The catalogue as a Markdown table, for the README.
pub fn as_markdown() -> String {
    let mut rows = String::from("| brings | fault | what it does | acts |\n|---|---|---|---|\n");
    for (brings, entries) in groups() {
        let heading = match brings.reason() {
            Some(reason) => format!("`{reason}`"),
            None => brings.text().to_owned(),
        };
        for entry in entries {
            let otherwise = entry
                .otherwise()
                .map(|words| format!(" ({words})"))
                .unwrap_or_default();
            let only = match entry.sides {
                [only] => format!(", {} only", only.name()),
                _ => String::new(),
            };
            rows.push_str(&format!(
                "| {heading} | `{}` | {}{otherwise} | {}{only} |\n",
                entry.form,
                entry.does,
                entry.lasts.text()
            ));
        }
    }
    rows
}

#[cfg(test)]
mod tests;
