//! Which recorded event answers a live one. **Pure.**

use std::cmp::Reverse;

use serde_json::Value;

use super::script::{Script, What};
use crate::protocol::json;

/// Candidates whose arguments are compared one by one; beyond them only equal ones are found.
const COMPARED: usize = 2_000;
/// Parts of an argument list that are compared.
const LEAVES: usize = 1_000;
/// Likeness of equal arguments.
const EQUAL: u32 = 1_000;

/// A live event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live<'a> {
    pub(super) nsp: &'a str,
    pub(super) event: &'a str,
    /// The whole array as JSON.
    pub(super) data: &'a str,
    pub(super) asked: bool,
}

/// What a live event was matched to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) cue: usize,
    /// The arguments are equal.
    pub(super) equal: bool,
    /// It was played before.
    pub(super) again: bool,
}

/// What one connection has played.
#[derive(Debug, Clone, Default)]
pub(super) struct Played {
    used: Vec<bool>,
}

impl Played {
    /// Chooses the recorded event that is most like `live`, and notes it as played. `None`: the
    /// session knows no event of that name in that namespace.
    pub(super) fn choose(&mut self, script: &Script, part: usize, live: Live<'_>) -> Option<Match> {
        let key = (live.nsp.to_owned(), live.event.to_owned());
        let candidates = script.events.get(&key)?;
        let version = script.parts.get(part).map(|part| part.version);
        let leaves = Leaves::of(live.data);
        let mut compared = 0_usize;
        let mut best = None;
        for &index in candidates {
            let Some(cue) = script.cues.get(index) else {
                continue;
            };
            let What::Event { data, asked, .. } = &cue.what else {
                continue;
            };
            if script.parts.get(cue.part).map(|part| part.version) != version {
                continue;
            }
            let likeness = if data == live.data {
                EQUAL
            } else if compared < COMPARED {
                compared = compared.saturating_add(1);
                leaves.likeness(&Leaves::of(data))
            } else {
                continue;
            };
            let used = self.used.get(index).copied().unwrap_or(false);
            // In order; but what was played before begins with what was played last.
            let order = if used {
                (index, Reverse(0))
            } else {
                (0, Reverse(index))
            };
            let perfect = likeness == EQUAL && *asked == live.asked && !used && cue.part == part;
            let rank = (
                likeness,
                *asked == live.asked,
                !used,
                cue.part == part,
                order,
            );
            if best.as_ref().is_none_or(|(found, _)| rank > *found) {
                let equal = likeness == EQUAL;
                best = Some((
                    rank,
                    Match {
                        cue: index,
                        equal,
                        again: used,
                    },
                ));
            }
            // None that follows can be better.
            if perfect {
                break;
            }
        }
        let (_, found) = best?;
        if self.used.len() <= found.cue {
            self.used.resize(script.cues.len(), false);
        }
        if let Some(used) = self.used.get_mut(found.cue) {
            *used = true;
        }
        Some(found)
    }
}

/// The arguments of an event, taken apart: where each scalar stands, and the scalar.
struct Leaves(Vec<(String, String)>);

impl Leaves {
    fn of(data: &str) -> Leaves {
        let mut leaves = Vec::new();
        for (place, argument) in json::elements(data).unwrap_or_default().iter().enumerate() {
            if place == 0 {
                continue; // the name
            }
            let path = place.to_string();
            match serde_json::from_str::<Value>(argument) {
                Ok(value) => take_apart(path, &value, &mut leaves),
                // What only JavaScript reads is compared as text.
                Err(_) => leaves.push((path, (*argument).to_owned())),
            }
        }
        leaves.sort_unstable();
        Leaves(leaves)
    }

    /// 0 to [`EQUAL`]. An equal scalar in the same place counts four times one that differs.
    fn likeness(&self, other: &Leaves) -> u32 {
        let total = self.0.len().saturating_add(other.0.len());
        if total == 0 {
            return EQUAL;
        }
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut points = 0_usize;
        while let (Some((path, value)), Some((other_path, other_value))) =
            (mine.peek(), theirs.peek())
        {
            match path.cmp(other_path) {
                std::cmp::Ordering::Less => drop(mine.next()),
                std::cmp::Ordering::Greater => drop(theirs.next()),
                std::cmp::Ordering::Equal => {
                    points = points.saturating_add(if value == other_value { 4 } else { 1 });
                    mine.next();
                    theirs.next();
                }
            }
        }
        let equal = usize::try_from(EQUAL).unwrap_or(usize::MAX);
        let likeness = points.saturating_mul(equal).saturating_mul(2) / total.saturating_mul(4);
        u32::try_from(likeness).unwrap_or(EQUAL).min(EQUAL)
    }
}

fn take_apart(path: String, value: &Value, leaves: &mut Vec<(String, String)>) {
    if leaves.len() >= LEAVES {
        return;
    }
    match value {
        Value::Array(list) if !list.is_empty() => {
            for (place, value) in list.iter().enumerate() {
                take_apart(format!("{path}.{place}"), value, leaves);
            }
        }
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                take_apart(format!("{path}.{key}"), value, leaves);
            }
        }
        scalar => leaves.push((path, scalar.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(one: &str, other: &str) -> u32 {
        Leaves::of(one).likeness(&Leaves::of(other))
    }

    #[test]
    fn equal_arguments_are_most_alike_whatever_their_spelling() {
        for (one, other) in [
            (r#"["e"]"#, r#"["e"]"#),
            (r#"["e",{"a":1,"b":[2]}]"#, r#"["e", {"b":[2], "a":1}]"#),
            (r#"["e",[],{}]"#, r#"["e",[],{}]"#),
        ] {
            assert_eq!(likeness(one, other), EQUAL, "{one} {other}");
        }
        for (one, other) in [
            (r#"["e"]"#, r#"["e",null]"#),
            (r#"["e",1]"#, r#"["e","1"]"#),
            (r#"["e",[]]"#, r#"["e",{}]"#),
            (r#"["e","\ud800"]"#, r#"["e","\ud801"]"#),
        ] {
            assert!(likeness(one, other) < EQUAL, "{one} {other}");
        }
    }

    #[test]
    fn what_agrees_in_more_places_is_more_alike() {
        let live = r#"["move",{"who":"ann","x":1,"at":1700}]"#;
        let far = r#"["move",{"who":"bob","x":9,"at":1600}]"#;
        let near = r#"["move",{"who":"ann","x":1,"at":1600}]"#;
        let other = r#"["move","ann"]"#;
        assert!(likeness(live, near) > likeness(live, far));
        assert!(likeness(live, far) > likeness(live, other));
    }
}
