//! The client against a server that says exactly what a test tells it to: what only real sockets
//! show of HTTP, TLS, WebSocket and of the driver.
//!
//! The ids in the comments are those of the project's list of conformance cases.

mod bodies;
mod closing;
mod frames;
mod opening;
mod refusals;
pub mod server;
mod session;
pub mod socket;
mod upgrade;
