//! What is no difference: ids, offsets, times, and what the person names.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;

use super::ids::Ids;
use crate::replay::path::{Of, Path};

/// What stands in the place of what a person masked.
const MASKED: &str = "‹masked›";
/// What stands in the place of a time.
const TIME: &str = "‹time›";
/// A time in a payload is one within a day of the moment at which it crossed the wire.
const DAY_MS: f64 = 86_400_000.0;

/// What is masked before two sessions are compared.
///
/// Always: session times, ack ids, recovery offsets, cache busters, and the headers that carry
/// times, lengths and keys. By default also, in payloads:
/// - ids that the server gave (engine and socket sid, pid) and what is written like a socket id
///   of the JavaScript or python server; a handshake's cache buster and the target's
///   `host:port`, where a server tells them back;
/// - times: texts and numbers (seconds or milliseconds since 1970) that mean a moment within a
///   day of the one at which they crossed the wire.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    /// Places that are left out.
    pub paths: Vec<Path>,
    /// Compare payloads to the letter: no ids and times are masked in them.
    pub exact: bool,
}

impl Masks {
    /// The masks of a person, beside those that hold always.
    pub fn new(paths: Vec<Path>) -> Masks {
        let exact = false;
        Masks { paths, exact }
    }

    /// Masks the data of a packet. `root` is an array: the arguments, or a CONNECT's data.
    /// `wall_ms` is the moment, in milliseconds since 1970.
    pub(super) fn apply(
        &self,
        of: Of<'_>,
        root: &mut Value,
        ids: &Ids,
        wall_ms: f64,
        covered: &mut Covered,
    ) {
        for path in self.paths.iter().filter(|path| path.covers(of)) {
            path.each_mut(root, &mut |place| {
                *place = Value::String(MASKED.to_owned());
                covered.add("by your masks");
            });
        }
        if !self.exact {
            walk(root, ids, wall_ms, covered);
        }
    }
}

/// How often what was masked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covered(pub BTreeMap<&'static str, u64>);

impl Covered {
    pub(super) fn add(&mut self, what: &'static str) {
        let count = self.0.entry(what).or_default();
        *count = count.saturating_add(1);
    }
}

fn walk(value: &mut Value, ids: &Ids, wall_ms: f64, covered: &mut Covered) {
    match value {
        Value::Array(items) => {
            for item in items {
                walk(item, ids, wall_ms, covered);
            }
        }
        Value::Object(members) => {
            // Lists of users are often objects by their id.
            let named: Vec<String> = (members.keys())
                .filter(|key| ids.mask(key).is_some())
                .cloned()
                .collect();
            for key in named {
                if let (Some(masked), Some(item)) = (ids.mask(&key), members.remove(&key)) {
                    covered.add("ids");
                    // Two ids must stay two members.
                    let mut name = masked.clone();
                    let mut number = 2u64;
                    while members.contains_key(&name) {
                        name = format!("{masked}{number}");
                        number = number.saturating_add(1);
                    }
                    members.insert(name, item);
                }
            }
            for item in members.values_mut() {
                walk(item, ids, wall_ms, covered);
            }
        }
        Value::String(text) => {
            if let Some(masked) = ids.mask(text) {
                *text = masked;
                covered.add("ids");
            } else if is_time_text(text, wall_ms) {
                TIME.clone_into(text);
                covered.add("times");
            }
        }
        Value::Number(number) => {
            if number
                .as_f64()
                .is_some_and(|number| is_time(number, wall_ms))
            {
                *value = Value::String(TIME.to_owned());
                covered.add("times");
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

/// Milliseconds or seconds since 1970, within a day of the moment.
fn is_time(number: f64, wall_ms: f64) -> bool {
    let near = |ms: f64| (ms - wall_ms).abs() <= DAY_MS;
    near(number) || near(number * 1000.0)
}

/// `2026-01-02T03:04:05…`, within a day of the moment.
fn is_time_text(text: &str, wall_ms: f64) -> bool {
    let looks = (19..=40).contains(&text.len())
        && text.as_bytes().get(4) == Some(&b'-')
        && matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' '));
    if !looks {
        return false;
    }
    let ms = text
        .parse::<Timestamp>()
        .map(Timestamp::as_millisecond)
        .or_else(|_| {
            // Without a zone: some hours more or less are within the day.
            text.parse::<DateTime>()
                .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC))
                .map(|time| time.timestamp().as_millisecond())
        });
    ms.is_ok_and(|ms| (ms as f64 - wall_ms).abs() <= DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_near_the_record_are_times_and_other_numbers_are_not() {
        let wall = 1_750_000_000_000.0;
        for (number, expected) in [
            (1_750_000_000_000.0, true),
            (1_749_999_000_000.0, true),
            (1_750_000_000.0, true),
            (1_750_000_000.25, true),
            (1_740_000_000_000.0, false),
            (1_750_000.0, false),
            (0.0, false),
            (f64::INFINITY, false),
        ] {
            assert_eq!(is_time(number, wall), expected, "{number}");
        }
        for (text, expected) in [
            ("2025-06-15T15:06:40Z", true),
            ("2025-06-15T15:06:40.123456+02:00", true),
            ("2025-06-15T15:06:40", true),
            ("2025-06-15 15:06:40", true),
            ("2024-06-15T15:06:40Z", false),
            ("2025-06-15", false),
            ("2025-nonsense-and-more", false),
        ] {
            assert_eq!(is_time_text(text, wall), expected, "{text}");
        }
    }
}
