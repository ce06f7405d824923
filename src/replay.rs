//! Sessions played again, played back and lined up. **Floor 3.**
//!
//! - [`path`]: places in the data of a packet, `say[0].user.id` (pure).
//! - [`play`]: the client's side of a session, played again against a live server (pure).

pub mod path;
pub mod play;
