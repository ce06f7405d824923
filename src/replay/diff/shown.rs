//! Lines as people are shown them: ids and times masked, secrets covered.

use serde_json::{Value, json};

use super::line::{Line, What};
use crate::journal::redact::{self, COVER};

/// An auth payload without what it says.
pub fn covered(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            (members.into_iter())
                .map(|(name, value)| (name, covered(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(covered).collect()),
        Value::String(_) | Value::Number(_) => json!(COVER),
        other => other,
    }
}

impl Line {
    /// The line in three columns: which way it went, what it is, and what it says. Text from
    /// the network: whoever prints it makes it safe.
    pub fn shown(&self) -> (&'static str, String, String) {
        let way = match self.dir {
            Some(_) if self.is_sent() => "↑",
            Some(_) => "↓",
            None => "·",
        };
        (way, self.kind(), self.says())
    }

    fn kind(&self) -> String {
        match self.what {
            What::Event if self.asks => format!("event? {}", self.name),
            What::Event => format!("event  {}", self.name),
            What::Reply => format!("reply  {}", self.name),
            What::Join | What::Welcome => "connect".to_owned(),
            What::Refusal => "connect_error".to_owned(),
            What::Disconnect => "disconnect".to_owned(),
            What::Handshake => "handshake".to_owned(),
            What::Upgrade => "upgrade".to_owned(),
            What::Websocket => "websocket".to_owned(),
            What::Headers => self.name.to_string(),
            What::End => "closed".to_owned(),
            What::Undecodable => "undecodable".to_owned(),
        }
    }

    fn says(&self) -> String {
        let under = |what: &str| match self.data.as_deref() {
            Some(detail) => format!("{what} ({})", redact::covered(detail, None)),
            None => what.to_owned(),
        };
        match self.what {
            What::End => under(&self.name),
            What::Upgrade => under(self.value().as_str().unwrap_or_default()),
            What::Disconnect => String::new(),
            What::Join => match self.value() {
                Value::Array(items) => match items.into_iter().next() {
                    Some(auth) => covered(auth).to_string(),
                    None => String::new(),
                },
                _ => COVER.to_owned(),
            },
            _ => redact::covered(&self.form, None).into_owned(),
        }
    }
}
