//! Every action by name, and commands with arguments.
//!
//! **Floor 5**, pure.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::{Action, Context};
use super::keymap::Keymap;
use super::theme::Theme;

/// A command with its arguments, as typed; being typed, it is not asked about again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// `connect URL`
    Connect(String),
    /// `join NSP [AUTH]`
    Join {
        /// Namespace with its leading `/`.
        nsp: String,
        /// Auth as JSON.
        auth: Option<String>,
    },
    /// `leave NSP`
    Leave(String),
    /// `filter …`; empty takes the filter away
    Filter(String),
    /// `mark TEXT`
    Mark(String),
    /// `theme NAME`
    Theme(String),
    /// `save PATH`
    Save(String),
    /// `open PATH`
    Open(String),
    /// An action's name: done without asking.
    Action(Action),
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// An action was chosen from the list: it asks as its key would.
    Run(Action),
    /// A command was typed out.
    Command(Typed),
    /// Esc.
    Cancelled,
}

/// The palette.
#[derive(Debug, Clone)]
pub struct Palette {}

impl Palette {
    /// The actions of a context with their keys; `readonly` leaves out what acts on the server.
    pub fn new(context: Context, keymap: &Keymap, readonly: bool) -> Palette {
        let _ = (context, keymap, readonly);
        Palette {}
    }
    /// With words to complete: themes for `theme`, namespaces for `join` and `leave`.
    #[must_use]
    pub fn with_words(self, themes: Vec<String>, namespaces: Vec<String>) -> Palette {
        let _ = (themes, namespaces);
        self
    }
    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let _ = key;
        Outcome::Ignored
    }
    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> Outcome {
        let _ = text;
        Outcome::Changed
    }
    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let _ = (screen, buf, theme);
    }
    /// Where the cursor is.
    pub fn cursor(&self, screen: Rect) -> Option<Position> {
        let _ = screen;
        None
    }
}
