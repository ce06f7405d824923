//! What is in a session.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::diagnosis::Diagnosis;
use crate::journal::Journal;
use crate::journal::file::Listed;
use crate::model::decode::Kind;
use crate::model::{Decoder, Model};

/// Larger sessions are read only when that is asked for.
const LARGEST: u64 = 32 << 20;

/// What is in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) records: u64,
    pub(super) connections: u64,
    /// Events, both ways.
    pub(super) events: u64,
    pub(super) findings: u64,
}

impl Contents {
    /// Reads it; `None` for what can't be opened, and for what is large unless `full`.
    pub(super) fn of(listed: &Listed, full: bool) -> Option<Contents> {
        if listed.header.is_err() || (listed.size > LARGEST && !full) {
            return None;
        }
        let journal = Journal::open(&listed.path).ok()?;
        while journal.status().indexed < 1.0 && journal.status().failed.is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let header = journal.header();
        let mut decoder = Decoder::new(header.parser.as_deref());
        let mut model = Model::default();
        let mut diagnosis = Diagnosis::new(header.source).for_target(&header.target);
        let mut connections = BTreeSet::new();
        let mut events = 0_u64;
        journal.scan(1, |record| {
            let packets = decoder.decode(&record);
            connections.extend(record.c);
            let is_event = |kind: &Kind| matches!(kind, Kind::Socket { event: Some(_), .. });
            let more = packets
                .iter()
                .filter(|packet| is_event(&packet.kind))
                .count();
            events = events.saturating_add(more as u64);
            model.apply(&record, &packets);
            diagnosis.take(&record, &packets, &model);
            ControlFlow::Continue(())
        });
        diagnosis.finish(&model);
        Some(Contents {
            records: journal.len(),
            connections: connections.len() as u64,
            events,
            findings: diagnosis.findings().len() as u64,
        })
    }
}
