//! What the journal's lock guards, and the steps that change it. No IO here.

use std::collections::VecDeque;
use std::sync::Arc;

use super::index::Index;
use crate::journal::file::{Header, write_header};

/// Lines are handed to the writer when they fill this much.
const CHUNK: usize = 256 << 10;
/// Appending waits for the disk when this much is not written yet.
const MOST_WAITING: usize = 16 << 20;
/// What is kept in memory where there is no file to read from: it failed, or it is a pipe.
const KEPT: usize = 8 << 20;

/// Where lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// To a file, by the writer. Where it can't be read back, the newest lines are kept too.
    Disk { reads_back: bool },
    /// Nowhere: the newest `limit` bytes are kept.
    Memory { limit: usize },
    /// The journal was opened from a file.
    Opened,
}

/// Whole lines that follow each other.
pub(super) struct Chunk {
    /// Offset of its first byte in the session.
    pub(super) start: u64,
    /// Sequence number of its first record.
    pub(super) first: u64,
    /// The lines, each with its line break.
    pub(super) data: Vec<u8>,
}

impl Chunk {
    pub(super) fn end(&self) -> u64 {
        self.start + self.data.len() as u64
    }
}

pub(super) struct State {
    pub(super) index: Index,
    /// Full chunks, oldest first: not written yet, or (without a file) kept.
    pub(super) chunks: VecDeque<Arc<Chunk>>,
    /// The chunk that is being filled.
    pub(super) tail: Chunk,
    /// How many of `chunks` were written and are kept all the same.
    pub(super) sent: usize,
    /// Bytes in `chunks`.
    pub(super) held: usize,
    /// Bytes in those that were written.
    held_sent: usize,
    /// Bytes of the session that can be read from the file.
    pub(super) written: u64,
    /// Records that can be read from the file.
    pub(super) in_file: u64,
    pub(super) last_t: u64,
    pub(super) mode: Mode,
    /// Takes no records.
    pub(super) closed: bool,
    /// The journal's thread is to end.
    pub(super) closing: bool,
    /// A change of state waits to be written.
    pub(super) urgent: bool,
    /// The writer waits and must be woken.
    pub(super) writer_idle: bool,
    /// A reader waits in `changed`.
    pub(super) waiters: bool,
    /// Counts changes of the status.
    pub(super) version: u64,
    pub(super) failed: Option<String>,
    pub(super) indexed: f64,
    pub(super) cut: bool,
    pub(super) lacks: Option<String>,
    /// Adds a member to each line, where that is wanted.
    pub(super) adorn: Option<super::Adorn>,
    /// A written chunk's memory, to be filled again.
    spare: Option<Vec<u8>>,
}

impl State {
    /// A live session that begins with its header, as it will be read back.
    pub(super) fn live(header: Header, mode: Mode) -> (Header, State) {
        let header = header.rounded();
        let mut state = State::empty(mode);
        write_header(&mut state.tail.data, &header);
        state.tail.data.push(b'\n');
        // So that the file is recognised from its first moment on.
        state.urgent = true;
        (header, state)
    }

    /// A session that was opened and is not indexed yet.
    pub(super) fn opened(lacks: Option<String>) -> State {
        State {
            closed: true,
            lacks,
            indexed: 0.0,
            ..State::empty(Mode::Opened)
        }
    }

    fn empty(mode: Mode) -> State {
        State {
            index: Index::default(),
            chunks: VecDeque::new(),
            tail: Chunk {
                start: 0,
                first: 1,
                data: Vec::new(),
            },
            sent: 0,
            held: 0,
            held_sent: 0,
            written: 0,
            in_file: 0,
            last_t: 0,
            mode,
            closed: false,
            closing: false,
            urgent: false,
            writer_idle: false,
            waiters: false,
            version: 0,
            failed: None,
            indexed: 1.0,
            cut: false,
            lacks: None,
            adorn: None,
            spare: None,
        }
    }

    /// Whether appending has to wait for the disk.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.mode, Mode::Disk { .. })
            && !self.closed
            && self.held - self.held_sent + self.tail.data.len() > MOST_WAITING
    }

    /// Begins the next record at the tail's end; returns its sequence number.
    pub(super) fn begin(&mut self, t: u64) -> u64 {
        self.last_t = self.last_t.max(t);
        self.index.push(self.tail.end())
    }

    /// Ends a record; returns whether the tail was sealed.
    pub(super) fn finish(&mut self) -> bool {
        let full = self.tail.data.len() >= self.chunk_size();
        if full {
            self.seal();
        }
        if let Mode::Memory { limit } = self.mode {
            self.forget_beyond(limit);
        }
        full
    }

    fn chunk_size(&self) -> usize {
        match self.mode {
            // Fine enough that nearly the whole limit is used.
            Mode::Memory { limit } => (limit / 16).clamp(1, CHUNK),
            _ => CHUNK,
        }
    }

    /// Makes the tail a chunk and begins a new one.
    pub(super) fn seal(&mut self) {
        let data = self.spare.take().unwrap_or_default();
        let next = Chunk {
            start: self.tail.end(),
            first: self.index.len() + 1,
            data,
        };
        let full = std::mem::replace(&mut self.tail, next);
        self.held += full.data.len();
        self.chunks.push_back(Arc::new(full));
    }

    /// Drops the oldest chunk; its memory is used again where nobody reads it.
    pub(super) fn pop(&mut self) {
        let Some(chunk) = self.chunks.pop_front() else {
            return;
        };
        self.held = self.held.saturating_sub(chunk.data.len());
        if self.sent > 0 {
            self.sent -= 1;
            self.held_sent = self.held_sent.saturating_sub(chunk.data.len());
        }
        if self.spare.is_none()
            && let Ok(mut chunk) = Arc::try_unwrap(chunk)
            && chunk.data.capacity() <= 2 * CHUNK
        {
            chunk.data.clear();
            self.spare = Some(chunk.data);
        }
    }

    /// The writer wrote the oldest chunk that waited.
    pub(super) fn wrote(&mut self, chunk: Arc<Chunk>) {
        if self.mode == (Mode::Disk { reads_back: true }) {
            self.written = chunk.end();
            self.in_file = self
                .chunks
                .get(1)
                .map_or(self.tail.first, |next| next.first)
                - 1;
            // Without this handle the memory can be used again.
            drop(chunk);
            self.pop();
            return;
        }
        self.sent += 1;
        self.held_sent += chunk.data.len();
        drop(chunk);
        while self.held_sent > KEPT && self.sent > 1 {
            self.pop();
        }
        self.index.forget(self.in_file + 1, self.first_in_memory());
    }

    /// The writer wrote only `whole` bytes (of whole lines) of a chunk; returns where the file
    /// has to end now, where it is one.
    pub(super) fn wrote_part(&mut self, chunk: &Chunk, whole: usize) -> Option<u64> {
        if self.mode != (Mode::Disk { reads_back: true }) {
            return None;
        }
        self.written = chunk.start + whole as u64;
        // Records in the chunk that begin before its written part ends.
        let next = self
            .chunks
            .get(1)
            .map_or(self.tail.first, |next| next.first);
        let (mut low, mut high) = (chunk.first, next);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.index.get(middle) {
                Some(at) if at < self.written => low = middle + 1,
                _ => high = middle,
            }
        }
        self.in_file = low - 1;
        Some(self.written)
    }

    fn forget_beyond(&mut self, limit: usize) {
        let mut forgot = false;
        while self.held + self.tail.data.len() > limit
            && (self.chunks.len() > 1 || !self.tail.data.is_empty())
            && !self.chunks.is_empty()
        {
            self.pop();
            forgot = true;
        }
        if forgot {
            self.index.forget(self.in_file + 1, self.first_in_memory());
        }
    }

    /// The oldest record in memory (the next one, where there is none).
    pub(super) fn first_in_memory(&self) -> u64 {
        self.chunks
            .front()
            .map_or(self.tail.first, |chunk| chunk.first)
    }

    /// Records that can't be read any more.
    pub(super) fn forgotten(&self) -> u64 {
        (self.first_in_memory() - 1).saturating_sub(self.in_file)
    }

    /// Bytes that the session takes.
    pub(super) fn bytes(&self) -> u64 {
        let in_memory = (self.held + self.tail.data.len()) as u64;
        match self.mode {
            Mode::Memory { .. } => self.written + in_memory,
            Mode::Disk { .. } | Mode::Opened => self.tail.end(),
        }
    }

    /// The file takes no more: from here on the newest records are kept in memory.
    pub(super) fn fail(&mut self, why: String) {
        self.failed = Some(why);
        self.mode = Mode::Memory { limit: KEPT };
        self.version += 1;
        self.forget_beyond(KEPT);
    }
}
