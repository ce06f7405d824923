//! Small conversions between JSON text and Rust text.

use std::borrow::Cow;

use super::{JsonError, Tokens};

/// The text that a raw JSON string (with its quotes) stands for; borrowed when it has no
/// escapes. A lone surrogate escape, which Rust's text can't hold, becomes U+FFFD. `None` when
/// the input is not a JSON string.
pub fn unescape(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return (!inner.contains('"')).then_some(Cow::Borrowed(inner));
    }
    let mut out = String::with_capacity(inner.len());
    let mut units: Vec<u16> = Vec::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            flush_units(&mut units, &mut out);
            out.push(c);
            continue;
        }
        let escaped = match chars.next()? {
            'u' => {
                let mut unit: u16 = 0;
                for _ in 0..4 {
                    let digit = u16::try_from(chars.next()?.to_digit(16)?).ok()?;
                    unit = (unit << 4) | digit;
                }
                // Halves of a pair come one after the other; collect before decoding.
                units.push(unit);
                continue;
            }
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            c @ ('"' | '\\' | '/') => c,
            _ => return None,
        };
        flush_units(&mut units, &mut out);
        out.push(escaped);
    }
    flush_units(&mut units, &mut out);
    Some(Cow::Owned(out))
}

fn flush_units(units: &mut Vec<u16>, out: &mut String) {
    for c in char::decode_utf16(units.drain(..)) {
        out.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

/// A text as a JSON string with quotes, escaped as `JSON.stringify` does.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    let digit = (u32::from(c) >> shift) & 0xf;
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The same JSON without whitespace between its tokens; strings and numbers stay byte for byte.
///
/// # Errors
/// The first byte that is not JSON.
pub fn compact(text: &str) -> Result<String, JsonError> {
    use super::TokenKind as K;
    let mut out = String::with_capacity(text.len());
    let mut tokens = Tokens::new(text);
    let mut after_value = false;
    while let Some(token) = tokens.next_token()? {
        let closes = matches!(token.kind, K::ArrayEnd | K::ObjectEnd);
        if after_value && !closes {
            out.push(',');
        }
        out.push_str(text.get(token.start..token.end).unwrap_or_default());
        if token.kind == K::Key {
            out.push(':');
        }
        after_value = !matches!(token.kind, K::Key | K::ArrayStart | K::ObjectStart);
    }
    Ok(out)
}

/// What JavaScript's `Number(text)` gives, without NaN: decimal, hexadecimal, octal, binary,
/// exponents, surrounding whitespace; empty text is 0.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_js_whitespace);
    if text.is_empty() {
        return Some(0.0);
    }
    for (prefix, upper, radix) in [("0x", "0X", 16), ("0o", "0O", 8), ("0b", "0B", 2)] {
        if let Some(digits) = text
            .strip_prefix(prefix)
            .or_else(|| text.strip_prefix(upper))
        {
            if digits.is_empty() {
                return None;
            }
            let mut value = 0.0_f64;
            for c in digits.chars() {
                value = value * f64::from(radix) + f64::from(c.to_digit(radix)?);
            }
            return Some(value);
        }
    }
    match text.strip_prefix(['+', '-']).unwrap_or(text) {
        "Infinity" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        "Infinity" => return Some(f64::INFINITY),
        _ => {}
    }
    // Rust also reads "inf" and "nan", which JavaScript does not.
    text.bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        .then(|| text.parse().ok())
        .flatten()
}

/// What JavaScript's `Number()` trims.
pub(crate) fn is_js_whitespace(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}
