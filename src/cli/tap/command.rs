//! A command line of `tap --headless`: one JSON object, read strictly. What is not an injection
//! is read as `stream` reads it.

use base64::Engine as _;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cli::connection::auth::reason;
use crate::cli::stream::command::{self, Expect, Step, Wait, check_binary};
use crate::client::Command;
use crate::journal::record::Direction;
use crate::tap::Injection;

/// What a line asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Order {
    /// Put this into a connection.
    Inject {
        c: Option<u32>,
        dir: Direction,
        injection: Injection,
    },
    /// A mark or a fault.
    Do(Command),
    /// Hold the next lines back.
    Wait(Wait),
    /// Stop.
    Quit,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    inject: &'a RawValue,
    to: String,
    nsp: Option<String>,
    c: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binary {
    #[serde(rename = "$binary")]
    base64: String,
}

/// Reads one line. A blank one is `None`.
pub(super) fn parse(line: &str) -> Result<Option<Order>, String> {
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    let injects = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(trimmed)
        .is_ok_and(|members| members.contains_key("inject"));
    if injects {
        return inject(trimmed).map(Some);
    }
    let Some(step) = command::parse(trimmed, "/")
        .map_err(|error| error.replace("the commands are emit,", "the commands are inject,"))?
    else {
        return Ok(None);
    };
    match step {
        Step::Quit => Ok(Some(Order::Quit)),
        Step::Wait(wait) if wait.what == Expect::Ack => {
            Err("a tap asks for no acks; wait for an event, a namespace or some ms".to_owned())
        }
        Step::Wait(wait) => Ok(Some(Order::Wait(wait))),
        Step::Do(command) => match command {
            Command::Mark { .. }
            | Command::Fault(_)
            | Command::FaultOn { .. }
            | Command::ClearFaults => Ok(Some(Order::Do(command))),
            _ => Err(
                "a tap has no client of its own; {\"inject\":[\"event\",arg…],\"to\":\"server\"} puts an event into a live connection"
                    .to_owned(),
            ),
        },
    }
}

fn inject(line: &str) -> Result<Order, String> {
    let read: Line<'_> = serde_json::from_str(line).map_err(|error| {
        format!(
            "{}; write it as in {{\"inject\":[\"event\",1],\"to\":\"client\",\"nsp\":\"/\",\"c\":1}}",
            reason(&error)
        )
    })?;
    let dir = match read.to.as_str() {
        "client" => Direction::ToClient,
        "server" => Direction::ToServer,
        other => {
            return Err(format!(
                "to must be \"client\" or \"server\", not {other:?}"
            ));
        }
    };
    let raw = read.inject.get();
    let injection = match raw.as_bytes().first() {
        Some(b'[') => {
            check_binary(raw)?;
            let values: Vec<&RawValue> =
                serde_json::from_str(raw).map_err(|error| reason(&error))?;
            let named = values
                .first()
                .is_some_and(|first| first.get().starts_with('"'));
            if !named {
                return Err("inject must begin with the event's name: [\"name\",arg…]".to_owned());
            }
            let nsp = match &read.nsp {
                Some(nsp) => {
                    crate::cli::connection::auth::name(nsp, "namespace").map_err(|error| error.0)?
                }
                None => "/".to_owned(),
            };
            Injection::Event {
                nsp,
                args: raw.to_owned(),
            }
        }
        Some(b'"' | b'{') if read.nsp.is_some() => {
            return Err(
                "nsp belongs to an event; a message as it stands on the wire names its own"
                    .to_owned(),
            );
        }
        Some(b'"') => Injection::Text(serde_json::from_str(raw).map_err(|error| reason(&error))?),
        Some(b'{') => {
            let binary: Binary = serde_json::from_str(raw).map_err(|error| reason(&error))?;
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(&binary.base64)
                .map_err(|error| format!("$binary: no base64: {error}"))?;
            Injection::Binary(Bytes::from(bytes))
        }
        _ => {
            return Err(
                "inject must be an event ([\"name\",arg…]), a text, or {\"$binary\":\"<base64>\"}"
                    .to_owned(),
            );
        }
    };
    Ok(Order::Inject {
        c: read.c,
        dir,
        injection,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;

    #[test]
    fn injections_are_events_texts_or_bytes() {
        for (line, c, dir, injection) in [
            (
                r#"{"inject":["hi",1],"to":"client","nsp":"/chat","c":2}"#,
                Some(2),
                Direction::ToClient,
                Injection::Event {
                    nsp: "/chat".to_owned(),
                    args: r#"["hi",1]"#.to_owned(),
                },
            ),
            (
                r#"{"to":"server","inject":"2"}"#,
                None,
                Direction::ToServer,
                Injection::Text("2".to_owned()),
            ),
            (
                r#"{"inject":{"$binary":"AQI="},"to":"client"}"#,
                None,
                Direction::ToClient,
                Injection::Binary(Bytes::from_static(&[1, 2])),
            ),
        ] {
            let expected = Order::Inject { c, dir, injection };
            assert_eq!(parse(line), Ok(Some(expected)), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, word) in [
            (r#"{"inject":["hi"]}"#, "to"),
            (r#"{"inject":["hi"],"to":"me"}"#, "client"),
            (r#"{"inject":[1],"to":"client"}"#, "name"),
            (r#"{"inject":5,"to":"client"}"#, "event"),
            (r#"{"inject":["x"],"to":"client","cc":1}"#, "cc"),
            (r#"{"inject":"2","to":"client","nsp":"/"}"#, "nsp"),
            (r#"{"inject":{"$binary":"?"},"to":"client"}"#, "base64"),
            (r#"{"emit":["x"]}"#, "no client of its own"),
            (r#"{"wait":{"ack":true}}"#, "no acks"),
            (r#"{"fault":"nonsense"}"#, "nonsense"),
            (r#"{"fault":"drop","c":0}"#, "from 1"),
            (r#"{"fault":"clear","c":1}"#, "leave \"c\" out"),
            (r#"{"fault":"drop","on":1}"#, "fault knows c"),
            ("[]", "object"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(word), "{line}: {error}");
        }
    }

    #[test]
    fn the_rest_is_as_in_stream() {
        assert_eq!(parse("  "), Ok(None));
        assert_eq!(parse(r#"{"quit":true}"#), Ok(Some(Order::Quit)));
        assert_eq!(
            parse(r#"{"fault":"drop"}"#),
            Ok(Some(Order::Do(Command::Fault(Fault::Drop))))
        );
        assert_eq!(
            parse(r#"{"c":2,"fault":"drop"}"#),
            Ok(Some(Order::Do(Command::FaultOn {
                fault: Fault::Drop,
                c: 2
            })))
        );
        assert_eq!(
            parse(r#"{"fault":"clear"}"#),
            Ok(Some(Order::Do(Command::ClearFaults)))
        );
        assert!(matches!(
            parse(r#"{"wait":{"ms":5}}"#),
            Ok(Some(Order::Wait(_)))
        ));
    }
}
