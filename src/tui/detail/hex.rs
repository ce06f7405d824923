//! Bytes with their offsets, sixteen a row, made for the rows that are seen. **Pure.**

use std::fmt::Write;

/// Bytes in a row.
const WIDE: usize = 16;

/// Number of rows that so many bytes take.
pub fn rows(bytes: usize) -> usize {
    bytes.div_ceil(WIDE)
}

/// One row: offset, bytes, and the same as ASCII.
pub fn row(bytes: &[u8], row: usize) -> (String, String, String) {
    let start = row.saturating_mul(WIDE);
    let part = bytes.get(start..).unwrap_or(&[]);
    let part = part.get(..WIDE).unwrap_or(part);
    let mut hex = String::with_capacity(3 * WIDE + 2);
    let mut ascii = String::with_capacity(WIDE);
    for at in 0..WIDE {
        if at == WIDE / 2 {
            hex.push(' ');
        }
        match part.get(at) {
            Some(byte) => {
                // Writing into a string can't fail.
                let _ = write!(hex, "{byte:02x} ");
                ascii.push(if (0x20..0x7f).contains(byte) {
                    *byte as char
                } else {
                    '.'
                });
            }
            None => hex.push_str("   "),
        }
    }
    (format!("{start:08x}"), hex, ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_offset_its_bytes_and_their_letters() {
        let bytes: Vec<u8> = (0x18..0x30).collect();
        assert_eq!(rows(bytes.len()), 2);
        let (offset, hex, ascii) = row(&bytes, 0);
        assert_eq!(offset, "00000000");
        assert_eq!(hex, "18 19 1a 1b 1c 1d 1e 1f  20 21 22 23 24 25 26 27 ");
        assert_eq!(ascii, "........ !\"#$%&'");
        let (offset, hex, ascii) = row(&bytes, 1);
        assert_eq!(offset, "00000010");
        assert_eq!(hex.len(), 49);
        assert_eq!(ascii, "()*+,-./");
        assert_eq!(row(&bytes, usize::MAX).2, "");
    }
}
