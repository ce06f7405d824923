//! JSON text as a msgpack value, with the choices of notepack: whole numbers as integers of the
//! smallest size, others as 64-bit floats.

use rmpv::Value;

use crate::protocol::decoded::{DecodeError, DecodeErrorKind};
use crate::protocol::engine::base64;
use crate::protocol::json::{self, TokenKind, Tokens};

/// An array or object that is still open.
enum Open {
    Array(Vec<Value>),
    Object {
        members: Vec<(Value, Value)>,
        key: String,
        start: usize,
    },
}

/// Reads a JSON text. Leaves `{"$binary":"<base64>"}` become binary.
pub(super) fn value(text: &str, max_depth: usize) -> Result<Value, DecodeError> {
    let mut tokens = Tokens::new(text);
    let mut stack: Vec<Open> = Vec::new();
    let mut result = Value::Nil;
    loop {
        let token = tokens
            .next_token()
            .map_err(|error| DecodeError::new(error.at, DecodeErrorKind::Json(error.kind)))?;
        let Some(token) = token else {
            return Ok(result);
        };
        let raw = text.get(token.start..token.end).unwrap_or_default();
        let finished = match token.kind {
            TokenKind::ArrayStart | TokenKind::ObjectStart => {
                if stack.len() >= max_depth {
                    return Err(DecodeError::new(
                        token.start,
                        DecodeErrorKind::TooDeep(max_depth),
                    ));
                }
                stack.push(if token.kind == TokenKind::ArrayStart {
                    Open::Array(Vec::new())
                } else {
                    Open::Object {
                        members: Vec::new(),
                        key: String::new(),
                        start: token.start,
                    }
                });
                continue;
            }
            TokenKind::Key => {
                if let Some(Open::Object { key, .. }) = stack.last_mut() {
                    *key = json::unescape(raw).unwrap_or_default().into_owned();
                }
                continue;
            }
            TokenKind::ArrayEnd | TokenKind::ObjectEnd => match stack.pop() {
                Some(Open::Array(items)) => Value::Array(items),
                Some(Open::Object { members, start, .. }) => close_object(members, start)?,
                None => continue,
            },
            TokenKind::String => Value::from(json::unescape(raw).unwrap_or_default().as_ref()),
            TokenKind::Number => number(raw),
            TokenKind::True => Value::Boolean(true),
            TokenKind::False => Value::Boolean(false),
            TokenKind::Null => Value::Nil,
        };
        match stack.last_mut() {
            Some(Open::Array(items)) => items.push(finished),
            Some(Open::Object { members, key, .. }) => put(members, std::mem::take(key), finished),
            None => result = finished,
        }
    }
}

/// A later duplicate replaces the earlier value in its place, as in JavaScript.
fn put(members: &mut Vec<(Value, Value)>, key: String, value: Value) {
    let old = members
        .iter_mut()
        .find(|(name, _)| name.as_str() == Some(key.as_str()));
    match old {
        Some((_, old)) => *old = value,
        None => members.push((Value::from(key), value)),
    }
}

fn close_object(members: Vec<(Value, Value)>, start: usize) -> Result<Value, DecodeError> {
    if let [(key, Value::String(text))] = members.as_slice()
        && key.as_str() == Some("$binary")
    {
        return text
            .as_str()
            .and_then(base64::decode_padded_or_not)
            .map(Value::Binary)
            .ok_or_else(|| DecodeError::new(start, DecodeErrorKind::BadBinaryLeaf));
    }
    Ok(Value::Map(members))
}

fn number(raw: &str) -> Value {
    if let Ok(whole) = raw.parse::<i64>() {
        return if whole >= 0 {
            Value::from(whole.unsigned_abs())
        } else {
            Value::from(whole)
        };
    }
    if let Ok(whole) = raw.parse::<u64>() {
        return Value::from(whole);
    }
    let number: f64 = raw.parse().unwrap_or(f64::NAN);
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        let whole = number as i64;
        return if whole >= 0 {
            Value::from(whole.unsigned_abs())
        } else {
            Value::from(whole)
        };
    }
    Value::F64(number)
}
