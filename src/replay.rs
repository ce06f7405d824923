//! Sessions put to use: one of their sides is played again. **Floor 3.**
//!
//! - [`mock`]: the server's side, to live clients.

pub mod mock;
