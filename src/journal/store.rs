//! The journal: append, index, read by sequence number.
//!
//! One writer or several append; readers pull by sequence number and are woken when there is
//! more ("notify small, pull big"). Memory holds an index and the lines that are not written
//! yet; everything else is read back from the file, at the same cost at record 10 and at
//! record 10,000,000.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::file::{Header, OpenError};
use super::record::{Body, Record};

/// The append-only list of records of one session. A handle; clones share the journal.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<()>,
}

/// Where the records of a journal go, and how that goes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// The session file, where there is one.
    pub path: Option<PathBuf>,
    /// Why recording to the file ended (full disk, unwritable path); said once, the session goes on.
    pub failed: Option<String>,
    /// Records that are no longer readable because memory was bounded (no file, or it failed).
    pub forgotten: u64,
    /// For an opened file: share of it that is indexed, 0.0 to 1.0; 1.0 for a live journal.
    pub indexed: f64,
    /// Bytes that the session takes on disk or in memory.
    pub bytes: u64,
    /// True when the opened file ended in a cut line, which was left out.
    pub cut: bool,
}

impl Journal {
    /// Starts a live journal that records to `path` (created with mode 0600, folders made).
    pub fn create(header: Header, started: Instant, path: &Path) -> std::io::Result<Journal> {
        unimplemented!()
    }
    /// Starts a live journal without a file: it keeps the newest `limit` bytes of lines.
    pub fn in_memory(header: Header, started: Instant, limit: usize) -> Journal {
        unimplemented!()
    }
    /// Opens a saved session. Returns as soon as the header is read; indexing goes on behind.
    pub fn open(path: &Path) -> Result<Journal, OpenError> {
        unimplemented!()
    }
    /// The session's first line.
    pub fn header(&self) -> Header {
        unimplemented!()
    }
    /// Appends a record that happened at `at`; returns its sequence number.
    pub fn append(&self, at: Instant, c: Option<u32>, body: &Body) -> u64 {
        unimplemented!()
    }
    /// Number of records so far (the newest sequence number).
    pub fn len(&self) -> u64 {
        unimplemented!()
    }
    /// Reads one record.
    pub fn get(&self, n: u64) -> Option<Record> {
        unimplemented!()
    }
    /// Reads one record's line as it stands in the file, without the line break.
    pub fn line(&self, n: u64) -> Option<Vec<u8>> {
        unimplemented!()
    }
    /// Calls `each` with the records from `from` on, in order, until it breaks or the end is reached.
    /// Returns the sequence number to go on from.
    pub fn scan(&self, from: u64, each: impl FnMut(Record) -> ControlFlow<()>) -> u64 {
        unimplemented!()
    }
    /// Waits until there are more than `seen` records (or the status changed, or the journal was closed).
    pub async fn changed(&self, seen: u64) {
        unimplemented!()
    }
    /// Where the records go, and how that goes.
    pub fn status(&self) -> Status {
        unimplemented!()
    }
    /// Session time of `at`, in microseconds.
    pub fn time_of(&self, at: Instant) -> u64 {
        unimplemented!()
    }
    /// Writes out what is pending and closes the file; later appends are refused silently.
    pub fn close(&self) {
        unimplemented!()
    }
}
