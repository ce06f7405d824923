//! An event as the library takes it. Pure.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// An event to emit through the library.
#[derive(Debug, Clone, PartialEq)]
pub struct Emit {
    /// Its name.
    pub(super) event: String,
    /// What follows the name.
    pub(super) args: Args,
    /// The array as it was given, name first.
    pub(super) text: String,
    /// Ask for an ack.
    pub(super) ack: bool,
    /// Time for that ack; `None` waits for ever.
    pub(super) timeout: Option<Duration>,
}

/// What the library can send behind an event's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Args {
    /// JSON values, any number.
    Values(Vec<Value>),
    /// One buffer and nothing else.
    Binary(Vec<u8>),
}

impl Emit {
    /// Reads the JSON array `text`, event name first; `timeout` is the time for the ack.
    ///
    /// # Errors
    /// What the library can't send, in words.
    pub fn new(text: &str, ack: bool, timeout: Option<Duration>) -> Result<Emit, String> {
        let array: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| format!("an event is a JSON array, its name first: {error}"))?;
        let mut values = array.into_iter();
        let event = match values.next() {
            Some(Value::String(name)) => name,
            Some(other) => {
                return Err(format!(
                    "rust_socketio takes a text as an event's name, not {other}"
                ));
            }
            None => return Err("an event needs a name".to_owned()),
        };
        let values: Vec<Value> = values.collect();
        let only = match values.as_slice() {
            [only] => bytes_of(only),
            _ => None,
        };
        let args = match only {
            Some(_) if ack => {
                return Err(
                    "rust_socketio can't ask for the ack of a binary event: it would write a \
                     BINARY_ACK packet; leave the ack out, or send the bytes as text"
                        .to_owned(),
                );
            }
            Some(bytes) => Args::Binary(bytes),
            None if values.iter().any(holds_bytes) => {
                return Err(
                    "rust_socketio sends binary only as the one and only argument of an event"
                        .to_owned(),
                );
            }
            None => Args::Values(values),
        };
        Ok(Emit {
            event,
            args,
            text: text.to_owned(),
            ack,
            timeout,
        })
    }

    /// The packet's text as the offline buffer shows it: without an id, which only the library
    /// knows, and without attachments.
    #[cfg(any(test, feature = "driver-rust-socketio"))]
    pub(super) fn packet(&self, nsp: &str) -> String {
        match nsp {
            "/" => format!("2{}", self.text),
            nsp => format!("2{nsp},{}", self.text),
        }
    }
}

/// The bytes of `{"$binary":"<base64>"}`.
fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    STANDARD.decode(object.get("$binary")?.as_str()?).ok()
}

/// Whether a buffer lies anywhere in it.
fn holds_bytes(value: &Value) -> bool {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        if bytes_of(value).is_some() {
            return true;
        }
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_can_send_is_taken_as_it_stands() {
        for (text, ack, event, args) in [
            (r#"["a"]"#, false, "a", Args::Values(vec![])),
            (
                r#"["a",1,{"b":[null]}]"#,
                true,
                "a",
                Args::Values(vec![1.into(), serde_json::json!({ "b": [null] })]),
            ),
            (
                r#"["a",{"$binary":"AQI="}]"#,
                false,
                "a",
                Args::Binary(vec![1, 2]),
            ),
            // No buffer, only something that looks like one.
            (
                r#"["a",{"$binary":"***"}]"#,
                true,
                "a",
                Args::Values(vec![serde_json::json!({ "$binary": "***" })]),
            ),
        ] {
            let emit = Emit::new(text, ack, None).unwrap();
            assert_eq!((emit.event.as_str(), &emit.args), (event, &args), "{text}");
        }
        let emit = Emit::new(r#"["a", 1]"#, true, None).unwrap();
        assert_eq!(emit.packet("/"), r#"2["a", 1]"#);
        assert_eq!(emit.packet("/chat"), r#"2/chat,["a", 1]"#);
    }

    #[test]
    fn what_it_can_not_send_is_refused_in_words() {
        for (text, ack, words) in [
            ("[]", false, "needs a name"),
            ("[1]", false, "a text as an event's name, not 1"),
            ("{", false, "JSON array"),
            (r#"["a",{"$binary":"AQI="}]"#, true, "ack of a binary event"),
            (r#"["a",{"$binary":"AQI="},1]"#, false, "one and only"),
            (
                r#"["a",{"deep":[{"$binary":"AQI="}]}]"#,
                false,
                "one and only",
            ),
        ] {
            let error = Emit::new(text, ack, None).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
