//! The listing, newest first.

use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::contents::Contents;
use super::{ending, print};
use crate::journal::file::{Listed, short_name};

/// Columns whose values are numbers: they end at the column's edge, words begin there.
const NUMBERS: std::ops::RangeInclusive<usize> = 1..=6;
const COLUMNS: usize = 10;

/// The listing with its columns lined up.
pub(super) fn text(listed: &[Listed], contents: &[Option<Contents>], now: SystemTime) -> String {
    let head: [String; COLUMNS] = [
        "STARTED",
        "AGE",
        "SIZE",
        "RECORDS",
        "CONNECTIONS",
        "EVENTS",
        "FINDINGS",
        "ENDED",
        "TARGET",
        "FILE",
    ]
    .map(str::to_owned);
    let rows: Vec<[String; COLUMNS]> = std::iter::once(head)
        .chain(
            listed
                .iter()
                .zip(contents)
                .map(|(one, contents)| row(one, *contents, now)),
        )
        .collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut table = String::new();
    for row in &rows {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if NUMBERS.contains(&place) {
                (pad, String::new())
            } else {
                (String::new(), pad)
            };
            line.push_str(&before);
            line.push_str(cell);
            line.push_str(&after);
            line.push_str("  ");
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// Why files can't be opened, a line each; empty where all can.
pub(super) fn broken(listed: &[Listed]) -> String {
    let errors = listed.iter().filter_map(|one| one.header.as_ref().err());
    let lines: String = errors
        .map(|error| format!("{}\n", print::safe(&error.to_string())))
        .collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\n{lines}"),
    }
}

fn row(one: &Listed, contents: Option<Contents>, now: SystemTime) -> [String; COLUMNS] {
    let unknown = || "?".to_owned();
    let name = one.path.file_name().unwrap_or_default().to_string_lossy();
    let records = match (contents, one.records) {
        (Some(contents), _) => contents.records.to_string(),
        (None, Some(records)) if one.exact => records.to_string(),
        (None, Some(records)) => format!("~{records}"),
        (None, None) => unknown(),
    };
    let number = |of: fn(Contents) -> u64| contents.map_or_else(unknown, |it| of(it).to_string());
    let (started, target, ended) = match &one.header {
        Ok(header) => (
            header.started.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            print::safe(&target(&header.target)).into_owned(),
            ending::of(&one.path, one.size),
        ),
        // Why is told below the table.
        Err(_) => (unknown(), unknown(), "unreadable".to_owned()),
    };
    [
        started,
        age_of(one, now).map_or_else(unknown, age),
        size(one.size),
        records,
        number(|contents| contents.connections),
        number(|contents| contents.events),
        number(|contents| contents.findings),
        ended,
        target,
        print::safe(&name).into_owned(),
    ]
}

/// The listing as one object.
pub(super) fn json(
    folder: &Path,
    listed: &[Listed],
    contents: &[Option<Contents>],
    now: SystemTime,
) -> Value {
    let sessions: Vec<Value> = listed
        .iter()
        .zip(contents)
        .map(|(one, contents)| {
            let mut value = json!({
                "name": short_name(&one.path),
                "file": one.path.display().to_string(),
                "size": one.size,
                "age_s": age_of(one, now),
            });
            match &one.header {
                Ok(header) => {
                    value["started"] = format!("{:.3}", header.started).into();
                    value["source"] = header.source.as_str().into();
                    value["target"] = target(&header.target).into();
                    value["ended"] = ending::of(&one.path, one.size).into();
                }
                Err(error) => value["error"] = error.to_string().into(),
            }
            if let Some(contents) = contents {
                value["records"] = contents.records.into();
                value["connections"] = contents.connections.into();
                value["events"] = contents.events.into();
                value["findings"] = contents.findings.into();
            }
            value
        })
        .collect();
    json!({ "folder": folder.display().to_string(), "sessions": sessions })
}

/// Seconds since a session was last written to.
pub(super) fn age_of(one: &Listed, now: SystemTime) -> Option<u64> {
    let since = now.duration_since(one.modified?).unwrap_or_default();
    Some(since.as_secs())
}

/// Seconds in a unit that a person reads at a glance.
pub(super) fn age(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A session's target without the password in it.
pub(super) fn target(text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |url| print::url(&url))
}

/// Bytes in a unit that a person reads at a glance.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64 / 1024.0;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    for unit in UNITS {
        if value < 1024.0 {
            return format!("{value:.1} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.0} PiB")
}
