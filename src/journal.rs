//! Records, their store and their file. **Floor 0**; the only module that touches session files.
//!
//! - [`record`]: the types, one for each kind of record.
//! - [`words`]: how each state, direction and kind is spelled.
//! - [`mod@line`]: a record as one line of a session file, and back.
//! - [`har`]: HAR files, in and out.
//! - [`mitm`]: mitmproxy flow files, in.
//! - [`redact`]: secrets taken out of a session (pure).
//! - [`store`]: the journal itself: append, index, read by sequence number.
//! - [`mod@file`]: the header line, opening saved sessions, the folder they are kept in.

pub mod file;
pub mod har;
pub mod line;
pub mod mitm;
pub mod record;
pub mod redact;
pub mod store;
pub mod unreadable;
pub mod words;

pub use record::{Body, Record};
pub use store::Journal;
pub use unreadable::Unreadable;
