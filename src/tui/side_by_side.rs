//! Two sessions side by side: what `diff` shows on a terminal.
//!
//! [`View`] is the state; [`View::act`] takes an action, [`draw`](draw::draw) draws. Both are pure;
//! the loop around them is in `run`. The keys are those of the whole screen: `n` goes through the
//! differences as they matter, `e` as they come, `!` hides what is alike.

pub mod draw;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::action::Action;
use crate::replay::diff::{Comparison, Difference, Line, Row, Side};

/// Two sessions lined up, and where the person is in them.
#[derive(Debug)]
pub struct View {
    names: [String; 2],
    sides: [Side; 2],
    comparison: Comparison,
    /// The rows that are shown, as places among those of the comparison.
    shown: Vec<usize>,
    /// The selected one among the shown.
    selected: usize,
    /// The difference that was gone to; a row may have several.
    current: usize,
    /// The first one on the screen.
    top: usize,
    /// Rows of the list on the screen, from the last drawing.
    height: usize,
    /// Only what differs is shown.
    only: bool,
}

/// What is to be done outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing but to draw.
    Draw,
    /// The person leaves.
    Leave,
    /// The process is to be stopped until it is called back.
    Suspend,
}

impl View {
    /// The view of a comparison; it begins at the difference that matters most.
    pub fn new(names: [String; 2], sides: [Side; 2], comparison: Comparison) -> View {
        let shown = (0..comparison.rows.len()).collect();
        let mut view = View {
            names,
            sides,
            comparison,
            shown,
            selected: 0,
            current: 0,
            top: 0,
            height: 1,
            only: false,
        };
        if let Some(first) = view.comparison.differences.first().map(|first| first.row) {
            view.select_row(first);
        }
        view
    }

    /// Tells how many rows of the list fit on the screen; the selected one stays among them.
    pub fn fit(&mut self, height: usize) {
        if self.height != height.max(1) {
            self.height = height.max(1);
            // The selected row stays, with some of what came before it.
            self.top = self.selected.saturating_sub(self.height / 2);
        }
        let lowest = self.selected.saturating_sub(self.height.saturating_sub(1));
        self.top = self.top.clamp(lowest, self.selected);
        // No empty rows below the last one while there are others above.
        self.top = self.top.min(self.shown.len().saturating_sub(self.height));
    }

    /// Takes an action.
    pub fn act(&mut self, action: Action) -> After {
        let last = self.shown.len().saturating_sub(1);
        let page = self.height.saturating_sub(1).max(1);
        let half = (self.height / 2).max(1);
        match action {
            Action::Back | Action::Quit => return After::Leave,
            Action::Suspend => return After::Suspend,
            Action::Up => self.selected = self.selected.saturating_sub(1),
            Action::Down => self.selected = self.selected.saturating_add(1).min(last),
            Action::PageUp => self.selected = self.selected.saturating_sub(page),
            Action::PageDown => self.selected = self.selected.saturating_add(page).min(last),
            Action::HalfUp => self.selected = self.selected.saturating_sub(half),
            Action::HalfDown => self.selected = self.selected.saturating_add(half).min(last),
            Action::Top => self.selected = 0,
            Action::Bottom => self.selected = last,
            Action::NextHit => self.weightier(true),
            Action::PreviousHit => self.weightier(false),
            Action::NextError => self.neighbour(true),
            Action::PreviousError => self.neighbour(false),
            Action::ToggleFilter => self.toggle(),
            _ => {}
        }
        After::Draw
    }

    /// The selected row.
    fn row(&self) -> Option<(usize, &Row)> {
        let place = *self.shown.get(self.selected)?;
        Some((place, self.comparison.rows.get(place)?))
    }

    /// The difference of the selected row, and its number among all, from 0.
    fn difference(&self) -> Option<(usize, &Difference)> {
        let (place, _) = self.row()?;
        let all = &self.comparison.differences;
        if let Some(current) = all.get(self.current).filter(|current| current.row == place) {
            return Some((self.current, current));
        }
        let mut all = all.iter().enumerate();
        all.find(|(_, difference)| difference.row == place)
    }

    fn lines(&self, row: &Row) -> [Option<&Line>; 2] {
        let [a, b] = &self.sides;
        [
            row.a.and_then(|place| a.lines.get(place)),
            row.b.and_then(|place| b.lines.get(place)),
        ]
    }

    fn select_row(&mut self, row: usize) {
        let place = self.shown.partition_point(|shown| *shown < row);
        self.selected = place.min(self.shown.len().saturating_sub(1));
        // Some of what came before is seen.
        self.top = self.selected.saturating_sub(self.height / 2);
    }

    /// The difference after (or before) the selected one in the order of what matters.
    fn weightier(&mut self, next: bool) {
        let count = self.comparison.differences.len();
        let here = self.difference().map(|(number, _)| number);
        let mut number = match (here, next) {
            (None, _) => 0,
            (Some(here), true) => here.saturating_add(1),
            (Some(here), false) => here.checked_sub(1).unwrap_or(count.saturating_sub(1)),
        };
        if number >= count {
            number = 0;
        }
        if let Some(row) = self
            .comparison
            .differences
            .get(number)
            .map(|found| found.row)
        {
            self.current = number;
            self.select_row(row);
        }
    }

    /// The difference below (or above) the selected row.
    fn neighbour(&mut self, below: bool) {
        let Some((here, _)) = self.row() else {
            return;
        };
        let rows = self.comparison.differences.iter().map(|found| found.row);
        let row = match below {
            true => rows.filter(|row| *row > here).min(),
            false => rows.filter(|row| *row < here).max(),
        };
        if let Some(row) = row {
            self.select_row(row);
        }
    }

    fn toggle(&mut self) {
        let here = self.row().map(|(place, _)| place).unwrap_or_default();
        let only = !self.only;
        // A slow reply says the same, and a question without its reply, too.
        let told: BTreeSet<usize> = (self.comparison.differences.iter())
            .map(|difference| difference.row)
            .collect();
        let rows = self.comparison.rows.iter().enumerate();
        let shown: Vec<usize> = rows
            .filter(|(place, row)| row.differs || !only || told.contains(place))
            .map(|(place, _)| place)
            .collect();
        // Where nothing differs an empty list would help nobody.
        if !shown.is_empty() {
            self.shown = shown;
            self.only = only;
            self.select_row(here);
        }
    }
}
