//! One connection: its version, its parser, and a [`Lane`] each way.

use std::borrow::Cow;

use super::lane::Lane;
use super::{Carried, Kind, Packet};
use crate::journal::record::Direction;
use crate::protocol::engine::{self, Data, DecodeError, Decoded, PacketKind, Quirk};
use crate::protocol::engine::{Revision, Version, message, payload};

/// What is known about one connection.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// `None` until a URL or the bytes tell.
    version: Option<Version>,
    revision: Revision,
    lanes: [Lane; 2],
    /// Namespaces with a `pid`: their events end with a recovery offset.
    recoverable: Vec<String>,
    msgpack: bool,
    light: bool,
}

/// Packets of one record as they are found.
pub(super) struct Found {
    pub(super) n: u64,
    pub(super) dir: Direction,
    pub(super) packets: Vec<Packet>,
}

impl Found {
    pub(super) fn push(&mut self, size: u64, kind: Kind, quirks: &[Quirk]) {
        self.packets.push(Packet {
            n: self.n,
            index: u32::try_from(self.packets.len()).unwrap_or(u32::MAX),
            dir: self.dir,
            size,
            kind,
            quirks: quirks.iter().map(ToString::to_string).collect(),
        });
    }

    pub(super) fn fail(&mut self, size: u64, error: &DecodeError, begins: usize) {
        let kind = Kind::Undecodable {
            error: error.kind.to_string(),
            at: error.at.saturating_add(begins),
        };
        self.push(size, kind, &[]);
    }
}

impl Line {
    pub(super) fn new(msgpack: bool, light: bool) -> Line {
        Line {
            version: None,
            revision: Revision::default(),
            lanes: [
                Lane::new(Version::V4, msgpack, light),
                Lane::new(Version::V4, msgpack, light),
            ],
            recoverable: Vec::new(),
            msgpack,
            light,
        }
    }

    /// The same connection with nothing half-arrived, for decoding a record again.
    pub(super) fn fresh(&self) -> Line {
        let version = self.version.unwrap_or(Version::V4);
        let lane = |lane: &Lane| Lane::new(version, lane.is_msgpack(), false);
        let [first, second] = &self.lanes;
        Line {
            version: self.version,
            revision: self.revision,
            lanes: [lane(first), lane(second)],
            recoverable: self.recoverable.clone(),
            msgpack: self.msgpack,
            light: false,
        }
    }

    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    pub(super) fn version_digit(&self) -> Option<u8> {
        self.version.map(|version| match version {
            Version::V3 => 3,
            Version::V4 => 4,
        })
    }

    /// What the `EIO` of a request says. A server takes everything but 4 for 3.
    pub(super) fn learn_version(&mut self, eio: Option<&str>) {
        let version = match eio {
            Some("4") => Version::V4,
            Some(_) => Version::V3,
            None => return,
        };
        if self.version != Some(version) {
            self.version = Some(version);
            let lane = || Lane::new(version, self.msgpack, self.light);
            self.lanes = [lane(), lane()];
        }
    }

    /// What the bytes betray, where no request was seen.
    fn guess_version(&mut self, version: Version) {
        if self.version.is_none() {
            self.version = Some(version);
            self.lanes
                .iter_mut()
                .for_each(|lane| lane.set_version(version));
        }
    }

    fn lane(&mut self, dir: Direction) -> &mut Lane {
        let [to_server, to_client] = &mut self.lanes;
        match dir {
            Direction::ToServer => to_server,
            Direction::ToClient => to_client,
        }
    }

    /// Record with the header of the binary packet whose attachments are awaited.
    pub(super) fn awaited_since(&self, dir: Direction) -> Option<u64> {
        let [to_server, to_client] = &self.lanes;
        match dir {
            Direction::ToServer => to_server.awaited_since(),
            Direction::ToClient => to_client.awaited_since(),
        }
    }

    pub(super) fn decode(&mut self, n: u64, dir: Direction, carried: Carried<'_>) -> Vec<Packet> {
        let mut found = Found {
            n,
            dir,
            packets: Vec::new(),
        };
        match carried {
            Carried::Text(data) => {
                let version = self.version.unwrap_or(Version::V4);
                let size = data.len() as u64;
                let (text, broken_at) = match simdutf8::basic::from_utf8(data) {
                    Ok(text) => (Cow::Borrowed(text), None),
                    Err(_) => (
                        String::from_utf8_lossy(data),
                        std::str::from_utf8(data)
                            .err()
                            .map(|error| error.valid_up_to()),
                    ),
                };
                match message::decode_text(&text, version) {
                    Ok(mut decoded) => {
                        if let Some(at) = broken_at {
                            decoded.quirks.push(Quirk::NotUtf8 { at });
                        }
                        self.take(&mut found, decoded, size, 1, None);
                    }
                    Err(error) => found.fail(size, &error, 0),
                }
            }
            Carried::Binary(data) => {
                let version = self.version.unwrap_or(Version::V4);
                let size = data.len() as u64;
                match message::decode_binary(data, version) {
                    Ok(decoded) => {
                        let begins = usize::from(version == Version::V3);
                        self.take(&mut found, decoded, size, begins, Some(data));
                    }
                    Err(error) => found.fail(size, &error, 0),
                }
            }
            Carried::Body(data, content_type) => self.take_body(&mut found, data, content_type),
        }
        found.packets
    }

    fn take_body(&mut self, found: &mut Found, body: &bytes::Bytes, content_type: Option<&str>) {
        if self.version.is_none() {
            let old =
                content_type.is_some_and(payload::is_octet_stream) || begins_with_length(body);
            self.guess_version(if old { Version::V3 } else { Version::V4 });
        }
        let version = self.version.unwrap_or(Version::V4);
        if version == Version::V3 {
            let octets = content_type.is_some_and(payload::is_octet_stream);
            // 1.x frames even its handshake as octets; 2.x only what holds binary.
            let handshake = octets && body.first() == Some(&0) && body_opens(body);
            if handshake || (!octets && is_encoded_twice(body)) {
                self.revision = Revision::SocketIo1;
            }
        }
        let payload = payload::decode_body(body, content_type, version, self.revision);
        let only = payload.packets.len() == 1 && payload.error.is_none();
        let mut body_quirks = payload.quirks;
        for mut decoded in payload.packets {
            let size = if only {
                body.len() as u64
            } else {
                message::encoded_text_len(&decoded.value, version) as u64
            };
            decoded.quirks.append(&mut body_quirks);
            self.take(found, decoded, size, 0, None);
        }
        if let Some(error) = payload.error {
            let rest = body.len().saturating_sub(error.at);
            found.fail(rest as u64, &error, 0);
        }
    }

    /// Takes an Engine.IO packet. `begins` is where its data begins in a frame, for the offsets
    /// of errors; `whole` the frame that it is, so that attachments need no copy.
    fn take(
        &mut self,
        found: &mut Found,
        decoded: Decoded<engine::Packet<'_>>,
        size: u64,
        begins: usize,
        whole: Option<&bytes::Bytes>,
    ) {
        let Decoded {
            value: packet,
            quirks,
        } = decoded;
        let before = found.packets.len();
        let dir = found.dir;
        match (packet.kind, packet.data) {
            (PacketKind::Message, Data::Text(text)) => {
                self.lane(dir).text(found, &text, size, begins, &quirks);
            }
            (PacketKind::Message, Data::Binary(data)) => {
                let data = match (whole, data) {
                    (Some(whole), Cow::Borrowed(part)) => whole.slice_ref(part),
                    (_, data) => bytes::Bytes::from(data.into_owned()),
                };
                self.lane(dir).binary(found, data, size, begins, &quirks);
            }
            (kind, data) => {
                self.notice_engine(kind, dir, &data);
                let data = match data {
                    Data::Text(text) => text.into_owned(),
                    Data::Binary(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                };
                found.push(
                    size,
                    Kind::Engine {
                        name: kind.name(),
                        data,
                    },
                    &quirks,
                );
            }
        }
        for packet in found.packets.iter_mut().skip(before) {
            self.notice_socket(packet);
        }
    }

    /// Which side pings tells the generation; so does what only one of them announces.
    fn notice_engine(&mut self, kind: PacketKind, dir: Direction, data: &Data<'_>) {
        if self.version.is_some() {
            return;
        }
        let text = data.as_text().unwrap_or_default();
        match (kind, dir) {
            (PacketKind::Ping | PacketKind::Pong, _) if text == "probe" => {}
            (PacketKind::Ping, Direction::ToClient) | (PacketKind::Pong, Direction::ToServer) => {
                self.guess_version(Version::V4);
            }
            (PacketKind::Ping, Direction::ToServer) | (PacketKind::Pong, Direction::ToClient) => {
                self.guess_version(Version::V3);
            }
            (PacketKind::Open, _) if text.contains("\"maxPayload\"") => {
                self.guess_version(Version::V4);
            }
            _ => {}
        }
    }

    /// Remembers which namespaces have offsets, and splits them off.
    fn notice_socket(&mut self, packet: &mut Packet) {
        let Kind::Socket {
            name,
            nsp,
            id,
            data,
            event,
            offset,
            ..
        } = &mut packet.kind
        else {
            return;
        };
        if packet.dir != Direction::ToClient {
            return;
        }
        if *name == "connect" {
            let data = data.as_deref().unwrap_or_default();
            let has = data.contains("\"pid\"");
            let known = self.recoverable.iter().position(|known| known == nsp);
            match known {
                Some(place) if !has => {
                    self.recoverable.remove(place);
                }
                // A hostile server may name as many namespaces as it likes.
                None if has && self.recoverable.len() < 1_000 => self.recoverable.push(nsp.clone()),
                _ => {}
            }
            if data.contains("\"sid\"") {
                self.guess_version(Version::V4);
            }
        } else if event.is_some() && id.is_none() && self.recoverable.contains(nsp) {
            *offset = data.as_deref().and_then(last_text);
        }
    }
}

/// The text that ends an array of at least two elements.
fn last_text(data: &str) -> Option<String> {
    use crate::protocol::json;
    // Cheap refusal first: most events of most servers don't end so.
    data.trim_end()
        .strip_suffix(']')?
        .trim_end()
        .strip_suffix('"')?;
    let args = json::elements(data)?;
    let (last, before) = args.split_last()?;
    if before.is_empty() {
        return None;
    }
    json::unescape(last).map(Cow::into_owned)
}

/// Whether a body begins with a decimal length and a colon, as in generation 3.
fn begins_with_length(body: &[u8]) -> bool {
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=9).contains(&digits) && body.get(digits) == Some(&b':')
}

/// Whether the first packet of a binary body is an OPEN.
fn body_opens(body: &[u8]) -> bool {
    let end = body.iter().take(12).position(|byte| *byte == 0xff);
    end.and_then(|end| body.get(end.saturating_add(1))) == Some(&b'0')
}

/// Whether text went through UTF-8 twice, as Socket.IO 1.x sends it: every character is a byte,
/// and the bytes are UTF-8 again.
fn is_encoded_twice(body: &[u8]) -> bool {
    if body.is_ascii() {
        return false;
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    let bytes: Option<Vec<u8>> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    bytes.is_some_and(|bytes| std::str::from_utf8(&bytes).is_ok())
}
