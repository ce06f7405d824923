//! Base64 as Engine.IO peers write and read it: encoded strictly, decoded as Node does.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The standard alphabet, padded, and nothing else.
const STRICT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

const UNPADDED_TOO: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Encodes with the standard alphabet and padding.
pub fn encode(bytes: &[u8]) -> String {
    STRICT.encode(bytes)
}

/// Encodes onto the end of a text.
pub fn encode_onto(bytes: &[u8], out: &mut String) {
    STRICT.encode_string(bytes, out);
}

/// The length of the encoded form: 4 characters for each 3 bytes begun.
pub fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

/// Decodes canonical base64 only.
pub fn decode_strict(text: &str) -> Option<Vec<u8>> {
    STRICT.decode(text).ok()
}

/// Decodes what a person may write: the standard alphabet, the padding optional.
pub fn decode_padded_or_not(text: &str) -> Option<Vec<u8>> {
    UNPADDED_TOO.decode(text).ok()
}

/// Decodes as Node's `Buffer.from(text, "base64")`: both alphabets, characters that belong to
/// neither are skipped, the first `=` ends it, a single left-over character is dropped. The
/// flag says whether the text was canonical.
pub fn decode_lenient(text: &str) -> (Vec<u8>, bool) {
    if let Some(bytes) = decode_strict(text) {
        return (bytes, true);
    }
    let mut out = Vec::with_capacity(text.len().div_ceil(4).saturating_mul(3));
    let mut bits: u32 = 0;
    let mut count: u32 = 0;
    for byte in text.bytes() {
        let Some(value) = sextet(byte) else {
            if byte == b'=' {
                break;
            }
            continue;
        };
        bits = (bits << 6) | u32::from(value);
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            out.push(u8::try_from((bits >> count) & 0xff).unwrap_or_default());
        }
    }
    (out, false)
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A'),
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_node_decodes() {
        let cases: &[(&str, &[u8], bool)] = &[
            ("AQIDBA==", &[1, 2, 3, 4], true),
            ("", &[], true),
            ("AQIDBA", &[1, 2, 3, 4], false),
            ("AQID\nBA==", &[1, 2, 3, 4], false),
            ("_-8=", &[0xff, 0xef], false),
            ("!!!", &[], false),
            ("A", &[], false),
            ("AQ==AQ==", &[1], false),
            ("AB==", &[0], false),
        ];
        for (text, bytes, canonical) in cases {
            assert_eq!(
                decode_lenient(text),
                (bytes.to_vec(), *canonical),
                "{text:?}"
            );
        }
    }

    #[test]
    fn encodes_with_padding_and_knows_the_length() {
        for n in 0..10 {
            let text = encode(&vec![7; n]);
            assert_eq!(text.len(), encoded_len(n));
        }
        assert_eq!(encode(&[1, 2, 3, 4]), "AQIDBA==");
    }
}
