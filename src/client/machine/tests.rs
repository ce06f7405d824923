//! The machine in virtual time.

mod acks;
mod bed;
mod closing;
mod generations;
mod handshake;
mod heartbeat;
mod laws;
mod namespaces;
mod packets;
mod polling;
mod random;
mod reconnect;
mod upgrade;
