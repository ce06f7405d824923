//! Exact sizes before encoding, so that a batch stays within `maxPayload`.
//!
//! The reference estimates binary at 1.33 times its size and may overshoot; we count.

use super::super::message;
use super::v3::utf16_len;
use super::{Data, Packet, Revision, Version};

/// The size of a body that grows packet by packet.
#[derive(Debug, Clone)]
pub struct Measure {
    version: Version,
    revision: Revision,
    binary: bool,
    any_binary: bool,
    count: usize,
    /// Bytes when written as text.
    text: usize,
    /// Bytes when written in v3's binary form.
    octets: usize,
}

impl Measure {
    /// An empty body; the arguments are those of [`encode_body`](super::encode_body).
    pub fn new(version: Version, revision: Revision, binary: bool) -> Self {
        Self {
            version,
            revision,
            binary,
            any_binary: false,
            count: 0,
            text: 0,
            octets: 0,
        }
    }

    /// Adds a packet and gives the size of the body with it.
    pub fn add(&mut self, packet: &Packet<'_>) -> usize {
        self.any_binary |= matches!(packet.data, Data::Binary(_));
        let separator = usize::from(self.count > 0);
        self.count = self.count.saturating_add(1);
        let text = match self.version {
            Version::V4 => message::encoded_text_len(packet, Version::V4).saturating_add(separator),
            Version::V3 => text_len(packet, self.revision),
        };
        self.text = self.text.saturating_add(text);
        self.octets = self.octets.saturating_add(octets_len(packet));
        self.size()
    }

    /// The size in bytes of the body so far.
    pub fn size(&self) -> usize {
        let octets = match (self.version, self.revision) {
            (Version::V4, _) => false,
            (Version::V3, Revision::SocketIo1) => self.binary,
            (Version::V3, Revision::SocketIo2) => self.binary && self.any_binary,
        };
        match (octets, self.version, self.count) {
            (true, _, _) => self.octets,
            // "0:"
            (false, Version::V3, 0) => 2,
            (false, _, _) => self.text,
        }
    }
}

/// The size in bytes of the body that [`encode_body`](super::encode_body) would write.
pub fn encoded_len(
    packets: &[Packet<'_>],
    version: Version,
    revision: Revision,
    binary: bool,
) -> usize {
    let mut measure = Measure::new(version, revision, binary);
    for packet in packets {
        measure.add(packet);
    }
    measure.size()
}

/// How many packets from the front of a queue go into one body of at most `max_payload` bytes.
/// At least one when there is any: a packet over the limit is sent alone, as the reference does,
/// and the server's 413 is then to be seen.
pub fn batch_len<'p, 'd: 'p>(
    packets: impl IntoIterator<Item = &'p Packet<'d>>,
    version: Version,
    revision: Revision,
    binary: bool,
    max_payload: Option<u64>,
) -> usize {
    let limit = max_payload.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    let mut measure = Measure::new(version, revision, binary);
    let mut count: usize = 0;
    for packet in packets {
        if measure.add(packet) > limit && count > 0 {
            break;
        }
        count = count.saturating_add(1);
    }
    count
}

/// `length:packet` in the text form of v3.
fn text_len(packet: &Packet<'_>, revision: Revision) -> usize {
    let (units, bytes) = match &packet.data {
        Data::Binary(_) => {
            let ascii = message::encoded_text_len(packet, Version::V3);
            (ascii, ascii)
        }
        Data::Text(text) => match revision {
            Revision::SocketIo2 => (
                utf16_len(text).saturating_add(1),
                text.len().saturating_add(1),
            ),
            Revision::SocketIo1 => {
                // Each byte above 0x7f becomes a character of two bytes.
                let high = text.bytes().filter(|byte| *byte > 0x7f).count();
                let once = text.len().saturating_add(1);
                (once, once.saturating_add(high))
            }
        },
    };
    digits(units).saturating_add(1).saturating_add(bytes)
}

/// Marker, digits, `ff` and content in the binary form of v3.
fn octets_len(packet: &Packet<'_>) -> usize {
    let content = packet.data.len().saturating_add(1);
    digits(content).saturating_add(2).saturating_add(content)
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| {
        usize::try_from(log).unwrap_or_default().saturating_add(1)
    })
}
