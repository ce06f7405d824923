//! JSON in a text that is more than JSON (or less: cut, or with its quotes escaped).

use std::ops::Range;

use super::shapes::after_scheme;
use super::{Form, Found};
use crate::journal::redact::names::is_secret_name;

/// Finds the values of members whose name speaks of a secret, wherever such a member stands.
pub(super) fn secrets<'a>(text: &'a [u8], found: &mut Vec<Found<'a>>) {
    let mut done = 0;
    for colon in memchr::memchr_iter(b':', text) {
        if colon < done {
            continue;
        }
        let Some(name) = name_before(text, colon).filter(|name| is_secret_name(name)) else {
            continue;
        };
        let at = skip_blanks(text, colon + 1);
        done = leaves(text, at, name, &mut |name, range, form| {
            found.push(Found {
                range,
                place: "payload",
                name,
                form,
            });
        });
    }
}

/// The text between the quotes before a colon.
fn name_before(text: &[u8], colon: usize) -> Option<&str> {
    let before = text.get(..colon)?.trim_ascii_end();
    let inner = before.strip_suffix(b"\"")?;
    let from = memchr::memrchr(b'"', inner)? + 1;
    let name = inner.get(from..).filter(|name| name.len() <= 100)?;
    std::str::from_utf8(name).ok()
}

fn skip_blanks(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.len() - rest.trim_ascii_start().len()
}

/// Where the string that begins behind a quote ends: its closing quote, or the text's end.
fn string_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn number_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let length = rest
        .iter()
        .take_while(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
        })
        .count();
    from + length
}

/// Calls `each` with the strings and numbers of the value at `at`: the name of the member (`name`
/// where there is none), the place of the content, its form. Returns where the value ends.
pub(in crate::journal::redact) fn leaves<'a>(
    text: &'a [u8],
    at: usize,
    name: &'a str,
    each: &mut dyn FnMut(&'a str, Range<usize>, Form),
) -> usize {
    // Names of the members that we are in; what has none takes that of what holds it.
    let mut names = vec![name];
    let mut at = at;
    while let Some(&byte) = text.get(at) {
        let now = names.last().copied().unwrap_or(name);
        match byte {
            b'"' => {
                let end = string_end(text, at + 1);
                let colon = skip_blanks(text, end + 1);
                let key = names.len() > 1 && text.get(colon) == Some(&b':');
                let inner = text.get(at + 1..end).unwrap_or_default();
                if key {
                    if let (Some(last), Ok(key)) = (names.last_mut(), std::str::from_utf8(inner)) {
                        *last = key;
                    }
                    at = colon + 1;
                    continue;
                }
                each(now, at + 1 + after_scheme(inner)..end, Form::JsonString);
                at = end + 1;
            }
            b'-' | b'0'..=b'9' => {
                let end = number_end(text, at);
                each(now, at..end, Form::JsonNumber);
                at = end;
            }
            b'{' | b'[' => {
                names.push(now);
                at += 1;
                continue;
            }
            b'}' | b']' => {
                names.pop();
                at += 1;
            }
            b',' | b' ' | b'\t' | b'\n' | b'\r' if names.len() > 1 => {
                at += 1;
                continue;
            }
            _ if byte.is_ascii_alphabetic() => {
                let rest = text.get(at..).unwrap_or_default();
                at += rest
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphabetic())
                    .count();
            }
            _ => return at,
        }
        if names.len() <= 1 {
            return at;
        }
    }
    text.len()
}

/// Calls `each` with name and place of each member of the object at `at`, not of those within.
pub(in crate::journal::redact) fn members(
    text: &[u8],
    at: usize,
    mut each: impl FnMut(&str, usize),
) {
    let mut depth = 0_usize;
    let mut at = at;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                let end = string_end(text, at + 1);
                let colon = skip_blanks(text, end + 1);
                if depth == 1
                    && text.get(colon) == Some(&b':')
                    && let Some(name) = text.get(at + 1..end)
                    && let Ok(name) = std::str::from_utf8(name)
                {
                    each(name, skip_blanks(text, colon + 1));
                }
                at = end + 1;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return;
                }
            }
            _ => {}
        }
        at += 1;
    }
}
