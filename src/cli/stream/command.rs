//! A command line of `stream`: one JSON object, read strictly, because a mistyped key that is
//! silently ignored is worse than a refused line.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::cli::connection::auth::{excerpt, reason};
use crate::client::Command;
use crate::client::command::Emit;
use crate::faults::FaultError;

/// Time that a wait has where it names none.
pub const WAIT_TIMEOUT: Duration = Duration::from_millis(5_000);

/// What a line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Hand this to the client.
    Do(Command),
    /// Hold the next lines back.
    Wait(Wait),
    /// Leave.
    Quit,
}

/// A `wait`.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// What for.
    pub what: Expect,
    /// How long.
    pub timeout: Duration,
}

/// What a wait waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// An event from the server.
    Event {
        /// Its name.
        event: String,
        /// On this namespace; `None` is any.
        nsp: Option<String>,
    },
    /// The ack of the newest emit that asked for one.
    Ack,
    /// A namespace that is connected.
    Namespace(String),
    /// Nothing but time: the wait is met when its time is up.
    Time,
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::Event { event, nsp: None } => write!(f, "event {event:?}"),
            Expect::Event {
                event,
                nsp: Some(nsp),
            } => write!(f, "event {event:?} on {nsp}"),
            Expect::Ack => f.write_str("the ack"),
            Expect::Namespace(nsp) => write!(f, "namespace {nsp}"),
            Expect::Time => f.write_str("the time"),
        }
    }
}

/// The members of an object in their order, each value as raw text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Each command and the keys that may stand beside it.
const COMMANDS: [(&str, &[&str]); 11] = [
    ("emit", &["nsp", "ack", "timeout_ms", "volatile"]),
    ("join", &["auth"]),
    ("leave", &[]),
    ("answer", &["nsp", "id", "again"]),
    ("buffer", &[]),
    ("connect", &[]),
    ("disconnect", &[]),
    ("fault", &["c"]),
    ("mark", &[]),
    ("wait", &[]),
    ("quit", &[]),
];
const WAIT_KEYS: [&str; 6] = ["event", "nsp", "ack", "namespace", "ms", "timeout_ms"];

fn list(words: &[&str]) -> String {
    words.join(", ")
}

fn command_names() -> String {
    list(&COMMANDS.map(|(name, _)| name))
}

/// Reads one line; `nsp` is the namespace of commands that name none. A blank line is `None`.
pub fn parse(line: &str, nsp: &str) -> Result<Option<Step>, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(None);
    }
    let members = members(
        line,
        &format!("a command is an object with one of: {}", command_names()),
    )?;
    let mut named = COMMANDS
        .iter()
        .filter(|(name, _)| members.iter().any(|(key, _)| key == name));
    let (name, keys) = match (named.next(), named.next()) {
        (Some(one), None) => *one,
        (Some((one, _)), Some((other, _))) => {
            return Err(format!(
                "{one} and {other} are two commands; write each on a line of its own"
            ));
        }
        (None, _) => return Err(no_command(&members)),
    };
    let command = Line {
        name,
        keys,
        members: &members,
    };
    command.known_keys()?;
    let step = match name {
        "emit" => Step::Do(command.emit(nsp)?),
        "join" => Step::Do(Command::Join {
            nsp: namespace(command.text("join")?)?,
            auth: command.auth()?,
        }),
        "leave" => Step::Do(Command::Leave {
            nsp: namespace(command.text("leave")?)?,
        }),
        "answer" => Step::Do(command.answer(nsp)?),
        "buffer" => Step::Do(buffer(&command.text("buffer")?)?),
        "connect" => command.flag("connect", Step::Do(Command::Connect))?,
        "disconnect" => command.flag("disconnect", Step::Do(Command::Disconnect))?,
        "quit" => command.flag("quit", Step::Quit)?,
        "mark" => Step::Do(Command::Mark {
            text: command.text("mark")?,
        }),
        "wait" => Step::Wait(wait(command.get("wait").map_or("", |raw| raw.get()))?),
        _ => Step::Do(command.fault()?),
    };
    Ok(Some(step))
}

fn members<'a>(text: &'a str, expected: &str) -> Result<Vec<(String, &'a RawValue)>, String> {
    if !text.trim_start().starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok() {
        return Err(format!("{} is no object; {expected}", short(text)));
    }
    match serde_json::from_str::<Members<'_>>(text) {
        Ok(Members(members)) => {
            for (at, (key, _)) in members.iter().enumerate() {
                if members.iter().take(at).any(|(earlier, _)| earlier == key) {
                    return Err(format!("{key:?} stands twice"));
                }
            }
            Ok(members)
        }
        Err(error) => Err(format!(
            "not JSON at column {}: {} in {}",
            error.column(),
            reason(&error),
            excerpt(text, error.line(), error.column())
        )),
    }
}

fn short(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn no_command(members: &[(String, &RawValue)]) -> String {
    match members.first() {
        Some((key, _)) => format!("no command {key:?}; the commands are {}", command_names()),
        None => format!("no command; the commands are {}", command_names()),
    }
}

struct Line<'a> {
    name: &'static str,
    keys: &'static [&'static str],
    members: &'a [(String, &'a RawValue)],
}

impl Line<'_> {
    fn get(&self, key: &str) -> Option<&RawValue> {
        self.members
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, raw)| *raw)
    }

    fn known_keys(&self) -> Result<(), String> {
        for (key, _) in self.members {
            if key != self.name && !self.keys.contains(&key.as_str()) {
                let name = self.name;
                return Err(match self.keys {
                    [] if name == "wait" => format!(
                        "unknown key {key:?} beside \"wait\": its keys go inside, as in {{\"wait\":{{\"event\":\"hello\",\"timeout_ms\":3000}}}}"
                    ),
                    [] => format!("unknown key {key:?} beside {name:?}, which takes no other"),
                    keys => format!("unknown key {key:?}; {name} knows {}", list(keys)),
                });
            }
        }
        Ok(())
    }

    /// `{"connect":true}` and its like.
    fn flag(&self, key: &str, step: Step) -> Result<Step, String> {
        match self.bool(key)? {
            true => Ok(step),
            false => Err(format!("{key} must be true")),
        }
    }

    fn bool(&self, key: &str) -> Result<bool, String> {
        match self.get(key) {
            None => Ok(false),
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|_| format!("{key} must be true or false, not {}", short(raw.get()))),
        }
    }

    fn text(&self, key: &str) -> Result<String, String> {
        let raw = self.get(key).map_or("nothing", RawValue::get);
        serde_json::from_str(raw).map_err(|_| format!("{key} must be a text, not {}", short(raw)))
    }

    fn auth(&self) -> Result<Option<String>, String> {
        match self.get("auth").map(RawValue::get) {
            Some(raw) if !raw.starts_with('{') => {
                Err("auth must be an object, as in {\"token\":\"x\"}".to_owned())
            }
            raw => Ok(raw.map(str::to_owned)),
        }
    }

    fn number(&self, key: &str) -> Result<Option<u64>, String> {
        self.get(key)
            .map(|raw| {
                serde_json::from_str(raw.get()).map_err(|_| {
                    format!(
                        "{key} must be a whole number from 0, not {}",
                        short(raw.get())
                    )
                })
            })
            .transpose()
    }

    fn nsp(&self, otherwise: &str) -> Result<String, String> {
        match self.get("nsp") {
            Some(_) => namespace(self.text("nsp")?),
            None => Ok(otherwise.to_owned()),
        }
    }

    fn array(&self, key: &str) -> Result<String, String> {
        let raw = self.get(key).map_or("nothing", RawValue::get);
        if !raw.starts_with('[') {
            return Err(format!("{key} must be an array, not {}", short(raw)));
        }
        check_binary(raw)?;
        Ok(raw.to_owned())
    }

    fn emit(&self, nsp: &str) -> Result<Command, String> {
        let args = self.array("emit")?;
        let values: Vec<&RawValue> = serde_json::from_str(&args).map_err(|error| reason(&error))?;
        if !values
            .first()
            .is_some_and(|first| first.get().starts_with('"'))
        {
            return Err("emit must begin with the event's name: [\"name\",arg…]".to_owned());
        }
        let (ack, volatile) = (self.bool("ack")?, self.bool("volatile")?);
        let timeout_ms = self.number("timeout_ms")?;
        if timeout_ms.is_some() && !ack {
            return Err("timeout_ms is the time for an ack; it needs \"ack\":true".to_owned());
        }
        if ack && volatile {
            return Err(
                "a volatile event may never be sent, so it can't ask for an ack".to_owned(),
            );
        }
        Ok(Command::Emit(Emit {
            nsp: self.nsp(nsp)?,
            args,
            ack,
            timeout_ms,
            volatile,
        }))
    }

    /// `clear` ends what was asked for; anything else is a fault of the catalogue, for the
    /// connection `c` where that is given.
    fn fault(&self) -> Result<Command, String> {
        let text = self.text("fault")?;
        let c = match self.get("c").map(|raw| raw.get().parse::<u32>()) {
            None => None,
            Some(Ok(c)) if c > 0 => Some(c),
            Some(_) => return Err("c must be the number of a connection, from 1".to_owned()),
        };
        if text == "clear" {
            return match c {
                None => Ok(Command::ClearFaults),
                Some(_) => Err("clear ends all that was asked for; leave \"c\" out".to_owned()),
            };
        }
        let fault = text
            .parse()
            .map_err(|error: FaultError| format!("{error}; clear ends those that last"))?;
        Ok(match c {
            None => Command::Fault(fault),
            Some(c) => Command::FaultOn { fault, c },
        })
    }

    fn answer(&self, nsp: &str) -> Result<Command, String> {
        let args = self.array("answer")?;
        let id = self
            .number("id")?
            .ok_or("answer needs the \"id\" of the server's question")?;
        let nsp = self.nsp(nsp)?;
        Ok(match self.bool("again")? {
            true => Command::AnswerAgain { nsp, id, args },
            false => Command::Answer { nsp, id, args },
        })
    }
}

/// What to do with the offline buffer.
fn buffer(text: &str) -> Result<Command, String> {
    match text {
        "hold" => Ok(Command::Hold),
        "flush" => Ok(Command::Flush),
        other => Err(format!(
            "buffer takes hold (events wait in it from now on) or flush (they go), not {}",
            short(other)
        )),
    }
}

fn namespace(text: String) -> Result<String, String> {
    crate::cli::connection::auth::name(&text, "namespace").map_err(|error| error.0)
}

fn wait(raw: &str) -> Result<Wait, String> {
    let expected = "a wait is an object with one of: event, ack, namespace, ms";
    let members = members(raw, expected)?;
    if let Some((key, _)) = members
        .iter()
        .find(|(key, _)| !WAIT_KEYS.contains(&key.as_str()))
    {
        return Err(format!(
            "unknown key {key:?}; a wait knows {}",
            list(&WAIT_KEYS)
        ));
    }
    let line = Line {
        name: "wait",
        keys: &WAIT_KEYS,
        members: &members,
    };
    let kinds: Vec<&str> = ["event", "ack", "namespace", "ms"]
        .into_iter()
        .filter(|kind| line.get(kind).is_some())
        .collect();
    let kind = match kinds.as_slice() {
        [kind] => *kind,
        [] => return Err(expected.to_owned()),
        several => {
            return Err(format!(
                "a wait waits for one thing, not for {}",
                several.join(" and ")
            ));
        }
    };
    if kind != "event" && line.get("nsp").is_some() {
        return Err("nsp belongs to a wait for an event".to_owned());
    }
    let timeout = line
        .number("timeout_ms")?
        .map_or(WAIT_TIMEOUT, Duration::from_millis);
    let what = match kind {
        "event" => Expect::Event {
            event: line.text("event")?,
            nsp: line.get("nsp").map(|_| line.nsp("/")).transpose()?,
        },
        "ack" => match line.bool("ack")? {
            true => Expect::Ack,
            false => return Err("ack must be true".to_owned()),
        },
        "namespace" => Expect::Namespace(namespace(line.text("namespace")?)?),
        _ => {
            if line.get("timeout_ms").is_some() {
                return Err("a wait of some ms has no timeout_ms beside it".to_owned());
            }
            let ms = line.number("ms")?.unwrap_or_default();
            return Ok(Wait {
                what: Expect::Time,
                timeout: Duration::from_millis(ms),
            });
        }
    };
    Ok(Wait { what, timeout })
}

/// Checks each `{"$binary":"<base64>"}` of a JSON text.
pub fn check_binary(json: &str) -> Result<(), String> {
    fn walk(value: &serde_json::Value) -> Result<(), String> {
        match value {
            serde_json::Value::Array(values) => values.iter().try_for_each(walk),
            serde_json::Value::Object(entries) => match entries.get("$binary") {
                Some(serde_json::Value::String(text)) if entries.len() == 1 => {
                    match base64::engine::general_purpose::STANDARD.decode(text) {
                        Ok(_) => Ok(()),
                        Err(error) => Err(format!("$binary {}: no base64: {error}", short(text))),
                    }
                }
                Some(other) if entries.len() == 1 => Err(format!(
                    "$binary must be a text in base64, not {}",
                    short(&other.to_string())
                )),
                _ => entries.values().try_for_each(walk),
            },
            _ => Ok(()),
        }
    }
    if !json.contains("\"$binary\"") {
        return Ok(());
    }
    // What this parser can't hold (too deep, too large a number) is left to the client's own.
    serde_json::from_str::<serde_json::Value>(json).map_or(Ok(()), |value| walk(&value))
}

#[cfg(test)]
mod tests;
