//! What the records say about how things stand, as far as a run's end depends on it.
//!
//! It reads the small records only (`connection`, `namespace`, `ack`, `buffer`), so that it
//! costs nothing in a flood of frames.

use std::collections::BTreeMap;

use crate::journal::Record;
use crate::journal::record::{
    AckState, Body, BufferOp, ConnectionState, Direction, NamespaceState,
};

/// An ack that a command asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Namespace.
    pub nsp: String,
    /// Name of the event, for messages.
    pub event: String,
    /// The client gives up on it by itself.
    pub timed: bool,
    /// Its id, once the client has given it one.
    id: Option<u64>,
    /// Record at which it was decided, and how.
    pub decided: Option<(u64, AckState)>,
}

#[derive(Debug, Clone, Default)]
struct Joined {
    state: Option<NamespaceState>,
    reason: Option<String>,
    /// Packets that wait for it.
    buffered: u64,
}

/// How things stand.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Namespaces that were asked for, and those that the server connected by itself.
    namespaces: BTreeMap<String, Joined>,
    /// Asked-for acks, oldest first.
    asked: Vec<Asked>,
    /// How many of [`Status::asked`] came before (decided ones are forgotten).
    forgotten: usize,
    /// Some namespace was connected at some time.
    pub ever_joined: bool,
    /// No further attempt will be made; why.
    pub gave_up: Option<String>,
    /// Newest reason for which a connection ended, with its detail.
    pub last_reason: Option<String>,
    /// The newest word about the connection is that it has closed.
    pub closed: bool,
    /// We closed the connection ourselves.
    pub left: bool,
    /// Acks that did not come.
    pub missed_acks: u64,
}

/// A namespace as packets name it: generation 2 lets it be joined with a query, `/chat?room=1`.
pub fn name_of(nsp: &str) -> &str {
    nsp.split_once('?').map_or(nsp, |(name, _)| name)
}

impl Status {
    /// The state at the start: these namespaces are asked for.
    pub fn new<'a>(namespaces: impl IntoIterator<Item = &'a str>) -> Status {
        let mut status = Status::default();
        for nsp in namespaces {
            status.joins(nsp);
        }
        status
    }

    /// A join was handed to the client.
    pub fn joins(&mut self, nsp: &str) {
        self.namespaces
            .entry(name_of(nsp).to_owned())
            .or_default()
            .state = None;
    }

    /// A leave was handed to the client.
    pub fn leaves(&mut self, nsp: &str) {
        if let Some(joined) = self.namespaces.get_mut(name_of(nsp)) {
            joined.state = Some(NamespaceState::Disconnected);
            joined.reason = Some("io client disconnect".to_owned());
            joined.buffered = 0;
        }
    }

    /// A connect was handed to the client: whatever was disconnected is asked for again.
    pub fn connects(&mut self) {
        self.left = false;
        for joined in self.namespaces.values_mut() {
            if joined.state == Some(NamespaceState::Disconnected) {
                joined.state = None;
            }
        }
    }

    /// Every namespace was left by us (or none was ever asked for).
    pub fn left_all(&self) -> bool {
        self.left
            || self.namespaces.values().all(|joined| {
                joined.state == Some(NamespaceState::Disconnected)
                    && joined.reason.as_deref() == Some("io client disconnect")
            })
    }

    /// Whether a namespace was asked for, or connected by the server.
    pub fn knows(&self, nsp: &str) -> bool {
        self.namespaces.contains_key(name_of(nsp))
    }

    /// An emit that asks for an ack was handed to the client. Returns its number.
    pub fn asks(&mut self, nsp: &str, event: String, timed: bool) -> usize {
        self.asked.push(Asked {
            nsp: name_of(nsp).to_owned(),
            event,
            timed,
            id: None,
            decided: None,
        });
        self.forgotten
            .saturating_add(self.asked.len())
            .saturating_sub(1)
    }

    /// The ask of this number; `None` once it is forgotten (it was decided long ago).
    pub fn asked(&self, number: usize) -> Option<&Asked> {
        self.asked.get(number.checked_sub(self.forgotten)?)
    }

    /// Takes a record in.
    pub fn note(&mut self, record: &Record) {
        match &record.body {
            Body::Connection(connection) => {
                self.closed = connection.state == ConnectionState::Closed;
                match connection.state {
                    ConnectionState::GaveUp => {
                        self.gave_up = Some(
                            connection
                                .reason
                                .clone()
                                .unwrap_or_else(|| "no further attempts".to_owned()),
                        );
                    }
                    ConnectionState::Closed => {
                        self.last_reason = match (&connection.reason, &connection.detail) {
                            (Some(reason), Some(detail)) => Some(format!("{reason}: {detail}")),
                            (reason, detail) => reason.clone().or_else(|| detail.clone()),
                        };
                    }
                    // A connect by hand takes a given-up client up again.
                    ConnectionState::Connecting => self.gave_up = None,
                    ConnectionState::Open | ConnectionState::Waiting => {}
                }
            }
            Body::Namespace(namespace) => {
                let joined = self
                    .namespaces
                    .entry(name_of(&namespace.nsp).to_owned())
                    .or_default();
                joined.state = Some(namespace.state);
                joined.reason.clone_from(&namespace.reason);
                self.ever_joined |= namespace.state == NamespaceState::Connected;
            }
            Body::Ack(ack) if ack.dir == Direction::ToServer => {
                self.note_ack(record.n, name_of(&ack.nsp), ack.id, ack.state);
            }
            Body::Buffer(buffer) => {
                let joined = self
                    .namespaces
                    .entry(name_of(&buffer.nsp).to_owned())
                    .or_default();
                joined.buffered = match buffer.op {
                    BufferOp::Queued => joined.buffered.saturating_add(1),
                    BufferOp::Flushed | BufferOp::Dropped => joined.buffered.saturating_sub(1),
                };
            }
            _ => {}
        }
    }

    /// Ids are given per namespace in the order of the emits, so the oldest ask without an id
    /// owns the next pending one.
    fn note_ack(&mut self, n: u64, nsp: &str, id: u64, state: AckState) {
        let known = self
            .asked
            .iter()
            .position(|ask| ask.nsp == nsp && ask.id == Some(id) && ask.decided.is_none())
            .or_else(|| {
                self.asked
                    .iter()
                    .position(|ask| ask.nsp == nsp && ask.id.is_none())
            });
        let Some(ask) = known.and_then(|at| self.asked.get_mut(at)) else {
            return;
        };
        ask.id = Some(id);
        match state {
            AckState::Pending => {}
            AckState::Timeout | AckState::Lost => {
                ask.decided = Some((n, state));
                self.missed_acks = self.missed_acks.saturating_add(1);
            }
            AckState::Answered | AckState::Late => ask.decided = Some((n, state)),
        }
        // The newest one is kept: a wait may ask for it at any time.
        let done = self
            .asked
            .iter()
            .take_while(|ask| ask.decided.is_some())
            .count();
        let done = done.min(self.asked.len().saturating_sub(1));
        self.asked.drain(..done);
        self.forgotten = self.forgotten.saturating_add(done);
    }

    /// Every namespace that was asked for is connected, refused, or gone for good, and nothing
    /// waits to be sent on a connected one.
    pub fn settled(&self) -> bool {
        self.namespaces.values().all(|joined| match joined.state {
            Some(NamespaceState::Connected) => joined.buffered == 0,
            Some(NamespaceState::Refused) => true,
            Some(NamespaceState::Disconnected) => {
                self.left || joined.reason.as_deref().is_some_and(not_retried)
            }
            Some(NamespaceState::Joining) => false,
            None => self.left,
        })
    }

    /// Acks that are neither answered nor given up.
    pub fn pending(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(|ask| ask.decided.is_none())
    }

    /// Some namespace is connected now.
    pub fn joined_now(&self) -> bool {
        self.namespaces
            .values()
            .any(|joined| joined.state == Some(NamespaceState::Connected))
    }

    /// Refused namespaces with the server's reason.
    pub fn refused(&self) -> impl Iterator<Item = (&str, &str)> {
        self.namespaces
            .iter()
            .filter(|(_, joined)| joined.state == Some(NamespaceState::Refused))
            .map(|(nsp, joined)| {
                (
                    nsp.as_str(),
                    joined.reason.as_deref().unwrap_or("no reason given"),
                )
            })
    }
}

/// Disconnect reasons after which the client does not join again by itself.
fn not_retried(reason: &str) -> bool {
    matches!(reason, "io server disconnect" | "io client disconnect")
}

#[cfg(test)]
mod tests;
