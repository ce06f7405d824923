//! Auth payloads: where a CONNECT to the server stands in a frame or a polling body of any form,
//! and what lies in it.

use std::ops::Range;

use super::spots::json;

/// A part of a CONNECT packet.
pub(super) enum Part {
    /// Where its JSON begins.
    Payload(usize),
    /// The query behind its namespace (generation 2).
    Query(Range<usize>),
}

/// What the CONNECT packets in a text carry. A packet begins with the text, behind the separator
/// of Engine.IO 4, or behind a length of Engine.IO 3 (`12:` or `…ff`).
pub(super) fn parts(text: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    for four in memchr::memchr_iter(b'4', text) {
        let begins = match four.checked_sub(1).and_then(|before| text.get(before)) {
            None | Some(0x1e | b':' | 0xff) => true,
            // 0xff of a binary body that went through text.
            Some(0xbf) => true,
            Some(_) => false,
        };
        if !begins {
            continue;
        }
        match text.get(four + 1) {
            Some(b'0') => of_text(text, four + 2, &mut parts),
            Some(b'{') => of_msgpack_2(text, four + 1, &mut parts),
            _ => {}
        }
    }
    parts
}

/// `[/namespace[?query],][json]`
fn of_text(text: &[u8], from: usize, parts: &mut Vec<Part>) {
    let mut at = from;
    if text.get(at) == Some(&b'/') {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b',' | 0x1e))
            .unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if let Some(mark) = memchr::memchr(b'?', name) {
            parts.push(Part::Query(at + mark + 1..at + end));
        }
        at += end + 1;
    }
    if matches!(text.get(at), Some(b'{' | b'[' | b'"')) {
        parts.push(Part::Payload(at));
    }
}

/// The msgpack parser's version 2 writes CONNECT as JSON: `{"type":0,"data":…,"nsp":…}`.
fn of_msgpack_2(text: &[u8], from: usize, parts: &mut Vec<Part>) {
    let mut connects = false;
    let mut data = None;
    json::members(text, from, |name, at| match name {
        "type" => connects = text.get(at) == Some(&b'0') && text.get(at + 1) != Some(&b'.'),
        "data" => data = Some(at),
        _ => {}
    });
    if let Some(at) = data.filter(|_| connects) {
        parts.push(Part::Payload(at));
    }
}
