use super::*;
use crate::doctor::{Asked, Check, Verdict};
use crate::journal::record::Finding;

fn parsed(args: &[&str]) -> Result<Plan, String> {
    let line = ["sioscope", "doctor"].iter().chain(args).map(Into::into);
    match crate::cli::parse(line) {
        Ok(invocation) => match invocation.task {
            crate::cli::Task::Headless(crate::cli::Headless::Doctor(plan)) => Ok(*plan),
            other => Err(format!("{other:?}")),
        },
        Err(exit) => Err(format!("{exit:?}")),
    }
}

#[test]
fn a_url_is_told_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("session");
    std::fs::write(&here, "").unwrap();
    let here = here.display().to_string();
    let cases = [
        ("http://h.test/a.jsonl", false),
        ("wss://h.test", false),
        ("localhost:3000", false),
        ("h.test", false),
        ("a.sio.jsonl", true),
        ("a.sio.jsonl.zst", true),
        ("./a", true),
        ("/no/such/file", true),
        (here.as_str(), true),
    ];
    for (target, want) in cases {
        assert_eq!(is_file(target), want, "{target}");
    }
}

#[test]
fn idle_takes_a_time_or_none_and_makes_no_sense_for_a_file() {
    let idle = |args: &[&str]| match parsed(args).unwrap().subject {
        Subject::Endpoint { idle, .. } => idle,
        Subject::Session(path) => panic!("{path:?}"),
    };
    assert_eq!(idle(&["http://h.test"]), None);
    assert_eq!(idle(&["--idle", "http://h.test"]), Some(None));
    let seconds = Some(Some(Duration::from_secs(30)));
    assert_eq!(idle(&["--idle=30s", "http://h.test"]), seconds);
    assert!(parsed(&["--idle=soon", "http://h.test"]).is_err());
    assert!(parsed(&["--idle=0", "http://h.test"]).is_err());
    assert!(parsed(&["--idle", "a.sio.jsonl"]).is_err());
}

fn report() -> Report {
    let finding = Finding {
        rule: "no-sticky-session".to_owned(),
        severity: "error".to_owned(),
        title: "Requests of one session reach different servers".to_owned(),
        evidence: vec![3, 4, 9],
        why: "It lives on one of several servers, and each request goes to another of them in \
              turn, as a balancer without stickiness does."
            .to_owned(),
        fix: "nginx: `ip_hash;`".to_owned(),
    };
    let mut failed = Check::new("stickiness", Verdict::Fail, "5 of 8 unknown");
    failed.rule = Some(finding.rule.clone());
    Report {
        target: "http://h.test/".to_owned(),
        checks: vec![
            Check::ok("dns", "h.test is 192.0.2.1"),
            failed,
            Check::new("max-payload", Verdict::Warn, "a post was slow")
                .seen_in([3])
                .fixed_by("look there"),
            Check::skipped("idle", "--idle also waits out idle timeouts"),
        ],
        findings: vec![finding],
        requests: vec![Asked {
            number: 1,
            check: "path",
            method: "GET",
            url: "http://h.test/socket.io/?EIO=4&transport=polling".to_owned(),
            what: "the \u{1b}[31mhandshake".to_owned(),
            n: 3,
            answer_n: Some(4),
            status: Some(200),
            error: None,
            ms: 1.25,
        }],
        reached: true,
        ms: 1500.0,
    }
}

#[test]
fn the_page_lists_requests_checks_and_causes() {
    insta::assert_snapshot!(text::page(&report(), false, true));
}

#[test]
fn colours_are_escape_sequences_and_nothing_from_outside_is_one() {
    let plain = text::page(&report(), false, false);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let coloured = text::page(&report(), true, false);
    assert!(
        coloured.contains("\u{1b}[31m✗ fail   \u{1b}[0m"),
        "{coloured}"
    );
    assert!(!coloured.contains("\u{1b}[31mhandshake"), "{coloured}");
}

#[test]
fn warnings_alone_are_counted_and_nothing_is_not_said_to_be_wrong() {
    let end = |checks: Vec<Check>| {
        let report = Report {
            checks,
            reached: true,
            ..Report::default()
        };
        text::page(&report, false, true)
            .lines()
            .last()
            .unwrap()
            .to_owned()
    };
    let warn = || Check::new("pings", Verdict::Warn, "seldom");
    let fail = || Check::new("tcp", Verdict::Fail, "refused");
    let cases = [
        (vec![Check::ok("dns", "x")], "nothing is wrong · 1 ok"),
        (vec![Check::ok("dns", "x"), warn()], "1 warning · 1 ok"),
        (vec![warn(), warn()], "2 warnings"),
        (vec![warn(), fail()], "something is wrong · 1 warn · 1 fail"),
    ];
    for (checks, want) in cases {
        assert_eq!(end(checks), want);
    }
}

#[test]
fn the_object_has_the_shape_that_scripts_expect() {
    let object: serde_json::Value = serde_json::from_str(&json::object(&report())).unwrap();
    assert_eq!(object["checks"][1]["verdict"], "fail");
    assert_eq!(object["checks"][0]["ms"], 0.0);
    assert_eq!(object["findings"][0]["k"], "finding");
    assert_eq!(object["findings"][0]["evidence"][2], 9);
    assert_eq!(object["requests"][0]["status"], 200);
    assert_eq!(object["wrong"], true);
}
