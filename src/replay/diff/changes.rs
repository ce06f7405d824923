//! Where two values differ.

use serde_json::Value;

/// A place at which two values differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The place, as a path's steps: `[0].user.id`.
    pub(super) at: String,
    /// What stands there in the first value; `None` where there is nothing.
    pub(super) a: Option<Value>,
    /// What stands there in the second.
    pub(super) b: Option<Value>,
}

/// The places at which two values differ, the first `most` of them, and how many there are.
pub(super) fn changes(a: &Value, b: &Value, most: usize) -> (Vec<Change>, usize) {
    let mut found = Found {
        most,
        changes: Vec::new(),
        count: 0,
    };
    found.walk(&mut String::new(), a, b);
    (found.changes, found.count)
}

struct Found {
    most: usize,
    changes: Vec<Change>,
    count: usize,
}

impl Found {
    fn add(&mut self, at: &str, a: Option<&Value>, b: Option<&Value>) {
        self.count = self.count.saturating_add(1);
        if self.changes.len() < self.most {
            self.changes.push(Change {
                at: at.to_owned(),
                a: a.cloned(),
                b: b.cloned(),
            });
        }
    }

    fn walk(&mut self, at: &mut String, a: &Value, b: &Value) {
        match (a, b) {
            (Value::Array(of_a), Value::Array(of_b)) => {
                for place in 0..of_a.len().max(of_b.len()) {
                    let step = format!("[{place}]");
                    self.step(at, &step, of_a.get(place), of_b.get(place));
                }
            }
            (Value::Object(of_a), Value::Object(of_b)) => {
                let more = of_b.keys().filter(|name| !of_a.contains_key(*name));
                for name in of_a.keys().chain(more) {
                    self.step(at, &member(name), of_a.get(name), of_b.get(name));
                }
            }
            _ if a != b => self.add(at, Some(a), Some(b)),
            _ => {}
        }
    }

    fn step(&mut self, at: &mut String, step: &str, a: Option<&Value>, b: Option<&Value>) {
        let length = at.len();
        at.push_str(step);
        match (a, b) {
            (Some(a), Some(b)) => self.walk(at, a, b),
            (a, b) => self.add(at, a, b),
        }
        at.truncate(length);
    }
}

/// The step to a member, as a path writes it.
pub(super) fn member(name: &str) -> String {
    let plain = !name.is_empty()
        && name != "*"
        && !name.contains(['.', '[', '"', ']', '\\'])
        && !name.contains(char::is_whitespace);
    match plain {
        true => format!(".{name}"),
        false => format!(".{}", crate::protocol::json::quote(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_places_are_named_as_paths() {
        let a = json!([{"user": {"id": 1, "a.b": 2}, "list": [1, 2], "gone": 0}, "x"]);
        let b = json!([{"user": {"id": 7, "a.b": 3}, "list": [1, 2, 3], "new": 1}, "x"]);
        let (found, count) = changes(&a, &b, 9);
        let places: Vec<&str> = found.iter().map(|change| change.at.as_str()).collect();
        assert_eq!(
            places,
            [
                "[0].user.id",
                "[0].user.\"a.b\"",
                "[0].list[2]",
                "[0].gone",
                "[0].new"
            ]
        );
        assert_eq!(count, 5);
        assert_eq!(found[0].a, Some(json!(1)));
        assert_eq!(found[3].b, None);
        assert_eq!(changes(&a, &b, 2).0.len(), 2);
        assert_eq!(changes(&a, &a, 2), (vec![], 0));
        assert_eq!(changes(&json!(1), &json!([1]), 2).0[0].at, "");
    }
}
