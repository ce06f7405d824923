//! The engine, and the gallery: every rule speaks where it must and is silent where it must be.

mod beside;
mod blame;
mod near_misses;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Diagnosis;
use super::rules::RULES;
use crate::journal::Journal;
use crate::journal::file::Source;
use crate::journal::line::parse_line;
use crate::journal::record::Finding;
use crate::model::{Decoder, Model};

/// The findings on a session that is given as the lines of its file, without the header.
pub(super) fn findings(lines: &str) -> Vec<Finding> {
    findings_of(Source::Client, lines)
}

/// As [`findings`], of a session with another source.
fn findings_of(source: Source, lines: &str) -> Vec<Finding> {
    findings_at(source, "http://h/", lines)
}

/// As [`findings_of`], of a session with another target.
fn findings_at(source: Source, target: &str, lines: &str) -> Vec<Finding> {
    let mut diagnosis = Diagnosis::new(source).for_target(target);
    let mut model = Model::default();
    let mut decoder = Decoder::new(None);
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    for (number, line) in (1..).zip(lines) {
        let record = parse_line(line.as_bytes(), number).expect("a line of a session");
        let packets = decoder.decode(&record);
        model.apply(&record, &packets);
        diagnosis.take(&record, &packets, &model);
    }
    diagnosis.finish(&model);
    diagnosis.findings().to_vec()
}

/// The gallery's files of a rule: `NAME.speaks.sio.jsonl`, and more as `NAME.speaks.2.sio.jsonl`.
fn gallery(rule: &str, kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let start = format!("{rule}.{kind}.");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the gallery")
        .map(|entry| entry.expect("an entry of the gallery").path())
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(&start) && name.ends_with("sio.jsonl"))
        })
        .collect();
    files.sort();
    files
}

fn rules_that_speak(file: &Path) -> (Vec<Finding>, BTreeSet<String>) {
    let journal = Journal::open(file).unwrap_or_else(|error| panic!("{error}"));
    while journal.status().indexed < 1.0 {
        std::thread::yield_now();
    }
    let findings = Diagnosis::of(&journal).findings().to_vec();
    let rules = findings.iter().map(|found| found.rule.clone()).collect();
    (findings, rules)
}

#[test]
fn every_rule_speaks_in_its_session_and_is_silent_in_its_near_miss() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let speaks = gallery(rule.name, "speaks");
        let silent = gallery(rule.name, "silent");
        if speaks.is_empty() || silent.is_empty() {
            wrong.push(format!("{}: has no pair of sessions", rule.name));
        }
        for file in speaks {
            let (findings, rules) = rules_that_speak(&file);
            if !rules.contains(rule.name) {
                wrong.push(format!(
                    "{}: is silent in {} ({rules:?})",
                    rule.name,
                    file.display()
                ));
            }
            for finding in findings {
                if finding.evidence.is_empty() {
                    wrong.push(format!(
                        "{}: no evidence in {}",
                        finding.rule,
                        file.display()
                    ));
                }
            }
        }
        for file in silent {
            let (_, rules) = rules_that_speak(&file);
            if rules.contains(rule.name) {
                wrong.push(format!("{}: speaks in {}", rule.name, file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn rules_are_named_once_and_give_way_to_rules_that_exist() {
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    for rule in RULES {
        for better in rule.gives_way_to {
            assert!(
                names.contains(better),
                "{} gives way to {better}",
                rule.name
            );
        }
    }
}

#[test]
fn a_connection_on_which_a_fault_was_made_is_blamed_on_nobody() {
    let session = r#"
{"n":1,"t":0.1,"c":1,"k":"request","x":1,"method":"GET","url":"http://h/socket.io/?EIO=4&transport=polling","headers":[]}
{"n":2,"t":0.2,"c":1,"k":"response","x":1,"status":200,"headers":[["Content-Type","text/plain; charset=UTF-8"]],"body":"0{\"sid\":\"a\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000}","timing":{}}
{"n":3,"t":0.3,"c":1,"k":"request","x":2,"method":"POST","url":"http://h/socket.io/?EIO=4&transport=polling&sid=a","headers":[],"body":"40"}
FAULT
{"n":5,"t":0.4,"c":1,"k":"response","x":2,"status":400,"headers":[["Content-Type","application/json"]],"body":"{\"code\":1,\"message\":\"Session ID unknown\"}","timing":{}}"#;
    let fault =
        r#"{"n":4,"t":0.35,"c":1,"k":"fault","fault":"unknown-sid","did":"the sid was changed"}"#;
    let blamed = findings(&session.replace("FAULT", ""));
    assert_eq!(blamed[0].rule, "no-sticky-session");
    assert_eq!(blamed[0].evidence, [2, 3, 5]);
    assert!(
        blamed[0].why.contains("0.20 s after that answer"),
        "from answer to answer: {}",
        blamed[0].why
    );
    assert_eq!(findings(&session.replace("FAULT", fault)), []);
}
