//! A text as it reads once an encoding is taken off, with the way back to where each byte stands.

use std::borrow::Cow;
use std::ops::Range;

/// Encodings within encodings are taken off so often.
const DEEPEST: u8 = 3;
/// No text has more readings than this.
const MOST: usize = 12;
/// Bytes that are no text, and more than this, are read as they stand only.
const LARGE: usize = 64 << 10;

/// One reading of a text.
pub(super) struct View<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    /// Where each byte stands in the text, and its end; `None` where both are the same.
    at: Option<Vec<usize>>,
    depth: u8,
}

impl View<'_> {
    /// Where a part of this reading stands in the text.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end)
    }

    fn place(&self, at: usize) -> usize {
        match &self.at {
            None => at,
            Some(map) => map.get(at).or(map.last()).copied().unwrap_or(0),
        }
    }

    /// Whether a part of this reading stands in the text byte for byte.
    pub(super) fn is_verbatim(&self, range: &Range<usize>) -> bool {
        let source = self.source(range);
        source.len() == range.len()
    }

    fn next(&self, taken_off: Option<Taken>) -> Option<View<'static>> {
        let Taken { bytes, at } = taken_off?;
        let at = at.into_iter().map(|at| self.place(at)).collect();
        Some(View {
            bytes: Cow::Owned(bytes),
            at: Some(at),
            depth: self.depth.saturating_add(1),
        })
    }
}

/// Bytes with an encoding taken off, and where each (and the end) stood before.
struct Taken {
    bytes: Vec<u8>,
    at: Vec<usize>,
}

/// A text as it stands, and nothing else.
pub(super) fn plain(text: &[u8]) -> Vec<View<'_>> {
    vec![View {
        bytes: Cow::Borrowed(text),
        at: None,
        depth: 0,
    }]
}

/// The readings of a text, as it stands first.
pub(super) fn views(text: &[u8]) -> Vec<View<'_>> {
    let mut views = plain(text);
    if text.len() > LARGE && std::str::from_utf8(text).is_err() {
        return views;
    }
    let mut next = 0;
    while let Some(view) = views.get(next) {
        next += 1;
        if view.depth >= DEEPEST {
            continue;
        }
        let further = [
            view.next(percent(&view.bytes, false)),
            view.next(percent(&view.bytes, true)),
            view.next(unescaped(&view.bytes)),
            view.next(undoubled(&view.bytes)),
        ];
        views.extend(further.into_iter().flatten());
        if views.len() >= MOST {
            break;
        }
    }
    views
}

/// A value without percent-encoding, in either way of writing a blank; `None` where it has none.
pub(super) fn unpercented(raw: &[u8], form: bool) -> Option<Vec<u8>> {
    percent(raw, form).map(|taken| taken.bytes)
}

/// The content of a JSON string; `None` where it has no escapes.
pub(super) fn unescaped_value(raw: &[u8]) -> Option<Vec<u8>> {
    unescaped(raw).map(|taken| taken.bytes)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, digit| {
        Some((value << 4) | (*digit as char).to_digit(16)?)
    })
}

/// `%41` is `A`; with `form`, `+` is a blank.
fn percent(text: &[u8], form: bool) -> Option<Taken> {
    if form {
        memchr::memchr(b'+', text)?;
    } else {
        memchr::memchr(b'%', text)?;
    }
    let mut taken = Taken {
        bytes: Vec::with_capacity(text.len()),
        at: Vec::with_capacity(text.len() + 1),
    };
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let coded = text.get(at + 1..at + 3).and_then(hex);
        taken.at.push(at);
        match (byte, coded) {
            (b'%', Some(value)) => {
                taken.bytes.push(u8::try_from(value).unwrap_or(b'?'));
                at += 3;
            }
            (b'+', _) if form => {
                taken.bytes.push(b' ');
                at += 1;
            }
            _ => {
                taken.bytes.push(byte);
                at += 1;
            }
        }
    }
    taken.at.push(at);
    Some(taken)
}

/// The escapes of JSON strings, wherever they stand.
fn unescaped(text: &[u8]) -> Option<Taken> {
    memchr::memchr(b'\\', text)?;
    let mut taken = Taken {
        bytes: Vec::with_capacity(text.len()),
        at: Vec::with_capacity(text.len() + 1),
    };
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte != b'\\' {
            taken.bytes.push(byte);
            taken.at.push(at);
            at += 1;
            continue;
        }
        let (one, length) = escape(text.get(at + 1..).unwrap_or_default());
        let mut room = [0; 4];
        let written = one.encode_utf8(&mut room);
        for byte in written.bytes() {
            taken.bytes.push(byte);
            taken.at.push(at);
        }
        at += length + 1;
    }
    taken.at.push(at.min(text.len()));
    Some(taken)
}

/// What an escape stands for, and its length without the backslash.
fn escape(rest: &[u8]) -> (char, usize) {
    match rest.first() {
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(byte @ (b'"' | b'\\' | b'/')) => (char::from(*byte), 1),
        Some(b'u') => {
            let unit = rest.get(1..5).and_then(hex).unwrap_or(0xfffd);
            if let Some(one) = char::from_u32(unit) {
                return (one, if rest.len() >= 5 { 5 } else { rest.len() });
            }
            let low = rest
                .get(5..7)
                .filter(|mark| *mark == b"\\u")
                .and_then(|_| rest.get(7..11))
                .and_then(hex);
            let pair = low
                .filter(|low| (0xdc00..0xe000).contains(low))
                .and_then(|low| {
                    let high = unit.checked_sub(0xd800)?;
                    char::from_u32(0x1_0000 + (high << 10) + (low - 0xdc00))
                });
            match pair {
                Some(one) => (one, 11),
                None => (char::REPLACEMENT_CHARACTER, 5),
            }
        }
        _ => ('\\', 0),
    }
}

/// Text that went through UTF-8 twice, as in Socket.IO 1.x: each character is a byte.
fn undoubled(text: &[u8]) -> Option<Taken> {
    if text.is_ascii() {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let mut taken = Taken {
        bytes: Vec::with_capacity(text.len()),
        at: Vec::with_capacity(text.len() + 1),
    };
    for (at, one) in text.char_indices() {
        taken.bytes.push(u8::try_from(u32::from(one)).ok()?);
        taken.at.push(at);
    }
    taken.at.push(text.len());
    std::str::from_utf8(&taken.bytes).is_ok().then_some(taken)
}

/// Runs of base64 letters at least so long are looked into.
const SHORTEST_RUN: usize = 8;

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The runs of letters that may be base64.
pub(super) fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut from = 0;
    while from < bytes.len() {
        let rest = bytes.get(from..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| is_letter(**byte)).count();
        if length >= SHORTEST_RUN {
            runs.push(from..from + length);
        }
        from += length.max(1);
    }
    runs
}
