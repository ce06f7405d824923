//! What the tap writes into the journal, and what it could not write.
//!
//! The journal holds up to 16 MiB of lines that the disk has not taken yet: that is the tap's
//! bounded queue. When it is full, a tap that may not delay its application drops the record,
//! counts it, and writes one `gap` record in its place as soon as there is room. With
//! [`Overflow::Block`] the relay waits for the disk instead, and so does the application.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::journal::Journal;
use crate::journal::record::{Body, Gap, Mark};

/// What happens when the recorder can't keep up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// The record is lost and counted as a `gap`; the application is never delayed.
    #[default]
    Drop,
    /// The application waits for the recorder; nothing is lost.
    Block,
}

/// A handle on the journal that never holds a task up unless that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    journal: Journal,
    overflow: Overflow,
    lost: Arc<Mutex<Lost>>,
}

/// What was lost since the last `gap` record.
#[derive(Debug, Default)]
struct Lost {
    records: u64,
    bytes: u64,
    /// A task waits for room to tell it.
    told_soon: bool,
}

impl Recorder {
    pub(super) fn new(journal: Journal, overflow: Overflow) -> Recorder {
        Recorder {
            journal,
            overflow,
            lost: Arc::default(),
        }
    }

    /// Records what happened just now.
    pub(super) async fn record(&self, c: Option<u32>, body: Body) {
        self.record_at(Instant::now(), c, body).await;
    }

    /// Records what happened at `at`.
    pub(super) async fn record_at(&self, at: Instant, c: Option<u32>, body: Body) {
        loop {
            if self.tell_lost(at) && self.journal.try_append(at, c, &body).is_some() {
                return;
            }
            match self.overflow {
                Overflow::Block => self.journal.room().await,
                Overflow::Drop => return self.lose(&body),
            }
        }
    }

    /// A mark of the tap's own.
    pub(super) async fn mark(&self, c: Option<u32>, text: String) {
        self.record(c, Body::Mark(Mark { text })).await;
    }

    /// Several records of one connection, in their order.
    pub(super) async fn all(&self, c: Option<u32>, bodies: Vec<Body>) {
        for body in bodies {
            self.record(c, body).await;
        }
    }

    /// Writes the `gap` that is due; false where there still is no room for it.
    fn tell_lost(&self, at: Instant) -> bool {
        let mut lost = self.lost();
        if lost.records == 0 {
            return true;
        }
        let gap = Body::Gap(Gap {
            records: lost.records,
            bytes: lost.bytes,
        });
        let told = self.journal.try_append(at, None, &gap).is_some();
        if told {
            lost.records = 0;
            lost.bytes = 0;
        }
        told
    }

    fn lose(&self, body: &Body) {
        let mut lost = self.lost();
        lost.records = lost.records.saturating_add(1);
        lost.bytes = lost.bytes.saturating_add(payload(body));
        if std::mem::replace(&mut lost.told_soon, true) {
            return;
        }
        drop(lost);
        // Nothing may follow for long; the loss is told all the same.
        let again = self.clone();
        tokio::spawn(async move {
            again.journal.room().await;
            again.lost().told_soon = false;
            again.tell_lost(Instant::now());
        });
    }

    /// The last chance to tell a loss, before the journal is closed: a slow disk gets `patience`
    /// to make room for it.
    pub(super) async fn settle(&self, patience: Duration) {
        let told = async {
            while !self.tell_lost(Instant::now()) {
                self.journal.room().await;
            }
        };
        if tokio::time::timeout(patience, told).await.is_err() {
            tracing::warn!("tap: the disk took no word of what was lost");
        }
    }

    fn lost(&self) -> MutexGuard<'_, Lost> {
        // Two counters: good whatever became of who held them.
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Payload bytes of a record.
fn payload(body: &Body) -> u64 {
    let size = match body {
        Body::Frame(frame) => frame.data.len(),
        Body::Request(request) => request.body.len(),
        Body::Response(response) => response.body.len(),
        _ => 0,
    };
    size as u64
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::ops::ControlFlow;

    use bytes::Bytes;

    use super::*;
    use crate::journal::file::{Header, Source};
    use crate::journal::record::{Direction, Frame, Opcode};

    fn frame(size: usize) -> Body {
        Body::Frame(Frame {
            dir: Direction::ToClient,
            op: Opcode::Text,
            data: Bytes::from(vec![b'x'; size]),
            code: None,
            reason: None,
            wire: None,
        })
    }

    /// A journal on a pipe that nobody reads yet: the slowest disk there is.
    fn stuck() -> (Journal, tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        // A pipe opens for writing only while somebody has it open for reading.
        let other = path.clone();
        let (opened, wait) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let both = std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open(&other);
            opened.send(both.unwrap()).unwrap();
        });
        let keeper = wait.recv_timeout(Duration::from_secs(5)).unwrap();
        let header = Header {
            started: jiff::Timestamp::now(),
            source: Source::Tap,
            target: "http://127.0.0.1:1".to_owned(),
            tool: "0".to_owned(),
            parser: None,
        };
        let journal = Journal::create(header, Instant::now(), &path).unwrap();
        std::mem::forget(keeper); // open to the test's end: a write must block, not fail
        (journal, folder, path)
    }

    fn drain(path: std::path::PathBuf) {
        std::thread::spawn(move || {
            let mut pipe = std::fs::File::open(path).unwrap();
            let mut chunk = vec![0; 1 << 20];
            while matches!(pipe.read(&mut chunk), Ok(1..)) {}
        });
    }

    const MEGABYTE: usize = 1 << 20;

    #[tokio::test]
    async fn what_a_stuck_disk_does_not_take_is_counted_as_a_gap_and_nothing_waits() {
        let (journal, _folder, path) = stuck();
        let recorder = Recorder::new(journal.clone(), Overflow::Drop);
        for _ in 0..40 {
            let done = recorder.record(Some(1), frame(MEGABYTE));
            let in_time = tokio::time::timeout(Duration::from_secs(5), done).await;
            in_time.expect("recording never waits for the disk");
        }
        let taken = journal.len();
        assert!((1..40).contains(&taken), "{taken} records were taken");
        drain(path);
        tokio::time::timeout(Duration::from_secs(10), journal.changed(taken))
            .await
            .expect("the gap is told as soon as there is room");
        recorder.record(Some(1), frame(1)).await;
        let mut gaps = Vec::new();
        journal.scan(1, |record| {
            if let Body::Gap(gap) = record.body {
                gaps.push(gap);
            }
            ControlFlow::Continue(())
        });
        let lost = 40 - taken;
        let expected = Gap {
            records: lost,
            bytes: lost * MEGABYTE as u64,
        };
        assert_eq!(gaps, [expected]);
        journal.close();
    }

    #[tokio::test]
    async fn with_block_nothing_is_lost_and_the_relay_waits() {
        let (journal, _folder, path) = stuck();
        let recorder = Recorder::new(journal.clone(), Overflow::Block);
        let writing = tokio::spawn(async move {
            for _ in 0..40 {
                recorder.record(Some(1), frame(MEGABYTE)).await;
            }
        });
        // The queue is full before all are in.
        let full = async {
            loop {
                let seen = journal.len();
                let more = tokio::time::timeout(Duration::from_millis(300), journal.changed(seen));
                if more.await.is_err() {
                    return seen;
                }
            }
        };
        let held_up = full.await;
        assert!(held_up < 40 && !writing.is_finished());
        drain(path);
        tokio::time::timeout(Duration::from_secs(10), writing)
            .await
            .expect("all is written once the disk goes on")
            .unwrap();
        assert_eq!(journal.len(), 40, "no gap among them");
        journal.close();
    }
}
