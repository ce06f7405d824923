//! What may act: the rules of a plan and what was armed by hand, and whether they fit.

use std::collections::HashMap;

use crate::faults::Fault;
use crate::faults::catalogue::Lasts;
use crate::faults::plan::When;
use crate::faults::random::Random;
use crate::faults::verdict::{Place, RequestKind};
use crate::journal::record::{Direction, Fault as FaultRecord};

/// One fault that may act.
#[derive(Debug)]
pub(super) struct Source {
    /// Its number; part of the seed of its draws.
    pub(super) id: u64,
    pub(super) fault: Fault,
    /// Name of its rule; `None` where it was armed by hand.
    pub(super) rule: Option<String>,
    pub(super) when: When,
    /// How often it has acted.
    acted: u64,
    counts: HashMap<u32, Count>,
}

/// What a source has counted on a connection.
#[derive(Debug)]
struct Count {
    fits: u64,
    random: Random,
}

/// What is known of what crosses.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment<'a> {
    pub(super) dir: Option<Direction>,
    pub(super) request: Option<RequestKind>,
    pub(super) nsp: Option<&'a str>,
    pub(super) event: Option<&'a str>,
}

/// A source that acts now.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) fault: Fault,
    rule: Option<String>,
}

impl Hit {
    /// The record of it.
    pub(super) fn told(&self, did: impl Into<String>) -> FaultRecord {
        FaultRecord {
            fault: self.fault.to_string(),
            rule: self.rule.clone(),
            did: did.into(),
        }
    }
}

impl Source {
    pub(super) fn new(id: u64, fault: Fault, rule: Option<String>, when: When) -> Source {
        Source {
            id,
            fault,
            rule,
            when,
            acted: 0,
            counts: HashMap::new(),
        }
    }

    /// Armed by hand, not by a plan.
    pub(super) fn by_hand(&self) -> bool {
        self.rule.is_none()
    }

    /// It has not acted yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.acted == 0
    }

    /// It will not act again.
    pub(super) fn spent(&self) -> bool {
        let once = self.by_hand() && self.fault.entry().lasts == Lasts::Once;
        let most = if once { Some(1) } else { self.when.times };
        most.is_some_and(|most| self.acted >= most)
    }

    /// It acts on all that passes a connection, so that one record for each way is enough.
    pub(super) fn is_broad(&self) -> bool {
        let when = &self.when;
        when.nth.is_none()
            && when.probability.is_none()
            && when.times.is_none()
            && when.namespace.is_none()
            && when.event.is_none()
    }

    /// Whether the matchers fit, without counting it.
    pub(super) fn fits(&self, place: &Place, moment: &Moment<'_>) -> bool {
        let when = &self.when;
        (when.connections.is_empty() || when.connections.contains(&place.c))
            && (when.attempts.is_empty() || when.attempts.contains(&place.attempt))
            && when.transport.is_none_or(|name| name == place.transport)
            && when.direction.is_none_or(|dir| moment.dir == Some(dir))
            && when.request.is_none_or(|kind| moment.request == Some(kind))
            && when
                .namespace
                .as_deref()
                .is_none_or(|nsp| moment.nsp == Some(nsp))
            && when
                .event
                .as_deref()
                .is_none_or(|name| moment.event == Some(name))
    }

    /// Counts something that fits; says whether it acts on it.
    pub(super) fn take(&mut self, seed: u64, c: u32) -> Option<Hit> {
        let nth = match self.fault {
            Fault::Status { nth, .. } => Some(u64::from(nth)),
            _ => self.when.nth,
        };
        // By hand, "the third from now" does not begin anew with each connection.
        let (id, key) = (self.id, if self.by_hand() { 0 } else { c });
        let count = self.counts.entry(key).or_insert_with(|| Count {
            fits: 0,
            random: Random::new(seed, id, key.into()),
        });
        count.fits = count.fits.saturating_add(1);
        let drawn = self
            .when
            .probability
            .is_none_or(|probability| count.random.draw() < probability);
        if !drawn || nth.is_some_and(|nth| count.fits != nth) {
            return None;
        }
        self.acted = self.acted.saturating_add(1);
        Some(Hit {
            fault: self.fault,
            rule: self.rule.clone(),
        })
    }

    /// A draw from 0 to `most`, of this source and connection.
    pub(super) fn up_to(&mut self, seed: u64, c: u32, most: u64) -> u64 {
        let (id, key) = (self.id, if self.by_hand() { 0 } else { c });
        let count = self.counts.entry(key).or_insert_with(|| Count {
            fits: 0,
            random: Random::new(seed, id, key.into()),
        });
        count.random.up_to(most)
    }

    /// The connection is over.
    pub(super) fn closed(&mut self, c: u32) {
        if c != 0 {
            self.counts.remove(&c);
        }
    }
}
