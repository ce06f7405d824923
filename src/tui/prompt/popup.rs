//! A small list of completions at the cursor.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// Rows of the list that are shown at once.
const ROWS: u16 = 8;

/// Something that could stand in the place of a part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Text to put in.
    pub text: String,
    /// What it is, in a few words.
    pub about: String,
    /// Bytes of the text that it takes the place of.
    pub replace: Range<usize>,
}

/// The list.
#[derive(Debug, Clone, Default)]
pub struct Popup {
    candidates: Vec<Candidate>,
    chosen: Option<usize>,
}

impl Popup {
    /// With these; empty is closed.
    pub fn new(candidates: Vec<Candidate>) -> Popup {
        Popup {
            candidates,
            chosen: None,
        }
    }
    /// Whether there is anything to choose.
    pub fn is_open(&self) -> bool {
        !self.candidates.is_empty()
    }
    /// Whether one was chosen with the arrows.
    pub fn is_chosen(&self) -> bool {
        self.chosen.is_some()
    }
    /// Closes it.
    pub fn close(&mut self) {
        *self = Popup::default();
    }
    /// Goes down (or up) by so many, round the ends.
    pub fn choose(&mut self, by: isize) -> bool {
        let count = self.candidates.len();
        if count == 0 {
            return false;
        }
        let next = match self.chosen {
            None if by < 0 => count - 1,
            None => 0,
            Some(at) => at.wrapping_add_signed(by).min(count),
        };
        // Below the last one comes the first, above the first (which wraps to the end) the last.
        self.chosen = Some(match (self.chosen, by < 0) {
            (Some(0), true) => count - 1,
            _ if next >= count => 0,
            _ => next,
        });
        true
    }
    /// Takes the chosen one, or the first; closes the list.
    pub fn take(&mut self) -> Option<Candidate> {
        let at = self.chosen.unwrap_or(0);
        let taken = self.candidates.get(at).cloned();
        self.close();
        taken
    }
    /// Rows that it wants.
    pub fn height(&self) -> u16 {
        u16::try_from(self.candidates.len())
            .unwrap_or(ROWS)
            .min(ROWS)
    }
    /// Where the text that it replaces begins.
    pub fn replaces(&self) -> Option<usize> {
        self.candidates.first().map(|c| c.replace.start)
    }
    /// Draws it at the bottom of `room`, from the column `left` of it.
    pub fn draw_above(&self, room: Rect, left: u16, buf: &mut Buffer, theme: &Theme) {
        let rows = self.height().min(room.height);
        let y = room.bottom().saturating_sub(rows);
        self.draw(Rect::new(room.x, y, room.width, rows), left, buf, theme);
    }

    fn draw(&self, room: Rect, left: u16, buf: &mut Buffer, theme: &Theme) {
        let room = room.intersection(buf.area);
        if room.is_empty() || self.candidates.is_empty() {
            return;
        }
        let widest = |f: &dyn Fn(&Candidate) -> usize| {
            let all = self.candidates.iter().take(200).map(f);
            u16::try_from(all.max().unwrap_or(0)).unwrap_or(u16::MAX)
        };
        let names = widest(&|c| text::width(&text::safe(&c.text))).min(room.width);
        let about = widest(&|c| text::width(&text::safe(&c.about)));
        let gap = if about > 0 { 2 } else { 0 };
        let wide = names
            .saturating_add(gap)
            .saturating_add(about)
            .saturating_add(2)
            .min(room.width);
        let left = left.saturating_sub(1).min(room.width - wide);
        let area = Rect::new(room.x + left, room.y, wide, room.height);
        overlay::blank(area, buf, theme);
        buf.set_style(area, theme.style(Role::Dialog));
        let chosen = self.chosen.unwrap_or(0);
        let first = overlay::first_row(chosen, self.candidates.len(), area.height);
        for (row, candidate) in (0..area.height).zip(self.candidates.iter().skip(first)) {
            let y = area.y + row;
            let picked = self.chosen == Some(first + usize::from(row));
            let (mut name_style, mut about_style) =
                (theme.style(Role::Text), theme.style(Role::Dim));
            if picked {
                let selected = theme.style(Role::Selected);
                overlay::row_style(area, y, buf, selected);
                name_style = name_style.patch(selected);
                about_style = about_style.patch(selected);
            }
            let mark = if picked { "▸" } else { " " };
            text::put(buf, area.x, y, mark, 1, name_style);
            let x = area.x + 1;
            let room = area.width.saturating_sub(2);
            text::put(buf, x, y, &text::safe(&candidate.text), room, name_style);
            let x = x + names + gap;
            let room = area.right().saturating_sub(x + 1);
            text::put(buf, x, y, &text::safe(&candidate.about), room, about_style);
        }
    }
}
