//! The state of things, folded from records. **Floor 1, pure**: records in, answers out.
//!
//! The fold does not care whether a record came from our client, from a tapped one or from a
//! file: live view, opened file and headless output are the same fold.
//!
//! - [`state`]: what a person asks about: connections, namespaces, acks, attempts, buffer.
//! - [`fold`]: records in.
//! - [`decode`]: a record's bytes as packets, with attachments put together.
//! - [`row`]: the rows of the frame log.
//! - [`filter`]: the filter language.

pub mod decode;
pub mod filter;
pub mod fold;
pub mod row;
pub mod state;
pub mod statistics;

#[cfg(test)]
mod script;

pub use decode::{Decoder, Packet};
pub use filter::Filter;
pub use row::{Level, Row, RowRef};
pub use state::Model;
