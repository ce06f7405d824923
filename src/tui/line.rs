//! One row of the frame log, ready to be drawn. Made for visible rows only.

use crate::journal::record::Direction;
use super::log::RowId;
use super::theme::Role;

/// What stands in the columns of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Which row it is.
    pub id: RowId,
    /// Session time in microseconds.
    pub t: u64,
    /// Session time of the row above, where there is one.
    pub before: Option<u64>,
    /// Session time at which its connection began.
    pub since: Option<u64>,
    /// Which way it went; `None` for what did not travel.
    pub dir: Option<Direction>,
    /// `ws`, `http` or nothing.
    pub via: &'static str,
    /// Namespace, or `─`.
    pub nsp: String,
    /// Kind, with the ack id: `event #7`.
    pub kind: String,
    /// Tone of the kind.
    pub role: Role,
    /// Event name, or what takes its place.
    pub name: String,
    /// The beginning of the payload.
    pub payload: String,
    /// Latency or a state, at the right end.
    pub note: String,
    /// Tone of the note.
    pub note_role: Role,
    /// Something is wrong with it.
    pub error: bool,
}
