//! The frame log as a list: which rows are shown, which one is selected, what part is seen.
//! **Pure**; independent of the journal's length in everything that happens once a frame.
//!
//! A row is a name ([`RowId`]) of eight bytes; what it says is read when it is drawn. New rows
//! are appended and never move the row that is being read.

use super::line::Line;
use crate::model::row::RowRef;

/// Names a row: the record, and which of its packets.
///
/// One number, so that a million rows take 8 MB: 40 bits of record, 23 bits of place, and one
/// bit that says that something is wrong with the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(u64);

impl RowId {
    /// The row of the packet at `index` of record `n` (from 0).
    pub fn new(n: u64, index: u32) -> RowId {
        RowId((n & 0xff_ffff_ffff) << 23 | u64::from(index & 0x7f_ffff))
    }
    /// The name of a row: the record's own row stands before those of its packets.
    pub fn of(reference: RowRef) -> RowId {
        let place = |index: u32| index.saturating_add(1);
        RowId::new(reference.n, reference.packet().map_or(0, place))
    }
    /// Its record.
    pub fn n(self) -> u64 {
        self.0 >> 23
    }
    /// Its place among the rows of the record.
    pub fn index(self) -> u32 {
        (self.0 & 0x7f_ffff) as u32
    }
}

/// What can be jumped to and is seen in the scroll bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A row with something wrong.
    Error,
    /// A mark.
    Mark,
    /// A hit of the search.
    Hit,
}

/// Rows that are looked at one by one before the rest is halved.
const NEAR: usize = 8;

/// The list and where the person stands in it.
#[derive(Debug, Clone, Default)]
pub struct Log {
    rows: Vec<RowId>,
    errors: Vec<u32>,
    marks: Vec<u32>,
    hits: Vec<u32>,
    selected: Option<RowId>,
    /// Place of the first row that is seen.
    top: usize,
    /// Rows that fit.
    height: usize,
    /// Stick to the end.
    follow: bool,
    /// Rows there were when the person stopped following; what came since is new.
    read: usize,
    /// The view stands still: rows from here on are not shown.
    paused: Option<usize>,
    /// What is seen, filled in before drawing.
    pub window: Vec<Line>,
}

impl Log {
    /// An empty list that follows.
    pub fn new() -> Log {
        Log {
            follow: true,
            ..Log::default()
        }
    }

    /// Appends a row; rows come in the order of the journal.
    pub fn push(&mut self, id: RowId, error: bool, mark: bool) {
        if self.rows.last().is_some_and(|last| *last >= id) {
            return;
        }
        let at = self.rows.len() as u32;
        self.rows.push(id);
        if error {
            self.errors.push(at);
        }
        if mark {
            self.marks.push(at);
        }
        if self.follow {
            self.read = self.rows.len();
        }
    }

    /// Forgets all rows (another filter, another level), but not the selection.
    pub fn restart(&mut self) {
        self.rows.clear();
        self.errors.clear();
        self.marks.clear();
        self.hits.clear();
        self.paused = None;
        self.top = 0;
        self.read = 0;
    }

    /// The list is whole again: nothing in it is new.
    pub fn refilled(&mut self) {
        self.read = self.rows.len();
        self.settle();
    }

    /// Rows that pass filter and level.
    pub fn len(&self) -> usize {
        self.paused.unwrap_or(usize::MAX).min(self.rows.len())
    }

    /// True while there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that came since the person stopped following, or paused.
    pub fn new_rows(&self) -> usize {
        match self.paused {
            Some(paused) => self.rows.len().saturating_sub(paused),
            None if self.follow => 0,
            None => self.rows.len().saturating_sub(self.read),
        }
    }

    /// Whether it sticks to the end.
    pub fn follows(&self) -> bool {
        self.follow && self.paused.is_none()
    }

    /// Whether the view stands still.
    pub fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Follows the newest row, or stays where it is.
    pub fn set_follow(&mut self, follow: bool) {
        self.follow = follow;
        if follow {
            self.paused = None;
            self.selected = None;
        } else {
            self.selected = self.selected_at().and_then(|at| self.row(at));
        }
        self.read = self.rows.len();
        self.settle();
    }

    /// Stops or resumes the view.
    pub fn toggle_pause(&mut self) {
        self.paused = match self.paused {
            Some(_) => None,
            None => Some(self.rows.len()),
        };
        if self.paused.is_none() && !self.follow {
            self.read = self.read.min(self.rows.len());
        }
        self.settle();
    }

    /// The row at a place.
    pub fn row(&self, at: usize) -> Option<RowId> {
        self.rows.get(at).copied().filter(|_| at < self.len())
    }

    /// The selected row's place: the row itself, or the one after where it is filtered away. The
    /// newest while following.
    pub fn selected_at(&self) -> Option<usize> {
        let last = self.len().checked_sub(1)?;
        match self.selected {
            Some(id) if !self.follow || self.paused.is_some() => Some(self.place(id).min(last)),
            _ => Some(last),
        }
    }

    /// The selected row.
    pub fn selected(&self) -> Option<RowId> {
        self.selected_at().and_then(|at| self.row(at))
    }

    /// The place of a row; of the one after it, where it is not in the list.
    fn place(&self, id: RowId) -> usize {
        self.rows.partition_point(|row| *row < id)
    }

    /// The place of a row that is known to stand at `from` or after it.
    pub fn place_from(&self, from: usize, id: RowId) -> usize {
        let rest = self.rows.get(from..).unwrap_or_default();
        // Most often it is the next one.
        match rest.iter().take(NEAR).position(|row| *row >= id) {
            Some(steps) => from.saturating_add(steps),
            None => from.saturating_add(rest.partition_point(|row| *row < id)),
        }
    }

    /// Selects the row at a place. The last row of a running view is followed only when asked.
    pub fn select(&mut self, at: usize) {
        let Some(last) = self.len().checked_sub(1) else {
            return;
        };
        let at = at.min(last);
        self.selected = self.row(at);
        if self.follow && self.paused.is_none() {
            self.follow = false;
            self.read = self.rows.len();
        }
        if at == last && self.paused.is_none() {
            self.read = self.rows.len();
        }
        self.settle();
    }

    /// Selects the row of a record (the nearest one after, where it is not shown).
    pub fn select_record(&mut self, n: u64) {
        let at = self.place(RowId::new(n, 0));
        self.select(at);
    }

    /// Selects a row, also where filter or level hold it back: the nearest row is shown meanwhile,
    /// and the row itself as soon as it is there.
    pub fn select_even_hidden(&mut self, id: RowId) {
        self.select(self.place(id));
        if !self.is_empty() {
            self.selected = Some(id);
        }
        self.settle();
    }

    /// Selects a record's first row before any row is there: it is seen as soon as it comes.
    pub fn return_to(&mut self, n: u64) {
        self.follow = false;
        self.selected = Some(RowId::new(n, 0));
        self.settle();
    }

    /// Whether a row of this record is shown.
    pub fn shows_record(&self, n: u64) -> bool {
        self.place_of_record(n).is_some()
    }

    /// The place of a record's first row that is shown.
    pub fn place_of_record(&self, n: u64) -> Option<usize> {
        let at = self.place(RowId::new(n, 0));
        self.row(at).filter(|row| row.n() == n).map(|_| at)
    }

    /// Takes other rows (with what is wrong with them, and whether they are marks) in the place of
    /// all those before record `end`, and leaves the person where they are. False where nothing
    /// is different.
    pub fn replace(&mut self, end: u64, rows: impl Iterator<Item = (RowId, bool, bool)>) -> bool {
        let mut new = Log::default();
        for (id, error, mark) in rows {
            new.push(id, error, mark);
        }
        for at in self.place(RowId::new(end, 0))..self.rows.len() {
            if let Some(id) = self.rows.get(at) {
                let is = |spot| self.has_spot(spot, at, at + 1);
                new.push(*id, is(Spot::Error), is(Spot::Mark));
            }
        }
        if new.rows == self.rows {
            return false;
        }
        self.rows = new.rows;
        self.errors = new.errors;
        self.marks = new.marks;
        self.hits.clear();
        self.read = self.read.min(self.rows.len());
        self.settle();
        true
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize) {
        let Some(at) = self.selected_at() else { return };
        if by > 0 && self.follows() {
            return;
        }
        self.select(at.saturating_add_signed(by));
    }

    /// Scrolls without moving the selection out of sight.
    pub fn scroll(&mut self, by: isize) {
        let most = self.len().saturating_sub(self.height);
        if by < 0 && self.follows() {
            self.select(self.len().saturating_sub(1));
        }
        self.top = self.top.saturating_add_signed(by).min(most);
        if let Some(at) = self.selected_at() {
            let low = self.top;
            let high = (self.top + self.height.max(1) - 1).min(self.len().saturating_sub(1));
            if !self.follows() && (at < low || at > high) {
                let top = self.top;
                self.select(at.clamp(low, high));
                self.top = top;
            }
        }
        if by > 0
            && self.top == most
            && self.paused.is_none()
            && self.selected_at() == self.len().checked_sub(1)
        {
            self.set_follow(true);
        }
    }

    /// Rows that fit on a page.
    pub fn page(&self) -> usize {
        self.height.max(1)
    }

    /// Tells how many rows fit, and brings the selection into sight.
    pub fn set_height(&mut self, height: usize) {
        self.height = height;
        self.settle();
    }

    fn settle(&mut self) {
        let len = self.len();
        let most = len.saturating_sub(self.height);
        if self.follows() {
            self.top = most;
            return;
        }
        self.top = self.top.min(most);
        if let Some(at) = self.selected_at() {
            if at < self.top {
                self.top = at;
            } else if self.height > 0 && at >= self.top + self.height {
                self.top = at + 1 - self.height;
            }
        }
    }

    /// The names of the rows that are seen, and the place of the first.
    pub fn seen(&self) -> (usize, &[RowId]) {
        let len = self.len();
        let top = self.top.min(len);
        let end = (top + self.height).min(len);
        (top, self.rows.get(top..end).unwrap_or(&[]))
    }

    /// Sorted places of a sort of spot.
    fn spots(&self, spot: Spot) -> &[u32] {
        match spot {
            Spot::Error => &self.errors,
            Spot::Mark => &self.marks,
            Spot::Hit => &self.hits,
        }
    }

    /// How many spots there are.
    pub fn count(&self, spot: Spot) -> usize {
        self.spots(spot).len()
    }

    /// Number (from 1) of the spot that is selected, if one is.
    pub fn nth(&self, spot: Spot) -> Option<usize> {
        let at = self.selected_at()? as u32;
        self.spots(spot)
            .binary_search(&at)
            .ok()
            .map(|place| place + 1)
    }

    /// Goes to the next (or previous) spot, around the end; false where there is none.
    pub fn jump(&mut self, spot: Spot, forward: bool) -> bool {
        let len = self.len() as u32;
        let at = self.selected_at().unwrap_or(0) as u32;
        let spots = self.spots(spot);
        let spots = spots
            .get(..spots.partition_point(|place| *place < len))
            .unwrap_or(&[]);
        let found = if forward {
            let next = spots.partition_point(|place| *place <= at);
            spots.get(next).or_else(|| spots.first())
        } else {
            let before = spots.partition_point(|place| *place < at);
            before
                .checked_sub(1)
                .and_then(|place| spots.get(place))
                .or_else(|| spots.last())
        };
        match found.copied() {
            Some(place) => {
                self.select(place as usize);
                true
            }
            None => false,
        }
    }

    /// Forgets the hits of the search before.
    pub fn clear_hits(&mut self) {
        self.hits.clear();
    }

    /// Adds a hit; they come in order.
    pub fn push_hit(&mut self, at: usize) {
        self.hits.push(at as u32);
    }

    /// Whether a spot of this sort lies within the places `from..to`.
    pub fn has_spot(&self, spot: Spot, from: usize, to: usize) -> bool {
        let spots = self.spots(spot);
        let first = spots.partition_point(|place| (*place as usize) < from);
        spots.get(first).is_some_and(|place| (*place as usize) < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(rows: u64) -> Log {
        let mut log = Log::new();
        for n in 1..=rows {
            log.push(RowId::new(n, 0), n % 10 == 0, n % 7 == 0);
        }
        log.set_height(10);
        log
    }

    #[test]
    fn following_keeps_the_newest_row_in_sight() {
        let mut log = filled(100);
        assert_eq!(log.seen().0, 90);
        log.push(RowId::new(101, 0), false, false);
        log.set_height(10);
        assert_eq!(log.selected().unwrap().n(), 101);
        assert_eq!(log.seen().1.last().unwrap().n(), 101);
    }

    #[test]
    fn new_rows_never_move_the_row_that_is_being_read() {
        let mut log = filled(100);
        log.step(-5);
        let (top, selected) = (log.seen().0, log.selected());
        for n in 101..=500 {
            log.push(RowId::new(n, 0), false, false);
        }
        log.set_height(10);
        assert_eq!((log.seen().0, log.selected()), (top, selected));
        assert_eq!(log.new_rows(), 400);
        log.set_follow(true);
        assert_eq!(log.new_rows(), 0);
        assert_eq!(log.selected().unwrap().n(), 500);
    }

    #[test]
    fn a_resize_never_loses_the_selection() {
        let mut log = filled(100);
        log.select(50);
        for height in [1, 40, 0, 3, 200, 10] {
            log.set_height(height);
            assert_eq!(log.selected().unwrap().n(), 51);
            if height > 0 {
                assert!(
                    log.seen().1.iter().any(|row| row.n() == 51),
                    "at height {height}"
                );
            }
        }
    }

    #[test]
    fn another_filter_keeps_the_selection_or_goes_to_the_row_after() {
        let mut log = filled(100);
        log.select(49);
        log.restart();
        for n in (1..=100).filter(|n| n % 3 == 0) {
            log.push(RowId::new(n, 0), false, false);
        }
        assert_eq!(log.selected().unwrap().n(), 51);
        log.restart();
        for n in 1..=100 {
            log.push(RowId::new(n, 0), false, false);
        }
        assert_eq!(
            log.selected().unwrap().n(),
            50,
            "the choice itself was not changed"
        );
    }

    #[test]
    fn a_paused_view_stands_still_and_counts_what_came() {
        let mut log = filled(100);
        log.toggle_pause();
        for n in 101..=130 {
            log.push(RowId::new(n, 0), false, false);
        }
        assert_eq!(log.len(), 100);
        assert_eq!(log.new_rows(), 30);
        assert_eq!(log.selected().unwrap().n(), 100);
        log.step(-1);
        log.toggle_pause();
        assert_eq!(log.len(), 130);
    }

    #[test]
    fn jumps_go_round_the_end() {
        let mut log = filled(30);
        log.select(0);
        let mut seen = Vec::new();
        for _ in 0..4 {
            assert!(log.jump(Spot::Error, true));
            seen.push(log.selected().unwrap().n());
        }
        assert_eq!(seen, [10, 20, 30, 10]);
        assert!(log.jump(Spot::Error, false));
        assert_eq!(log.selected().unwrap().n(), 30);
        assert!(!log.jump(Spot::Hit, true));
        assert!(log.has_spot(Spot::Error, 5, 10));
        assert!(!log.has_spot(Spot::Error, 10, 19));
    }

    #[test]
    fn names_of_rows_keep_their_parts() {
        for (n, index) in [(1, 0), (1 << 39, 8_000_000), (10_000_000, 5)] {
            let id = RowId::new(n, index);
            assert_eq!((id.n(), id.index()), (n, index));
        }
    }
}
