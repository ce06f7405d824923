//! How a session ended, from the last lines of its file.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::journal::line::parse_line;
use crate::journal::record::{Body, ConnectionState};

/// How much of the file's end is read.
const TAIL: u64 = 64 << 10;

/// In a word or two: `closed`, its reason, `gave up`, or that the file just ends.
pub fn of(path: &Path, size: u64) -> String {
    if path.extension().is_some_and(|extension| extension == "zst") {
        return "packed".to_owned();
    }
    let mut tail = Vec::new();
    let read = std::fs::File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
        file.take(TAIL).read_to_end(&mut tail)
    });
    if read.is_err() {
        return "unreadable".to_owned();
    }
    for line in tail.split(|&byte| byte == b'\n').rev() {
        if let Ok(record) = parse_line(line, 0)
            && let Body::Connection(connection) = record.body
        {
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
