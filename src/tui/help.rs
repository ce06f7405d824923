//! The keys of the focused pane, from the table.
//!
//! **Floor 5**, pure.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Context;
use super::keymap::Keymap;
use super::theme::Theme;

/// What came of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// It was scrolled.
    Changed,
    /// Close it.
    Closed,
}

/// The help.
#[derive(Debug, Clone)]
pub struct Help {}

impl Help {
    /// The keys of a pane.
    pub fn new(context: Context, keymap: &Keymap, readonly: bool) -> Help {
        let _ = (context, keymap, readonly);
        Help {}
    }
    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let _ = key;
        Outcome::Ignored
    }
    /// The mouse wheel: rows down, negative for up.
    pub fn scroll(&mut self, rows: i32) {
        let _ = rows;
    }
    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let _ = (screen, buf, theme);
    }
}
