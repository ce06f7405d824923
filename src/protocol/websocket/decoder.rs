//! Read bytes in, whole messages out. **Floor 0, pure.**
//!
//! Rules, from RFC 6455 sections 5 and 8.1 and RFC 7692 section 6:
//! 1. Control frames may stand between the fragments of a message; they come out at once.
//! 2. A head is judged before its payload has come, so plain HTTP after the 101 is told at once.
//! 3. RSV1 is allowed on a message's first frame only, and only with permessage-deflate.
//! 4. Text is checked as UTF-8 over the whole message, after inflating.

use bytes::{Buf, Bytes, BytesMut};
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::deflate::{InflateError, Inflater};
use super::frame::{Head, apply_mask, parse_head};
use super::violation::{Quirk, Quirks, Violation, ViolationKind};
use super::{DeflateParams, Limits, Message, Op, Role};

/// Bytes of the stream that a [`Violation`] carries as proof.
const PROOF: usize = 4096;
/// What a server writes when it falls back to HTTP.
const HTTP: &[u8] = b"HTTP/1.";
/// RSV1 in [`Head::rsv`]: "this message is compressed".
const RSV1: u8 = 4;

/// Decodes what one end of a connection receives.
///
/// Bytes are read into a [`BytesMut`] that the caller owns; [`Decoder::decode`] takes whole
/// frames off its front and leaves the rest. After a [`Violation`] every further call returns
/// the same one.
#[derive(Debug)]
pub struct Decoder {
    receiver: Role,
    limits: Limits,
    tolerate_bad_text: bool,
    inflater: Option<Inflater>,
    offset: u64,
    missing: usize,
    partial: Option<Partial>,
    closed: bool,
    failed: Option<Violation>,
}

/// A message of which some fragments have come.
#[derive(Debug)]
struct Partial {
    text: bool,
    compressed: bool,
    data: BytesMut,
    frames: u32,
    quirks: Quirks,
}

impl Decoder {
    /// A decoder for what `receiver` reads. `deflate` is what the two ends agreed on.
    pub fn new(receiver: Role, deflate: Option<&DeflateParams>, limits: Limits) -> Self {
        Decoder {
            receiver,
            limits,
            tolerate_bad_text: false,
            inflater: deflate.map(|params| Inflater::new(params.no_takeover(receiver.peer()))),
            offset: 0,
            missing: 0,
            partial: None,
            closed: false,
            failed: None,
        }
    }

    /// Makes text that is not UTF-8 a quirk instead of a violation, as fits who only watches.
    pub fn tolerating_bad_text(mut self) -> Self {
        self.tolerate_bad_text = true;
        self
    }

    /// The next message, if it is whole in `buf`.
    ///
    /// # Errors
    /// The violation after which this stream cannot be read further.
    pub fn decode(&mut self, buf: &mut BytesMut) -> Result<Option<Message>, Violation> {
        if let Some(violation) = &self.failed {
            return Err(violation.clone());
        }
        let result = self.decode_open(buf);
        if let Err(violation) = &result {
            self.failed = Some(violation.clone());
        }
        result
    }

    /// Bytes that the frame at hand still lacks, as far as its head is known; 0 else. Reserving
    /// them at once spares a large frame many small reads.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// Bytes taken in so far, counted from the end of the 101's head.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the stream may end here: no frame begun (`rest` is what was read and not taken)
    /// and no fragmented message open.
    pub fn is_between_messages(&self, rest: &[u8]) -> bool {
        rest.is_empty() && self.partial.is_none()
    }

    fn decode_open(&mut self, buf: &mut BytesMut) -> Result<Option<Message>, Violation> {
        loop {
            self.missing = 0;
            let head = match parse_head(buf) {
                Ok(None) => return Ok(None),
                Ok(Some(head)) => head,
                Err(opcode) => return self.refuse(ViolationKind::Opcode { opcode }, buf),
            };
            if let Err(kind) = self.judge(&head) {
                return self.refuse(kind, buf);
            }
            let len = match usize::try_from(head.len) {
                Ok(len) if self.fits(len) => len,
                _ => {
                    return self.refuse(
                        ViolationKind::TooBig {
                            limit: self.limits.message,
                        },
                        buf,
                    );
                }
            };
            let whole = head.size.saturating_add(len);
            if buf.len() < whole {
                self.missing = whole - buf.len();
                return Ok(None);
            }
            let at = self.offset;
            self.offset = self.offset.saturating_add(whole as u64);
            buf.advance(head.size);
            let mut payload = buf.split_to(len);
            if let Some(mask) = head.mask {
                apply_mask(&mut payload, mask);
            }
            let payload = payload.freeze();
            let quirks = self.quirks(&head);
            let message = match head.opcode {
                OpCode::Control(control) => Some(self.control(control, payload, quirks)),
                OpCode::Data(data) => self.data(at, data, &head, payload, quirks)?,
            };
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    /// What a head alone gives away.
    fn judge(&self, head: &Head) -> Result<(), ViolationKind> {
        let opens = matches!(head.opcode, OpCode::Data(Data::Text | Data::Binary));
        let allowed = if opens && self.inflater.is_some() {
            RSV1
        } else {
            0
        };
        if head.rsv & !allowed != 0 {
            return Err(ViolationKind::Rsv { bits: head.rsv });
        }
        match head.opcode {
            OpCode::Control(_) if !head.fin => Err(ViolationKind::ControlFragmented),
            OpCode::Control(_) if head.len > 125 => {
                Err(ViolationKind::ControlTooLong { len: head.len })
            }
            OpCode::Data(Data::Continue) if self.partial.is_none() => {
                Err(ViolationKind::ContinuationOfNothing)
            }
            OpCode::Data(Data::Text | Data::Binary) if self.partial.is_some() => {
                Err(ViolationKind::MessageInsideFragments)
            }
            _ => Ok(()),
        }
    }

    fn fits(&self, len: usize) -> bool {
        let before = self
            .partial
            .as_ref()
            .map_or(0, |partial| partial.data.len());
        before.saturating_add(len) <= self.limits.message
    }

    /// Turns a wrong head into a violation, once it is sure whether the bytes are HTTP.
    fn refuse(&self, kind: ViolationKind, buf: &BytesMut) -> Result<Option<Message>, Violation> {
        let kind = if buf.starts_with(HTTP) {
            ViolationKind::HttpAfterUpgrade
        } else if HTTP.starts_with(buf) {
            return Ok(None);
        } else {
            kind
        };
        let proof = buf.get(..PROOF).unwrap_or(buf);
        Err(Violation {
            at: self.offset,
            kind,
            bytes: Bytes::copy_from_slice(proof),
        })
    }

    fn quirks(&mut self, head: &Head) -> Quirks {
        let mut quirks = Quirks::default();
        match (self.receiver, head.mask) {
            (Role::Client, Some(_)) => quirks.add(Quirk::MaskedByServer),
            (Role::Server, None) => quirks.add(Quirk::NotMaskedByClient),
            _ => {}
        }
        if !head.shortest {
            quirks.add(Quirk::LongLength);
        }
        if self.closed {
            quirks.add(Quirk::AfterClose);
        }
        quirks
    }

    fn control(&mut self, control: Control, payload: Bytes, mut quirks: Quirks) -> Message {
        let (op, data) = match control {
            Control::Ping => (Op::Ping, payload),
            Control::Pong => (Op::Pong, payload),
            // Reserved opcodes never come this far: the head's parser refuses them.
            Control::Close | Control::Reserved(_) => {
                self.closed = true;
                (close(&payload, &mut quirks), Bytes::new())
            }
        };
        Message {
            op,
            data,
            wire: None,
            frames: 1,
            quirks,
        }
    }

    fn data(
        &mut self,
        at: u64,
        opcode: Data,
        head: &Head,
        payload: Bytes,
        quirks: Quirks,
    ) -> Result<Option<Message>, Violation> {
        if head.fin && self.partial.is_none() {
            let compressed = head.rsv & RSV1 != 0;
            return self
                .finish(at, opcode == Data::Text, compressed, payload, 1, quirks)
                .map(Some);
        }
        let partial = self.partial.get_or_insert_with(|| Partial {
            text: opcode == Data::Text,
            compressed: head.rsv & RSV1 != 0,
            data: BytesMut::new(),
            frames: 0,
            quirks: Quirks::default(),
        });
        partial.data.extend_from_slice(&payload);
        partial.frames = partial.frames.saturating_add(1);
        partial.quirks.join(quirks);
        if !head.fin {
            return Ok(None);
        }
        match self.partial.take() {
            None => Ok(None),
            Some(Partial {
                text,
                compressed,
                data,
                frames,
                quirks,
            }) => self
                .finish(at, text, compressed, data.freeze(), frames, quirks)
                .map(Some),
        }
    }

    fn finish(
        &mut self,
        at: u64,
        text: bool,
        compressed: bool,
        payload: Bytes,
        frames: u32,
        mut quirks: Quirks,
    ) -> Result<Message, Violation> {
        let (data, wire) = match self.inflater.as_mut().filter(|_| compressed) {
            None => (payload, None),
            Some(inflater) => match inflater.inflate(&payload, self.limits.message) {
                Ok(data) => (data, Some(payload.len() as u64)),
                Err(error) => {
                    let kind = match error {
                        InflateError::TooBig => ViolationKind::TooBig {
                            limit: self.limits.message,
                        },
                        InflateError::Corrupt(why) => ViolationKind::Inflate(why),
                    };
                    let proof = payload.get(..PROOF).unwrap_or(&payload);
                    return Err(Violation {
                        at,
                        kind,
                        bytes: Bytes::copy_from_slice(proof),
                    });
                }
            },
        };
        if text && simdutf8::basic::from_utf8(&data).is_err() {
            if self.tolerate_bad_text {
                quirks.add(Quirk::TextNotUtf8);
            } else {
                let valid_up_to = simdutf8::compat::from_utf8(&data)
                    .err()
                    .map_or(0, |e| e.valid_up_to());
                let kind = ViolationKind::TextNotUtf8 { valid_up_to };
                return Err(Violation {
                    at,
                    kind,
                    bytes: data,
                });
            }
        }
        let op = if text { Op::Text } else { Op::Binary };
        Ok(Message {
            op,
            data,
            wire,
            frames,
            quirks,
        })
    }
}

/// Reads a close frame's payload (RFC 6455, section 5.5.1).
fn close(payload: &[u8], quirks: &mut Quirks) -> Op {
    let (code, rest) = match payload {
        [] => {
            return Op::Close {
                code: None,
                reason: None,
            };
        }
        [high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
        [_] => {
            quirks.add(Quirk::CloseCodeCut);
            return Op::Close {
                code: None,
                reason: None,
            };
        }
    };
    // 1014 (bad gateway) was registered after tungstenite's list was written.
    if code != 1014 && !CloseCode::from(code).is_allowed() {
        quirks.add(Quirk::CloseCodeReserved);
    }
    if simdutf8::basic::from_utf8(rest).is_err() {
        quirks.add(Quirk::CloseReasonNotUtf8);
    }
    let reason = (!rest.is_empty()).then(|| String::from_utf8_lossy(rest).into_owned());
    Op::Close {
        code: Some(code),
        reason,
    }
}

#[cfg(test)]
mod tests;
