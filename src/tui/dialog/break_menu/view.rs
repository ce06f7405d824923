//! How it looks.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::target::Target;
use super::{BreakMenu, Question, Row, takes_value};
use crate::faults::{Entry, Fault, Lasts};
use crate::journal::record::TransportName;
use crate::tui::edit::{Edit, view};
use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

const LIST_HINTS: &str = "enter choose  type to narrow  ↑↓ move  esc close";
const ASK_HINTS: &str = "enter break  esc back";
const CLEAR_HINTS: &str = "enter clear  esc back";

/// The faults that are active, in one line.
pub fn named(active: &[Fault]) -> String {
    let words: Vec<String> = active.iter().map(Fault::to_string).collect();
    words.join(", ")
}

impl BreakMenu {
    fn area(&self, screen: Rect) -> Rect {
        match &self.question {
            None => {
                let rows = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
                let most = if screen.height > 16 {
                    screen.height - 2
                } else {
                    screen.height
                };
                overlay::centred(screen, 100, rows.saturating_add(3).max(5).min(most))
            }
            Some(question) => {
                let width = 76.min(screen.width);
                let rows = self.sentences(question, usize::from(width.saturating_sub(4)));
                let field = u16::from(has_field(question)) * 2;
                let rows = u16::try_from(rows.len()).unwrap_or(u16::MAX);
                overlay::centred(screen, width, rows.saturating_add(field + 2))
            }
        }
    }

    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let area = self.area(screen);
        match &self.question {
            None => self.draw_list(area, buf, theme),
            Some(question) => self.draw_question(question, area, buf, theme),
        }
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let title = match self.aim {
            Some(c) => format!("Break c{c} on purpose"),
            None => "Break on purpose".to_owned(),
        };
        let inner = overlay::frame(area, &title, LIST_HINTS, buf, theme);
        if inner.is_empty() {
            return;
        }
        let text_style = theme.style(Role::Text);
        let typed = self.edit.text();
        let skip = view::scroll(self.edit.row_and_column().1, inner.width);
        if typed.is_empty() {
            let words = "a fault, a disconnect reason, or what should happen";
            let style = theme.style(Role::Placeholder);
            text::put(buf, inner.x, inner.y, words, inner.width, style);
        }
        view::line(buf, (inner.x, inner.y), inner.width, typed, skip, &|_| {
            text_style
        });
        let list = Rect {
            y: inner.y + 1,
            height: inner.height.saturating_sub(1),
            ..inner
        };
        if self.rows.is_empty() {
            let words = "no fault fits to this";
            text::put(
                buf,
                list.x,
                list.y,
                words,
                list.width,
                theme.style(Role::Dim),
            );
            return;
        }
        let first = overlay::first_row(self.chosen, self.rows.len(), list.height);
        // A heading goes with the first of its faults.
        let first = match self.rows.get(first.saturating_sub(1)) {
            Some(Row::Heading(..)) if first == self.chosen => first - 1,
            _ => first,
        };
        for (y, (at, row)) in (list.y..list.bottom()).zip(self.rows.iter().enumerate().skip(first))
        {
            self.draw_row(
                *row,
                at == self.chosen,
                Rect {
                    y,
                    height: 1,
                    ..list
                },
                buf,
                theme,
            );
        }
    }

    fn draw_row(&self, row: Row, chosen: bool, at: Rect, buf: &mut Buffer, theme: &Theme) {
        let over = match chosen {
            true => theme.style(Role::Selected),
            false => Style::new(),
        };
        let style = |role| theme.style(role).patch(over);
        if chosen {
            overlay::row_style(at, at.y, buf, over);
            text::put(buf, at.x, at.y, "▸", 1, style(Role::Accent));
        }
        match row {
            Row::Heading(words, disconnects) => {
                let (before, role) = if disconnects {
                    ("", Role::Error)
                } else {
                    ("no disconnect: ", Role::Warn)
                };
                let words = format!("{before}{words}");
                text::put(buf, at.x, at.y, &words, at.width, theme.style(role));
            }
            Row::Clear => {
                let words = format!("clear: end {}", named(&self.around.active));
                let room = at.width.saturating_sub(2);
                text::put(buf, at.x + 2, at.y, &words, room, style(Role::Fault));
            }
            Row::Fault(entry) => {
                let name = 18.min(at.width / 2);
                text::put(buf, at.x + 2, at.y, entry.form, name, style(Role::Key));
                let tag = self.tag(entry);
                let wide = u16::try_from(text::width(&tag)).unwrap_or(u16::MAX);
                let x = at.x + 2 + name;
                let mut room = at.right().saturating_sub(x);
                if wide + 20 < room {
                    let role = if self.refusal(entry).is_some() {
                        Role::Warn
                    } else {
                        Role::Dim
                    };
                    text::put(buf, at.right() - wide, at.y, &tag, wide, style(role));
                    room -= wide + 1;
                }
                let role = if self.refusal(entry).is_some() {
                    Role::Dim
                } else {
                    Role::Text
                };
                text::put(buf, x, at.y, entry.does, room, style(role));
            }
        }
    }

    /// What is to be known of a fault before it is chosen: that it is active, lasts or waits.
    fn tag(&self, entry: &Entry) -> String {
        if self.around.active.iter().any(|f| f.name() == entry.name) {
            return "⚡ active".to_owned();
        }
        if let Target::Gone(c) = self.target(entry) {
            return format!("c{c} has ended");
        }
        if self.refusal(entry).is_some() {
            return "in a tap only".to_owned();
        }
        let mut tags = Vec::new();
        match entry.over {
            [TransportName::Polling] => tags.push("polling"),
            [TransportName::Websocket] => tags.push("websocket"),
            _ => {}
        }
        if entry.lasts == Lasts::UntilCleared {
            tags.push("until cleared");
        }
        tags.join(", ")
    }

    /// What the question says, wrapped.
    fn sentences(&self, question: &Question, width: usize) -> Vec<(String, Role)> {
        let mut lines = Vec::new();
        let mut say = |words: &str, role: Role| {
            for row in text::wrap(&text::safe(words), width) {
                lines.push((row, role));
            }
        };
        match question {
            Question::Clear => {
                say(&format!("End {}?", named(&self.around.active)), Role::Text);
                say(
                    "What was asked for by hand is ended; a plan goes on.",
                    Role::Dim,
                );
            }
            Question::Fault(entry, edit) => {
                say(&format!("{}.", capital(entry.does)), Role::Text);
                if let Some(refusal) = self.refusal(entry) {
                    say(&format!("✗ {}", capital(&refusal)), Role::Error);
                    return lines;
                }
                say(&self.when(entry), Role::Text);
                let (words, what) = self.brings(entry);
                say(&format!("{words}{what}."), Role::Fault);
                if let Some(otherwise) = entry.otherwise() {
                    say(&format!("({otherwise})"), Role::Dim);
                }
                if let Err(error) = edit.text().trim().parse::<Fault>() {
                    say(&format!("✗ {error}"), Role::Error);
                }
            }
        }
        lines
    }

    fn draw_question(&self, question: &Question, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let (title, hints) = match question {
            Question::Clear => ("Clear".to_owned(), CLEAR_HINTS),
            Question::Fault(entry, _) if self.refusal(entry).is_some() => {
                (format!("Break: {}", entry.form), "esc back")
            }
            Question::Fault(entry, _) => match self.target(entry) {
                Target::On(open) => (format!("Break c{}: {}", open.c, entry.form), ASK_HINTS),
                _ => (format!("Break: {}", entry.form), ASK_HINTS),
            },
        };
        let mut inner = overlay::frame(area, &title, hints, buf, theme);
        let width = usize::from(area.width.saturating_sub(4));
        if let Question::Fault(entry, edit) = question
            && has_field(question)
            && !inner.is_empty()
        {
            let style = theme.style(Role::FieldFocused);
            buf.set_style(Rect { height: 1, ..inner }, style);
            let skip = view::scroll(edit.row_and_column().1, inner.width);
            view::line(
                buf,
                (inner.x, inner.y),
                inner.width,
                edit.text(),
                skip,
                &|at| match self.fresh && at > entry.name.len() {
                    true => style.patch(theme.style(Role::Selected)),
                    false => style,
                },
            );
            let used = inner.height.min(2);
            inner.y += used;
            inner.height -= used;
        }
        for (y, (words, role)) in (inner.y..inner.bottom()).zip(self.sentences(question, width)) {
            text::put(buf, inner.x, y, &words, inner.width, theme.style(role));
        }
    }

    /// Where the cursor is.
    pub fn cursor(&self, screen: Rect) -> Option<Position> {
        let area = self.area(screen);
        let inner = Rect {
            x: area.x + 2.min(area.width),
            y: area.y + 1.min(area.height),
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        };
        let edit: &Edit = match &self.question {
            None => &self.edit,
            Some(Question::Fault(entry, edit)) if takes_value(entry) => edit,
            Some(_) => return None,
        };
        if inner.is_empty() {
            return None;
        }
        let (_, column) = edit.row_and_column();
        let column = column - view::scroll(column, inner.width);
        Some(Position::new(
            inner.x + u16::try_from(column).ok()?,
            inner.y,
        ))
    }
}

fn has_field(question: &Question) -> bool {
    matches!(question, Question::Fault(entry, _) if takes_value(entry))
}

/// A sentence's first letter.
fn capital(words: &str) -> String {
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
