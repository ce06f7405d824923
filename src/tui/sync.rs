//! From the journal to the state: folding new records, making lists anew, searching, and
//! reading what is seen. Each step is bounded, and tells whether there is more to do.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use super::config::Level;
use super::detail::read;
use super::layout::Pane;
use super::line::Line;
use super::log::RowId;
use super::pane;
use super::state::{Overlay, Search, State, Tab};
use super::sweep::{self, Found, Look, Sweep};
use super::theme::Role;
use super::why::{Evidence, LISTED, Why};
use crate::diagnosis::Diagnosis;
use crate::journal::Journal;
use crate::journal::file::Source;
use crate::journal::record::{Body, Record};
use crate::model::decode::Kind;
use crate::model::filter::Filter;
use crate::model::row::{self, Row, RowRef};
use crate::model::{Decoder, Packet};

/// Records that are folded in for one frame at most.
const RECORDS: u64 = 8_192;
/// Time that the folding may take of one frame.
const TIME: Duration = Duration::from_millis(6);
/// Records between two looks at the clock.
const STRIDE: u64 = 64;
/// Rows that a search looks through by itself; more of them are worth threads.
const FEW: usize = 2_048;
/// How far from a response its request is looked for.
const NEAR: u64 = 512;
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
    /// See [`renew`].
    renewal: Renewal,
}

/// Shortest pause between two renewals of the list.
const RENEW: Duration = Duration::from_secs(1);
/// A renewal is followed by a pause that is so many times as long.
const REST: u32 = 4;

/// How a list stays true whose filter asks about what changes later.
#[derive(Debug, Default)]
struct Renewal {
    /// What was known when the list was made: the turn, the newest record, the findings.
    known: (u64, u64, u64),
    /// Not again before this.
    due: Option<Instant>,
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
            renewal: Renewal::default(),
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

/// In the order of the screen's own [`Level`].
const LEVELS: [row::Level; 3] = [row::Level::Packets, row::Level::Frames, row::Level::Raw];

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
    more |= refill(tab, reader, journal, shown, &budget);
    more |= renew(tab, reader, journal, shown, &budget);
    more |= search(tab, reader, journal, shown, &mut budget);
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
        for (count, level) in tab.rows.iter_mut().zip(LEVELS) {
            let rows = row::refs(&record, &packets, back, level).count();
            *count = count.saturating_add(rows as u64);
        }
        if tab.refill.is_none() {
            push_rows(tab, &record, &packets, back, shown);
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

/// Puts the rows of a record that pass the filter into the list.
fn push_rows(tab: &mut Tab, record: &Record, packets: &[Packet], back: u32, shown: Level) {
    let (filter, now) = (tab.filter.active(), tab.model.now);
    let rows = sweep::rows(record, packets, back, level(shown), filter, &tab.model, now);
    for row in rows {
        let mark = row.mark || tab.marks.contains_key(&record.n);
        tab.log.push(row.id, row.error, mark);
    }
}

/// Looks through the records of `range` for rows that pass `filter`.
fn look(
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
fn refill(
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
        let filter = || tab.filter.active().cloned();
        // What came since the last one began needs another.
        let running = sweep.take().filter(|sweep| !sweep.is_over());
        let mut running = running.unwrap_or_else(|| {
            let range = next..tab.model.seen.saturating_add(1);
            look(tab, reader, journal, shown, filter(), range)
        });
        let found = running.next(budget.until);
        next = running.reached();
        sweep = Some(running);
        let waits = found.is_none();
        for row in found.into_iter().flatten() {
            let mark = row.mark || tab.marks.contains_key(&row.id.n());
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
fn renew(
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
    let is_mark = |row: &Found| row.mark || marks.contains_key(&row.id.n());
    let rows = running
        .found
        .iter()
        .map(|row| (row.id, row.error, is_mark(row)));
    let changed = tab.log.replace(end, rows);
    if changed && let Some(search) = &mut tab.search {
        search.next = 0;
    }
    let pause = running.began.elapsed().saturating_mul(REST).max(RENEW);
    reader.renewal.known = running.known;
    reader.renewal.due = Instant::now().checked_add(pause);
    tab.stale = running.known != known;
    false
}

/// Goes on with the search through the rows of the list.
fn search(
    tab: &mut Tab,
    reader: &mut Reader,
    journal: &Journal,
    shown: Level,
    budget: &mut Budget,
) -> bool {
    if tab.refill.is_some() {
        return false;
    }
    let Some(mut search) = tab.search.take() else {
        reader.search = None;
        return false;
    };
    let len = tab.log.len();
    let begun = reader.search.take().filter(|(turn, _)| *turn == tab.turn);
    let mut sweep = begun.map(|(_, sweep)| sweep);
    if sweep.is_none() && len.saturating_sub(search.next) > FEW {
        let at = |place| tab.log.row(place).map_or(1, RowId::n);
        let range = at(search.next)..at(len.saturating_sub(1)).saturating_add(1);
        let matcher = Some(search.matcher.clone());
        sweep = Some(look(tab, reader, journal, shown, matcher, range));
    }
    while let Some(running) = &mut sweep
        && budget.is_open()
        && let Some(found) = running.next(budget.until)
    {
        let mut from = search.next;
        for row in found {
            let at = tab.log.place_from(from, row.id);
            if tab.log.row(at) == Some(row.id) {
                hit(tab, &mut search, at);
            }
            from = at;
        }
        search.next = tab.log.place_from(from, RowId::new(running.reached(), 0));
        if running.is_over() {
            sweep = None;
        }
    }
    let mut open = sweep.is_none() && budget.is_open();
    while search.next < len && open {
        let at = search.next;
        search.next += 1;
        let Some(id) = tab.log.row(at) else { break };
        open = budget.take();
        let reference = reference_of(tab, id);
        let Some((record, packets)) = reader.decoder.packets_of(reference, |n| journal.get(n))
        else {
            continue;
        };
        let is_hit = Row::new(&record, &packets, reference.packet(), &tab.model)
            .is_some_and(|row| search.matcher.matches(&row, tab.model.now));
        if is_hit {
            hit(tab, &mut search, at);
        }
    }
    let more = search.next < len;
    if !more && search.jump_from.take().is_some() {
        // Nothing after the place where the search began: the first hit of all.
        tab.log.jump(super::log::Spot::Hit, true);
    }
    reader.search = sweep.map(|sweep| (tab.turn, sweep));
    tab.search = Some(search);
    more
}

/// Takes a hit down, and goes there where it is the one that is looked for.
fn hit(tab: &mut Tab, search: &mut Search, at: usize) {
    tab.log.push_hit(at);
    if search.jump_from.is_some_and(|from| at >= from) {
        search.jump_from = None;
        tab.log.select(at);
    }
}

/// Reads what the coming frame shows: the rows in sight and the selected one's content.
pub fn prepare(state: &mut State, readers: &[(Reader, Journal)]) {
    let layout = state.layout();
    let frames = layout
        .slot(Pane::Frames)
        .map(|slot| usize::from(slot.inner.height));
    let detail = layout
        .slot(Pane::Detail)
        .map(|slot| pane::detail::rows(slot.inner));
    let (current, secrets) = (state.current, state.secrets);
    let Some((reader, journal)) = readers.get(current) else {
        return;
    };
    let Some(tab) = state.tabs.get_mut(current) else {
        return;
    };
    tab.status = journal.status();
    if let Some(time) = tab.goto.take() {
        let n = first_at(journal, time);
        if tab.log.is_paused() {
            tab.log.toggle_pause();
        }
        tab.log.select_record(n);
    }
    if let Some(height) = frames {
        tab.log.set_height(height);
        window(tab, reader, journal, secrets);
    }
    // Also where the packet has no room: it is copied, answered, sent again and saved all the same.
    selected(tab, reader, journal, secrets);
    if let Some(height) = detail {
        tab.detail.set_height(height);
        if let Some(pinned) = &mut tab.pinned {
            // Both show the same view from the same row on: that is what they are compared by.
            pinned.view = tab.detail.view;
            pinned.set_height(height);
            pinned.go_to(tab.detail.at);
        }
    }
    // While a walk goes on what proves the finding is read too: the evidence may still grow.
    if let Some(mut walk) = tab.walk.take() {
        evidence(tab, &mut walk, reader, journal, secrets);
        tab.walk = Some(walk);
    }
    if let Some(Overlay::Break(menu)) = state.overlays.last_mut() {
        menu.set_around(tab.broken.around(tab));
    }
    let gone = match state.overlays.last_mut() {
        Some(Overlay::Why(why)) => {
            evidence(tab, why, reader, journal, secrets);
            why.place(&tab.findings).is_none()
        }
        _ => false,
    };
    if gone {
        // It gave way to a finding that explains the same thing better.
        state.overlays.pop();
    }
}

/// Reads the records that prove a finding and were not read yet.
fn evidence(tab: &Tab, why: &mut Why, reader: &Reader, journal: &Journal, secrets: bool) {
    let Some(finding) = why.now(&tab.findings) else {
        return;
    };
    let now = finding.clone();
    why.several = tab.model.connections.len() > 1;
    let wanted = finding.evidence.iter().take(LISTED);
    let same = why
        .evidence
        .iter()
        .zip(wanted.clone())
        .take_while(|(read, n)| read.n == **n)
        .count();
    why.evidence.truncate(same);
    for n in wanted.skip(same) {
        let proof = proof(tab, *n, &now.title, reader, journal, secrets);
        why.evidence.push(proof);
    }
    why.finding = Some(now);
}

/// Rows of one record that are looked through for the one that tells most.
const PROOFS: usize = 64;

/// One record of the evidence: the row of its first packet that tells of an error, or of a
/// namespace that the finding names, else of its first packet, or its own.
fn proof(
    tab: &Tab,
    n: u64,
    title: &str,
    reader: &Reader,
    journal: &Journal,
    secrets: bool,
) -> Evidence {
    let back = tab.backs.get(&n).copied().unwrap_or(0);
    let whole = RowRef {
        back,
        ..RowRef::record(n)
    };
    let read = reader.decoder.packets_of(whole, |n| journal.get(n));
    let Some((record, packets)) = read else {
        return Evidence {
            n,
            wall: String::new(),
            level: Level::Packets,
            line: None,
        };
    };
    let line_of = |reference: RowRef| {
        Row::new(&record, &packets, reference.packet(), &tab.model)
            .map(|row| Line::of(RowId::of(reference), &row, &packets, None, secrets))
    };
    let best = |shown| {
        let rows = || row::refs(&record, &packets, back, level(shown)).take(PROOFS);
        let first = rows().next()?;
        let error = rows().filter_map(line_of).find(|line| line.error);
        let named = || {
            let is_named = |row: &RowRef| {
                let packet = row.packet().and_then(|at| packets.get(at as usize));
                packet.is_some_and(|packet| names(title, packet))
            };
            rows().find(is_named).and_then(line_of)
        };
        Some((shown, error.or_else(named).or_else(|| line_of(first))))
    };
    let (shown, line) = [Level::Packets, Level::Frames, Level::Raw]
        .into_iter()
        .find_map(best)
        .unwrap_or_else(|| (Level::Raw, line_of(whole)));
    Evidence {
        n,
        wall: tab.wall(record.t),
        level: shown,
        line,
    }
}

/// Whether a finding's title names the namespace of a packet.
fn names(title: &str, packet: &Packet) -> bool {
    let Kind::Socket { nsp, .. } = &packet.kind else {
        return false;
    };
    nsp != "/" && title.split_whitespace().any(|word| word == nsp)
}

/// The first record at or after a session time. Times grow with the numbers, so few are read.
fn first_at(journal: &Journal, time: u64) -> u64 {
    let (mut from, mut to) = (1, journal.len().max(1));
    while from < to {
        let middle = from + (to - from) / 2;
        // What is no longer in memory lies before everything that is.
        match journal.get(middle) {
            Some(record) if record.t >= time => to = middle,
            _ => from = middle + 1,
        }
    }
    from
}

/// Reads the rows in sight.
fn window(tab: &mut Tab, reader: &Reader, journal: &Journal, secrets: bool) {
    let (top, seen) = tab.log.seen();
    let seen = seen.to_vec();
    let mut cache: HashMap<u64, Option<(Record, Vec<Packet>)>> = HashMap::new();
    let mut before = top
        .checked_sub(1)
        .and_then(|at| tab.log.row(at))
        .and_then(|id| journal.get(id.n()))
        .map(|record| record.t);
    let mut lines = Vec::with_capacity(seen.len());
    for id in seen {
        let reference = reference_of(tab, id);
        let read = cache
            .entry(id.n())
            .or_insert_with(|| reader.decoder.packets_of(reference, |n| journal.get(n)));
        let line = read.as_ref().and_then(|(record, packets)| {
            let row = Row::new(record, packets, reference.packet(), &tab.model)?;
            Some(Line::of(id, &row, packets, before, secrets))
        });
        let mut line = line.unwrap_or_else(|| Line::forgotten(id));
        if let Some(clients) = &tab.tap
            && clients.is_injected(id.n())
        {
            line.note = "injected".to_owned();
            line.note_role = Role::Fault;
        }
        if let Some(mark) = tab.marks.get(&id.n()) {
            line.note = format!("◆ {mark}");
            line.note_role = Role::Mark;
        }
        before = Some(line.t);
        lines.push(line);
    }
    tab.log.window = lines;
}

/// Reads the selected row, when it is another one than before.
fn selected(tab: &mut Tab, reader: &Reader, journal: &Journal, secrets: bool) {
    let Some(id) = tab.log.selected() else { return };
    // While the list runs, the newest row changes at each frame: it is still only one to read.
    let pending = tab
        .detail
        .content
        .head
        .iter()
        .any(|(words, _)| words.contains("pending") || words.contains("waits"));
    if tab.detail.id == Some(id) && tab.detail.shown_secrets == secrets && !pending {
        return;
    }
    let reference = reference_of(tab, id);
    let Some((record, packets)) = reader.decoder.packets_of(reference, |n| journal.get(n)) else {
        return;
    };
    let Some(row) = Row::new(&record, &packets, reference.packet(), &tab.model) else {
        return;
    };
    let other = other_half(journal, &record);
    let content = read::content(&row, &packets, &tab.wall(record.t), other.as_ref(), secrets);
    if tab.detail.id == Some(id)
        && tab.detail.shown_secrets == secrets
        && tab.detail.content.head == content.head
    {
        return;
    }
    tab.detail.fill(id, content);
    tab.detail.shown_secrets = secrets;
}

/// The other half of an exchange, looked for in the neighbourhood.
fn other_half(journal: &Journal, record: &Record) -> Option<Record> {
    let (x, back) = match &record.body {
        Body::Response(response) => (response.x, true),
        Body::Request(request) => (request.x, false),
        _ => return None,
    };
    for step in 1..=NEAR {
        let n = if back {
            record.n.checked_sub(step)?
        } else {
            record.n.checked_add(step)?
        };
        let found = journal.get(n)?;
        match &found.body {
            Body::Request(request) if back && request.x == x => return Some(found),
            Body::Response(response) if !back && response.x == x => return Some(found),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
