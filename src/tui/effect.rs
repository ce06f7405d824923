//! What `update` asks the world to do, as data.

use std::path::PathBuf;

use crate::client::command::Emit;
use crate::client::{Command, Options};
use crate::journal::record::Direction;

/// Something to be done outside. Sessions are named by their place among the tabs.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Hand a command to a session's client.
    Command(usize, Command),
    /// Put an event between the messages of a tapped connection.
    Inject {
        /// The session.
        at: usize,
        /// Its connection.
        c: u32,
        /// Which side gets it.
        dir: Direction,
        /// The event; it never asks for an ack, whose answer would reach the wrong side.
        emit: Emit,
    },
    /// Say something to the player of a session that is a replay.
    Replay(usize, crate::scope::playing::Said),
    /// Start a client in a new tab.
    Connect(Box<Options>),
    /// Open a saved session in a new tab.
    Open(PathBuf),
    /// List the saved sessions for the dialog that opens one.
    ListSaved,
    /// List the drafts in files for the palette.
    ListDrafts,
    /// Load the draft of this name into a session's composer.
    LoadDraft(usize, String),
    /// Add a draft to a file of drafts: the named one, or the usual one.
    SaveDraft {
        /// The draft.
        draft: Box<crate::collection::Draft>,
        /// The file, as it was named.
        file: Option<String>,
    },
    /// Copy the session's file to this path.
    Save(usize, PathBuf),
    /// Put a text on the clipboard; the words say what it is.
    Copy {
        /// What it is: `JSON`.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// Let the person write the composer's arguments in `$EDITOR`.
    Edit(String),
    /// Take another theme.
    Theme(String),
    /// Stop, as ctrl-z does.
    Suspend,
    /// Draw the whole screen again.
    Redraw,
    /// Leave with this exit code.
    Quit(i32),
}
