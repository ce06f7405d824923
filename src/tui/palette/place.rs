//! Where `goto` goes, as it is typed.

/// A place in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A record's number.
    Record(u64),
    /// A time since the session's start, in microseconds.
    Since(u64),
    /// A time of day, in microseconds since midnight.
    Clock(u64),
}

/// What can be written.
pub const FORMS: &str = "a record (#1203), a time of day (12:03:04.5) or a time since the start \
                         (+90s, +1500ms, +2m)";

/// Reads a place: `#1203`, `1203`, `12:03`, `12:03:04.5`, `+90s`.
pub fn parse(text: &str) -> Option<Place> {
    let text = text.trim();
    if let Some(since) = text.strip_prefix('+') {
        return since_start(since).map(Place::Since);
    }
    if text.contains(':') {
        return clock(text).map(Place::Clock);
    }
    let number = text.strip_prefix('#').unwrap_or(text).replace(',', "");
    number.parse().ok().map(Place::Record)
}

fn micros(number: &str, unit: f64) -> Option<u64> {
    let digits = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let value: f64 = number
        .parse()
        .ok()
        .filter(|_| digits && !number.is_empty())?;
    Some((value * unit) as u64)
}

fn since_start(text: &str) -> Option<u64> {
    let at = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let unit = match unit {
        "ms" => 1e3,
        "s" | "" => 1e6,
        "m" | "min" => 60e6,
        "h" => 3_600e6,
        _ => return None,
    };
    micros(number, unit)
}

fn clock(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let hours: u64 = parts.next()?.parse().ok().filter(|h| *h < 24)?;
    let minutes: u64 = parts.next()?.parse().ok().filter(|m| *m < 60)?;
    let seconds = match parts.next() {
        Some(seconds) => micros(seconds, 1e6).filter(|s| *s < 60_000_000)?,
        None => 0,
    };
    parts
        .next()
        .is_none()
        .then_some((hours * 60 + minutes) * 60_000_000 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        let cases = [
            ("#1203", Some(Place::Record(1_203))),
            ("1,203", Some(Place::Record(1_203))),
            ("7", Some(Place::Record(7))),
            ("12:03", Some(Place::Clock(43_380_000_000))),
            ("00:00:01.5", Some(Place::Clock(1_500_000))),
            ("+90s", Some(Place::Since(90_000_000))),
            ("+1.5", Some(Place::Since(1_500_000))),
            ("+1500ms", Some(Place::Since(1_500_000))),
            ("+2m", Some(Place::Since(120_000_000))),
            ("+1h", Some(Place::Since(3_600_000_000))),
            ("", None),
            ("#", None),
            ("#x", None),
            ("24:00", None),
            ("12:60", None),
            ("12:03:60", None),
            ("12:03:04:05", None),
            ("+", None),
            ("+1 day", None),
            ("+-3s", None),
            ("+1e9s", None),
            ("-3", None),
        ];
        for (text, place) in cases {
            assert_eq!(parse(text), place, "{text:?}");
        }
    }
}
