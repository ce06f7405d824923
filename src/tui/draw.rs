//! The whole screen, from the state. **Pure**: it changes nothing but cells.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::{Action, Context};
use super::around;
use super::keymap::Keymap;
use super::layout::{Layout, Pane, Shape, Slot};
use super::paint::{Pen, dot};
use super::pane;
use super::state::{Overlay, State, Tab, Tone};
use super::text;
use super::theme::{Role, Theme};
use super::units;

/// Draws everything; returns where the cursor is, where there is one.
pub fn draw(state: &State, screen: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &state.theme;
    buf.set_style(screen, theme.style(Role::Background));
    let layout = state.layout();
    if layout.shape == Shape::TooSmall {
        too_small(screen, buf, theme);
        return None;
    }
    match state.tab() {
        None => nothing(state, &layout, buf),
        Some(tab) => panes(state, tab, &layout, buf),
    }
    top(state, &layout, buf);
    hints(state, &layout, buf);
    let cursor = popup_and_cursor(state, &layout, buf);
    overlays(state, screen, buf).or(cursor)
}

/// The context of the focused pane, for keys and help.
pub fn context(pane: Pane) -> Context {
    match pane {
        Pane::Connection => Context::Connection,
        Pane::Namespaces => Context::Namespaces,
        Pane::Reconnects => Context::Reconnects,
        Pane::Findings => Context::Findings,
        Pane::Frames => Context::Frames,
        Pane::Detail => Context::Detail,
        Pane::Compose => Context::Compose,
    }
}

fn too_small(screen: Rect, buf: &mut Buffer, theme: &Theme) {
    let words = format!(
        "This window is {} x {} cells; sioscope needs at least 40 x 10.",
        screen.width, screen.height
    );
    for (row, line) in text::wrap(&words, usize::from(screen.width.max(1)))
        .iter()
        .enumerate()
    {
        if row >= usize::from(screen.height) {
            break;
        }
        Pen::new(buf, screen, row as u16).put(line, theme.style(Role::Text));
    }
}

fn nothing(state: &State, layout: &Layout, buf: &mut Buffer) {
    let area = Rect {
        y: layout.screen.y + 2,
        height: layout.screen.height.saturating_sub(4),
        ..layout.screen
    };
    let connect = state.keymap.hint(Action::Connect);
    let open = state.keymap.hint(Action::Open);
    for (row, line) in [
        "no session yet".to_owned(),
        String::new(),
        format!("{connect}  connect to a Socket.IO server"),
        format!("{open}  open a saved session"),
    ]
    .iter()
    .enumerate()
    .take(usize::from(area.height))
    {
        Pen::new(buf, area, row as u16)
            .gap(3)
            .put(line, state.theme.style(Role::Text));
    }
}

/// The first line: the sessions with their states, and the totals; in a narrow screen the state
/// of the connection in one line.
fn top(state: &State, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let mut pen = Pen::new(buf, layout.top, 0);
    if layout.shape == Shape::Wide {
        pen.put(" sioscope ", theme.style(Role::Accent));
    }
    if let Some(tab) = state.tab() {
        totals(tab, &mut pen, theme, layout.shape == Shape::Wide);
    }
    pen.reserve(1);
    if layout.shape == Shape::Narrow {
        let Some(tab) = state.tab() else { return };
        let (glyph, word, role) = pane::connection::state_of(tab);
        pen.gap(1);
        if state.tabs.len() > 1 {
            pen.put(
                &format!("{}/{} ", state.current + 1, state.tabs.len()),
                theme.style(Role::Dim),
            );
        }
        pen.put(&tab.title, theme.style(Role::Title));
        if let Some(leads) = leads(tab).filter(|_| layout.screen.width >= 70) {
            pen.put(&format!(" {leads}"), theme.style(Role::Dim));
        }
        pen.put(&format!(" {glyph} {word} "), theme.style(role));
        if let Some(words) = brief(tab) {
            pen.put(&words, theme.style(Role::Dim));
        }
        return;
    }
    for (at, tab) in state.tabs.iter().enumerate() {
        let (glyph, _, role) = pane::connection::state_of(tab);
        let title = if at == state.current {
            Role::Title
        } else {
            Role::Dim
        };
        pen.put(&format!(" {} ", at + 1), theme.style(Role::Key));
        pen.put(&tab.title, theme.style(title)).gap(1);
        if let Some(leads) = leads(tab) {
            pen.put(&leads, theme.style(Role::Dim)).gap(1);
        }
        pen.put(glyph, theme.style(role)).gap(1);
    }
}

/// Where a tap leads, behind its name.
fn leads(tab: &Tab) -> Option<String> {
    let upstream = super::mask::url(&tab.tap.as_ref()?.upstream);
    // What goes without saying is left out: the line is short.
    let short = upstream.trim_end_matches('/');
    let short = short.strip_prefix("http://").unwrap_or(short);
    Some(format!("→ {}", text::truncate(&text::safe(short), 40)))
}

/// What a narrow screen says of the connection beside its state.
fn brief(tab: &Tab) -> Option<String> {
    if tab.tap.is_some() {
        return pane::clients::brief(tab);
    }
    if let Some(waiting) = tab.model.waiting.as_ref().filter(|_| tab.live) {
        let due = waiting.since.saturating_add(waiting.delay_ms * 1_000);
        return Some(format!(
            "attempt {} in {:.1} s",
            waiting.attempt,
            due.saturating_sub(tab.now) as f64 / 1e6
        ));
    }
    let connection = tab.connection()?;
    if let Some(reason) = &connection.reason {
        return Some(reason.clone());
    }
    let via = connection.transport.map_or("", pane::connection::via);
    let namespaces = tab.namespaces();
    let joined = namespaces
        .iter()
        .filter(|namespace| namespace.state == crate::journal::record::NamespaceState::Connected)
        .count();
    Some(format!("{via} {joined}/{} ns", namespaces.len()))
}

fn totals(tab: &Tab, pen: &mut Pen<'_>, theme: &Theme, wide: bool) {
    // First of all, so that it is the last to give way on a narrow screen.
    if let Some((glyph, role, count)) = pane::findings::alarm(&tab.findings) {
        let s = if count == 1 { "" } else { "s" };
        let new = tab.unseen > 0;
        let role = if new { role } else { Role::Dim };
        let words = match (wide, new) {
            (true, true) => format!("  {glyph} {count} finding{s} new "),
            (true, false) => format!("  {glyph} {count} finding{s} "),
            (false, true) => format!(" {glyph} {count} new "),
            (false, false) => format!(" {glyph} {count} "),
        };
        pen.right(&words, theme.style(role));
    }
    if let Some(words) = pane::connection::broken(tab) {
        let words = text::truncate(&words, if wide { 36 } else { 18 }).into_owned();
        pen.right(&format!(" {words} "), theme.style(Role::Fault));
    }
    let lost = tab.model.counts.lost;
    let role = if lost > 0 { Role::Error } else { Role::Dim };
    if wide || lost > 0 {
        pen.right(
            &format!("  {} lost ", units::count(lost)),
            theme.style(role),
        );
    }
    pen.right(
        &format!("  {} frames", units::count(tab.model.counts.frames)),
        theme.style(Role::Text),
    );
    if !wide {
        return;
    }
    let status = &tab.status;
    let name = status
        .path
        .as_ref()
        .and_then(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned());
    if !tab.live {
        let share = if status.indexed < 1.0 {
            format!("opening {:.0} %", status.indexed * 100.0)
        } else if status.cut {
            "saved, last line cut".to_owned()
        } else {
            "saved".to_owned()
        };
        pen.right(&share, theme.style(Role::Dim));
    } else if status.failed.is_some() {
        pen.right("rec ✗ stopped", theme.style(Role::Error));
    } else if let Some(name) = name {
        pen.right(
            // A tap's own name is long: it goes before the file's.
            &format!(
                " {}",
                text::truncate_start(&name, if tab.tap.is_some() { 24 } else { 40 })
            ),
            theme.style(Role::Dim),
        );
        pen.right("rec ●", theme.style(Role::Error));
    } else {
        pen.right("not recorded", theme.style(Role::Warn));
    }
}

fn panes(state: &State, tab: &Tab, layout: &Layout, buf: &mut Buffer) {
    for slot in &layout.slots {
        frame(state, tab, layout, slot, buf);
    }
    join_borders(layout, buf, &state.theme);
    for slot in &layout.slots {
        inside(state, tab, slot, buf);
    }
}

fn inside(state: &State, tab: &Tab, slot: &Slot, buf: &mut Buffer) {
    let theme = &state.theme;
    let focused = state.focus == slot.pane;
    let area = content_area(slot);
    match slot.pane {
        Pane::Connection => pane::connection::draw(tab, tab.connection_top, area, buf, theme),
        Pane::Namespaces => {
            pane::namespaces::draw(tab, tab.namespace, focused, state.secrets, area, buf, theme)
        }
        Pane::Reconnects => {
            let chosen = if focused {
                tab.reconnect.or(tab.model.reconnects.len().checked_sub(1))
            } else {
                None
            };
            pane::reconnects::draw(tab, chosen, area, buf, theme);
        }
        Pane::Findings => {
            pane::findings::draw(tab, focused, area, buf, theme);
        }
        Pane::Frames => pane::frames::draw(state, tab, area, focused, buf),
        Pane::Detail => match &tab.pinned {
            Some(pinned) => pane::detail::beside(state, pinned, &tab.detail, area, focused, buf),
            None => pane::detail::draw(state, &tab.detail, area, focused, buf),
        },
        Pane::Compose => around::with(state, tab, |around| {
            tab.composer.draw(area, buf, theme, around, focused);
        }),
    }
}

/// Where a pane's content goes: the composer keeps a column free at both sides.
fn content_area(slot: &Slot) -> Rect {
    let inner = slot.inner;
    if slot.pane != Pane::Compose {
        return inner;
    }
    Rect {
        x: inner.x.saturating_add(1).min(inner.right()),
        width: inner.width.saturating_sub(2),
        ..inner
    }
}

/// The left, right and upper border of a pane with its title.
fn frame(state: &State, tab: &Tab, layout: &Layout, slot: &Slot, buf: &mut Buffer) {
    let theme = &state.theme;
    let focused = state.focus == slot.pane;
    let border = theme.style(if focused {
        Role::BorderFocused
    } else {
        Role::Border
    });
    let title = theme.style(if focused {
        Role::TitleFocused
    } else {
        Role::Title
    });
    let (left, right) = (slot.title.x, slot.title.right().saturating_sub(1));
    for x in left..=right {
        dot(buf, x, slot.title.y, "─", border);
    }
    let first = slot.title.y == layout.top.bottom();
    dot(
        buf,
        left,
        slot.title.y,
        if first { "╭" } else { "├" },
        border,
    );
    dot(
        buf,
        right,
        slot.title.y,
        if first { "╮" } else { "┤" },
        border,
    );
    for y in slot.inner.y..slot.inner.bottom() {
        dot(buf, left, y, "│", border);
        dot(buf, right, y, "│", border);
    }
    let row = Rect {
        x: left + 1,
        width: slot.title.width.saturating_sub(2),
        ..slot.title
    };
    if slot.pane == Pane::Compose {
        return;
    }
    let mut pen = Pen::new(buf, row, 0);
    pen.put(" ", border);
    if slot.pane == Pane::Detail && !state.hints.is_empty() {
        pen.put("What to try", title);
    } else if slot.pane == Pane::Detail {
        for (words, role) in pane::detail::title(tab.pinned.as_ref(), &tab.detail) {
            let style = if role == Role::Title {
                title
            } else {
                theme.style(role)
            };
            pen.put(&words, style);
        }
    } else if slot.pane == Pane::Connection && tab.tap.is_some() {
        pen.put("Connections", title);
    } else {
        pen.put(slot.pane.title(), title);
    }
    pen.put(" ", border);
    if slot.pane == Pane::Connection
        && let Some(count) = pane::clients::count(tab)
    {
        pen.right(&format!(" {count} "), theme.style(Role::Dim));
    }
    match slot.pane {
        Pane::Frames => {
            let parts = pane::frames::status(state, tab);
            let width: usize = parts
                .iter()
                .map(|(words, _)| text::width(&text::safe(words)) + 3)
                .sum();
            let x = row
                .right()
                .saturating_sub(u16::try_from(width).unwrap_or(u16::MAX));
            pen.to(x.max(pen.x()));
            for (at, (words, role)) in parts.iter().enumerate() {
                pen.put(if at == 0 { " " } else { "─ " }, border);
                pen.put(words, theme.style(*role)).put(" ", border);
            }
        }
        Pane::Findings if !tab.findings.is_empty() => {
            let (glyph, role) = match pane::findings::alarm(&tab.findings) {
                Some((glyph, role, _)) => (glyph, role),
                None => ("i", Role::Dim),
            };
            let count = tab.findings.len();
            let new = if tab.unseen > 0 && !focused {
                " new"
            } else {
                ""
            };
            pen.right(&format!(" {glyph} {count}{new} "), theme.style(role));
        }
        _ => {}
    }
}

/// The places at which the left, the right and the composer's borders meet, and the last line's
/// corners.
fn join_borders(layout: &Layout, buf: &mut Buffer, theme: &Theme) {
    let style = theme.style(Role::Border);
    if let (Some(divide), Some(compose)) = (layout.divide, layout.slot(Pane::Compose)) {
        dot(buf, divide, compose.title.y, "┴", style);
        dot(buf, divide + 1, compose.title.y, "┴", style);
    }
    let y = layout.hints.y;
    for x in layout.hints.x..layout.hints.right() {
        dot(buf, x, y, "─", style);
    }
    dot(buf, layout.hints.x, y, "╰", style);
    dot(buf, layout.hints.right().saturating_sub(1), y, "╯", style);
}

/// The actions that the last line offers, by pane; what acts on a server only where it can.
fn offered(state: &State, narrow: bool) -> Vec<Action> {
    use Action as A;
    let mut actions = match state.focus {
        Pane::Compose => vec![
            A::SendLine,
            A::Send,
            A::ToggleAck,
            A::HistorySearch,
            A::Editor,
            A::NextField,
            A::Back,
            A::Help,
        ],
        Pane::Detail => vec![
            A::Help,
            A::NextView,
            A::Enter,
            A::Copy,
            A::Draft,
            A::Search,
            A::NextPane,
            A::Command,
            A::Back,
        ],
        Pane::Namespaces => vec![
            A::Help,
            A::Enter,
            A::Join,
            A::Leave,
            A::Compose,
            A::Connect,
            A::NextPane,
            A::Command,
            A::Back,
        ],
        Pane::Findings => vec![
            A::Help,
            A::Why,
            A::NextHit,
            A::PreviousHit,
            A::Copy,
            A::NextPane,
            A::Command,
            A::Back,
        ],
        _ => vec![
            A::Help,
            A::Search,
            A::Filter,
            A::Compose,
            A::Join,
            A::Connect,
            A::Disconnect,
            A::Break,
            A::Mark,
            A::Save,
            A::Command,
            A::Back,
            A::Copy,
        ],
    };
    if narrow && !actions.contains(&A::NextPane) && state.focus != Pane::Compose {
        // The only way to the other panes; the end of the line is cut off first.
        actions.insert(1, A::NextPane);
    }
    if state.tab().is_some_and(|tab| tab.tap.is_some()) {
        // Its clients connect, join and answer by themselves; there may be several of them.
        actions.retain(|action| {
            !matches!(
                action,
                A::Join | A::Leave | A::Connect | A::Disconnect | A::Answer
            )
        });
        if state.focus != Pane::Compose {
            let at = actions
                .iter()
                .position(|action| *action == A::Break)
                .unwrap_or(actions.len().min(3));
            actions.splice(at..at, [A::PreviousConnection, A::NextConnection]);
            if state.focus == Pane::Connection {
                actions.insert(1, A::Enter);
            }
        }
    }
    let live = state.tab().is_some_and(Tab::is_live);
    if state.readonly || !live {
        actions.retain(|action| {
            !action.acts_on_server() && !matches!(action, A::Compose | A::SendLine | A::Send)
        });
    }
    actions
}

fn hints(state: &State, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let area = Rect {
        x: layout.hints.x + 1,
        width: layout.hints.width.saturating_sub(2),
        ..layout.hints
    };
    let mut pen = Pen::new(buf, area, 0);
    if let Some(notice) = &state.notice {
        let role = match notice.tone {
            Tone::Info => Role::Text,
            Tone::Good => Role::Ok,
            Tone::Bad => Role::Error,
        };
        pen.put(" ", theme.style(role))
            .put(&notice.text, theme.style(role))
            .put(" ", theme.style(role));
        return;
    }
    if state.readonly {
        pen.right(" read-only ", theme.style(Role::Warn));
    }
    let context = context(state.focus);
    for action in offered(state, layout.shape == Shape::Narrow) {
        let key = key_of(&state.keymap, action, context);
        let injects = state
            .tab()
            .is_some_and(|tab| tab.composer.injects().is_some());
        let word = match action {
            Action::ToggleAck if injects => "other side",
            Action::SendLine if injects => "inject",
            Action::Send if injects => "inject any",
            // In the connection pane of a tap a row is a client.
            Action::Enter if state.focus == Pane::Connection => "only its rows",
            action => short(action),
        };
        if key.is_empty() {
            continue;
        }
        let width = text::width(&key) + text::width(word) + 3;
        if usize::from(pen.left()) < width {
            break;
        }
        pen.put(" ", theme.style(Role::Dim));
        pen.put(&key, theme.style(Role::Key))
            .put(" ", theme.style(Role::Dim))
            .put(word, theme.style(Role::Dim))
            .put(" ", theme.style(Role::Dim));
    }
}

fn key_of(keymap: &Keymap, action: Action, context: Context) -> String {
    match keymap.hint_in(action, context).as_str() {
        "enter" => "↵".to_owned(),
        key => key.to_owned(),
    }
}

/// An action's word in the last line, where its name is too long.
fn short(action: Action) -> &'static str {
    match action {
        Action::Back => "back",
        Action::SendLine => "send",
        Action::Send => "send any",
        Action::NextPane => "pane",
        Action::NextView => "view",
        Action::ToggleAck => "ack",
        Action::PreviousConnection => "previous",
        Action::NextConnection => "next",
        Action::HistorySearch => "history",
        Action::NextHit => "next proof",
        Action::PreviousHit => "previous",
        Action::NextField => "field",
        other => other.name(),
    }
}

fn popup_and_cursor(state: &State, layout: &Layout, buf: &mut Buffer) -> Option<Position> {
    let tab = state.tab()?;
    let slot = layout.slot(Pane::Compose)?;
    if state.focus != Pane::Compose || !state.overlays.is_empty() {
        return None;
    }
    let area = content_area(slot);
    tab.composer
        .draw_popup(area, layout.screen, buf, &state.theme);
    tab.composer.cursor(area)
}

fn overlays(state: &State, screen: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &state.theme;
    let mut cursor = None;
    for overlay in &state.overlays {
        cursor = match overlay {
            Overlay::Help(help) => {
                help.draw(screen, buf, theme);
                None
            }
            Overlay::Palette(palette) => {
                palette.draw(screen, buf, theme);
                palette.cursor(screen)
            }
            Overlay::Prompt(_, prompt) => {
                prompt.draw(screen, buf, theme);
                prompt.cursor(screen)
            }
            Overlay::Confirm(confirm, _) => {
                confirm.draw(screen, buf, theme);
                confirm.cursor(screen)
            }
            Overlay::Connect(connect) => {
                connect.draw(screen, buf, theme);
                connect.cursor(screen)
            }
            Overlay::Join(join) => {
                join.draw(screen, buf, theme);
                join.cursor(screen)
            }
            Overlay::Answer(answer) => {
                answer.draw(screen, buf, theme);
                answer.cursor(screen)
            }
            Overlay::Copy(copy) => {
                copy.draw(screen, buf, theme);
                copy.cursor(screen)
            }
            Overlay::Open(open) => {
                open.draw(screen, buf, theme);
                open.cursor(screen)
            }
            Overlay::Break(menu) => {
                menu.draw(screen, buf, theme);
                menu.cursor(screen)
            }
            Overlay::Replay(replay) => {
                if let Some(view) = state.tab().and_then(|tab| tab.replay.as_deref()) {
                    replay.draw(view, state.secrets, screen, buf, theme);
                }
                None
            }
            Overlay::Sheet(sheet) => {
                if let Some(tab) = state.tab() {
                    sheet.draw(tab, state.secrets, screen, buf, theme);
                }
                None
            }
            Overlay::Why(why) => {
                if let Some(finding) = state.tab().and_then(|tab| why.now(&tab.findings)) {
                    why.draw(finding, screen, buf, theme);
                }
                None
            }
        };
    }
    cursor
}

/// The session whose title lies under a column of the first line.
pub fn tab_at(state: &State, layout: &Layout, x: u16) -> Option<usize> {
    if layout.shape != Shape::Wide {
        return None;
    }
    let mut column = layout.top.x + 10;
    for (at, tab) in state.tabs.iter().enumerate() {
        // As `top` writes it: ` 1 title ● `.
        let leads = leads(tab).map_or(0, |leads| text::width(&leads) + 1);
        let width =
            (at + 1).to_string().len() + 2 + text::width(&text::safe(&tab.title)) + 3 + leads;
        let end = column.saturating_add(u16::try_from(width).unwrap_or(u16::MAX));
        if (column..end).contains(&x) {
            return Some(at);
        }
        column = end;
    }
    None
}
