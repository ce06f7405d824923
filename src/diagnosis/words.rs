//! Numbers of a case, in words for a person.

/// Microseconds as seconds: `3 s`, `0.25 s`, `61.2 s`; milliseconds below ten, minutes from two on.
pub(super) fn seconds(us: u64) -> String {
    match us {
        0..1_000 => return "less than 1 ms".to_owned(),
        1_000..10_000 => return format!("{} ms", us / 1_000),
        _ => {}
    }
    let seconds = us as f64 / 1e6;
    if seconds >= 120.0 {
        let minutes = seconds / 60.0;
        return if (minutes - minutes.round()).abs() < 0.02 {
            format!("{} minutes", minutes.round())
        } else {
            format!("{minutes:.1} minutes")
        };
    }
    let text = if seconds < 1.0 {
        format!("{seconds:.2}")
    } else {
        format!("{seconds:.1}")
    };
    let short = text.strip_suffix(".0").unwrap_or(&text);
    format!("{short} s")
}

/// Milliseconds as [`seconds`].
pub(super) fn millis(ms: u64) -> String {
    seconds(ms.saturating_mul(1_000))
}

/// Bytes: `900 bytes`, `1.4 kB`, `2 MB`.
pub(super) fn bytes(count: u64) -> String {
    let (value, unit) = match count {
        0..1_000 => return format!("{count} bytes"),
        1_000..1_000_000 => (count as f64 / 1e3, "kB"),
        _ => (count as f64 / 1e6, "MB"),
    };
    let text = format!("{value:.1}");
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// `once`, `twice`, `3 times`.
pub(super) fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => format!("{many} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(seconds(3_000_000), "3 s");
        assert_eq!(seconds(250_000), "0.25 s");
        assert_eq!(seconds(3_500), "3 ms");
        assert_eq!(seconds(0), "less than 1 ms");
        assert_eq!(seconds(61_234_000), "61.2 s");
        assert_eq!(seconds(600_000_000), "10 minutes");
        assert_eq!(millis(45_000), "45 s");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(1_000_000), "1 MB");
        assert_eq!(bytes(1_440), "1.4 kB");
        assert_eq!(times(2), "twice");
    }
}
