//! Lines of a session file that are no records: how many, and where the first is. **Floor 0.**
//!
//! Whoever reads a session through counts them on the way and says so: what was left out of a
//! comparison or an export must be known.

use std::ops::ControlFlow;

use super::record::{Body, Record};
use super::store::Journal;

/// What could not be read as a record so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unreadable {
    /// How many lines.
    pub lines: u64,
    /// Where the first is and why, as in `line 3: expected ident (byte 2)`; `None` without any.
    pub first: Option<String>,
}

impl Unreadable {
    /// Counts the next record.
    pub fn take(&mut self, record: &Record) {
        if let Body::Unknown(unknown) = &record.body
            && let Some(why) = &unknown.why
        {
            self.lines = self.lines.saturating_add(1);
            // The header is line 1.
            let line = || format!("line {}: {why}", record.n.saturating_add(1));
            self.first.get_or_insert_with(line);
        }
    }

    /// Reads a whole session.
    #[must_use]
    pub fn of(journal: &Journal) -> Unreadable {
        let mut found = Unreadable::default();
        journal.scan(1, |record| {
            found.take(&record);
            ControlFlow::Continue(())
        });
        found
    }

    /// It in a sentence; `None` where every line is a record.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let first = self.first.as_deref()?;
        Some(match self.lines {
            1 => format!("1 line is not readable as a record: {first}"),
            many => format!("{many} lines are not readable as records, the first in {first}"),
        })
    }
}
