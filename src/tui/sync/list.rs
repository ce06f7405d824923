//! The list of rows: filled as records come, made anew for another filter or level, and renewed
//! where the filter asks about what changes later.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::{Budget, Reader, level};
use crate::journal::Journal;
use crate::journal::record::Record;
use crate::model::Packet;
use crate::model::filter::Filter;
use crate::tui::config::Level;
use crate::tui::state::Tab;
use crate::tui::sweep::{self, Found, Look, Sweep};

/// Shortest pause between two renewals of the list.
const RENEW: Duration = Duration::from_secs(1);

/// A renewal is followed by a pause that is so many times as long.
const REST: u32 = 4;

/// How a list stays true whose filter asks about what changes later.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// What was known when the list was made: the turn, the newest record, the findings.
    known: (u64, u64, u64),
    /// Not again before this.
    pub(super) due: Option<Instant>,
    running: Option<Renewing>,
}

/// A renewal under way.
#[derive(Debug)]
struct Renewing {
    known: (u64, u64, u64),
    began: Instant,
    sweep: Sweep,
    found: Vec<Found>,
}

/// Puts the rows of a record that pass the filter into the list.
pub(super) fn push_rows(
    tab: &mut Tab,
    record: &Record,
    packets: &[Packet],
    back: u32,
    shown: Level,
) {
    let (filter, now) = (tab.filter.active(), tab.model.now);
    let rows = sweep::rows(record, packets, back, level(shown), filter, &tab.model, now);
    for row in rows {
        let mark = is_mark(&tab.marks, &row);
        tab.log.push(row.id, row.error, mark);
    }
}

/// Whether a row is a mark: by itself, or because a person marked it.
fn is_mark(marks: &BTreeMap<u64, String>, row: &Found) -> bool {
    row.mark || marks.contains_key(&row.id.n())
}

/// Looks through the records of `range` for rows that pass `filter`.
pub(super) fn look(
    tab: &Tab,
    reader: &Reader,
    journal: &Journal,
    shown: Level,
    filter: Option<Filter>,
    range: Range<u64>,
) -> Sweep {
    let look = Look {
        journal: journal.clone(),
        decoder: reader.decoder.clone(),
        backs: tab.backs.clone(),
        model: tab.model.for_rows(),
        now: tab.model.now,
        level: level(shown),
        filter,
    };
    Sweep::start(look, range)
}

/// Goes on with making the list anew.
pub(super) fn refill(
    tab: &mut Tab,
    reader: &mut Reader,
    journal: &Journal,
    shown: Level,
    budget: &Budget,
) -> bool {
    let Some(mut next) = tab.refill else {
        reader.refill = None;
        return false;
    };
    let begun = reader.refill.take().filter(|(turn, _)| *turn == tab.turn);
    let mut sweep = begun.map(|(_, sweep)| sweep);
    while next <= tab.model.seen {
        // What came since the last one began needs another.
        let running = sweep.take().filter(|sweep| !sweep.is_over());
        let mut running = running.unwrap_or_else(|| {
            let range = next..tab.model.seen.saturating_add(1);
            let filter = tab.filter.active().cloned();
            look(tab, reader, journal, shown, filter, range)
        });
        let found = running.next(budget.until);
        next = running.reached();
        sweep = Some(running);
        let waits = found.is_none();
        for row in found.into_iter().flatten() {
            let mark = is_mark(&tab.marks, &row);
            tab.log.push(row.id, row.error, mark);
        }
        if next <= tab.model.seen && (waits || !budget.is_open()) {
            tab.refill = Some(next);
            reader.refill = sweep.map(|sweep| (tab.turn, sweep));
            return true;
        }
    }
    tab.refill = None;
    tab.log.refilled();
    false
}

/// Makes the list anew now and then where the filter asks about what changes later: whether an
/// ack came, how old a row is, what proves a finding. The list stands meanwhile.
pub(super) fn renew(
    tab: &mut Tab,
    reader: &mut Reader,
    journal: &Journal,
    shown: Level,
    budget: &Budget,
) -> bool {
    let known = (tab.turn, tab.model.seen, reader.revision);
    tab.stale = false;
    let Some(filter) = tab.filter.active().filter(|filter| filter.is_unsteady()) else {
        reader.renewal = Renewal::default();
        return false;
    };
    if tab.log.is_paused() {
        reader.renewal.running = None;
        return false;
    }
    if tab.refill.is_some() {
        // Made anew from the start: that is as good.
        reader.renewal.known = known;
        reader.renewal.running = None;
        reader.renewal.due = Instant::now().checked_add(RENEW);
        return false;
    }
    let running = reader.renewal.running.take();
    let mut running = match running.filter(|running| running.known.0 == tab.turn) {
        Some(running) => running,
        None if reader.renewal.known == known => return false,
        None if reader.renewal.due.is_some_and(|due| due > Instant::now()) => {
            tab.stale = true;
            return false;
        }
        None => {
            let range = 1..tab.model.seen.saturating_add(1);
            Renewing {
                known,
                began: Instant::now(),
                sweep: look(tab, reader, journal, shown, Some(filter.clone()), range),
                found: Vec::new(),
            }
        }
    };
    while let Some(found) = running.sweep.next(budget.until) {
        running.found.extend(found);
        if !budget.is_open() {
            break;
        }
    }
    if !running.sweep.is_over() {
        reader.renewal.running = Some(running);
        return true;
    }
    // What came meanwhile is in the list already, behind what was looked through.
    let end = running.known.1.saturating_add(1);
    let marks = &tab.marks;
    let rows = running
        .found
        .iter()
        .map(|row| (row.id, row.error, is_mark(marks, row)));
    let changed = tab.log.replace(end, rows);
    if changed && let Some(search) = &mut tab.search {
        // The places of its hits are others now, also of what is looked through at the moment.
        search.next = 0;
        reader.search = None;
    }
    let pause = running.began.elapsed().saturating_mul(REST).max(RENEW);
    reader.renewal.known = running.known;
    reader.renewal.due = Instant::now().checked_add(pause);
    tab.stale = running.known != known;
    false
}
