//! HAR files (HTTP Archive 1.2, with WebSocket messages as Chrome writes them): import and export.
//! **Floor 0.**
//!
//! HAR holds requests, responses and whole WebSocket messages. What it can't hold (numbers, exact
//! times, control frames, attempts, acks, faults …) goes under `_sioscope` keys, so that a session
//! that was exported and imported again is the same session:
//!
//! - of the log: `header`, the session's first line, and `records`, the lines of everything that
//!   has no entry;
//! - of an entry: `request`, `response` and `messages`, the lines of its records without what the
//!   entry itself holds.
//!
//! A HAR file of a browser has none of them: its entries become connections by their `sid`. What
//! such a file lacks is said: Firefox saves no messages of a WebSocket, and a browser may have let
//! go of a body.

mod browser;
mod entries;
mod entry;
mod export;
mod import;
mod lacks;
mod order;
#[cfg(test)]
mod tests;

pub use export::export;
pub use import::{HarError, Imported, import};
pub(in crate::journal) use import::{query_value, sid_of};

/// Whether a file that begins like this may be HAR: an object whose first key is `log`.
pub(super) fn looks_like(begin: &[u8]) -> bool {
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin);
    let rest = begin.trim_ascii_start();
    rest.strip_prefix(b"{")
        .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"log\""))
}
