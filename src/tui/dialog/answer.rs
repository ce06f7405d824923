//! Answers an event for which the server wants an ack.
//!
//! **Floor 5**, pure.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::theme::Theme;

/// What came of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is done.
    Cancelled,
    /// Send this answer.
    Answer {
        /// Namespace.
        nsp: String,
        /// The server's ack id.
        id: u64,
        /// JSON array text.
        args: String,
    },
}

/// Answers an event for which the server wants an ack.
#[derive(Debug, Clone)]
pub struct Answer {}

impl Answer {
    /// For the event `event` with these raw JSON arguments, asked on `nsp` with ack id `id`.
    pub fn new(nsp: &str, id: u64, event: &str, args: &str) -> Answer {
        let _ = (nsp, id, event, args);
        Answer {}
    }
    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let _ = key;
        Outcome::Ignored
    }
    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> Outcome {
        let _ = text;
        Outcome::Ignored
    }
    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let _ = (screen, buf, theme);
    }
    /// Where the cursor is.
    pub fn cursor(&self, screen: Rect) -> Option<Position> {
        let _ = screen;
        None
    }
}
