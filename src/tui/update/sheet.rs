//! Keys while a sheet is open, and what they ask for.

use crossterm::event::KeyEvent;

use crate::client::Command;
use crate::tui::dialog::answer::Answer;
use crate::tui::effect::Effect;
use crate::tui::json;
use crate::tui::line;
use crate::tui::log::RowId;
use crate::tui::prompt::Prompt;
use crate::tui::sheet::{Kind, Outcome, Sheet};
use crate::tui::state::{Asked, Overlay, State, Tab, Tone};

/// Opens a sheet.
pub(super) fn open(state: &mut State, kind: Kind) {
    if state.tab().is_some() {
        state.overlays.push(Overlay::Sheet(Sheet::new(kind)));
    }
}

/// A key. True when the sheet is to be closed.
pub(super) fn key(
    state: &mut State,
    sheet: &mut Sheet,
    key: KeyEvent,
    effects: &mut Vec<Effect>,
) -> bool {
    let (screen, secrets) = (state.screen, state.secrets);
    let Some(tab) = state.tab() else { return true };
    let page = sheet.page(tab, Sheet::width(screen), secrets);
    let rows = Sheet::rows(screen, &page);
    let outcome = sheet.update(key, &page, rows);
    let acts = matches!(
        outcome,
        Outcome::Answer { .. }
            | Outcome::Edit { .. }
            | Outcome::Drop { .. }
            | Outcome::Hold
            | Outcome::Flush
    );
    if acts && let Some(why) = refused(state) {
        state.say(Tone::Bad, why);
        return false;
    }
    let current = state.current;
    let mut command = |command| effects.push(Effect::Command(current, command));
    match outcome {
        Outcome::Ignored | Outcome::Changed => return false,
        Outcome::Closed => return true,
        Outcome::Show(n) => {
            go_to(state, n);
            return true;
        }
        Outcome::Answer {
            nsp,
            id,
            event,
            again,
        } => {
            let dialog = Answer::new(&nsp, id, &event, "");
            let dialog = if again { dialog.once_more() } else { dialog };
            state.overlays.push(Overlay::Answer(dialog));
        }
        Outcome::Edit { nsp, packet } => edit(state, nsp, packet),
        Outcome::Drop { nsp, packet } => command(Command::Unbuffer { nsp, packet }),
        Outcome::Hold => command(Command::Hold),
        Outcome::Flush => command(Command::Flush),
        Outcome::Copy(text) => effects.push(Effect::Copy {
            what: sheet.kind.title(),
            text,
        }),
    }
    false
}

/// Why nothing can be done to the client here.
fn refused(state: &State) -> Option<&'static str> {
    if state.readonly {
        Some("that acts on the server, and this is read-only (--readonly)")
    } else if !state.tab().is_some_and(Tab::is_live) {
        Some("this is a saved session: there is nobody to send it to")
    } else if state.tab().is_some_and(|tab| tab.tap.is_some()) {
        Some("these are another client's: a tap can't act in its name")
    } else {
        None
    }
}

/// Goes to a record in the frame log.
pub(super) fn go_to(state: &mut State, n: u64) {
    if super::show_row(state, RowId::new(n, 0)) {
        state.say(
            Tone::Info,
            format!("#{n} has no row here: the level or the filter holds it back"),
        );
    }
}

/// Asks for other arguments of an event that waits.
fn edit(state: &mut State, nsp: String, packet: String) {
    let Some(args) = packet.find('[').and_then(|at| packet.get(at..)) else {
        return;
    };
    // A binary event's packet names its attachments by number, and they are not in it.
    if packet.starts_with('5') {
        state.say(
            Tone::Bad,
            "a binary event can't be changed here: drop it, and send another",
        );
        return;
    }
    let inner = args.trim();
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let inner = inner.strip_suffix(']').unwrap_or(inner);
    let prompt = Prompt::new("event")
        .with_text(inner)
        .with_placeholder("\"name\", then its arguments as JSON");
    let shown = line::nsp(&nsp, true);
    let Some(tab) = state.tab_mut() else { return };
    tab.changing = Some((nsp, packet));
    state.overlays.push(Overlay::Prompt(Asked::Change, prompt));
    state.say(Tone::Info, format!("the event that waits for {shown}"));
}

/// The prompt of [`edit`] was submitted. True when it is done.
pub(super) fn change(state: &mut State, text: &str, effects: &mut Vec<Effect>) -> bool {
    let Ok(values) = json::values(text) else {
        return false;
    };
    if !values.first().is_some_and(|name| name.starts_with('"')) {
        state.say(Tone::Bad, "an event begins with its name: \"name\", …");
        return false;
    }
    let current = state.current;
    let changing = state.tab_mut().and_then(|tab| tab.changing.take());
    if let Some((nsp, packet)) = changing {
        let args = format!("[{}]", values.join(","));
        effects.push(Effect::Command(
            current,
            Command::Rebuffer { nsp, packet, args },
        ));
    }
    true
}
