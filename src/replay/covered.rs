//! Payloads as they are shown to a person: what stands under a name that speaks of a secret is
//! covered. **Pure.**
//!
//! The names are those that a redaction masks by ([`is_secret_name`]).

use serde_json::Value;

use crate::journal::redact::is_secret_name;

/// What stands in the place of a secret.
const COVER: &str = "•••";

/// JSON text with the values under secret names covered; as it stood where there are none, or
/// where it is no JSON.
pub fn json(text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return text.to_owned();
    };
    match cover(&mut value) {
        true => value.to_string(),
        false => text.to_owned(),
    }
}

/// Covers; whether there was something to cover.
fn cover(value: &mut Value) -> bool {
    let mut found = false;
    match value {
        Value::Array(items) => {
            for item in items {
                found |= cover(item);
            }
        }
        Value::Object(members) => {
            for (name, item) in members {
                if is_secret_name(name) {
                    hide(item);
                    found = true;
                } else {
                    found |= cover(item);
                }
            }
        }
        _ => {}
    }
    found
}

/// Covers all texts and numbers in it: its shape stays.
fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(members) => members.values_mut().for_each(hide),
        Value::String(_) | Value::Number(_) => *value = Value::String(COVER.to_owned()),
        Value::Bool(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_secret_name_holds_is_covered_and_the_rest_stays_as_it_stood() {
        for (text, shown) in [
            (
                r#"["login",{"user":"ann","password":"x","deep":[{"apiKey":{"a":[1,true]}}]}]"#,
                r#"["login",{"user":"ann","password":"•••","deep":[{"apiKey":{"a":["•••",true]}}]}]"#,
            ),
            (
                r#"[ 1.50, {"author": "ann"} ]"#,
                r#"[ 1.50, {"author": "ann"} ]"#,
            ),
            ("no JSON", "no JSON"),
        ] {
            assert_eq!(json(text), shown);
        }
    }
}
