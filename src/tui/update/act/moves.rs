//! Where the person looks: panes, rows, pages, spots.

use super::{enter_composer, look_at_findings};
use crate::tui::detail::View;
use crate::tui::layout::Pane;
use crate::tui::log::Spot;
use crate::tui::state::{State, Tab, Tone};

pub(super) fn walk(state: &mut State, by: isize) {
    let mut pane = state.focus.step(by);
    // A pane that can't be used here is passed over.
    for _ in 0..Pane::ALL.len() {
        let empty = pane == Pane::Findings && state.tab().is_none_or(|tab| tab.findings.is_empty());
        let mute =
            pane == Pane::Compose && (state.readonly || !state.tab().is_some_and(Tab::is_live));
        if !empty && !mute {
            break;
        }
        pane = pane.step(by);
    }
    match pane {
        Pane::Compose => enter_composer(state),
        Pane::Findings => look_at_findings(state),
        pane => state.focus = pane,
    }
}

/// The next connection of a tap, and the next session beyond its last one.
pub(super) fn turn(state: &mut State, by: isize) {
    if crate::tui::update::client::step(state, by) {
        return;
    }
    let len = state.tabs.len();
    if len < 2 {
        let words = match state.tab().is_some_and(|tab| tab.tap.is_some()) {
            true => "there is no further connection",
            false => "there is only one session",
        };
        state.say(Tone::Info, words);
        return;
    }
    state.current = (state.current as isize + by).rem_euclid(len as isize) as usize;
}

pub(super) fn step(state: &mut State, by: isize) {
    let focus = state.focus;
    let Some(tab) = state.tab_mut() else { return };
    match focus {
        Pane::Frames | Pane::Compose => tab.log.step(by),
        Pane::Detail => tab.detail.step(by),
        Pane::Connection if tab.tap.is_some() => {
            crate::tui::update::client::step(state, by);
        }
        Pane::Connection => {
            tab.connection_top = tab.connection_top.saturating_add_signed(by).min(20);
        }
        Pane::Namespaces => {
            let last = tab.namespaces().len().saturating_sub(1);
            tab.namespace = tab.namespace.saturating_add_signed(by).min(last);
        }
        Pane::Reconnects => {
            let last = tab.model.reconnects.len().saturating_sub(1);
            let at = tab
                .reconnect
                .unwrap_or(last)
                .saturating_add_signed(by)
                .min(last);
            tab.reconnect = (at < last).then_some(at);
        }
        Pane::Findings => {
            tab.finding = crate::tui::pane::findings::step(&tab.findings, tab.finding, by);
        }
    }
}

/// Moves by half pages: 1 is a half, 2 a whole.
pub(super) fn page(state: &mut State, halves: isize) {
    let focus = state.focus;
    let Some(tab) = state.tab() else { return };
    let height = match focus {
        Pane::Frames | Pane::Compose => tab.log.page(),
        Pane::Detail => tab.detail.height.max(1),
        _ => 8,
    };
    let rows = (height / 2).max(1) as isize * halves;
    step(state, rows);
}

pub(super) fn edge(state: &mut State, last: bool) {
    let focus = state.focus;
    let Some(tab) = state.tab_mut() else { return };
    match focus {
        // The end of a running list is where one follows.
        Pane::Frames if last && tab.log.is_paused() => tab.log.select(usize::MAX),
        Pane::Frames if last => tab.log.set_follow(true),
        Pane::Frames => tab.log.select(0),
        _ => step(state, if last { isize::MAX / 2 } else { isize::MIN / 2 }),
    }
}

/// Left and right: fold and unfold in the tree, turn the view elsewhere in the detail.
pub(super) fn sideways(state: &mut State, right: bool) {
    let focus = state.focus;
    let Some(tab) = state.tab_mut() else { return };
    let detail = &mut tab.detail;
    match focus {
        Pane::Detail if detail.view == View::Tree => {
            let at = detail.at;
            let Some(row) = detail.content.tree.rows().get(at) else {
                return;
            };
            if row.open != right && detail.content.tree.turn(at) {
                detail.step(0);
            } else if right {
                detail.step(1);
            } else if let Some(parent) = detail.content.tree.parent(at) {
                detail.step(parent as isize - at as isize);
            }
        }
        Pane::Detail => turn_view(state, if right { 1 } else { -1 }),
        Pane::Frames if right => state.focus = Pane::Detail,
        _ => {}
    }
}

pub(super) fn turn_view(state: &mut State, by: isize) {
    let Some(tab) = state.tab_mut() else { return };
    let view = tab.detail.view.step(by);
    tab.detail.show(view);
}

pub(super) fn jump(state: &mut State, spot: Spot, forward: bool) {
    let Some(tab) = state.tab_mut() else { return };
    if tab.log.jump(spot, forward) {
        return;
    }
    let words = match spot {
        Spot::Error => "no error in sight",
        Spot::Mark => "no mark yet",
        Spot::Hit if tab.search.is_none() => "nothing was searched for yet",
        Spot::Hit => "no hit",
    };
    state.say(Tone::Info, words);
}
