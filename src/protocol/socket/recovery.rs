//! Connection state recovery: the offset at the end of an event.
//!
//! When the server gave a `pid` with its CONNECT, every event that its adapter sends carries one
//! more argument at the end, a text. Events that want an ack and volatile ones have none, so a
//! last argument that is a text of the application's own poisons the client's memory.

use std::borrow::Cow;

use crate::protocol::json;

/// What an offset looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OffsetShape {
    /// Seven characters of a time in base 64, with a counter after a dot within one
    /// millisecond: the in-memory adapter.
    Time,
    /// `<milliseconds>-<counter>`: Redis streams.
    RedisStream,
    /// 24 hexadecimal digits: MongoDB.
    ObjectId,
    /// None of these. The server's adapter may be another one, or it is no offset.
    Unknown,
}

/// An event's last argument, taken for an offset as the JavaScript client takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset<'a> {
    /// The text.
    pub value: Cow<'a, str>,
    /// What it looks like.
    pub shape: OffsetShape,
    /// How many raw arguments come before it, the event's name included.
    pub args: usize,
}

/// Splits the offset off an event's raw arguments ([`Packet::args`](super::Packet::args), name
/// first). `None` when the last argument is no text or there is only the name.
///
/// Call it for events of a namespace whose CONNECT gave a `pid`. An event that wants an ack
/// carries no offset, yet the JavaScript client takes its last text for one: whoever finds an
/// ack id, or [`OffsetShape::Unknown`], has found what makes the next recovery fail.
pub fn split_offset<'a>(args: &[&'a str]) -> Option<Offset<'a>> {
    let (last, before) = args.split_last()?;
    if before.is_empty() {
        return None;
    }
    let value = json::unescape(last)?;
    let shape = shape(&value);
    Some(Offset {
        value,
        shape,
        args: before.len(),
    })
}

/// Tells what a text looks like as an offset.
pub fn shape(text: &str) -> OffsetShape {
    if is_time(text) {
        OffsetShape::Time
    } else if is_redis_stream(text) {
        OffsetShape::RedisStream
    } else if text.len() == 24 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        OffsetShape::ObjectId
    } else {
        OffsetShape::Unknown
    }
}

/// Milliseconds since 1970 in base 64, alphabet `0-9A-Za-z-_`: from 2020 to 2040 these are seven
/// digits, the first between M and W.
fn is_time(text: &str) -> bool {
    let digit = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let (time, counter) = text.split_once('.').unwrap_or((text, "0"));
    time.len() == 7
        && time.bytes().all(|b| digit(&b))
        && matches!(time.bytes().next(), Some(b'M'..=b'W'))
        && !counter.is_empty()
        && counter.bytes().all(|b| digit(&b))
}

fn is_redis_stream(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('-')
        .is_some_and(|(ms, counter)| ms.len() == 13 && digits(ms) && digits(counter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_the_last_text() {
        let offset = split_offset(&["\"hi\"", "1", "\"Q7zC6jk\""]).unwrap();
        assert_eq!(offset.value, "Q7zC6jk");
        assert_eq!(offset.shape, OffsetShape::Time);
        assert_eq!(offset.args, 2);
    }

    #[test]
    fn a_name_alone_or_another_value_is_no_offset() {
        assert_eq!(split_offset(&["\"hi\""]), None);
        assert_eq!(split_offset(&["\"hi\"", "1"]), None);
        assert_eq!(split_offset(&["\"hi\"", "{}"]), None);
        assert_eq!(split_offset(&[]), None);
    }

    #[test]
    fn shapes_are_told_apart() {
        let cases = [
            ("Q7zC6jk", OffsetShape::Time),
            ("Q7zC6jk.0", OffsetShape::Time),
            ("Q7zC6jk.", OffsetShape::Unknown),
            ("1700000000000-0", OffsetShape::RedisStream),
            ("1700000000000-", OffsetShape::Unknown),
            ("507f1f77bcf86cd799439011", OffsetShape::ObjectId),
            ("hello", OffsetShape::Unknown),
            ("goodbye", OffsetShape::Unknown),
            ("", OffsetShape::Unknown),
            ("é", OffsetShape::Unknown),
        ];
        for (text, expected) in cases {
            assert_eq!(shape(text), expected, "{text}");
        }
    }
}
