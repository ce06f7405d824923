//! The journal: append, index, read by sequence number.
//!
//! One writer or several append; readers pull by sequence number and are woken when there is
//! more ("notify small, pull big"). Memory holds an index (8 bytes a record) and the lines that
//! are not written yet; everything else is read back from the file, at the same cost at record 10
//! and at record 10,000,000.
//!
//! - A record is readable as soon as [`Journal::append`] has returned.
//! - A thread of its own writes to the file: at once after a change of state, else when 256 KiB
//!   wait or 50 ms have passed. Appending waits for the disk only when 16 MiB wait to be written.
//! - When the file can't be written any more, [`Status::failed`] says so and the session goes on
//!   in bounded memory.
//!
//! **Floor 0.**

mod disk;
mod index;
mod opened;
mod read;
mod state;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::File;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::Notify;

use self::state::{Mode, State};
use super::file::{self, Header, OpenError};
use super::line;
use super::record::{Body, Record};

/// Gives a further raw JSON member for a record's line; see [`Journal::adorn`].
pub type Adorn = Box<dyn FnMut(&Record) -> Option<String> + Send>;

/// The append-only list of records of one session. A handle; clones share the journal. When the
/// last handle is dropped, what is pending is written out.
pub struct Journal {
    inner: Arc<Inner>,
    /// Version of the status that `changed` last told through this handle.
    told: AtomicU64,
}

/// What the handles share. The journal's own thread holds [`Shared`] only, so that the last
/// handle's drop can end it.
struct Inner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the handles and the journal's thread share.
struct Shared {
    header: Header,
    started: Instant,
    path: Option<PathBuf>,
    /// Written by the writer, or by the indexer of a packed session; read by position by anyone.
    file: Option<File>,
    state: Mutex<State>,
    /// Wakes the writer.
    work: Condvar,
    /// Wakes appenders that wait for the disk.
    room: Condvar,
    /// As `room`, for those who wait without a thread of their own.
    free: Notify,
    /// Wakes readers.
    more: Notify,
}

/// Where the records of a journal go, and how that goes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// The session file, where there is one.
    pub path: Option<PathBuf>,
    /// Why recording to the file ended (full disk, unwritable path); said once, the session goes on.
    /// For an opened file: why it could not be read to its end.
    pub failed: Option<String>,
    /// Records that are no longer readable because memory was bounded (no file, or it failed).
    pub forgotten: u64,
    /// For an opened file: share of it that is indexed, 0.0 to 1.0; 1.0 for a live journal.
    pub indexed: f64,
    /// Bytes that the session takes on disk or in memory.
    pub bytes: u64,
    /// True when the opened file ended in a cut line, which was left out.
    pub cut: bool,
    /// What an imported file lacks of the session, in words.
    pub lacks: Option<String>,
}

impl Clone for Journal {
    fn clone(&self) -> Journal {
        Journal {
            inner: Arc::clone(&self.inner),
            told: AtomicU64::new(self.told.load(Ordering::Relaxed)),
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.inner.shared.path)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Wakes all who wait for the disk.
    fn room_again(&self) {
        self.room.notify_all();
        self.free.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent after each step, so a panic elsewhere need not end the journal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// Starts a live journal that records to `path` (created with mode 0600, folders made). An
    /// earlier session file of that name is replaced; any other file is refused. A device that
    /// takes no bytes (a full disk) is told by [`Status::failed`], not here.
    pub fn create(header: Header, started: Instant, path: &Path) -> std::io::Result<Journal> {
        let file = file::create_file(path)?;
        // A pipe or a device can be written to, but what went there can't be read back.
        let mode = Mode::Disk {
            reads_back: file.metadata()?.is_file(),
        };
        let (header, state) = State::live(header, mode);
        let journal = Journal::from_parts(header, started, Some(path), Some(file), state);
        let shared = Arc::clone(&journal.inner.shared);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer::run(&shared))?;
        *journal
            .inner
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(journal)
    }

    /// Starts a live journal without a file: it keeps the newest `limit` bytes of lines (the
    /// newest record always, however long it is).
    #[must_use]
    pub fn in_memory(header: Header, started: Instant, limit: usize) -> Journal {
        let (header, state) = State::live(header, Mode::Memory { limit });
        Journal::from_parts(header, started, None, None, state)
    }

    /// Opens a saved session. Returns as soon as the header and the first records are read;
    /// indexing goes on behind. The file is never written to.
    pub fn open(path: &Path) -> Result<Journal, OpenError> {
        opened::open(path)
    }

    fn from_parts(
        header: Header,
        started: Instant,
        path: Option<&Path>,
        file: Option<File>,
        state: State,
    ) -> Journal {
        let shared = Shared {
            header,
            started,
            path: path.map(Path::to_path_buf),
            file,
            state: Mutex::new(state),
            work: Condvar::new(),
            room: Condvar::new(),
            free: Notify::new(),
            more: Notify::new(),
        };
        let inner = Inner {
            shared: Arc::new(shared),
            thread: Mutex::new(None),
        };
        Journal {
            inner: Arc::new(inner),
            told: AtomicU64::new(0),
        }
    }

    /// From now on each line gets the raw JSON member that `adorn` gives for its record (such as
    /// `"packets":[…]`), so that others can read a file without decoding it. Costs what `adorn`
    /// costs, for each record, before the next one is taken.
    pub fn adorn(&self, adorn: Adorn) {
        self.inner.shared.lock().adorn = Some(adorn);
    }

    /// The session's first line.
    #[must_use]
    pub fn header(&self) -> Header {
        self.inner.shared.header.clone()
    }

    /// Appends a record that happened at `at`; returns its sequence number. Its time is never
    /// before the previous record's. On a closed or opened journal nothing happens and the newest
    /// sequence number is returned.
    pub fn append(&self, at: Instant, c: Option<u32>, body: &Body) -> u64 {
        self.add(at, c, body, true).unwrap_or_default()
    }

    /// As [`Journal::append`], for those who must not be held up by a slow disk: `None`, and
    /// nothing recorded, where appending would have to wait for it. See [`Journal::room`].
    pub fn try_append(&self, at: Instant, c: Option<u32>, body: &Body) -> Option<u64> {
        self.add(at, c, body, false)
    }

    /// Waits until [`Journal::try_append`] may succeed again.
    pub async fn room(&self) {
        let shared = &*self.inner.shared;
        loop {
            let mut more = pin!(shared.free.notified());
            more.as_mut().enable();
            if !shared.lock().is_full() {
                return;
            }
            more.await;
        }
    }

    fn add(&self, at: Instant, c: Option<u32>, body: &Body, waits: bool) -> Option<u64> {
        let shared = &*self.inner.shared;
        let t = self.time_of(at);
        // Long payloads are escaped before the lock is taken, so that nobody waits for them.
        let rest = (weight(body) > LONG).then(|| {
            let mut rest = Vec::new();
            line::write_rest(&mut rest, c, body);
            rest
        });
        let mut state = shared.lock();
        while state.is_full() {
            if !waits {
                return None;
            }
            state = shared
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return Some(state.index.len());
        }
        let was_empty = state.tail.data.is_empty();
        let n = state.begin(t);
        let t = state.last_t;
        let adorned = state.adorn.as_mut().map(|adorn| {
            let body = body.clone();
            let record = Record { n, t, c, body };
            let mut line = Vec::new();
            line::write_line_with(&mut line, &record, adorn(&record).as_deref());
            line
        });
        let out = &mut state.tail.data;
        match (body, rest) {
            _ if adorned.is_some() => out.extend_from_slice(&adorned.unwrap_or_default()),
            (Body::Unknown(unknown), _) => line::write_verbatim(out, unknown),
            (_, Some(rest)) => {
                line::write_head(out, n, t);
                out.extend_from_slice(&rest);
            }
            (_, None) => {
                line::write_head(out, n, t);
                line::write_rest(out, c, body);
            }
        }
        out.push(b'\n');
        let sealed = state.finish();
        let urgent = is_change_of_state(body);
        state.urgent |= urgent;
        let wake_writer = state.writer_idle && (was_empty || sealed || urgent);
        if wake_writer {
            state.writer_idle = false;
        }
        let wake_readers = std::mem::take(&mut state.waiters);
        drop(state);
        if wake_writer {
            shared.work.notify_one();
        }
        if wake_readers {
            shared.more.notify_waiters();
        }
        Some(n)
    }

    /// Number of records so far (the newest sequence number).
    #[must_use]
    pub fn len(&self) -> u64 {
        self.inner.shared.lock().index.len()
    }

    /// True when there are no records yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads one record. `None` where there is none of that number (yet), or no longer.
    #[must_use]
    pub fn get(&self, n: u64) -> Option<Record> {
        read::record(&self.inner.shared, n)
    }

    /// Reads one record's line as it stands in the file, without the line break.
    #[must_use]
    pub fn line(&self, n: u64) -> Option<Vec<u8>> {
        read::line(&self.inner.shared, n)
    }

    /// Calls `each` with the records from `from` on, in order, until it breaks or the end is reached.
    /// Returns the sequence number to go on from (the one after the last record that `each` saw).
    /// Forgotten records are left out.
    pub fn scan(&self, from: u64, each: impl FnMut(Record) -> ControlFlow<()>) -> u64 {
        read::scan(&self.inner.shared, from..u64::MAX, |_| true, each)
    }

    /// Like [`Journal::scan`] for those who follow states only: records that carry bytes
    /// (`frame`, `request`, `response`) are passed over unparsed, so that a flood of them costs
    /// next to nothing. (A line that was not written by us may be among what is given.)
    pub fn scan_states(&self, from: u64, each: impl FnMut(Record) -> ControlFlow<()>) -> u64 {
        let range = from..u64::MAX;
        read::scan(
            &self.inner.shared,
            range,
            |line| !line::carries_bytes(line),
            each,
        )
    }

    /// Like [`Journal::scan`] within `range`, for those who look for something: records whose
    /// line (as it stands in the file) is not `wanted` are passed over unparsed. Returns the
    /// sequence number to go on from: the end of `range` (or of the journal) unless `each` broke.
    pub fn scan_where(
        &self,
        range: Range<u64>,
        wanted: impl Fn(&[u8]) -> bool,
        each: impl FnMut(Record) -> ControlFlow<()>,
    ) -> u64 {
        read::scan(&self.inner.shared, range, wanted, each)
    }

    /// Waits until there are more than `seen` records (or the status changed, or the journal was
    /// closed; each such change is told once to each handle).
    pub async fn changed(&self, seen: u64) {
        let shared = &*self.inner.shared;
        let told = self.told.load(Ordering::Relaxed);
        loop {
            let mut more = pin!(shared.more.notified());
            more.as_mut().enable();
            {
                let mut state = shared.lock();
                if state.version != told {
                    self.told.store(state.version, Ordering::Relaxed);
                    return;
                }
                if state.index.len() > seen {
                    return;
                }
                state.waiters = true;
            }
            more.await;
        }
    }

    /// Where the records go, and how that goes.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &*self.inner.shared;
        let state = shared.lock();
        Status {
            path: shared.path.clone(),
            failed: state.failed.clone(),
            forgotten: state.forgotten(),
            indexed: state.indexed,
            bytes: state.bytes(),
            cut: state.cut,
            lacks: state.lacks.clone(),
        }
    }

    /// Session time of `at`, in microseconds; 0 for what lies before the session's start.
    #[must_use]
    pub fn time_of(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.inner.shared.started);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }

    /// Writes out what is pending and closes the file; later appends are refused silently. What
    /// was recorded stays readable.
    pub fn close(&self) {
        self.inner.close();
    }

    /// True once the journal takes no more records: it was closed, or opened from a file.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.shared.lock().closed
    }

    /// Bytes of memory that the index takes.
    #[must_use]
    pub fn index_bytes(&self) -> usize {
        self.inner.shared.lock().index.bytes()
    }
}

impl Inner {
    fn close(&self) {
        let shared = &*self.shared;
        {
            let mut state = shared.lock();
            if !state.closing {
                state.closing = true;
                state.closed = true;
                state.version += 1;
            }
        }
        shared.work.notify_all();
        shared.room_again();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // A panic of that thread was turned into a failed status already.
            let _ = thread.join();
        }
        shared.more.notify_waiters();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Payloads longer than this are escaped before the lock is taken.
const LONG: usize = 4096;

/// Rough length of a record's payload.
fn weight(body: &Body) -> usize {
    match body {
        Body::Frame(frame) => frame.data.len(),
        Body::Request(request) => request.body.len() + request.headers.len() * 64,
        Body::Response(response) => response.body.len() + response.headers.len() * 64,
        Body::Buffer(buffer) => buffer.packet.len(),
        Body::Namespace(namespace) => namespace.data.as_ref().map_or(0, String::len),
        _ => 0,
    }
}

/// What must not be lost even by a kill: it is written at once.
fn is_change_of_state(body: &Body) -> bool {
    !matches!(
        body,
        Body::Frame(_) | Body::Request(_) | Body::Response(_) | Body::Ack(_)
    )
}
