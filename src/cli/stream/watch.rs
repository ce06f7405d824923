//! What a wait looks at: a cursor of its own into the journal.
//!
//! It stands at the record in which the wait before was met and moves only while somebody
//! waits, so that nothing is kept in memory for a wait that may come later.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;

use super::command::Expect;
use super::status::name_of;
use crate::journal::record::{Body, ConnectionState, Direction, NamespaceState};
use crate::journal::{Journal, Record};
use crate::model::decode::Kind;
use crate::model::{Decoder, Packet};

/// Records that one call reads at most, so that output and input get their turn in between.
const SLICE: u64 = 4_096;

/// Something that a wait can be met by.
#[derive(Debug, Clone, PartialEq)]
enum Fact {
    Event {
        nsp: String,
        event: String,
    },
    Joined(String),
    Gone(String),
    /// A tapped connection ended, and with it all that was joined on it.
    Lost,
}

/// What looking found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The wait is met.
    Met,
    /// Not in what there is so far.
    NotYet,
    /// Not in this slice; there is more to look at right now.
    More,
}

/// The cursor.
#[derive(Debug)]
pub struct Watch {
    decoder: Decoder,
    /// Next record to read.
    next: u64,
    /// Facts of the record in which the last wait was met, after the one that met it.
    rest: VecDeque<Fact>,
    /// Records up to this one don't meet anything: a wait that is not met by looking ended there.
    floor: u64,
    /// Namespaces that were connected while something else was looked for, and still are.
    joined: BTreeSet<String>,
    /// What came behind the server's CONNECT in the record that brought it, by namespace. One
    /// poll brings both, and the record of the namespace stands behind that of the poll.
    behind: Vec<(String, VecDeque<Fact>)>,
    /// No client of ours tells of its namespaces: the packets have to.
    tapped: bool,
}

impl Watch {
    /// A cursor at the start; `parser` as in the session's header.
    pub fn new(parser: Option<&str>) -> Watch {
        Watch {
            decoder: Decoder::new(parser),
            next: 1,
            rest: VecDeque::new(),
            floor: 0,
            joined: BTreeSet::new(),
            behind: Vec::new(),
            tapped: false,
        }
    }

    /// A wait was met at record `n` without looking (an ack, or its time): the next one looks at
    /// what comes after it.
    pub fn skip_to(&mut self, n: u64) {
        self.floor = self.floor.max(n);
        if self.next > n {
            return;
        }
        let rest = std::mem::take(&mut self.rest);
        rest.iter().for_each(|fact| self.pass(fact));
    }

    /// The same for a tap, whose clients are joined when the server's CONNECT passes.
    pub fn tapping(parser: Option<&str>) -> Watch {
        Watch {
            tapped: true,
            ..Watch::new(parser)
        }
    }

    /// Looks for `what` from where the cursor stands.
    pub fn look(&mut self, journal: &Journal, what: &Expect) -> Found {
        // Several namespaces are joined at once and answered in any order: one that was connected
        // while another was waited for counts, as long as nobody waited for it before.
        if let Expect::Namespace(nsp) = what
            && self.joined.remove(name_of(nsp))
        {
            return Found::Met;
        }
        while let Some(fact) = self.rest.pop_front() {
            if meets(&fact, what) {
                return Found::Met;
            }
            self.pass(&fact);
        }
        let mut left = SLICE;
        let mut met = false;
        let next = journal.scan(self.next, |record| {
            left = left.saturating_sub(1);
            met = self.take(&record, what);
            if met || left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        self.next = next.max(self.next);
        match (met, left) {
            (true, _) => Found::Met,
            (false, 0) => Found::More,
            (false, _) => Found::NotYet,
        }
    }

    /// Takes one record in; true if it meets `what`.
    fn take(&mut self, record: &Record, what: &Expect) -> bool {
        let packets = self.decoder.decode(record);
        if packets
            .iter()
            .any(|packet| packet.dir == Direction::ToClient)
        {
            self.behind = if record.n > self.floor && !self.tapped {
                behind_connects(&packets)
            } else {
                Vec::new()
            };
        }
        let mut facts: VecDeque<Fact> = match self.tapped {
            true => passing(record, &packets).collect(),
            false => facts(record, &packets).collect(),
        };
        while let Some(fact) = facts.pop_front() {
            if record.n > self.floor && meets(&fact, what) {
                if let Fact::Joined(nsp) = &fact
                    && let Some(at) = self.behind.iter().position(|(name, _)| name == nsp)
                {
                    self.rest = self.behind.swap_remove(at).1;
                }
                self.rest.extend(facts);
                return true;
            }
            self.pass(&fact);
        }
        false
    }

    fn pass(&mut self, fact: &Fact) {
        match fact {
            Fact::Joined(nsp) => {
                self.joined.insert(nsp.clone());
            }
            Fact::Gone(nsp) => {
                self.joined.remove(nsp);
            }
            Fact::Lost => self.joined.clear(),
            Fact::Event { .. } => {}
        }
    }
}

fn meets(fact: &Fact, what: &Expect) -> bool {
    match (fact, what) {
        (
            Fact::Event { nsp, event },
            Expect::Event {
                event: name,
                nsp: on,
            },
        ) => event == name && on.as_ref().is_none_or(|on| name_of(on) == nsp),
        (Fact::Joined(nsp), Expect::Namespace(wanted)) => nsp == name_of(wanted),
        _ => false,
    }
}

/// For each CONNECT of a record the events that stand behind it.
fn behind_connects(packets: &[Packet]) -> Vec<(String, VecDeque<Fact>)> {
    let mut behind: Vec<(String, VecDeque<Fact>)> = Vec::new();
    for packet in packets {
        let Kind::Socket {
            name, nsp, event, ..
        } = &packet.kind
        else {
            continue;
        };
        match event {
            Some(event) => {
                for (_, facts) in &mut behind {
                    facts.push_back(Fact::Event {
                        nsp: nsp.clone(),
                        event: event.clone(),
                    });
                }
            }
            None if *name == "connect" => behind.push((nsp.clone(), VecDeque::new())),
            None => {}
        }
    }
    behind
}

/// What passes a tap to its client, in the order of the packets.
fn passing<'a>(record: &'a Record, packets: &'a [Packet]) -> impl Iterator<Item = Fact> + 'a {
    let lost = match &record.body {
        Body::Connection(connection) => connection.state == ConnectionState::Closed,
        _ => false,
    };
    let to_client = packets
        .iter()
        .filter(|packet| packet.dir == Direction::ToClient);
    let passed = to_client.filter_map(|packet| {
        let Kind::Socket {
            name, nsp, event, ..
        } = &packet.kind
        else {
            return None;
        };
        let nsp = name_of(nsp).to_owned();
        match (*name, event) {
            (_, Some(event)) => Some(Fact::Event {
                nsp,
                event: event.clone(),
            }),
            ("connect", None) => Some(Fact::Joined(nsp)),
            ("connect_error" | "disconnect", None) => Some(Fact::Gone(nsp)),
            _ => None,
        }
    });
    lost.then_some(Fact::Lost).into_iter().chain(passed)
}

fn facts<'a>(record: &'a Record, packets: &'a [Packet]) -> impl Iterator<Item = Fact> + 'a {
    let namespace = match &record.body {
        Body::Namespace(namespace) => match namespace.state {
            NamespaceState::Connected => Some(Fact::Joined(name_of(&namespace.nsp).to_owned())),
            NamespaceState::Refused | NamespaceState::Disconnected => {
                Some(Fact::Gone(name_of(&namespace.nsp).to_owned()))
            }
            NamespaceState::Joining => None,
        },
        _ => None,
    };
    let events = packets
        .iter()
        .filter(|packet| packet.dir == Direction::ToClient)
        .filter_map(|packet| match &packet.kind {
            Kind::Socket {
                nsp,
                event: Some(event),
                ..
            } => Some(Fact::Event {
                nsp: nsp.clone(),
                event: event.clone(),
            }),
            _ => None,
        });
    namespace.into_iter().chain(events)
}

#[cfg(test)]
mod tests;
