//! What was broken on purpose in a session: the faults that were asked for and last or wait, and
//! which connection each one hit, so that a loss of our own making is called that. **Pure.**

use std::collections::BTreeMap;

use super::dialog::break_menu::Around;
use super::state::Tab;
use crate::faults::{CATALOGUE, Fault, Lasts};
use crate::journal::record::{self, Record};
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
    /// Its name in the catalogue.
    name: String,
}

/// What was broken, and what still is.
#[derive(Debug, Clone, Default)]
pub struct Broken {
    active: Vec<Fault>,
    hits: BTreeMap<u32, Vec<Hit>>,
}

impl Broken {
    /// A fault was asked for and taken.
    pub fn asked(&mut self, fault: Fault) {
        // Another value of a lasting fault replaces the one before.
        self.active.retain(|other| other.name() != fault.name());
        self.active.push(fault);
    }

    /// All of them were ended.
    pub fn cleared(&mut self) {
        self.active.clear();
    }

    /// The faults that last or wait.
    pub fn active(&self) -> &[Fault] {
        &self.active
    }

    /// A fault record: what acts once is over with it.
    pub fn take(&mut self, record: &Record, fault: &record::Fault) {
        let once = self
            .active
            .iter()
            .position(|f| f.name() == fault.fault && f.entry().lasts == Lasts::Once);
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
            name: fault.fault.clone(),
        });
    }

    /// The fault that brought a connection's end with this reason, told by record `n`: the last
    /// one before it of which the catalogue says that it brings it.
    pub fn behind(&self, c: u32, n: u64, reason: &str) -> Option<&str> {
        let mut before = self.hits.get(&c)?.iter().rev().filter(|hit| hit.n < n);
        before
            .find(|hit| brings(&hit.name, reason))
            .map(|hit| hit.name.as_str())
    }

    /// The fault that made an attempt fail, told by record `n`.
    pub fn behind_attempt(&self, c: u32, n: u64) -> Option<&str> {
        let mut before = self.hits.get(&c)?.iter().rev().filter(|hit| hit.n < n);
        before.next().map(|hit| hit.name.as_str())
    }

    /// What the fault menu has to know.
    pub fn around(&self, tab: &Tab) -> Around {
        let open = tab
            .connection()
            .filter(|connection| connection.opened.is_some() && connection.closed.is_none());
        Around {
            tap: tab.tap.is_some(),
            several: tab
                .tap
                .as_ref()
                .is_some_and(|clients| clients.open(&tab.model) > 1),
            open: open.map(|connection| {
                let eio = match connection.eio {
                    Some(3) => Some(Version::V3),
                    Some(4) => Some(Version::V4),
                    _ => None,
                };
                (connection.transport, eio)
            }),
            active: self.active.clone(),
        }
    }
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
        broken.asked(Fault::Delay(100));
        broken.asked(Fault::Delay(200));
        broken.asked(Fault::DropAck);
        assert_eq!(broken.active(), [Fault::Delay(200), Fault::DropAck]);
        hit(&mut broken, 1, 1, "delay");
        hit(&mut broken, 2, 1, "drop-ack");
        assert_eq!(broken.active(), [Fault::Delay(200)]);
        broken.cleared();
        assert_eq!(broken.active(), []);
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
