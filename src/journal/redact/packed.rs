//! Bytes within text and bytes within bytes: base64, gzip, zlib.

use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What is packed and grows beyond this is not looked into.
const LARGEST: u64 = 64 << 20;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

fn engine(run: &[u8]) -> &'static GeneralPurpose {
    if run.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        &URL_SAFE
    } else {
        &STANDARD
    }
}

/// What a run of letters holds if it is base64 from its letter `skip` on, and how many letters
/// that took. In a packet one or two letters (`b`, `b4`) stand before base64.
pub(super) fn decoded(run: &[u8], skip: usize) -> Option<(Vec<u8>, usize)> {
    let letters = run.get(skip..)?;
    let length = if letters.len() % 4 == 1 {
        letters.len().checked_sub(1)?
    } else {
        letters.len()
    };
    let letters = letters.get(..length).filter(|letters| letters.len() >= 4)?;
    let bytes = engine(run).decode(letters).ok()?;
    Some((bytes, length))
}

/// The same run with other bytes.
pub(super) fn encoded(run: &[u8], bytes: &[u8]) -> Vec<u8> {
    engine(run).encode(bytes).into_bytes()
}

/// What gzip or zlib packed.
pub(super) fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    match bytes {
        [0x1f, 0x8b, ..] => flate2::read::GzDecoder::new(bytes)
            .take(LARGEST)
            .read_to_end(&mut plain),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => flate2::read::ZlibDecoder::new(bytes)
            .take(LARGEST)
            .read_to_end(&mut plain),
        _ => return None,
    }
    .ok()?;
    Some(plain)
}
