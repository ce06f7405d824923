//! The catalogue against the spellings.

use super::*;
use crate::faults::{Fault, refuse};

#[test]
fn every_entry_is_a_fault_that_reads_as_it_is_written() {
    for entry in CATALOGUE {
        let fault: Fault = entry.example.parse().expect(entry.example);
        assert_eq!(fault.to_string(), entry.example);
        assert_eq!(fault.name(), entry.name);
        assert_eq!(fault.entry().name, entry.name);
        assert_eq!(entry.form.split(':').next(), Some(entry.name));
        assert!(!entry.sides.is_empty() && !entry.over.is_empty());
        assert!(!entry.does.ends_with('.'), "{}", entry.does);
    }
}

#[test]
fn the_spellings_are_those_that_were_agreed_on() {
    let forms: std::collections::BTreeSet<&str> =
        CATALOGUE.iter().map(|entry| entry.form).collect();
    let agreed = [
        "drop",
        "reset",
        "freeze",
        "no-pong",
        "deaf",
        "close:CODE",
        "stall-poll",
        "status:CODE@N",
        "unknown-sid",
        "no-upgrade",
        "abort-upgrade",
        "split-attachment",
        "garbage",
        "oversize",
        "delay:MS",
        "jitter:MS",
        "throttle:BYTES/S",
        "duplicate",
        "reorder",
        "drop-ack",
        "split-101",
    ];
    assert_eq!(forms, agreed.into());
}

#[test]
fn every_entry_brings_something_wherever_it_acts() {
    for entry in CATALOGUE {
        for over in [TransportName::Polling, TransportName::Websocket] {
            for eio in [Version::V3, Version::V4] {
                let acts = entry.over.contains(&over);
                assert_eq!(entry.brings(over, eio).is_some(), acts, "{}", entry.name);
            }
        }
    }
}

#[test]
fn every_entry_stands_in_one_group() {
    let listed: usize = groups().iter().map(|(_, entries)| entries.len()).sum();
    assert_eq!(listed, CATALOGUE.len());
    let table = as_markdown();
    assert_eq!(table.lines().count(), CATALOGUE.len() + 2);
    for entry in CATALOGUE {
        assert!(
            table.contains(&format!("`{}`", entry.form)),
            "{}",
            entry.form
        );
    }
}

#[test]
fn shorter_spellings_are_understood() {
    for (short, long) in [
        ("jitter", "jitter:100"),
        ("status:502", "status:502@1"),
        ("throttle:1000", "throttle:1000/s"),
        ("delay:250ms", "delay:250"),
    ] {
        assert_eq!(
            short.parse::<Fault>().map(|f| f.to_string()),
            Ok(long.to_owned())
        );
    }
}

#[test]
fn mistakes_say_what_is_valid() {
    let cases: [(&str, &[&str]); 14] = [
        ("", &["no fault \"\"", "drop, reset", "split-101"]),
        ("Drop", &["no fault \"Drop\"", "drop"]),
        ("drop:1", &["drop takes no value", "write drop"]),
        (
            "close",
            &["close needs a value", "close:CODE", "close:1011"],
        ),
        ("close:1006", &["never crosses the wire", "drop"]),
        ("close:999", &["no close code", "3000 to 4999"]),
        ("close:2000", &["no close code"]),
        ("close:99999", &["no close code"]),
        ("status:200@1", &["no error status", "400 to 599"]),
        ("status:502@0", &["the first poll or post is 1"]),
        ("delay:0", &["milliseconds from 1"]),
        ("delay:3600001", &["milliseconds from 1 to 3600000"]),
        ("throttle:fast", &["bytes a second", "throttle:BYTES/S"]),
        ("jitter:-1", &["milliseconds"]),
    ];
    for (text, words) in cases {
        let error = text.parse::<Fault>().expect_err(text).to_string();
        for word in words {
            assert!(error.contains(word), "{text:?}: {error}");
        }
    }
}

#[test]
fn a_side_refuses_what_the_other_must_do() {
    assert!(refuse(Fault::Split101, Side::Tap).is_ok());
    let refused = refuse(Fault::Split101, Side::Client).expect_err("refused");
    assert!(refused.to_string().contains("sioscope tap"), "{refused}");
}
