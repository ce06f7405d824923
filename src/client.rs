//! Our own Socket.IO client. **Floor 2**: a state machine without IO, and thin drivers.
//!
//! - [`options`]: everything that can be chosen about a connection.
//! - [`command`]: what a face can ask a running client to do.
//! - [`backoff`]: how long to wait before the next attempt.
//! - [`machine`]: inputs in, outputs out, deadlines told, the clock always passed in.
//! - [`driver`]: does what the machine asks, over `net`, and writes the records.

pub mod backoff;
pub mod command;
pub mod driver;
pub mod machine;
pub mod options;

pub use command::Command;
pub use options::Options;
