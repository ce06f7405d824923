//! Labelled fields below each other, with a mistake shown at the field where it is.
//!
//! **Floor 5**, pure. Enter is done, tab goes to the next field (or takes a completion), esc
//! closes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::edit::{Change, Edit};

mod view;

/// Rows that a field of many lines shows at most.
const MOST_ROWS: usize = 6;

#[derive(Debug, Clone)]
enum Kind {
    Text { edit: Edit, json: bool },
    Choice { words: Vec<String>, at: usize },
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    label: &'static str,
    placeholder: &'static str,
    kind: Kind,
    known: Vec<String>,
}

impl Field {
    /// One line of text.
    pub fn line(label: &'static str, placeholder: &'static str, text: &str) -> Field {
        Field::text(label, placeholder, Edit::line().with_text(text), false)
    }
    /// Lines of text.
    pub fn lines(label: &'static str, placeholder: &'static str, text: &str) -> Field {
        Field::text(label, placeholder, Edit::lines().with_text(text), false)
    }
    /// JSON.
    pub fn json(label: &'static str, placeholder: &'static str, text: &str) -> Field {
        Field::text(label, placeholder, Edit::lines().with_text(text), true)
    }
    /// One of some words.
    pub fn choice(label: &'static str, words: Vec<String>, at: usize) -> Field {
        Field {
            label,
            placeholder: "",
            kind: Kind::Choice { words, at },
            known: Vec::new(),
        }
    }
    fn text(label: &'static str, placeholder: &'static str, edit: Edit, json: bool) -> Field {
        Field {
            label,
            placeholder,
            kind: Kind::Text { edit, json },
            known: Vec::new(),
        }
    }
    /// With words that tab completes.
    #[must_use]
    pub fn completing(mut self, known: Vec<String>) -> Field {
        self.known = known;
        self
    }

    /// The rest of the first known word that begins with what was typed.
    fn completion(&self) -> Option<&str> {
        let Kind::Text { edit, .. } = &self.kind else {
            return None;
        };
        let typed = edit.text();
        if edit.at() != typed.len() || self.known.iter().any(|w| w == typed) {
            return None;
        }
        let found = self.known.iter().find_map(|w| w.strip_prefix(typed));
        found.filter(|rest| !rest.is_empty() && !typed.is_empty())
    }

    fn rows(&self) -> usize {
        match &self.kind {
            Kind::Text { edit, .. } => (edit.text().matches('\n').count() + 1).min(MOST_ROWS),
            Kind::Choice { .. } => 1,
        }
    }
}

/// What came of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// A text or a choice is another one.
    Edited,
    /// Only the cursor moved.
    Moved,
    /// Enter.
    Submitted,
    /// Esc.
    Cancelled,
}

/// What is wrong in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Number of the field.
    pub field: usize,
    /// Byte offset in its text.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

/// The fields.
#[derive(Debug, Clone)]
pub struct Form {
    title: String,
    hints: &'static str,
    /// Lines above the fields.
    notes: Vec<String>,
    fields: Vec<Field>,
    focus: usize,
    wrong: Option<Wrong>,
    /// A word below the fields that belongs to none of them.
    error: Option<String>,
    width: u16,
}

impl Form {
    /// A form; `hints` stand in its lower border.
    pub fn new(title: &str, hints: &'static str, fields: Vec<Field>) -> Form {
        Form {
            title: title.to_owned(),
            hints,
            notes: Vec::new(),
            fields,
            focus: 0,
            wrong: None,
            error: None,
            width: 78,
        }
    }
    /// With lines above the fields.
    #[must_use]
    pub fn with_notes(mut self, notes: Vec<String>) -> Form {
        self.notes = notes;
        self
    }
    /// Focuses a field.
    #[must_use]
    pub fn at(mut self, field: usize) -> Form {
        self.focus = field;
        self
    }
    /// Text of a field; of a choice, its word.
    pub fn value(&self, field: usize) -> &str {
        match self.fields.get(field).map(|f| &f.kind) {
            Some(Kind::Text { edit, .. }) => edit.text(),
            Some(Kind::Choice { words, at }) => words.get(*at).map_or("", String::as_str),
            None => "",
        }
    }
    /// Which word of a choice.
    pub fn chosen(&self, field: usize) -> usize {
        match self.fields.get(field).map(|f| &f.kind) {
            Some(Kind::Choice { at, .. }) => *at,
            _ => 0,
        }
    }
    /// Says what is wrong, and leaves the cursor where it is.
    pub fn set_wrong(&mut self, wrong: Option<Wrong>) {
        self.wrong = wrong;
    }
    /// Says what is wrong, and puts the cursor there.
    pub fn refuse(&mut self, wrong: Wrong) {
        self.focus = wrong.field.min(self.fields.len().saturating_sub(1));
        if let Some(edit) = self.edit() {
            edit.go_to(wrong.at);
        }
        self.wrong = Some(wrong);
    }
    /// Says what is wrong with the whole.
    pub fn set_error(&mut self, error: Option<String>) {
        self.error = error;
    }

    fn edit(&mut self) -> Option<&mut Edit> {
        match self.fields.get_mut(self.focus).map(|f| &mut f.kind) {
            Some(Kind::Text { edit, .. }) => Some(edit),
            _ => None,
        }
    }

    fn walk(&mut self, by: usize) -> Outcome {
        self.focus = (self.focus + by) % self.fields.len().max(1);
        Outcome::Moved
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        let back = self.fields.len().saturating_sub(1);
        match key.code {
            KeyCode::Esc => Outcome::Cancelled,
            KeyCode::Char('c') if ctrl => Outcome::Cancelled,
            KeyCode::Enter if shift => self.new_line(),
            KeyCode::Char('n') if ctrl => self.new_line(),
            KeyCode::Enter => Outcome::Submitted,
            KeyCode::Char('j' | 'm') if ctrl => Outcome::Submitted,
            KeyCode::BackTab => self.walk(back),
            KeyCode::Tab if shift => self.walk(back),
            KeyCode::Tab => {
                let rest = self.fields.get(self.focus).and_then(Field::completion);
                match rest.map(str::to_owned) {
                    Some(rest) => {
                        if let Some(edit) = self.edit() {
                            edit.insert(&rest);
                        }
                        Outcome::Edited
                    }
                    None => self.walk(1),
                }
            }
            _ => self.in_field(key),
        }
    }

    fn new_line(&mut self) -> Outcome {
        match self.edit() {
            Some(edit) => {
                let before = edit.text().len();
                edit.insert("\n");
                match edit.text().len() == before {
                    true => Outcome::Ignored,
                    false => Outcome::Edited,
                }
            }
            None => Outcome::Ignored,
        }
    }

    fn in_field(&mut self, key: KeyEvent) -> Outcome {
        let back = self.fields.len().saturating_sub(1);
        let change = match self.fields.get_mut(self.focus).map(|f| &mut f.kind) {
            Some(Kind::Text { edit, .. }) => edit.update(key),
            Some(Kind::Choice { words, at }) => {
                let count = words.len().max(1);
                match key.code {
                    KeyCode::Left => *at = (*at + count - 1) % count,
                    KeyCode::Right | KeyCode::Char(' ') => *at = (*at + 1) % count,
                    KeyCode::Up => return self.walk(back),
                    KeyCode::Down => return self.walk(1),
                    _ => return Outcome::Ignored,
                }
                Change::Edited
            }
            None => Change::Nothing,
        };
        match (change, key.code) {
            (Change::Edited, _) => {
                self.error = None;
                Outcome::Edited
            }
            (Change::Moved, _) => Outcome::Moved,
            (Change::Nothing, KeyCode::Up) => self.walk(back),
            (Change::Nothing, KeyCode::Down) => self.walk(1),
            (Change::Nothing, _) => Outcome::Ignored,
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> Outcome {
        match self.edit() {
            Some(edit) => {
                edit.insert(text);
                self.error = None;
                Outcome::Edited
            }
            None => Outcome::Ignored,
        }
    }
}
