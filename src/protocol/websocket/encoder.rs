//! Messages in, frames out. **Floor 0, pure.**

use bytes::BytesMut;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::deflate::Deflater;
use super::frame::{MaskKeys, write_frame};
use super::{DeflateParams, Op, Role};

/// Messages shorter than this go uncompressed, as `ws` and Engine.IO have it
/// (engine.io `lib/server.ts`, `perMessageDeflate.threshold`).
const COMPRESS_FROM: usize = 1024;

/// A frame that must not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Ping, pong and close carry 125 bytes at most.
    #[error("a control frame carries at most 125 bytes, this one has {0}; shorten its text")]
    ControlTooLong(usize),
}

/// Encodes what one end of a connection sends: a client masks, a server does not.
#[derive(Debug)]
pub struct Encoder {
    keys: Option<MaskKeys>,
    deflater: Option<Deflater>,
    compress_from: usize,
}

impl Encoder {
    /// An encoder for what `sender` writes. `deflate` is what the two ends agreed on.
    pub fn new(sender: Role, deflate: Option<&DeflateParams>) -> Self {
        Encoder {
            keys: (sender == Role::Client).then(MaskKeys::random),
            deflater: deflate
                .and_then(|params| Deflater::new(params.bits(sender), params.no_takeover(sender))),
            compress_from: COMPRESS_FROM,
        }
    }

    /// Compresses messages from `bytes` on (where compression was agreed); 1,024 else.
    pub fn compressing_from(mut self, bytes: usize) -> Self {
        self.compress_from = bytes;
        self
    }

    /// Appends the frame of any kind of message. Returns the payload bytes on the wire where it
    /// was compressed, as [`super::Message::wire`] has it. `data` counts for all but close.
    ///
    /// # Errors
    /// A control frame with more than 125 bytes; nothing is appended then.
    pub fn encode(
        &mut self,
        op: &Op,
        data: &[u8],
        out: &mut BytesMut,
    ) -> Result<Option<u64>, EncodeError> {
        match op {
            Op::Text => Ok(self.message(Data::Text, data, out)),
            Op::Binary => Ok(self.message(Data::Binary, data, out)),
            Op::Ping => self.control(Control::Ping, data, out).map(|()| None),
            Op::Pong => self.control(Control::Pong, data, out).map(|()| None),
            Op::Close { code, reason } => self
                .close(*code, reason.as_deref().unwrap_or_default(), out)
                .map(|()| None),
        }
    }

    /// Appends a text message.
    pub fn text(&mut self, text: &str, out: &mut BytesMut) -> Option<u64> {
        self.message(Data::Text, text.as_bytes(), out)
    }

    /// Appends a binary message.
    pub fn binary(&mut self, data: &[u8], out: &mut BytesMut) -> Option<u64> {
        self.message(Data::Binary, data, out)
    }

    /// Appends a ping.
    ///
    /// # Errors
    /// More than 125 bytes.
    pub fn ping(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        self.control(Control::Ping, data, out)
    }

    /// Appends a pong.
    ///
    /// # Errors
    /// More than 125 bytes.
    pub fn pong(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        self.control(Control::Pong, data, out)
    }

    /// Appends a close frame. Without a code it is empty (the peer sees 1005), and `reason` is
    /// not sent.
    ///
    /// # Errors
    /// A reason of more than 123 bytes.
    pub fn close(
        &mut self,
        code: Option<u16>,
        reason: &str,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let Some(code) = code else {
            return self.control(Control::Close, &[], out);
        };
        let mut payload = Vec::with_capacity(2 + reason.len());
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(reason.as_bytes());
        self.control(Control::Close, &payload, out)
    }

    fn message(&mut self, kind: Data, data: &[u8], out: &mut BytesMut) -> Option<u64> {
        let mask = self.keys.as_mut().map(MaskKeys::next_key);
        let opcode = OpCode::Data(kind);
        if data.len() >= self.compress_from
            && let Some(Ok(small)) = self.deflater.as_mut().map(|d| d.deflate(data))
        {
            write_frame(out, true, 4, opcode, mask, small);
            return Some(small.len() as u64);
        }
        write_frame(out, true, 0, opcode, mask, data);
        None
    }

    fn control(
        &mut self,
        kind: Control,
        data: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        if data.len() > 125 {
            return Err(EncodeError::ControlTooLong(data.len()));
        }
        let mask = self.keys.as_mut().map(MaskKeys::next_key);
        write_frame(out, true, 0, OpCode::Control(kind), mask, data);
        Ok(())
    }
}
