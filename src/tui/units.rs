//! Numbers with their units, the same way everywhere on the screen. **Pure.**

/// `1204` as `1,204`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number where there is little room: `1204`, `80k`, `1.2M`.
pub fn short(number: u64) -> String {
    match number {
        0..=9_999 => number.to_string(),
        10_000..=999_999 => format!("{}k", number / 1_000),
        1_000_000..=9_999_999 => format!("{}.{}M", number / 1_000_000, number / 100_000 % 10),
        _ => format!("{}M", number / 1_000_000),
    }
}

/// A size in bytes: `49 B`, `1.2 kB`, `3.4 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..=999 => format!("{bytes} B"),
        1_000..=999_949 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// An exact number of bytes: `1 byte`, `1,204 bytes`.
pub fn bytes(number: u64) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} byte{s}", count(number))
}

/// Milliseconds: `0.4 ms`, `18 ms`, `1.4 s`, `2 min 03 s`.
pub fn millis(ms: f64) -> String {
    if ms < 9.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 99_950.0 {
        format!("{:.1} s", ms / 1e3)
    } else {
        let seconds = (ms / 1e3) as u64;
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// A distance between two rows, at most seven columns: `+0.4ms`, `+18ms`, `+1.4s`, `+17s`, `+3m12s`.
pub fn delta(micros: u64) -> String {
    let ms = micros as f64 / 1e3;
    if ms < 9.95 {
        format!("+{ms:.1}ms")
    } else if ms < 999.5 {
        format!("+{ms:.0}ms")
    } else if ms < 9_950.0 {
        format!("+{:.1}s", ms / 1e3)
    } else if ms < 99_500.0 {
        format!("+{:.0}s", ms / 1e3)
    } else {
        let seconds = micros / 1_000_000;
        if seconds < 6_000 {
            format!("+{}m{:02}s", seconds / 60, seconds % 60)
        } else {
            format!("+{}h{:02}m", seconds / 3_600, seconds / 60 % 60)
        }
    }
}

/// A length of time as a clock: `00:03:12`.
pub fn clock(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Whole seconds left of a span, rounded up, so that 0 means over.
pub fn left(micros: u64) -> String {
    format!("{} s", micros.div_ceil(1_000_000))
}

/// A planned delay: `1.1 s`, `25 s`, `300 ms`.
pub fn planned(ms: u64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else if ms.is_multiple_of(1_000) {
        format!("{} s", ms / 1_000)
    } else {
        format!("{:.1} s", ms as f64 / 1e3)
    }
}

/// Wall-clock time of day of a session time, with milliseconds, in the zone of the machine.
pub fn wall(started: jiff::Timestamp, zone: &jiff::tz::TimeZone, micros: u64) -> String {
    let Some(at) = i64::try_from(micros).ok().and_then(|micros| {
        started
            .checked_add(jiff::SignedDuration::from_micros(micros))
            .ok()
    }) else {
        return "--:--:--.---".to_owned();
    };
    let at = at.to_zoned(zone.clone());
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// A bar of `width` cells, `share` (0 to 1) of it full.
pub fn bar(share: f64, width: usize) -> String {
    let share = if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let full = (share * width as f64).round() as usize;
    format!(
        "{}{}",
        "▰".repeat(full.min(width)),
        "▱".repeat(width.saturating_sub(full))
    )
}

/// The newest `width` samples as a line of small bars, by their size against the largest.
pub fn sparkline<'a>(samples: impl DoubleEndedIterator<Item = &'a f64>, width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut newest: Vec<f64> = samples
        .rev()
        .take(width)
        .map(|sample| sample.abs())
        .collect();
    newest.reverse();
    let most = newest.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    newest
        .iter()
        .map(|sample| {
            let at = (sample / most * 7.0).round();
            let at = if at.is_finite() { at as usize } else { 0 };
            BARS.get(at.min(7)).copied().unwrap_or('▁')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_their_units() {
        assert_eq!(count(1_204), "1,204");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_200), "1.2 kB");
        assert_eq!(millis(0.44), "0.4 ms");
        assert_eq!(millis(18.2), "18 ms");
        assert_eq!(millis(1_400.0), "1.4 s");
        assert_eq!(millis(123_000.0), "2 min 03 s");
        assert_eq!(clock(192_000_000), "00:03:12");
        assert_eq!(left(1), "1 s");
        assert_eq!(planned(25_000), "25 s");
        assert_eq!(planned(1_120), "1.1 s");
    }

    #[test]
    fn a_delta_never_takes_more_than_seven_columns() {
        for (micros, text) in [
            (0, "+0.0ms"),
            (400, "+0.4ms"),
            (18_000, "+18ms"),
            (1_400_000, "+1.4s"),
            (17_000_000, "+17s"),
            (192_000_000, "+3m12s"),
            (5_999_000_000, "+99m59s"),
            (360_000_000_000, "+100h00m"),
        ] {
            assert_eq!(delta(micros), text);
            assert!(micros > 350_000_000_000 || text.len() <= 7);
        }
    }

    #[test]
    fn bars_keep_their_width_whatever_the_numbers() {
        for share in [-1.0, 0.0, 0.5, 1.0, 7.0, f64::NAN] {
            assert_eq!(bar(share, 10).chars().count(), 10);
        }
        assert_eq!(sparkline([0.0, 1.0, -2.0].iter(), 10), "▁▅█");
        assert_eq!(
            sparkline([f64::NAN, f64::INFINITY].iter(), 5)
                .chars()
                .count(),
            2
        );
    }
}
