//! What the selected row holds: tree, raw, hex or meta.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::detail::json::{self, Shape};
use crate::tui::detail::tree::{Label, Row};
use crate::tui::detail::{Detail, View, hex};
use crate::tui::highlight;
use crate::tui::line;
use crate::tui::paint::Pen;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};
use crate::tui::units;

/// The border's words: which packet, and the four views.
pub fn title(pinned: Option<&Detail>, detail: &Detail) -> Vec<(String, Role)> {
    let mut title = Vec::new();
    let pinned = pinned.and_then(|pinned| pinned.id);
    let name = match (pinned, detail.id) {
        (Some(pinned), Some(id)) => format!("Packet #{} pinned beside #{} ", pinned.n(), id.n()),
        (None, Some(id)) => format!("Packet #{} ", id.n()),
        (_, None) => "Packet ".to_owned(),
    };
    title.push((name, Role::Title));
    for (at, view) in View::ALL.iter().enumerate() {
        title.push((
            if at == 0 {
                "─ ".to_owned()
            } else {
                " │ ".to_owned()
            },
            Role::Border,
        ));
        let role = if *view == detail.view {
            Role::Accent
        } else {
            Role::Dim
        };
        title.push((view.name().to_owned(), role));
    }
    title
}

/// The view whose word lies at a column of the border, counted from its start.
pub fn view_at(pinned: Option<&Detail>, detail: &Detail, column: u16) -> Option<View> {
    let mut x = 2u16;
    for (word, _) in title(pinned, detail) {
        let end = x.saturating_add(text::width(&word) as u16);
        if (x..end).contains(&column) {
            return View::ALL.into_iter().find(|view| view.name() == word);
        }
        x = end;
    }
    None
}

/// Rows that are left for the view under the head line.
pub fn rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

/// Draws the pane.
pub fn draw(state: &State, detail: &Detail, area: Rect, focused: bool, buf: &mut Buffer) {
    let theme = &state.theme;
    if !state.hints.is_empty() {
        for (row, words) in state
            .hints
            .iter()
            .enumerate()
            .take(usize::from(area.height))
        {
            Pen::new(buf, area, row as u16)
                .gap(1)
                .put(words, theme.style(Role::Text));
        }
        return;
    }
    if detail.id.is_none() {
        Pen::new(buf, area, 0)
            .gap(1)
            .put("select a row to see what it holds", theme.style(Role::Dim));
        return;
    }
    let mut pen = Pen::new(buf, area, 0);
    pen.gap(1);
    for (words, role) in &detail.content.head {
        pen.put(words, theme.style(*role));
    }
    let area = Rect {
        y: area.y + area.height.min(1),
        height: area.height.saturating_sub(1),
        ..area
    };
    match detail.view {
        View::Tree => tree(detail, area, focused, buf, theme),
        View::Raw => raw(detail, area, focused, buf, theme),
        View::Hex => bytes(detail, area, focused, buf, theme),
        View::Meta => meta(detail, area, focused, buf, theme),
    }
}

/// Draws the pinned packet to the left of the selected one, a line between them.
pub fn beside(
    state: &State,
    pinned: &Detail,
    detail: &Detail,
    area: Rect,
    focused: bool,
    buf: &mut Buffer,
) {
    let half = area.width.saturating_sub(1) / 2;
    let left = Rect {
        width: half,
        ..area
    };
    let right = Rect {
        x: area.x + half + 1,
        width: area.width.saturating_sub(half + 1),
        ..area
    };
    draw(state, pinned, left, false, buf);
    draw(state, detail, right, focused, buf);
    for row in 0..area.height {
        let style = state.theme.style(Role::Border);
        crate::tui::paint::dot(buf, area.x + half, area.y + row, "│", style);
    }
}

fn seen<'a>(
    detail: &Detail,
    area: Rect,
    focused: bool,
    buf: &'a mut Buffer,
    theme: &Theme,
    at: usize,
) -> Pen<'a> {
    let mut pen = Pen::new(buf, area, (at - detail.top) as u16);
    if focused && at == detail.at {
        pen.wash(theme.style(Role::Selected));
    }
    pen.gap(1);
    pen
}

fn range(detail: &Detail, area: Rect) -> std::ops::Range<usize> {
    let end = (detail.top + usize::from(area.height)).min(detail.len());
    detail.top.min(end)..end
}

fn tree(detail: &Detail, area: Rect, focused: bool, buf: &mut Buffer, theme: &Theme) {
    let tree = &detail.content.tree;
    if tree.rows().is_empty() {
        for (row, line) in text::wrap(
            &text::safe(&detail.content.no_tree),
            usize::from(area.width.saturating_sub(2)),
        )
        .iter()
        .enumerate()
        .take(usize::from(area.height))
        {
            Pen::new(buf, area, row as u16)
                .gap(1)
                .put(line, theme.style(Role::Text));
        }
        return;
    }
    for at in range(detail, area) {
        let Some(row) = tree.rows().get(at) else {
            break;
        };
        let mut pen = seen(detail, area, focused, buf, theme, at);
        tree_row(&mut pen, tree.text(), row, theme);
    }
}

fn tree_row(pen: &mut Pen<'_>, whole: &str, row: &Row, theme: &Theme) {
    pen.gap((row.depth as u16).min(20) * 2);
    let container = matches!(row.shape, Shape::Object | Shape::Array);
    let fold = match (container, row.open) {
        (true, true) => "▾ ",
        (true, false) => "▸ ",
        _ => "  ",
    };
    pen.put(fold, theme.style(Role::JsonPunctuation));
    match &row.label {
        Label::Name(name) => pen.put(name, theme.style(Role::JsonKey)),
        Label::Index(at) => pen.put(&at.to_string(), theme.style(Role::Dim)),
        Label::Key(key) => pen.put(
            json::slice(whole, key).trim_matches('"'),
            theme.style(Role::JsonKey),
        ),
        Label::More => pen.put("… more; the raw view has all", theme.style(Role::Dim)),
    };
    pen.gap(2);
    let value = json::slice(whole, &row.value);
    match row.shape {
        Shape::Object | Shape::Array if row.open => {}
        Shape::Object | Shape::Array => {
            let (count, more) = json::count(whole, &row.value, 1_000);
            let (open, close) = if row.shape == Shape::Object {
                ("{", "}")
            } else {
                ("[", "]")
            };
            let plus = if more { "+" } else { "" };
            pen.put(
                &format!("{open}…{close} {count}{plus}"),
                theme.style(Role::JsonPunctuation),
            );
        }
        Shape::Binary => {
            let inner = value
                .trim_start_matches("{\"$binary\":\"")
                .trim_end_matches("\"}");
            let padding = inner.bytes().rev().take_while(|byte| *byte == b'=').count();
            let size = (inner.len() / 4 * 3).saturating_sub(padding);
            pen.put(
                &format!("binary, {}  ", units::size(size as u64)),
                theme.style(Role::Number),
            );
            pen.put(&line::head(inner, 60), theme.style(Role::Dim));
        }
        Shape::Text | Shape::Word | Shape::Broken => {
            let cut = line::head(value, 2_000);
            for span in highlight::json(&cut) {
                pen.put(cut.get(span.range).unwrap_or(""), theme.style(span.role));
            }
        }
    }
}

fn raw(detail: &Detail, area: Rect, focused: bool, buf: &mut Buffer, theme: &Theme) {
    for at in range(detail, area) {
        let Some(words) = detail.content.raw.get(at) else {
            break;
        };
        let mut pen = seen(detail, area, focused, buf, theme, at);
        pen.put(&line::head(words, 2_000), theme.style(Role::Text));
    }
}

fn bytes(detail: &Detail, area: Rect, focused: bool, buf: &mut Buffer, theme: &Theme) {
    if detail.content.covered {
        Pen::new(buf, area, 0)
            .gap(1)
            .put("the auth payload is covered", theme.style(Role::Secret));
        return;
    }
    if detail.content.bytes.is_empty() {
        Pen::new(buf, area, 0)
            .gap(1)
            .put("no bytes", theme.style(Role::Dim));
        return;
    }
    for at in range(detail, area) {
        let (offset, hex, ascii) = hex::row(&detail.content.bytes, at);
        let mut pen = seen(detail, area, focused, buf, theme, at);
        pen.put(&offset, theme.style(Role::Dim)).gap(2);
        pen.put(&hex, theme.style(Role::Number)).gap(1);
        pen.put(&ascii, theme.style(Role::Text));
    }
}

fn meta(detail: &Detail, area: Rect, focused: bool, buf: &mut Buffer, theme: &Theme) {
    let width = detail
        .content
        .meta
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, _)| text::width(&text::safe(name)))
        .max()
        .unwrap_or(0)
        .min(26) as u16;
    for at in range(detail, area) {
        let Some((name, value)) = detail.content.meta.get(at) else {
            break;
        };
        let mut pen = seen(detail, area, focused, buf, theme, at);
        if value.is_empty() {
            pen.put(name, theme.style(Role::Title));
        } else {
            let role = if value == crate::tui::mask::COVER {
                Role::Secret
            } else {
                Role::Text
            };
            pen.column(name, width + 2, theme.style(Role::Dim))
                .put(value, theme.style(role));
        }
    }
}
