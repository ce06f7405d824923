//! Bytes and packets, both generations. **Floor 0, pure**: no clock, no channel, no tokio.
//!
//! - [`decoded`]: what every decoder here answers: a value with its quirks, or an error with
//!   its byte offset.
//! - [`json`]: a JSON reader that keeps the raw text and accepts all that JavaScript accepts.
//! - [`engine`]: Engine.IO packets, the handshake, polling payloads, WebSocket messages.
//! - [`socket`]: Socket.IO packets, their text form, binary attachments, the msgpack parser.
//! - [`websocket`]: WebSocket frames as they cross the wire, permessage-deflate, the HTTP upgrade.
//!
//! A decoder here never gives up: it returns what it could read, names the quirks that it
//! tolerated and, where it must fail, says the byte offset and the reason.

pub mod decoded;
pub mod engine;
pub mod json;
pub mod socket;
pub mod websocket;
