//! `name=value` in queries, cookies and words.

use std::ops::Range;

use super::shapes::after_scheme;
use super::{Form, Found};
use crate::journal::redact::names::{is_secret_name, is_secret_parameter};

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%')
}

/// What ends a value in a query, or in words around one.
fn ends_value(byte: u8) -> bool {
    matches!(
        byte,
        b'&' | b';' | b',' | b'"' | b'\'' | b'<' | b'>' | b'#' | b'\\' | 0..=0x20
    )
}

/// Finds the values of pairs whose name speaks of a secret.
pub(super) fn secrets<'a>(text: &'a [u8], place: &'static str, found: &mut Vec<Found<'a>>) {
    for equals in memchr::memchr_iter(b'=', text) {
        let before = text.get(..equals).unwrap_or_default();
        let length = before
            .iter()
            .rev()
            .take(100)
            .take_while(|byte| is_of_name(**byte))
            .count();
        let name = before.get(equals - length..).unwrap_or_default();
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        let opened = before.get(..equals - length).and_then(<[u8]>::last);
        let place = match opened {
            Some(b'?' | b'&') => "query",
            _ => place,
        };
        // In base64, which may spell anything, it is padding.
        let pads = matches!(text.get(equals + 1..), Some([] | [b'=']));
        let secret = match place {
            "query" => is_secret_parameter(name),
            _ => is_secret_name(name),
        };
        if length > 0 && !pads && secret {
            push(text, equals + 1, text.len(), place, name, found);
        }
    }
}

/// Finds the values of all pairs in a part of a text.
pub(super) fn all<'a>(
    text: &'a [u8],
    part: Range<usize>,
    place: &'static str,
    found: &mut Vec<Found<'a>>,
) {
    let end = part.end;
    let mut from = part.start;
    while from < end {
        let rest = text.get(from..end).unwrap_or_default();
        let length = memchr::memchr(b'&', rest).unwrap_or(rest.len());
        let pair = rest.get(..length).unwrap_or_default();
        if let Some(equals) = memchr::memchr(b'=', pair)
            && let Ok(name) = std::str::from_utf8(pair.get(..equals).unwrap_or_default())
        {
            push(text, from + equals + 1, from + length, place, name, found);
        }
        from += length + 1;
    }
}

fn push<'a>(
    text: &'a [u8],
    from: usize,
    most: usize,
    place: &'static str,
    name: &'a str,
    found: &mut Vec<Found<'a>>,
) {
    let rest = text.get(from..most).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| ends_value(*byte))
        .unwrap_or(rest.len());
    let value = rest.get(..length).unwrap_or_default();
    found.push(Found {
        range: from + after_scheme(value)..from + length,
        place,
        name,
        form: Form::Percent,
    });
}

/// Finds the values of a `Cookie` header, or (`most` = 1) of a `Set-Cookie` header, in which
/// attributes follow the cookie.
pub(super) fn cookies<'a>(header: &'a [u8], most: usize, found: &mut Vec<Found<'a>>) {
    let mut from = 0;
    for pair in header.split(|byte| *byte == b';').take(most) {
        if let Some(equals) = memchr::memchr(b'=', pair) {
            let name = pair.get(..equals).unwrap_or_default().trim_ascii();
            let value = pair.get(equals + 1..).unwrap_or_default();
            let lead = value.len() - value.trim_ascii_start().len();
            let start = from + equals + 1 + lead;
            let plain = value.trim_ascii();
            let quoted = usize::from(plain.len() >= 2 && plain.starts_with(b"\""));
            found.push(Found {
                range: start + quoted..start + plain.len() - quoted,
                place: "cookie",
                name: std::str::from_utf8(name).unwrap_or("?"),
                form: Form::Percent,
            });
        }
        from += pair.len() + 1;
    }
}
