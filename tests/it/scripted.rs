//! The client against a server that says exactly what a test tells it to: what only real sockets
//! show of HTTP, TLS, WebSocket and of the driver.
//!
//! The ids in the comments are those of the project's list of conformance cases. What is not
//! here, of the groups that this folder covers:
//!
//! | case | why |
//! |---|---|
//! | HS-05, HS-21, HS-30 | raw Engine.IO: the client always speaks Socket.IO |
//! | HS-07, HS-10 (IPv6, default ports) | the form of URLs: tested beside `protocol::engine::url` |
//! | HS-12 | nothing of it is on the socket: tested beside the machine |
//! | P4-06, P4-07, P4-17, P3-02 to P3-05, P3-15, P3-19 | tables beside the codecs |
//! | P3-12, P3-13, P3-21, PX-04 to PX-06 (clusters) | need real servers: `interop` |
//! | P3-16 (`0:`) | the codec skips it, with a quirk |
//! | WC-05, UP-10, HB-05 to HB-15 (intervals), CL-04, CL-16, CL-19, CL-20 | virtual time shows them better |
//! | UP-07 | a stall of a whole ping interval: virtual time |
//! | UP-15, UP-16, HB-06, HB-07, AU-14, AU-15 | a client that misbehaves on purpose |
//! | MF-33 (bomb) | 64 MiB of inflating: beside `net::http::content`, with a smaller limit |
//! | MF-02 to MF-27 | one frame in, one reason out: tables beside codecs and machine |
//! | PX-20 | a delay is in the timings of the record; timing is never a test |

mod bodies;
mod closing;
mod frames;
mod malformed;
mod older;
mod opening;
mod pressure;
mod refusals;
#[cfg(feature = "driver-rust-socketio")]
mod rust_socketio;
pub mod server;
mod session;
pub mod socket;
mod tls;
mod upgrade;
