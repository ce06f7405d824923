//! In the whole gallery a rule speaks only in a session that is its own, or that is known to hold
//! a second thing that is true: each of those is listed here, with what is true in it.

use std::collections::BTreeSet;
use std::path::Path;

use super::rules_that_speak;

/// Session, the rules that may speak in it beside its own, and why they are right.
const BESIDE: &[(&[&str], &[&str], &str)] = &[
    (
        &[
            "ack-lost.silent",
            "ack-lost.silent.2",
            "ack-lost.speaks",
            "auth-stale.silent",
            "duplicate-emits.silent",
            "duplicate-emits.speaks",
            "parse-error.silent",
            "payload-too-large.silent",
            "ping-timeout-theirs.silent.2",
            "proxy-idle-timeout.silent",
            "reconnect-storm.speaks",
            "recovery-impossible.silent",
            "recovery-impossible.silent.2",
            "recovery-impossible.speaks",
            "recovery-impossible.speaks.2",
            "recovery-impossible.speaks.4",
        ],
        &["close-code"],
        "the server closed the WebSocket or cut it, without a word that explains it",
    ),
    (
        &["refused-connection.speaks.2"],
        &["close-code"],
        "the server's end cut the WebSocket, before nobody listened any more",
    ),
    (
        &["duplicate-emits.speaks.2"],
        &["ack-lost", "close-code"],
        "the server cut the WebSocket while an ack was pending: that is why it was sent again",
    ),
    (
        &["auth-stale.silent.2"],
        &["namespace-refused", "close-code"],
        "a new token is wrong from the start, after the server had cut the connection",
    ),
    (
        &["auth-stale.speaks", "auth-stale.speaks.2"],
        &["restarted-or-killed-session"],
        "one server reset all TCP connections of the session: its next poll is told code 1",
    ),
    (
        &["ack-late.silent.2"],
        &["ack-unanswered"],
        "the ack never came",
    ),
    (
        &["ack-unanswered.silent.2"],
        &["ack-late"],
        "the ack came late",
    ),
    (
        &["blocked-event-loop.silent.2", "proxy-idle-timeout.silent.2"],
        &["ping-timeout-theirs"],
        "the server fell silent for good",
    ),
    (
        &["ping-timeout-ours.silent"],
        &["ping-timeout-theirs"],
        "it is the other side that was silent",
    ),
    (
        &["ping-timeout-theirs.silent"],
        &["ping-timeout-ours"],
        "it is the other side that was silent",
    ),
    (
        &["ping-timeout-ours.speaks.2"],
        &["restarted-or-killed-session"],
        "over polling the session that timed out is asked for once more",
    ),
    (
        &[
            "cookies-lost.silent.2",
            "restarted-or-killed-session.silent",
            "upgrade-header-swallowed.silent",
        ],
        &["no-sticky-session"],
        "two servers behind nginx, in turn",
    ),
    (
        &["no-sticky-session.silent"],
        &["restarted-or-killed-session"],
        "the pong came too late, and the server had given the session up",
    ),
    (
        &["no-sticky-session.silent.2"],
        &["restarted-or-killed-session"],
        "one of two servers was killed",
    ),
    (
        &["reconnect-storm.silent", "recovery-impossible.speaks.3"],
        &["restarted-or-killed-session"],
        "the server was away in between",
    ),
    (
        &["reconnect-storm.speaks.2", "dns-failure.silent.2"],
        &["refused-connection"],
        "nobody listens there",
    ),
    (
        &[
            "refused-connection.silent",
            "upgrade-header-swallowed.silent.2",
        ],
        &["proxy-status-page"],
        "nginx answers with a page of its own",
    ),
    (
        &["generation-mismatch.silent.2"],
        &["wrong-path"],
        "an application answers at that path",
    ),
    (
        &["generation-mismatch.silent.3"],
        &["parse-error"],
        "the server wrote bytes that are no packet",
    ),
    (
        &["heartbeat-direction.speaks.2"],
        &["generation-mismatch"],
        "the client is of the other generation, and that is why nobody pings",
    ),
    (
        &[
            "namespace-refused.silent",
            "path-meant-as-namespace.silent.2",
            "wrong-path.silent.2",
        ],
        &["unknown-namespace"],
        "a namespace was asked for that is not there",
    ),
    (
        &["unknown-namespace.silent", "demo"],
        &["namespace-refused"],
        "a middleware said no",
    ),
    (
        &["stuck-on-polling.silent"],
        &["upgrade-header-swallowed"],
        "nginx takes the Upgrade header out",
    ),
];

#[test]
fn in_the_gallery_no_rule_speaks_that_has_no_business_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the gallery") {
        let path = entry.expect("an entry of the gallery").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap();
        let Some(session) = name.strip_suffix(".sio.jsonl") else {
            continue;
        };
        seen.insert(session.to_owned());
        let mut expected: BTreeSet<String> = BESIDE
            .iter()
            .filter(|(sessions, ..)| sessions.contains(&session))
            .flat_map(|(_, rules, _)| rules.iter().map(|rule| (*rule).to_owned()))
            .collect();
        if let Some((own, _)) = session.split_once(".speaks") {
            expected.insert(own.to_owned());
        }
        let (findings, spoke) = rules_that_speak(&path);
        if spoke != expected {
            let titles: Vec<&str> = findings.iter().map(|found| found.title.as_str()).collect();
            wrong.push(format!("{session}: {titles:#?}, expected {expected:?}"));
        }
    }
    for session in BESIDE.iter().flat_map(|(sessions, ..)| *sessions) {
        if !seen.contains(*session) {
            wrong.push(format!("{session} is listed, and not in the gallery"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
