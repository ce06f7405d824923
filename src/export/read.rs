//! The records of a session as they may be shown.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use super::Choice;
use crate::journal::file::Header;
use crate::journal::redact::{Masked, Redactor, Secrets};
use crate::journal::{Journal, Record, Unreadable};

/// A session that is read, once or several times.
pub(super) struct Reading<'a> {
    journal: &'a Journal,
    header: Header,
    redactor: Option<Redactor>,
    /// How often each was masked in one reading.
    masked: Option<Vec<Masked>>,
    /// Lines that are no records, from the first reading.
    unreadable: Option<Unreadable>,
}

impl<'a> Reading<'a> {
    /// Waits until the session is indexed, and learns what is secret in it.
    pub(super) fn new(journal: &'a Journal, choice: &Choice) -> Reading<'a> {
        // Indexing is a thread's work; there is nothing else to do meanwhile.
        while journal.status().indexed < 1.0 && journal.status().failed.is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut header = journal.header();
        let redactor = choice.redact.then(|| {
            let mut secrets = Secrets::new(&choice.keep);
            secrets.learn_header(&header);
            journal.scan(1, |record| {
                secrets.learn(&record);
                ControlFlow::Continue(())
            });
            let mut redactor = secrets.redactor();
            header = redactor.header(&header);
            redactor
        });
        Reading {
            journal,
            header,
            redactor,
            masked: None,
            unreadable: None,
        }
    }

    /// The session's first line.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Calls `each` with every record until it fails.
    pub(super) fn each(
        &mut self,
        mut each: impl FnMut(Record) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut result = Ok(());
        let redactor = &mut self.redactor;
        let mut unreadable = Unreadable::default();
        self.journal.scan(1, |record| {
            unreadable.take(&record);
            let shown = match redactor {
                Some(redactor) => redactor.record(&record),
                None => record,
            };
            result = each(shown);
            match result {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        self.unreadable.get_or_insert(unreadable);
        if self.masked.is_none() {
            self.masked = self.redactor.as_ref().map(Redactor::masked);
        }
        result
    }

    /// Lines that are no records.
    pub(super) fn unreadable(&self) -> Unreadable {
        self.unreadable.clone().unwrap_or_default()
    }

    /// What is kept under another name, too: the name that was asked for, and the other.
    pub(super) fn also_kept(&self) -> Vec<(String, String)> {
        let also = self.redactor.as_ref().map(Redactor::also_kept);
        also.unwrap_or_default()
    }

    /// What was masked in one reading, and the names to be kept that never came up.
    pub(super) fn masked(&self) -> (Vec<Masked>, Vec<String>) {
        let unmet = self.redactor.as_ref().map(Redactor::unmet);
        (
            self.masked.clone().unwrap_or_default(),
            unmet.unwrap_or_default(),
        )
    }
}
