//! The header of the text form: everything before the JSON.
//!
//! Follows `decodeString` of socket.io-parser 4.2.7 step by step, its coercions included:
//! `Number("1e0")` is a count of one, and whitespace where the ack id stands is read as a digit.

use super::{DecodeError, DecodeErrorKind, PacketKind, Quirk};
use crate::protocol::json;

/// The header alone, without a look at the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peek<'a> {
    /// What kind it is.
    pub kind: PacketKind,
    /// How many attachments are announced.
    pub attachments: u64,
    /// The namespace, `/` when none is named.
    pub nsp: &'a str,
    /// The ack id.
    pub id: Option<u64>,
    /// Where the JSON begins; the length of the text when there is none.
    pub json_at: usize,
    /// The event's name, when it is a string without escapes.
    pub event: Option<&'a str>,
}

/// Reads the header of a packet and, cheaply, the event's name. `None` when the header can't be
/// read. The JSON is neither checked nor limited: [`decode_text`](super::decode_text) does that.
pub fn peek(text: &str) -> Option<Peek<'_>> {
    let header = Header::read(text, u64::MAX, &mut |_| {}).ok()?;
    let event = if header.kind.is_event() {
        plain_name(text, header.json_at)
    } else {
        None
    };
    Some(Peek {
        kind: header.kind,
        attachments: header.attachments,
        nsp: header.nsp,
        id: header.id,
        json_at: header.json_at,
        event,
    })
}

/// `["name"` at this place, without whitespace or escapes.
fn plain_name(text: &str, at: usize) -> Option<&str> {
    let inner = text.get(at..)?.strip_prefix("[\"")?;
    let end = memchr::memchr2(b'"', b'\\', inner.as_bytes())?;
    (inner.as_bytes().get(end) == Some(&b'"')).then(|| inner.get(..end))?
}

pub(super) struct Header<'a> {
    pub kind: PacketKind,
    pub attachments: u64,
    pub nsp: &'a str,
    pub id: Option<u64>,
    /// Whether anything stood where the id stands.
    pub has_id: bool,
    pub json_at: usize,
}

impl<'a> Header<'a> {
    pub(super) fn read(
        text: &'a str,
        max_attachments: u64,
        quirk: &mut dyn FnMut(Quirk),
    ) -> Result<Self, DecodeError> {
        let (kind, mut at) = read_kind(text, quirk)?;
        let mut attachments = 0;
        if kind.is_binary() {
            let rest = text.get(at..).unwrap_or_default();
            let illegal = || DecodeError::new(at, DecodeErrorKind::IllegalAttachments);
            let dash = memchr::memchr(b'-', rest.as_bytes()).ok_or_else(illegal)?;
            let count = rest.get(..dash).unwrap_or_default();
            attachments = read_count(count, quirk).ok_or_else(illegal)?;
            if attachments > max_attachments {
                return Err(DecodeError::new(
                    at,
                    DecodeErrorKind::TooManyAttachments {
                        count: attachments,
                        limit: max_attachments,
                    },
                ));
            }
            at = at.saturating_add(dash).saturating_add(1);
        }
        let mut nsp = "/";
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with('/') {
            if let Some(comma) = memchr::memchr(b',', rest.as_bytes()) {
                nsp = rest.get(..comma).unwrap_or_default();
                at = at.saturating_add(comma).saturating_add(1);
            } else {
                nsp = rest;
                at = text.len();
                if rest.contains(['[', '{', '"']) {
                    quirk(Quirk::JsonInNamespace);
                }
            }
        }
        let (id, has_id, json_at) = read_id(text, at, quirk);
        Ok(Self {
            kind,
            attachments,
            nsp,
            id,
            has_id,
            json_at,
        })
    }
}

fn read_kind(text: &str, quirk: &mut dyn FnMut(Quirk)) -> Result<(PacketKind, usize), DecodeError> {
    let Some(first) = text.chars().next() else {
        quirk(Quirk::EmptyIsConnect);
        return Ok((PacketKind::Connect, 0));
    };
    if let Some(kind) = first
        .to_digit(10)
        .and_then(|digit| u8::try_from(digit).ok())
        .and_then(PacketKind::from_number)
    {
        return Ok((kind, 1));
    }
    if json::is_js_whitespace(first) {
        quirk(Quirk::WhitespaceType);
        return Ok((PacketKind::Connect, first.len_utf8()));
    }
    Err(DecodeError::new(
        0,
        DecodeErrorKind::UnknownSocketType(first),
    ))
}

/// A count of 1 or more, by `Number()`.
fn read_count(text: &str, quirk: &mut dyn FnMut(Quirk)) -> Option<u64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A count that does not fit is above every limit.
        let count = text.parse().unwrap_or(u64::MAX);
        if text.starts_with('0') && count > 0 {
            quirk(Quirk::OddAttachmentCount(text.to_owned()));
        }
        return (count > 0).then_some(count);
    }
    let number = json::number(text)?;
    if number.fract() != 0.0 || number < 1.0 || number.is_infinite() {
        return None;
    }
    quirk(Quirk::OddAttachmentCount(text.to_owned()));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and at least 1; a cast from float saturates"
    )]
    Some(number as u64)
}

/// The run of digits and whitespace at this place: the id, whether there was a run, and where
/// the JSON begins.
fn read_id(text: &str, at: usize, quirk: &mut dyn FnMut(Quirk)) -> (Option<u64>, bool, usize) {
    const MAX_SAFE: u64 = 9_007_199_254_740_992;
    let rest = text.get(at..).unwrap_or_default();
    let plain = rest.bytes().take_while(u8::is_ascii_digit).count();
    let clean = rest
        .get(plain..)
        .and_then(|after| after.chars().next())
        .is_none_or(|c| !json::is_js_whitespace(c));
    let run_len = if clean {
        plain
    } else {
        rest.find(|c: char| !c.is_ascii_digit() && !json::is_js_whitespace(c))
            .unwrap_or(rest.len())
    };
    let json_at = at.saturating_add(run_len);
    if run_len == 0 {
        return (None, false, json_at);
    }
    let run = rest.get(..run_len).unwrap_or_default();
    let digits = run.trim_matches(json::is_js_whitespace);
    let id = if digits.is_empty() {
        Some(0)
    } else if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        match digits.parse::<u64>() {
            Ok(id) => Some(id),
            Err(_) => {
                quirk(Quirk::IdTooBig(digits.to_owned()));
                None
            }
        }
    } else {
        quirk(Quirk::UnreadableId(run.to_owned()));
        None
    };
    if !clean {
        quirk(Quirk::WhitespaceInId);
    }
    if let Some(id) = id
        && id > MAX_SAFE
    {
        quirk(Quirk::IdAboveSafeInteger(id));
    }
    (id, true, json_at)
}
