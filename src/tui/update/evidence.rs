//! From a finding to the rows that prove it, and from one of them to the next.

use ratatui::layout::Rect;

use crate::journal::record::Finding;
use crate::tui::action::Action;
use crate::tui::config::Level;
use crate::tui::effect::Effect;
use crate::tui::layout::Pane;
use crate::tui::log::RowId;
use crate::tui::pane::findings;
use crate::tui::state::{Overlay, State, Tone};
use crate::tui::why::{Outcome, Why};

/// Looks closely at the chosen finding.
pub(super) fn open(state: &mut State) {
    let Some(tab) = state.tab_mut() else { return };
    if tab.findings.is_empty() {
        state.say(Tone::Info, "the diagnosis has found nothing so far");
        return;
    }
    tab.walk = None;
    tab.unseen = 0;
    if let Some(finding) = tab.findings.get(tab.finding) {
        let why = Why::new(finding);
        state.overlays.push(Overlay::Why(why));
    }
}

/// What a key in the close look asked for. True when it is to be closed.
pub(super) fn took(
    state: &mut State,
    why: &mut Why,
    outcome: Outcome,
    effects: &mut Vec<Effect>,
) -> bool {
    match outcome {
        Outcome::Ignored | Outcome::Changed => false,
        Outcome::Closed => true,
        Outcome::Show(at) => {
            show(state, std::mem::take(why), at);
            true
        }
        Outcome::Other(by) => {
            if let Some(tab) = state.tab_mut() {
                let now = why.place(&tab.findings).unwrap_or(tab.finding);
                let next = findings::step(&tab.findings, now, by);
                if let Some(finding) = tab.findings.get(next).filter(|_| next != now) {
                    *why = Why::new(finding);
                    tab.finding = next;
                }
            }
            false
        }
        Outcome::Copy { what, text } => {
            effects.push(Effect::Copy { what, text });
            false
        }
        Outcome::NoLines => {
            state.say(Tone::Info, "this fix has no line to write: y copies it all");
            false
        }
    }
}

/// The finding that is looked at, and the screen, for its keys.
pub(super) fn subject(state: &State, why: &Why) -> Option<(Finding, Rect)> {
    let finding = why.now(&state.tab()?.findings)?;
    Some((finding.clone(), state.screen))
}

/// Goes to a record of the evidence in the frame log, and walks on from there.
fn show(state: &mut State, mut why: Why, at: usize) {
    let shown = state.level;
    let (show_all, more, previous, back) = (
        state.keymap.hint(Action::ToggleFilter),
        state.keymap.hint(Action::Level),
        state.keymap.hint(Action::PreviousHit),
        state.keymap.hint(Action::Back),
    );
    let next = state.keymap.hint(Action::NextHit);
    let Some(tab) = state.tab() else { return };
    let Some((n, count)) = why
        .now(&tab.findings)
        .and_then(|finding| Some((*finding.evidence.get(at)?, finding.evidence.len())))
    else {
        return;
    };
    why.chosen = at;
    why.walked = true;
    let read = why.evidence.get(at).filter(|read| read.n == n);
    let forgotten = read.is_some_and(|read| read.line.is_none());
    let deeper = read.is_some_and(|read| rank(read.level) > rank(shown));
    let row = read
        .and_then(|read| read.line.as_ref())
        .map_or(RowId::new(n, 0), |line| line.id);
    let hidden = super::show_row(state, row);
    let Some(tab) = state.tab_mut() else { return };
    let filter = tab
        .filter
        .active()
        .map(|filter| filter.source().to_owned())
        .filter(|_| hidden);
    tab.walk = Some(why);
    let place = format!("evidence {} of {count}: #{n}", at + 1);
    if forgotten {
        state.say(Tone::Bad, format!("{place} is no longer in memory"));
    } else if let (true, true) = (hidden, deeper) {
        state.say(
            Tone::Info,
            format!("{place} has no row at this level; {more} shows more"),
        );
    } else if let Some(filter) = filter {
        state.say(
            Tone::Info,
            format!("{place} is held back by the filter {filter}; {show_all} switches it off"),
        );
    } else {
        state.say(
            Tone::Info,
            format!("{place}   {next} {previous} next, previous   {back} back to the finding"),
        );
    }
}

fn rank(level: Level) -> u8 {
    match level {
        Level::Packets => 0,
        Level::Frames => 1,
        Level::Raw => 2,
    }
}

/// Goes on with a walk through the evidence, or begins one in the pane of findings. False where
/// there is none to go on with.
pub(super) fn walk(state: &mut State, forward: bool) -> bool {
    let begins = state.focus == Pane::Findings;
    let Some(tab) = state.tab_mut() else {
        return false;
    };
    let why = match (tab.walk.take(), tab.findings.get(tab.finding)) {
        (Some(why), _) if !begins || why.place(&tab.findings) == Some(tab.finding) => why,
        (_, Some(finding)) if begins => Why::new(finding),
        _ => return false,
    };
    let next = why
        .now(&tab.findings)
        .and_then(|finding| why.next(finding, forward));
    let Some(at) = next else {
        return false;
    };
    show(state, why, at);
    true
}

/// Ends a walk, and shows the finding again from which it came. False where there is none.
pub(super) fn back(state: &mut State) -> bool {
    if state.focus != Pane::Frames {
        return false;
    }
    let Some(why) = state.tab_mut().and_then(|tab| tab.walk.take()) else {
        return false;
    };
    state.focus = Pane::Findings;
    state.overlays.push(Overlay::Why(why));
    true
}

/// Copies the chosen finding as Markdown.
pub(super) fn copy(state: &mut State) -> Vec<Effect> {
    let Some(tab) = state.tab() else {
        return Vec::new();
    };
    let Some(finding) = tab.findings.get(tab.finding) else {
        state.say(Tone::Info, "there is no finding to copy");
        return Vec::new();
    };
    // Its records are read for a close look only; from here they are named by their numbers.
    let text = Why::new(finding).markdown(finding);
    vec![Effect::Copy {
        what: "finding",
        text,
    }]
}
