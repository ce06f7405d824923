//! What the library's callbacks say, as marks: one fixed, readable form. Pure.
//!
//! ```text
//! rust_socketio: connect
//! rust_socketio: event "hello" [{"nsp":"/"}]
//! rust_socketio: ack of "echo" [["x"]]
//! rust_socketio: error EngineIO Error
//! rust_socketio: reconnect attempt 2
//! ```
//! What stands behind a name is what the library gave, even where it is not what crossed the
//! wire: that difference is what a person looks for.

use std::error::Error;
use std::fmt::Write as _;

use rust_socketio::{Event, Payload};
use serde_json::Value;

/// What every mark of this driver begins with.
pub(super) const PREFIX: &str = "rust_socketio: ";
/// Characters of a payload that a mark shows; the whole of it stands in the frame's record.
const SHOWN: usize = 1_000;
/// Bytes of a buffer that a mark shows.
const SHOWN_BYTES: usize = 32;

/// A callback of the library.
#[derive(Debug)]
pub(super) enum Callback {
    /// `on(Connect)`, `on(Close)`, `on(Error)` and `on_any`.
    Event(Event, Payload),
    /// The callback of an emit with this event's name.
    Ack(String, Payload),
}

impl Callback {
    /// Its mark.
    pub(super) fn words(&self) -> String {
        match self {
            Callback::Event(Event::Connect, payload) => lifecycle("connect", payload),
            Callback::Event(Event::Close, payload) => lifecycle("close", payload),
            Callback::Event(Event::Error, payload) => match text_of(payload) {
                Some(text) => format!("{PREFIX}error {}", cut(text.to_owned())),
                None => format!("{PREFIX}error {}", shown(payload)),
            },
            Callback::Event(event, payload) => {
                format!("{PREFIX}event {} {}", name(event.as_str()), shown(payload))
            }
            Callback::Ack(event, payload) => {
                format!("{PREFIX}ack of {} {}", name(event), shown(payload))
            }
        }
    }

    /// About how many bytes it holds.
    pub(super) fn size(&self) -> u64 {
        let (Callback::Event(_, payload) | Callback::Ack(_, payload)) = self;
        match payload {
            Payload::Binary(bytes) => bytes.len() as u64,
            #[allow(deprecated)]
            Payload::String(text) => text.len() as u64,
            Payload::Text(values) => values
                .iter()
                .map(|value| value.to_string().len() as u64)
                .sum(),
        }
    }
}

/// The library gives its own lifecycle events an empty text; anything else came from a server
/// that has an event of that name.
fn lifecycle(name: &str, payload: &Payload) -> String {
    match text_of(payload) {
        Some("") => format!("{PREFIX}{name}"),
        _ => format!("{PREFIX}{name} {}", shown(payload)),
    }
}

fn text_of(payload: &Payload) -> Option<&str> {
    match payload {
        #[allow(deprecated)]
        Payload::String(text) => Some(text),
        Payload::Text(values) => match values.as_slice() {
            [Value::String(text)] => Some(text),
            _ => None,
        },
        Payload::Binary(_) => None,
    }
}

fn name(event: &str) -> String {
    cut(Value::from(event).to_string())
}

fn shown(payload: &Payload) -> String {
    match payload {
        Payload::Text(values) => cut(Value::Array(values.clone()).to_string()),
        #[allow(deprecated)]
        Payload::String(text) => cut(text.clone()),
        Payload::Binary(bytes) => {
            let mut text = format!("<{} bytes", bytes.len());
            for byte in bytes.iter().take(SHOWN_BYTES) {
                let _ = write!(text, " {byte:02x}");
            }
            text.push_str(if bytes.len() > SHOWN_BYTES {
                " …>"
            } else {
                ">"
            });
            text
        }
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        let whole = text.len();
        text.truncate(end);
        let _ = write!(text, "… ({whole} bytes)");
    }
    text
}

/// An error with everything that lies under it: the library's own words for it are often no
/// more than "EngineIO Error".
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut under = error.source();
    while let Some(error) = under {
        let said = error.to_string();
        // Many repeat the one below in their own words.
        if !text.ends_with(&said) {
            let _ = write!(text, ": {said}");
        }
        under = error.source();
    }
    cut(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_callback_has_its_words() {
        let text = |values: Vec<Value>| Payload::Text(values);
        for (callback, words) in [
            (
                Callback::Event(Event::Connect, Payload::from("")),
                "rust_socketio: connect",
            ),
            (
                Callback::Event(Event::Close, Payload::from("")),
                "rust_socketio: close",
            ),
            // A server's own event of that name.
            (
                Callback::Event(Event::from("Open"), text(vec![json!(1)])),
                "rust_socketio: connect [1]",
            ),
            (
                Callback::Event(Event::Error, Payload::from("EngineIO Error")),
                "rust_socketio: error EngineIO Error",
            ),
            (
                Callback::Event(
                    Event::from("hello"),
                    text(vec![json!({"a": "ü"}), json!(2)]),
                ),
                "rust_socketio: event \"hello\" [{\"a\":\"ü\"},2]",
            ),
            (
                Callback::Event(Event::Message, text(vec![json!("no-args")])),
                "rust_socketio: event \"message\" [\"no-args\"]",
            ),
            (
                Callback::Event(Event::from("bin"), Payload::from(vec![0, 255])),
                "rust_socketio: event \"bin\" <2 bytes 00 ff>",
            ),
            (
                Callback::Ack("echo".to_owned(), Payload::from("[\"x\"]".to_owned())),
                "rust_socketio: ack of \"echo\" [[\"x\"]]",
            ),
        ] {
            assert_eq!(callback.words(), words);
        }
    }

    #[test]
    fn long_payloads_are_cut_with_their_size() {
        let callback = Callback::Event(
            Event::from("big"),
            Payload::Text(vec![json!("ü".repeat(5_000))]),
        );
        let words = callback.words();
        assert!(words.len() < 3_000, "{}", words.len());
        assert!(words.ends_with("… (10004 bytes)"), "{words}");
        assert_eq!(callback.size(), 10_002);
        let words = Callback::Event(Event::from("b"), Payload::from(vec![7; 33])).words();
        assert!(words.ends_with("07 …>"), "{words}");
    }

    #[test]
    fn errors_are_told_with_what_lies_under_them() {
        let error = rust_socketio::Error::from(std::io::Error::other("deep"));
        assert_eq!(chain(&error), "Got an IO-Error: deep");
        let error = rust_socketio::Error::IllegalActionBeforeOpen();
        assert_eq!(
            chain(&error),
            "Called an action before the connection was established"
        );
    }
}
