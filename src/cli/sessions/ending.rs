//! How a session ended, from the last lines of its file.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use crate::journal::Journal;
use crate::journal::line::parse_line;
use crate::journal::record::{Body, ConnectionState, Record};

/// How much of the file's end is read.
const TAIL: u64 = 64 << 10;
/// Larger packed files are not unpacked to tell how they ended.
const LARGEST_PACKED: u64 = 4 << 20;
/// So many of the last records of a packed file are looked at.
const LOOKED_AT: usize = 1_000;

/// In a word or two: `closed`, its reason, `gave up`, or that the file just ends.
pub fn of(path: &Path, size: u64) -> String {
    if path.extension().is_some_and(|extension| extension == "zst") {
        return of_packed(path, size);
    }
    let mut tail = Vec::new();
    let read = std::fs::File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
        file.take(TAIL).read_to_end(&mut tail)
    });
    if read.is_err() {
        return "unreadable".to_owned();
    }
    let lines = tail.split(|&byte| byte == b'\n').rev();
    words(lines.filter_map(|line| parse_line(line, 0).ok()))
}

/// The end of a packed file is behind all the rest: of a large one it is not looked for.
fn of_packed(path: &Path, size: u64) -> String {
    let Some(journal) = (size <= LARGEST_PACKED)
        .then(|| Journal::open(path).ok())
        .flatten()
    else {
        return "packed".to_owned();
    };
    while journal.status().indexed < 1.0 && journal.status().failed.is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let newest = (1..=journal.len()).rev().take(LOOKED_AT);
    let said = words(newest.filter_map(|n| journal.get(n)));
    match journal.status().cut {
        true if said == "?" => "cut off".to_owned(),
        true => format!("cut off {said}"),
        false => said,
    }
}

/// The newest state of a connection, the newest record first.
fn words(records: impl Iterator<Item = Record>) -> String {
    for record in records {
        if let Body::Connection(connection) = record.body {
            let reason = connection.reason.unwrap_or_default();
            let words = match connection.state {
                ConnectionState::Closed if reason.is_empty() => "closed".to_owned(),
                ConnectionState::Closed => reason,
                ConnectionState::GaveUp => format!("gave up: {reason}"),
                ConnectionState::Waiting => "while reconnecting".to_owned(),
                ConnectionState::Connecting => "while connecting".to_owned(),
                ConnectionState::Open => "while connected".to_owned(),
            };
            return crate::cli::print::safe(&words).into_owned();
        }
    }
    "?".to_owned()
}
