//! The thread that writes a live journal to its file.

use std::fs::File;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::state::Chunk;
use super::{Shared, disk};

/// Longest time that a line waits to be written. A kill may lose 100 ms; half of it leaves room
/// for a busy machine.
const LATEST: Duration = Duration::from_millis(50);

/// Writes chunks until the journal is closed or its file fails.
pub(super) fn run(shared: &Shared) {
    let guard = Unwinding(shared);
    while let Some(chunk) = next(shared) {
        let Some(file) = &shared.file else { break };
        let (done, result) = disk::append(file, &chunk.data, chunk.start);
        let result = result.and_then(|()| still_ours(file, chunk.end()));
        let mut state = shared.lock();
        match result {
            Ok(()) => {
                state.wrote(chunk);
                drop(state);
                shared.room_again();
            }
            Err(error) => {
                // Whole lines that were written stay; half a line is taken back.
                let lines = chunk.data.get(..done).unwrap_or_default();
                let whole = memchr::memrchr(b'\n', lines).map_or(0, |at| at + 1);
                let half = whole < done;
                let whole = state.wrote_part(&chunk, whole);
                drop(chunk);
                state.fail(sentence(shared, &error));
                drop(state);
                if let (true, Some(whole)) = (half, whole) {
                    let _ = file.set_len(whole);
                }
                break;
            }
        }
    }
    std::mem::forget(guard);
    shared.room_again();
    shared.more.notify_waiters();
}

/// Waits for the next chunk to write; `None` when the journal is closed and all is written.
fn next(shared: &Shared) -> Option<Arc<Chunk>> {
    let mut state = shared.lock();
    let mut deadline = None;
    loop {
        if let Some(chunk) = state.chunks.get(state.sent) {
            return Some(Arc::clone(chunk));
        }
        let now = Instant::now();
        if !state.tail.data.is_empty() {
            let deadline = *deadline.get_or_insert(now + LATEST);
            if state.urgent || state.closing || now >= deadline {
                state.urgent = false;
                state.seal();
                continue;
            }
            state.writer_idle = true;
            let left = deadline.saturating_duration_since(now);
            let woken = shared.work.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        } else if state.closing {
            return None;
        } else {
            deadline = None;
            state.writer_idle = true;
            state = shared
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_idle = false;
    }
}

/// Writing to a file that was removed or cut short by somebody else succeeds; the records would
/// be gone all the same.
fn still_ours(file: &File, end: u64) -> io::Result<()> {
    let now = file.metadata()?;
    if !now.is_file() {
        return Ok(());
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&now) == 0 {
        return Err(io::Error::other("the file was removed"));
    }
    if now.len() < end {
        return Err(io::Error::other(
            "the file was cut short by another program",
        ));
    }
    Ok(())
}

fn sentence(shared: &Shared, error: &io::Error) -> String {
    let path = shared
        .path
        .as_deref()
        .unwrap_or_else(|| "the session file".as_ref());
    format!(
        "recording to {} stopped: {error}; the session goes on, and only its newest records are \
         kept, in memory",
        path.display()
    )
}

/// Turns a panic of the writer into a failed status, so that nobody waits for it for ever.
struct Unwinding<'a>(&'a Shared);

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        let why = sentence(self.0, &io::Error::other("the writer ended unexpectedly"));
        self.0.lock().fail(why);
        self.0.room_again();
        self.0.more.notify_waiters();
    }
}
