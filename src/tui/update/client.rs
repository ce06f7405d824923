//! What keys do in a tap, where the clients are not ours: choosing one, injecting, and saying why
//! what acts on a client of our own is not there.

use crate::client::Command;
use crate::client::command::Emit;
use crate::tui::action::Action;
use crate::tui::clients;
use crate::tui::effect::Effect;
use crate::tui::layout::Pane;
use crate::tui::state::{State, Tab, Tone};

/// Looks at the connection `by` places further. False where this is no tap or there is none.
pub(super) fn step(state: &mut State, by: isize) -> bool {
    let Some(tab) = state.tab_mut() else {
        return false;
    };
    let Some(clients) = &mut tab.tap else {
        return false;
    };
    if !clients.step(&tab.model, by) {
        return false;
    }
    tab.namespace = 0;
    // A filter on one connection goes with the one that is looked at.
    let filtered = tab.filter.active().map(|filter| filter.source().to_owned());
    let c = tab.connection().map(|connection| connection.c);
    if let (Some(_), Some(c)) = (filtered.as_deref().and_then(clients::only), c) {
        super::typed::set_filter(state, &format!("c:{c}"));
    }
    true
}

/// Shows the rows of the chosen connection only, or all again. False where this is no tap.
pub(super) fn only(state: &mut State) -> bool {
    let Some(tab) = state.tab().filter(|tab| tab.tap.is_some()) else {
        return false;
    };
    let Some(c) = tab.connection().map(|connection| connection.c) else {
        return false;
    };
    let filter = tab.filter.active().map(|filter| filter.source().to_owned());
    let text = match filter.as_deref().and_then(clients::only) {
        Some(shown) if shown == c => String::new(),
        _ => format!("c:{c}"),
    };
    let words = match text.is_empty() {
        true => "the rows of all connections".to_owned(),
        false => format!("only the rows of connection {c}"),
    };
    super::typed::set_filter(state, &text);
    state.say(Tone::Info, words);
    true
}

/// What comes of quitting, where it ends a tap.
pub(super) fn end_of_tap(tab: &Tab) -> Option<String> {
    let open = tab.tap.as_ref()?.open(&tab.model);
    Some(match open {
        0 => "The tap will no longer listen.".to_owned(),
        1 => "The tap ends, and its client is cut off.".to_owned(),
        many => format!("The tap ends, and its {many} clients are cut off."),
    })
}

/// What an action does in a tap, where that is something else.
pub(super) fn about(state: &State, action: Action) -> Option<&'static str> {
    state.tab()?.tap.as_ref()?;
    Some(match action {
        Action::Compose => "Write an event, to be injected into the chosen connection",
        Action::Draft => "Turn the selected row into an event to be injected",
        Action::Enter if state.focus == Pane::Connection => {
            "Show the rows of the chosen connection only, and all again"
        }
        Action::SendLine => "Inject a draft of one line",
        Action::Send => "Inject any draft",
        Action::ToggleAck => "Inject to the other side: client or server",
        _ => return None,
    })
}

/// Why an action on a client is not there in a tap.
pub(super) fn refused(state: &State, action: Action) -> Option<String> {
    state.tab()?.tap.as_ref()?;
    let key = state.keymap.hint(action);
    let compose = state.keymap.hint(Action::Compose);
    let words = match action {
        Action::Join | Action::Leave => format!(
            "this is a tap: its clients join and leave by themselves; {compose} injects an event"
        ),
        Action::Connect => {
            "this is a tap: its clients connect by themselves; `:connect URL` opens a session of our own"
                .to_owned()
        }
        Action::Disconnect => format!(
            "this is a tap: its clients disconnect by themselves; {} breaks a connection",
            state.keymap.hint(Action::Break)
        ),
        Action::Answer => {
            "this is a tap: its client answers the server by itself".to_owned()
        }
        _ => return None,
    };
    Some(format!("{key}: {words}"))
}

/// What the composer sends: by our own client, or between the messages of a tapped one.
pub(super) fn emit(state: &mut State, emit: Emit) -> Vec<Effect> {
    let at = state.current;
    let Some(tab) = state.tab() else {
        return Vec::new();
    };
    let (Some(_), Some(dir)) = (&tab.tap, tab.composer.injects()) else {
        return vec![Effect::Command(at, Command::Emit(emit))];
    };
    let open = tab
        .connection()
        .filter(|connection| connection.closed.is_none());
    let Some(c) = open.map(|connection| connection.c) else {
        state.say(Tone::Bad, "there is no open connection to inject into");
        return Vec::new();
    };
    vec![Effect::Inject { at, c, dir, emit }]
}

/// The address that clients are to be pointed at, while that is what a person needs most.
pub(super) fn address(tab: &Tab) -> Option<String> {
    let clients = tab.tap.as_ref()?;
    tab.log.is_empty().then_some(())?;
    clients.listening.clone()
}
