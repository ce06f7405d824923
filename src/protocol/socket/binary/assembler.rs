//! Joins a binary packet with the binary messages that follow it (socket.io-parser,
//! `Decoder.add` and `BinaryReconstructor`).

use bytes::Bytes;

use super::super::{DecodeError, DecodeErrorKind, Decoded, Limits, Packet, Quirk, decode_text};
use super::leaves::{self, Substituted};
use crate::protocol::engine::Version;

/// A binary packet with all its attachments.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// The packet, placeholders still in its JSON.
    pub packet: Packet<'static>,
    /// Its attachments, in order of arrival.
    pub attachments: Vec<Bytes>,
    /// The JSON with each placeholder replaced by `{"$binary":"<base64>"}`; `None` for an ack
    /// without a payload.
    pub json: Option<String>,
}

/// What a text message led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<'a> {
    /// A packet that is complete by itself.
    Packet(Decoded<Packet<'a>>),
    /// A packet that awaits attachments; it comes again, complete, from
    /// [`Assembler::push_binary`].
    Waiting(Decoded<Packet<'a>>),
}

/// One for each connection and direction, not for each namespace and not for each transport: it
/// outlives the upgrade. After an error it awaits a new packet; the reference closes the
/// connection there, an observer may go on and push the same text again.
#[derive(Debug, Clone)]
pub struct Assembler {
    limits: Limits,
    version: Version,
    pending: Option<Pending>,
}

#[derive(Debug, Clone)]
struct Pending {
    packet: Packet<'static>,
    quirks: Vec<Quirk>,
    attachments: Vec<Bytes>,
}

impl Pending {
    fn missing(&self) -> u64 {
        let got = u64::try_from(self.attachments.len()).unwrap_or(u64::MAX);
        self.packet.attachments.saturating_sub(got)
    }
}

impl Assembler {
    /// Awaits a packet.
    pub fn new(limits: Limits, version: Version) -> Self {
        Self {
            limits,
            version,
            pending: None,
        }
    }

    /// Takes a text message of the connection.
    ///
    /// # Errors
    /// What [`decode_text`] refuses, and any text while attachments are awaited.
    pub fn push_text<'a>(&mut self, text: &'a str) -> Result<Progress<'a>, DecodeError> {
        if let Some(pending) = self.pending.take() {
            let missing = pending.missing();
            return Err(DecodeError::new(
                0,
                DecodeErrorKind::TextWhileAssembling { missing },
            ));
        }
        let decoded = decode_text(text, &self.limits, self.version)?;
        if !decoded.value.kind.is_binary() {
            return Ok(Progress::Packet(decoded));
        }
        self.pending = Some(Pending {
            packet: decoded.value.clone().into_owned(),
            quirks: decoded.quirks.clone(),
            attachments: Vec::new(),
        });
        Ok(Progress::Waiting(decoded))
    }

    /// Takes a binary message of the connection; gives the packet when it was the last one
    /// awaited.
    ///
    /// # Errors
    /// No packet awaits one, it is larger than the limit, or a placeholder of the now complete
    /// packet names an attachment that doesn't exist (the offset is in the packet's JSON).
    pub fn push_binary(&mut self, bytes: Bytes) -> Result<Option<Decoded<Assembled>>, DecodeError> {
        let Some(mut pending) = self.pending.take() else {
            return Err(DecodeError::new(0, DecodeErrorKind::BinaryWithoutHeader));
        };
        if bytes.len() > self.limits.max_bytes {
            return Err(DecodeError::new(
                self.limits.max_bytes,
                DecodeErrorKind::TooBig {
                    size: bytes.len(),
                    limit: self.limits.max_bytes,
                },
            ));
        }
        pending.attachments.push(bytes);
        if pending.missing() > 0 {
            self.pending = Some(pending);
            return Ok(None);
        }
        let mut quirks = pending.quirks;
        let json = match pending.packet.data.as_deref() {
            None => None,
            Some(data) => {
                let Substituted {
                    json,
                    quirks: found,
                } = leaves::substitute(data, &pending.attachments)?;
                quirks.extend(found);
                Some(json)
            }
        };
        Ok(Some(Decoded {
            value: Assembled {
                packet: pending.packet,
                attachments: pending.attachments,
                json,
            },
            quirks,
        }))
    }

    /// How many binary messages are awaited.
    pub fn missing(&self) -> u64 {
        self.pending.as_ref().map_or(0, Pending::missing)
    }

    /// The packet that awaits attachments.
    pub fn pending(&self) -> Option<&Packet<'static>> {
        self.pending.as_ref().map(|pending| &pending.packet)
    }

    /// Forgets a half-assembled packet; gives it back, with what had come of it.
    pub fn reset(&mut self) -> Option<(Packet<'static>, Vec<Bytes>)> {
        self.pending
            .take()
            .map(|pending| (pending.packet, pending.attachments))
    }
}
