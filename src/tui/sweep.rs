//! Looks through the records of a session on threads of its own: for the list, and for a search.
//!
//! **Floor 5.** A [`Sweep`] hands out slices of the journal to as many threads as there are
//! cores; what they find comes back in the journal's order, so that the first hits are there
//! long before the last slice is read. It ends when it is dropped, whatever its threads are at.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Instant;

use super::line;
use super::log::RowId;
use crate::journal::Journal;
use crate::journal::record::{Body, Record};
use crate::model::filter::Filter;
use crate::model::row::{self, Level, Row, RowRef};
use crate::model::{Decoder, Model, Packet};

/// Records of one slice.
const SLICE: u64 = 4_096;
/// Threads at most: more of them would wait for the disk and for each other.
const THREADS: usize = 4;
/// Slices that may wait to be taken, for each thread.
const AHEAD: usize = 4;

/// A row that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub id: RowId,
    /// Something is wrong with it.
    pub error: bool,
    /// It is a person's mark.
    pub mark: bool,
}

/// The rows of a record at a level that pass a filter.
pub fn rows<'a>(
    record: &'a Record,
    packets: &'a [Packet],
    back: u32,
    level: Level,
    filter: Option<&'a Filter>,
    model: &'a Model,
    now: u64,
) -> impl Iterator<Item = Found> + use<'a> {
    row::refs(record, packets, back, level).filter_map(move |reference| {
        let row = Row::new(record, packets, reference.packet(), model)?;
        filter
            .is_none_or(|filter| filter.matches(&row, now))
            .then(|| Found {
                id: RowId::of(reference),
                error: row.error,
                // A person's marks; what a library called is not gone through mark by mark.
                mark: matches!(&record.body, Body::Mark(mark) if line::callback(&mark.text).is_none()),
            })
    })
}

/// What is looked for, and all that is needed to understand a record from the middle.
#[derive(Debug)]
pub struct Look {
    /// The session.
    pub journal: Journal,
    /// A decoder that has seen all that is looked through.
    pub decoder: Decoder,
    /// Records whose first packet began so many records earlier.
    pub backs: BTreeMap<u64, u32>,
    /// What is known about the rows' acks; nothing else of it is asked for.
    pub model: Model,
    /// Session time that ages are counted back from.
    pub now: u64,
    /// Which rows there are.
    pub level: Level,
    /// Which of them pass; all where there is none.
    pub filter: Option<Filter>,
}

impl Look {
    /// What a slice of the records yields; cut short once it is of no use any more.
    fn through(&self, slice: Range<u64>, dropped: &AtomicBool) -> Vec<Found> {
        let mut found = Vec::new();
        // Most lines are ruled out by a look at them, before anything of them is read.
        let wanted = |line: &[u8]| {
            self.filter
                .as_ref()
                .is_none_or(|filter| filter.may_match_line(line))
        };
        self.journal.scan_where(slice, wanted, |record| {
            let back = self.backs.get(&record.n).copied().unwrap_or(0);
            let whole = RowRef {
                back,
                ..RowRef::record(record.n)
            };
            // The record is here already; only the parts of a binary packet are fetched.
            let known = |n| {
                if n == record.n {
                    Some(record.clone())
                } else {
                    self.journal.get(n)
                }
            };
            if let Some((_, packets)) = self.decoder.packets_of(whole, known) {
                found.extend(rows(
                    &record,
                    &packets,
                    back,
                    self.level,
                    self.filter.as_ref(),
                    &self.model,
                    self.now,
                ));
            }
            if dropped.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        found
    }
}

/// The work that the threads share.
#[derive(Debug)]
struct Work {
    look: Look,
    range: Range<u64>,
    /// Number of the slice that is handed out next.
    slice: AtomicU64,
    /// Nobody waits for it any more.
    dropped: AtomicBool,
}

impl Work {
    /// The records of a slice; `None` behind the last.
    fn slice(&self, number: u64) -> Option<Range<u64>> {
        let start = self.range.start.checked_add(number.checked_mul(SLICE)?)?;
        (start < self.range.end).then(|| start..start.saturating_add(SLICE).min(self.range.end))
    }

    /// Does the next slice that nobody has taken.
    fn next(&self) -> Option<(u64, Vec<Found>)> {
        let number = self.slice.fetch_add(1, Ordering::Relaxed);
        let slice = self.slice(number)?;
        Some((number, self.look.through(slice, &self.dropped)))
    }

    fn work(&self, yields: &SyncSender<(u64, Vec<Found>)>) {
        while !self.dropped.load(Ordering::Relaxed)
            && let Some(done) = self.next()
            && yields.send(done).is_ok()
        {}
    }
}

/// A look through many records. Dropping it ends it.
#[derive(Debug)]
pub struct Sweep {
    work: Arc<Work>,
    /// What the threads bring; `None` where there are none, and the work is done when asked for.
    yields: Option<Receiver<(u64, Vec<Found>)>>,
    /// Slices that came before an earlier one.
    early: BTreeMap<u64, Vec<Found>>,
    /// Number of the slice that comes next.
    next: u64,
}

impl Sweep {
    /// Begins to look through the records of `range`.
    pub fn start(look: Look, range: Range<u64>) -> Sweep {
        let work = Arc::new(Work {
            look,
            range,
            slice: AtomicU64::new(0),
            dropped: AtomicBool::new(false),
        });
        // A single slice is done sooner than a thread is there.
        let yields = work.slice(1).and_then(|_| threads(&work));
        Sweep {
            work,
            yields,
            early: BTreeMap::new(),
            next: 0,
        }
    }

    /// The first record that was not told of yet; behind the last when all was.
    pub fn reached(&self) -> u64 {
        let end = self.work.range.end;
        self.work.slice(self.next).map_or(end, |slice| slice.start)
    }

    /// Whether all was told.
    pub fn is_over(&self) -> bool {
        self.work.slice(self.next).is_none()
    }

    /// What the next slice yields; `None` when it is not there by `until`, or all was told.
    pub fn next(&mut self, until: Instant) -> Option<Vec<Found>> {
        while !self.is_over() {
            if let Some(found) = self.early.remove(&self.next) {
                self.next = self.next.saturating_add(1);
                return Some(found);
            }
            let (number, found) = match &self.yields {
                None => self.work.next()?,
                Some(yields) => {
                    let left = until.saturating_duration_since(Instant::now());
                    match yields.recv_timeout(left) {
                        Ok(done) => done,
                        Err(RecvTimeoutError::Timeout) => return None,
                        // All threads are gone: what one of them took with it is done again.
                        Err(RecvTimeoutError::Disconnected) => {
                            let slice = self.work.slice(self.next)?;
                            let found = self.work.look.through(slice, &self.work.dropped);
                            (self.next, found)
                        }
                    }
                }
            };
            self.early.insert(number, found);
        }
        None
    }
}

impl Drop for Sweep {
    fn drop(&mut self) {
        self.work.dropped.store(true, Ordering::Relaxed);
    }
}

/// Starts the threads; `None` where the machine has none to give.
fn threads(work: &Arc<Work>) -> Option<Receiver<(u64, Vec<Found>)>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let count = cores.min(THREADS);
    let (send, receive) = sync_channel(count.saturating_mul(AHEAD));
    let started = (0..count)
        .filter(|_| {
            let (work, send) = (Arc::clone(work), send.clone());
            std::thread::Builder::new()
                .name("sweep".to_owned())
                .spawn(move || work.work(&send))
                .is_ok()
        })
        .count();
    (started > 0).then_some(receive)
}

#[cfg(test)]
mod tests;
