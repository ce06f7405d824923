//! The built program against real Socket.IO servers of every kind: what it shows of them, what
//! it says to them, and how it ends.
//!
//! Everything is read from the records that `stream` prints, from what the servers saw and from
//! what crossed the wire. How long anything took is never asserted.

mod deliveries;
mod echo;
mod escapes;
mod faults;
mod namespaces;
mod reasons;
mod reconnection;
pub mod records;
mod runs;
#[cfg(feature = "driver-rust-socketio")]
mod rust_socketio;
mod session_files;
mod wire;
