//! What each action does.

mod moves;
mod speak;

use moves::{edge, jump, page, sideways, step, turn, turn_view, walk};
use speak::{answer, connect, leave, refused_namespace};

use super::{By, evidence};
use crate::client::Command;
use crate::client::options::Auth;
use crate::tui::action::Action;
use crate::tui::config::{Level, TimeMode};
use crate::tui::detail::View;
use crate::tui::dialog;
use crate::tui::draw::context;
use crate::tui::effect::Effect;
use crate::tui::help::{Help, Now};
use crate::tui::layout::Pane;
use crate::tui::log::Spot;
use crate::tui::mask;
use crate::tui::palette::Palette;
use crate::tui::prompt::Prompt;
use crate::tui::replay::Replay;
use crate::tui::sheet::Kind;
use crate::tui::state::{Asked, Overlay, State, Tab, Tone};
use crate::tui::theme::Theme;

/// Does an action.
pub fn act(state: &mut State, action: Action, by: By) -> Vec<Effect> {
    if let Some(refusal) = refused(state, action) {
        state.say(Tone::Bad, refusal);
        return Vec::new();
    }
    match action {
        Action::Help => {
            let off = |action| why_off(state, action);
            let about = |action| super::client::about(state, action);
            let now = Now {
                off: Some(&off),
                about: Some(&about),
            };
            let help = Help::new(context(state.focus), &state.keymap, now);
            state.overlays.push(Overlay::Help(help));
        }
        Action::Back => return back(state),
        Action::Quit => return vec![Effect::Quit(0)],
        Action::Command => palette(state),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],

        Action::Up => step(state, -1),
        Action::Down => step(state, 1),
        Action::Left => sideways(state, false),
        Action::Right => sideways(state, true),
        Action::Top => edge(state, false),
        Action::Bottom => edge(state, true),
        Action::PageUp => page(state, -2),
        Action::PageDown => page(state, 2),
        Action::HalfUp => page(state, -1),
        Action::HalfDown => page(state, 1),

        Action::NextPane => walk(state, 1),
        Action::PreviousPane => walk(state, -1),
        Action::PaneConnection => state.focus = Pane::Connection,
        Action::PaneNamespaces => state.focus = Pane::Namespaces,
        Action::PaneReconnects => state.focus = Pane::Reconnects,
        Action::PaneFindings => look_at_findings(state),
        Action::PaneFrames => state.focus = Pane::Frames,
        Action::PaneDetail => state.focus = Pane::Detail,
        Action::Zoom => state.zoom = !state.zoom,
        Action::PreviousConnection => turn(state, -1),
        Action::NextConnection => turn(state, 1),
        Action::Replay => match state.tab().is_some_and(|tab| tab.replay.is_some()) {
            true => state.overlays.push(Overlay::Replay(Replay::default())),
            false => state.say(
                Tone::Info,
                "this session is no replay (sioscope replay FILE URL --view)",
            ),
        },

        Action::Search => {
            let before = state
                .tab()
                .and_then(|tab| tab.search.as_ref())
                .map(|search| search.text.clone());
            let prompt = Prompt::new("search")
                .with_placeholder("text, or /regex/")
                .with_history(before.into_iter().collect());
            state.overlays.push(Overlay::Prompt(Asked::Search, prompt));
        }
        Action::NextHit if evidence::walk(state, true) => {}
        Action::PreviousHit if evidence::walk(state, false) => {}
        Action::NextHit => jump(state, Spot::Hit, true),
        Action::PreviousHit => jump(state, Spot::Hit, false),
        Action::Filter => ask_filter(state),
        Action::ToggleFilter => toggle_filter(state),
        Action::Follow => {
            if let Some(tab) = state.tab_mut() {
                let follow = !tab.log.follows();
                tab.log.set_follow(follow);
            }
        }
        Action::Pause => {
            if let Some(tab) = state.tab_mut() {
                tab.log.toggle_pause();
            }
        }
        Action::Level => level(state),
        Action::Time => {
            state.time = match state.time {
                TimeMode::Wall => TimeMode::Delta,
                TimeMode::Delta => TimeMode::Connect,
                TimeMode::Connect => TimeMode::Wall,
            };
            let words = match state.time {
                TimeMode::Wall => "time: wall clock and delta",
                TimeMode::Delta => "time: delta to the row above",
                TimeMode::Connect => "time: since the connection began",
            };
            state.say(Tone::Info, words);
        }
        Action::Secrets => {
            state.secrets = !state.secrets;
            state.say(
                Tone::Info,
                if state.secrets {
                    "secrets are shown"
                } else {
                    "secrets are covered"
                },
            );
        }

        Action::Compose => enter_composer(state),
        Action::Draft => draft(state),
        Action::Answer => answer(state),
        Action::Join => {
            let names = state.tab().map(namespaces).unwrap_or_default();
            let begin = refused_namespace(state).unwrap_or_default();
            state
                .overlays
                .push(Overlay::Join(dialog::join::Join::new(&begin, names)));
        }
        Action::Leave => return leave(state, by),
        Action::Connect => return connect(state),
        Action::Disconnect => {
            let effect = Effect::Command(state.current, Command::Disconnect);
            let target = state.tab().map(|tab| tab.title.clone()).unwrap_or_default();
            return ask(
                state,
                by,
                &format!("Disconnect from {target}?"),
                "disconnect",
                effect,
            );
        }
        Action::Break => {
            if let Some(tab) = state.tab() {
                let menu = dialog::break_menu::BreakMenu::new(tab.broken.around(tab));
                state.overlays.push(Overlay::Break(Box::new(menu)));
            }
        }

        Action::Acks => super::sheet::open(state, Kind::Acks),
        Action::Asks => super::sheet::open(state, Kind::Asks),
        Action::Buffer => super::sheet::open(state, Kind::Buffer),
        Action::Recovery => super::sheet::open(state, Kind::Recovery),
        Action::Timeline => super::sheet::open(state, Kind::Timeline),
        Action::Statistics => super::sheet::open(state, Kind::Statistics),

        Action::Mark => {
            let prompt = Prompt::new("mark").with_placeholder("what happened here");
            state.overlays.push(Overlay::Prompt(Asked::Mark, prompt));
        }
        Action::NextMark => jump(state, Spot::Mark, true),
        Action::PreviousMark => jump(state, Spot::Mark, false),
        Action::NextError => jump(state, Spot::Error, true),
        Action::PreviousError => jump(state, Spot::Error, false),
        Action::Pin => pin(state),
        Action::Copy if state.focus == Pane::Findings => return evidence::copy(state),
        Action::Copy => return copy(state),
        Action::Save => {
            let name = state
                .tab()
                .map(|tab| format!("{}.sio.jsonl", file_name(&tab.title)))
                .unwrap_or_default();
            let prompt = Prompt::new("save to").with_text(&name);
            state.overlays.push(Overlay::Prompt(Asked::Save, prompt));
        }
        Action::Open => return vec![Effect::ListSaved],

        Action::Enter => return enter(state),
        Action::Why => evidence::open(state),
        Action::NextView => turn_view(state, 1),
        Action::PreviousView => turn_view(state, -1),

        // The composer's own: it hands only what it does not do itself to this place.
        Action::SendLine
        | Action::Send
        | Action::Editor
        | Action::NewLine
        | Action::NextField
        | Action::PreviousField
        | Action::ToggleAck
        | Action::HistoryBack
        | Action::HistoryForward
        | Action::HistorySearch => enter_composer(state),
    }
    Vec::new()
}

/// Lets the packet stay beside those that are selected next, or takes it away again.
fn pin(state: &mut State) {
    let key = state.keymap.hint(Action::Pin);
    let Some(tab) = state.tab_mut() else { return };
    let words = match (tab.pinned.take(), tab.detail.id) {
        (_, None) => "select a row first: its packet can be pinned".to_owned(),
        (Some(pinned), id) if pinned.id == id => "nothing is pinned any more".to_owned(),
        (_, Some(id)) => {
            tab.pinned = Some(tab.detail.clone());
            let n = id.n();
            format!("#{n} stays beside what is selected next; {key} on it takes it away")
        }
    };
    state.say(Tone::Info, words);
}

/// Why an action can't be done here, if it can't.
fn refused(state: &State, action: Action) -> Option<String> {
    let sends = action.acts_on_server() || matches!(action, Action::Compose);
    let key = state.keymap.hint(action);
    if state.readonly && sends {
        return Some(format!(
            "{key} acts on the server, and this is read-only (--readonly)"
        ));
    }
    if let Some(why) = super::client::refused(state, action) {
        return Some(why);
    }
    let live = state.tab().is_some_and(Tab::is_live);
    if sends && !live {
        return Some(match state.tab() {
            Some(_) => "this is a saved session: there is no server to act on".to_owned(),
            None => "there is no session yet".to_owned(),
        });
    }
    if state.tab().is_none()
        && matches!(
            action,
            Action::Search | Action::Filter | Action::Mark | Action::Save
        )
    {
        return Some("there is no session yet".to_owned());
    }
    None
}

/// The same in a word or two, for the help.
fn why_off(state: &State, action: Action) -> Option<&'static str> {
    refused(state, action)?;
    Some(match state.tab() {
        _ if state.readonly && (action.acts_on_server() || action == Action::Compose) => {
            "read-only"
        }
        None => "no session yet",
        Some(tab) if tab.is_live() => "in a tap",
        Some(_) => "a saved session",
    })
}

/// Asks once when a key wants it; a typed command is its own answer.
fn ask(state: &mut State, by: By, question: &str, yes: &str, effect: Effect) -> Vec<Effect> {
    match by {
        By::Command => vec![effect],
        By::Key => {
            let confirm = dialog::confirm::Confirm::new(question, yes);
            state
                .overlays
                .push(Overlay::Confirm(confirm, Box::new(effect)));
            Vec::new()
        }
    }
}

/// One step back: zoom, the search, a pane further in; then out.
fn back(state: &mut State) -> Vec<Effect> {
    if state.focus == Pane::Compose {
        leave_composer(state);
        return Vec::new();
    }
    if state.zoom {
        state.zoom = false;
        return Vec::new();
    }
    if evidence::back(state) {
        return Vec::new();
    }
    if let Some(tab) = state.tab_mut()
        && tab.search.take().is_some()
    {
        tab.log.clear_hits();
        return Vec::new();
    }
    if state.focus != Pane::Frames && state.tab().is_some() {
        state.focus = Pane::Frames;
        return Vec::new();
    }
    if state.tab().is_some_and(|tab| tab.live && !tab.ended) {
        let question = match state.tab().and_then(super::client::end_of_tap) {
            Some(what) => format!("Quit? {what}"),
            None => "Quit? The connection will be closed.".to_owned(),
        };
        let confirm = dialog::confirm::Confirm::new(&question, "quit");
        state
            .overlays
            .push(Overlay::Confirm(confirm, Box::new(Effect::Quit(0))));
        return Vec::new();
    }
    vec![Effect::Quit(0)]
}

fn palette(state: &mut State) {
    let palette = fresh_palette(state);
    state.overlays.push(Overlay::Palette(palette));
}

/// A palette for the focused pane.
pub(super) fn fresh_palette(state: &State) -> Palette {
    let folder = crate::tui::config::theme_folder();
    let themes = Theme::names(folder.as_deref());
    let names = state.tab().map(namespaces).unwrap_or_default();
    Palette::new(context(state.focus), &state.keymap, state.readonly).with_words(themes, names)
}

fn namespaces(tab: &Tab) -> Vec<String> {
    let of = |namespace: &&crate::model::state::Namespace| namespace.nsp.clone();
    tab.namespaces().iter().map(of).collect()
}

/// Focuses the findings: none of them is new any more.
fn look_at_findings(state: &mut State) {
    state.focus = Pane::Findings;
    if let Some(tab) = state.tab_mut() {
        // The worst is looked at first.
        if tab.unseen > 0 {
            tab.finding = crate::tui::pane::findings::step(&tab.findings, 0, isize::MIN / 2);
        }
        tab.unseen = 0;
    }
}

fn enter_composer(state: &mut State) {
    focus_composer(state);
    let Some(tab) = state.tab_mut() else { return };
    // An untouched draft speaks to the namespace that is selected.
    let draft = tab.composer.draft();
    if draft.event.is_empty() && draft.args.is_empty() {
        let nsp = tab.selected_namespace().unwrap_or("/").to_owned();
        if draft.nsp != nsp {
            tab.composer.set_namespace(&nsp);
        }
    }
}

/// Gives the focus back to the pane that had it.
pub(super) fn leave_composer(state: &mut State) {
    state.focus = match state.before_compose {
        Pane::Compose => Pane::Frames,
        pane => pane,
    };
}

fn ask_filter(state: &mut State) {
    let Some(tab) = state.tab() else { return };
    let now = tab
        .filter
        .filter
        .as_ref()
        .map_or("", |filter| filter.source())
        .to_owned();
    let prompt = Prompt::new("filter")
        .with_placeholder("words, ns:/chat, is:event|ack, !is:ping, lat:>200ms …")
        .with_history(tab.filter.history.clone())
        .with_text(&now);
    state.overlays.push(Overlay::Prompt(Asked::Filter, prompt));
}

fn toggle_filter(state: &mut State) {
    let Some(tab) = state.tab_mut() else { return };
    if tab
        .filter
        .filter
        .as_ref()
        .is_none_or(|filter| filter.is_empty())
    {
        state.say(Tone::Info, "there is no filter to switch");
        return;
    }
    tab.filter.off = !tab.filter.off;
    tab.refill();
}

fn level(state: &mut State) {
    state.level = match state.level {
        Level::Packets => Level::Frames,
        Level::Frames => Level::Raw,
        Level::Raw => Level::Packets,
    };
    for tab in &mut state.tabs {
        tab.refill();
    }
    let words = match state.level {
        Level::Packets => "level: packets",
        Level::Frames => "level: packets, and the frames and exchanges that carried them",
        Level::Raw => "level: every record, undecoded",
    };
    state.say(Tone::Info, words);
}

fn draft(state: &mut State) {
    let Some(tab) = state.tab_mut() else { return };
    let Some(again) = tab.detail.content.draft.clone() else {
        let words = "only an event can be turned into a draft; `:draft NAME` loads one from a file";
        state.say(Tone::Info, words);
        return;
    };
    tab.composer.load(again);
    let selected = tab.log.selected();
    let line = tab.log.window.iter().find(|line| Some(line.id) == selected);
    // In a tap it goes on where it went before.
    if let (Some(_), Some(dir)) = (&tab.tap, line.and_then(|line| line.dir)) {
        tab.composer.inject(dir);
    }
    focus_composer(state);
}

/// Gives the composer the focus; the pane that had it gets it back.
pub(super) fn focus_composer(state: &mut State) {
    if state.focus != Pane::Compose {
        state.before_compose = state.focus;
    }
    state.focus = Pane::Compose;
}

fn copy(state: &mut State) -> Vec<Effect> {
    let Some(tab) = state.tab() else {
        return Vec::new();
    };
    if let Some(address) = super::client::address(tab) {
        return vec![Effect::Copy {
            what: "address",
            text: address,
        }];
    }
    let Some(mut row) = tab.detail.content.copy.clone() else {
        state.say(Tone::Info, "there is no row to copy");
        return Vec::new();
    };
    // Lines that connect need the session's target; its secrets only where they are shown.
    row.target.clone_from(&tab.target);
    row.path = "/socket.io".to_owned();
    if let Some(options) = &tab.options {
        row.path.clone_from(&options.path);
        row.headers = options
            .headers
            .iter()
            .map(|(name, value)| {
                let shown = if state.secrets {
                    value
                } else {
                    mask::header(name, value)
                };
                (name.clone(), shown.to_owned())
            })
            .collect();
        let own = options
            .namespaces
            .iter()
            .find(|namespace| namespace.nsp == row.nsp);
        let auth = own
            .and_then(|namespace| namespace.auth.as_ref())
            .or(options.auth.as_ref());
        if let Some(Auth::Json(json)) = auth {
            row.auth = Some(if state.secrets {
                json.clone()
            } else {
                mask::json(json)
            });
        }
    }
    state
        .overlays
        .push(Overlay::Copy(dialog::copy::CopyMenu::new(&row)));
    Vec::new()
}

/// A title as a part of a file name.
fn file_name(title: &str) -> String {
    title
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
                c
            } else {
                '-'
            }
        })
        .collect()
}

fn enter(state: &mut State) -> Vec<Effect> {
    let focus = state.focus;
    match focus {
        Pane::Frames => state.focus = Pane::Detail,
        Pane::Detail => {
            let Some(tab) = state.tab_mut() else {
                return Vec::new();
            };
            let at = tab.detail.at;
            if tab.detail.view == View::Tree && at > 0 && tab.detail.content.tree.turn(at) {
                tab.detail.step(0);
            } else if let Some(other) = tab.detail.content.other {
                if tab.log.shows_record(other) {
                    tab.log.select_record(other);
                } else {
                    state.say(
                        Tone::Info,
                        format!("record {other} is not shown at this level or with this filter"),
                    );
                }
            }
        }
        Pane::Namespaces => {
            // The namespace's rows: a filter that can be seen, changed and switched off.
            let Some(nsp) = state
                .tab()
                .and_then(Tab::selected_namespace)
                .map(str::to_owned)
            else {
                return Vec::new();
            };
            super::typed::set_filter(state, &format!("ns:{nsp}"));
            state.focus = Pane::Frames;
        }
        Pane::Reconnects => {
            let Some(tab) = state.tab_mut() else {
                return Vec::new();
            };
            let at = tab
                .reconnect
                .unwrap_or(tab.model.reconnects.len().saturating_sub(1));
            if let Some(n) = tab
                .model
                .reconnects
                .get(at)
                .map(crate::tui::pane::reconnects::record_of)
            {
                tab.log.select_record(n);
                state.focus = Pane::Frames;
            }
        }
        Pane::Connection if super::client::only(state) => {}
        Pane::Connection => {
            let Some(tab) = state.tab_mut() else {
                return Vec::new();
            };
            tab.log.jump(Spot::Error, false);
            state.focus = Pane::Frames;
        }
        Pane::Findings => evidence::open(state),
        Pane::Compose => {}
    }
    Vec::new()
}
