//! A replay: the recording on the left, what came on the right, row by row, with how far it is.
//!
//! The box lies over the session that is played; it can be put away and fetched again while the
//! replay goes on. **Floor 5**, pure: it is drawn from a [`View`] that somebody else keeps fresh.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::overlay;
use super::paint::Pen;
use super::text;
use super::theme::{Role, Theme};
use super::units;
use crate::replay::play::view::{Live, Row, View};
use crate::scope::playing::Said;

/// Rows that are asked of the player: more than any screen shows.
pub const ROWS: usize = 200;

/// The open box. What it shows is the tab's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Replay {
    /// Rows that the person has moved it by.
    by: isize,
}

/// What a key came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing.
    Ignored,
    /// It looks otherwise.
    Changed,
    /// It is put away.
    Closed,
    /// Something is said to the player.
    Said(Said),
}

impl Replay {
    /// Takes a key.
    pub fn update(&mut self, key: KeyEvent, view: &View) -> Outcome {
        let running = view.ended.is_none();
        match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'R') => Outcome::Closed,
            _ if key.modifiers.contains(KeyModifiers::CONTROL) => Outcome::Ignored,
            KeyCode::Enter | KeyCode::Char(' ') if view.asks && running => {
                self.by = 0;
                Outcome::Said(Said::Next)
            }
            KeyCode::Char('s') if view.asks && running => Outcome::Said(Said::Skip),
            KeyCode::Char('a') if view.asks && running => Outcome::Said(Said::All),
            KeyCode::Char('x') if running => Outcome::Said(Said::Quit),
            KeyCode::Up | KeyCode::Char('k') => self.moved(-1),
            KeyCode::Down | KeyCode::Char('j') => self.moved(1),
            KeyCode::PageUp => self.moved(-10),
            KeyCode::PageDown => self.moved(10),
            KeyCode::Home | KeyCode::Char('g') => self.moved(-(ROWS as isize)),
            KeyCode::End | KeyCode::Char('G') => self.moved(ROWS as isize),
            _ => Outcome::Ignored,
        }
    }

    fn moved(&mut self, by: isize) -> Outcome {
        let most = ROWS as isize;
        self.by = self.by.saturating_add(by).clamp(-most, most);
        Outcome::Changed
    }

    /// Draws it.
    pub fn draw(&self, view: &View, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let height = screen
            .height
            .saturating_sub(if screen.height > 16 { 2 } else { 0 });
        let area = overlay::centred(screen, 150, height);
        let hints = match (view.ended.is_some(), view.asks) {
            (true, _) => "↑↓ scroll  esc close",
            (false, true) => "enter send  s skip  a play on  x stop  esc close",
            (false, false) => "↑↓ scroll  x stop  esc close",
        };
        let inner = overlay::frame(area, "Replay", hints, buf, theme);
        progress(view, inner, buf, theme);
        let half = inner.width.saturating_sub(12) / 2;
        Pen::new(buf, inner, 2)
            .gap(10)
            .column("recorded", half, theme.style(Role::Title))
            .gap(2)
            .put("live", theme.style(Role::Title));
        let rows = Rect {
            y: inner.y.saturating_add(3).min(inner.bottom()),
            height: inner.height.saturating_sub(3),
            ..inner
        };
        let first = self.first(view, rows.height);
        for (line, (place, row)) in (0..rows.height).zip(view.rows.iter().enumerate().skip(first)) {
            let now = view.now == Some(place) && view.ended.is_none();
            if now {
                let style = theme.style(Role::Selected);
                overlay::row_style(rows, rows.y.saturating_add(line), buf, style);
            }
            one(row, now, line, rows, half, buf, theme);
        }
    }

    /// The first row that is seen: the one that is next stays in the middle.
    fn first(&self, view: &View, height: u16) -> usize {
        let height = usize::from(height);
        let last = view.rows.len().saturating_sub(height);
        let now = view.now.unwrap_or(view.rows.len());
        now.saturating_sub(height / 2)
            .min(last)
            .saturating_add_signed(self.by)
            .min(last)
    }
}

/// Two lines: a bar with the counts, and what is said.
fn progress(view: &View, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let progress = view.progress;
    let done = progress.steps.0 + progress.answers.0 + progress.replies.0;
    let all = progress.steps.1 + progress.answers.1 + progress.replies.1;
    let wide = usize::from(area.width.min(40)) / 2;
    let full = (done * wide).checked_div(all).unwrap_or(wide);
    let extra = match progress.extra {
        0 => String::new(),
        count => format!("   {count} not recorded"),
    };
    let mut pen = Pen::new(buf, area, 0);
    pen.put(&"▰".repeat(full), theme.style(Role::Ok))
        .put(
            &"▱".repeat(wide.saturating_sub(full)),
            theme.style(Role::Dim),
        )
        .put(
            &format!(
                "  sent {}/{}   answers {}/{}   came {}/{}",
                progress.steps.0,
                progress.steps.1,
                progress.answers.0,
                progress.answers.1,
                progress.replies.0,
                progress.replies.1,
            ),
            theme.style(Role::Text),
        )
        .put(&extra, theme.style(Role::Warn));
    let (words, role) = match (&view.ended, view.asks) {
        (Some(words), _) if view.well => (format!("✓ {words}"), Role::Ok),
        (Some(words), _) => (format!("✗ {words}"), Role::Error),
        (None, true) => ("waits for a key".to_owned(), Role::Busy),
        (None, false) => ("playing".to_owned(), Role::Busy),
    };
    Pen::new(buf, area, 1).put(
        &text::truncate(&text::safe(&words), usize::from(area.width)),
        theme.style(role),
    );
}

fn one(row: &Row, now: bool, line: u16, area: Rect, half: u16, buf: &mut Buffer, theme: &Theme) {
    let (arrow, role) = match row.up {
        true => ("↑", Role::ToServer),
        false => ("↓", Role::ToClient),
    };
    let time = match row.recorded {
        Some(_) => units::delta(row.at),
        None => String::new(),
    };
    let mut pen = Pen::new(buf, area, line);
    pen.put(if now { "▸" } else { " " }, theme.style(Role::Accent))
        .column(&time, 9, theme.style(Role::Time));
    match &row.recorded {
        Some((_, said)) => {
            pen.put(arrow, theme.style(role)).gap(1).column(
                &text::truncate(&text::safe(said), usize::from(half.saturating_sub(3))),
                half.saturating_sub(2),
                theme.style(Role::Text),
            );
        }
        None => {
            pen.column("", half, theme.style(Role::Dim));
        }
    }
    pen.gap(2);
    let (glyph, words, role) = match (&row.live, &row.recorded) {
        (Live::Open, _) => ("·", "", Role::Dim),
        (Live::Sent, _) => ("✓", "sent", Role::Ok),
        (Live::Skipped, _) => ("−", "skipped", Role::Warn),
        (Live::Came(_, said), None) => ("+", said.as_str(), Role::Warn),
        (Live::Came(_, said), Some((_, recorded))) if said == recorded => {
            ("=", said.as_str(), Role::Ok)
        }
        // Ids and times may be all that differs: that is for the check to say.
        (Live::Came(_, said), Some(_)) => ("≈", said.as_str(), Role::Text),
    };
    let left = usize::from(pen.left().saturating_sub(2));
    pen.put(glyph, theme.style(role))
        .gap(1)
        .put(&text::truncate(&text::safe(words), left), theme.style(role));
}

#[cfg(test)]
mod tests;
