//! How a form looks: a row for each line of a field, and one for its mistake.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Field, Form, Kind, MOST_ROWS};
use crate::tui::edit::{Edit, view};
use crate::tui::highlight;
use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

impl Form {
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
                    let (line, column) = crate::place::of(edit.text(), wrong.at);
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
