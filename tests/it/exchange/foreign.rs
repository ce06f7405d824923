//! Files that can't be read, or not to their end: a clear word, exit code 2, never a panic.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use sioscope::doctor;
use sioscope::export::{Choice, Format};
use sioscope::journal::Journal;

use super::text;
use crate::lab::Sioscope;
use crate::terminal::screen::{NARROW, Screen};

const HEADER: &str = "{\"sioscope\":1,\"started\":\"2026-01-02T03:04:05.678Z\",\"source\":\"client\",\"target\":\"http://h:1/\",\"tool\":\"0.1.0\"}\n";

fn sample(name: &str) -> Vec<u8> {
    fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("sessions")
            .join(name),
    )
    .expect("a session")
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("zstd")
}

/// Files that can't be opened at all, and a part of what is said of them.
fn refused() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let session = sample("demo.sio.jsonl");
    let packed = packed(&session);
    vec![
        ("empty.sio.jsonl", Vec::new(), "the file is empty"),
        ("blank.sio.jsonl", b"\n\n\n".to_vec(), "its first line is blank"),
        ("cut-header.sio.jsonl", session[..30].to_vec(), "its first line is cut"),
        ("newer.sio.jsonl", HEADER.replace("\"sioscope\":1", "\"sioscope\":2").into_bytes(), "update sioscope"),
        ("no-start.sio.jsonl", b"{\"sioscope\":1}\n".to_vec(), "it has no \"started\""),
        ("words.txt", b"dear diary\n".to_vec(), "dear diary"),
        ("foreign.json", b"{\"a\":1}\n".to_vec(), "has no \"sioscope\" version"),
        ("list.json", b"[1,2]\n".to_vec(), "not a JSON object"),
        ("program", b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec(), "binary data"),
        ("zeros", vec![0; 4096], "binary data"),
        ("utf16.har", b"\xff\xfe{\0\"\0l\0o\0g\0".to_vec(), "UTF-16"),
        ("page.har.gz", b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "gunzip"),
        ("page.zip", b"PK\x03\x04\x14\0".to_vec(), "unzip"),
        ("cut.zst", packed[..8].to_vec(), "can't be unpacked"),
        ("garbage.zst", b"\x28\xb5\x2f\xfd\xff\xff\xff\xff".to_vec(), "can't be unpacked"),
        ("words.zst", self::packed(b"dear diary\n"), "dear diary"),
        ("cut.har", b"{\"log\":{\"version\":\"1.2\",\"entries\":[{\"st".to_vec(), "no whole HAR file"),
        ("no-entries.har", b"{\"log\":{\"entries\":[]}}".to_vec(), "without Socket.IO"),
        ("other.har", b"{\"log\":{\"entries\":[{\"startedDateTime\":\"x\",\"request\":{\"url\":\"http://h/\"}}]}}".to_vec(), "none of its 1 requests"),
        ("bad-time.har", b"{\"log\":{\"entries\":[{\"startedDateTime\":\"noon\",\"request\":{\"url\":\"http://h/?EIO=4&transport=polling\"}}]}}".to_vec(), "\"noon\""),
        ("list.har", b"{\"log\":[1]}".to_vec(), "no whole HAR file"),
        ("cut.mitm", b"1234:7:version;2:21#".to_vec(), "byte 0"),
        ("newer.mitm", b"15:7:version;2:99#}".to_vec(), "format 99"),
        ("no-flow.mitm", b"15:7:version;2:21#}".to_vec(), "without Socket.IO"),
    ]
}

#[track_caller]
fn said_clearly(stderr: &str, path: &Path, wanted: &str) {
    assert!(stderr.contains(wanted), "{wanted:?} in {stderr:?}");
    let name = path.file_name().expect("a name").to_string_lossy();
    assert!(stderr.contains(&*name), "{name} in {stderr:?}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn each_file_that_is_none_gets_a_clear_word_and_exit_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes, wanted) in refused() {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        let done = Sioscope::run(&["export", text(&path), "--format", "text"]);
        assert_eq!(done.code, Some(2), "{name}: {done:?}");
        assert_eq!(done.stdout, "", "{name}");
        said_clearly(&done.stderr, &path, wanted);
    }
    // What is no file at all.
    let missing = folder.path().join("missing.sio.jsonl");
    for (path, wanted) in [
        (missing.as_path(), "No such file"),
        (folder.path(), "it is a folder"),
        (Path::new("/dev/null"), "a pipe or a device"),
    ] {
        let done = Sioscope::run(&["export", text(path), "--format", "har"]);
        assert_eq!(done.code, Some(2), "{done:?}");
        said_clearly(&done.stderr, path, wanted);
    }
}

#[test]
fn the_other_commands_that_read_say_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes, wanted) in refused().into_iter().step_by(6) {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        // A path, so that it is not taken for a host.
        let doctor = Sioscope::run(&["doctor", text(&path)]);
        assert_eq!(doctor.code, Some(2), "{name}: {doctor:?}");
        said_clearly(&doctor.stderr, &path, wanted);
        let mut screen = Screen::start(&["open", text(&path)], NARROW);
        let status = screen.wait_exit();
        assert_eq!(status.exit_code(), 2, "{name}");
        let text = screen.text().replace('\n', "");
        let plain: String = text.split_whitespace().collect();
        let wanted: String = wanted.split_whitespace().collect();
        assert!(plain.contains(&wanted), "{name}: {text}");
    }
}

#[test]
fn what_is_cut_at_its_end_is_read_up_to_there_and_that_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = sample("demo.sio.jsonl");
    let packed = packed(&session);
    let har = folder.path().join("whole.har");
    fs::write(folder.path().join("demo.sio.jsonl"), &session).expect("written");
    super::export(
        &folder.path().join("demo.sio.jsonl"),
        "har",
        &["-o", text(&har)],
    );
    for (name, bytes, wanted) in [
        (
            "cut.sio.jsonl",
            session[..session.len() - 20].to_vec(),
            "cut off",
        ),
        (
            "cut.sio.jsonl.zst",
            packed[..packed.len() - 20].to_vec(),
            "to its end",
        ),
        (
            "garbled.sio.jsonl",
            [&session[..], b"\xff\xfe{{{\nhello\n"].concat(),
            "",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        let done = Sioscope::run(&["export", text(&path), "--format", "jsonl"]);
        // A small packed file has one block: nothing of it can be read.
        if done.code == Some(2) && name.ends_with("zst") {
            said_clearly(&done.stderr, &path, "can't be unpacked");
            continue;
        }
        assert_eq!(done.code, Some(0), "{name}: {done:?}");
        assert!(done.stderr.contains(wanted), "{name}: {}", done.stderr);
        assert!(done.stdout.lines().count() > 50, "{name}: {}", done.stdout);
    }
}

#[test]
fn every_form_of_a_session_opens_whatever_its_name_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = sample("demo.sio.jsonl");
    let plain = folder.path().join("a");
    fs::write(&plain, &session).expect("written");
    let har = folder.path().join("b");
    super::export(&plain, "har", &["--no-redact", "-o", text(&har)]);
    let zst = folder.path().join("c");
    fs::write(&zst, packed(&session)).expect("written");
    let zst_har = folder.path().join("d");
    fs::write(&zst_har, packed(&fs::read(&har).expect("the HAR file"))).expect("written");
    let spaced = folder.path().join("e");
    let spaces = [
        b"\xef\xbb\xbf\n\n  ".to_vec(),
        fs::read(&har).expect("the HAR file"),
    ]
    .concat();
    fs::write(&spaced, spaces).expect("written");
    let (wanted, _) = super::export(&plain, "jsonl", &[]);
    for other in [har, zst, zst_har, spaced] {
        let (found, _) = super::export(&other, "jsonl", &[]);
        assert_eq!(found, wanted, "{}", other.display());
    }
}

/// Opens a file and does everything with it that commands do.
fn use_all(path: &Path) {
    let Ok(journal) = Journal::open(path) else {
        return;
    };
    for format in Format::ALL {
        for redact in [false, true] {
            let choice = Choice {
                format,
                redact,
                keep: Vec::new(),
            };
            let _ = sioscope::export::export(&journal, &choice, &mut std::io::sink());
        }
    }
    let _ = doctor::read_session(path);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_mutation_of_any_file_makes_anything_panic(
        which in 0..5_usize,
        at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
        noise in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let session = sample(["ack-unanswered.speaks.2.sio.jsonl", "demo.sio.jsonl"][which % 2]);
        let plain = folder.path().join("plain");
        fs::write(&plain, &session).expect("written");
        let mut bytes = match which {
            0 | 1 => session,
            2 => {
                let journal = Journal::open(&plain).expect("it opens");
                let mut out = Vec::new();
                let choice = Choice { format: Format::Har, redact: false, keep: Vec::new() };
                sioscope::export::export(&journal, &choice, &mut out).expect("exported");
                out
            }
            3 => packed(&session),
            _ => [b"100:7:version;2:21#4:type;4:http;7:request;".as_slice(), &noise].concat(),
        };
        for (place, byte) in at {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(&noise);
        let path = folder.path().join("mutated");
        fs::write(&path, &bytes).expect("written");
        use_all(&path);
        fs::write(&path, &noise).expect("written");
        use_all(&path);
    }
}
