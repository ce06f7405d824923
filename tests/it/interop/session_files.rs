//! The session's file: there after `kill -9`, and no run fails for want of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sioscope::journal::Journal;

use super::records::{all, namespace};
use crate::lab::{Generation, Lab, PATIENCE, Sioscope};

/// The session files anywhere under a folder.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else if path.to_string_lossy().ends_with(".sio.jsonl") {
            files.push(path);
        }
    }
    files
}

/// Waits until a file holds so many bytes.
#[track_caller]
fn wait_for_size(path: &Path, bytes: u64) {
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(path).map_or(0, |found| found.len()) < bytes {
        assert!(Instant::now() < deadline, "{} stays small", path.display());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The records of a file of which only the last line may be cut; their numbers have no holes.
#[track_caller]
fn whole_lines(path: &Path) -> Vec<Value> {
    let text = fs::read(path).expect("the file is there");
    let text = String::from_utf8_lossy(&text);
    let mut lines: Vec<&str> = text.split('\n').collect();
    // What stands behind the last end of line: nothing, or a cut line.
    lines.pop();
    let header: Value = serde_json::from_str(lines.remove(0)).expect("a header");
    assert_eq!(header["sioscope"], 1, "{header}");
    let records: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let numbers = records
        .iter()
        .map(|record| record["n"].as_u64().unwrap_or(0));
    assert!(
        numbers.eq(1..=records.len() as u64),
        "numbers without holes"
    );
    records
}

#[test]
fn kill_9_in_a_flood_leaves_a_file_that_opens() {
    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("killed.sio.jsonl");
    let name = file.to_str().expect("a path that is text");
    let run = Sioscope::stream(
        &server.url(),
        &["--quiet", "--record", name, "--transports", "websocket"],
    );
    run.say(json!({ "wait": { "namespace": "/" } }));
    run.say(json!({ "emit": ["flood", 100_000] }));
    wait_for_size(&file, 1_000_000);
    run.kill();
    let records = whole_lines(&file);
    assert!(records.len() > 5_000, "{} records", records.len());

    let journal = Journal::open(&file).expect("it opens");
    let deadline = Instant::now() + PATIENCE;
    while journal.len() < records.len() as u64 {
        assert!(
            Instant::now() < deadline,
            "{} of {}",
            journal.len(),
            records.len()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    let listed = Sioscope::run(&["sessions", "--dir", folder.path().to_str().expect("text")]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert!(
        listed.stdout.contains("killed.sio.jsonl") && listed.stdout.contains(&server.url()),
        "{listed:?}"
    );
}

#[test]
fn what_is_printed_and_what_is_recorded_are_the_same_records() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(&server.url(), &[]);
    run.wait_for(namespace("/", "connected"));
    run.say(json!({ "emit": ["echo", "grüße", { "$binary": "AAE=" }], "ack": true }));
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let files = files_under(run.home());
    assert_eq!(
        files.len(),
        1,
        "by default a session is recorded: {files:?}"
    );
    let mut printed = run.records();
    printed.remove(0);
    for record in &mut printed {
        record.as_object_mut().expect("an object").remove("packets");
    }
    assert_eq!(whole_lines(&files[0]), printed);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&files[0])
            .expect("its metadata")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    }
}

#[test]
fn without_recording_nothing_is_left_behind() {
    let server = Lab::server(Generation::V4, json!({}));
    let run = Sioscope::stream(&server.url(), &["--no-record"]);
    run.wait_for(namespace("/", "connected"));
    assert_eq!(run.finish().code, Some(0));
    assert_eq!(files_under(run.home()), Vec::<PathBuf>::new());
}

#[test]
fn a_quiet_run_prints_nothing_and_records_everything() {
    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("quiet.sio.jsonl");
    let run = Sioscope::stream(
        &server.url(),
        &[
            "--quiet",
            "--record",
            file.to_str().expect("a path that is text"),
        ],
    );
    run.say(json!({ "emit": ["echo", 1], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    let finished = run.finish();
    assert_eq!(
        (finished.code, &*finished.stdout),
        (Some(0), ""),
        "{finished:?}"
    );
    let records = whole_lines(&file);
    assert_eq!(all(&records, namespace("/", "connected")).len(), 1);
    let last = records.last().expect("a record");
    assert_eq!(
        (&last["k"], &last["state"]),
        (&json!("connection"), &json!("closed"))
    );
}

#[test]
fn a_path_that_can_not_be_written_is_told_once_and_the_run_goes_on() {
    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let no_folder = folder.path().join("a-file");
    fs::write(&no_folder, "").expect("a file");
    let file = no_folder.join("session.sio.jsonl");
    let file = file.to_str().expect("a path that is text");
    let run = Sioscope::stream(&server.url(), &["--record", file]);
    run.say(json!({ "emit": ["echo", 1], "ack": true }));
    run.say(json!({ "wait": { "ack": true } }));
    let finished = run.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.stderr.matches(file).count(), 1, "{finished:?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
}

#[test]
fn a_disk_that_fills_up_is_told_once_and_the_run_goes_on() {
    let server = Lab::server(Generation::V4, json!({}));
    let folder = tempfile::tempdir().expect("a temporary directory");
    // A limit on the size of files, with its signal ignored, fails a write as a full disk does.
    let script = r#"trap '' XFSZ; ulimit -f 64
        printf '{"wait":{"namespace":"/"}}\n{"emit":["flood",5000],"ack":true}\n{"wait":{"ack":true,"timeout_ms":15000}}\n{"emit":["echo","after"],"ack":true}\n{"wait":{"ack":true}}\n' |
        "$1" stream "$2" --record full.sio.jsonl --transports websocket | grep -c '"flood"'"#;
    let output = Command::new("timeout")
        .args([
            "30",
            "sh",
            "-c",
            script,
            "sh",
            env!("CARGO_BIN_EXE_sioscope"),
            &server.url(),
        ])
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .output()
        .expect("a shell");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    // The flood and the emit that asked for it.
    assert_eq!(
        stdout.trim(),
        "5001",
        "everything is printed all the same: {stderr}"
    );
    assert_eq!(stderr.matches("full.sio.jsonl").count(), 1, "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    server.expect(|line| line["saw"] == "event" && line["args"] == json!(["after"]));
    let kept = fs::read(folder.path().join("full.sio.jsonl")).expect("what fitted is there");
    assert!(
        kept.starts_with(b"{\"sioscope\":1") && kept.len() > 10_000,
        "{} bytes",
        kept.len()
    );
}
