//! How the palette looks.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Entry, Palette, about, command, key};
use crate::tui::edit::view;
use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

impl Palette {
    fn places(&self, screen: Rect) -> (Rect, Rect) {
        let area = overlay::centred(screen, 80, 20);
        let inner = Rect {
            x: area.x + 2.min(area.width),
            y: area.y + 1.min(area.height),
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        };
        (area, inner)
    }

    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let (area, _) = self.places(screen);
        let hints = "enter do  tab complete  ↑↓ choose  esc close";
        let inner = overlay::frame(area, "Command", hints, buf, theme);
        if inner.is_empty() {
            return;
        }
        text::put(buf, inner.x, inner.y, ":", 1, theme.style(Role::Key));
        let field = field(inner);
        let skip = view::scroll(self.edit.row_and_column().1, field.width);
        let style = theme.style(Role::Text);
        let typed = self.edit.text();
        view::line(buf, (field.x, field.y), field.width, typed, skip, &|_| {
            style
        });
        if typed.is_empty() {
            let words = "an action's name, or a command";
            let style = theme.style(Role::Placeholder);
            text::put(buf, field.x, field.y, words, field.width, style);
        }
        let mut top = inner.y + 1;
        if let Some(wrong) = &self.wrong {
            let before = typed.get(..wrong.at).unwrap_or_default();
            let column = (view::shown_width(before) + 1).saturating_sub(skip);
            overlay::pointer(inner, top, column, &wrong.what, buf, theme);
            top += 1;
        } else if let Some(usage) = self.usage() {
            let line = format!("{}: {}", usage.name, usage.about);
            text::put(
                buf,
                inner.x,
                top,
                &line,
                inner.width,
                theme.style(Role::Dim),
            );
            top += 1;
        }
        let list = Rect {
            y: top.min(inner.bottom()),
            height: inner.bottom().saturating_sub(top),
            ..inner
        };
        self.draw_list(list, buf, theme);
    }

    /// The command whose argument is being typed.
    fn usage(&self) -> Option<&'static command::Usage> {
        let word = self.edit.text().split_once(' ')?.0;
        command::USAGES.iter().find(|u| u.word() == word)
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let wide = |f: &dyn Fn(&Entry) -> usize| {
            let widest = self.list().iter().map(f).max().unwrap_or(0);
            u16::try_from(widest).unwrap_or(u16::MAX)
        };
        let names = wide(&|e| text::width(e.name())).min(area.width / 2);
        let keys = wide(&|e| text::width(key(e))).min(area.width / 4);
        let first = overlay::first_row(self.chosen.unwrap_or(0), self.rows.len(), area.height);
        for (y, (i, row)) in (area.y..area.bottom()).zip(self.rows.iter().enumerate().skip(first)) {
            let Some(entry) = self.list().get(row.entry) else {
                continue;
            };
            let picked = self.chosen == Some(i);
            let over = match picked {
                true => theme.style(Role::Selected),
                false => ratatui::style::Style::new(),
            };
            if picked {
                overlay::row_style(area, y, buf, over);
            }
            let mark = if picked { "▸" } else { " " };
            text::put(
                buf,
                area.x,
                y,
                mark,
                1,
                theme.style(Role::Accent).patch(over),
            );
            let x = area.x + 2;
            let name = text::safe(entry.name());
            let plain = theme.style(Role::Text).patch(over);
            text::put(buf, x, y, &name, names, plain);
            for hit in &row.hits {
                // Names that are matched are ASCII: a character is a column.
                if let Ok(column) = u16::try_from(*hit) {
                    let at = Rect::new(x + column.min(names), y, 1, 1).intersection(area);
                    if column < names {
                        buf.set_style(at, theme.style(Role::Hit));
                    }
                }
            }
            let x = x + names + 2;
            let room = area.right().saturating_sub(x).saturating_sub(keys + 1);
            text::put(
                buf,
                x,
                y,
                about(entry),
                room,
                theme.style(Role::Dim).patch(over),
            );
            let key = key(entry);
            let wide = u16::try_from(text::width(key)).unwrap_or(u16::MAX);
            if wide <= keys && wide > 0 {
                let style = theme.style(Role::Key).patch(over);
                text::put(buf, area.right() - wide, y, key, wide, style);
            }
        }
    }

    /// Where the cursor is.
    pub fn cursor(&self, screen: Rect) -> Option<Position> {
        let (_, inner) = self.places(screen);
        let field = field(inner);
        if field.is_empty() {
            return None;
        }
        let (_, column) = self.edit.row_and_column();
        let column = column - view::scroll(column, field.width);
        let x = field.x + u16::try_from(column).ok()?;
        Some(Position::new(x, field.y))
    }
}

fn field(inner: Rect) -> Rect {
    Rect {
        x: inner.x + 1.min(inner.width),
        width: inner.width.saturating_sub(1),
        height: inner.height.min(1),
        ..inner
    }
}
