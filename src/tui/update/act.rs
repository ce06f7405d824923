//! What each action does.

use super::{By, evidence};
use crate::client::Command;
use crate::client::options::Auth;
use crate::journal::record::Direction;
use crate::model::state::AckEntry;
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

fn walk(state: &mut State, by: isize) {
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

/// The next connection of a tap, and the next session beyond its last one.
fn turn(state: &mut State, by: isize) {
    if super::client::step(state, by) {
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

fn step(state: &mut State, by: isize) {
    let focus = state.focus;
    let Some(tab) = state.tab_mut() else { return };
    match focus {
        Pane::Frames | Pane::Compose => tab.log.step(by),
        Pane::Detail => tab.detail.step(by),
        Pane::Connection if tab.tap.is_some() => {
            super::client::step(state, by);
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
fn page(state: &mut State, halves: isize) {
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

fn edge(state: &mut State, last: bool) {
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
fn sideways(state: &mut State, right: bool) {
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

fn turn_view(state: &mut State, by: isize) {
    let Some(tab) = state.tab_mut() else { return };
    let view = tab.detail.view.step(by);
    tab.detail.show(view);
}

fn jump(state: &mut State, spot: Spot, forward: bool) {
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

/// The question that `a` answers: the selected row's, or the oldest that waits.
fn question(tab: &Tab) -> Option<&AckEntry> {
    let open = || {
        tab.model.acks.iter().filter(|ack| {
            ack.dir == Direction::ToClient && ack.state == crate::journal::record::AckState::Pending
        })
    };
    let selected = tab.log.selected().map(|id| id.n());
    open()
        .find(|ack| ack.asked_n == selected)
        .or_else(|| open().next())
}

fn answer(state: &mut State) {
    let Some(tab) = state.tab() else { return };
    let Some(ack) = question(tab) else {
        state.say(Tone::Info, "the server waits for no answer");
        return;
    };
    let shown = tab.log.selected().map(|id| id.n()) == ack.asked_n;
    let args = match &tab.detail.content.draft {
        Some(draft) if shown => draft.args.clone(),
        _ => String::new(),
    };
    let dialog =
        dialog::answer::Answer::new(&ack.nsp, ack.id, ack.event.as_deref().unwrap_or(""), &args);
    state.overlays.push(Overlay::Answer(dialog));
}

/// The selected namespace, where it was refused or left: the one that wants joining again.
fn refused_namespace(state: &State) -> Option<String> {
    use crate::journal::record::NamespaceState as N;
    let tab = state.tab()?;
    let chosen = (state.focus == Pane::Namespaces)
        .then(|| tab.namespaces().get(tab.namespace).copied())
        .flatten();
    chosen
        .or_else(|| {
            tab.model
                .namespaces
                .iter()
                .find(|namespace| namespace.state == N::Refused)
        })
        .filter(|namespace| matches!(namespace.state, N::Refused | N::Disconnected))
        .map(|namespace| namespace.nsp.clone())
}

fn leave(state: &mut State, by: By) -> Vec<Effect> {
    let Some(nsp) = state
        .tab()
        .and_then(Tab::selected_namespace)
        .map(str::to_owned)
    else {
        state.say(Tone::Info, "there is no namespace to leave");
        return Vec::new();
    };
    let effect = Effect::Command(state.current, Command::Leave { nsp: nsp.clone() });
    ask(state, by, &format!("Leave {nsp}?"), "leave", effect)
}

/// `c`: tries now while waiting or disconnected; otherwise asks where to connect.
fn connect(state: &mut State) -> Vec<Effect> {
    use crate::journal::record::ConnectionState as C;
    let again = state.tab().is_some_and(|tab| {
        let up = tab
            .connection()
            .is_some_and(|connection| matches!(connection.state, C::Open | C::Connecting));
        tab.live
            && !state.readonly
            && (tab.model.waiting.is_some() || !up)
            && !tab.model.connections.is_empty()
    });
    if again {
        return vec![Effect::Command(state.current, Command::Connect)];
    }
    let begin = state
        .tab()
        .and_then(|tab| tab.options.as_ref())
        .or(state.template.as_ref());
    let dialog = dialog::connect::Connect::new(begin);
    state.overlays.push(Overlay::Connect(Box::new(dialog)));
    Vec::new()
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
