//! Where an event is written before it is sent.
//!
//! **Floor 5**, pure: what has to be known from outside comes in with [`Surroundings`], what is to
//! be done goes out as an [`Outcome`]. It shows the bytes before they are sent, says at once what
//! is wrong with the JSON and where, completes names that were seen, and keeps a history.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::{Position, Rect};

use super::action::{Action, Context};
use super::edit::{Change, Edit};
use super::keymap::Keymap;
use super::prompt::history::{self, Entry, History};
use super::prompt::{Candidate, Popup};
use crate::client::command::Emit;
use crate::journal::record::Direction;

mod collected;
mod draft;
pub mod files;
mod said;
mod view;

pub use draft::{Draft, DraftError, Field};

/// The bytes that a draft would become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The packet's text.
    pub text: String,
    /// Bytes on the wire, attachments included.
    pub bytes: u64,
    /// Number of attachments.
    pub attachments: usize,
}

/// Why a draft that is good JSON can't be made into bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PreviewError(pub String);

/// What the composer needs to know of the world.
pub struct Surroundings<'a> {
    /// Makes the bytes that an emit would become, with the ack id that it would get.
    pub preview: &'a dyn Fn(&Emit) -> Result<Preview, PreviewError>,
    /// Largest message that the server takes, where it says so.
    pub max_payload: Option<u64>,
    /// Whether this namespace is connected right now.
    pub online: &'a dyn Fn(&str) -> bool,
    /// Event names that were seen, the most frequent first.
    pub events: &'a [String],
    /// Namespaces that were seen.
    pub namespaces: &'a [String],
    /// The keys.
    pub keymap: &'a Keymap,
    /// Sending is switched off (`--readonly`, or a saved session).
    pub readonly: bool,
    /// In a tap: the connection that gets what is injected, where there is one.
    pub client: Option<u32>,
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Send this; the draft stays, ready for the next. Where [`files::named_in`] says so, its
    /// files are to be read first.
    Emit(Emit),
    /// Open the arguments in $EDITOR and give its text to [`Composer::edited`].
    Editor(String),
    /// Leave the composer; the draft stays.
    Left,
    /// An action that is not the composer's own (help, command, quit, …).
    Action(Action),
}

impl Entry for Draft {
    fn is_nothing(&self) -> bool {
        self.event.is_empty()
    }
    fn has(&self, words: &str) -> bool {
        [&self.event, &self.args, &self.nsp]
            .iter()
            .any(|text| text.contains(words))
    }
}

/// The composer.
#[derive(Debug, Clone)]
pub struct Composer {
    nsp: Edit,
    event: Edit,
    args: Edit,
    ack: bool,
    /// In a tap: which side gets the event. It takes the place of the ack.
    inject: Option<Direction>,
    timeout: Edit,
    focus: Field,
    popup: Popup,
    history: History<Draft>,
}

impl Default for Composer {
    fn default() -> Composer {
        Composer::new("/")
    }
}

impl Composer {
    /// An empty draft for a namespace.
    pub fn new(nsp: &str) -> Composer {
        Composer {
            nsp: Edit::line().with_text(nsp),
            event: Edit::line(),
            args: Edit::lines(),
            ack: false,
            inject: None,
            timeout: Edit::line(),
            focus: Field::Event,
            popup: Popup::default(),
            history: History::default(),
        }
    }
    /// Takes a draft in, the cursor in its arguments.
    pub fn load(&mut self, draft: Draft) {
        self.put(draft);
        self.focus = Field::Args;
        self.history.leave();
    }
    fn put(&mut self, draft: Draft) {
        self.nsp.set(&draft.nsp);
        self.event.set(&draft.event);
        self.args.set(&draft.args);
        self.ack = draft.ack;
        self.timeout.set(&draft.timeout);
        self.popup.close();
    }
    /// The draft as it stands.
    pub fn draft(&self) -> Draft {
        Draft {
            nsp: self.nsp.text().to_owned(),
            event: self.event.text().to_owned(),
            args: self.args.text().to_owned(),
            ack: self.ack && self.inject.is_none(),
            timeout: match self.inject {
                Some(_) => String::new(),
                None => self.timeout.text().to_owned(),
            },
        }
    }
    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.event.is_empty() && self.args.is_empty()
    }
    /// Another namespace for the draft.
    pub fn set_namespace(&mut self, nsp: &str) {
        self.nsp.set(nsp);
    }
    /// Injects into a tapped connection instead of sending by itself.
    pub fn inject(&mut self, dir: Direction) {
        self.inject = Some(dir);
    }
    /// Which side gets what is injected; `None` where it is sent by our own client.
    pub fn injects(&self) -> Option<Direction> {
        self.inject
    }
    /// Turns the tick of the ack, or in a tap the direction.
    fn toggle(&mut self) {
        match &mut self.inject {
            None => self.ack = !self.ack,
            Some(dir) => {
                *dir = match dir {
                    Direction::ToClient => Direction::ToServer,
                    Direction::ToServer => Direction::ToClient,
                };
            }
        }
    }
    /// The focused field.
    pub fn focus(&self) -> Field {
        self.focus
    }
    /// Drafts that were sent, oldest first, to be remembered between runs.
    pub fn history(&self) -> &[Draft] {
        self.history.entries()
    }
    /// Takes in drafts that were sent in an earlier run.
    pub fn set_history(&mut self, history: Vec<Draft>) {
        self.history = History::new(history);
    }
    /// The text that came back from $EDITOR.
    pub fn edited(&mut self, args: &str) {
        self.args.set(args.trim_end_matches(['\n', '\r']));
        self.focus = Field::Args;
    }

    /// A key; its actions come from the keymap's compose context.
    pub fn update(&mut self, key: KeyEvent, around: &Surroundings<'_>) -> Outcome {
        if self.history.is_searching() {
            match history::search_key(&mut self.history, key) {
                history::Search::Goes(found) => {
                    if let Some(draft) = found {
                        self.put(draft);
                    }
                    return Outcome::Changed;
                }
                history::Search::Gives(before) => {
                    self.put(before);
                    return Outcome::Changed;
                }
                history::Search::Takes => {}
            }
        }
        match around.keymap.resolve(Context::Compose, key) {
            Some(action) => self.act(action, key, around),
            None => self.edit(key, around),
        }
    }

    fn act(&mut self, action: Action, key: KeyEvent, around: &Surroundings<'_>) -> Outcome {
        match action {
            Action::SendLine if self.popup.is_chosen() => self.complete(),
            Action::SendLine if self.args.text().contains('\n') => match self.focus {
                Field::Args => self.insert("\n"),
                _ => self.walk(1),
            },
            Action::SendLine | Action::Send => self.send(around),
            Action::NewLine => match self.focus {
                Field::Args => self.insert("\n"),
                _ => Outcome::Ignored,
            },
            Action::Editor => Outcome::Editor(self.args.text().to_owned()),
            // A name that was typed out is meant, also where a longer one begins with it.
            Action::NextField
                if self.popup.is_chosen() || (self.popup.is_open() && !self.is_known(around)) =>
            {
                self.complete()
            }
            Action::NextField => self.walk(1),
            Action::PreviousField => self.walk(3),
            Action::ToggleAck => {
                self.toggle();
                Outcome::Changed
            }
            Action::HistoryBack => self.up_or_down(key, true),
            Action::HistoryForward => self.up_or_down(key, false),
            Action::HistorySearch => {
                let now = self.draft();
                match self.history.begin_search(&now) {
                    true => Outcome::Changed,
                    false => Outcome::Ignored,
                }
            }
            Action::Back if self.popup.is_open() => {
                self.popup.close();
                Outcome::Changed
            }
            Action::Back => Outcome::Left,
            other => Outcome::Action(other),
        }
    }

    fn edit(&mut self, key: KeyEvent, around: &Surroundings<'_>) -> Outcome {
        // No timeout has a space in it that matters, so there it ticks the box.
        if self.focus == Field::Ack && key.code == KeyCode::Char(' ') {
            self.toggle();
            return Outcome::Changed;
        }
        if self.focus == Field::Ack && self.inject.is_some() {
            return match key.code {
                KeyCode::Left | KeyCode::Right => {
                    self.toggle();
                    Outcome::Changed
                }
                _ => Outcome::Ignored,
            };
        }
        match self.focused().update(key) {
            Change::Nothing => Outcome::Ignored,
            Change::Moved => {
                self.popup.close();
                Outcome::Changed
            }
            Change::Edited => {
                self.history.leave();
                if self.focus == Field::Ack && !self.timeout.is_empty() {
                    self.ack = true;
                }
                self.offer(around);
                Outcome::Changed
            }
        }
    }

    fn focused(&mut self) -> &mut Edit {
        match self.focus {
            Field::Namespace => &mut self.nsp,
            Field::Event => &mut self.event,
            Field::Args => &mut self.args,
            Field::Ack => &mut self.timeout,
        }
    }

    fn insert(&mut self, text: &str) -> Outcome {
        self.focused().insert(text);
        Outcome::Changed
    }

    fn walk(&mut self, by: usize) -> Outcome {
        let all = Field::ALL;
        let at = all.iter().position(|f| *f == self.focus).unwrap_or(0);
        self.focus = all.iter().cycle().nth(at + by).copied().unwrap_or_default();
        self.popup.close();
        Outcome::Changed
    }

    /// Offers what was seen and holds what is typed: first what begins with it.
    fn offer(&mut self, around: &Surroundings<'_>) {
        let (typed, seen) = match self.focus {
            Field::Namespace => (self.nsp.text(), around.namespaces),
            Field::Event => (self.event.text(), around.events),
            Field::Args | Field::Ack => return,
        };
        let wanted = typed.to_lowercase();
        let mut fitting: Vec<(bool, &String)> = seen
            .iter()
            .filter(|name| !typed.is_empty() && *name != typed)
            .filter_map(|name| {
                let lower = name.to_lowercase();
                let begins = lower.starts_with(&wanted);
                (begins || lower.contains(&wanted)).then_some((!begins, name))
            })
            .collect();
        fitting.sort_by_key(|(later, _)| *later);
        let replace = 0..typed.len();
        let candidates = fitting.into_iter().take(100).map(|(_, name)| Candidate {
            text: name.clone(),
            about: String::new(),
            replace: replace.clone(),
        });
        self.popup = Popup::new(candidates.collect());
    }

    /// Whether the focused field holds a name that was seen.
    fn is_known(&self, around: &Surroundings<'_>) -> bool {
        match self.focus {
            Field::Namespace => around.namespaces.iter().any(|n| n == self.nsp.text()),
            Field::Event => around.events.iter().any(|e| e == self.event.text()),
            Field::Args | Field::Ack => false,
        }
    }

    fn complete(&mut self) -> Outcome {
        match self.popup.take() {
            Some(candidate) => {
                self.focused().set(&candidate.text);
                Outcome::Changed
            }
            None => Outcome::Ignored,
        }
    }

    fn up_or_down(&mut self, key: KeyEvent, up: bool) -> Outcome {
        if self.popup.is_open() {
            self.popup.choose(if up { -1 } else { 1 });
            return Outcome::Changed;
        }
        if self.focus == Field::Args {
            let arrow = KeyEvent {
                code: if up { KeyCode::Up } else { KeyCode::Down },
                ..key
            };
            if self.args.update(arrow) != Change::Nothing {
                return Outcome::Changed;
            }
        }
        let found = match up {
            true => self.history.back(&self.draft()),
            false => self.history.forward(),
        };
        match found {
            Some(draft) => {
                self.put(draft);
                Outcome::Changed
            }
            None => Outcome::Ignored,
        }
    }

    fn send(&mut self, around: &Surroundings<'_>) -> Outcome {
        if around.readonly {
            return Outcome::Changed;
        }
        let draft = self.draft();
        match draft.emit() {
            Ok(emit) => {
                // Bytes that can't be made can't be sent; why is on the screen.
                if !files::named_in(&emit.args) && (around.preview)(&emit).is_err() {
                    return Outcome::Changed;
                }
                // Kept as a draft, it can be injected as soon as there is a connection.
                if self.inject.is_some() && around.client.is_none() {
                    return Outcome::Changed;
                }
                self.popup.close();
                self.history.push(&draft);
                Outcome::Emit(emit)
            }
            Err(error) => {
                self.focus = error.field;
                self.focused().go_to(error.at);
                Outcome::Changed
            }
        }
    }

    /// Pasted text.
    pub fn paste(&mut self, text: &str, around: &Surroundings<'_>) -> Outcome {
        self.focused().insert(text);
        self.history.leave();
        self.offer(around);
        Outcome::Changed
    }

    /// A click: focuses the field that is there.
    pub fn click(&mut self, area: Rect, at: Position) -> bool {
        match view::places(self, area).field_at(at) {
            Some(field) => {
                self.focus = field;
                self.popup.close();
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests;
