//! A one-line text field with an error line, completions and a history.
//!
//! **Floor 5**, pure. Every printable key is text. `tab` takes a completion, `up` and `down`
//! choose one while the popup is open and walk the history otherwise, `ctrl+r` searches it.

use std::ops::Range;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::edit::{Change, Edit, view};
use super::overlay;
use super::text;
use super::theme::{Role, Theme};

pub mod history;
pub mod popup;

pub use history::History;
pub use popup::{Candidate, Popup};

/// What is wrong with the text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Byte range of the text that is meant.
    pub at: Range<usize>,
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
pub struct Prompt {
    label: String,
    placeholder: String,
    edit: Edit,
    wrong: Option<Wrong>,
    popup: Popup,
    history: History,
}

impl Prompt {
    /// An empty field behind a label such as `filter`.
    pub fn new(label: &str) -> Prompt {
        Prompt {
            label: label.to_owned(),
            ..Prompt::default()
        }
    }
    /// With a text to begin with, the cursor at its end.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Prompt {
        self.edit = Edit::line().with_text(text);
        self
    }
    /// With what was entered before, oldest first.
    #[must_use]
    pub fn with_history(mut self, history: Vec<String>) -> Prompt {
        self.history = History::new(history);
        self
    }
    /// With words that stand in the empty field.
    #[must_use]
    pub fn with_placeholder(mut self, words: &str) -> Prompt {
        self.placeholder = words.to_owned();
        self
    }
    /// The text as typed.
    pub fn text(&self) -> &str {
        self.edit.text()
    }
    /// Byte offset of the cursor.
    pub fn at(&self) -> usize {
        self.edit.at()
    }
    /// Puts another text in, the cursor at its end.
    pub fn set_text(&mut self, text: &str) {
        self.edit.set(text);
    }
    /// Says what is wrong, or that nothing is.
    pub fn set_wrong(&mut self, wrong: Option<Wrong>) {
        self.wrong = wrong;
    }
    /// What is said to be wrong.
    pub fn wrong(&self) -> Option<&Wrong> {
        self.wrong.as_ref()
    }
    /// Offers completions; an empty list closes the popup. tab takes the chosen one.
    pub fn offer(&mut self, candidates: Vec<Candidate>) {
        self.popup = Popup::new(candidates);
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if self.history.is_searching() {
            match history::search_key(&mut self.history, key) {
                history::Search::Goes(text) => {
                    if let Some(text) = text {
                        self.edit.set(&text);
                    }
                    return Outcome::Moved;
                }
                history::Search::Gives(before) => {
                    self.edit.set(&before);
                    return Outcome::Edited;
                }
                // The key is the field's, with the text that was found.
                history::Search::Takes => {}
            }
        }
        match key.code {
            KeyCode::Char('c') if ctrl => Outcome::Cancelled,
            KeyCode::Char('r') if ctrl => {
                if self.history.begin_search(&self.edit.text().to_owned()) {
                    self.popup.close();
                    Outcome::Moved
                } else {
                    Outcome::Ignored
                }
            }
            KeyCode::Esc if self.popup.is_chosen() => {
                self.popup.close();
                Outcome::Moved
            }
            KeyCode::Esc => Outcome::Cancelled,
            KeyCode::Enter => {
                self.popup.close();
                Outcome::Submitted(self.edit.text().to_owned())
            }
            KeyCode::Char('j' | 'm') if ctrl => Outcome::Submitted(self.edit.text().to_owned()),
            KeyCode::Tab => match self.popup.take() {
                Some(candidate) => {
                    self.edit.replace(candidate.replace, &candidate.text);
                    Outcome::Edited
                }
                None => Outcome::Ignored,
            },
            KeyCode::BackTab => self.moved(|p| p.popup.choose(-1)),
            KeyCode::Up | KeyCode::Down if self.popup.is_open() => {
                let by = if key.code == KeyCode::Up { -1 } else { 1 };
                self.moved(|p| p.popup.choose(by))
            }
            KeyCode::Up => self.recall(true),
            KeyCode::Down => self.recall(false),
            KeyCode::Char('p') if ctrl => self.recall(true),
            KeyCode::Char('n') if ctrl => self.recall(false),
            _ => match self.edit.update(key) {
                Change::Nothing => Outcome::Ignored,
                Change::Moved => Outcome::Moved,
                Change::Edited => {
                    self.history.leave();
                    Outcome::Edited
                }
            },
        }
    }

    fn moved(&mut self, act: impl FnOnce(&mut Prompt) -> bool) -> Outcome {
        match act(self) {
            true => Outcome::Moved,
            false => Outcome::Ignored,
        }
    }

    fn recall(&mut self, back: bool) -> Outcome {
        let text = match back {
            true => self.history.back(&self.edit.text().to_owned()),
            false => self.history.forward(),
        };
        match text {
            Some(text) => {
                self.edit.set(&text);
                Outcome::Edited
            }
            None => Outcome::Ignored,
        }
    }

    /// Pasted text; its line breaks become spaces.
    pub fn paste(&mut self, text: &str) -> Outcome {
        self.edit.insert(text);
        Outcome::Edited
    }

    /// Rows that it wants to draw in full: the field, what is wrong, the popup.
    pub fn height(&self) -> u16 {
        1 + u16::from(self.wrong.is_some()) + self.popup.height()
    }

    /// The label's columns, with the space behind it.
    fn label(&self) -> String {
        match self.history.searched() {
            Some(words) => format!("search {}: ", text::safe(words)),
            None if self.label.is_empty() => String::new(),
            None => format!("{} ", self.label),
        }
    }

    /// Draws the field into the last row of `area`, what is wrong above it and the popup above
    /// that, over whatever is there.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let y = area.bottom() - 1;
        overlay::blank(Rect::new(area.x, y, area.width, 1), buf, theme);
        let label = self.label();
        let used = text::put(buf, area.x, y, &label, area.width, theme.style(Role::Key));
        let columns = area.width - used;
        if self.edit.is_empty() {
            let style = theme.style(Role::Placeholder);
            text::put(buf, area.x + used, y, &self.placeholder, columns, style);
        }
        let (_, cursor) = self.edit.row_and_column();
        let skip = view::scroll(cursor, columns);
        let style = |at: usize| match &self.wrong {
            Some(w) if w.at.contains(&at) => theme.style(Role::JsonWrong),
            _ => theme.style(Role::Text),
        };
        view::line(buf, (area.x + used, y), columns, self.text(), skip, &style);
        let mut above = y;
        if let Some(wrong) = self.wrong.as_ref().filter(|_| above > area.top()) {
            above -= 1;
            overlay::blank(Rect::new(area.x, above, area.width, 1), buf, theme);
            let before = self.text().get(..wrong.at.start).unwrap_or(self.text());
            let column = view::shown_width(before).saturating_sub(skip) + usize::from(used);
            overlay::pointer_above(area, above, column, &wrong.what, buf, theme);
        }
        let left = self.popup.replaces().map_or(0, |at| {
            let before = self.text().get(..at).unwrap_or_default();
            view::shown_width(before).saturating_sub(skip)
        });
        let left = u16::try_from(left).unwrap_or(0).saturating_add(used);
        let room = Rect {
            height: above - area.top(),
            ..area
        };
        self.popup.draw_above(room, left, buf, theme);
    }

    /// Where the cursor is.
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        if area.is_empty() {
            return None;
        }
        let used = u16::try_from(text::width(&self.label())).unwrap_or(u16::MAX);
        let columns = area.width.checked_sub(used).filter(|c| *c > 0)?;
        let (_, column) = self.edit.row_and_column();
        let column = column - view::scroll(column, columns);
        let x = area.x + used + u16::try_from(column).unwrap_or(0);
        Some(Position::new(x, area.bottom() - 1))
    }
}

#[cfg(test)]
mod tests;
