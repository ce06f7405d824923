//! Asks where to connect.
//!
//! **Floor 5**, pure.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::client::Options;
use crate::tui::theme::Theme;

/// What came of a key.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is done.
    Cancelled,
    /// Connect with these.
    Connect(Box<Options>),
}

/// Asks where to connect.
#[derive(Debug, Clone)]
pub struct Connect {}

impl Connect {
    /// Filled in from options (the last ones used, or none).
    pub fn new(options: Option<&Options>) -> Connect {
        let _ = options;
        Connect {}
    }
    /// Shows why the last try did not start.
    pub fn set_error(&mut self, error: &str) {
        let _ = error;
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
