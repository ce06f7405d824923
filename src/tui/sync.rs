//! From the journal to the state: folding new records, making lists anew, searching, and
//! reading what is seen. Each step is bounded, and tells whether there is more to do.

mod list;
mod search;
mod sight;
#[cfg(test)]
mod tests;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::config::Level;
use super::log::RowId;
use super::state::Tab;
use super::sweep::Sweep;
use crate::diagnosis::Diagnosis;
use crate::journal::Journal;
use crate::journal::file::Source;
use crate::journal::record::Body;
use crate::model::Decoder;
use crate::model::row::{self, RowRef};

pub use sight::prepare;

/// Records that are folded in for one frame at most.
const RECORDS: u64 = 8_192;
/// Time that the folding may take of one frame.
const TIME: Duration = Duration::from_millis(6);
/// Records between two looks at the clock.
const STRIDE: u64 = 64;
/// Microseconds between two ticks of the rules.
const TICK: u64 = 900_000;

/// What lies between a session's journal and its tab: the decoder, and the cursor in the journal.
#[derive(Debug)]
pub struct Reader {
    decoder: Decoder,
    next: u64,
    /// The rules, where findings are wanted.
    diagnosis: Option<Diagnosis>,
    /// What the tab has taken over of them.
    revision: u64,
    /// Session time of the last tick.
    ticked: u64,
    /// The rules have had their last word on an opened file.
    finished: bool,
    /// What makes the list anew, and in which turn of the tab it began.
    refill: Option<(u64, Sweep)>,
    /// What looks for hits, likewise.
    search: Option<(u64, Sweep)>,
    /// How the list is kept true.
    renewal: list::Renewal,
}

impl Reader {
    /// A reader at the start of a journal.
    pub fn new(parser: Option<&str>) -> Reader {
        Reader {
            decoder: Decoder::new(parser),
            next: 1,
            diagnosis: None,
            revision: 0,
            ticked: 0,
            finished: false,
            refill: None,
            search: None,
            renewal: list::Renewal::default(),
        }
    }

    /// With the rules at work on what is read.
    #[must_use]
    pub fn diagnosing(mut self, source: Source, target: &str) -> Reader {
        self.diagnosis = Some(Diagnosis::new(source).for_target(target));
        self
    }
}

/// A frame's budget of time.
struct Budget {
    until: Instant,
    records: u64,
}

impl Budget {
    fn new() -> Budget {
        Budget {
            until: Instant::now() + TIME,
            records: 0,
        }
    }

    /// There is time left.
    fn is_open(&self) -> bool {
        self.records < RECORDS && Instant::now() < self.until
    }

    /// Counts one record; true while there is time for another.
    fn take(&mut self) -> bool {
        self.records += 1;
        self.records < RECORDS
            && (!self.records.is_multiple_of(STRIDE) || Instant::now() < self.until)
    }
}

/// What a tab counts the rows of, in its order; each level shows more than the one before.
const LEVELS: [Level; 3] = [Level::Packets, Level::Frames, Level::Raw];

fn level(level: Level) -> row::Level {
    match level {
        Level::Packets => row::Level::Packets,
        Level::Frames => row::Level::Frames,
        Level::Raw => row::Level::Raw,
    }
}

/// The row that a name stands for.
pub fn reference_of(tab: &Tab, id: RowId) -> RowRef {
    RowRef {
        n: id.n(),
        index: id.index().checked_sub(1).unwrap_or(RowRef::RECORD),
        back: tab.backs.get(&id.n()).copied().unwrap_or(0),
    }
}

/// Takes in what is new in the journal, as far as the frame's budget goes. True when there is
/// more to do.
pub fn advance(tab: &mut Tab, reader: &mut Reader, journal: &Journal, shown: Level) -> bool {
    let mut budget = Budget::new();
    tab.records = journal.len();
    let mut more = fold(tab, reader, journal, shown, &mut budget);
    if !tab.live && !more {
        finish(tab, reader, journal);
    }
    conclude(tab, reader);
    more |= list::refill(tab, reader, journal, shown, &budget);
    more |= list::renew(tab, reader, journal, shown, &budget);
    more |= search::search(tab, reader, journal, shown, &mut budget);
    tab.now = tab.now.max(tab.model.now);
    more
}

/// Tells the rules what time it is: some speak about silence. Seldom enough to cost nothing.
pub fn tick(tab: &mut Tab, reader: &mut Reader) {
    if tab.now < reader.ticked.saturating_add(TICK) {
        return;
    }
    reader.ticked = tab.now;
    if let Some(diagnosis) = &mut reader.diagnosis {
        diagnosis.tick(tab.now, &tab.model);
    }
    conclude(tab, reader);
}

/// The rules' last word, once an opened file was read to its end.
fn finish(tab: &mut Tab, reader: &mut Reader, journal: &Journal) {
    if reader.finished || journal.status().indexed < 1.0 || reader.next <= journal.len() {
        return;
    }
    reader.finished = true;
    if let Some(diagnosis) = &mut reader.diagnosis {
        diagnosis.finish(&tab.model);
    }
}

/// Hands over what the rules say now, where that is something else than before.
fn conclude(tab: &mut Tab, reader: &mut Reader) {
    if let Some(diagnosis) = &reader.diagnosis
        && diagnosis.revision() != reader.revision
    {
        reader.revision = diagnosis.revision();
        tab.take_findings(diagnosis.findings());
    }
}

fn fold(
    tab: &mut Tab,
    reader: &mut Reader,
    journal: &Journal,
    shown: Level,
    budget: &mut Budget,
) -> bool {
    if reader.next > tab.records {
        return false;
    }
    let decoder = &mut reader.decoder;
    let diagnosis = &mut reader.diagnosis;
    let mut open = true;
    reader.next = journal.scan(reader.next, |record| {
        let packets = decoder.decode(&record);
        let back = decoder.back();
        tab.model.apply(&record, &packets);
        if let Some(diagnosis) = diagnosis {
            diagnosis.take(&record, &packets, &tab.model);
        }
        if let Body::Fault(fault) = &record.body {
            tab.broken.take(&record, fault);
        }
        if let Some(clients) = &mut tab.tap {
            clients.take(&record, &packets);
        }
        // Of a part that completes nothing, too: by itself it could not be understood.
        if back > 0 {
            tab.backs.insert(record.n, back);
        }
        for (count, shown) in tab.rows.iter_mut().zip(LEVELS) {
            let rows = row::refs(&record, &packets, back, level(shown)).count();
            *count = count.saturating_add(rows as u64);
        }
        if tab.refill.is_none() {
            list::push_rows(tab, &record, &packets, back, shown);
        }
        open = budget.take();
        if open {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    reader.next <= tab.records
}
