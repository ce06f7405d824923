//! Headers, files that are no sessions, and the folder of sessions.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::{Header, Source, default_path, list, parse_header_line};
use crate::journal::record::{Body, Mark};
use crate::journal::store::Journal;

const LINE: &str = r#"{"sioscope":1,"started":"2026-01-02T03:04:05.678Z","source":"client","target":"http://host:3000","tool":"0.1.0"}"#;

fn header() -> Header {
    Header {
        started: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        source: Source::Client,
        target: "http://host:3000".into(),
        tool: "0.1.0".into(),
        parser: None,
    }
}

#[test]
fn a_header_has_its_exact_line_and_reads_back() {
    assert_eq!(header().to_line(), LINE);
    assert_eq!(parse_header_line(LINE).unwrap(), header());
    for &source in Source::ALL {
        let header = Header {
            source,
            target: "http://\"h\"/\u{9b}\n".into(),
            parser: Some("msgpack".into()),
            ..header()
        };
        assert_eq!(parse_header_line(&header.to_line()).unwrap(), header);
    }
}

#[test]
fn a_header_from_tomorrow_is_read_as_far_as_it_is_known() {
    let line =
        r#"{"started":"2026-01-02T03:04:05.678Z","later":{},"source":"pcap","sioscope":1.4}"#;
    let header = parse_header_line(line).unwrap();
    assert_eq!(header.source, Source::Client);
    assert_eq!(header.target, "");
}

#[test]
fn each_file_that_is_no_session_is_refused_in_its_own_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.sio.jsonl");
    let newer = LINE.replace("\"sioscope\":1", "\"sioscope\":2");
    let no_time = r#"{"sioscope":1,"source":"client"}"#;
    let cases: &[(&[u8], &str)] = &[
        (b"", "the file is empty; nothing was recorded in it"),
        (b"\n\n", "it is no session file: its first line is blank"),
        (
            &LINE.as_bytes()[..30],
            "its first line is cut; the recording ended before anything was written",
        ),
        (
            &LINE.as_bytes()[..3],
            "its first line is cut; the recording ended before anything was written",
        ),
        (
            newer.as_bytes(),
            "it has version 2 of the session format, and this sioscope reads versions up to 1; update sioscope to open it",
        ),
        (
            b"\x7fELF\x02\x01\x01\0\0\0\xff\xfe",
            "it is no session file: it holds binary data",
        ),
        (
            b"PK\x03\x04\0\0\0\0",
            "it is no session file: it is a zip archive; unpack it first: unzip",
        ),
        (
            b"\x1f\x8b\x08\0\0",
            "it is no session file: it is packed with gzip; unpack it first: gunzip",
        ),
        (
            b"{\"log\":{\"version\":\"1.2\"}}",
            "it is a HAR file without Socket.IO: none of its 0 requests has EIO and transport in its query",
        ),
        (
            b"{\n  \"log\": {}\n}",
            "it is a HAR file without Socket.IO: none of its 0 requests has EIO and transport in its query",
        ),
        (
            b"{\"a\":1}\n",
            "it is no session file: its first line has no \"sioscope\" version",
        ),
        (
            b"{\"sioscope\":\"x\"}\n",
            "it is no session file: its \"sioscope\" is no version number",
        ),
        (
            b"hello\nworld\n",
            "it is no session file: its first line is not a JSON object but \"hello\"",
        ),
        (
            no_time.as_bytes(),
            "its first line can't be read: it has no \"started\"",
        ),
    ];
    for (bytes, reason) in cases {
        fs::write(&path, bytes).unwrap();
        let error = Journal::open(&path).unwrap_err().to_string();
        assert_eq!(error, format!("can't open {}: {reason}", path.display()));
        assert_eq!(fs::read(&path).unwrap(), *bytes, "never written to");
    }
    let error = Journal::open(dir.path()).unwrap_err().to_string();
    assert!(
        error.ends_with("it is a folder; name one of the session files in it"),
        "{error}"
    );
    let error = Journal::open(&dir.path().join("none"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("No such file") || error.contains("cannot find"),
        "{error}"
    );
}

#[cfg(feature = "zstd")]
#[test]
fn a_broken_packed_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.sio.jsonl.zst");
    fs::write(&path, b"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff").unwrap();
    let error = Journal::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("x.sio.jsonl.zst: it can't be unpacked: "),
        "{error}"
    );
    fs::write(&path, zstd::encode_all(&b"hello"[..], 1).unwrap()).unwrap();
    let error = Journal::open(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("its first line is not a JSON object but \"hello\""),
        "{error}"
    );
}

#[test]
fn a_header_alone_is_a_session_without_records() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.sio.jsonl");
    for end in ["", "\n", "\r\n"] {
        fs::write(&path, format!("\u{feff}{LINE}{end}")).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!((journal.header(), journal.len()), (header(), 0));
        let status = journal.status();
        assert_eq!((status.cut, status.indexed), (false, 1.0));
    }
}

#[test]
fn the_folder_lists_sessions_newest_first_and_broken_files_with_their_reason() {
    let dir = tempfile::tempdir().unwrap();
    assert!(list(&dir.path().join("none")).unwrap().is_empty());
    let whole = dir.path().join("a.sio.jsonl");
    let journal = Journal::create(header(), Instant::now(), &whole).unwrap();
    for _ in 0..3 {
        journal.append(Instant::now(), None, &Body::Mark(Mark { text: "x".into() }));
    }
    drop(journal);
    fs::write(dir.path().join("b.sio.jsonl"), "").unwrap();
    fs::write(dir.path().join("notes.txt"), "no session").unwrap();
    let long = dir.path().join("c.sio.jsonl");
    let lines = "{\"k\":\"mark\",\"text\":\"a line of a long session\"}\n".repeat(50_000);
    fs::write(&long, format!("{LINE}\n{lines}")).unwrap();
    let time = |seconds| std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    for (name, seconds) in [("a", 300), ("b", 200), ("c", 100)] {
        let path = dir.path().join(format!("{name}.sio.jsonl"));
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time(seconds))
            .unwrap();
    }
    let listed = list(dir.path()).unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].path, whole);
    assert_eq!(listed[0].header.as_ref().unwrap(), &header());
    assert_eq!((listed[0].records, listed[0].exact), (Some(3), true));
    assert_eq!(listed[0].size, fs::metadata(&whole).unwrap().len());
    assert_eq!(listed[0].modified, Some(time(300)));
    let error = listed[1].header.as_ref().unwrap_err().to_string();
    assert!(
        error.ends_with("b.sio.jsonl: the file is empty; nothing was recorded in it"),
        "{error}"
    );
    assert!(!listed[2].exact);
    let estimate = listed[2].records.unwrap();
    assert!((49_000..51_000).contains(&estimate), "{estimate}");
}

#[test]
fn a_default_name_is_readable_and_never_the_same() {
    let started = header().started;
    let name = |target: &str| {
        let path = default_path(target, started).unwrap();
        path.file_name().unwrap().to_string_lossy().into_owned()
    };
    let cases = [
        (
            "https://user:secret@example.org:8443/chat?token=x",
            "20260102T030405Z-example.org_8443-",
        ),
        ("http://[::1]:3000", "20260102T030405Z-1__3000-"),
        ("../../etc/passwd", "20260102T030405Z-session-"),
        ("", "20260102T030405Z-session-"),
    ];
    for (target, begin) in cases {
        let name = name(target);
        assert!(name.starts_with(begin), "{name}");
        assert!(name.ends_with(".sio.jsonl"), "{name}");
        assert!(Path::new(&name).components().count() == 1, "{name}");
    }
    assert_ne!(name("http://h"), name("http://h"));
}
