//! Opening a saved session: the header at once, the index of the rest behind.
//!
//! A packed session is unpacked to a temporary file without a name while it is indexed, and read
//! from there.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::disk::{self, read_some};
use super::read::is_blank;
use super::state::State;
use super::{Journal, Shared};
use crate::journal::file::{self, OpenError, Problem};
use crate::journal::line::parse_line;

/// Bytes read in one step, and indexed before `open` returns.
const BLOCK: usize = 256 << 10;

pub(super) fn open(path: &Path) -> Result<Journal, OpenError> {
    let (file, kind) = file::open_file(path)?;
    let problem = |problem| OpenError::new(path, problem);
    let size = file
        .metadata()
        .map_err(|error| problem(Problem::Io(error)))?
        .len();
    let read = Arc::new(AtomicU64::new(0));
    let reader = |file: File| OnDisk {
        at: 0,
        file,
        read: Arc::clone(&read),
    };
    let mut lacks = None;
    let (mut input, kept, copy): (Box<dyn Read + Send>, File, Option<File>) = match kind {
        file::Packing::Plain => {
            let again = file
                .try_clone()
                .map_err(|error| problem(Problem::Io(error)))?;
            (Box::new(reader(file)), again, None)
        }
        file::Packing::Zstd => {
            let input = file::unpack(reader(file)).map_err(problem)?;
            match file::look_inside(input).map_err(problem)? {
                (input, file::Packing::Plain | file::Packing::Zstd) => {
                    let (kept, copy) =
                        temporary().map_err(|error| problem(Problem::Unpack(error)))?;
                    (input, kept, Some(copy))
                }
                (input, other) => foreign(input, other, &mut lacks).map_err(problem)?,
            }
        }
        other => foreign(file, other, &mut lacks).map_err(problem)?,
    };
    let mut indexer = Indexer {
        copy,
        size,
        read,
        ..Indexer::default()
    };
    let header = indexer.header(&mut *input).map_err(problem)?;
    let journal = Journal::from_parts(
        header,
        Instant::now(),
        Some(path),
        Some(kept),
        State::opened(lacks),
    );
    let shared = Arc::clone(&journal.inner.shared);
    let whole = indexer.broken.is_none() && indexer.index_pending(&shared);
    if whole || indexer.step(&shared, &mut *input) {
        return Ok(journal);
    }
    let thread = std::thread::Builder::new()
        .name("index".to_owned())
        .spawn(move || while !indexer.step(&shared, &mut *input) {})
        .map_err(|error| problem(Problem::Io(error)))?;
    *journal
        .inner
        .thread
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some(thread);
    Ok(journal)
}

/// A file without a name, to be written and read at once.
fn temporary() -> io::Result<(File, File)> {
    let kept = file::nameless()?;
    let copy = kept.try_clone()?;
    Ok((kept, copy))
}

/// A session in the words of another tool: it is read whole, and kept as a session file would be.
/// Notes what its file lacks.
#[expect(
    clippy::type_complexity,
    reason = "what `open` works with, whatever the file is"
)]
fn foreign(
    input: impl Read,
    kind: file::Packing,
    lacks: &mut Option<String>,
) -> Result<(Box<dyn Read + Send>, File, Option<File>), Problem> {
    let session;
    (session, *lacks) = file::convert(input, kind)?;
    let (kept, copy) = temporary().map_err(Problem::Io)?;
    Ok((Box::new(io::Cursor::new(session)), kept, Some(copy)))
}

/// Reads the file as it stands on disk, by position, and tells how much of it was read.
struct OnDisk {
    file: File,
    at: u64,
    read: Arc<AtomicU64>,
}

impl Read for OnDisk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = read_some(&self.file, buffer, self.at)?;
        self.at += count as u64;
        self.read.store(self.at, Ordering::Relaxed);
        Ok(count)
    }
}

/// Finds where each line begins.
#[derive(Default)]
struct Indexer {
    /// Where unpacked bytes go.
    copy: Option<File>,
    /// Bytes of the file on disk, and how many of them were read.
    size: u64,
    read: Arc<AtomicU64>,
    /// What was read and is not indexed: the begin of a line.
    pending: Vec<u8>,
    /// Offset of `pending` in the session.
    offset: u64,
    /// The input has ended.
    ended: bool,
    /// Why it ended where it should not have: nobody was told yet.
    broken: Option<io::Error>,
}

impl Indexer {
    /// Reads up to the end of the first line.
    fn header(&mut self, input: &mut dyn Read) -> Result<file::Header, Problem> {
        loop {
            let end = memchr::memchr(b'\n', &self.pending);
            if end.is_some() || self.ended || self.pending.len() > file::LONGEST_HEADER {
                let whole = end.is_some();
                let length = end.map_or(self.pending.len(), |end| end + 1);
                let header =
                    file::parse_header(self.pending.get(..length).unwrap_or_default(), whole)?;
                self.pending.drain(..length);
                self.offset = length as u64;
                return Ok(header);
            }
            let room = file::LONGEST_HEADER.min(BLOCK);
            let before = self.pending.len();
            if let Err(error) = self.more(input, room) {
                // What came before the cut may be a session's begin.
                if self.pending.len() > before && memchr::memchr(b'\n', &self.pending).is_some() {
                    self.broken = Some(error);
                    continue;
                }
                return Err(match self.copy {
                    Some(_) => Problem::Unpack(error),
                    None => Problem::Io(error),
                });
            }
        }
    }

    /// Reads on; notes the input's end.
    fn more(&mut self, input: &mut dyn Read, most: usize) -> io::Result<()> {
        let from = self.pending.len();
        self.pending.resize(from + most, 0);
        let mut filled = from;
        let result = loop {
            let Some(room) = self
                .pending
                .get_mut(filled..)
                .filter(|room| !room.is_empty())
            else {
                break Ok(());
            };
            match input.read(room) {
                Ok(0) => {
                    self.ended = true;
                    break Ok(());
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    break Err(error);
                }
            }
        };
        self.pending.truncate(filled);
        if let Some(copy) = &self.copy {
            let unpacked = self.pending.get(from..).unwrap_or_default();
            disk::append(copy, unpacked, self.offset + from as u64).1?;
        }
        result
    }

    /// Indexes one more block; returns true when there is nothing more to do.
    fn step(&mut self, shared: &Shared, input: &mut dyn Read) -> bool {
        if let Some(error) = self.broken.take() {
            self.tell(shared, &error);
            return self.index_pending(shared);
        }
        // A line longer than a block is not looked through again for each block.
        let most = BLOCK.max(self.pending.len());
        if let Err(error) = self.more(input, most) {
            self.tell(shared, &error);
        }
        self.index_pending(shared)
    }

    /// A packed file that was cut ends so; what could be unpacked is shown.
    fn tell(&mut self, shared: &Shared, error: &io::Error) {
        self.ended = true;
        let why = match error.kind() {
            io::ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
            _ => error.to_string(),
        };
        let mut state = shared.lock();
        state.cut = true;
        let path = shared
            .path
            .as_deref()
            .unwrap_or_else(|| "the session file".as_ref());
        state.failed = Some(format!(
            "{} can't be read to its end: {why}; what was read until there is shown",
            path.display()
        ));
    }

    /// Indexes the whole lines that were read; returns true when there is nothing more to do.
    fn index_pending(&mut self, shared: &Shared) -> bool {
        let mut begins = Vec::new();
        let mut at = 0;
        for end in memchr::memchr_iter(b'\n', &self.pending) {
            if !is_blank(self.pending.get(at..end).unwrap_or_default()) {
                begins.push(self.offset + at as u64);
            }
            at = end + 1;
        }
        let rest = self.pending.get(at..).unwrap_or_default();
        let mut cut = false;
        if self.ended && !is_blank(rest) {
            // A last line without its break is whole if it can be read.
            if parse_line(rest, 0).is_ok() {
                begins.push(self.offset + at as u64);
                at = self.pending.len();
            } else {
                cut = true;
            }
        }
        self.pending.drain(..at);
        self.offset += at as u64;
        let share = self.read.load(Ordering::Relaxed) as f64 / self.size.max(1) as f64;
        let mut state = shared.lock();
        for begin in begins {
            state.index.push(begin);
        }
        state.in_file = state.index.len();
        state.written = self.offset;
        state.tail.start = self.offset;
        state.tail.first = state.in_file + 1;
        state.cut |= cut;
        state.indexed = if self.ended { 1.0 } else { share.min(0.999) };
        state.version += 1;
        let done = self.ended || state.closing;
        let wake = std::mem::take(&mut state.waiters);
        drop(state);
        if wake {
            shared.more.notify_waiters();
        }
        done
    }
}
