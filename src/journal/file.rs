//! Session files: the header line, opening saved sessions, the folder they are kept in.

use super::record::Record;

/// What wrote the records of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Our own client.
    Client,
    /// The recording proxy.
    Tap,
    /// An imported HAR file.
    Har,
    /// An imported mitmproxy flow file.
    Mitm,
    /// A replay.
    Replay,
}

/// First line of a session file.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Wall-clock time of the session's start.
    pub started: jiff::Timestamp,
    /// What wrote it.
    pub source: Source,
    /// URL that was connected to.
    pub target: String,
    /// Version of the tool that wrote it.
    pub tool: String,
    /// Socket.IO parser, where it is not the default one (`msgpack`).
    pub parser: Option<String>,
}

/// Why a saved session could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open")]
pub struct OpenError;
