//! Connections, made and timed. **Floor 1**: does IO on tokio; uses `protocol::websocket` and the
//! types `Headers`, `Timing` and `Frame` of the journal's records.
//!
//! - [`dial`]: resolve, connect, proxies, TLS: the one way in which a connection is made, timed
//!   and refused.
//! - [`http`]: one HTTP exchange over a small pool of kept-alive connections.
//! - [`websocket`]: the upgrade, then a reader and a writer of messages.
//! - [`cookies`]: the jar that both transports share.
//!
//! # Contract
//! Nothing is done behind the caller's back: no redirect is followed, no ping is answered, no
//! header is sent that the caller did not see. Dropping a future cancels what it does.

pub mod cookies;
pub mod dial;
pub mod http;
pub mod websocket;

#[cfg(test)]
mod stub;
