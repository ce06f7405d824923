//! Lists saved sessions.
//!
//! **Floor 5**, pure.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::theme::Theme;

/// A saved session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Saved {
    /// The file.
    pub path: std::path::PathBuf,
    /// Its target.
    pub target: String,
    /// When it was started, and how large it is, in words.
    pub about: String,
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is done.
    Cancelled,
    /// Open this file.
    Open(std::path::PathBuf),
}

/// Lists saved sessions.
#[derive(Debug, Clone)]
pub struct Open {}

impl Open {
    /// For these sessions, newest first.
    pub fn new(saved: Vec<Saved>) -> Open {
        let _ = saved;
        Open {}
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
