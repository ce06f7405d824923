//! The form in which data is compared: members sorted, numbers by their value.

use serde_json::Value;

/// The text of a value that equal values share: no spaces, members by name, `1.0` as `1`.
pub(super) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (place, (name, item)) in sorted.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(&crate::protocol::json::quote(name));
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
        Value::Number(number) => match number.as_f64() {
            // Within 2^53 a whole number is written as one, whatever its writer's language.
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 9_007_199_254_740_992.0 => {
                out.push_str(&(whole as i64).to_string());
            }
            _ => out.push_str(&number.to_string()),
        },
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_makes_no_difference() {
        let form = |text: &str| canonical(&serde_json::from_str(text).unwrap());
        assert_eq!(form("{\"b\": 1.0, \"a\": [1e2]}"), "{\"a\":[100],\"b\":1}");
        assert_eq!(form("-0.0"), form("0"));
        assert_ne!(form("1.5"), form("1"));
        assert_ne!(form("\"1\""), form("1"));
        assert_eq!(form("9007199254740993"), "9007199254740993");
    }
}
