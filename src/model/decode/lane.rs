//! One direction of one connection: messages in, Socket.IO packets out.

use bytes::Bytes;

use super::Kind;
use super::line::Found;
use crate::protocol::engine::Version;
use crate::protocol::socket::{self, Assembler, Limits, PacketKind, Progress, Quirk};

/// More attachments than the reference takes by default (10), because older ones had no limit.
const LIMITS: Limits = Limits {
    max_attachments: 10_000,
    max_depth: 256,
    max_bytes: 100_000_000,
};

/// State of one direction.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    assembler: Assembler,
    /// Header and count of a packet whose attachments are awaited, when only headers are read.
    light: Option<Option<Awaited>>,
    /// Record of the header of the awaited packet, and the bytes so far.
    since: Option<(u64, u64)>,
    msgpack: bool,
    /// The text parser was at work: binary without a header is no msgpack.
    spoke_text: bool,
}

#[derive(Debug, Clone)]
struct Awaited {
    kind: Kind,
    missing: u64,
}

impl Lane {
    pub(super) fn new(version: Version, msgpack: bool, light: bool) -> Lane {
        Lane {
            assembler: Assembler::new(LIMITS, version),
            light: light.then_some(None),
            since: None,
            msgpack,
            spoke_text: false,
        }
    }

    /// The version became known. What was half-arrived is kept.
    pub(super) fn set_version(&mut self, version: Version) {
        if self.assembler.missing() == 0 {
            self.assembler = Assembler::new(LIMITS, version);
        }
    }

    pub(super) fn is_msgpack(&self) -> bool {
        self.msgpack
    }

    pub(super) fn awaited_since(&self) -> Option<u64> {
        self.since.map(|(first, _)| first)
    }

    /// A text message of `size` bytes on the wire.
    pub(super) fn text(
        &mut self,
        found: &mut Found,
        text: &str,
        size: u64,
        begins: usize,
        quirks: &[Quirk],
    ) {
        // The msgpack parser of generation 2 writes what carries no event as JSON text.
        if self.msgpack
            && let Ok(decoded) = socket::msgpack::decode_text(text, &LIMITS)
        {
            let packet = decoded.value;
            let kind = Kind::Socket {
                name: packet.kind.name(),
                nsp: packet.nsp.into_owned(),
                id: None,
                data: packet.data.map(|data| data.into_owned()),
                event: None,
                attachments: 0,
                offset: None,
            };
            found.push(size, kind, quirks);
            return;
        }
        self.spoke_text = true;
        if self.light.is_some() && self.text_lightly(found, text, size) {
            return;
        }
        let mut progress = self.assembler.push_text(text);
        if self.since.take().is_some()
            && let Err(error) = &progress
        {
            // The awaited packet is lost; the text that came instead is read for itself.
            found.fail(0, error, begins);
            progress = self.assembler.push_text(text);
        }
        match progress {
            Ok(Progress::Packet(decoded)) => {
                let mut all = decoded.quirks;
                all.extend_from_slice(quirks);
                let event = decoded.value.event_name().map(|name| name.into_owned());
                let packet = decoded.value;
                let kind = Kind::Socket {
                    name: packet.kind.name(),
                    nsp: packet.nsp.into_owned(),
                    id: packet.id,
                    data: packet.data.map(|data| data.into_owned()),
                    event,
                    attachments: 0,
                    offset: None,
                };
                found.push(size, kind, &all);
            }
            Ok(Progress::Waiting(_)) => self.since = Some((found.n, size)),
            Err(error) => found.fail(size, &error, begins),
        }
    }

    /// A binary message of `size` bytes on the wire.
    pub(super) fn binary(
        &mut self,
        found: &mut Found,
        data: Bytes,
        size: u64,
        begins: usize,
        quirks: &[Quirk],
    ) {
        let (first, before) = self.since.unwrap_or((found.n, 0));
        let size = size.saturating_add(before);
        if let Some(Some(awaited)) = &mut self.light {
            awaited.missing = awaited.missing.saturating_sub(1);
            self.since = Some((first, size));
            if awaited.missing == 0 {
                self.since = None;
                if let Some(Awaited { kind, .. }) = self.light.as_mut().and_then(Option::take) {
                    found.push(size, kind, quirks);
                }
            }
            return;
        }
        if self.since.is_none() && (self.msgpack || !self.spoke_text) {
            match socket::msgpack::decode(&data, &LIMITS) {
                Ok(decoded) => {
                    self.msgpack = true;
                    let mut all = decoded.quirks;
                    all.extend_from_slice(quirks);
                    let event = decoded.value.event_name().map(|name| name.into_owned());
                    let data = decoded.value.data.map(|data| data.into_owned());
                    let kind = Kind::Socket {
                        name: decoded.value.kind.name(),
                        nsp: decoded.value.nsp.into_owned(),
                        id: decoded.value.id,
                        data,
                        event,
                        attachments: decoded.value.attachments,
                        offset: None,
                    };
                    found.push(size, kind, &all);
                    return;
                }
                Err(error) if self.msgpack => {
                    found.fail(size, &error, begins);
                    return;
                }
                // No msgpack: let the assembler say what is wrong.
                Err(_) => {}
            }
        }
        match self.assembler.push_binary(data) {
            Ok(None) => self.since = Some((first, size)),
            Ok(Some(decoded)) => {
                self.since = None;
                let mut all = decoded.quirks;
                all.extend_from_slice(quirks);
                let whole = decoded.value;
                let event = whole.packet.event_name().map(|name| name.into_owned());
                let kind = Kind::Socket {
                    name: whole.packet.kind.name(),
                    nsp: whole.packet.nsp.into_owned(),
                    id: whole.packet.id,
                    data: whole.json,
                    event,
                    attachments: whole.packet.attachments,
                    offset: None,
                };
                found.push(size, kind, &all);
            }
            Err(error) => {
                self.since = None;
                found.fail(size, &error, begins);
            }
        }
    }

    /// Reads the header only. False when that is not enough: the packet must be read whole.
    fn text_lightly(&mut self, found: &mut Found, text: &str, size: u64) -> bool {
        let Some(peek) = socket::peek(text) else {
            return false;
        };
        let awaits = matches!(&self.light, Some(Some(_)));
        let is_call = peek.kind.is_event() || peek.kind.is_ack();
        // Names with escapes, joins and refusals are read whole; so is what breaks a packet.
        if awaits || !is_call || (peek.kind.is_event() && peek.event.is_none()) {
            if awaits {
                self.light = Some(None);
                let error = socket::DecodeError::new(
                    0,
                    socket::DecodeErrorKind::TextWhileAssembling { missing: 1 },
                );
                self.since = None;
                found.fail(0, &error, 0);
            }
            return false;
        }
        let binary = matches!(peek.kind, PacketKind::BinaryEvent | PacketKind::BinaryAck);
        let json = text.get(peek.json_at..).unwrap_or_default();
        // Recovery offsets stand at the end; short texts cost little.
        let keeps = json.ends_with("\"]") && json.len() < 512;
        let kind = Kind::Socket {
            name: peek.kind.name(),
            nsp: peek.nsp.to_owned(),
            id: peek.id,
            data: keeps.then(|| json.to_owned()),
            event: peek.event.map(str::to_owned),
            attachments: peek.attachments,
            offset: None,
        };
        if binary {
            self.since = Some((found.n, size));
            self.light = Some(Some(Awaited {
                kind,
                missing: peek.attachments,
            }));
        } else {
            found.push(size, kind, &[]);
        }
        true
    }
}
