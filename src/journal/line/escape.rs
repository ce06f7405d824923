//! JSON strings, written and read by hand.
//!
//! Eight bytes are looked at in one step; runs without anything to escape are copied whole.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// Runs up to this length are scanned byte by byte.
const SHORT_RUN: usize = 16;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Marks (in the high bit of each byte) the bytes of `word` that can't be copied unseen: controls,
/// quote, backslash, DEL and everything beyond ASCII. Only the lowest mark is exact, and it is the
/// only one that is used.
#[inline]
fn marks(word: u64) -> u64 {
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    let delete = word ^ (ONES * 0x7f);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (control
        | (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (delete.wrapping_sub(ONES) & !delete)
        | word)
        & HIGH
}

/// Length of the run at the start of `bytes` that can be copied unseen.
#[inline]
fn clean(bytes: &[u8]) -> usize {
    let mut done = 0;
    let mut rest = bytes;
    while let Some((word, tail)) = rest.split_first_chunk::<8>() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return done + (marks.trailing_zeros() / 8) as usize;
        }
        done += 8;
        rest = tail;
    }
    done + rest
        .iter()
        .position(|&byte| !(0x20..0x7f).contains(&byte) || byte == b'"' || byte == b'\\')
        .unwrap_or(rest.len())
}

/// The code unit to escape where `bytes` (beyond ASCII at the start) begins with a character that
/// a terminal would act on, with the number of its bytes.
#[inline]
fn hostile(bytes: &[u8]) -> Option<(u16, usize)> {
    match *bytes {
        [0xc2, last @ 0x80..=0x9f, ..] => Some((u16::from(last), 2)),
        [0xd8, 0x9c, ..] => Some((0x061c, 2)),
        [0xe2, 0x80, last @ (0x8e | 0x8f | 0xa8..=0xae), ..] => {
            Some((0x2000 | u16::from(last & 0x3f), 3))
        }
        [0xe2, 0x81, last @ 0xa6..=0xa9, ..] => Some((0x2040 | u16::from(last & 0x3f), 3)),
        _ => None,
    }
}

/// Length of the run of characters beyond ASCII at the start of `bytes`, up to a hostile one.
#[inline]
fn foreign(bytes: &[u8]) -> usize {
    let mut done = 0;
    while let Some(&[byte, ..]) = bytes.get(done..) {
        if byte < 0x80 {
            break;
        }
        // Only these three lead bytes can begin a hostile character.
        if matches!(byte, 0xc2 | 0xd8 | 0xe2)
            && bytes
                .get(done..)
                .is_some_and(|rest| hostile(rest).is_some())
        {
            break;
        }
        done += 1;
    }
    done
}

fn write_unit(out: &mut Vec<u8>, unit: u16) {
    let digit = |shift: u16| HEX[usize::from((unit >> shift) & 0xf)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Writes the inside of a JSON string. Characters that a terminal would act on are escaped too.
#[inline]
pub(super) fn write_escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + rest.len() / 8 + 16);
    loop {
        let (run, after) = rest.split_at(clean(rest));
        out.extend_from_slice(run);
        let Some((&byte, next)) = after.split_first() else {
            return;
        };
        rest = next;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..=0x7f => write_unit(out, u16::from(byte)),
            0x80.. => rest = write_foreign(out, after),
        }
    }
}

/// Copies the characters beyond ASCII at the start of `bytes`, or escapes a hostile one; returns
/// what follows.
fn write_foreign<'a>(out: &mut Vec<u8>, bytes: &'a [u8]) -> &'a [u8] {
    if let Some((unit, length)) = hostile(bytes) {
        write_unit(out, unit);
        return bytes.get(length..).unwrap_or_default();
    }
    let (run, after) = bytes.split_at(foreign(bytes));
    out.extend_from_slice(run);
    after
}

/// Writes `text` as a JSON string, quotes included. What a terminal would act on is escaped.
#[inline]
pub fn write_json_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text);
    out.push(b'"');
}

/// Copies JSON text into a line: line breaks (white space there) become spaces, and characters
/// that a terminal would act on (they can stand within strings only) become escapes.
pub(super) fn write_raw(out: &mut Vec<u8>, json: &str) {
    let mut rest = json.as_bytes();
    out.reserve(rest.len());
    while let Some(&byte) = rest.first() {
        let plain = rest
            .iter()
            .position(|&byte| !(0x20..0x7f).contains(&byte))
            .unwrap_or(rest.len());
        if plain > 0 {
            let (run, after) = rest.split_at(plain);
            out.extend_from_slice(run);
            rest = after;
            continue;
        }
        match byte {
            0x80.. => rest = write_foreign(out, rest),
            0x7f => {
                write_unit(out, 0x7f);
                rest = rest.get(1..).unwrap_or_default();
            }
            _ => {
                out.push(b' ');
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
}

/// Reads the inside of a JSON string from the start of `bytes` up to its closing quote, and
/// returns it with what follows the quote. Lone surrogates become U+FFFD. `None` where the string
/// does not end or an escape is no JSON.
pub(super) fn read_string(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let first = memchr::memchr2(b'"', b'\\', bytes)?;
    let (run, mut rest) = bytes.split_at(first);
    if rest.first() == Some(&b'"') {
        return Some((run.to_vec(), rest.get(1..)?));
    }
    // A string with one escape mostly has many: the line's length is room enough.
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(run);
    loop {
        match *rest {
            [b'"', ref after @ ..] => return Some((out, after)),
            [b'\\', b'u', ref after @ ..] => {
                let (character, after) = read_unit(after)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            [b'\\', escape, ref after @ ..] => {
                out.push(match escape {
                    b'"' | b'\\' | b'/' => escape,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    _ => return None,
                });
                rest = after;
            }
            // A backslash at the very end: the line was cut within an escape.
            [b'\\'] => return None,
            _ => {
                // Runs between escapes are mostly short: there a plain loop beats a call.
                let run = rest
                    .iter()
                    .take(SHORT_RUN)
                    .position(|&byte| byte == b'"' || byte == b'\\')
                    .or_else(|| {
                        let long = rest.get(SHORT_RUN..)?;
                        Some(SHORT_RUN + memchr::memchr2(b'"', b'\\', long)?)
                    })?;
                let (run, after) = rest.split_at(run);
                out.extend_from_slice(run);
                rest = after;
            }
        }
    }
}

/// Four hexadecimal digits at the start of `bytes`.
fn hex4(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, after) = bytes.split_first_chunk::<4>()?;
    let mut unit = 0u16;
    for &digit in digits {
        unit = (unit << 4) | u16::try_from((digit as char).to_digit(16)?).ok()?;
    }
    Some((unit, after))
}

/// What follows `\u`: a character, or a pair of surrogates; a lone one gives U+FFFD.
fn read_unit(bytes: &[u8]) -> Option<(char, &[u8])> {
    let (unit, after) = hex4(bytes)?;
    if let Some(character) = char::from_u32(u32::from(unit)) {
        return Some((character, after));
    }
    if (0xd800..0xdc00).contains(&unit)
        && let Some(low) = after.strip_prefix(b"\\u")
        && let Some((low, end)) = hex4(low)
        && let Some(Ok(character)) = char::decode_utf16([unit, low]).next()
    {
        return Some((character, end));
    }
    Some((char::REPLACEMENT_CHARACTER, after))
}

/// The line with each lone surrogate escape replaced by `\ufffd`; `None` where there is none.
pub(super) fn without_lone_surrogates(line: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    let mut changed = false;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (run, escape) = rest.split_at(at);
        out.extend_from_slice(run);
        let length = match escape.get(1) {
            Some(b'u') => match read_unit(escape.get(2..).unwrap_or_default()) {
                Some((char::REPLACEMENT_CHARACTER, after)) => {
                    out.extend_from_slice(b"\\ufffd");
                    changed = true;
                    rest = after;
                    continue;
                }
                Some((_, after)) => escape.len() - after.len(),
                None => 2,
            },
            Some(_) => 2,
            None => 1,
        };
        let (escape, after) = escape.split_at(length);
        out.extend_from_slice(escape);
        rest = after;
    }
    out.extend_from_slice(rest);
    changed.then_some(out)
}
