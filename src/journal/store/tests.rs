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

#[test]
fn time_never_runs_backwards() {
    let started = Instant::now();
    let journal = Journal::in_memory(header(), started, 1 << 20);
    journal.append(started + Duration::from_millis(5), None, &mark("a"));
    journal.append(started + Duration::from_millis(3), None, &mark("b"));
    journal.append(started - Duration::from_millis(3), None, &mark("c"));
    let times: Vec<u64> = all(&journal).iter().map(|record| record.t).collect();
    assert_eq!(times, [5000, 5000, 5000]);
}

#[test]
fn readers_see_whole_records_in_order_while_others_write() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 20_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &path).unwrap();
    let check = |journal: &Journal| {
        let mut next = 1;
        let mut newest = [0u64; WRITERS as usize + 1];
        while next <= WRITERS * EACH {
            let from = next;
            next = journal.scan(from, |record| {
                let Body::Frame(frame) = &record.body else {
                    panic!("{record:?}")
                };
                let count: u64 = std::str::from_utf8(&frame.data[..9])
                    .unwrap()
                    .trim()
                    .parse()
                    .unwrap();
                let newest = &mut newest[record.c.unwrap() as usize];
                assert_eq!(count, *newest + 1, "a writer's own order is kept");
                *newest = count;
                ControlFlow::Continue(())
            });
            if let Some(record) = journal.get(from) {
                assert_eq!(record.n, from);
            }
        }
        assert_eq!(newest[1..], [EACH; WRITERS as usize]);
    };
    std::thread::scope(|scope| {
        for writer in 1..=WRITERS {
            let journal = journal.clone();
            scope.spawn(move || {
                for count in 1..=EACH {
                    let at = Instant::now();
                    let long = "x".repeat((count % 97) as usize);
                    journal.append(at, Some(writer as u32), &frame(&format!("{count:9}{long}")));
                }
            });
        }
        scope.spawn(|| check(&journal));
        scope.spawn(|| check(&journal));
    });
    let live = all(&journal);
    drop(journal);
    assert_eq!(all(&opened(&path)), live);
}

#[test]
fn a_scan_stops_where_it_is_told_and_goes_on_from_there() {
    let journal = Journal::in_memory(header(), Instant::now(), 1 << 20);
    for _ in 0..10 {
        journal.append(Instant::now(), None, &mark("x"));
    }
    let next = journal.scan(0, |record| {
        if record.n == 4 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(next, 5);
    assert_eq!(journal.scan(11, |_| panic!("there is none")), 11);
    assert_eq!(journal.get(0), None);
    assert_eq!(journal.get(11), None);
}

#[test]
fn a_scan_of_states_passes_over_what_carries_bytes() {
    let journal = Journal::in_memory(header(), Instant::now(), 1 << 20);
    for body in [
        frame("42[\"a\"]"),
        mark("one"),
        frame("\"k\":\"mark\""),
        mark("two"),
    ] {
        journal.append(Instant::now(), Some(1), &body);
    }
    let mut seen = Vec::new();
    let next = journal.scan_states(1, |record| {
        seen.push((record.n, record.body));
        ControlFlow::Continue(())
    });
    assert_eq!(seen, [(2, mark("one")), (4, mark("two"))]);
    assert_eq!(next, 5);
}

#[test]
fn lines_of_any_length_are_read_back_from_memory_and_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &path).unwrap();
    let lengths = [0usize, 1, 4095, 4096, 4097, 87_300, 90_000, 1, 120_000, 7];
    for length in lengths {
        journal.append(Instant::now(), None, &frame(&"\"é".repeat(length)));
    }
    let live = all(&journal);
    journal.close();
    assert_eq!(all(&journal), live);
    let again = opened(&path);
    for (record, length) in all(&again).iter().zip(lengths) {
        let Body::Frame(frame) = &record.body else {
            panic!("{record:?}")
        };
        assert_eq!(frame.data.len(), length * 3);
        assert_eq!(again.get(record.n).as_ref(), Some(record));
    }
    assert_eq!(all(&again), live);
}

#[test]
fn memory_keeps_the_newest_and_counts_what_it_forgot() {
    const LIMIT: usize = 100_000;
    let journal = Journal::in_memory(header(), Instant::now(), LIMIT);
    for n in 1..=50_000u64 {
        journal.append(Instant::now(), None, &mark(&n.to_string()));
        if n % 1000 == 0 {
            assert!(journal.status().bytes <= LIMIT as u64);
        }
    }
    let status = journal.status();
    assert!(
        status.bytes > LIMIT as u64 * 8 / 10,
        "most of the room is used: {}",
        status.bytes
    );
    assert_eq!(journal.len(), 50_000);
    assert_eq!(journal.get(status.forgotten), None);
    assert_eq!(journal.line(1), None);
    assert_eq!(
        journal.get(status.forgotten + 1).unwrap().n,
        status.forgotten + 1
    );
    let mut seen = Vec::new();
    let next = journal.scan(1, |record| {
        assert_eq!(record.body, mark(&record.n.to_string()));
        seen.push(record.n);
        ControlFlow::Continue(())
    });
    assert_eq!(next, 50_001);
    assert_eq!(seen, (status.forgotten + 1..=50_000).collect::<Vec<_>>());
    assert!(journal.index_bytes() < 200_000, "{}", journal.index_bytes());
}

#[test]
fn memory_keeps_the_newest_record_even_when_it_is_larger_than_the_limit() {
    let journal = Journal::in_memory(header(), Instant::now(), 10);
    journal.append(Instant::now(), None, &mark("one"));
    journal.append(Instant::now(), None, &mark("two"));
    assert_eq!(journal.get(1), None);
    assert_eq!(journal.get(2).unwrap().body, mark("two"));
    assert_eq!(journal.status().forgotten, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_the_session_goes_on_in_bounded_memory() {
    let journal = Journal::create(header(), Instant::now(), Path::new("/dev/full")).unwrap();
    journal.append(Instant::now(), None, &mark("first"));
    let status = wait_until(&journal, |status| status.failed.is_some());
    let failed = status.failed.unwrap();
    assert!(
        failed.starts_with("recording to /dev/full stopped: No space left on device"),
        "{failed}"
    );
    assert!(
        failed.ends_with("only its newest records are kept, in memory"),
        "{failed}"
    );
    assert_eq!(journal.get(1).unwrap().body, mark("first"));
    let long = "x".repeat(1 << 20);
    for _ in 0..40 {
        journal.append(Instant::now(), None, &frame(&long));
    }
    let status = journal.status();
    assert!(status.bytes < 10 << 20, "{}", status.bytes);
    assert_eq!(journal.len(), 41);
    assert!(journal.get(41).is_some());
    assert_eq!(journal.get(1), None);
    assert!(status.forgotten > 30);
    journal.close();
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_can_not_be_read_back_costs_no_records() {
    let journal = Journal::create(header(), Instant::now(), Path::new("/dev/null")).unwrap();
    for n in 1..=20_000u64 {
        journal.append(Instant::now(), None, &mark(&n.to_string()));
    }
    journal.close();
    assert_eq!(journal.status().failed, None);
    assert_eq!(all(&journal).len(), 20_000);
    assert_eq!(journal.get(1).unwrap().body, mark("1"));
}

#[cfg(unix)]
#[test]
fn a_removed_folder_is_said_and_what_was_written_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep").join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &path).unwrap();
    for n in 1..=1000u64 {
        journal.append(Instant::now(), None, &frame(&n.to_string()));
    }
    // What follows a change of state is on disk once the file says so.
    journal.append(Instant::now(), None, &mark("written"));
    while fs::read_to_string(&path).map_or(true, |text| !text.contains("written")) {
        std::thread::yield_now();
    }
    fs::remove_dir_all(dir.path().join("deep")).unwrap();
    journal.append(Instant::now(), None, &mark("after"));
    let status = wait_until(&journal, |status| status.failed.is_some());
    let failed = status.failed.unwrap();
    assert!(
        failed.contains("a.sio.jsonl stopped: the file was removed; the session goes on"),
        "{failed}"
    );
    for _ in 0..20 {
        journal.append(Instant::now(), None, &frame(&"x".repeat(1 << 20)));
    }
    assert_eq!(journal.get(1).unwrap().body, frame("1"));
    assert_eq!(journal.get(1001).unwrap().body, mark("written"));
    assert!(journal.get(1022).is_some());
    let mut count = 0;
    journal.scan(1, |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(count + journal.status().forgotten, 1022);
}

#[test]
fn a_path_that_can_not_be_written_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "words of a person").unwrap();
    let create = |path: &Path| {
        Journal::create(header(), Instant::now(), path)
            .unwrap_err()
            .to_string()
    };
    // A file where a folder should be, a folder where the file should be, and a foreign file.
    create(&file.join("a.sio.jsonl"));
    create(dir.path());
    let foreign = create(&file);
    assert!(
        foreign.ends_with("file exists and is no session file; choose another name"),
        "{foreign}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "words of a person");
    // Packed files begin alike, whatever they hold.
    let packed = [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3];
    fs::write(&file, packed).unwrap();
    assert!(create(&file).contains("choose another name"));
    assert_eq!(fs::read(&file).unwrap(), packed);
}

#[test]
fn an_earlier_session_of_the_same_name_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    for text in ["a long mark of the first session", "b"] {
        let journal = Journal::create(header(), Instant::now(), &path).unwrap();
        journal.append(Instant::now(), None, &mark(text));
        drop(journal);
        let again = opened(&path);
        assert_eq!(all(&again).len(), 1);
        assert_eq!(again.get(1).unwrap().body, mark(text));
    }
}

#[cfg(unix)]
#[test]
fn files_and_new_folders_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x").join("y").join("a.sio.jsonl");
    let _journal = Journal::create(header(), Instant::now(), &path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&dir.path().join("x")), 0o700);
    assert_eq!(mode(&dir.path().join("x").join("y")), 0o700);
}

#[test]
fn a_file_cut_at_any_byte_loses_one_line_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &path).unwrap();
    for text in [
        "42[\"one\"]",
        "42[\"zwölf \u{1f600}\"]",
        "42[\"three\",{\"a\":1}]",
    ] {
        journal.append(Instant::now(), Some(1), &frame(text));
    }
    let whole = all(&journal);
    drop(journal);
    let bytes = fs::read(&path).unwrap();
    let breaks: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).collect();
    for end in breaks[1]..=bytes.len() {
        fs::write(&path, &bytes[..end]).unwrap();
        let journal = opened(&path);
        // A line is whole with its last byte, break or not.
        let lines = breaks.iter().filter(|&&at| at <= end).count() - 1;
        assert_eq!(all(&journal), whole[..lines], "cut at {end}");
        let clean = breaks.iter().any(|&at| end == at || end == at + 1);
        assert_eq!(journal.status().cut, !clean, "cut at {end}");
        assert_eq!(fs::read(&path).unwrap(), &bytes[..end], "never written to");
    }
}

/// Not a test of its own: what the next one starts and kills.
#[test]
fn child_that_floods_a_journal() {
    let Some(path) = std::env::var_os("SIOSCOPE_TEST_FLOOD") else {
        return;
    };
    let journal = Journal::create(header(), Instant::now(), Path::new(&path)).unwrap();
    loop {
        let n = journal.len() + 1;
        journal.append(Instant::now(), Some(1), &frame(&format!("42[\"n\",{n}]")));
    }
}

#[cfg(unix)]
#[test]
fn a_kill_in_a_flood_leaves_a_file_that_opens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "journal::store::tests::child_that_floods_a_journal",
        ])
        .env("SIOSCOPE_TEST_FLOOD", &path)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while fs::metadata(&path).map_or(0, |file| file.len()) < 2 << 20 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let journal = opened(&path);
    assert!(journal.len() > 10_000);
    for record in all(&journal) {
        assert_eq!(record.body, frame(&format!("42[\"n\",{}]", record.n)));
    }
    let left_out = fs::metadata(&path).unwrap().len() - journal.status().bytes;
    assert_eq!(journal.status().cut, left_out > 0);
    assert!(left_out < 200, "{left_out} bytes are more than one line");
}

#[test]
fn a_corrupt_line_in_the_middle_is_kept_and_costs_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let mut text = header().to_line().into_bytes();
    text.extend_from_slice(b"\r\n{\"n\":1,\"t\":1.5,\"k\":\"mark\",\"text\":\"a\"}\r\n\r\n  \n");
    text.extend_from_slice(b"{\"n\":2,\"t\":1.6,\"k\":\"ma\xff\x00rk\n");
    text.extend_from_slice(b"{\"n\":9,\"t\":2.5,\"k\":\"mark\",\"text\":\"b\"}");
    fs::write(&path, &text).unwrap();
    let journal = opened(&path);
    let records = all(&journal);
    assert_eq!(
        records.iter().map(|r| (r.n, r.t)).collect::<Vec<_>>(),
        [(1, 1_500_000), (2, 1_500_000), (3, 2_500_000)]
    );
    assert!(
        matches!(&records[1].body, Body::Unknown(unknown) if unknown.line.contains("\"t\":1.6"))
    );
    assert_eq!(
        journal.line(2).unwrap(),
        b"{\"n\":2,\"t\":1.6,\"k\":\"ma\xff\x00rk"
    );
    assert_eq!(
        journal.line(1).unwrap(),
        b"{\"n\":1,\"t\":1.5,\"k\":\"mark\",\"text\":\"a\"}"
    );
    assert_eq!(journal.get(2).as_ref(), Some(&records[1]));
    assert!(!journal.status().cut);
    assert_eq!(journal.append(Instant::now(), None, &mark("no")), 3);
}

#[test]
fn a_long_session_is_indexed_behind_and_readable_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &path).unwrap();
    for n in 1..=60_000u64 {
        journal.append(
            Instant::now(),
            Some(1),
            &frame(&format!("42[\"a session of some length\",{n}]")),
        );
    }
    drop(journal);
    let journal = Journal::open(&path).unwrap();
    assert!(
        journal.len() > 100,
        "the first block is there: {}",
        journal.len()
    );
    assert!(journal.get(1).is_some());
    wait_until(&journal, |status| status.indexed >= 1.0);
    assert_eq!(journal.len(), 60_000);
    assert_eq!(all(&journal).len(), 60_000);
    let body = frame("42[\"a session of some length\",59999]");
    assert_eq!(journal.get(59_999).unwrap().body, body);
}

#[cfg(feature = "zstd")]
#[test]
fn a_packed_session_is_opened_and_a_cut_one_as_far_as_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &path).unwrap();
    for n in 1..=20_000u64 {
        journal.append(
            Instant::now(),
            Some(1),
            &frame(&format!("42[\"n\",{n},{}]", n * n % 7919)),
        );
    }
    let live = all(&journal);
    drop(journal);
    let packed = zstd::encode_all(fs::File::open(&path).unwrap(), 1).unwrap();
    let path = dir.path().join("a.sio.jsonl.zst");
    fs::write(&path, &packed).unwrap();
    let journal = opened(&path);
    assert_eq!(all(&journal), live);
    assert!(!journal.status().cut);
    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    let journal = opened(&path);
    let status = journal.status();
    assert!(status.cut);
    assert!(status.failed.unwrap().contains("can't be read to its end"));
    let part = all(&journal);
    assert!(!part.is_empty());
    assert_eq!(part, live[..part.len()]);
}

#[cfg(feature = "zstd")]
#[test]
fn a_small_packed_session_that_was_cut_is_shown_up_to_its_last_whole_piece() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &path).unwrap();
    for n in 1..=2_500u64 {
        let body = frame(&format!("42[\"n\",{n},{}]", n * n % 7919));
        journal.append(Instant::now(), Some(1), &body);
    }
    let live = all(&journal);
    drop(journal);
    let plain = fs::read(&path).unwrap();
    assert!(
        (130 << 10..256 << 10).contains(&plain.len()),
        "{}",
        plain.len()
    );
    let packed = zstd::encode_all(&plain[..], 1).unwrap();
    let path = dir.path().join("a.sio.jsonl.zst");
    fs::write(&path, &packed[..packed.len() - 10]).unwrap();
    let journal = opened(&path);
    let status = journal.status();
    assert!(status.cut && status.indexed >= 1.0, "{status:?}");
    assert!(status.failed.unwrap().contains("it is cut off"));
    let part = all(&journal);
    assert!(part.len() > 1_000, "{}", part.len());
    assert_eq!(part, live[..part.len()]);
    let listed = crate::journal::file::list(dir.path()).unwrap();
    assert!(listed.iter().all(|one| one.header.is_ok()), "{listed:?}");
    // Of its first piece, nothing can be read without the end.
    fs::write(&path, &packed[..200]).unwrap();
    let refused = Journal::open(&path).err().unwrap().to_string();
    assert!(
        refused.contains("it can't be unpacked: it is cut off"),
        "{refused}"
    );
}

#[tokio::test]
async fn changed_waits_for_a_record_and_for_the_end() {
    let journal = Journal::in_memory(header(), Instant::now(), 1 << 20);
    journal.append(Instant::now(), None, &mark("a"));
    journal.changed(0).await;
    let waiting = journal.clone();
    let mut waiter = tokio::spawn(async move {
        waiting.changed(1).await;
        waiting.len()
    });
    tokio::task::yield_now().await;
    assert!(!waiter.is_finished());
    journal.append(Instant::now(), None, &mark("b"));
    assert_eq!((&mut waiter).await.unwrap(), 2);
    let waiting = journal.clone();
    let waiter = tokio::spawn(async move { waiting.changed(2).await });
    tokio::task::yield_now().await;
    assert!(!waiter.is_finished());
    journal.close();
    waiter.await.unwrap();
    assert!(journal.is_closed());
    // Told once to each handle, also to one that was not waiting.
    journal.changed(2).await;
    assert!(futures_util::FutureExt::now_or_never(journal.changed(2)).is_none());
}

#[test]
fn an_unknown_record_is_copied_without_loss() {
    use crate::journal::record::Unknown;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &path).unwrap();
    let lines = [
        r#"{"n":7,"t":3.25,"k":"tomorrow","x":[1]}"#,
        "no \u{0}JSON\nat all",
        " ",
    ];
    for line in lines {
        let unknown = Unknown {
            why: None,
            k: String::new(),
            line: line.to_owned(),
        };
        journal.append(Instant::now(), None, &Body::Unknown(unknown));
    }
    journal.append(Instant::now(), None, &mark("end"));
    drop(journal);
    let journal = opened(&path);
    assert_eq!(journal.line(1).unwrap(), lines[0].as_bytes());
    assert_eq!(journal.line(2).unwrap(), b"no \0JSON at all");
    assert_eq!(journal.len(), 4);
    assert_eq!(journal.get(4).unwrap().body, mark("end"));
}
