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
use crate::journal::redact;
use crate::replay::play::view::{Likeness, Live, Row, Said as Saying, View};
use crate::scope::playing::Said;

/// Rows that are asked of the player: more than any screen shows.
pub const ROWS: usize = 200;

/// Lines that the words at the end may take.
const WORDS: usize = 4;
/// What the signs of the live side mean.
const LEGEND: &str = "= same  ≈ no difference that matters  ≠ differs  + not recorded  · not yet";

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

    /// Draws it. `secrets`: what stands under secret names is shown, too.
    pub fn draw(&self, view: &View, secrets: bool, screen: Rect, buf: &mut Buffer, theme: &Theme) {
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
        let told = progress(view, inner, buf, theme);
        let half = inner.width.saturating_sub(12) / 2;
        Pen::new(buf, inner, told)
            .gap(10)
            .column("recorded", half, theme.style(Role::Title))
            .gap(2)
            .put("live", theme.style(Role::Title));
        let legend = u16::from(inner.height > told.saturating_add(6));
        if legend > 0 {
            let line = inner.height.saturating_sub(1);
            Pen::new(buf, inner, line).put(LEGEND, theme.style(Role::Dim));
        }
        let above = told.saturating_add(1);
        let rows = Rect {
            y: inner.y.saturating_add(above).min(inner.bottom()),
            height: inner.height.saturating_sub(above.saturating_add(legend)),
            ..inner
        };
        let first = self.first(view, rows.height);
        for (line, (place, row)) in (0..rows.height).zip(view.rows.iter().enumerate().skip(first)) {
            let now = view.now == Some(place) && view.ended.is_none();
            if now {
                let style = theme.style(Role::Selected);
                overlay::row_style(rows, rows.y.saturating_add(line), buf, style);
            }
            let line = Line {
                line,
                now,
                half,
                secrets,
            };
            one(row, line, rows, buf, theme);
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

/// A bar with the counts, and what is said; returns how many lines that takes.
fn progress(view: &View, area: Rect, buf: &mut Buffer, theme: &Theme) -> u16 {
    let progress = view.progress;
    let done = progress.steps.0 + progress.answers.0 + progress.replies.0;
    let all = progress.steps.1 + progress.answers.1 + progress.replies.1;
    let wide = usize::from(area.width.min(40)) / 2;
    let full = (done * wide).checked_div(all).unwrap_or(wide);
    let more = |count: usize, what: &str| match count {
        0 => String::new(),
        count => format!("   {count} {what}"),
    };
    let answers = match progress.answers {
        (_, 0) => String::new(),
        (given, all) => format!("   answers {given}/{all}"),
    };
    let mut pen = Pen::new(buf, area, 0);
    pen.put(&"▰".repeat(full), theme.style(Role::Ok))
        .put(
            &"▱".repeat(wide.saturating_sub(full)),
            theme.style(Role::Dim),
        )
        .put(
            &format!(
                "  sent {}/{}{answers}   came {}/{}",
                progress.steps.0.saturating_sub(progress.skipped),
                progress.steps.1,
                progress.replies.0,
                progress.replies.1,
            ),
            theme.style(Role::Text),
        )
        .put(&more(progress.skipped, "skipped"), theme.style(Role::Warn))
        .put(
            &more(progress.extra, "not recorded"),
            theme.style(Role::Warn),
        );
    let (words, role) = match (&view.ended, view.asks) {
        (Some(words), _) if view.well => (format!("✓ {words}"), Role::Ok),
        (Some(words), _) => (format!("✗ {words}"), Role::Error),
        (None, true) => ("waits for a key".to_owned(), Role::Busy),
        (None, false) => ("playing".to_owned(), Role::Busy),
    };
    let width = usize::from(area.width);
    let mut lines = text::wrap(&text::safe(&words), width);
    if lines.len() > WORDS {
        // The last line that is shown goes on with what does not fit, and is cut there.
        let rest = lines.split_off(WORDS.saturating_sub(1)).join(" ");
        lines.push(text::truncate(&rest, width).into_owned());
    }
    let mut line = 1;
    for words in &lines {
        Pen::new(buf, area, line).put(words, theme.style(role));
        line = line.saturating_add(1);
    }
    line
}

/// Where and how a row is drawn.
#[derive(Clone, Copy)]
struct Line {
    line: u16,
    now: bool,
    /// Columns of the left half.
    half: u16,
    secrets: bool,
}

/// What a row says, in one line.
fn said(said: &Saying, secrets: bool) -> String {
    match (said.json.as_str(), secrets) {
        ("", _) => said.words.clone(),
        (json, true) => format!("{} {json}", said.words),
        (json, false) => format!("{} {}", said.words, redact::covered(json, None)),
    }
}

fn one(row: &Row, at: Line, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let half = at.half;
    let (arrow, role) = match row.up {
        true => ("↑", Role::ToServer),
        false => ("↓", Role::ToClient),
    };
    let time = match row.recorded {
        Some(_) => units::delta(row.at),
        None => String::new(),
    };
    let mut pen = Pen::new(buf, area, at.line);
    pen.put(if at.now { "▸" } else { " " }, theme.style(Role::Accent))
        .column(&time, 9, theme.style(Role::Time));
    match &row.recorded {
        Some((_, recorded)) => {
            let words = said(recorded, at.secrets);
            pen.put(arrow, theme.style(role)).gap(1).column(
                &text::truncate(&text::safe(&words), usize::from(half.saturating_sub(3))),
                half.saturating_sub(2),
                theme.style(Role::Text),
            );
        }
        None => {
            pen.column("", half, theme.style(Role::Dim));
        }
    }
    pen.gap(2);
    let (glyph, role) = match (&row.live, &row.recorded) {
        (Live::Open, _) => ("·", Role::Dim),
        (Live::Sent, _) => ("✓", Role::Ok),
        (Live::Skipped, _) => ("−", Role::Warn),
        (Live::Came(..), None) => ("+", Role::Warn),
        (Live::Came(_, _, Likeness::Same), _) => ("=", Role::Ok),
        (Live::Came(_, _, Likeness::Alike), _) => ("≈", Role::Ok),
        (Live::Came(_, _, Likeness::Differs), _) => ("≠", Role::Error),
    };
    let words = match &row.live {
        Live::Open => String::new(),
        Live::Sent => "sent".to_owned(),
        Live::Skipped => "skipped".to_owned(),
        Live::Came(_, came, _) => said(came, at.secrets),
    };
    let left = usize::from(pen.left().saturating_sub(2));
    pen.put(glyph, theme.style(role)).gap(1).put(
        &text::truncate(&text::safe(&words), left),
        theme.style(role),
    );
}

#[cfg(test)]
mod tests;
