//! The journal from the outside: what was appended is read back, whatever happens to the disk.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Journal, Status};
use crate::journal::file::{Header, Source};
use crate::journal::record::{Body, Direction, Frame, Mark, Opcode, Record};

fn header() -> Header {
    Header::now(Source::Client, "http://localhost:3000/")
}

fn frame(text: &str) -> Body {
    Body::Frame(Frame {
        dir: Direction::ToClient,
        op: Opcode::Text,
        data: text.to_owned().into_bytes().into(),
        code: None,
        reason: None,
        wire: None,
    })
}

fn mark(text: &str) -> Body {
    Body::Mark(Mark {
        text: text.to_owned(),
    })
}

fn all(journal: &Journal) -> Vec<Record> {
    let mut records = Vec::new();
    let next = journal.scan(1, |record| {
        records.push(record);
        ControlFlow::Continue(())
    });
    assert_eq!(next, journal.len() + 1);
    records
}

/// Waits until the opened journal is indexed or the live one has failed.
fn wait_until(journal: &Journal, done: impl Fn(&Status) -> bool) -> Status {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let status = journal.status();
                if done(&status) {
                    return status;
                }
                journal.changed(journal.len()).await;
            }
        })
        .await
        .expect("the status changes in the end")
    })
}

fn opened(path: &Path) -> Journal {
    let journal = Journal::open(path).unwrap();
    wait_until(&journal, |status| status.indexed >= 1.0);
    journal
}

#[test]
fn what_is_appended_is_read_back_at_once_and_from_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new").join("a.sio.jsonl");
    let started = Instant::now();
    let journal = Journal::create(header(), started, &path).unwrap();
    for n in 1..=5000u64 {
        assert_eq!(
            journal.append(started, Some(1), &frame(&format!("42[\"n\",{n}]"))),
            n
        );
        let record = journal.get(n).unwrap();
        assert_eq!(
            (record.n, record.body),
            (n, frame(&format!("42[\"n\",{n}]")))
        );
    }
    let live = all(&journal);
    assert_eq!(live.len(), 5000);
    journal.close();
    assert_eq!(journal.append(started, None, &mark("late")), 5000);
    assert_eq!(all(&journal), live);
    let again = opened(&path);
    assert_eq!(again.header(), journal.header());
    assert_eq!(all(&again), live);
    assert_eq!(again.status().bytes, fs::metadata(&path).unwrap().len());
    assert!(!again.status().cut);
}
