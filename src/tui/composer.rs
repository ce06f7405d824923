//! Where an event is written before it is sent.
//!
//! **Floor 5**, pure: what has to be known from outside comes in with [`Surroundings`], what is to
//! be done goes out as an [`Outcome`].

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::keymap::Keymap;
use super::theme::Theme;
use crate::client::command::Emit;

pub mod draft;

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
    /// The keys, for hints.
    pub keymap: &'a Keymap,
    /// Sending is switched off (`--readonly`, or a saved session).
    pub readonly: bool,
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Send this; the draft stays, ready for the next.
    Emit(Emit),
    /// Open the arguments in $EDITOR and give its text to [`Composer::edited`].
    Editor(String),
    /// Leave the composer; the draft stays.
    Left,
    /// An action that is not the composer's own (help, command, quit, …).
    Action(Action),
}

/// The composer.
#[derive(Debug, Clone, Default)]
pub struct Composer {}

impl Composer {
    /// An empty draft for a namespace.
    pub fn new(nsp: &str) -> Composer {
        let _ = nsp;
        Composer {}
    }
    /// Takes a draft in, the cursor in its arguments.
    pub fn load(&mut self, draft: Draft) {
        let _ = draft;
    }
    /// The draft as it stands.
    pub fn draft(&self) -> Draft {
        Draft::default()
    }
    /// Drafts that were sent, oldest first, to be remembered between runs.
    pub fn history(&self) -> &[Draft] {
        &[]
    }
    /// Takes in drafts that were sent in an earlier run.
    pub fn set_history(&mut self, history: Vec<Draft>) {
        let _ = history;
    }
    /// The text that came back from $EDITOR.
    pub fn edited(&mut self, args: &str) {
        let _ = args;
    }
    /// A key; its actions come from the keymap's compose context.
    pub fn update(&mut self, key: KeyEvent, around: &Surroundings<'_>) -> Outcome {
        let _ = (key, around);
        Outcome::Ignored
    }
    /// Pasted text.
    pub fn paste(&mut self, text: &str, around: &Surroundings<'_>) -> Outcome {
        let _ = (text, around);
        Outcome::Changed
    }
    /// Rows that it wants, inner rows only (2 for a draft of one line), at most `most`.
    pub fn height(&self, most: u16) -> u16 {
        2.min(most)
    }
    /// Draws the fields, and what will be sent or what is wrong. The caller draws the border.
    pub fn draw(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        around: &Surroundings<'_>,
        focused: bool,
    ) {
        let _ = (area, buf, theme, around, focused);
    }
    /// Draws the completions over what lies above `area`, within `screen`. Call it last.
    pub fn draw_popup(&self, area: Rect, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let _ = (area, screen, buf, theme);
    }
    /// Where the cursor is.
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        let _ = area;
        None
    }
}
