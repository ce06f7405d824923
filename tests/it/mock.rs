//! `sioscope mock`: the server's side of sessions that were recorded from real servers, played to
//! the clients that they were recorded from, and to others.

mod clients;
mod ends;
mod own;
pub mod stage;
mod strangers;
