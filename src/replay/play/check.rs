//! What came beside what was recorded: [`crate::replay::diff`] with what a replay knows.
//!
//! Compared is what came back; what the client sent, transports, headers and times are not. Left
//! out are connections and namespaces that are not played, and differences that only come from
//! fresh values: what was set or captured stands for what the recording has in its place.

use std::ops::ControlFlow;

use serde_json::Value;

use super::player::Player;
use crate::journal::Journal;
use crate::replay::diff::{Comparison, Difference, Masks, Reader, Rules, Side, Veil, compare};
use crate::replay::path::Path;

/// A replay compared with its recording.
#[derive(Debug)]
pub struct Checked {
    /// What was recorded.
    pub recorded: Side,
    /// What came.
    pub live: Side,
    /// What differs, the weightiest first.
    pub comparison: Comparison,
}

/// Compares a replay that is over with its recording. `masks`: places that are left out.
pub fn check(recorded: &Journal, live: &Journal, player: &Player, masks: &[Path]) -> Checked {
    let masks = Masks::new(masks.to_vec());
    let script = player.script();
    let mut reader = Reader::new(&recorded.header(), &masks);
    recorded.scan(1, |record| {
        if record.c.is_none_or(|c| script.connections.contains(&c)) {
            reader.take(&record);
        }
        ControlFlow::Continue(())
    });
    let recorded_veil = reader.veil();
    let recorded = reader.finish();
    let mut reader = Reader::new(&live.header(), &masks);
    live.scan(1, |record| {
        reader.take(&record);
        ControlFlow::Continue(())
    });
    let live_veil = reader.veil();
    let live = reader.finish();
    let rules = Rules::of_what_came_back(["the recording", "the replay"]);
    let mut comparison = compare(&recorded, &live, &rules);
    let swapped = veiled(player.values().swapped(), &recorded_veil, &live_veil);
    comparison.differences.retain(|difference| {
        let lines = [
            difference.a.and_then(|a| recorded.lines.get(a)),
            difference.b.and_then(|b| live.lines.get(b)),
        ];
        let played = |nsp: &str| script.only.is_empty() || script.only.iter().any(|on| on == nsp);
        let elsewhere = lines
            .into_iter()
            .flatten()
            .filter_map(|line| line.nsp.as_deref())
            .any(|nsp| !played(nsp));
        let fresh = match lines {
            [Some(a), Some(b)] => {
                a.what == b.what && !swapped.is_empty() && equal(&a.value(), &b.value(), &swapped)
            }
            _ => false,
        };
        !elsewhere && !fresh
    });
    Checked {
        recorded,
        live,
        comparison,
    }
}

impl Checked {
    /// Numbers of the records that a difference is about: recorded, live.
    pub fn records(&self, difference: &Difference) -> (Option<u64>, Option<u64>) {
        let n = |side: &Side, at: Option<usize>| side.lines.get(at?).map(|line| line.n);
        (n(&self.recorded, difference.a), n(&self.live, difference.b))
    }
}

/// Values that stand for others, as they are compared: a captured id or time is masked where it
/// shows up, as any other.
pub(super) fn veiled(
    swapped: &[(Value, Value)],
    recorded: &Veil,
    live: &Veil,
) -> Vec<(Value, Value)> {
    swapped
        .iter()
        .map(|(old, new)| (recorded.value(old), live.value(new)))
        .collect()
}

/// Whether two values are the same but for what stands for something else now.
pub(super) fn equal(a: &Value, b: &Value, swapped: &[(Value, Value)]) -> bool {
    if a == b || swapped.iter().any(|(old, new)| old == a && new == b) {
        return true;
    }
    match (a, b) {
        (Value::Array(of_a), Value::Array(of_b)) => {
            of_a.len() == of_b.len() && of_a.iter().zip(of_b).all(|(a, b)| equal(a, b, swapped))
        }
        (Value::Object(of_a), Value::Object(of_b)) => {
            of_a.len() == of_b.len()
                && of_a
                    .iter()
                    .all(|(key, a)| of_b.get(key).is_some_and(|b| equal(a, b, swapped)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_swapped_is_the_same_and_nothing_else_is() {
        let swapped = [(json!("old"), json!("new"))];
        let same = |a: Value, b: Value| equal(&a, &b, &swapped);
        assert!(same(
            json!([{"t": "old", "n": 1}]),
            json!([{"t": "new", "n": 1}])
        ));
        assert!(!same(
            json!([{"t": "old", "n": 1}]),
            json!([{"t": "new", "n": 2}])
        ));
        assert!(!same(json!(["new"]), json!(["old"])));
        assert!(!same(json!(["old"]), json!(["old", "new"])));
    }
}
