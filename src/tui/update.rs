//! Keys, the mouse and pasted text: what they do to the state, and what they ask of the world.
//! **Pure.**
//!
//! The topmost overlay takes the keys; then the composer while it has the focus; then the keymap.

mod act;
mod client;
pub(super) mod drafts;
mod evidence;
mod mouse;
mod overlay;
mod sheet;
#[cfg(test)]
mod tests;
mod typed;

use crossterm::event::{Event, KeyEvent, KeyEventKind};

use super::around;
use super::composer;
use super::draw::context;
use super::effect::Effect;
use super::layout::Pane;
use super::log::RowId;
use super::state::State;

pub use act::act;
pub use typed::is_regex;

/// Whether an action was chosen (it may ask) or typed out as a command (it does not).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A key, or a choice from a list.
    Key,
    /// A command that was typed out.
    Command,
}

/// Searches for what was searched for the last time, without going anywhere.
pub fn search_again(state: &mut State, text: &str) {
    typed::search(state, text);
    if let Some(search) = state.tab_mut().and_then(|tab| tab.search.as_mut()) {
        search.jump_from = None;
    }
}

/// Takes in one event of the terminal.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let effects = take_in(state, event);
    // The lines of what to try make room for the first row that is looked at.
    let looks = state.focus == Pane::Detail || state.tab().is_some_and(|tab| !tab.log.follows());
    if looks && !state.hints.is_empty() {
        state.hints.clear();
    }
    effects
}

/// Goes to a row of the frame log, and out of a pause. True where the level or the filter holds
/// its record back.
fn show_row(state: &mut State, row: RowId) -> bool {
    let Some(tab) = state.tab_mut() else {
        return false;
    };
    if tab.log.is_paused() {
        tab.log.toggle_pause();
    }
    tab.log.select_even_hidden(row);
    let hidden = !tab.log.shows_record(row.n()) && tab.refill.is_none();
    state.focus = Pane::Frames;
    hidden
}

fn take_in(state: &mut State, event: Event) -> Vec<Effect> {
    state.dirty = true;
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            state.notice = None;
            self::key(state, key)
        }
        Event::Paste(text) => paste(state, &text),
        Event::Mouse(event) => mouse::mouse(state, event),
        Event::Resize(width, height) => {
            state.screen = ratatui::layout::Rect::new(0, 0, width, height);
            Vec::new()
        }
        _ => {
            state.dirty = false;
            Vec::new()
        }
    }
}

fn key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    if !state.overlays.is_empty() {
        return overlay::key(state, key);
    }
    if state.focus == Pane::Compose && state.tab().is_some() {
        return compose(state, |composer, around| composer.update(key, around));
    }
    match state.keymap.resolve(context(state.focus), key) {
        Some(action) => act(state, action, By::Key),
        None => Vec::new(),
    }
}

fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    if !state.overlays.is_empty() {
        return overlay::paste(state, text);
    }
    if state.focus == Pane::Compose {
        return compose(state, |composer, around| composer.paste(text, around));
    }
    Vec::new()
}

/// Lets the composer take something in. It is lent out meanwhile, because it looks at the state.
fn compose(
    state: &mut State,
    take: impl FnOnce(&mut composer::Composer, &composer::Surroundings<'_>) -> composer::Outcome,
) -> Vec<Effect> {
    let current = state.current;
    let Some(tab) = state.tabs.get_mut(current) else {
        return Vec::new();
    };
    let mut composer = std::mem::take(&mut tab.composer);
    let outcome = match state.tabs.get(current) {
        Some(tab) => around::with(state, tab, |around| take(&mut composer, around)),
        None => composer::Outcome::Ignored,
    };
    if let Some(tab) = state.tabs.get_mut(current) {
        tab.composer = composer;
    }
    match outcome {
        composer::Outcome::Ignored | composer::Outcome::Changed => Vec::new(),
        composer::Outcome::Emit(emit) => client::emit(state, emit),
        composer::Outcome::Editor(text) => vec![Effect::Edit(text)],
        composer::Outcome::Left => {
            act::leave_composer(state);
            Vec::new()
        }
        composer::Outcome::Action(action) => act(state, action, By::Key),
    }
}
