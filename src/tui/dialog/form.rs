//! Labelled fields below each other, with a mistake shown at the field where it is.
//!
//! **Floor 5**, pure. Enter is done, tab goes to the next field (or takes a completion), esc
//! closes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::edit::{Change, Edit, view};
use crate::tui::highlight;
use crate::tui::mistake;
use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

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

    /// The rows of all fields, mistakes included: which field, and which row of it; one beyond
    /// its rows is its mistake.
    fn rows(&self) -> Vec<(usize, usize)> {
        let mut rows = Vec::new();
        for (i, field) in self.fields.iter().enumerate() {
            let wrong = self.wrong.as_ref().is_some_and(|w| w.field == i);
            rows.extend((0..field.rows() + usize::from(wrong)).map(|row| (i, row)));
        }
        rows
    }

    /// Where the box is, and where in it the fields begin: they are scrolled in a low screen.
    fn layout(&self, screen: Rect) -> (Rect, Rect, usize) {
        let rows = self.rows();
        let notes = self.notes.len() + usize::from(self.error.is_some());
        let wanted = u16::try_from(rows.len() + notes + 2).unwrap_or(u16::MAX);
        let area = overlay::centred(screen, self.width, wanted);
        let inner = Rect {
            x: area.x + 2.min(area.width),
            y: area.y + 1.min(area.height),
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        };
        let room = usize::from(inner.height);
        // Notes go first where there is no room for all.
        let notes = self.notes.len().min(room.saturating_sub(rows.len()));
        let top = u16::try_from(notes).unwrap_or(0);
        let below = usize::from(self.error.is_some() && room > rows.len() + notes);
        let height = inner.height - top;
        let list = Rect {
            y: inner.y + top,
            height: height.saturating_sub(u16::try_from(below).unwrap_or(0)),
            ..inner
        };
        let cursor = self.cursor_row();
        let wanted = rows.iter().position(|r| *r == cursor).unwrap_or(0);
        let first = overlay::first_row(wanted, rows.len(), list.height);
        (area, list, first)
    }

    /// The focused field and the row of it where the cursor is seen.
    fn cursor_row(&self) -> (usize, usize) {
        let row = match self.fields.get(self.focus).map(|f| &f.kind) {
            Some(Kind::Text { edit, .. }) => {
                let (row, _) = edit.row_and_column();
                row - view::scroll(row, u16::try_from(MOST_ROWS).unwrap_or(1))
            }
            _ => 0,
        };
        (self.focus, row)
    }

    fn label_width(&self) -> u16 {
        let widest = self.fields.iter().map(|f| f.label.len()).max();
        u16::try_from(widest.unwrap_or(0) + 2).unwrap_or(u16::MAX)
    }

    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let (area, list, first) = self.layout(screen);
        let inner = overlay::frame(area, &self.title, self.hints, buf, theme);
        for (y, note) in (inner.y..list.y).zip(&self.notes) {
            let style = theme.style(Role::Dim);
            text::put(buf, inner.x, y, &text::safe(note), inner.width, style);
        }
        for (y, (field, row)) in (list.y..list.bottom()).zip(self.rows().into_iter().skip(first)) {
            if let Some(shown) = self.fields.get(field) {
                let line = Rect::new(list.x, y, list.width, 1);
                self.draw_row(shown, field, row, line, buf, theme);
            }
        }
        if let Some(error) = &self.error {
            let line = format!("✗ {}", text::safe(error));
            let y = inner.bottom().saturating_sub(1).max(inner.y);
            if inner.height > 0 {
                overlay::blank(Rect::new(inner.x, y, inner.width, 1), buf, theme);
                text::put(
                    buf,
                    inner.x,
                    y,
                    &line,
                    inner.width,
                    theme.style(Role::Error),
                );
            }
        }
    }

    fn draw_row(
        &self,
        field: &Field,
        number: usize,
        row: usize,
        line: Rect,
        buf: &mut Buffer,
        theme: &Theme,
    ) {
        let focused = number == self.focus;
        let label = self.label_width().min(line.width);
        let at = Rect {
            x: line.x + label,
            width: line.width - label,
            ..line
        };
        if row == 0 {
            let style = theme.style(if focused { Role::Accent } else { Role::Dim });
            text::put(buf, line.x, line.y, field.label, label, style);
        }
        let wrong = self.wrong.as_ref().filter(|w| w.field == number);
        let style = theme.style(match focused {
            true => Role::FieldFocused,
            false => Role::Field,
        });
        match &field.kind {
            Kind::Choice { words, at: chosen } => {
                let word = words.get(*chosen).map_or("", String::as_str);
                let shown = match focused {
                    true => format!("◂ {word} ▸"),
                    false => word.to_owned(),
                };
                if row == 0 {
                    text::put(buf, at.x, at.y, &shown, at.width, style);
                }
            }
            Kind::Text { edit, .. } if row >= field.rows() => {
                let Some(wrong) = wrong else { return };
                let before = edit.text().get(..wrong.at).unwrap_or_default();
                if edit.text().contains('\n') {
                    let (line, column) = mistake::place(edit.text(), wrong.at);
                    let what = format!("line {line}, column {column}: {}", wrong.what);
                    overlay::pointer(at, at.y, usize::MAX, &what, buf, theme);
                } else {
                    let column = view::shown_width(before).saturating_sub(skip(edit, at, focused));
                    overlay::pointer(at, at.y, column, &wrong.what, buf, theme);
                }
            }
            Kind::Text { edit, json } => {
                buf.set_style(at, style);
                let typed = edit.text();
                if typed.is_empty() {
                    let style = style.patch(theme.style(Role::Placeholder));
                    text::put(buf, at.x, at.y, field.placeholder, at.width, style);
                    return;
                }
                let (cursor, _) = edit.row_and_column();
                let first = view::scroll(cursor, u16::try_from(MOST_ROWS).unwrap_or(1));
                let Some((start, line)) = nth_line(typed, first + row) else {
                    return;
                };
                let spans = match json {
                    true => highlight::json(typed),
                    false => Vec::new(),
                };
                let skip = skip(edit, at, focused);
                view::line(buf, (at.x, at.y), at.width, line, skip, &|i| {
                    let role = match wrong {
                        Some(wrong) if wrong.at == start + i => Role::JsonWrong,
                        _ => highlight::role_at(&spans, start + i),
                    };
                    style.patch(theme.style(role))
                });
                if let Some(rest) = field.completion().filter(|_| focused) {
                    let used = view::shown_width(line).saturating_sub(skip);
                    if let Ok(used) = u16::try_from(used) {
                        let room = at.width.saturating_sub(used);
                        let style = style.patch(theme.style(Role::Placeholder));
                        let shown = format!("{}  tab", text::safe(rest));
                        text::put(buf, at.x.saturating_add(used), at.y, &shown, room, style);
                    }
                }
            }
        }
    }

    /// Where the cursor is.
    pub fn cursor(&self, screen: Rect) -> Option<Position> {
        let (_, list, first) = self.layout(screen);
        let Kind::Text { edit, .. } = &self.fields.get(self.focus)?.kind else {
            return None;
        };
        let row = self.rows().iter().position(|r| *r == self.cursor_row())?;
        let y = list.y + u16::try_from(row.checked_sub(first)?).ok()?;
        let label = self.label_width().min(list.width);
        let columns = list.width - label;
        let (_, column) = edit.row_and_column();
        let column = column - view::scroll(column, columns);
        let x = list.x + label + u16::try_from(column).ok()?;
        let at = Position::new(x, y);
        list.contains(at).then_some(at)
    }
}

/// Columns scrolled out of a field.
fn skip(edit: &Edit, at: Rect, focused: bool) -> usize {
    match focused {
        true => view::scroll(edit.row_and_column().1, at.width),
        false => 0,
    }
}

/// A line of a text, with the byte offset of its start.
fn nth_line(text: &str, n: usize) -> Option<(usize, &str)> {
    let mut start = 0;
    for (i, line) in text.split('\n').enumerate() {
        if i == n {
            return Some((start, line));
        }
        start += line.len() + 1;
    }
    None
}
