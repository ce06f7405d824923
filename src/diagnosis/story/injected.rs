//! What a person injected through a tap: announced by a mark, carried by the record behind it.
//!
//! Neither side said it, so neither is blamed for it. An event for a joined namespace is taken as
//! harmless, unless the connection ends right after it; anything else (bytes that can't be read, a
//! packet out of place) counts as a failure made on purpose.

use std::collections::BTreeSet;

use super::{Life, Place};
use crate::journal::record::{Body, Record};
use crate::model::Packet;

/// How a mark begins that announces an injection.
const MARK: &str = "injected to the ";
/// Connections of which an announcement is remembered.
const CONNECTIONS: usize = 1_000;
/// Places that are remembered of one connection.
const PLACES: usize = 100;
/// A connection that ends so soon (microseconds) after an injection may have ended for it.
const AFTERMATH: u64 = 2_000_000;

/// Whether a record carries an injection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Injected {
    /// It does not.
    No,
    /// It carries nothing else.
    Whole,
    /// A poll's answer, in which it stands beside what the server said.
    Shared,
}

/// Announcements that wait for their record.
#[derive(Debug, Default)]
pub(super) struct Injections {
    announced: BTreeSet<u32>,
}

impl Injections {
    /// Whether this record of connection `c` carries what was announced.
    pub(super) fn take(&mut self, c: u32, record: &Record, packets: &[Packet]) -> Injected {
        match &record.body {
            Body::Mark(mark) if mark.text.starts_with(MARK) => {
                if self.announced.len() >= CONNECTIONS {
                    self.announced.pop_first();
                }
                self.announced.insert(c);
                Injected::No
            }
            // A header whose attachments follow is no packet yet: those are injected, too.
            Body::Frame(_) if packets.is_empty() && self.announced.contains(&c) => Injected::Whole,
            Body::Frame(_) | Body::Request(_) if self.announced.remove(&c) => Injected::Whole,
            Body::Response(_) if self.announced.remove(&c) => Injected::Shared,
            _ => {
                self.announced.remove(&c);
                Injected::No
            }
        }
    }
}

impl Life {
    /// Notes an injection in the record at hand.
    pub(super) fn inject(&mut self, place: Place, injected: bool, harms: bool) {
        if injected && self.injected.len() < PLACES {
            self.injected.push(place);
        }
        if harms && self.faults.len() < PLACES {
            self.faults.push(place);
        }
    }

    /// The connection has just ended; if something was injected right before, that is a cause
    /// which somebody made on purpose.
    pub(super) fn ended_by_injection(&mut self) {
        let (Some(last), Some(ended)) = (self.injected.last(), self.ended) else {
            return;
        };
        if ended.t.saturating_sub(last.t) <= AFTERMATH {
            self.faults.push(*last);
        }
    }
}
