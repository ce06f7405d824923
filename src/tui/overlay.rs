//! What lies over the screen: a cleared box with a border, and a list of choices in it.
//!
//! **Floor 5**, pure.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::text;
use super::theme::{Role, Theme};

/// A box of at most this size in the middle of the screen, a third from its top.
pub fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(screen.width);
    let height = height.min(screen.height);
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 3,
        width,
        height,
    }
}

/// Clears a box, draws its border, title and hints, and returns what is inside.
pub fn frame(area: Rect, title: &str, hints: &str, buf: &mut Buffer, theme: &Theme) -> Rect {
    let area = area.intersection(buf.area);
    Clear.render(area, buf);
    buf.set_style(area, theme.style(Role::Background));
    buf.set_style(area, theme.style(Role::Dialog));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.style(Role::BorderFocused));
    let inner = block.inner(area);
    block.render(area, buf);
    let room = area.width.saturating_sub(4);
    if !title.is_empty() && area.height > 0 {
        let shown = format!(" {} ", text::safe(title));
        let style = theme.style(Role::TitleFocused);
        text::put(buf, area.x + 2, area.y, &shown, room, style);
    }
    if !hints.is_empty() && area.height > 1 {
        let shown = format!(" {hints} ");
        let style = theme.style(Role::Dim);
        text::put(buf, area.x + 2, area.bottom() - 1, &shown, room, style);
    }
    Rect {
        x: inner.x.saturating_add(1).min(inner.right()),
        width: inner.width.saturating_sub(2),
        ..inner
    }
}

/// Clears cells for something that is drawn over them.
pub fn blank(area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    Clear.render(area, buf);
    buf.set_style(area, theme.style(Role::Background));
}

/// The first of `count` rows to show in a window of `rows`, so that the chosen one is seen.
pub fn first_row(chosen: usize, count: usize, rows: u16) -> usize {
    let rows = usize::from(rows).max(1);
    if count <= rows {
        return 0;
    }
    // Two rows further are seen too, where there are any.
    let margin = 2.min(rows.saturating_sub(1) / 2);
    (chosen + 1 + margin).saturating_sub(rows).min(count - rows)
}

/// Fills a row with a style, for the chosen entry of a list.
pub fn row_style(area: Rect, y: u16, buf: &mut Buffer, style: Style) {
    let row = Rect::new(area.x, y, area.width, 1).intersection(buf.area);
    buf.set_style(row, style);
}

/// Shows a mistake below a one-line text: `▲` under its column and words beside it, or the words
/// alone where they would not fit.
pub fn pointer(area: Rect, y: u16, column: usize, what: &str, buf: &mut Buffer, theme: &Theme) {
    point('▲', area, y, column, what, buf, theme);
}

/// As [`pointer()`], for a text in the row below.
pub fn pointer_above(
    area: Rect,
    y: u16,
    column: usize,
    what: &str,
    buf: &mut Buffer,
    theme: &Theme,
) {
    point('▼', area, y, column, what, buf, theme);
}

fn point(
    arrow: char,
    area: Rect,
    y: u16,
    column: usize,
    what: &str,
    buf: &mut Buffer,
    theme: &Theme,
) {
    if y < area.top() || y >= area.bottom() {
        return;
    }
    let style = theme.style(Role::Error);
    let what = text::safe(what);
    let column = u16::try_from(column).unwrap_or(u16::MAX);
    let wide = u16::try_from(text::width(&what)).unwrap_or(u16::MAX);
    if column.saturating_add(wide).saturating_add(2) <= area.width {
        let shown = format!("{arrow} {what}");
        text::put(buf, area.x + column, y, &shown, area.width - column, style);
    } else if column < area.width && wide.saturating_add(1) <= column {
        let left = area.x + column - wide - 1;
        text::put(buf, left, y, &what, wide, style);
        text::put(buf, area.x + column, y, &arrow.to_string(), 1, style);
    } else {
        text::put(buf, area.x, y, &format!("✗ {what}"), area.width, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_row_is_always_in_the_window() {
        for count in 0..30 {
            for rows in 0..12 {
                for chosen in 0..count {
                    let first = first_row(chosen, count, rows);
                    let window = usize::from(rows).max(1);
                    assert!((first..first + window).contains(&chosen));
                    assert!(count <= window || first + window <= count);
                }
            }
        }
    }

    #[test]
    fn a_box_never_leaves_the_screen() {
        let screen = Rect::new(2, 1, 10, 4);
        assert_eq!(centred(screen, 100, 100), screen);
        assert_eq!(centred(screen, 4, 2), Rect::new(5, 1, 4, 2));
        let mut buf = Buffer::empty(screen);
        for (w, h) in [(0, 0), (1, 1), (2, 2), (3, 9), (99, 99)] {
            let theme = Theme::embedded("dark");
            frame(Rect::new(2, 1, w, h), "title", "hints", &mut buf, &theme);
        }
    }
}
