//! `sioscope sessions`: listed, named, pruned.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::text;
use crate::lab::Sioscope;
use crate::terminal::screen::{Screen, WIDE};

/// A folder with three sessions of the gallery, some days old, and a file that is none.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    for (days, name) in [
        (1, "ack-lost.speaks"),
        (10, "demo"),
        (40, "ack-late.silent"),
    ] {
        let name = format!("{name}.sio.jsonl");
        let to = folder.path().join(&name);
        fs::copy(gallery.join(&name), &to).expect("copied");
        let then = SystemTime::now() - Duration::from_secs(days * 86_400);
        fs::File::options()
            .write(true)
            .open(&to)
            .and_then(|file| file.set_modified(then))
            .expect("its time");
    }
    fs::write(folder.path().join("notes.sio.jsonl"), "my notes\n").expect("written");
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

fn sessions(folder: &Path, args: &[&str]) -> crate::lab::Finished {
    Sioscope::run(&[&["sessions", "--dir", text(folder)], args].concat())
}

#[test]
fn what_each_session_holds_is_listed_for_people_and_machines() {
    let folder = folder();
    let done = sessions(folder.path(), &["--json"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let listed: Value = serde_json::from_str(&done.stdout).expect("one object");
    let listed = listed["sessions"].as_array().expect("a list");
    assert_eq!(listed.len(), 4);
    let one = |name: &str| {
        let found = listed.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is listed"))
    };
    let lost = one("ack-lost.speaks");
    let file = fs::read_to_string(folder.path().join("ack-lost.speaks.sio.jsonl")).expect("read");
    assert_eq!(lost["records"], json!(file.lines().count() - 1));
    assert_eq!(lost["size"], json!(file.len()));
    assert_eq!(lost["connections"], 2);
    assert_eq!(
        lost["findings"], 2,
        "the lost ack, and what closed the connection"
    );
    assert!(
        lost["events"].as_u64().is_some_and(|events| events > 1),
        "{lost}"
    );
    assert!(
        lost["target"]
            .as_str()
            .is_some_and(|target| target.starts_with("http://127.0.0.1"))
    );
    assert!(
        lost["age_s"]
            .as_u64()
            .is_some_and(|age| (86_300..90_000).contains(&age)),
        "{lost}"
    );
    assert!(
        one("notes")["error"]
            .as_str()
            .is_some_and(|error| error.contains("my notes"))
    );

    let table = sessions(folder.path(), &[]);
    assert_eq!(table.code, Some(0), "{table:?}");
    for word in [
        "AGE",
        "CONNECTIONS",
        "EVENTS",
        "FINDINGS",
        "24 h",
        "10 d",
        "demo.sio.jsonl",
    ] {
        assert!(table.stdout.contains(word), "{word}: {}", table.stdout);
    }
}

#[test]
fn a_session_gets_a_name_and_opens_by_it() {
    let folder = folder();
    let done = sessions(folder.path(), &["name", "ack-lo", "login fails"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let path = folder.path().join("login fails.sio.jsonl");
    assert_eq!(done.stdout.trim(), text(&path));
    assert!(path.is_file());
    for (session, name, why) in [
        ("demo", "login fails", "exists already"),
        ("nothing", "x", "no session is called"),
        ("demo", "../x", "no slashes"),
    ] {
        let done = sessions(folder.path(), &["name", session, name]);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(why), "{done:?}");
    }
}

#[test]
fn nothing_is_pruned_without_being_asked_or_told() {
    let folder = folder();
    let before = names(folder.path());
    let nobody = sessions(folder.path(), &["prune", "--older", "30d"]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    assert!(nobody.stderr.contains("--yes"), "{nobody:?}");
    let dry = sessions(folder.path(), &["prune", "--older", "5d", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert_eq!(dry.stdout.lines().count(), 2, "{dry:?}");
    let unsaid = sessions(folder.path(), &["prune", "--yes"]);
    assert_eq!(unsaid.code, Some(2), "by what? {unsaid:?}");
    assert_eq!(names(folder.path()), before);

    let done = sessions(
        folder.path(),
        &["prune", "--older", "30d", "--yes", "--json"],
    );
    assert_eq!(done.code, Some(0), "{done:?}");
    let gone: Value = serde_json::from_str(&done.stdout).expect("one object");
    assert_eq!(
        gone["deleted"],
        json!([text(&folder.path().join("ack-late.silent.sio.jsonl"))])
    );
    let after = sessions(folder.path(), &["prune", "--total", "0", "--yes"]);
    assert_eq!(after.code, Some(0), "{after:?}");
    // What is no session is nobody's to delete.
    assert_eq!(names(folder.path()), ["notes.sio.jsonl"]);
}

#[test]
fn a_person_is_asked_first() {
    let folder = folder();
    let args = [
        "sessions",
        "--dir",
        text(folder.path()),
        "prune",
        "--older",
        "5d",
    ];
    for (answer, left) in [("n\r", 4), ("\r", 4), ("y\r", 2)] {
        let mut screen = Screen::start(&args, WIDE);
        screen.wait_for_text(&["delete 2 sessions", "[y/N]"]);
        screen.type_keys(answer);
        assert_eq!(screen.wait_exit().exit_code(), 0);
        assert_eq!(names(folder.path()).len(), left, "{answer:?}");
    }
}
