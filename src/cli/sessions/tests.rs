//! Listing, naming, choosing what goes.

use std::time::Duration;

use super::prune::chosen;
use super::table::{age, size, target};
use super::*;

/// The listing of a folder as it is printed.
fn table(folder: &Path) -> String {
    let listed = file::list(folder).unwrap();
    let contents: Vec<Option<Contents>> =
        listed.iter().map(|one| Contents::of(one, false)).collect();
    table::text(&listed, &contents, SystemTime::now())
}

const HEADER: &str = "{\"sioscope\":1,\"started\":\"2026-01-02T03:04:05.678Z\",\"source\":\"client\",\"target\":\"http://host:3000/\u{9b}chat\",\"tool\":\"0.1.0\"}\n";

#[test]
fn a_session_is_listed_with_target_count_size_and_ending() {
    let folder = tempfile::tempdir().unwrap();
    let closed = "{\"n\":1,\"t\":0.1,\"c\":1,\"k\":\"connection\",\"state\":\"closed\",\"reason\":\"ping timeout\"}\n";
    std::fs::write(
        folder.path().join("one.sio.jsonl"),
        format!("{HEADER}{closed}"),
    )
    .unwrap();
    let table = table(folder.path());
    let row = table.lines().nth(1).unwrap();
    for part in [
        "2026-01-02 03:04:05Z",
        "http://host:3000/",
        "ping timeout",
        "one.sio.jsonl",
    ] {
        assert!(row.contains(part), "{part} in {row}");
    }
    assert!(!row.contains('\u{9b}'), "{row:?}");
    assert!(row.split_whitespace().any(|cell| cell == "1"), "{row}");
}

#[test]
fn a_password_in_a_target_is_not_listed() {
    assert_eq!(
        target("http://user:secret@h:3000/"),
        "http://user:***@h:3000/"
    );
    assert_eq!(target("no URL"), "no URL");
}

#[test]
fn a_file_that_is_no_session_says_so_in_its_row() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.sio.jsonl"), "hello\n").unwrap();
    let table = table(folder.path());
    assert!(table.contains("bad.sio.jsonl"), "{table}");
    assert!(table.lines().nth(1).unwrap().starts_with('?'), "{table}");
    assert!(!table.contains("no session file"), "{table}");
    assert!(table.lines().all(|line| line.len() < 120), "{table}");
    let why = super::table::broken(&file::list(folder.path()).unwrap());
    assert!(why.contains("it is no session file"), "{why}");
}

#[cfg(feature = "zstd")]
#[test]
fn how_a_packed_session_ended_is_told_and_that_one_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let closed = "{\"n\":1,\"t\":0.1,\"c\":1,\"k\":\"connection\",\"state\":\"closed\",\"reason\":\"ping timeout\"}\n";
    let path = folder.path().join("one.sio.jsonl.zst");
    let packed = zstd::encode_all(format!("{HEADER}{closed}").as_bytes(), 1).unwrap();
    std::fs::write(&path, &packed).unwrap();
    assert_eq!(ending::of(&path, packed.len() as u64), "ping timeout");
    assert_eq!(ending::of(&path, 100 << 20), "packed");
    let half = format!("{HEADER}{closed}{{\"n\":2,\"t\":0.2,\"k\":\"ma");
    let packed = zstd::encode_all(half.as_bytes(), 1).unwrap();
    std::fs::write(&path, &packed).unwrap();
    assert_eq!(
        ending::of(&path, packed.len() as u64),
        "cut off ping timeout"
    );
}

#[test]
fn a_folder_that_is_not_there_is_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |dir: PathBuf| Plan {
        dir: Some(dir),
        json: false,
        task: Task::List { full: false },
    };
    assert_eq!(run(&plan(folder.path().join("nowhere"))), Exit::Usage);
    assert_eq!(run(&plan(folder.path().to_path_buf())), Exit::Done);
}

#[test]
fn sizes_are_read_at_a_glance() {
    assert_eq!(size(0), "0 B");
    assert_eq!(size(1023), "1023 B");
    assert_eq!(size(1536), "1.5 KiB");
    assert_eq!(size(5 << 30), "5.0 GiB");
}

#[test]
fn ages_are_read_at_a_glance() {
    for (seconds, words) in [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_200, "2 h"),
        (172_800, "2 d"),
    ] {
        assert_eq!(age(seconds), words);
    }
}

#[test]
fn what_is_in_a_session_is_counted() {
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let name = "ack-lost.speaks.sio.jsonl";
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(gallery.join(name), folder.path().join(name)).unwrap();
    let listed = file::list(folder.path()).unwrap();
    let contents = Contents::of(&listed[0], false).unwrap();
    let lines = std::fs::read_to_string(gallery.join(name))
        .unwrap()
        .lines()
        .count() as u64;
    assert_eq!(contents.records, lines - 1);
    assert!(
        contents.connections >= 2 && contents.events >= 1 && contents.findings >= 1,
        "{contents:?}"
    );
    let json = table::json(folder.path(), &listed, &[Some(contents)], SystemTime::now());
    assert_eq!(json["sessions"][0]["events"], contents.events);
    assert_eq!(json["sessions"][0]["name"], "ack-lost.speaks");
}

#[test]
fn a_session_is_renamed_by_the_begin_of_its_name_and_nothing_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one.sio.jsonl", "once.sio.jsonl", "two.sio.jsonl"] {
        std::fs::write(folder.path().join(name), HEADER).unwrap();
    }
    let listed = file::list(folder.path()).unwrap();
    assert!(
        find(&listed, "on")
            .unwrap_err()
            .contains("2 sessions begin")
    );
    assert!(
        find(&listed, "x")
            .unwrap_err()
            .contains("no session is called")
    );
    let two = find(&listed, "tw").unwrap();
    for bad in ["", "../up", "a/b", ".hidden", "a\u{1b}b"] {
        assert!(file::rename(&two, bad).is_err(), "{bad:?}");
    }
    let taken = file::rename(&two, "one").unwrap_err().to_string();
    assert!(taken.contains("exists already"), "{taken}");
    let now = file::rename(&two, "login fails").unwrap();
    assert!(now.ends_with("login fails.sio.jsonl") && now.is_file() && !two.exists());
}

#[test]
fn age_and_size_choose_what_goes_and_no_session_that_is_being_recorded() {
    let now = SystemTime::now();
    let one = |name: &str, age: u64, size: u64| Listed {
        path: PathBuf::from(name),
        header: file::parse_header_line(HEADER).map_err(|problem| panic!("{problem}")),
        size,
        records: None,
        exact: false,
        modified: Some(now - Duration::from_secs(age)),
    };
    // Newest first, as the list is.
    let listed = [
        one("live", 30, 900),
        one("new", 500, 10),
        one("big", 600, 800),
        one("old", 90_000, 20),
    ];
    for (plan, names) in [
        (
            prune::Plan {
                older: Some(3_600),
                ..prune::Plan::default()
            },
            vec!["old"],
        ),
        (
            prune::Plan {
                older: Some(0),
                ..prune::Plan::default()
            },
            vec!["new", "big", "old"],
        ),
        (
            prune::Plan {
                larger: Some(500),
                ..prune::Plan::default()
            },
            vec!["big"],
        ),
        (
            prune::Plan {
                total: Some(930),
                ..prune::Plan::default()
            },
            vec!["big"],
        ),
        (
            prune::Plan {
                total: Some(0),
                ..prune::Plan::default()
            },
            vec!["new", "big", "old"],
        ),
        (
            prune::Plan {
                older: Some(100_000),
                ..prune::Plan::default()
            },
            vec![],
        ),
    ] {
        let found: Vec<String> = chosen(&plan, &listed, now)
            .iter()
            .map(|one| one.path.display().to_string())
            .collect();
        assert_eq!(found, names, "{plan:?}");
    }
}
