//! Entries read one by one: one that can't be read is passed over, and said to be.

use serde_json::Value;
use serde_json::value::RawValue;

use super::entry::{Entry, Message, Request, Response, Timings};

/// So many entries that can't be read are told each.
const TOLD: usize = 20;

/// The entries of a file.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Those that can be read, with their numbers from 1.
    pub(super) read: Vec<(usize, Entry)>,
    /// The others, in words, in their order.
    pub(super) left_out: Vec<(usize, String)>,
}

impl Entries {
    /// Reads each.
    pub(super) fn of(raw: &[&RawValue]) -> Entries {
        let mut entries = Entries::default();
        for (number, raw) in (1..).zip(raw) {
            match serde_json::from_str(raw.get()) {
                Ok(entry) => entries.read.push((number, entry)),
                Err(error) => entries.left_out.push((number, why(raw.get(), &error))),
            }
        }
        entries
    }

    /// Passes an entry over that was read.
    pub(super) fn leave_out(&mut self, number: usize, why: String) {
        self.left_out.push((number, why));
    }

    /// What was left out, in words.
    pub(super) fn told(&self) -> Option<String> {
        let mut left_out: Vec<&(usize, String)> = self.left_out.iter().collect();
        left_out.sort_by_key(|(number, _)| *number);
        let told = left_out.iter().take(TOLD);
        let mut told: Vec<String> = told
            .map(|(number, why)| format!("request {number} of the HAR file is left out: {why}"))
            .collect();
        if left_out.len() > TOLD {
            let more = left_out.len() - TOLD;
            told.push(format!("{more} more requests of the HAR file are left out"));
        }
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// What is wrong with an entry, by the names that HAR has.
fn why(text: &str, error: &serde_json::Error) -> String {
    let entry = match serde_json::from_str(text) {
        Ok(Value::Object(entry)) => entry,
        Ok(other) => return format!("it is {}, and should be an object", kind(&other)),
        // Numbers that no value can hold, too deep: what the reader says of it.
        Err(error) => return plain(&error),
    };
    match entry.get("startedDateTime") {
        None => return "it has no startedDateTime".to_owned(),
        Some(Value::String(_)) => {}
        Some(other) => return should_be("startedDateTime", other, "text"),
    }
    let Some(request) = entry.get("request") else {
        return "it has no request".to_owned();
    };
    let parts = [
        ("request", Some(request), of::<Request> as fn(&Value) -> _),
        ("response", entry.get("response"), of::<Response>),
        ("timings", entry.get("timings"), of::<Timings>),
    ];
    for (name, value, read) in parts {
        match value {
            None => {}
            Some(value @ Value::Object(_)) => {
                if let Some(error) = read(value) {
                    return format!("its {name} can't be read: {error}");
                }
            }
            Some(other) => return should_be(name, other, "an object"),
        }
    }
    match entry.get("_webSocketMessages") {
        None | Some(Value::Null) => {}
        Some(Value::Array(messages)) => {
            if let Some(error) = messages.iter().find_map(of::<Message>) {
                return format!("one of its _webSocketMessages can't be read: {error}");
            }
        }
        Some(other) => return should_be("_webSocketMessages", other, "a list"),
    }
    plain(error)
}

fn of<T: serde::de::DeserializeOwned>(value: &Value) -> Option<String> {
    T::deserialize(value).err().map(|error| plain(&error))
}

/// What the reader says, without a place in a part that nobody sees, and without names of types.
fn plain(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    match said.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => said.to_owned(),
    }
}

fn should_be(name: &str, found: &Value, wanted: &str) -> String {
    format!("its {name} is {}, and should be {wanted}", kind(found))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
