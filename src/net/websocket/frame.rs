//! The record of a message that crosses.

use bytes::Bytes;

use crate::journal::record::{Direction, Frame, Opcode};
use crate::protocol::websocket::Op;

/// What the journal holds of a message or control frame that went this way. `wire`: payload bytes
/// on the wire, where it was compressed.
pub fn frame(dir: Direction, op: &Op, data: Bytes, wire: Option<u64>) -> Frame {
    let (op, code, reason) = match op {
        Op::Text => (Opcode::Text, None, None),
        Op::Binary => (Opcode::Binary, None, None),
        Op::Ping => (Opcode::Ping, None, None),
        Op::Pong => (Opcode::Pong, None, None),
        Op::Close { code, reason } => (Opcode::Close, *code, reason.clone()),
    };
    Frame {
        dir,
        op,
        data,
        code,
        reason,
        wire,
    }
}
