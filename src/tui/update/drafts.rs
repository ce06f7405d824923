//! Drafts in files: one that goes into the composer, and a row that goes to a file.

use crate::tui::composer::Draft;
use crate::tui::effect::Effect;
use crate::tui::palette::command::Wrong;
use crate::tui::state::{Overlay, State, Tab, Tone};

/// Saves the selected row's event under this name.
pub(super) fn save(state: &mut State, name: &str, file: Option<String>) -> Vec<Effect> {
    let shown = state
        .tab()
        .filter(|tab| tab.detail.id.is_some() && tab.detail.id == tab.log.selected());
    let Some(event) = shown.and_then(|tab| tab.detail.content.draft.clone()) else {
        let words = match shown {
            Some(_) => "only an event can be saved as a draft, and the selected row is none",
            None => "there is no row to save as a draft",
        };
        state.say(Tone::Info, words);
        return Vec::new();
    };
    match event.to_collection(name) {
        Ok(draft) => vec![Effect::SaveDraft {
            draft: Box::new(draft),
            file,
        }],
        Err(why) => {
            state.say(Tone::Bad, format!("this event can't be saved: {why}"));
            Vec::new()
        }
    }
}

/// The namespace of a draft that names none: the first of the connection.
pub(in crate::tui) fn first_namespace(tab: &Tab) -> String {
    let asked = tab.options.as_ref().and_then(|o| o.namespaces.first());
    let asked = asked.map(|first| first.nsp.clone());
    let known = || tab.namespaces().first().map(|first| first.nsp.clone());
    asked.or_else(known).unwrap_or_else(|| "/".to_owned())
}

/// Puts a draft that was read into the composer of a session, and goes there.
pub(in crate::tui) fn load(state: &mut State, at: usize, draft: Draft) {
    let Some(tab) = state.tabs.get_mut(at) else {
        return;
    };
    tab.composer.load(draft);
    if state.current == at {
        super::act::focus_composer(state);
    }
}

/// Shows the palette again, with a command that did not do, why, and what drafts there are.
pub(in crate::tui) fn ask_again(
    state: &mut State,
    command: &str,
    argument: &str,
    why: &str,
    names: Vec<String>,
) {
    let wrong = Wrong {
        at: command.len() + 1,
        what: why.to_owned(),
    };
    let typed = format!("{command} {argument}");
    let mut palette = super::act::fresh_palette(state).with_wrong(&typed, wrong);
    palette.set_drafts(names);
    state.overlays.push(Overlay::Palette(palette));
}
