//! The server's side of a recorded session, played to live clients of any library.
//!
//! A [`Script`] is read from the session's journal (whichever side recorded it): for each thing
//! that a client did, what the server said upon it. Each connection of a live client plays it by
//! itself, from the start: several clients at once and reconnects do not disturb each other.
//!
//! # What answers what
//! A [`script::Cue`] is something that a client does: it joins a namespace, emits an event, or
//! answers a question (an event with an ack id) of the server. Its lines are what the server said
//! upon it, each with its delay:
//!
//! - an ack belongs to the event that asked for it, the reply to a CONNECT to that CONNECT;
//! - an event of the server (and its DISCONNECT, and its end of the connection) belongs to the
//!   client's newest cue in the same namespace, if that is at most [`WITHIN`] (or as told) old;
//! - what came later, or before the client's first event, is unsolicited: it is played by its
//!   time since the namespace was joined.
//!
//! A live client's event is matched by namespace and name to the recorded one whose arguments
//! are most alike; among equals those come first that were not played yet, in their order, and
//! when all were played the last one is played again (`matching`). Auth is not compared. A
//! namespace that is joined for the second time gets the answer that the second join got.
//!
//! # What differs from the recording
//! Session ids, socket ids and `pid` are fresh for each connection (where a recorded event quotes
//! them, the fresh ones stand there), ack ids are counted anew. Compression and JSONP
//! are not spoken.
//!
//! # Parts
//! - [`script`]: what a session says, and how it is read from records (pure).
//! - `matching`: which recorded event answers a live one (pure).
//! - [`actor`]: the Socket.IO side of one live connection: packets and time in, packets out (pure).
//! - [`engine`]: the Engine.IO side: transports, upgrade, heartbeat, end (pure).
//! - [`report`]: what the session did not know, and what of it was not played (pure).
//! - [`server`]: HTTP and WebSockets around them.

pub mod actor;
pub mod engine;
mod matching;
pub mod report;
pub mod script;
pub mod server;

#[cfg(test)]
mod bed;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::journal::Journal;
use crate::journal::file::OpenError;

pub use actor::Play;
pub use report::{Note, Report};
pub use script::Script;
pub use server::{Bound, Mock, StartError};

/// See [`mock`](self): how old a client's deed may be to be what the server answers.
pub const WITHIN: Duration = Duration::from_secs(5);

/// Why a session can't be played.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is no session.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing in it is of a server.
    #[error(
        "{path} holds {records} records, but no handshake and no packet of a Socket.IO connection: there is nothing to play{note}"
    )]
    Nothing {
        /// The file.
        path: PathBuf,
        /// How many records it has.
        records: u64,
        /// What its file lacks, in brackets; or nothing.
        note: String,
    },
}

/// Reads a saved session to its end. Gives its script, and what is to be said of the file.
///
/// # Errors
/// A file that is no session, or one without any connection.
pub fn read(path: &Path, within: Duration) -> Result<(Script, Option<String>), ReadError> {
    let journal = Journal::open(path)?;
    // Reading is a thread's work; there is nothing else to do meanwhile.
    while journal.status().indexed < 1.0 && journal.status().failed.is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut reader = script::Reader::new(journal.header().parser.as_deref(), within);
    journal.scan(1, |record| {
        reader.take(&record);
        ControlFlow::Continue(())
    });
    let script = reader.finish();
    let status = journal.status();
    if script.parts.is_empty() {
        let (path, records) = (path.to_owned(), journal.len());
        let note = status.lacks.map(|lacks| format!(" ({lacks})"));
        return Err(ReadError::Nothing {
            path,
            records,
            note: note.unwrap_or_default(),
        });
    }
    let cut = status
        .cut
        .then(|| "the session's last line was cut off and is left out".to_owned());
    let lacks = (status.lacks).map(|lacks| format!("{}: {lacks}", path.display()));
    Ok((script, status.failed.or(cut).or(lacks)))
}
