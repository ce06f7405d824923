//! A msgpack value as JSON text, as JavaScript would show it after notepack decoded it.
//!
//! Recursion is bounded by the depth limit under which the value was read.

use std::borrow::Cow;

use rmpv::Value;

use crate::protocol::decoded::Quirk;
use crate::protocol::engine::base64;
use crate::protocol::json;

/// Writes a value.
pub(super) fn json(value: &Value, quirks: &mut Vec<Quirk>) -> String {
    let mut out = String::new();
    write(value, &mut out, quirks);
    out
}

/// A string's text; bytes that are not UTF-8 become U+FFFD.
pub(super) fn text<'a>(string: &'a rmpv::Utf8String, quirks: &mut Vec<Quirk>) -> Cow<'a, str> {
    if let Some(text) = string.as_str() {
        return Cow::Borrowed(text);
    }
    let at = string.as_err().map_or(0, std::str::Utf8Error::valid_up_to);
    quirks.push(Quirk::NotUtf8 { at });
    String::from_utf8_lossy(string.as_bytes())
}

fn write(value: &Value, out: &mut String, quirks: &mut Vec<Quirk>) {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Boolean(true) => out.push_str("true"),
        Value::Boolean(false) => out.push_str("false"),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::F32(number) => float(f64::from(*number), out, quirks),
        Value::F64(number) => float(*number, out, quirks),
        Value::String(string) => out.push_str(&json::quote(&text(string, quirks))),
        Value::Binary(bytes) => binary(bytes, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out, quirks);
            }
            out.push(']');
        }
        Value::Map(members) => {
            out.push('{');
            for (i, (key, value)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_key(key, out, quirks);
                out.push(':');
                write(value, out, quirks);
            }
            out.push('}');
        }
        Value::Ext(kind, bytes) => extension(*kind, bytes, out, quirks),
    }
}

/// JSON keys are text; JavaScript turns every other key into one.
fn write_key(key: &Value, out: &mut String, quirks: &mut Vec<Quirk>) {
    if let Value::String(string) = key {
        out.push_str(&json::quote(&text(string, quirks)));
        return;
    }
    quirks.push(Quirk::NotJson("a key that is no text was turned into one"));
    let mut inner = String::new();
    write(key, &mut inner, quirks);
    out.push_str(&json::quote(&inner));
}

fn float(number: f64, out: &mut String, quirks: &mut Vec<Quirk>) {
    if !number.is_finite() {
        quirks.push(Quirk::NotJson("NaN or an infinity became null"));
        out.push_str("null");
    } else if number.fract() == 0.0 && number.abs() < 1e15 {
        // JavaScript knows one kind of number and writes 1.0 as 1, and -0 as 0.
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e15")]
        out.push_str(&(number as i64).to_string());
    } else {
        // The shortest text that reads back as the same number.
        out.push_str(
            &serde_json::Number::from_f64(number)
                .map_or_else(|| "null".to_owned(), |number| number.to_string()),
        );
    }
}

fn binary(bytes: &[u8], out: &mut String) {
    out.push_str("{\"$binary\":\"");
    base64::encode_onto(bytes, out);
    out.push_str("\"}");
}

/// The extensions that notepack gives a meaning: 0 (undefined, old dates, old buffers) and -1
/// (timestamps). Any other is the pair of its type and bytes, as notepack delivers it.
fn extension(kind: i8, bytes: &[u8], out: &mut String, quirks: &mut Vec<Quirk>) {
    let date = match (kind, bytes) {
        (0, [_]) => {
            quirks.push(Quirk::NotJson("undefined became null"));
            out.push_str("null");
            return;
        }
        (0, bytes) => match <[u8; 8]>::try_from(bytes) {
            Ok(ms) => jiff::Timestamp::from_millisecond(i64::from_be_bytes(ms)).ok(),
            Err(_) => return binary(bytes, out),
        },
        (-1, bytes) => timestamp(bytes),
        _ => None,
    };
    if let Some(date) = date {
        quirks.push(Quirk::NotJson("a date became its text"));
        out.push_str(&json::quote(&format!("{date:.3}")));
        return;
    }
    quirks.push(Quirk::NotJson("a msgpack extension became [type, bytes]"));
    out.push('[');
    out.push_str(&kind.to_string());
    out.push(',');
    binary(bytes, out);
    out.push(']');
}

/// The msgpack timestamp of 4, 8 or 12 bytes.
fn timestamp(bytes: &[u8]) -> Option<jiff::Timestamp> {
    let (seconds, nanoseconds) = match bytes.len() {
        4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            let seconds = i64::try_from(both & 0x3_ffff_ffff).ok()?;
            (seconds, u32::try_from(both >> 34).ok()?)
        }
        12 => {
            let (nanoseconds, seconds) = bytes.split_first_chunk::<4>()?;
            (
                i64::from_be_bytes(seconds.try_into().ok()?),
                u32::from_be_bytes(*nanoseconds),
            )
        }
        _ => return None,
    };
    jiff::Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()
}
