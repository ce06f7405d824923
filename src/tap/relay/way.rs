//! One direction of a relayed WebSocket: what was read, what waits, what is to be written.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::BytesMut;

use super::HELD;
use super::OVERHEARD;
use super::READ;
use crate::faults::End;
use crate::faults::Message;
use crate::journal::record::Direction;
use crate::protocol::websocket::Encoder;
use crate::protocol::websocket::Message as Decoded;
use crate::protocol::websocket::Op;
use crate::protocol::websocket::Role;
use crate::tap::inject::Parcel;
use crate::tap::story::How;

/// A message on its way that a fault holds back, or follows with an end.
pub(super) struct Held {
    pub(super) until: Option<Instant>,
    pub(super) bytes: BytesMut,
    pub(super) then: Option<End>,
}

/// One direction.
pub(super) struct Way {
    pub(super) dir: Direction,
    /// Read and not passed on.
    pub(super) raw: BytesMut,
    /// To be written.
    pub(super) out: BytesMut,
    /// When what lies in `out` was read.
    pub(super) at: Instant,
    /// Bytes of the sender that were passed on.
    pub(super) sent: u64,
    /// Of these, what belongs to whole messages.
    pub(super) whole: u64,
    /// Attachments that must follow before anything else may.
    pub(super) attachments: u64,
    /// Compressed messages are passed on uncompressed.
    pub(super) plain: bool,
    pub(super) encoder: Encoder,
    pub(super) parcels: VecDeque<Parcel>,
    pub(super) held: VecDeque<Held>,
    pub(super) held_bytes: usize,
    /// Bytes were pushed for decoding and not drained.
    pub(super) undecoded: bool,
    /// What is sent can't be read as frames any more.
    pub(super) lost: bool,
    /// How the sender's side ended.
    pub(super) ended: Option<How>,
    /// The receiver was told of that end, or is gone.
    pub(super) shut: bool,
    /// The receiver is gone: what still comes is recorded and goes nowhere.
    pub(super) dead: bool,
    /// What lies in `raw` was written down while the connection was frozen; it goes on, unseen,
    /// as soon as that is over.
    pub(super) overheard: bool,
}

impl Way {
    pub(super) fn new(dir: Direction) -> Way {
        Way {
            dir,
            raw: BytesMut::new(),
            out: BytesMut::new(),
            at: Instant::now(),
            sent: 0,
            whole: 0,
            attachments: 0,
            plain: false,
            encoder: Encoder::new(sender(dir), None),
            parcels: VecDeque::new(),
            held: VecDeque::new(),
            held_bytes: 0,
            undecoded: false,
            lost: false,
            ended: None,
            shut: false,
            dead: false,
            overheard: false,
        }
    }

    /// Whether a frozen client is still listened to. Nothing of what it says goes on, and once
    /// this much has come its own system notices that nobody reads.
    pub(super) fn overhears(&self) -> bool {
        self.ended.is_none() && self.raw.len() < OVERHEARD
    }

    /// Reading may go on: what was read before has gone on.
    pub(super) fn reads(&self) -> bool {
        self.ended.is_none() && self.out.is_empty() && self.held_bytes < HELD
    }

    /// Messages have to be looked at before they are passed on.
    pub(super) fn careful(&self, faulty: bool) -> bool {
        !self.lost && (faulty || self.plain || !self.parcels.is_empty())
    }

    /// Something may be put behind what was passed on so far.
    pub(super) fn between(&self) -> bool {
        self.sent == self.whole && self.attachments == 0 && self.held.is_empty()
    }

    /// The next time at which something that is held back may go on.
    pub(super) fn wakes(&self) -> Option<Instant> {
        self.held.front().and_then(|held| held.until)
    }

    pub(super) fn room(&mut self) {
        if self.raw.capacity() - self.raw.len() < READ / 4 {
            self.raw.reserve(READ);
        }
    }

    pub(super) fn encode(&mut self, message: &Message) -> BytesMut {
        let mut out = BytesMut::new();
        match message {
            Message::Text(data) => {
                let _ = self.encoder.encode(&Op::Text, data, &mut out);
            }
            Message::Binary(data) => {
                self.encoder.binary(data, &mut out);
            }
            Message::Raw(bytes) => out.extend_from_slice(bytes),
        }
        out
    }
}

pub(super) fn sender(dir: Direction) -> Role {
    match dir {
        Direction::ToServer => Role::Client,
        Direction::ToClient => Role::Server,
    }
}

/// A data message as it was sent; `None` for a control frame.
pub(super) fn untouched(message: &Decoded) -> Option<Message> {
    match &message.op {
        Op::Text => Some(Message::Text(message.data.clone())),
        Op::Binary => Some(Message::Binary(message.data.clone())),
        Op::Ping | Op::Pong | Op::Close { .. } => None,
    }
}

pub(super) fn hold(way: &mut Way, until: Option<Instant>, bytes: BytesMut, then: Option<End>) {
    if way.held.is_empty() && until.is_none() && then.is_none() {
        append(&mut way.out, bytes);
        return;
    }
    way.held_bytes = way.held_bytes.saturating_add(bytes.len());
    way.held.push_back(Held { until, bytes, then });
}

/// Without a copy where nothing waits.
pub(super) fn append(out: &mut BytesMut, bytes: BytesMut) {
    if out.is_empty() {
        *out = bytes;
    } else {
        out.extend_from_slice(&bytes);
    }
}

/// The attachments that a text message announces: `451-[…]`, `462-/nsp,3[…]`.
pub(super) fn attachments(text: &[u8]) -> u64 {
    let [b'4', b'5' | b'6', rest @ ..] = text else {
        return 0;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 6 || rest.get(digits) != Some(&b'-') {
        return 0;
    }
    rest.iter()
        .take(digits)
        .fold(0, |count, digit| count * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_attachments_are_counted() {
        for (text, count) in [
            ("451-[1]", 1),
            ("4612-/nsp,3[]", 12),
            ("42[\"a\"]", 0),
            ("45[1]", 0),
            ("2", 0),
            ("", 0),
        ] {
            assert_eq!(attachments(text.as_bytes()), count, "{text}");
        }
    }
}
