//! One running session. **Floor 4**: a source, its journal, and a way to command it.
//!
//! `Scope::connect` and `Scope::open` give the same handle: read the journal, send a command,
//! wait for a change. Whoever wants the state of things folds the journal into a
//! [`crate::model::Model`] (see [`Scope::fold`]): data is pulled, never pushed.

use std::path::{Path, PathBuf};

use crate::client::{Command, Options};
use crate::journal::Journal;

/// Where a session is recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// To a fresh file in the data directory.
    Default,
    /// To this file.
    File(PathBuf),
    /// Not at all: bounded memory only.
    Off,
}

/// Why a command was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The command queue is full; try again.
    #[error("busy: the client has not worked through earlier commands yet, try again")]
    Busy,
    /// There is no live client behind this session.
    #[error("this is a saved session: there is no server to send to")]
    NotLive,
    /// `--readonly`.
    #[error("read-only: this session was started with --readonly")]
    ReadOnly,
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
}

/// A handle on one running or opened session.
#[derive(Clone)]
pub struct Scope {
    journal: Journal,
}

impl Scope {
    /// Starts a client on the current tokio runtime. Connecting goes on behind.
    pub fn connect(options: Options, record: Record) -> Scope {
        unimplemented!()
    }
    /// Opens a saved session.
    pub fn open(path: &Path) -> Result<Scope, crate::journal::file::OpenError> {
        unimplemented!()
    }
    /// The session's journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
    /// What the session was started with; `None` for an opened file.
    pub fn options(&self) -> Option<&Options> {
        unimplemented!()
    }
    /// Hands a command to the client; never waits.
    pub fn command(&self, command: Command) -> Result<(), Refused> {
        unimplemented!()
    }
    /// Something that is said once to the person (recording failed, profile notes, …), oldest first; empties the list.
    pub fn notices(&self) -> Vec<String> {
        unimplemented!()
    }
    /// True once the client has ended for good (gave up, or a disconnect that is not retried).
    pub fn ended(&self) -> bool {
        unimplemented!()
    }
    /// Ends the client (leaving its namespaces politely), flushes and closes the journal.
    pub async fn shutdown(&self) {
        unimplemented!()
    }
}
