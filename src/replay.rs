//! Sessions played again, played back and lined up. **Floor 3.**
//!
//! - [`diff`]: two sessions lined up, and what differs (pure).
//! - [`path`]: places in the data of a packet, `say[0].user.id` (pure).

pub mod diff;
pub mod path;
