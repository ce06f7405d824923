//! Asks once.
//!
//! **Floor 5**, pure. `y` and enter mean yes, `n`, `q` and esc mean no; every other key is
//! ignored, so that a key pressed a moment too early does nothing.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// What came of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// No: close it, nothing is done.
    Cancelled,
    /// Yes, do it.
    Yes,
}

/// A question.
#[derive(Debug, Clone)]
pub struct Confirm {
    question: String,
    yes: String,
}

impl Confirm {
    /// A question, and what `y` does in one or two words (`disconnect`).
    pub fn new(question: &str, yes: &str) -> Confirm {
        Confirm {
            question: crate::visible::lines(question).into_owned(),
            yes: text::safe(yes).into_owned(),
        }
    }
    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        if key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
        {
            return match key.code {
                KeyCode::Char('c') => Outcome::Cancelled,
                _ => Outcome::Ignored,
            };
        }
        match key.code {
            KeyCode::Char('y' | 'Y') | KeyCode::Enter => Outcome::Yes,
            KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => Outcome::Cancelled,
            _ => Outcome::Ignored,
        }
    }
    /// Pasted text means nothing here.
    pub fn paste(&mut self, _text: &str) -> Outcome {
        Outcome::Ignored
    }

    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let width = 60.min(screen.width);
        let rows = text::wrap(&self.question, usize::from(width.saturating_sub(4)));
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX);
        let area = overlay::centred(screen, width, height.saturating_add(2));
        let hints = format!("y {}  n no", self.yes);
        let inner = overlay::frame(area, "", &hints, buf, theme);
        for (y, row) in (inner.y..inner.bottom()).zip(&rows) {
            let style = theme.style(Role::Text);
            text::put(buf, inner.x, y, row, inner.width, style);
        }
    }
    /// It has no text field.
    pub fn cursor(&self, _screen: Rect) -> Option<Position> {
        None
    }
}
