//! What the rules need beyond the model: exchanges and lives of connections, each fact with the
//! number and time of the record that proves it. Bounded: the oldest are forgotten.

mod endings;
mod exchange;
mod injected;
pub(super) mod joins;
mod life;

use std::collections::BTreeMap;

pub use exchange::{Asked, Exchange};
pub use joins::{Answer, Join};
pub use life::{CloseFrame, Deed, DeedKind, Life, Trouble};

use injected::Injected;

use crate::journal::file::Source;
use crate::journal::record::{Body, Record};
use crate::model::decode::Kind;
use crate::model::{Model, Packet};

/// How many exchanges are remembered.
const EXCHANGES: usize = 4_000;
/// How many exchanges of one connection may be under way.
const OPEN: usize = 100;
/// How many connections are remembered.
const LIVES: usize = 1_000;

/// A record: its number and its time in session microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the record.
    pub n: u64,
    /// Its time.
    pub t: u64,
}

impl Place {
    fn of(record: &Record) -> Place {
        Place {
            n: record.n,
            t: record.t,
        }
    }
}

/// What a record changed for its connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Change {
    /// The handshake was answered with it.
    pub(super) opened: bool,
    /// The connection ended with it, or could not be made.
    pub(super) ended: bool,
    /// A person injected it: its packets are not the peer's.
    pub(super) injected: bool,
}

/// The facts of a session so far.
#[derive(Debug)]
pub struct Story {
    /// What wrote the session: our own client, the tap, an imported file.
    pub source: Source,
    /// What the person asked for, from the session's header.
    pub target: Option<String>,
    exchanges: BTreeMap<u64, Exchange>,
    lives: BTreeMap<u32, Life>,
    joins: joins::Joins,
    injections: injected::Injections,
    /// Failures made on purpose that name no connection.
    faults: Vec<Place>,
}

impl Story {
    /// Nothing happened yet.
    pub fn new(source: Source) -> Story {
        Story {
            source,
            target: None,
            exchanges: BTreeMap::new(),
            lives: BTreeMap::new(),
            joins: joins::Joins::default(),
            injections: injected::Injections::default(),
            faults: Vec::new(),
        }
    }

    /// The connections may be of several clients, as behind a tap: what comes after a connection is
    /// not its client's return unless something proves it.
    pub fn several(&self) -> bool {
        !matches!(self.source, Source::Client | Source::Replay)
    }

    /// An exchange by its number.
    pub fn exchange(&self, x: u64) -> Option<&Exchange> {
        self.exchanges.get(&x)
    }

    /// Exchanges, oldest first.
    pub fn exchanges(&self) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.exchanges.values()
    }

    /// The exchanges of one connection, oldest first.
    pub fn exchanges_of(&self, c: u32) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.exchanges
            .values()
            .filter(move |exchange| exchange.c == Some(c))
    }

    /// A connection by its number.
    pub fn life(&self, c: u32) -> Option<&Life> {
        self.lives.get(&c)
    }

    /// Connections, oldest first.
    pub fn lives(&self) -> impl DoubleEndedIterator<Item = &Life> {
        self.lives.values()
    }

    /// Tries to join namespaces, oldest first.
    pub fn joins(&self) -> impl DoubleEndedIterator<Item = &Join> {
        self.joins.list.iter()
    }

    /// The newest try to join a namespace on a connection.
    pub fn join(&self, c: u32, nsp: &str) -> Option<&Join> {
        let nsp = joins::bare(nsp);
        self.joins()
            .rev()
            .find(|join| join.c == c && join.nsp == nsp)
    }

    /// Whether a failure was made on purpose on this connection so far.
    pub fn is_faulted(&self, c: u32) -> bool {
        self.lives
            .get(&c)
            .is_some_and(|life| !life.faults.is_empty())
            || !self.faults.is_empty()
    }

    /// Takes one record in, after the model did.
    pub(super) fn take(&mut self, record: &Record, packets: &[Packet], model: &Model) -> Change {
        let place = Place::of(record);
        match &record.body {
            Body::Request(request) => {
                if self.exchanges.len() >= EXCHANGES {
                    self.exchanges.pop_first();
                }
                self.exchanges
                    .insert(request.x, Exchange::asked(place, record.c, request));
            }
            Body::Response(response) => {
                if let Some(exchange) = self.exchanges.get_mut(&response.x) {
                    exchange.answer(place, response);
                }
            }
            Body::Fault(_) if record.c.is_none() => self.faults.push(place),
            _ => {}
        }
        let Some(c) = record.c else {
            return Change::default();
        };
        let injected = self.injections.take(c, record, packets);
        let harms = injected != Injected::No
            && packets
                .iter()
                .any(|packet| self.does_harm(c, packet, injected));
        // What a person put there is not weighed as a deed of either side.
        let packets = match injected {
            Injected::Whole => &[],
            _ => packets,
        };
        if self.lives.len() >= LIVES && !self.lives.contains_key(&c) {
            self.lives.pop_first();
        }
        let life = self.lives.entry(c).or_insert_with(|| Life::new(c, place));
        let eio = model
            .connections
            .get(&c)
            .and_then(|connection| connection.eio);
        life.take(place, record, packets, eio);
        life.inject(place, injected != Injected::No, harms);
        match &record.body {
            Body::Request(request) => {
                if let Some(asked) = self.exchanges.get(&request.x).map(|known| known.asked) {
                    let twice = life.open.iter().any(|(_, other)| *other == asked);
                    if twice && matches!(asked, Asked::Poll | Asked::Post) {
                        life.did(place, DeedKind::Overlap(asked == Asked::Post));
                    }
                    if life.open.len() < OPEN {
                        life.open.push((request.x, asked));
                    }
                }
            }
            Body::Response(response) => life.open.retain(|(x, _)| *x != response.x),
            _ => {}
        }
        self.joins.take(place, c, eio, packets);
        let injected = injected == Injected::Whole;
        let Some(connection) = model.connections.get(&c) else {
            return Change {
                injected,
                ..Change::default()
            };
        };
        let opened = connection.opened.is_some() && life.opened.is_none();
        if opened {
            life.opened = Some(place);
        }
        let ended = connection.closed.is_some() && life.ended.is_none();
        if ended {
            life.ended = Some(place);
        }
        if connection.closed.is_some() {
            life.reason.clone_from(&connection.reason);
            life.detail.clone_from(&connection.detail);
        }
        if ended {
            life.ended_by_injection();
        }
        Change {
            opened,
            ended,
            injected,
        }
    }

    /// Whether an injected packet does what nobody may be blamed for: all but an event for a
    /// namespace that was joined. In a body that is shared with the peer's packets only what can't
    /// be read is told from theirs.
    fn does_harm(&self, c: u32, packet: &Packet, injected: Injected) -> bool {
        match &packet.kind {
            Kind::Undecodable { .. } => true,
            _ if injected == Injected::Shared => false,
            Kind::Socket {
                nsp,
                event: Some(_),
                ..
            } => !self
                .join(c, nsp)
                .is_some_and(|join| join.welcomed() && join.left.is_none()),
            _ => true,
        }
    }
}
