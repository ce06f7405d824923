//! One frame's head, masking and mask keys. **Floor 0, pure.**
//!
//! The head is read and written by tungstenite's public [`FrameHeader`], which keeps the
//! reserved bits. Its message layer is not used: it refuses what a debugger has to show.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Cursor;

use bytes::{BufMut, BytesMut};
use tungstenite::error::{Error as FrameError, ProtocolError};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::OpCode;

/// A frame's head as it stood on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Last frame of its message.
    pub fin: bool,
    /// RSV1, RSV2, RSV3 as the bits 4, 2, 1.
    pub rsv: u8,
    /// Opcode.
    pub opcode: OpCode,
    /// Mask key, where the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// Payload length.
    pub len: u64,
    /// Bytes of the head itself, 2 to 14.
    pub size: usize,
    /// The length was written in the shortest form.
    pub shortest: bool,
}

/// Reads a head from the start of `bytes`.
///
/// `Ok(None)` where more bytes are needed; `Err` holds an opcode that RFC 6455 does not define.
pub fn parse_head(bytes: &[u8]) -> Result<Option<Head>, u8> {
    let mut cursor = Cursor::new(bytes);
    match FrameHeader::parse(&mut cursor) {
        Ok(None) => Ok(None),
        Ok(Some((header, len))) => {
            let size = usize::try_from(cursor.position()).unwrap_or(bytes.len());
            Ok(Some(Head {
                fin: header.is_final,
                rsv: (u8::from(header.rsv1) << 2)
                    | (u8::from(header.rsv2) << 1)
                    | u8::from(header.rsv3),
                opcode: header.opcode,
                mask: header.mask,
                len,
                size,
                shortest: size == header.len(len),
            }))
        }
        Err(FrameError::Protocol(ProtocolError::InvalidOpcode(opcode))) => Err(opcode),
        // Reading from memory has no other error.
        Err(_) => Ok(None),
    }
}

/// Appends a frame: its head, then the payload, masked where `mask` is given.
pub fn write_frame(
    out: &mut BytesMut,
    fin: bool,
    rsv: u8,
    opcode: OpCode,
    mask: Option<[u8; 4]>,
    payload: &[u8],
) {
    let header = FrameHeader {
        is_final: fin,
        rsv1: rsv & 4 != 0,
        rsv2: rsv & 2 != 0,
        rsv3: rsv & 1 != 0,
        opcode,
        mask,
    };
    let len = payload.len() as u64;
    out.reserve(header.len(len) + payload.len());
    // Writing into memory that grows cannot fail.
    let _ = header.format(len, &mut out.writer());
    let start = out.len();
    out.extend_from_slice(payload);
    if let (Some(mask), Some(written)) = (mask, out.get_mut(start..)) {
        apply_mask(written, mask);
    }
}

/// Masks or unmasks in place (RFC 6455, section 5.3), eight bytes at a time.
pub fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        if let Ok(bytes) = <[u8; 8]>::try_from(&*chunk) {
            chunk.copy_from_slice(&(u64::from_ne_bytes(bytes) ^ wide).to_ne_bytes());
        }
    }
    for (byte, key) in chunks
        .into_remainder()
        .iter_mut()
        .zip(mask.into_iter().cycle())
    {
        *byte ^= key;
    }
}

/// Mask keys: a cheap generator, seeded once from the system's randomness.
///
/// The mask only keeps proxies from mistaking payload for HTTP (RFC 6455, section 10.3); it is
/// no secret, so one system call for each frame would be wasted.
#[derive(Debug)]
pub struct MaskKeys(u64);

impl MaskKeys {
    /// A generator with a random start.
    pub fn random() -> Self {
        MaskKeys(random_u64())
    }

    /// The next key (SplitMix64's step).
    pub fn next_key(&mut self) -> [u8; 4] {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        let [a, b, c, d, ..] = x.to_ne_bytes();
        [a, b, c, d]
    }
}

/// 64 random bits from the system; from the standard library's hash keys where it has none.
pub(crate) fn random_u64() -> u64 {
    getrandom::u64().unwrap_or_else(|_| RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_wide_is_masking_byte_by_byte() {
        let mask = [1, 2, 3, 0xff];
        for len in 0..40 {
            let plain: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
            let slow: Vec<u8> = plain
                .iter()
                .enumerate()
                .map(|(i, byte)| byte ^ mask[i % 4])
                .collect();
            let mut fast = plain.clone();
            apply_mask(&mut fast, mask);
            assert_eq!(fast, slow, "length {len}");
        }
    }

    #[test]
    fn mask_keys_differ_from_frame_to_frame() {
        let mut keys = MaskKeys::random();
        assert_ne!(keys.next_key(), keys.next_key());
    }
}
