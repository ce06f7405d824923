//! Asks which namespace to join, with which auth.
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
    /// Join it.
    Join {
        /// Namespace with its leading `/`.
        nsp: String,
        /// Auth as JSON.
        auth: Option<String>,
    },
}

/// Asks which namespace to join, with which auth.
#[derive(Debug, Clone)]
pub struct Join {}

impl Join {
    /// Filled in with a namespace (one that was refused, say; or empty).
    pub fn new(nsp: &str, namespaces: Vec<String>) -> Join {
        let _ = (nsp, namespaces);
        Join {}
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
