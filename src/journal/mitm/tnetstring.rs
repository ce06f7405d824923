//! Tagged netstrings: `<length>:<payload><tag>`.

use std::collections::HashMap;

/// Lists and dicts deeper than this are refused.
const DEEPEST: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    Number(f64),
    Bool(bool),
    Null,
    List(Vec<Value<'a>>),
    Dict(HashMap<String, Value<'a>>),
}

/// Where and why reading ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Offset from the start of what was given.
    pub(super) at: usize,
    pub(super) what: &'static str,
    /// The bytes end before the value does.
    pub(super) cut: bool,
}

/// Reads the value at `at`; gives it and the offset behind it.
pub(super) fn read(bytes: &[u8], at: usize) -> Result<(Value<'_>, usize), Mistake> {
    read_at(bytes, at, 0)
}

fn read_at(bytes: &[u8], at: usize, depth: usize) -> Result<(Value<'_>, usize), Mistake> {
    let wrong = |what| Mistake {
        at,
        what,
        cut: false,
    };
    let cut = |what| Mistake {
        at,
        what,
        cut: true,
    };
    if depth > DEEPEST {
        return Err(wrong("it is nested too deeply"));
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 12 {
        return Err(wrong("a length was expected"));
    }
    match rest.get(digits) {
        Some(b':') => {}
        None => return Err(cut("it ends within a length")),
        Some(_) => return Err(wrong("a colon was expected after the length")),
    }
    let length: usize = rest
        .get(..digits)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| wrong("a length was expected"))?;
    let from = at + digits + 1;
    let to = from.saturating_add(length);
    let (Some(payload), Some(tag)) = (bytes.get(from..to), bytes.get(to)) else {
        return Err(cut("it ends within a value"));
    };
    let text = || std::str::from_utf8(payload).map_err(|_| wrong("text that is not UTF-8"));
    let value = match tag {
        b',' => Value::Bytes(payload),
        b';' => Value::Text(text()?),
        b'#' | b'^' => Value::Number(
            text()?
                .parse()
                .map_err(|_| wrong("a number was expected"))?,
        ),
        b'!' => match payload {
            b"true" => Value::Bool(true),
            b"false" => Value::Bool(false),
            _ => return Err(wrong("true or false was expected")),
        },
        b'~' => Value::Null,
        b']' => {
            let mut list = Vec::new();
            let mut next = from;
            while next < to {
                let (item, end) = inside(bytes, next, to, depth)?;
                list.push(item);
                next = end;
            }
            Value::List(list)
        }
        b'}' => {
            let mut dict = HashMap::new();
            let mut next = from;
            while next < to {
                let (key, end) = inside(bytes, next, to, depth)?;
                let (value, end) = inside(bytes, end, to, depth)?;
                let key = match key {
                    Value::Text(text) => text.to_owned(),
                    Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    _ => return Err(wrong("a key that is no text")),
                };
                dict.insert(key, value);
                next = end;
            }
            Value::Dict(dict)
        }
        _ => return Err(wrong("an unknown tag")),
    };
    Ok((value, to + 1))
}

/// Reads a value that must end within its list or dict.
fn inside(bytes: &[u8], at: usize, to: usize, depth: usize) -> Result<(Value<'_>, usize), Mistake> {
    let within = bytes.get(..to).unwrap_or(bytes);
    read_at(within, at, depth + 1).map_err(|mistake| Mistake {
        cut: false,
        ..mistake
    })
}

impl<'a> Value<'a> {
    /// A member of a dict; null where there is none.
    pub(super) fn get(&self, key: &str) -> &Value<'a> {
        const NULL: &Value<'static> = &Value::Null;
        match self {
            Value::Dict(dict) => dict.get(key).unwrap_or(NULL),
            _ => NULL,
        }
    }

    pub(super) fn list(&self) -> &[Value<'a>] {
        match self {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// Bytes, or the bytes of a text.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            Value::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// Text, or bytes as text.
    pub(super) fn text(&self) -> Option<String> {
        self.bytes()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        *self == Value::Bool(true)
    }
}
