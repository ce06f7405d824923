//! What was broken on purpose in a session: the faults that were asked for and last or wait, and
//! which connection each one hit, so that a loss of our own making is called that. **Pure.**

use std::collections::BTreeMap;

use super::dialog::break_menu::{Around, Open};
use super::state::Tab;
use crate::client::Command;
use crate::faults::{CATALOGUE, Fault, Lasts};
use crate::journal::record::{self, Record};
use crate::model::Model;
use crate::model::state::Connection;
use crate::protocol::engine::Version;

/// Connections of which it is remembered what was done to them.
const CONNECTIONS: usize = 1_000;
/// Faults that are remembered of one connection.
const HITS: usize = 50;

/// A fault that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    /// Its record.
    n: u64,
    /// As its record spells it: the name in the catalogue, and a value behind some.
    fault: String,
}

/// A fault that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    fault: Fault,
    /// For one connection of a tap only.
    c: Option<u32>,
}

/// What was broken, and what still is.
#[derive(Debug, Clone, Default)]
pub struct Broken {
    active: Vec<Asked>,
    hits: BTreeMap<u32, Vec<Hit>>,
}

impl Broken {
    /// A fault was asked for and taken; with `c` for one connection only.
    pub fn asked(&mut self, fault: Fault, c: Option<u32>) {
        // Another value of a lasting fault replaces the one before.
        self.active
            .retain(|other| other.fault.name() != fault.name() || other.c != c);
        self.active.push(Asked { fault, c });
    }

    /// All of them were ended.
    pub fn cleared(&mut self) {
        self.active.clear();
    }

    /// The faults that last or wait. What was meant for a connection ends with it.
    pub fn active(&self, model: &Model) -> Vec<Fault> {
        let over = |c: u32| {
            let connection = model.connections.get(&c);
            connection.is_some_and(|connection| connection.closed.is_some())
        };
        let here = self
            .active
            .iter()
            .filter(|asked| !asked.c.is_some_and(over));
        here.map(|asked| asked.fault).collect()
    }

    /// The command that makes a fault here: where several clients are connected to a tap, on the
    /// one that is looked at.
    pub fn command(&self, tab: &Tab, fault: Fault) -> Command {
        let around = self.around(tab);
        match around.aim().filter(|_| !around.is_of_any(fault.entry())) {
            Some(c) => Command::FaultOn { fault, c },
            None => Command::Fault(fault),
        }
    }

    /// A fault record: what acts once is over with it.
    pub fn take(&mut self, record: &Record, fault: &record::Fault) {
        let once = self.active.iter().position(|asked| {
            asked.fault.name() == name_of(&fault.fault)
                && asked.fault.entry().lasts == Lasts::Once
                && (asked.c.is_none() || asked.c == record.c)
        });
        if let Some(at) = once {
            self.active.remove(at);
        }
        let Some(c) = record.c else { return };
        if self.hits.len() >= CONNECTIONS && !self.hits.contains_key(&c) {
            self.hits.pop_first();
        }
        let hits = self.hits.entry(c).or_default();
        if hits.len() >= HITS {
            hits.remove(0);
        }
        hits.push(Hit {
            n: record.n,
            fault: fault.fault.clone(),
        });
    }

    /// The fault that brought a connection's end with this reason, told by record `n`: the last
    /// one before it of which the catalogue says that it brings it.
    pub fn behind(&self, c: u32, n: u64, reason: &str) -> Option<&str> {
        let mut before = self.hits.get(&c)?.iter().rev().filter(|hit| hit.n < n);
        before
            .find(|hit| brings(name_of(&hit.fault), reason))
            .map(|hit| hit.fault.as_str())
    }

    /// The fault that made an attempt fail, told by record `n`.
    pub fn behind_attempt(&self, c: u32, n: u64) -> Option<&str> {
        let mut before = self.hits.get(&c)?.iter().rev().filter(|hit| hit.n < n);
        before.next().map(|hit| hit.fault.as_str())
    }

    /// What the fault menu has to know.
    pub fn around(&self, tab: &Tab) -> Around {
        let connections: Vec<&Connection> = match &tab.tap {
            Some(_) => tab.model.connections.values().collect(),
            None => tab.connection().into_iter().collect(),
        };
        let open = connections
            .into_iter()
            .filter(|connection| connection.opened.is_some() && connection.closed.is_none())
            .map(|connection| Open {
                c: connection.c,
                over: connection.transport,
                eio: match connection.eio {
                    Some(3) => Some(Version::V3),
                    Some(4) => Some(Version::V4),
                    _ => None,
                },
            });
        Around {
            tap: tab.tap.is_some(),
            open: open.collect(),
            chosen: tab.connection().map(|connection| connection.c),
            active: self.active(&tab.model),
        }
    }
}

/// The name in the catalogue of a fault as its record spells it.
fn name_of(fault: &str) -> &str {
    fault.split(':').next().unwrap_or(fault)
}

/// Whether a fault of this name can bring a disconnect with this reason.
fn brings(name: &str, reason: &str) -> bool {
    CATALOGUE
        .iter()
        .filter(|entry| entry.name == name)
        .flat_map(|entry| entry.brings)
        .any(|outcome| outcome.what.reason() == Some(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::Body;

    fn hit(broken: &mut Broken, n: u64, c: u32, name: &str) {
        let fault = record::Fault {
            fault: name.to_owned(),
            rule: None,
            did: String::new(),
        };
        let record = Record {
            n,
            t: 0,
            c: Some(c),
            body: Body::Fault(fault.clone()),
        };
        broken.take(&record, &fault);
    }

    #[test]
    fn a_loss_is_ours_where_a_fault_before_it_brings_its_reason() {
        let mut broken = Broken::default();
        hit(&mut broken, 5, 1, "delay");
        hit(&mut broken, 9, 1, "drop");
        assert_eq!(broken.behind(1, 12, "transport close"), Some("drop"));
        assert_eq!(broken.behind(1, 12, "ping timeout"), None);
        assert_eq!(broken.behind(1, 9, "transport close"), None);
        assert_eq!(broken.behind(2, 12, "transport close"), None);
        assert_eq!(broken.behind_attempt(1, 8), Some("delay"));
    }

    #[test]
    fn what_acts_once_is_over_with_its_record_and_what_lasts_stays() {
        let mut broken = Broken::default();
        let model = Model::default();
        broken.asked(Fault::Delay(100), None);
        broken.asked(Fault::Delay(200), None);
        broken.asked(Fault::DropAck, None);
        assert_eq!(broken.active(&model), [Fault::Delay(200), Fault::DropAck]);
        hit(&mut broken, 1, 1, "delay:200");
        hit(&mut broken, 2, 1, "drop-ack");
        assert_eq!(broken.active(&model), [Fault::Delay(200)]);
        // What has a value is over with its record, too; what is meant for another is not.
        broken.asked(Fault::Close(4321), Some(2));
        hit(&mut broken, 3, 1, "close:4321");
        assert_eq!(
            broken.active(&model),
            [Fault::Delay(200), Fault::Close(4321)]
        );
        hit(&mut broken, 4, 2, "close:4321");
        assert_eq!(broken.active(&model), [Fault::Delay(200)]);
        assert_eq!(broken.behind(2, 9, "transport close"), Some("close:4321"));
        broken.cleared();
        assert_eq!(broken.active(&model), []);
    }

    #[test]
    fn memory_is_bounded_whatever_is_broken() {
        let mut broken = Broken::default();
        for n in 0..5_000_u32 {
            hit(&mut broken, n.into(), n, "drop");
            hit(&mut broken, n.into(), 7, "drop");
        }
        assert!(broken.hits.len() <= CONNECTIONS + 1);
        assert!(broken.hits.values().all(|hits| hits.len() <= HITS));
    }
}
