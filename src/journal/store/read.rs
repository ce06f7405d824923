//! Reading by sequence number: from memory what is not written yet, from the file by position
//! all the rest.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use super::Shared;
use super::disk::read_exactly;
use super::state::{Chunk, State};
use crate::journal::line::{parse_line, parse_line_or_unknown};
use crate::journal::record::Record;

/// Bytes that one step of a scan reads.
const STEP: u64 = 256 << 10;
/// How far back the time of a line that does not tell its own is looked for.
const LOOK_BACK: u64 = 64;

/// Lines of `count` records from `first` on.
struct Batch {
    first: u64,
    count: u64,
    bytes: Bytes,
}

enum Bytes {
    Held(Arc<Chunk>, Range<usize>),
    Copied(Vec<u8>),
    InFile { offset: u64, length: usize },
}

/// Finds the records from `from` on that lie together, up to `most` bytes (one record at least).
/// Forgotten records are skipped.
fn locate(state: &State, from: u64, most: u64) -> Option<Batch> {
    let from = from.max(1);
    let held = state.first_in_memory();
    let from = if from > state.in_file && from < held {
        held
    } else {
        from
    };
    let offset = state.index.get(from)?;
    if offset >= state.tail.start {
        let (count, end) = extent(
            state,
            from,
            offset,
            most,
            state.index.len() + 1,
            state.tail.end(),
        );
        let bytes = state
            .tail
            .data
            .get(within(state.tail.start, offset, end)?)?
            .to_vec();
        return Some(Batch {
            first: from,
            count,
            bytes: Bytes::Copied(bytes),
        });
    }
    let after = state.chunks.partition_point(|chunk| chunk.start <= offset);
    if let Some(chunk) = after.checked_sub(1).and_then(|at| state.chunks.get(at)) {
        let next = state
            .chunks
            .get(after)
            .map_or(state.tail.first, |next| next.first);
        let (count, end) = extent(state, from, offset, most, next, chunk.end());
        let range = within(chunk.start, offset, end)?;
        return Some(Batch {
            first: from,
            count,
            bytes: Bytes::Held(Arc::clone(chunk), range),
        });
    }
    if from > state.in_file {
        return None;
    }
    let (count, end) = extent(state, from, offset, most, state.in_file + 1, state.written);
    let length = usize::try_from(end.checked_sub(offset)?).ok()?;
    Some(Batch {
        first: from,
        count,
        bytes: Bytes::InFile { offset, length },
    })
}

/// The part `offset..end` of what begins at `start`.
fn within(start: u64, offset: u64, end: u64) -> Option<Range<usize>> {
    let from = usize::try_from(offset.checked_sub(start)?).ok()?;
    let to = usize::try_from(end.checked_sub(start)?).ok()?;
    Some(from..to)
}

/// How many records from `from` (at `offset`) fit into `most` bytes, at least one, and where they
/// end. Record `next` is the first that lies elsewhere; `end` is where its predecessor ends.
fn extent(state: &State, from: u64, offset: u64, most: u64, next: u64, end: u64) -> (u64, u64) {
    let begins = |n: u64| {
        if n >= next {
            end
        } else {
            state.index.get(n).unwrap_or(end)
        }
    };
    let (mut stop, mut high) = (from + 1, next);
    while stop < high {
        let middle = stop + (high - stop).div_ceil(2);
        if begins(middle).saturating_sub(offset) <= most {
            stop = middle;
        } else {
            high = middle - 1;
        }
    }
    (stop - from, begins(stop))
}

impl Batch {
    /// The bytes; `buffer` is used for what has to be read.
    fn load<'a>(&'a self, shared: &Shared, buffer: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
        match &self.bytes {
            Bytes::Held(chunk, range) => Ok(chunk.data.get(range.clone()).unwrap_or_default()),
            Bytes::Copied(bytes) => Ok(bytes),
            Bytes::InFile { offset, length } => {
                let file = shared.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
                buffer.resize(*length, 0);
                read_exactly(file, buffer, *offset)?;
                Ok(buffer)
            }
        }
    }
}

/// The lines of a batch. Blank lines are no records.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..end)?;
            rest = rest.get(end + 1..).unwrap_or_default();
            if !is_blank(line) {
                return Some(line.strip_suffix(b"\r").unwrap_or(line));
            }
        }
        None
    })
}

/// Whether a line holds nothing. The indexer and the readers must agree on this.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.first().is_none_or(u8::is_ascii_whitespace) && line.trim_ascii().is_empty()
}

/// One record's line.
pub(super) fn line(shared: &Shared, n: u64) -> Option<Vec<u8>> {
    let batch = locate(&shared.lock(), n, 0)?;
    if batch.first != n {
        return None;
    }
    let mut buffer = Vec::new();
    let bytes = batch.load(shared, &mut buffer).ok()?;
    lines(bytes).next().map(<[u8]>::to_vec)
}

/// One record.
pub(super) fn record(shared: &Shared, n: u64) -> Option<Record> {
    let line = line(shared, n)?;
    let (mut record, timed) = parse_line_or_unknown(&line, n + 1);
    record.n = n;
    if !timed {
        record.t = time_before(shared, n);
    }
    Some(record)
}

/// Time of the newest record before `n` that tells it.
fn time_before(shared: &Shared, n: u64) -> u64 {
    (n.saturating_sub(LOOK_BACK).max(1)..n)
        .rev()
        .find_map(|n| parse_line(&line(shared, n)?, n + 1).ok())
        .map_or(0, |record| record.t)
}

/// Reads the records of `range`, with one lock for each step. Lines that are not `wanted` are counted
/// and not parsed.
pub(super) fn scan(
    shared: &Shared,
    range: Range<u64>,
    wanted: impl Fn(&[u8]) -> bool,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> u64 {
    let mut next = range.start.max(1);
    let mut last_t = None;
    let mut buffer = Vec::new();
    loop {
        if next >= range.end {
            return next;
        }
        let Some(batch) = locate(&shared.lock(), next, STEP) else {
            return next;
        };
        let bytes = match batch.load(shared, &mut buffer) {
            Ok(bytes) => bytes,
            Err(error) => {
                // Left out rather than tried for ever.
                next = batch.first + batch.count;
                unreadable(shared, &error);
                continue;
            }
        };
        next = batch.first;
        for line in lines(bytes).take(usize::try_from(batch.count).unwrap_or(usize::MAX)) {
            if next >= range.end {
                return next;
            }
            if !wanted(line) {
                next += 1;
                continue;
            }
            let (mut record, timed) = parse_line_or_unknown(line, next + 1);
            record.n = next;
            if !timed {
                record.t = last_t.unwrap_or_else(|| time_before(shared, next));
            }
            last_t = Some(record.t);
            next += 1;
            if each(record).is_break() {
                return next;
            }
        }
        next = batch.first + batch.count;
    }
}

/// Says once that the file can't be read back.
fn unreadable(shared: &Shared, error: &io::Error) {
    let mut state = shared.lock();
    if state.failed.is_none() {
        let path = shared
            .path
            .as_deref()
            .unwrap_or_else(|| "the session file".as_ref());
        state.failed = Some(format!(
            "some records can't be read back from {}: {error}; they are left out",
            path.display()
        ));
        state.version += 1;
    }
}
