//! A draft: what was typed, and what becomes of it.

use crate::client::command::Emit;
use crate::tui::json;

/// A field of the composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    /// Namespace.
    Namespace,
    /// Event name.
    #[default]
    Event,
    /// Arguments.
    Args,
    /// Ack and its timeout.
    Ack,
}

impl Field {
    /// The fields in the order in which tab walks them.
    pub const ALL: [Field; 4] = [Field::Namespace, Field::Event, Field::Args, Field::Ack];
}

/// What was typed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// Namespace.
    pub nsp: String,
    /// Event name, as it is (not as JSON).
    pub event: String,
    /// Arguments: values with commas between them, or one array of them; may be empty.
    pub args: String,
    /// Ask for an ack.
    pub ack: bool,
    /// Ack timeout as typed (`5`, `0.5`, `500 ms`; seconds without a unit); empty for the
    /// options' own.
    pub timeout: String,
}

/// What is wrong with a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct DraftError {
    /// In which field.
    pub field: Field,
    /// Byte offset in the field's text.
    pub at: usize,
    /// What is wrong, what was expected.
    pub what: String,
}

/// Event names that the official clients refuse to emit, as they mean something to them.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

impl Draft {
    /// The draft that would send an event again. `args` is the packet's JSON array as it came,
    /// with the event's name first.
    pub fn from_event(nsp: &str, event: &str, args: &str, wants_ack: bool) -> Draft {
        let args = match json::value(args).and_then(|_| json::values(args)) {
            Ok(values) => written(values.get(1..).unwrap_or_default()),
            // What the scanner does not take is given as it is: the person sees what is wrong.
            Err(_) => args.to_owned(),
        };
        Draft {
            nsp: nsp.to_owned(),
            event: event.to_owned(),
            args,
            ack: wants_ack,
            timeout: String::new(),
        }
    }

    /// Without its last argument where that is the recovery offset that the server had added.
    #[must_use]
    pub fn without_offset(mut self, offset: &str) -> Draft {
        if let Ok(mut values) = json::values(&self.args) {
            let last = values
                .last()
                .and_then(|v| serde_json::from_str::<String>(v).ok());
            if last.as_deref() == Some(offset) {
                values.pop();
                self.args = written(&values);
            }
        }
        self
    }

    /// The command that sends it.
    pub fn emit(&self) -> Result<Emit, DraftError> {
        let fail = |field, at, what: &str| {
            Err(DraftError {
                field,
                at,
                what: what.to_owned(),
            })
        };
        let nsp = self.nsp.trim();
        if let Some(at) = self.nsp.find(',') {
            return fail(Field::Namespace, at, "a namespace has no comma");
        }
        if self.event.is_empty() {
            return fail(Field::Event, 0, "an event needs a name");
        }
        let values = json::values(&self.args).map_err(|e| DraftError {
            field: Field::Args,
            at: e.at,
            what: e.what,
        })?;
        let timeout_ms = match self.ack {
            true => self.timeout_ms()?,
            false => None,
        };
        let mut args = format!("[{}", serde_json::Value::from(self.event.as_str()));
        for value in &values {
            args.push(',');
            args.push_str(value);
        }
        args.push(']');
        Ok(Emit {
            nsp: match nsp.starts_with('/') {
                true => nsp.to_owned(),
                false => format!("/{nsp}"),
            },
            args,
            ack: self.ack,
            timeout_ms,
            volatile: false,
        })
    }

    fn timeout_ms(&self) -> Result<Option<u64>, DraftError> {
        let typed = self.timeout.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let (number, factor) = if let Some(ms) = typed.strip_suffix("ms") {
            (ms, 1.0)
        } else {
            (typed.strip_suffix('s').unwrap_or(typed), 1_000.0)
        };
        let ms = number.trim().parse::<f64>().map(|n| (n * factor).round());
        match ms {
            // A day is more than anybody waits for an ack.
            Ok(ms) if (1.0..=86_400_000.0).contains(&ms) => Ok(Some(ms as u64)),
            _ => Err(DraftError {
                field: Field::Ack,
                at: 0,
                what: "the ack's timeout is a number of seconds, or 500ms".to_owned(),
            }),
        }
    }

    /// Something to know before sending that is no mistake.
    pub fn notice(&self) -> Option<String> {
        RESERVED.contains(&self.event.as_str()).then(|| {
            format!(
                "{:?} is reserved: the official clients refuse it",
                self.event
            )
        })
    }

    /// Whether it fits on one line.
    pub fn is_one_line(&self) -> bool {
        !self.args.contains('\n')
    }
}

fn written(values: &[String]) -> String {
    match values {
        // One array alone would be read as the list of arguments.
        [one] if one.starts_with('[') => format!("[{one}]"),
        _ => values.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(event: &str, args: &str) -> Draft {
        Draft {
            nsp: "/chat".into(),
            event: event.into(),
            args: args.into(),
            ..Draft::default()
        }
    }

    #[test]
    fn a_draft_becomes_the_array_that_is_sent() {
        let cases = [
            ("say", "", "[\"say\"]"),
            (
                "say",
                "\"room1\", {\"text\": \"hi\"}",
                "[\"say\",\"room1\",{\"text\":\"hi\"}]",
            ),
            ("say", "[1, 2]", "[\"say\",1,2]"),
            ("say", "[[1, 2]]", "[\"say\",[1,2]]"),
            ("say", "1,\n2\n", "[\"say\",1,2]"),
            ("a\"b", "null", "[\"a\\\"b\",null]"),
            (
                "f",
                "{\"$binary\": \"AQI=\"}",
                "[\"f\",{\"$binary\":\"AQI=\"}]",
            ),
        ];
        for (event, args, sent) in cases {
            let emit = draft(event, args).emit().unwrap();
            assert_eq!(emit.args, sent);
            assert_eq!(emit.nsp, "/chat");
        }
    }

    #[test]
    fn a_row_becomes_a_draft_that_sends_the_same() {
        for args in [
            "[\"say\"]",
            "[\"say\",\"room1\",{\"a\":[1,2]}]",
            "[\"say\",[1,2]]",
            "[\"say\",[[1]]]",
            "[\"say\",[]]",
            "[\"say\",[1],[2]]",
            "[\"say\",12345678901234567890123,\"\\ud800\"]",
        ] {
            let draft = Draft::from_event("/chat", "say", args, true);
            let emit = draft.emit().unwrap();
            assert_eq!((emit.args.as_str(), emit.ack), (args, true));
        }
        let broken = Draft::from_event("/", "say", "[\"say\",", false);
        assert_eq!(broken.args, "[\"say\",");
    }

    #[test]
    fn the_recovery_offset_is_taken_off_only_where_it_is_last() {
        let draft = Draft::from_event("/", "e", "[\"e\",1,\"x9\"]", false);
        assert_eq!(draft.clone().without_offset("x9").args, "1");
        assert_eq!(draft.without_offset("x8").args, "1, \"x9\"");
    }

    #[test]
    fn mistakes_name_their_field_and_place() {
        let mut bad = draft("", "1");
        assert_eq!(bad.emit().map_err(|e| e.field), Err(Field::Event));
        bad.event = "say".into();
        bad.args = "1,\nx".into();
        let error = bad.emit().unwrap_err();
        assert_eq!((error.field, error.at), (Field::Args, 3));
        bad.args = String::new();
        bad.nsp = "/a,b".into();
        assert_eq!(
            bad.emit().map_err(|e| (e.field, e.at)),
            Err((Field::Namespace, 2))
        );
    }

    #[test]
    fn timeouts_are_seconds_or_milliseconds() {
        let cases = [
            ("", Some(None)),
            ("5", Some(Some(5_000))),
            ("0.5 s", Some(Some(500))),
            ("250ms", Some(Some(250))),
            ("soon", None),
            ("-1", None),
            ("0", None),
            ("NaN", None),
            ("1e99", None),
        ];
        for (typed, ms) in cases {
            let mut draft = draft("e", "");
            draft.timeout = typed.into();
            assert_eq!(draft.emit().unwrap().timeout_ms, None, "no ack, no timeout");
            draft.ack = true;
            let got = draft.emit().map(|e| e.timeout_ms).ok();
            assert_eq!(got, ms, "{typed}");
        }
    }

    #[test]
    fn a_namespace_gets_its_slash() {
        for (typed, nsp) in [("", "/"), ("chat", "/chat"), (" /a ", "/a")] {
            let mut draft = draft("e", "");
            draft.nsp = typed.into();
            assert_eq!(draft.emit().unwrap().nsp, nsp);
        }
    }
}
