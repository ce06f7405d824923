//! `--driver rust_socketio`: the published crate's reconnecting client behind a tap of its own.
//!
//! The library is pointed at a tap on the loopback address, so that its bytes, pings and
//! reconnect habits are recorded as any other client's are; its callbacks stand beside them as
//! marks. It answers "is it my server, or is it the client library?".
//!
//! - [`Settings`], [`Emit`], [`Command`]: what the library can be told, and nothing else.
//! - `driver`: the task that owns library and tap.
//! - `library`: the crate itself, on a runtime of its own that can be ended.
//! - `gate`: stands before each of its reconnect attempts.
//! - `ledger`: namespace and acks, read from the tap's records.
//! - `words`: callbacks as marks.
//! - `fall`: its panics, kept from being ours.
//! - [`loopback`]: proxies of the environment, kept away from it.
//!
//! All but the first and the last need the feature `driver-rust-socketio`, which brings the crate
//! and with it OpenSSL.

mod emit;
pub mod loopback;
mod settings;

#[cfg(feature = "driver-rust-socketio")]
mod driver;
#[cfg(feature = "driver-rust-socketio")]
mod fall;
#[cfg(feature = "driver-rust-socketio")]
mod gate;
#[cfg(feature = "driver-rust-socketio")]
mod ledger;
#[cfg(feature = "driver-rust-socketio")]
mod library;
#[cfg(feature = "driver-rust-socketio")]
mod words;

#[cfg(feature = "driver-rust-socketio")]
pub use driver::Client;
pub use emit::Emit;
#[cfg(feature = "driver-rust-socketio")]
pub use fall::is_of_library;
pub use settings::{Auth, Settings, Transports};

use crate::faults::Fault;

/// What a running library can be asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Emit an event on its namespace.
    Emit(Emit),
    /// Start a client where none is connected.
    Connect,
    /// Disconnect, and end the client.
    Disconnect,
    /// Make something fail in its tap at the next moment that fits.
    Fault(Fault),
    /// Make something fail in its tap on one connection.
    FaultOn(Fault, u32),
    /// End the faults that were asked for.
    ClearFaults,
}
