//! The differences as one JSON object.

use serde_json::{Map, Value, json};

use super::super::print::json_line;
use crate::journal::redact;
use crate::replay::diff::{Comparison, Line, Side, What, covered};

/// `{"equal":…,"differences":[{"a":…,"b":…,"why":…}…]}`, on one line, safe for a terminal. A side
/// that has nothing like it is `null`; each difference also has `about`, and `mask` where a path
/// would mask it.
pub(in crate::cli) fn object(a: &Side, b: &Side, comparison: &Comparison) -> String {
    let differences: Vec<Value> = (comparison.differences.iter())
        .map(|difference| {
            let line = |side: &Side, place: Option<usize>| {
                let line = place.and_then(|place| side.lines.get(place));
                line.map_or(Value::Null, record)
            };
            let mut object = Map::new();
            object.insert("a".to_owned(), line(a, difference.a));
            object.insert("b".to_owned(), line(b, difference.b));
            object.insert("why".to_owned(), json!(difference.why));
            object.insert("about".to_owned(), json!(difference.aspect.name()));
            if let Some(mask) = &difference.mask {
                object.insert("mask".to_owned(), json!(mask));
            }
            Value::Object(object)
        })
        .collect();
    let object = json!({ "equal": comparison.is_equal(), "differences": differences });
    json_line(&object.to_string())
}

/// A line as its record has it: where and when it was, and the one packet or fact that it is.
fn record(line: &Line) -> Value {
    let mut object = Map::new();
    object.insert("n".to_owned(), json!(line.n));
    object.insert("t".to_owned(), json!(line.t as f64 / 1e6));
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    };
    put("c", line.c.map(Value::from));
    put("dir", line.dir.map(|dir| json!(dir.as_str())));
    let data = || {
        let data = redact::covered(line.data.as_deref()?, None);
        let data = &*data;
        Some(serde_json::from_str(data).unwrap_or_else(|_| json!(data)))
    };
    let words = || {
        let words = line.data.as_deref()?;
        Some(Value::from(&*redact::covered(words, None)))
    };
    let kind = match line.what {
        What::Event => "event",
        What::Reply => "ack",
        What::Join | What::Welcome => "connect",
        What::Refusal => "connect_error",
        What::Disconnect => "disconnect",
        What::Handshake => {
            put("engine", Some(json!("open")));
            put("data", data());
            return Value::Object(object);
        }
        What::End => {
            put("k", Some(json!("connection")));
            put("state", Some(json!("closed")));
            put("reason", Some(json!(&*line.name)));
            put("detail", words());
            return Value::Object(object);
        }
        What::Upgrade => {
            put("upgrade", Some(line.value()));
            put("error", words());
            return Value::Object(object);
        }
        What::Websocket => {
            put("websocket", Some(line.value()));
            return Value::Object(object);
        }
        What::Headers => {
            put("of", Some(json!(&*line.name)));
            put("headers", Some(line.value()));
            return Value::Object(object);
        }
        What::Undecodable => {
            put("error", words());
            return Value::Object(object);
        }
    };
    put("engine", Some(json!("message")));
    put("type", Some(json!(kind)));
    put("nsp", line.nsp.as_deref().map(Value::from));
    put("id", line.id.map(Value::from));
    let data = data().map(|data| match line.what {
        What::Join => covered(data),
        _ => data,
    });
    put("data", data);
    put("ms", line.ms.map(Value::from));
    Value::Object(object)
}
