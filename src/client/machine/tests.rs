//! The machine in virtual time.

mod bed;
mod closing;
mod handshake;
mod heartbeat;
mod laws;
mod polling;
mod upgrade;
