//! Text that is being typed: one model for prompts, dialogs and the composer.
//!
//! **Floor 5**, pure. Everything moves by grapheme cluster, so that an emoji or an accented
//! letter is one step and is never torn apart. Text is kept as typed or pasted; what can't be
//! seen in it is made visible when it is drawn (see [`view`]).
//!
//! This is our own and not a widget's because the model is small, a field of one line and one of
//! many are the same here, and each byte range can be styled by what it means (JSON, mistakes).

pub mod view;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::text::width;

/// How many steps can be undone.
const UNDO: usize = 100;
/// About how many bytes they may hold.
const UNDO_BYTES: usize = 4 << 20;

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The key means nothing here, or there was nowhere to go.
    Nothing,
    /// The cursor moved.
    Moved,
    /// The text is another one.
    Edited,
}

/// A text and a cursor in it.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    text: String,
    at: usize,
    many_lines: bool,
    killed: String,
    undo: Vec<(String, usize)>,
    /// The last edit was a typed character: the next one belongs to the same undo step.
    typing: bool,
}

impl Edit {
    /// An empty field of one line: line breaks become spaces.
    pub fn line() -> Edit {
        Edit::default()
    }
    /// An empty field of many lines.
    pub fn lines() -> Edit {
        Edit {
            many_lines: true,
            ..Edit::default()
        }
    }
    /// With a text, the cursor at its end.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Edit {
        self.set(text);
        self
    }
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// Byte offset of the cursor.
    pub fn at(&self) -> usize {
        self.at
    }
    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
    /// Puts another text in the place of this one, the cursor at its end.
    pub fn set(&mut self, text: &str) {
        self.remember(false);
        self.text = self.fitting(text);
        self.at = self.text.len();
    }
    /// Moves the cursor to a byte offset, or to the next boundary before it.
    pub fn go_to(&mut self, at: usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        self.at = at;
        self.typing = false;
    }
    /// Puts text in at the cursor.
    pub fn insert(&mut self, text: &str) {
        self.remember(false);
        let text = self.fitting(text);
        self.text.insert_str(self.at, &text);
        self.at += text.len();
    }
    /// Puts text in the place of a byte range, the cursor behind it. A range that is not one of
    /// this text does nothing.
    pub fn replace(&mut self, range: std::ops::Range<usize>, with: &str) {
        if self.text.get(range.clone()).is_none() {
            return;
        }
        self.remember(false);
        let with = self.fitting(with);
        self.text.replace_range(range.clone(), &with);
        self.at = range.start + with.len();
    }
    /// Row and column (clusters' columns) of the cursor, both from 0.
    pub fn row_and_column(&self) -> (usize, usize) {
        let before = self.text.get(..self.at).unwrap_or_default();
        let row = before.matches('\n').count();
        let line = before.rsplit('\n').next().unwrap_or_default();
        (row, view::shown_width(line))
    }

    fn fitting(&self, text: &str) -> String {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        match self.many_lines {
            true => text,
            false => text.trim_end_matches('\n').replace('\n', " "),
        }
    }

    fn remember(&mut self, typing: bool) {
        if !(typing && self.typing) {
            // A pasted megabyte is not kept a hundred times.
            let most = (UNDO_BYTES / self.text.len().max(1)).clamp(1, UNDO);
            let surplus = (self.undo.len() + 1).saturating_sub(most);
            self.undo.drain(..surplus);
            self.undo.push((self.text.clone(), self.at));
        }
        self.typing = typing;
    }

    /// A key. Enter, tab and esc are the caller's; up and down are too in a field of one line
    /// and at the first and last row.
    pub fn update(&mut self, key: KeyEvent) -> Change {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let word = ctrl || alt;
        match key.code {
            KeyCode::Char(c) if ctrl && !alt => self.control(c.to_ascii_lowercase()),
            KeyCode::Char(c) if alt && !ctrl => match c {
                'b' => self.go(self.word_before()),
                'f' => self.go(self.word_after()),
                'd' => self.cut(self.at, self.word_after()),
                _ => Change::Nothing,
            },
            // ctrl+alt together is AltGr on some systems, and then it types a character.
            KeyCode::Char(c) => {
                self.remember(true);
                self.text.insert(self.at, c);
                self.at += c.len_utf8();
                Change::Edited
            }
            KeyCode::Backspace if word => self.cut(self.word_before(), self.at),
            KeyCode::Backspace => self.delete(self.before(), self.at),
            KeyCode::Delete if word => self.cut(self.at, self.word_after()),
            KeyCode::Delete => self.delete(self.at, self.after()),
            KeyCode::Left if word => self.go(self.word_before()),
            KeyCode::Left => self.go(self.before()),
            KeyCode::Right if word => self.go(self.word_after()),
            KeyCode::Right => self.go(self.after()),
            KeyCode::Home if ctrl => self.go(0),
            KeyCode::End if ctrl => self.go(self.text.len()),
            KeyCode::Home => self.go(self.line_start()),
            KeyCode::End => self.go(self.line_end()),
            KeyCode::Up => self.vertical(true),
            KeyCode::Down => self.vertical(false),
            _ => Change::Nothing,
        }
    }

    fn control(&mut self, c: char) -> Change {
        match c {
            'a' => self.go(self.line_start()),
            'e' => self.go(self.line_end()),
            'b' => self.go(self.before()),
            'f' => self.go(self.after()),
            'h' => self.delete(self.before(), self.at),
            'd' => self.delete(self.at, self.after()),
            'w' => self.cut(self.word_before_space(), self.at),
            'u' => self.cut(self.line_start(), self.at),
            'k' => self.cut(self.at, self.line_end()),
            'y' if !self.killed.is_empty() => {
                let killed = self.killed.clone();
                self.insert(&killed);
                Change::Edited
            }
            // Terminals send one byte for ctrl+_, ctrl+/ and ctrl+7.
            '_' | '/' | '7' => match self.undo.pop() {
                Some((text, at)) => {
                    self.text = text;
                    self.at = at;
                    self.typing = false;
                    Change::Edited
                }
                None => Change::Nothing,
            },
            _ => Change::Nothing,
        }
    }

    fn go(&mut self, to: usize) -> Change {
        self.typing = false;
        if to == self.at {
            return Change::Nothing;
        }
        self.at = to;
        Change::Moved
    }

    fn delete(&mut self, from: usize, to: usize) -> Change {
        if from >= to {
            return Change::Nothing;
        }
        self.remember(false);
        self.text.replace_range(from..to, "");
        self.at = from;
        Change::Edited
    }

    fn cut(&mut self, from: usize, to: usize) -> Change {
        if let Some(cut) = self.text.get(from..to).filter(|c| !c.is_empty()) {
            self.killed = cut.to_owned();
        }
        self.delete(from, to)
    }

    fn before(&self) -> usize {
        let mut cursor = GraphemeCursor::new(self.at, self.text.len(), true);
        // With the whole text at hand the cursor can't ask for more of it.
        cursor
            .prev_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(0)
    }

    fn after(&self) -> usize {
        let mut cursor = GraphemeCursor::new(self.at, self.text.len(), true);
        cursor
            .next_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(self.text.len())
    }

    fn word_before(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        before
            .split_word_bound_indices()
            .rev()
            .find(|(_, w)| w.chars().any(char::is_alphanumeric))
            .map_or(0, |(i, _)| i)
    }

    /// Back to the space before the word, as a shell's ctrl+w.
    fn word_before_space(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        let trimmed = before.trim_end();
        trimmed
            .char_indices()
            .rev()
            .find(|(_, c)| c.is_whitespace())
            .map_or(0, |(i, c)| i + c.len_utf8())
    }

    fn word_after(&self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.split_word_bound_indices()
            .find(|(_, w)| w.chars().any(char::is_alphanumeric))
            .map_or(self.text.len(), |(i, w)| self.at + i + w.len())
    }

    fn line_start(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.rfind('\n').map_or(0, |i| i + 1)
    }

    fn line_end(&self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.find('\n').map_or(self.text.len(), |i| self.at + i)
    }

    fn vertical(&mut self, up: bool) -> Change {
        let start = self.line_start();
        let column = width(self.text.get(start..self.at).unwrap_or_default());
        let (from, to) = if up {
            if start == 0 {
                return Change::Nothing;
            }
            let above = self.text.get(..start - 1).unwrap_or_default();
            (above.rfind('\n').map_or(0, |i| i + 1), start - 1)
        } else {
            let end = self.line_end();
            if end == self.text.len() {
                return Change::Nothing;
            }
            let below = self.text.get(end + 1..).unwrap_or_default();
            let to = below.find('\n').map_or(self.text.len(), |i| end + 1 + i);
            (end + 1, to)
        };
        let line = self.text.get(from..to).unwrap_or_default();
        self.go(from + super::text::fit(line, column).len())
    }
}

#[cfg(test)]
mod tests;
