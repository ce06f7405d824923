//! `at:`: a path into the arguments of a packet, and what must stand there.

use regex::Regex;
use serde_json::Value;

use super::value::Sign;

/// A path and a test of what it leads to.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub(super) steps: Vec<Step>,
    pub(super) test: AtTest,
    /// The last key of the path: a payload without this text needs no parsing.
    pub(super) needle: Option<String>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// `.name` or `."any name"`.
    Key(String),
    /// `[2]`; counts from 0, from the end when negative.
    Index(i64),
    /// `[]` or `.*`: any element or member.
    Any,
}

/// What must stand at the end of a path.
#[derive(Debug, Clone)]
pub(super) enum AtTest {
    /// Anything, `null` included.
    Exists,
    /// A comparison with a value.
    Compare(Sign, Operand),
    /// Text in it (`~word`), whatever its case, or a regex (`~/re/`).
    Like(Regex),
}

/// The right side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// Written in quotes: only a string equals it.
    Text(String),
    /// Written bare: a string equals it by its text, a number by its value, and `true`, `false`
    /// and `null` mean themselves.
    Bare(String, Option<f64>),
}

impl At {
    /// Whether something in `data` (the raw JSON of a packet) fits. For events the name is no
    /// argument: `[0]` is the first argument, and `.key` looks into each argument.
    pub(super) fn matches(&self, data: &str, is_event: bool) -> bool {
        if let Some(needle) = &self.needle
            && !data.contains(needle.as_str())
            && !data.contains("\\u")
        {
            return false;
        }
        if let AtTest::Compare(Sign::Equal, operand) = &self.test
            && !operand.may_stand_in(data)
        {
            return false;
        }
        let Ok(value) = serde_json::from_str::<Value>(data) else {
            return false;
        };
        match value {
            Value::Array(mut items) => {
                if is_event && !items.is_empty() {
                    items.remove(0);
                }
                if matches!(self.steps.first(), Some(Step::Index(_) | Step::Any)) {
                    self.walk(&Value::Array(items), &self.steps)
                } else {
                    items.iter().any(|item| self.walk(item, &self.steps))
                }
            }
            value => self.walk(&value, &self.steps),
        }
    }

    fn walk(&self, value: &Value, steps: &[Step]) -> bool {
        let Some((step, rest)) = steps.split_first() else {
            return self.test.holds(value);
        };
        match (step, value) {
            (Step::Key(key), Value::Object(members)) => {
                members.get(key).is_some_and(|next| self.walk(next, rest))
            }
            (Step::Index(index), Value::Array(items)) => {
                let place = if *index < 0 {
                    usize::try_from(index.unsigned_abs())
                        .ok()
                        .and_then(|back| items.len().checked_sub(back))
                } else {
                    usize::try_from(*index).ok()
                };
                place
                    .and_then(|place| items.get(place))
                    .is_some_and(|next| self.walk(next, rest))
            }
            (Step::Any, Value::Array(items)) => items.iter().any(|next| self.walk(next, rest)),
            (Step::Any, Value::Object(members)) => {
                members.values().any(|next| self.walk(next, rest))
            }
            _ => false,
        }
    }
}

impl AtTest {
    fn holds(&self, value: &Value) -> bool {
        match self {
            AtTest::Exists => true,
            AtTest::Like(regex) => match value {
                Value::String(text) => regex.is_match(text),
                other => regex.is_match(&other.to_string()),
            },
            AtTest::Compare(Sign::Equal, operand) => operand.equals(value),
            AtTest::Compare(Sign::NotEqual, operand) => !operand.equals(value),
            AtTest::Compare(sign, operand) => operand.orders(value, *sign),
        }
    }
}

impl Operand {
    /// False where no value in `data` equals it, by a look at the text: a whole number stands
    /// there by its digits, unless some number has an exponent.
    fn may_stand_in(&self, data: &str) -> bool {
        let Operand::Bare(text, Some(_)) = self else {
            return true;
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_whole = digits.bytes().all(|digit| digit.is_ascii_digit());
        let shown = data.contains(digits) || data.contains("\\u");
        if !is_whole || digits.starts_with('0') || shown {
            return true;
        }
        let bytes = data.as_bytes();
        memchr::memchr2_iter(b'e', b'E', bytes).any(|at| {
            at.checked_sub(1)
                .and_then(|before| bytes.get(before))
                .is_some_and(u8::is_ascii_digit)
        })
    }

    fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Operand::Text(text) | Operand::Bare(text, _), Value::String(is)) => text == is,
            (Operand::Bare(_, Some(number)), Value::Number(is)) => is.as_f64() == Some(*number),
            (Operand::Bare(text, None), Value::Bool(is)) => {
                text == if *is { "true" } else { "false" }
            }
            (Operand::Bare(text, None), Value::Null) => text == "null",
            _ => false,
        }
    }

    fn orders(&self, value: &Value, sign: Sign) -> bool {
        match (self, value) {
            (Operand::Bare(_, Some(number)), Value::Number(is)) => {
                is.as_f64().is_some_and(|is| sign.holds(&is, number))
            }
            (Operand::Text(text) | Operand::Bare(text, None), Value::String(is)) => {
                sign.holds(&is.as_str(), &text.as_str())
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_spelled() {
        let at = At {
            steps: vec![Step::Key("n".to_owned())],
            test: AtTest::Compare(Sign::Equal, Operand::Bare("999000".to_owned(), Some(999e3))),
            needle: Some("n".to_owned()),
        };
        for (data, fits) in [
            (r#"["e",{"n":999000}]"#, true),
            (r#"["e",{"n":999000.0}]"#, true),
            (r#"["e",{"n":9.99e5}]"#, true),
            (r#"["e",{"n":999E3}]"#, true),
            (r#"["e",{"n":"999000"}]"#, true),
            (r#"["e",{"n":"99900\u0030"}]"#, true),
            (r#"["e",{"n":99900}]"#, false),
            (r#"["e",{"n":999001,"m":999000}]"#, false),
            (r#"["e",{"n":-999000}]"#, false),
        ] {
            assert_eq!(at.matches(data, true), fits, "{data}");
        }
    }
}
