//! The client's side of a recorded session, played again against a live server.
//!
//! Everything here is pure: records and times in, commands out. [`crate::scope`] does the rest.
//!
//! - [`fact`]: records as what they say of one Socket.IO client, recorded or live.
//! - [`script`]: a recorded session as what the client did, and what came of it.
//! - [`setup`]: the handshake again: what is taken from the recording, and what may be sent where.
//! - [`player`]: the script against the live session: what to do when, and what came.
//! - [`values`]: fresh values for what is emitted: `--set`, `--capture` and `{{name}}`.
//! - [`view`]: the recording beside what came, as it is shown.
//! - [`check`]: what came beside what was recorded.
//!
//! # Reconnects
//! A session of our own client is the life of one client: what it did on the connections that
//! followed by reconnecting is played on as one script, and namespaces that it joined again only
//! because the connection was new are not joined again by the script. That a connection was lost
//! is not repeated: where the server closed it, it will do so again; where the network did, a
//! fault can (`--faults`). A recording of other clients (tap, HAR, mitmproxy) can't tell which
//! connection followed which, so one connection is one script. The same holds where a connection
//! was chosen by its number.

#[cfg(test)]
mod bed;
pub mod check;
pub mod fact;
pub mod player;
pub mod script;
pub mod setup;
pub mod values;
pub mod view;
