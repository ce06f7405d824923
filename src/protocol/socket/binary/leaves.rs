//! Placeholders to `$binary` leaves and back, on the JSON text: everything else stays byte for
//! byte, and nothing recurses.

use std::ops::Range;

use bytes::Bytes;

use super::super::{DecodeError, DecodeErrorKind, Quirk};
use crate::protocol::engine::base64;
use crate::protocol::json::{self, TokenKind, Tokens};

/// JSON with its attachments put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substituted {
    /// The JSON; each placeholder is now `{"$binary":"<base64>"}`.
    pub json: String,
    /// Attachments that were not used, or used twice.
    pub quirks: Vec<Quirk>,
}

/// Puts attachments in the place of their placeholders. As in the reference, an object is a
/// placeholder when its `_placeholder` is `true`, whatever else it holds; a number may be used
/// twice or out of order.
///
/// # Errors
/// The text is not JSON; or a `num` is missing, no number, no integer, or out of range (the
/// reference lets a fraction through and delivers `undefined`).
pub fn substitute<B: AsRef<[u8]>>(
    json: &str,
    attachments: &[B],
) -> Result<Substituted, DecodeError> {
    let mut out = String::with_capacity(json.len());
    let mut uses = vec![0_usize; attachments.len()];
    let mut copied: usize = 0;
    for placeholder in placeholders(json)? {
        let raw = json.get(placeholder.num.clone()).unwrap_or_default();
        let found = index(raw).and_then(|index| {
            let bytes = attachments.get(index)?;
            let uses = uses.get_mut(index)?;
            *uses = uses.saturating_add(1);
            Some(bytes)
        });
        let Some(bytes) = found else {
            return Err(DecodeError::new(
                placeholder.object.start,
                DecodeErrorKind::PlaceholderOutOfRange {
                    num: if raw.is_empty() { "undefined" } else { raw }.to_owned(),
                    count: attachments.len(),
                },
            ));
        };
        out.push_str(
            json.get(copied..placeholder.object.start)
                .unwrap_or_default(),
        );
        out.push_str("{\"$binary\":\"");
        base64::encode_onto(bytes.as_ref(), &mut out);
        out.push_str("\"}");
        copied = placeholder.object.end;
    }
    out.push_str(json.get(copied..).unwrap_or_default());
    let mut quirks = Vec::new();
    let unused = uses.iter().filter(|uses| **uses == 0).count();
    if unused > 0 {
        quirks.push(Quirk::UnusedAttachments(unused));
    }
    for (num, uses) in uses.iter().enumerate() {
        if *uses > 1 {
            quirks.push(Quirk::AttachmentUsedTwice(
                u64::try_from(num).unwrap_or(u64::MAX),
            ));
        }
    }
    Ok(Substituted { json: out, quirks })
}

/// Takes every leaf `{"$binary":"<base64>"}` (an object with this member alone) out of a JSON text
/// and numbers the placeholders in the order of the text, which is depth first, as the
/// reference numbers them.
///
/// # Errors
/// The text is not JSON, or such a leaf's text is not base64 (with or without padding).
pub fn extract(json: &str) -> Result<(String, Vec<Bytes>), DecodeError> {
    let mut out = String::with_capacity(json.len());
    let mut attachments: Vec<Bytes> = Vec::new();
    let mut copied: usize = 0;
    for leaf in binary_leaves(json)? {
        let raw = json.get(leaf.value.clone()).unwrap_or_default();
        let bytes = json::unescape(raw)
            .and_then(|text| base64::decode_padded_or_not(&text))
            .ok_or_else(|| DecodeError::new(leaf.value.start, DecodeErrorKind::BadBinaryLeaf))?;
        out.push_str(json.get(copied..leaf.object.start).unwrap_or_default());
        out.push_str("{\"_placeholder\":true,\"num\":");
        out.push_str(&attachments.len().to_string());
        out.push('}');
        attachments.push(Bytes::from(bytes));
        copied = leaf.object.end;
    }
    out.push_str(json.get(copied..).unwrap_or_default());
    Ok((out, attachments))
}

/// The index that a `num` stands for: a non-negative integer in any JSON spelling.
fn index(raw: &str) -> Option<usize> {
    if let Ok(index) = raw.parse() {
        return Some(index);
    }
    if json::validate(raw) != Ok(json::Shape::Number) {
        return None;
    }
    let number: f64 = raw.parse().ok()?;
    let whole = number.fract() == 0.0 && (0.0..=4_294_967_295.0).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    whole.then_some(number as usize)
}

struct Placeholder {
    object: Range<usize>,
    /// Where the value of `num` stands; empty when there is none.
    num: Range<usize>,
}

struct Leaf {
    object: Range<usize>,
    value: Range<usize>,
}

/// An object or array that is still open.
#[derive(Default)]
struct Open {
    start: usize,
    /// The key whose value comes next, or is being read.
    key: Key,
    members: usize,
    flagged: bool,
    num: Range<usize>,
    binary: Option<Range<usize>>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Key {
    #[default]
    Other,
    Placeholder,
    Num,
    Binary,
}

/// Outermost placeholders in the order of the text.
fn placeholders(json: &str) -> Result<Vec<Placeholder>, DecodeError> {
    let mut found: Vec<Placeholder> = Vec::new();
    walk(json, |object, open| {
        if open.flagged {
            // What lies inside a placeholder is replaced with it.
            while found
                .last()
                .is_some_and(|inner| inner.object.start > object.start)
            {
                found.pop();
            }
            found.push(Placeholder {
                object,
                num: open.num.clone(),
            });
        }
    })?;
    Ok(found)
}

fn binary_leaves(json: &str) -> Result<Vec<Leaf>, DecodeError> {
    let mut found = Vec::new();
    walk(json, |object, open| {
        if open.members == 1
            && let Some(value) = open.binary.clone()
        {
            found.push(Leaf { object, value });
        }
    })?;
    Ok(found)
}

/// Calls back at the end of every object, innermost first, with its range.
fn walk(json: &str, mut closed: impl FnMut(Range<usize>, &Open)) -> Result<(), DecodeError> {
    let mut tokens = Tokens::new(json);
    let mut stack: Vec<Open> = Vec::new();
    loop {
        let token = tokens
            .next_token()
            .map_err(|error| DecodeError::new(error.at, DecodeErrorKind::Json(error.kind)))?;
        let Some(token) = token else {
            return Ok(());
        };
        match token.kind {
            TokenKind::ObjectStart | TokenKind::ArrayStart => {
                // A member whose value is a container is no flag, num or leaf, also when an
                // earlier member of the same name was one.
                if let Some(parent) = stack.last_mut() {
                    parent.set(TokenKind::ObjectStart, token.start..token.start);
                }
                stack.push(Open {
                    start: token.start,
                    ..Open::default()
                });
            }
            TokenKind::ObjectEnd | TokenKind::ArrayEnd => {
                if let Some(open) = stack.pop()
                    && token.kind == TokenKind::ObjectEnd
                {
                    closed(open.start..token.end, &open);
                }
            }
            TokenKind::Key => {
                if let Some(open) = stack.last_mut() {
                    open.members = open.members.saturating_add(1);
                    open.key = key(json.get(token.start..token.end).unwrap_or_default());
                }
            }
            kind => {
                if let Some(open) = stack.last_mut() {
                    open.set(kind, token.start..token.end);
                }
            }
        }
    }
}

impl Open {
    fn set(&mut self, kind: TokenKind, range: Range<usize>) {
        match std::mem::take(&mut self.key) {
            Key::Placeholder => self.flagged = kind == TokenKind::True,
            // An empty range says that num is no plain value.
            Key::Num => self.num = range,
            Key::Binary => self.binary = (kind == TokenKind::String).then_some(range),
            Key::Other => {}
        }
    }
}

fn key(raw: &str) -> Key {
    // A key longer than this can't be one of ours, even with every character escaped.
    if raw.len() > 80 {
        return Key::Other;
    }
    match json::unescape(raw).as_deref() {
        Some("_placeholder") => Key::Placeholder,
        Some("num") => Key::Num,
        Some("$binary") => Key::Binary,
        _ => Key::Other,
    }
}
