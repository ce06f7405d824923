//! Lines to records.

mod kinds;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::kinds::{
    AckLine, BufferLine, ConnectionLine, FaultLine, FindingLine, FrameLine, GapLine, MarkLine,
    NamespaceLine, RequestLine, ResponseLine, TransportLine,
};
use super::escape::{read_string, without_lone_surrogates};
use crate::journal::record::{Body, Direction, Frame, Opcode, Record, Unknown};

/// Base64 with or without its padding: other people's writers differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a line is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {what}")]
pub struct LineError {
    /// Number of the line in its file, from 1.
    pub number: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Reads one line (with or without its line break). `number` is its number in the file, from 1,
/// and only goes into the error. A kind that is not known gives [`Body::Unknown`]; a missing `n`
/// or `t` reads as 0.
pub fn parse_line(line: &[u8], number: u64) -> Result<Record, LineError> {
    let line = line.trim_ascii();
    if let Some(record) = parse_frame(line) {
        return Ok(record);
    }
    match parse_any(line) {
        Ok(record) => Ok(record),
        Err(first) => without_lone_surrogates(line)
            .and_then(|line| parse_any(&line).ok())
            .ok_or(LineError {
                number,
                what: first,
            }),
    }
}

/// Reads one line whatever it holds: what is no record becomes a [`Body::Unknown`] that keeps its
/// text. The flag says whether the line told its time.
#[must_use]
pub fn parse_line_or_unknown(line: &[u8], number: u64) -> (Record, bool) {
    let why = match parse_line(line, number) {
        Ok(record) => return (record, true),
        Err(error) => error.what,
    };
    let line = line.trim_ascii();
    let head = serde_json::from_slice::<Head<'_>>(line).ok();
    let t = head
        .as_ref()
        .and_then(|head| head.t)
        .and_then(|t| micros(t.get()));
    let record = Record {
        n: head.as_ref().and_then(|head| head.n).unwrap_or(0),
        t: t.unwrap_or(0),
        c: head.as_ref().and_then(|head| head.c),
        body: Body::Unknown(Unknown {
            k: head.and_then(|head| head.k).unwrap_or_default(),
            why: Some(why),
            line: String::from_utf8_lossy(line).into_owned(),
        }),
    };
    (record, t.is_some())
}

/// The fast path: a frame in exactly the shape that `write` gives it. `None` for all else.
#[inline]
fn parse_frame(line: &[u8]) -> Option<Record> {
    let rest = line.strip_prefix(b"{\"n\":")?;
    let (n, rest) = digits(rest)?;
    let rest = rest.strip_prefix(b",\"t\":")?;
    let (seconds, rest) = digits(rest)?;
    let fraction = rest.strip_prefix(b".")?;
    let (part, rest) = digits(fraction)?;
    if fraction.len() - rest.len() != 6 {
        return None;
    }
    let t = seconds.checked_mul(1_000_000)?.checked_add(part)?;
    let (c, rest) = match rest.strip_prefix(b",\"c\":") {
        Some(rest) => {
            let (c, rest) = digits(rest)?;
            (Some(u32::try_from(c).ok()?), rest)
        }
        None => (None, rest),
    };
    let rest = rest.strip_prefix(b",\"k\":\"frame\",\"dir\":\"to_")?;
    let (dir, rest) = match rest.strip_prefix(b"client\",\"op\":\"") {
        Some(rest) => (Direction::ToClient, rest),
        None => (
            Direction::ToServer,
            rest.strip_prefix(b"server\",\"op\":\"")?,
        ),
    };
    let (op, data, rest) = if let Some(rest) = rest.strip_prefix(b"text\",\"data\":\"") {
        let (data, rest) = read_string(rest)?;
        (Opcode::Text, data, rest)
    } else {
        let rest = rest.strip_prefix(b"binary\",\"b64\":\"")?;
        let (data, rest) = rest.split_at(memchr::memchr(b'"', rest)?);
        (Opcode::Binary, BASE64.decode(data).ok()?, rest.get(1..)?)
    };
    let (wire, rest) = match rest.strip_prefix(b",\"wire\":") {
        Some(rest) => {
            let (wire, rest) = digits(rest)?;
            (Some(wire), rest)
        }
        None => (None, rest),
    };
    // What `stream` adds is derived from the payload and is not looked at.
    if rest != b"}" && !(rest.starts_with(b",\"packets\":[") && rest.ends_with(b"]}")) {
        return None;
    }
    let data = Bytes::from(data);
    let frame = Frame {
        dir,
        op,
        data,
        code: None,
        reason: None,
        wire,
    };
    Some(Record {
        n,
        t,
        c,
        body: Body::Frame(frame),
    })
}

/// A decimal number at the start of `bytes`.
#[inline]
fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    let mut rest = bytes;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        value = value
            .checked_mul(10)?
            .checked_add(u64::from(digit - b'0'))?;
        rest = after;
    }
    (rest.len() < bytes.len()).then_some((value, rest))
}

/// Seconds in decimal to microseconds, exactly where they have at most six places.
fn micros(seconds: &str) -> Option<u64> {
    let exact = || {
        let (whole, rest) = digits(seconds.as_bytes())?;
        let mut places = rest.strip_prefix(b".").unwrap_or(rest);
        if places.len() > 6 {
            return None;
        }
        let mut part = 0u64;
        for _ in 0..6 {
            let digit = match places {
                [digit @ b'0'..=b'9', after @ ..] => {
                    places = after;
                    u64::from(digit - b'0')
                }
                [] => 0,
                _ => return None,
            };
            part = part * 10 + digit;
        }
        whole.checked_mul(1_000_000)?.checked_add(part)
    };
    exact().or_else(|| {
        let seconds: f64 = seconds.parse().ok()?;
        // A cast from a float saturates: a negative or absurd time can't do harm.
        Some((seconds * 1e6).round() as u64)
    })
}

#[derive(Deserialize)]
struct Head<'a> {
    n: Option<u64>,
    #[serde(borrow)]
    t: Option<&'a RawValue>,
    c: Option<u32>,
    k: Option<String>,
}

/// The tolerant path, in two steps: what every line has, then what its kind has.
fn parse_any(line: &[u8]) -> Result<Record, String> {
    let head: Head<'_> = from_slice(line)?;
    let k = head.k.ok_or("it has no \"k\"")?;
    let t = match head.t {
        Some(t) => micros(t.get()).ok_or_else(|| format!("\"t\" is no number: {}", t.get()))?,
        None => 0,
    };
    let body = match k.as_str() {
        "request" => Body::Request(from_slice::<RequestLine>(line)?.body()?),
        "response" => Body::Response(from_slice::<ResponseLine>(line)?.body()?),
        "frame" => Body::Frame(from_slice::<FrameLine>(line)?.body()?),
        "transport" => Body::Transport(from_slice::<TransportLine>(line)?.body()?),
        "connection" => Body::Connection(from_slice::<ConnectionLine>(line)?.body()?),
        "namespace" => Body::Namespace(from_slice::<NamespaceLine<'_>>(line)?.body()?),
        "ack" => Body::Ack(from_slice::<AckLine>(line)?.body()?),
        "buffer" => Body::Buffer(from_slice::<BufferLine>(line)?.body()?),
        "fault" => Body::Fault(from_slice::<FaultLine>(line)?.body()),
        "gap" => Body::Gap(from_slice::<GapLine>(line)?.body()),
        "mark" => Body::Mark(from_slice::<MarkLine>(line)?.body()),
        "finding" => Body::Finding(from_slice::<FindingLine>(line)?.body()),
        _ => {
            let line = std::str::from_utf8(line).map_err(|error| error.to_string())?;
            Body::Unknown(Unknown {
                k,
                why: None,
                line: line.to_owned(),
            })
        }
    };
    Ok(Record {
        n: head.n.unwrap_or(0),
        t,
        c: head.c,
        body,
    })
}

fn from_slice<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| {
        // serde_json counts lines within what it was given, which is one line.
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        format!("{what} (byte {})", error.column())
    })
}
