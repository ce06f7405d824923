//! The gallery in `sessions/`: for each rule of the diagnosis recorded sessions in which it must
//! speak and in which it must keep silent, from real servers.
//!
//! Each theme has a table of exhibits, and an exhibit is a function that sets servers up and lets
//! `sioscope stream --record` run against them. `tests/record-gallery` records all of them anew,
//! or those whose file name contains a word; the tests here check that files, tables and
//! `sessions/README.md` are of one mind.

mod by_hand;
mod deliveries;
mod endings;
mod generations;
mod heartbeats;
mod namespaces;
mod network;
mod proxies;
mod sessions;
mod take;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use take::Take;

/// What the rule does with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Does {
    /// It must speak.
    Speaks,
    /// It must not.
    KeepsSilent,
}

/// One recording.
#[derive(Clone, Copy)]
struct Exhibit {
    /// The rule that it is for.
    rule: &'static str,
    does: Does,
    /// What is seen in it, for the table in the README.
    shows: &'static str,
    /// Makes it.
    make: fn(&Take),
}

/// An exhibit in which `rule` must speak.
const fn speaks(rule: &'static str, shows: &'static str, make: fn(&Take)) -> Exhibit {
    Exhibit {
        rule,
        does: Does::Speaks,
        shows,
        make,
    }
}

/// A near miss, in which `rule` must not.
const fn silent(rule: &'static str, shows: &'static str, make: fn(&Take)) -> Exhibit {
    Exhibit {
        rule,
        does: Does::KeepsSilent,
        shows,
        make,
    }
}

/// Records that an exhibit may have: it is to be read by people.
const RECORDS: usize = 120;
/// Bytes that it may have.
const BYTES: usize = 40_000;

/// All of them with the names of their files, by theme.
fn exhibits() -> Vec<(String, Exhibit)> {
    let themes = [
        sessions::EXHIBITS,
        proxies::EXHIBITS,
        generations::EXHIBITS,
        namespaces::EXHIBITS,
        heartbeats::EXHIBITS,
        deliveries::EXHIBITS,
        endings::EXHIBITS,
        network::EXHIBITS,
        by_hand::EXHIBITS,
    ];
    let mut named: Vec<(String, Exhibit)> = Vec::new();
    for exhibit in themes.into_iter().flatten() {
        let alike = named
            .iter()
            .filter(|(_, other)| other.rule == exhibit.rule && other.does == exhibit.does)
            .count();
        let word = match exhibit.does {
            Does::Speaks => "speaks",
            Does::KeepsSilent => "silent",
        };
        let number = match alike {
            0 => String::new(),
            more => format!(".{}", more + 1),
        };
        let name = format!("{}.{word}{number}.sio.jsonl", exhibit.rule);
        named.push((name, *exhibit));
    }
    named
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions")
}

/// The table of `sessions/README.md`.
fn as_markdown() -> String {
    let mut text = String::from("| file | what is in it |\n|---|---|\n");
    let mut all = exhibits();
    all.sort_by(|(a, one), (b, other)| {
        (one.rule, one.does, a.len(), a).cmp(&(other.rule, other.does, b.len(), b))
    });
    for (name, exhibit) in all {
        text.push_str(&format!("| `{name}` | {} |\n", exhibit.shows));
    }
    text
}

/// Makes the files. `SIOSCOPE_GALLERY` chooses those whose name contains it.
#[test]
#[ignore = "writes sessions/: run tests/record-gallery"]
fn record() {
    let wanted = std::env::var("SIOSCOPE_GALLERY").unwrap_or_default();
    let left = Mutex::new(
        exhibits()
            .into_iter()
            .filter(|(name, _)| name.contains(&wanted))
            .rev()
            .collect::<Vec<_>>(),
    );
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().pop();
                    let Some((name, exhibit)) = next else { return };
                    let take = Take::new();
                    if catch_unwind(AssertUnwindSafe(|| (exhibit.make)(&take))).is_err() {
                        failed.lock().unwrap().push(name);
                        continue;
                    }
                    let text = take.text();
                    eprintln!(
                        "{name}: {} records, {} bytes",
                        text.lines().count() - 1,
                        text.len()
                    );
                    fs::write(folder().join(&name), text).unwrap();
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "not recorded: {failed:#?}");
}

#[test]
fn each_file_of_the_gallery_is_an_exhibit_and_each_exhibit_is_there() {
    let expected: BTreeSet<String> = exhibits().into_iter().map(|(name, _)| name).collect();
    let there: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".speaks") || name.contains(".silent"))
        .collect();
    let missing: Vec<_> = expected.difference(&there).collect();
    assert!(missing.is_empty(), "run tests/record-gallery: {missing:#?}");
    let strange: Vec<_> = there.difference(&expected).collect();
    assert!(strange.is_empty(), "no exhibit makes these: {strange:#?}");
}

#[test]
fn each_exhibit_is_small_and_names_nothing_but_loopback() {
    for (name, _) in exhibits() {
        let text = fs::read_to_string(folder().join(&name)).unwrap();
        let records = text.lines().count() - 1;
        assert!(
            records > 0 && records <= RECORDS,
            "{name}: {records} records"
        );
        assert!(text.len() <= BYTES, "{name}: {} bytes", text.len());
        let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let target: url::Url = header["target"].as_str().unwrap().parse().unwrap();
        let host = target.host_str().unwrap();
        assert!(
            ["127.0.0.1", "localhost"].contains(&host) || host.ends_with(".invalid"),
            "{name}: {target}"
        );
    }
}

#[test]
fn the_gallerys_readme_has_the_table_of_the_exhibits() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let table = as_markdown();
    assert!(
        readme.contains(table.trim()),
        "sessions/README.md has another table; it should be:\n\n{table}"
    );
}

#[test]
fn each_rule_is_shown_speaking_and_keeping_silent() {
    let all = exhibits();
    for entry in sioscope::diagnosis::rules::RULES {
        for does in [Does::Speaks, Does::KeepsSilent] {
            assert!(
                all.iter()
                    .any(|(_, one)| one.rule == entry.name && one.does == does),
                "{} has no exhibit in which it {does:?}",
                entry.name
            );
        }
    }
}
