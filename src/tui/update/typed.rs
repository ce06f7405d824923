//! Commands that were typed out, and what the prompts of the last line were for.

use super::{By, act, drafts};
use crate::client::{Command, Options};
use crate::model::filter;
use crate::tui::effect::Effect;
use crate::tui::palette::{Place, Typed};
use crate::tui::prompt::{Candidate, Prompt, Wrong};
use crate::tui::state::{Asked, Search, State, Tab, Tone};

/// Does a command that was typed in the palette. It is not asked about again.
pub(super) fn command(state: &mut State, typed: Typed) -> Vec<Effect> {
    let current = state.current;
    let acts = matches!(
        typed,
        Typed::Join { .. }
            | Typed::Leave(_)
            | Typed::Break(_)
            | Typed::ClearFaults
            | Typed::Draft(_)
    );
    if acts && (state.readonly || !state.tab().is_some_and(Tab::is_live)) {
        let words = if state.readonly {
            "this is read-only (--readonly)"
        } else {
            "there is no server to act on"
        };
        state.say(Tone::Bad, words);
        return Vec::new();
    }
    let client = match &typed {
        Typed::Join { .. } => Some(crate::tui::action::Action::Join),
        Typed::Leave(_) => Some(crate::tui::action::Action::Leave),
        _ => None,
    };
    if let Some(why) = client.and_then(|action| super::client::refused(state, action)) {
        state.say(Tone::Bad, why);
        return Vec::new();
    }
    match typed {
        Typed::Connect(url) => match options(state, &url) {
            Ok(options) => return vec![Effect::Connect(Box::new(options))],
            Err(error) => state.say(Tone::Bad, error),
        },
        Typed::Join { nsp, auth } => {
            return vec![Effect::Command(current, Command::Join { nsp, auth })];
        }
        Typed::Break(fault) => {
            let command = state
                .tab()
                .map_or(Command::Fault(fault), |tab| tab.broken.command(tab, fault));
            return vec![Effect::Command(current, command)];
        }
        Typed::ClearFaults => return vec![Effect::Command(current, Command::ClearFaults)],
        Typed::Leave(nsp) => return vec![Effect::Command(current, Command::Leave { nsp })],
        Typed::Filter(text) => match filter::parse(&text) {
            Ok(_) => set_filter(state, &text),
            Err(mistake) => state.say(Tone::Bad, mistake.to_string()),
        },
        Typed::Draft(name) => return vec![Effect::LoadDraft(current, name)],
        Typed::SaveDraft { name, file } => return drafts::save(state, &name, file),
        Typed::Goto(place) => go_to(state, place),
        Typed::Mark(text) => return mark(state, text),
        Typed::Theme(name) => return vec![Effect::Theme(name)],
        Typed::Save(path) => return vec![Effect::Save(current, path.into())],
        Typed::Open(path) => return vec![Effect::Open(path.into())],
        Typed::Action(action) => return act(state, action, By::Command),
    }
    Vec::new()
}

/// The options of a new connection: those of the template, with another target.
fn options(state: &State, url: &str) -> Result<Options, String> {
    let full = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    let parsed = url::Url::parse(&full).map_err(|error| format!("{url} is no URL: {error}"))?;
    let mut options = match &state.template {
        Some(template) => template.clone(),
        None => Options::new(parsed.clone()),
    };
    options.url = parsed;
    Ok(options)
}

/// Goes to a place in the frame log; a time is looked up before the next frame is drawn.
fn go_to(state: &mut State, place: Place) {
    const DAY: u64 = 86_400_000_000;
    let Some(tab) = state.tab() else { return };
    let time = match place {
        Place::Record(n) if n == 0 || n > tab.records => {
            let last = tab.records;
            return state.say(
                Tone::Bad,
                format!("there is no record #{n}: the last is #{last}"),
            );
        }
        Place::Record(n) => return super::sheet::go_to(state, n),
        Place::Since(time) => time,
        Place::Clock(clock) => {
            let began = tab.started.to_zoned(tab.zone.clone());
            let midnight = began.start_of_day().unwrap_or_else(|_| began.clone());
            let since = began.timestamp().duration_since(midnight.timestamp());
            let since = u64::try_from(since.as_micros()).unwrap_or(0);
            // A time before the session's start is one of the next day.
            (clock + DAY).saturating_sub(since) % DAY
        }
    };
    let now = tab.model.now;
    if time > now {
        let (from, to) = (0, now);
        let wall = |at| crate::tui::units::wall(tab.started, &tab.zone, at);
        let words = format!("the session goes from {} to {}", wall(from), wall(to));
        return state.say(Tone::Bad, words);
    }
    if let Some(tab) = state.tab_mut() {
        tab.goto = Some(time);
        state.focus = crate::tui::layout::Pane::Frames;
    }
}

fn mark(state: &mut State, text: String) -> Vec<Effect> {
    if state.tab().is_some_and(Tab::is_live) {
        return vec![Effect::Command(state.current, Command::Mark { text })];
    }
    // The file of a saved session is not written to: its marks are kept beside it.
    let Some(tab) = state.tab_mut() else {
        return Vec::new();
    };
    let Some(n) = tab.log.selected().map(crate::tui::log::RowId::n) else {
        state.say(Tone::Info, "there is no row to mark");
        return Vec::new();
    };
    let words = if text.trim().is_empty() {
        match tab.marks.remove(&n) {
            Some(_) => format!("the mark on #{n} is gone"),
            None => "write a word: an empty mark takes one away".to_owned(),
        }
    } else {
        let words = format!("#{n} is marked: {}", text.trim());
        tab.marks.insert(n, text.trim().to_owned());
        words
    };
    tab.refill();
    state.say(Tone::Good, words);
    Vec::new()
}

/// Puts a filter in force that is known to be good; an empty one takes the filter away.
pub(super) fn set_filter(state: &mut State, text: &str) {
    let Ok(parsed) = filter::parse(text) else {
        return;
    };
    let Some(tab) = state.tab_mut() else { return };
    tab.filter.history.retain(|before| before != text);
    if !text.trim().is_empty() {
        tab.filter.history.push(text.to_owned());
    }
    tab.filter.off = false;
    tab.filter.filter = (!parsed.is_empty()).then_some(parsed);
    tab.refill();
}

/// What is wrong with a prompt's text, and what could stand at its cursor.
pub(super) fn check(state: &State, asked: Asked, prompt: &mut Prompt) {
    if asked == Asked::Change {
        let wrong = crate::tui::json::values(prompt.text()).err();
        prompt.set_wrong(wrong.map(|wrong| Wrong {
            at: wrong.at..wrong.at + 1,
            what: wrong.what,
        }));
        return;
    }
    if asked == Asked::Search {
        // A regex that is whole; anything else is found as it stands.
        let wrong = match is_regex(prompt.text()) {
            true => filter::parse(prompt.text()).err(),
            false => None,
        };
        prompt.set_wrong(wrong.map(|mistake| Wrong {
            at: 0..prompt.text().len(),
            what: mistake.to_string(),
        }));
        return;
    }
    if asked != Asked::Filter {
        // What was wrong with the text before it was changed.
        prompt.set_wrong(None);
        return;
    }
    let text = prompt.text().to_owned();
    prompt.set_wrong(filter::parse(&text).err().map(|mistake| {
        let start = byte_of(&text, mistake.column);
        let end = text
            .get(start..)
            .and_then(|rest| rest.chars().next())
            .map_or(start, |c| start + c.len_utf8());
        Wrong {
            at: start..end,
            what: mistake.to_string(),
        }
    }));
    let Some(tab) = state.tab() else { return };
    let candidates = filter::complete(
        &text,
        prompt.at(),
        tab.model.events.keys().take(1_000).map(String::as_str),
        tab.model
            .namespaces
            .iter()
            .map(|namespace| namespace.nsp.as_str()),
    )
    .into_iter()
    .map(|completion| Candidate {
        text: completion.text,
        about: completion.about,
        replace: completion.replace,
    })
    .collect();
    prompt.offer(candidates);
}

/// Byte offset of a column that counts characters from 1.
fn byte_of(text: &str, column: usize) -> usize {
    text.char_indices()
        .nth(column.saturating_sub(1))
        .map_or(text.len(), |(at, _)| at)
}

/// Does what a prompt was for. True when the prompt is done; a mistake keeps it open.
pub(super) fn submit(
    state: &mut State,
    asked: Asked,
    text: String,
    effects: &mut Vec<Effect>,
) -> bool {
    match asked {
        Asked::Filter => {
            if filter::parse(&text).is_err() {
                return false;
            }
            set_filter(state, &text);
        }
        Asked::Search => search(state, &text),
        Asked::Mark => effects.extend(mark(state, text)),
        Asked::Change => return super::sheet::change(state, &text, effects),
        Asked::Save if text.trim().is_empty() => return false,
        Asked::Save => effects.push(Effect::Save(state.current, text.into())),
    }
    true
}

/// Whether a text to search for is a regex: `/…/`.
pub fn is_regex(text: &str) -> bool {
    text.len() > 2 && text.starts_with('/') && text.ends_with('/')
}

/// The filter that finds a text: `/…/` is a regex, anything else is text as it stands.
fn source_of(text: &str) -> String {
    match is_regex(text) {
        true => text.to_owned(),
        false => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// Begins a search from the selected row on.
pub(super) fn search(state: &mut State, text: &str) {
    let source = source_of(text);
    if text.trim().is_empty() {
        if let Some(tab) = state.tab_mut() {
            tab.search = None;
            tab.log.clear_hits();
        }
        return;
    }
    let matcher = match filter::parse(&source) {
        Ok(matcher) => matcher,
        Err(mistake) => {
            state.say(Tone::Bad, mistake.to_string());
            return;
        }
    };
    let Some(tab) = state.tab_mut() else { return };
    // The keys that go from hit to hit are the search's again.
    tab.walk = None;
    let from = tab.log.selected_at().unwrap_or(0);
    let from = if tab.log.follows() { 0 } else { from };
    tab.begin_search(Search {
        text: text.to_owned(),
        matcher,
        next: 0,
        jump_from: Some(from),
    });
}
