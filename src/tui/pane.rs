//! The panes: each draws itself from the state, and changes nothing.

pub mod clients;
pub mod connection;
pub mod detail;
pub mod findings;
pub mod frames;
pub mod namespaces;
pub mod reconnects;
