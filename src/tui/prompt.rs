//! A one-line text field with an error line and completions.
//!
//! **Floor 5**, pure.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::theme::Theme;

/// Something that could stand in the place of a part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Text to put in.
    pub text: String,
    /// What it is, in a few words.
    pub about: String,
    /// Bytes of the prompt's text that it takes the place of.
    pub replace: std::ops::Range<usize>,
}

/// What is wrong with the text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Byte range of the text that is meant.
    pub at: std::ops::Range<usize>,
    /// What is wrong and what was expected.
    pub what: String,
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// The text is another one: check it, offer completions.
    Edited,
    /// Only the cursor or the popup moved.
    Moved,
    /// Enter.
    Submitted(String),
    /// Esc.
    Cancelled,
}

/// A one-line text field.
#[derive(Debug, Clone, Default)]
pub struct Prompt {}

impl Prompt {
    /// An empty field behind a label such as `filter`.
    pub fn new(label: &str) -> Prompt {
        let _ = label;
        Prompt {}
    }
    /// With a text to begin with, the cursor at its end.
    #[must_use]
    pub fn with_text(self, text: &str) -> Prompt {
        let _ = text;
        self
    }
    /// With what was entered before, oldest first.
    #[must_use]
    pub fn with_history(self, history: Vec<String>) -> Prompt {
        let _ = history;
        self
    }
    /// With words that stand in the empty field.
    #[must_use]
    pub fn with_placeholder(self, words: &str) -> Prompt {
        let _ = words;
        self
    }
    /// The text as typed.
    pub fn text(&self) -> &str {
        ""
    }
    /// Byte offset of the cursor.
    pub fn at(&self) -> usize {
        0
    }
    /// Says what is wrong, or that nothing is.
    pub fn set_wrong(&mut self, wrong: Option<Wrong>) {
        let _ = wrong;
    }
    /// Offers completions; an empty list closes the popup. tab takes the chosen one.
    pub fn offer(&mut self, candidates: Vec<Candidate>) {
        let _ = candidates;
    }
    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let _ = key;
        Outcome::Ignored
    }
    /// Pasted text; its line breaks become spaces.
    pub fn paste(&mut self, text: &str) -> Outcome {
        let _ = text;
        Outcome::Edited
    }
    /// Draws the field into the last row of `area`, what is wrong above it and the popup above
    /// that.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let _ = (area, buf, theme);
    }
    /// Where the cursor is.
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        let _ = area;
        None
    }
}
