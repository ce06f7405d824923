//! The mouse: a click selects and focuses, the wheel scrolls, dragging a border resizes.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use crate::tui::draw;
use crate::tui::effect::Effect;
use crate::tui::layout::{Layout, Pane};
use crate::tui::pane;
use crate::tui::state::{Overlay, State};

/// Rows that one notch of the wheel scrolls.
const NOTCH: isize = 3;

/// Takes in one event of the mouse.
pub(super) fn mouse(state: &mut State, event: MouseEvent) -> Vec<Effect> {
    let (x, y) = (event.column, event.row);
    let layout = state.layout();
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => {
            if state.overlays.is_empty() {
                return click(state, &layout, x, y);
            }
        }
        MouseEventKind::Drag(MouseButton::Left) => {
            if let Some(edge) = state.drag {
                state.splits = layout.drag(state.splits, edge, x, y);
            }
        }
        MouseEventKind::Up(_) => state.drag = None,
        MouseEventKind::ScrollUp => wheel(state, &layout, x, y, -NOTCH),
        MouseEventKind::ScrollDown => wheel(state, &layout, x, y, NOTCH),
        // Moving about changes nothing: drawing for it would be waste.
        _ => state.dirty = false,
    }
    Vec::new()
}

fn click(state: &mut State, layout: &Layout, x: u16, y: u16) -> Vec<Effect> {
    if y == layout.top.y {
        if let Some(at) = draw::tab_at(state, layout, x) {
            state.current = at;
        }
        return Vec::new();
    }
    // The views are words on a border that can be dragged: they go first.
    if let Some(slot) = layout
        .slot(Pane::Detail)
        .filter(|slot| slot.title.y == y && x > slot.title.x)
        && let Some(tab) = state.tabs.get_mut(state.current)
        && let Some(view) =
            pane::detail::view_at(tab.pinned.as_ref(), &tab.detail, x - slot.title.x)
    {
        tab.detail.show(view);
        state.focus = Pane::Detail;
        return Vec::new();
    }
    if let Some(edge) = layout.edge_at(x, y) {
        state.drag = Some(edge);
        return Vec::new();
    }
    let Some(target) = layout.pane_at(x, y) else {
        return Vec::new();
    };
    if target == Pane::Compose {
        return super::act(state, crate::tui::action::Action::Compose, super::By::Key);
    }
    let before = state.focus;
    state.focus = target;
    let Some(row) = layout
        .slot(target)
        .and_then(|slot| y.checked_sub(slot.inner.y))
        .map(usize::from)
    else {
        return Vec::new();
    };
    let Some(tab) = state.tab_mut() else {
        return Vec::new();
    };
    match target {
        Pane::Frames => {
            let (top, seen) = tab.log.seen();
            if row < seen.len() {
                tab.log.select(top + row);
            }
        }
        Pane::Detail => {
            // The first row is the head line.
            let Some(at) = row.checked_sub(1).map(|row| row + tab.detail.top) else {
                return Vec::new();
            };
            if at < tab.detail.len() {
                let again = tab.detail.at == at;
                tab.detail.at = at;
                if again && tab.detail.view == crate::tui::detail::View::Tree {
                    tab.detail.content.tree.turn(at);
                    tab.detail.step(0);
                }
            }
        }
        Pane::Namespaces if row < tab.namespaces().len() => tab.namespace = row,
        Pane::Connection => {
            if let Some(clients) = &mut tab.tap {
                let listed = clients.listed(&tab.model);
                if let Some(c) = listed.get(row).map(|one| one.c) {
                    clients.choose(&tab.model, c);
                }
            }
        }
        Pane::Findings => {
            tab.unseen = 0;
            let found = layout.slot(Pane::Findings).and_then(|slot| {
                let (width, height) = (slot.inner.width, slot.inner.height);
                let (width, height) = (usize::from(width), usize::from(height));
                crate::tui::pane::findings::at_row(tab, width, height, row)
            });
            match found {
                // A second click looks closer.
                Some(at) if at == tab.finding && before == Pane::Findings => {
                    super::evidence::open(state);
                }
                Some(at) => tab.finding = at,
                None => {}
            }
        }
        _ => {}
    }
    Vec::new()
}

fn wheel(state: &mut State, layout: &Layout, x: u16, y: u16, by: isize) {
    let (current, screen) = (state.current, state.screen);
    if let Some(overlay) = state.overlays.last_mut() {
        match overlay {
            Overlay::Help(help) => help.scroll(by as i32),
            Overlay::Why(why) => {
                let tab = state.tabs.get(current);
                if let Some(finding) = tab.and_then(|tab| why.now(&tab.findings)) {
                    why.scroll(by, finding, screen);
                }
            }
            _ => {}
        }
        return;
    }
    let Some(target) = layout.pane_at(x, y) else {
        return;
    };
    let Some(tab) = state.tab_mut() else { return };
    match target {
        Pane::Frames => tab.log.scroll(by),
        Pane::Detail => tab.detail.step(by),
        Pane::Namespaces => {
            let last = tab.namespaces().len().saturating_sub(1);
            tab.namespace = tab.namespace.saturating_add_signed(by.signum()).min(last);
        }
        Pane::Reconnects => {
            let last = tab.model.reconnects.len().saturating_sub(1);
            let at = tab
                .reconnect
                .unwrap_or(last)
                .saturating_add_signed(by.signum());
            tab.reconnect = (at < last).then_some(at);
        }
        _ => {}
    }
}
