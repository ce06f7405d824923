//! Packets of the msgpack parser: a map with a `type`, in generation 3 behind a type byte.

use std::borrow::Cow;

use rmpv::Value;

use super::names::is_secret_name;
use crate::journal::record::Direction;

/// Deeper packets are searched as bytes only.
const DEEPEST: usize = 128;

/// A packet that was read whole.
pub(super) struct Packet {
    /// Bytes before the map.
    before: Vec<u8>,
    value: Value,
    /// Writing it gives the bytes that were read.
    exact: bool,
}

/// A text or number in a packet.
pub(super) struct Leaf<'a> {
    value: &'a mut Value,
}

/// Place and name of a secret: that of the member that holds it.
type Inside<'a> = Option<(&'static str, &'a str)>;

impl Packet {
    /// Reads a packet; `None` for anything else.
    pub(super) fn read(bytes: &[u8]) -> Option<Packet> {
        let (before, map) = match bytes.first()? {
            0x04 => bytes.split_at_checked(1)?,
            _ => (&bytes[..0], bytes),
        };
        // A map with few members: `{type, data, id?, nsp}` and little else.
        if !matches!(map.first()?, 0x81..=0x8f | 0xde | 0xdf) {
            return None;
        }
        let mut rest = map;
        let value = rmpv::decode::read_value_with_max_depth(&mut rest, DEEPEST).ok()?;
        let members = value.as_map()?;
        let typed = members.iter().any(|(key, _)| key.as_str() == Some("type"));
        if !rest.is_empty() || !typed {
            return None;
        }
        let mut packet = Packet {
            before: before.to_vec(),
            value,
            exact: false,
        };
        packet.exact = packet.write().is_some_and(|again| again == bytes);
        Some(packet)
    }

    /// The packet as bytes; `None` where it would not be as it was read.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        self.write().filter(|_| self.exact)
    }

    fn write(&self) -> Option<Vec<u8>> {
        let mut out = self.before.clone();
        rmpv::encode::write_value(&mut out, &self.value).ok()?;
        Some(out)
    }

    /// Calls `each` with every text and number, and with the name that makes it secret.
    pub(super) fn leaves(&mut self, dir: Direction, each: &mut dyn FnMut(Inside<'_>, Leaf<'_>)) {
        let Value::Map(members) = &mut self.value else {
            return;
        };
        let connects = members
            .iter()
            .any(|(key, value)| key.as_str() == Some("type") && value.as_u64() == Some(0));
        for (key, value) in members {
            let auth = connects && key.as_str() == Some("data");
            match (auth, dir) {
                (true, Direction::ToServer) => walk(value, Some(("auth", "")), each),
                (true, Direction::ToClient) => answer(value, each),
                _ => walk(value, None, each),
            }
        }
    }
}

/// The answer to a CONNECT: the private id of connection state recovery.
fn answer(value: &mut Value, each: &mut dyn FnMut(Inside<'_>, Leaf<'_>)) {
    if let Value::Map(members) = value {
        for (key, value) in members {
            let pid = (key.as_str() == Some("pid")).then_some(("auth", "pid"));
            walk(value, pid, each);
        }
    }
}

fn walk(value: &mut Value, inside: Inside<'_>, each: &mut dyn FnMut(Inside<'_>, Leaf<'_>)) {
    match value {
        Value::Map(members) => {
            for (key, value) in members {
                let name: Cow<'_, str> = match key.as_str() {
                    Some(name) => Cow::Owned(name.to_owned()),
                    None => Cow::Borrowed(""),
                };
                let next = match inside {
                    Some((place, _)) => Some((place, &*name)),
                    None => is_secret_name(&name).then_some(("payload", &*name)),
                };
                walk(value, next, each);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, inside, each)),
        Value::String(_) => each(inside, Leaf { value }),
        Value::Integer(_) | Value::F32(_) | Value::F64(_) if inside.is_some() => {
            each(inside, Leaf { value });
        }
        _ => {}
    }
}

impl Leaf<'_> {
    /// What stands there.
    pub(super) fn text(&self) -> String {
        match &self.value {
            Value::String(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
            other => other.to_string(),
        }
    }

    /// Whether it is a text.
    pub(super) fn is_text(&self) -> bool {
        self.value.is_str()
    }

    /// Puts another text there.
    pub(super) fn set(self, text: Vec<u8>) {
        *self.value = Value::from(String::from_utf8_lossy(&text).into_owned());
    }

    /// Covers a number by one that takes as many bytes.
    pub(super) fn cover_number(self) {
        let covered = match self.value {
            Value::F32(_) => Value::F32(9.0),
            Value::F64(_) => Value::F64(9.0),
            Value::Integer(number) => match (number.as_u64(), number.as_i64()) {
                (Some(0..=0x7f), _) => Value::from(99_u64),
                (Some(0x80..=0xff), _) => Value::from(199_u64),
                (Some(0x100..=0xffff), _) => Value::from(9_999_u64),
                (Some(0x1_0000..=0xffff_ffff), _) => Value::from(99_999_999_u64),
                (Some(_), _) => Value::from(999_999_999_999_u64),
                (_, Some(-32..)) => Value::from(-9),
                (_, Some(-0x80..)) => Value::from(-99),
                (_, Some(-0x8000..)) => Value::from(-9_999),
                (_, Some(-0x8000_0000..)) => Value::from(-99_999_999),
                _ => Value::from(-999_999_999_999_i64),
            },
            _ => return,
        };
        *self.value = covered;
    }
}
