//! The two sessions as cells. Wide: a column for each. Narrow: one column, in which a row that
//! differs is told apart by its glyph and read in full below the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::View;
use crate::replay::diff::{Line, Row};
use crate::tui::action::Action;
use crate::tui::keymap::Keymap;
use crate::tui::paint::Pen;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// From so many columns on each session has its own.
const WIDE: u16 = 100;
/// Below this a sentence says that there is no room.
const LEAST: (u16, u16) = (40, 10);

/// How many rows of the list fit on a screen.
pub fn list_height(screen: Rect) -> usize {
    // Above: the line that says what is compared, and the columns' heads. Below: the keys.
    usize::from(
        screen
            .height
            .saturating_sub(3)
            .saturating_sub(words_height(screen)),
    )
}

fn words_height(screen: Rect) -> u16 {
    (screen.height / 3).clamp(4, 12)
}

/// Draws everything.
pub fn draw(view: &View, keymap: &Keymap, theme: &Theme, screen: Rect, buf: &mut Buffer) {
    buf.set_style(screen, theme.style(Role::Background));
    if screen.width < LEAST.0 || screen.height < LEAST.1 {
        let words = format!("sioscope needs {} x {} cells", LEAST.0, LEAST.1);
        Pen::new(buf, screen, 0).put(&words, theme.style(Role::Warn));
        return;
    }
    head(view, theme, screen, buf);
    let height = list_height(screen);
    for line in 0..height {
        let place = view.top.saturating_add(line);
        let Some(row) = (view.shown.get(place)).and_then(|row| view.comparison.rows.get(*row))
        else {
            break;
        };
        let y = u16::try_from(line).unwrap_or(u16::MAX).saturating_add(2);
        let selected = place == view.selected;
        match screen.width >= WIDE {
            true => wide(view, row, selected, theme, screen, y, buf),
            false => narrow(view, row, selected, theme, screen, y, buf),
        }
    }
    words(view, theme, screen, buf);
    hints(keymap, theme, screen, buf);
}

fn head(view: &View, theme: &Theme, screen: Rect, buf: &mut Buffer) {
    let [a, b] = &view.names;
    let count = view.comparison.differences.len();
    let (words, role) = match count {
        0 => ("✓ no difference".to_owned(), Role::Ok),
        1 => ("✗ 1 difference".to_owned(), Role::Error),
        many => (format!("✗ {many} differences"), Role::Error),
    };
    let alike = if view.only {
        "  what is alike is hidden"
    } else {
        ""
    };
    let mut pen = Pen::new(buf, screen, 0);
    pen.put(" sioscope ", theme.style(Role::Accent));
    pen.put(&words, theme.style(role));
    pen.put(alike, theme.style(Role::Warn));
    if screen.width >= WIDE {
        let half = screen.width / 2;
        let title = theme.style(Role::TitleFocused);
        let mut pen = Pen::new(buf, screen, 1);
        pen.put("    A  ", title);
        pen.put(
            &text::truncate_start(a, usize::from(half.saturating_sub(10))),
            title,
        );
        pen.to(screen.x + half);
        pen.put("│   B  ", title);
        pen.put(
            &text::truncate_start(b, usize::from(half.saturating_sub(10))),
            title,
        );
    } else {
        let room = usize::from(screen.width / 2).saturating_sub(6);
        let named = format!(
            " A {}  B {}",
            text::truncate_start(a, room),
            text::truncate_start(b, room)
        );
        Pen::new(buf, screen, 1).put(&named, theme.style(Role::TitleFocused));
    }
}

/// The glyph of a row: alike, changed, only in one.
fn glyph(row: &Row) -> (&'static str, Role) {
    match (row.a, row.b, row.differs) {
        (Some(_), Some(_), true) => ("≠", Role::Error),
        (Some(_), None, true) => ("−", Role::Error),
        (None, Some(_), true) => ("+", Role::Warn),
        _ => (" ", Role::Dim),
    }
}

fn washed(row: &Row, selected: bool, theme: &Theme, pen: &mut Pen<'_>) -> Style {
    if selected {
        pen.wash(theme.style(Role::Selected));
        return theme.style(Role::Selected);
    }
    match row.differs {
        true => theme.style(Role::Text),
        false => theme.style(Role::Dim),
    }
}

fn wide(
    view: &View,
    row: &Row,
    selected: bool,
    theme: &Theme,
    screen: Rect,
    y: u16,
    buf: &mut Buffer,
) {
    let half = screen.width / 2;
    let [a, b] = view.lines(row);
    let (sign, role) = glyph(row);
    let left = Rect::new(screen.x, screen.y, half, screen.height);
    let right = Rect::new(
        screen.x + half,
        screen.y,
        screen.width - half,
        screen.height,
    );
    let mut pen = Pen::new(buf, left, y);
    let style = washed(row, selected, theme, &mut pen);
    pen.put(if selected { "▸" } else { " " }, theme.style(Role::Accent));
    pen.put(sign, theme.style(role)).gap(1);
    one(a, style, &mut pen);
    let mut pen = Pen::new(buf, right, y);
    washed(row, selected, theme, &mut pen);
    pen.put("│", theme.style(Role::Border));
    pen.put(sign, theme.style(role)).gap(1);
    one(b, style, &mut pen);
}

fn narrow(
    view: &View,
    row: &Row,
    selected: bool,
    theme: &Theme,
    screen: Rect,
    y: u16,
    buf: &mut Buffer,
) {
    let [a, b] = view.lines(row);
    let (sign, role) = glyph(row);
    let mut pen = Pen::new(buf, screen, y);
    let style = washed(row, selected, theme, &mut pen);
    pen.put(if selected { "▸" } else { " " }, theme.style(Role::Accent));
    pen.put(sign, theme.style(role)).gap(1);
    let side = match (a, b, row.differs) {
        (Some(_), None, _) => "A",
        (None, Some(_), _) => "B",
        _ => " ",
    };
    pen.put(side, style).gap(1);
    one(a.or(b), style, &mut pen);
}

/// A line of a session in columns.
fn one(line: Option<&Line>, style: Style, pen: &mut Pen<'_>) {
    let Some(line) = line else {
        return;
    };
    let (way, name, data) = line.shown();
    pen.put(&format!("{:>5} {way} ", line.n), style);
    let nsp = line.nsp.as_deref().unwrap_or("");
    if !matches!(nsp, "" | "/") {
        pen.put(nsp, style).gap(1);
    }
    pen.put(&name, style).gap(1);
    pen.put(&data, style);
}

/// The selected row in full, and what is said of it.
fn words(view: &View, theme: &Theme, screen: Rect, buf: &mut Buffer) {
    let height = words_height(screen);
    let top = screen.height.saturating_sub(1).saturating_sub(height);
    let area = Rect::new(screen.x, screen.y + top, screen.width, height);
    let columns = usize::from(screen.width.saturating_sub(2));
    let mut said: Vec<(String, Role)> = Vec::new();
    let title = match view.difference() {
        Some((number, difference)) => {
            let why = text::safe(&difference.why).into_owned();
            said.extend(
                text::wrap(&why, columns)
                    .into_iter()
                    .map(|line| (line, Role::Text)),
            );
            if let Some(mask) = &difference.mask {
                said.push((format!("no difference with --mask '{mask}'"), Role::Dim));
            }
            let of = view.comparison.differences.len();
            format!(
                "─ Difference {} of {of} ─ {} ",
                number + 1,
                difference.aspect.name()
            )
        }
        None => match view.row() {
            Some((_, row)) if row.differs => "─ follows from another difference ".to_owned(),
            _ => "─ alike ".to_owned(),
        },
    };
    if let Some((_, row)) = view.row() {
        let [a, b] = view.lines(row);
        let both = [("A", a), ("B", b)];
        let shown = if row.differs { &both[..] } else { &both[..1] };
        for (name, line) in shown {
            let Some(line) = line else { continue };
            let (_, kind, data) = line.shown();
            let at = format!("{name} {} s  {kind}  {data}", line.t as f64 / 1e6);
            let safe = text::safe(&at).into_owned();
            said.extend(
                text::wrap(&safe, columns)
                    .into_iter()
                    .map(|line| (line, Role::Dim)),
            );
        }
    }
    let mut pen = Pen::new(buf, area, 0);
    pen.put(&title, theme.style(Role::TitleFocused));
    let rule = "─".repeat(usize::from(pen.left()));
    pen.put(&rule, theme.style(Role::Border));
    let room = height.saturating_sub(1);
    for (y, (line, role)) in (1..=room).zip(said) {
        Pen::new(buf, area, y).gap(1).put(&line, theme.style(role));
    }
}

fn hints(keymap: &Keymap, theme: &Theme, screen: Rect, buf: &mut Buffer) {
    let mut pen = Pen::new(buf, screen, screen.height.saturating_sub(1));
    for (action, about) in [
        (Action::NextHit, "next that matters"),
        (Action::NextError, "next below"),
        (Action::ToggleFilter, "only what differs"),
        (Action::Down, "further"),
        (Action::Back, "quit"),
    ] {
        let key = keymap.hint(action);
        if !key.is_empty() {
            pen.gap(1).put(&key, theme.style(Role::Key));
            pen.gap(1).put(about, theme.style(Role::Dim)).gap(1);
        }
    }
}
