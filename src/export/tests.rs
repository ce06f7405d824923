//! Every session of the gallery in every format.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::*;
use crate::diagnosis::Diagnosis;
use crate::journal::line::write_line;
use crate::model::{Decoder, Packet};

fn gallery() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".sio.jsonl"))
        .collect();
    files.sort();
    assert!(files.len() > 100, "{} sessions", files.len());
    files
}

fn opened(path: &Path) -> Journal {
    let journal = Journal::open(path).unwrap();
    while journal.status().indexed < 1.0 {
        std::thread::yield_now();
    }
    journal
}

fn exported(journal: &Journal, format: Format, redact: bool) -> (String, Outcome) {
    let choice = Choice {
        format,
        redact,
        keep: Vec::new(),
    };
    let mut out = Vec::new();
    let outcome = export(journal, &choice, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), outcome)
}

/// Everything that a session says, byte for byte.
fn lines(journal: &Journal) -> Vec<String> {
    let mut lines = vec![journal.header().to_line()];
    journal.scan(1, |record| {
        let mut line = Vec::new();
        write_line(&mut line, &record);
        lines.push(String::from_utf8(line).unwrap());
        ControlFlow::Continue(())
    });
    lines
}

fn saved(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

fn packets(journal: &Journal) -> Vec<Packet> {
    let mut decoder = Decoder::new(journal.header().parser.as_deref());
    let mut packets = Vec::new();
    journal.scan(1, |record| {
        packets.extend(decoder.decode(&record));
        ControlFlow::Continue(())
    });
    packets
}

fn rules(journal: &Journal) -> BTreeSet<(String, Vec<u64>)> {
    let diagnosis = Diagnosis::of(journal);
    let findings = diagnosis.findings().iter();
    findings
        .map(|finding| (finding.rule.clone(), finding.evidence.clone()))
        .collect()
}

#[test]
fn har_brings_every_session_back_byte_for_byte() {
    for path in gallery() {
        let before = opened(&path);
        let (har, _) = exported(&before, Format::Har, false);
        let file = saved(&har);
        let after = opened(file.path());
        assert_eq!(lines(&after), lines(&before), "{}", path.display());
    }
}

#[test]
fn jsonl_is_the_session_with_its_packets() {
    for path in gallery() {
        let before = opened(&path);
        let (text, outcome) = exported(&before, Format::Jsonl, false);
        assert_eq!(outcome, Outcome::default());
        let file = saved(&text);
        assert_eq!(lines(&opened(file.path())), lines(&before), "{path:?}");
        let listed: usize = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| line["packets"].as_array().map_or(0, Vec::len))
            .sum();
        assert_eq!(listed, packets(&before).len(), "{path:?}");
    }
}

#[test]
fn a_masked_session_decodes_as_before_and_its_findings_are_the_same() {
    for path in gallery() {
        let before = opened(&path);
        let (text, _) = exported(&before, Format::Har, true);
        let file = saved(&text);
        let after = opened(file.path());
        let shape = |packets: Vec<Packet>| -> Vec<(u64, u32, u64, bool)> {
            let shape = |packet: Packet| {
                let fails = matches!(packet.kind, crate::model::decode::Kind::Undecodable { .. });
                (packet.n, packet.index, packet.size, fails)
            };
            packets.into_iter().map(shape).collect()
        };
        assert_eq!(shape(packets(&after)), shape(packets(&before)), "{path:?}");
        assert_eq!(rules(&after), rules(&before), "{path:?}");
    }
}

#[test]
fn transcripts_hold_each_finding_and_no_line_commands_a_terminal() {
    for path in gallery() {
        let journal = opened(&path);
        let (text, _) = exported(&journal, Format::Text, true);
        let (markdown, _) = exported(&journal, Format::Markdown, true);
        for (rule, evidence) in rules(&journal) {
            for page in [&text, &markdown] {
                assert!(page.contains(&rule), "{rule} in {path:?}");
                for n in &evidence {
                    let row = format!(" #{n} ");
                    assert!(page.contains(&row), "{row} in {path:?}:\n{page}");
                }
            }
        }
        for one in text.chars().chain(markdown.chars()) {
            assert!(one == '\n' || !crate::visible::is_hidden(one), "{one:?}");
        }
        assert_eq!(markdown.matches("```").count() % 2, 0, "{path:?}");
    }
}

#[test]
fn what_artillery_can_not_do_is_refused_or_named() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let (text, outcome) = exported(
        &opened(&folder.join("demo.sio.jsonl")),
        Format::Artillery,
        true,
    );
    insta::assert_snapshot!(text);
    for what in &outcome.left_out {
        assert!(text.contains(what), "{what}");
    }
    let mut refused = 0;
    for path in gallery() {
        let choice = Choice {
            format: Format::Artillery,
            redact: true,
            keep: Vec::new(),
        };
        match export(&opened(&path), &choice, &mut Vec::new()) {
            Ok(_) => {}
            Err(ExportError::Unfit { .. }) => refused += 1,
            Err(other) => panic!("{path:?}: {other}"),
        }
    }
    assert!(refused > 10, "generation 2 is in the gallery: {refused}");
}

#[test]
fn the_only_namespace_is_the_target_and_what_was_masked_is_a_variable() {
    let header = r#"{"sioscope":1,"started":"2026-01-02T03:04:05.678Z","source":"tap","target":"http://h:1","tool":"0.1.0"}"#;
    let lines = [
        header,
        r#"{"n":1,"t":0.1,"c":1,"k":"request","x":1,"method":"GET","url":"http://h:1/my/path/?EIO=4&transport=websocket&room=7&token=sesame","headers":[["Host","h:1"],["Authorization","Bearer open-sesame"],["Cookie","a=chocolate; b=vanilla"],["X-Tenant","seven"]]}"#,
        r#"{"n":2,"t":0.2,"c":1,"k":"response","x":1,"status":101,"headers":[]}"#,
        r#"{"n":3,"t":0.3,"c":1,"k":"frame","dir":"to_server","op":"text","data":"40/chat,{\"user\":{\"password\":\"sesame-2\"},\"age\":7}"}"#,
        r#"{"n":4,"t":0.4,"c":1,"k":"frame","dir":"to_client","op":"text","data":"40/chat,{\"sid\":\"x\"}"}"#,
        r#"{"n":5,"t":1.4,"c":1,"k":"frame","dir":"to_server","op":"text","data":"42/chat,[\"say\",\"hi\\u0085\"]"}"#,
    ];
    let file = saved(&(lines.join("\n") + "\n"));
    let (text, _) = exported(&opened(file.path()), Format::Artillery, true);
    insta::assert_snapshot!(text);
}
