//! What is said to the server in the client's name: answers, joins, leaving.

use super::ask;
use crate::client::Command;
use crate::journal::record::Direction;
use crate::model::state::AckEntry;
use crate::tui::dialog;
use crate::tui::effect::Effect;
use crate::tui::layout::Pane;
use crate::tui::state::{Overlay, State, Tab, Tone};
use crate::tui::update::By;

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

pub(super) fn answer(state: &mut State) {
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
pub(super) fn refused_namespace(state: &State) -> Option<String> {
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

pub(super) fn leave(state: &mut State, by: By) -> Vec<Effect> {
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
pub(super) fn connect(state: &mut State) -> Vec<Effect> {
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
