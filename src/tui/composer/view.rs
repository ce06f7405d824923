//! How the composer looks.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Composer, Field, Surroundings};
use crate::journal::record::Direction;
use crate::tui::edit::{Edit, view};
use crate::tui::highlight;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// From this width on all fields share a row.
const WIDE: u16 = 90;
const NAME: &str = "Compose   ";

/// Where everything stands; the fields without their labels.
pub struct Places {
    nsp: Rect,
    event: Rect,
    args: Rect,
    ack: Rect,
    /// The row that says what will be sent.
    pub said: Rect,
}

impl Places {
    pub fn field_at(&self, at: Position) -> Option<Field> {
        [
            (self.nsp, Field::Namespace),
            (self.event, Field::Event),
            (self.args, Field::Args),
            (self.ack, Field::Ack),
        ]
        .into_iter()
        .find_map(|(area, field)| area.contains(at).then_some(field))
    }
    /// Where a field is.
    pub fn of(&self, field: Field) -> Rect {
        match field {
            Field::Namespace => self.nsp,
            Field::Event => self.event,
            Field::Args => self.args,
            Field::Ack => self.ack,
        }
    }
}

/// A piece of a row, with so many columns left out before it for its label.
fn take(row: &mut Rect, label: u16, columns: u16) -> Rect {
    let skip = label.min(row.width);
    let columns = columns.min(row.width - skip);
    let piece = Rect {
        x: row.x + skip,
        width: columns,
        ..*row
    };
    row.x += skip + columns;
    row.width -= skip + columns;
    piece
}

fn columns(edit: &Edit, least: u16, most: u16) -> u16 {
    let wide = view::shown_width(edit.text()).saturating_add(1);
    u16::try_from(wide).unwrap_or(most).clamp(least, most)
}

pub fn places(composer: &Composer, area: Rect) -> Places {
    let mut row = Rect {
        height: area.height.min(1),
        ..area
    };
    let ack_columns = 11.min(area.width);
    let ack = Rect {
        x: area.right() - ack_columns,
        width: ack_columns,
        ..row
    };
    row.width -= ack_columns;
    // The last row says what will be sent, where there is more than one.
    let rows = area.height.saturating_sub(1).max(1).min(area.height);
    let said = Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    };
    if area.width >= WIDE {
        take(&mut row, 10, 0);
        let nsp = take(&mut row, 3, columns(&composer.nsp, 8, 24));
        let event = take(&mut row, 8, columns(&composer.event, 14, 28));
        let args = Rect {
            height: rows,
            ..take(&mut row, 7, u16::MAX)
        };
        let args = Rect {
            width: args.width.saturating_sub(6),
            ..args
        };
        return Places {
            nsp,
            event,
            args,
            ack,
            said,
        };
    }
    let nsp = take(&mut row, 3, columns(&composer.nsp, 6, 16));
    row.width = row.width.saturating_sub(6);
    let event = take(&mut row, 8, u16::MAX);
    let rest = rows.saturating_sub(1);
    let args = Rect {
        x: area.x + 5.min(area.width),
        y: area.y + 1.min(area.height),
        width: area.width.saturating_sub(5),
        height: rest,
    };
    Places {
        nsp,
        event,
        args,
        ack,
        said,
    }
}

impl Composer {
    /// Rows that it wants in an inner area of this width, at most `most`.
    pub fn height(&self, width: u16, most: u16) -> u16 {
        let lines = u16::try_from(self.args.text().matches('\n').count()).unwrap_or(most);
        let fixed = if width >= WIDE { 2 } else { 3 };
        lines.saturating_add(fixed).min(most)
    }

    /// Draws the fields, and what will be sent or what is wrong. The caller draws the border.
    pub fn draw(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        around: &Surroundings<'_>,
        focused: bool,
    ) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let places = places(self, area);
        let draft = self.draft();
        let emitted = draft.emit();
        let error = emitted.as_ref().err();
        if area.width >= WIDE {
            let style = theme.style(match focused {
                true => Role::TitleFocused,
                false => Role::Title,
            });
            text::put(buf, area.x, area.y, NAME, 10, style);
        }
        let wrong = |field| error.filter(|e| e.field == field).map(|e| e.at);
        for (field, label, edit) in [
            (Field::Namespace, "ns ", &self.nsp),
            (Field::Event, "event ", &self.event),
        ] {
            let at = places.of(field);
            self.label(field, label, at, buf, theme, focused);
            let style = self.field_style(field, focused, theme);
            buf.set_style(at, style);
            let skip = self.skip(field, edit, at.width, focused);
            let bad = wrong(field).filter(|_| !edit.is_empty());
            view::line(
                buf,
                (at.x, at.y),
                at.width,
                edit.text(),
                skip,
                &|i| match bad {
                    Some(wrong) if wrong == i => theme.style(Role::JsonWrong),
                    _ => style,
                },
            );
        }
        self.draw_args(places.args, wrong(Field::Args), buf, theme, focused);
        self.draw_ack(places.ack, buf, theme, focused);
        self.draw_said(&places, &draft, &emitted, buf, theme, around);
    }

    fn field_style(&self, field: Field, focused: bool, theme: &Theme) -> ratatui::style::Style {
        theme.style(match focused && self.focus == field {
            true => Role::FieldFocused,
            false => Role::Field,
        })
    }

    fn label(
        &self,
        field: Field,
        label: &str,
        at: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        focused: bool,
    ) {
        let wide = u16::try_from(label.len()).unwrap_or(0);
        if let Some(x) = at.x.checked_sub(wide).filter(|_| at.height > 0) {
            let style = theme.style(match focused && self.focus == field {
                true => Role::Accent,
                false => Role::Dim,
            });
            text::put(buf, x, at.y, label, wide, style);
        }
    }

    /// Columns scrolled out of a field; only the field with the cursor is scrolled.
    pub(super) fn skip(&self, field: Field, edit: &Edit, columns: u16, focused: bool) -> usize {
        match focused && self.focus == field {
            true => view::scroll(edit.row_and_column().1, columns),
            false => 0,
        }
    }

    fn draw_args(
        &self,
        at: Rect,
        wrong: Option<usize>,
        buf: &mut Buffer,
        theme: &Theme,
        focused: bool,
    ) {
        if at.is_empty() {
            return;
        }
        self.label(Field::Args, "args ", at, buf, theme, focused);
        let field = self.field_style(Field::Args, focused, theme);
        buf.set_style(at, field);
        let typed = self.args.text();
        if typed.is_empty() {
            let hint = "JSON values with commas between them, or none";
            let style = theme.style(Role::Placeholder);
            text::put(buf, at.x, at.y, hint, at.width, style);
            return;
        }
        let spans = highlight::json(typed);
        let first = self.first_args_row(at.height);
        let skip = self.skip(Field::Args, &self.args, at.width, focused);
        let mut start = 0;
        for (row, line) in typed.split('\n').enumerate() {
            let below = row.checked_sub(first).and_then(|r| u16::try_from(r).ok());
            if let Some(below) = below.filter(|b| *b < at.height) {
                view::line(buf, (at.x, at.y + below), at.width, line, skip, &|i| {
                    let role = match wrong {
                        Some(wrong) if wrong == start + i => Role::JsonWrong,
                        _ => highlight::role_at(&spans, start + i),
                    };
                    field.patch(theme.style(role))
                });
            }
            start += line.len() + 1;
        }
    }

    fn first_args_row(&self, rows: u16) -> usize {
        let (row, _) = self.args.row_and_column();
        view::scroll(row, rows)
    }

    fn draw_ack(&self, at: Rect, buf: &mut Buffer, theme: &Theme, focused: bool) {
        if at.is_empty() {
            return;
        }
        if let Some(dir) = self.injects() {
            self.draw_direction(dir, at, buf, theme, focused);
            return;
        }
        self.label(Field::Ack, "ack ", at, buf, theme, focused);
        let (tick, role) = match self.ack {
            true => ("✓ ", Role::Ok),
            false => ("✗ ", Role::Dim),
        };
        text::put(buf, at.x, at.y, tick, at.width, theme.style(role));
        let field = timeout_place(at);
        let mine = focused && self.focus == Field::Ack;
        if mine {
            buf.set_style(field, theme.style(Role::FieldFocused));
        }
        let typed = self.timeout.text();
        if typed.is_empty() && mine {
            let style = theme.style(Role::Placeholder);
            text::put(buf, field.x, field.y, "seconds", field.width, style);
        }
        if self.ack || mine {
            let skip = self.skip(Field::Ack, &self.timeout, field.width, focused);
            let style = theme.style(Role::Number);
            view::line(buf, (field.x, field.y), field.width, typed, skip, &|_| {
                style
            });
            let used = u16::try_from(view::shown_width(typed)).unwrap_or(u16::MAX);
            let unitless = typed.parse::<f64>().is_ok();
            if unitless && used.saturating_add(2) <= field.width {
                text::put(
                    buf,
                    field.x + used,
                    field.y,
                    " s",
                    2,
                    theme.style(Role::Dim),
                );
            }
        }
    }

    /// In a tap: which side gets the event.
    fn draw_direction(
        &self,
        dir: Direction,
        at: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        focused: bool,
    ) {
        self.label(Field::Ack, "to ", at, buf, theme, focused);
        let (words, role) = match dir {
            Direction::ToClient => ("↓ client", Role::ToClient),
            Direction::ToServer => ("↑ server", Role::ToServer),
        };
        if focused && self.focus() == Field::Ack {
            buf.set_style(at, theme.style(Role::FieldFocused));
        }
        text::put(buf, at.x, at.y, words, at.width, theme.style(role));
    }

    /// Draws the completions over what lies above `area`, within `screen`. Call it last.
    pub fn draw_popup(&self, area: Rect, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let at = places(self, area).of(self.focus);
        let room = Rect {
            height: at.y.saturating_sub(screen.y).min(screen.height),
            ..screen
        };
        let left = at.x.saturating_sub(screen.x);
        self.popup.draw_above(room, left, buf, theme);
    }

    /// Where the cursor is.
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        let mut at = places(self, area).of(self.focus);
        let mut first = 0;
        let edit = match self.focus {
            Field::Namespace => &self.nsp,
            Field::Event => &self.event,
            Field::Args => {
                first = self.first_args_row(at.height);
                &self.args
            }
            Field::Ack if self.injects().is_some() => return None,
            Field::Ack => {
                at = timeout_place(at);
                &self.timeout
            }
        };
        let (row, column) = edit.row_and_column();
        let column = column - view::scroll(column, at.width);
        let x = at.x.checked_add(u16::try_from(column).ok()?)?;
        let y = at.y.checked_add(u16::try_from(row - first).ok()?)?;
        let position = Position::new(x, y);
        at.contains(position).then_some(position)
    }
}

fn timeout_place(ack: Rect) -> Rect {
    Rect {
        x: ack.x + 2.min(ack.width),
        width: ack.width.saturating_sub(2),
        ..ack
    }
}
