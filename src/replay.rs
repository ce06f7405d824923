//! Sessions played again, played back and lined up. **Floor 3.**
//!
//! - [`diff`]: two sessions lined up, and what differs (pure).
//! - [`mock`]: the server's side, played to live clients.
//! - [`play`]: the client's side of a session, played again against a live server (pure).

pub mod diff;
pub mod mock;
pub mod play;

pub use crate::path;
