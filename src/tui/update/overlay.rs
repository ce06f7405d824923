//! Keys while something lies over the screen.

use crossterm::event::KeyEvent;

use super::{By, act, evidence, typed};
use crate::client::Command;
use crate::tui::dialog::{answer, break_menu, confirm, connect, copy, join, open};
use crate::tui::effect::Effect;
use crate::tui::keymap::Key;
use crate::tui::state::{Asked, Overlay, State};
use crate::tui::{action::Action, help, palette, prompt, replay, why};

/// What becomes of the overlay that took the key.
enum Fate {
    /// It stays open.
    Stay,
    /// It is done.
    Close,
}

/// Gives a key to the topmost overlay.
pub(super) fn key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let Some(overlay) = state.overlays.pop() else {
        return Vec::new();
    };
    // Quitting at once works everywhere where it is no text.
    let pressed = Key::of(key);
    let is_text = pressed.is_text() && has_text_field(&overlay);
    if !is_text && state.keymap.keys(Action::Quit).contains(&pressed) {
        return vec![Effect::Quit(0)];
    }
    deliver(state, overlay, Given::Key(key))
}

/// Whether letters may be typed into it.
fn has_text_field(overlay: &Overlay) -> bool {
    !matches!(
        overlay,
        Overlay::Help(..)
            | Overlay::Sheet(..)
            | Overlay::Why(..)
            | Overlay::Replay(..)
            | Overlay::Confirm(..)
    )
}

/// Gives pasted text to the topmost overlay.
pub(super) fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    let Some(overlay) = state.overlays.pop() else {
        return Vec::new();
    };
    deliver(state, overlay, Given::Paste(text))
}

/// What an overlay is given.
enum Given<'a> {
    Key(KeyEvent),
    Paste(&'a str),
}

impl Given<'_> {
    /// The key, where it is one: a menu has no use for pasted text.
    fn key(&self) -> Option<KeyEvent> {
        match self {
            Given::Key(key) => Some(*key),
            Given::Paste(_) => None,
        }
    }
}

/// Hands it over, and puts the overlay back unless it is done. What it asked for is done after
/// it has gone, so that a new overlay opens in its place.
fn deliver(state: &mut State, mut overlay: Overlay, given: Given<'_>) -> Vec<Effect> {
    let depth = state.overlays.len();
    let mut effects = Vec::new();
    let fate = give(state, &mut overlay, given, &mut effects);
    if matches!(fate, Fate::Stay) {
        let at = depth.min(state.overlays.len());
        state.overlays.insert(at, overlay);
    }
    effects
}

macro_rules! give {
    ($part:expr, $given:expr) => {
        match $given {
            Given::Key(key) => $part.update(key),
            Given::Paste(text) => $part.paste(text),
        }
    };
}

fn give(
    state: &mut State,
    overlay: &mut Overlay,
    given: Given<'_>,
    effects: &mut Vec<Effect>,
) -> Fate {
    let current = state.current;
    match overlay {
        Overlay::Help(part) => match given {
            Given::Key(key) => match part.update(key) {
                help::Outcome::Closed => Fate::Close,
                help::Outcome::Ignored | help::Outcome::Changed => Fate::Stay,
            },
            Given::Paste(_) => Fate::Stay,
        },
        Overlay::Palette(part) => match give!(part, given) {
            palette::Outcome::Ignored | palette::Outcome::Changed => {
                if part.wants_drafts() {
                    part.set_drafts(Vec::new());
                    effects.push(Effect::ListDrafts);
                }
                Fate::Stay
            }
            palette::Outcome::Cancelled => Fate::Close,
            palette::Outcome::Run(action) => {
                effects.extend(act(state, action, By::Key));
                Fate::Close
            }
            palette::Outcome::Command(command) => {
                effects.extend(typed::command(state, command));
                Fate::Close
            }
        },
        Overlay::Prompt(asked, part) => prompt(state, *asked, part, given, effects),
        Overlay::Confirm(part, effect) => match given
            .key()
            .map_or(confirm::Outcome::Ignored, |key| part.update(key))
        {
            confirm::Outcome::Ignored => Fate::Stay,
            confirm::Outcome::Cancelled => Fate::Close,
            confirm::Outcome::Yes => {
                effects.push((**effect).clone());
                Fate::Close
            }
        },
        Overlay::Connect(part) => match give!(part, given) {
            connect::Outcome::Ignored | connect::Outcome::Changed => Fate::Stay,
            connect::Outcome::Cancelled => Fate::Close,
            connect::Outcome::Connect(options) => {
                effects.push(Effect::Connect(options));
                Fate::Close
            }
        },
        Overlay::Join(part) => match give!(part, given) {
            join::Outcome::Ignored | join::Outcome::Changed => Fate::Stay,
            join::Outcome::Cancelled => Fate::Close,
            join::Outcome::Join { nsp, auth } => {
                effects.push(Effect::Command(current, Command::Join { nsp, auth }));
                Fate::Close
            }
        },
        Overlay::Answer(part) => match give!(part, given) {
            answer::Outcome::Ignored | answer::Outcome::Changed => Fate::Stay,
            answer::Outcome::Cancelled => Fate::Close,
            answer::Outcome::Answer {
                nsp,
                id,
                args,
                again,
            } => {
                let command = match again {
                    true => Command::AnswerAgain { nsp, id, args },
                    false => Command::Answer { nsp, id, args },
                };
                effects.push(Effect::Command(current, command));
                Fate::Close
            }
        },
        Overlay::Copy(part) => match given
            .key()
            .map_or(copy::Outcome::Ignored, |key| part.update(key))
        {
            copy::Outcome::Ignored | copy::Outcome::Changed => Fate::Stay,
            copy::Outcome::Cancelled => Fate::Close,
            copy::Outcome::Copy { what, text } => {
                effects.push(Effect::Copy { what, text });
                Fate::Close
            }
        },
        Overlay::Break(part) => match give!(part, given) {
            break_menu::Outcome::Ignored | break_menu::Outcome::Changed => Fate::Stay,
            break_menu::Outcome::Cancelled => Fate::Close,
            break_menu::Outcome::Break(fault) => {
                effects.push(Effect::Command(current, Command::Fault(fault)));
                Fate::Close
            }
            break_menu::Outcome::BreakOn(fault, c) => {
                effects.push(Effect::Command(current, Command::FaultOn { fault, c }));
                Fate::Close
            }
            break_menu::Outcome::Clear => {
                effects.push(Effect::Command(current, Command::ClearFaults));
                Fate::Close
            }
        },
        Overlay::Sheet(part) => {
            let Some(key) = given.key() else {
                return Fate::Stay;
            };
            match super::sheet::key(state, part, key, effects) {
                true => Fate::Close,
                false => Fate::Stay,
            }
        }
        Overlay::Why(part) => {
            let Some(key) = given.key() else {
                return Fate::Stay;
            };
            let outcome = match evidence::subject(state, part) {
                Some((finding, screen)) => part.update(key, &finding, screen),
                None => why::Outcome::Closed,
            };
            match evidence::took(state, part, outcome, effects) {
                true => Fate::Close,
                false => Fate::Stay,
            }
        }
        Overlay::Replay(part) => {
            let view = state.tab().and_then(|tab| tab.replay.clone());
            let (Some(key), Some(view)) = (given.key(), view) else {
                return Fate::Stay;
            };
            match part.update(key, &view) {
                replay::Outcome::Ignored | replay::Outcome::Changed => Fate::Stay,
                replay::Outcome::Closed => Fate::Close,
                replay::Outcome::Said(said) => {
                    effects.push(Effect::Replay(current, said));
                    Fate::Stay
                }
            }
        }
        Overlay::Open(part) => match give!(part, given) {
            open::Outcome::Ignored | open::Outcome::Changed => Fate::Stay,
            open::Outcome::Cancelled => Fate::Close,
            open::Outcome::Open(path) => {
                effects.push(Effect::Open(path));
                Fate::Close
            }
        },
    }
}

fn prompt(
    state: &mut State,
    asked: Asked,
    part: &mut prompt::Prompt,
    given: Given<'_>,
    effects: &mut Vec<Effect>,
) -> Fate {
    match give!(part, given) {
        prompt::Outcome::Ignored => Fate::Stay,
        prompt::Outcome::Edited | prompt::Outcome::Moved => {
            typed::check(state, asked, part);
            Fate::Stay
        }
        prompt::Outcome::Cancelled => Fate::Close,
        prompt::Outcome::Submitted(text) => {
            if typed::submit(state, asked, text, effects) {
                Fate::Close
            } else {
                typed::check(state, asked, part);
                Fate::Stay
            }
        }
    }
}
