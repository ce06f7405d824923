//! What of a recorded handshake goes where.

use serde_json::{Value, json};

use super::stage::Recorded;
use crate::lab::{Generation, Lab, Server, Sioscope};
use crate::terminal::screen::{Screen, WIDE};

/// A session with secrets in every place that a handshake has.
#[track_caller]
fn with_secrets(server: &Server) -> Recorded {
    Recorded::lines(
        &server.url(),
        &[
            "-n",
            "/",
            "-n",
            "/admin={\"token\":\"letmein\"}",
            "-q",
            "key=q-secret",
            "-H",
            "Authorization: Bearer h-secret",
            "-b",
            "session=c-secret",
        ],
        &[
            json!({ "wait": { "namespace": "/admin" } }),
            json!({ "emit": ["echo", "in"], "nsp": "/admin", "ack": true }),
            json!({ "wait": { "ack": true } }),
        ],
    )
}

/// All that a server saw of the requests and joins.
fn seen(server: &Server) -> String {
    let lines: Vec<String> = server.lines().iter().map(Value::to_string).collect();
    lines.join("\n")
}

const SECRETS: [&str; 4] = ["letmein", "q-secret", "h-secret", "c-secret"];

#[test]
fn the_recorded_host_gets_the_recorded_auth_again() {
    let server = Lab::server(Generation::V4, json!({ "requests": true }));
    let recorded = with_secrets(&server);
    let from = server.lines().len();
    let finished = recorded.replay(&server.url(), &["--check"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let again: Vec<String> = server
        .lines()
        .iter()
        .skip(from)
        .map(Value::to_string)
        .collect();
    let again = again.join("\n");
    for secret in SECRETS {
        assert!(again.contains(secret), "{secret}: {again}");
    }
}

#[test]
fn another_host_gets_none_of_it_unless_that_is_allowed() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = with_secrets(&server);
    let other = Lab::server(Generation::V4, json!({ "requests": true }));
    let finished = recorded.replay(&other.url(), &["--check"]);
    // It was refused there, for it had no token.
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("/admin refuses"), "{finished:?}");
    for word in [
        "the auth of /admin",
        "the query key",
        "Authorization",
        "the cookies session",
        "--allow-target",
    ] {
        assert!(finished.stderr.contains(word), "{word}: {finished:?}");
    }
    for secret in SECRETS {
        assert!(!seen(&other).contains(secret), "{secret}: {}", seen(&other));
        assert!(!finished.stderr.contains(secret), "{secret}: {finished:?}");
    }
    let without = recorded.replay(&other.url(), &[]);
    assert_eq!(without.code, Some(3), "{without:?}");
    assert!(
        without.stderr.contains("emit \"echo\" on /admin needs it"),
        "{without:?}"
    );
    // Given again.
    let given = ["-n", "/", "-n", "/admin={\"token\":\"letmein\"}", "--check"];
    let finished = recorded.replay(&other.url(), &given);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    // One namespace alone.
    let one = recorded.replay(&other.url(), &["-n", "/", "--check"]);
    assert_eq!(one.code, Some(0), "{one:?}");
    // Allowed.
    let finished = recorded.replay(&other.url(), &["--allow-target", "--check"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for secret in SECRETS {
        assert!(seen(&other).contains(secret), "{secret}: {}", seen(&other));
    }
}

#[test]
fn a_namespace_that_refuses_stops_only_what_needs_it() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = Recorded::lines(
        &server.url(),
        &["-n", "/", "-n", "/admin={\"token\":\"letmein\"}"],
        &[
            json!({ "wait": { "namespace": "/admin" } }),
            json!({ "emit": ["echo", "on the root"], "ack": true }),
            json!({ "wait": { "ack": true } }),
        ],
    );
    let other = Lab::server(Generation::V4, json!({}));
    for pace in [&[][..], &["--wait", "match"]] {
        let finished = recorded.replay(&other.url(), pace);
        assert_eq!(finished.code, Some(0), "{pace:?}: {finished:?}");
        for word in ["/admin refuses", "--allow-target", "played 1 of 1 emit"] {
            assert!(finished.stderr.contains(word), "{word}: {finished:?}");
        }
    }
    other.expect(|line| line["event"] == "echo");
    // The check names it, and nothing of the other namespace.
    let checked = recorded.replay(&other.url(), &["--check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(
        checked.stdout.contains("/admin") && !checked.stdout.contains("echo"),
        "{checked:?}"
    );
}

#[test]
fn generation_2_keeps_the_token_in_the_namespaces_query() {
    let server = Lab::server(Generation::V2, json!({}));
    let recorded = Recorded::lines(
        &server.url(),
        &["-n", "/", "-n", "/admin?token=letmein"],
        &[
            json!({ "wait": { "namespace": "/admin" } }),
            json!({ "emit": ["echo", "in"], "nsp": "/admin", "ack": true }),
            json!({ "wait": { "ack": true } }),
        ],
    );
    let finished = recorded.replay(&server.url(), &["--check"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let other = Lab::server(Generation::V2, json!({ "packets": true }));
    let finished = recorded.replay(&other.url(), &["--check"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(!seen(&other).contains("letmein"), "{}", seen(&other));
}

#[test]
fn auth_is_asked_for_on_a_terminal_and_not_shown() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = with_secrets(&server);
    let other = Lab::server(Generation::V4, json!({}));
    let mut screen = Screen::start(
        &["replay", &recorded.file(), &other.url(), "--no-record"],
        WIDE,
    );
    screen.wait_for_text(&["auth for /admin on"]);
    screen.type_keys("{\"token\":\"letmein\"}\r");
    screen.wait_for_text(&["played 1 of 1 emit"]);
    assert!(screen.wait_exit().success());
    let shown = String::from_utf8_lossy(&screen.raw()).into_owned();
    assert!(!shown.contains("letmein"), "{shown}");
    other.expect(|line| line["saw"] == "connection" && line["nsp"] == "/admin");
}

#[test]
fn a_masked_recording_is_asked_for_its_auth_by_its_own_server_too() {
    let server = Lab::server(Generation::V4, json!({}));
    let recorded = with_secrets(&server);
    let text = std::fs::read_to_string(recorded.file()).expect("the session");
    let masked = Recorded::text(&text.replace("letmein", "*1*****"));
    let finished = masked.replay(&server.url(), &[]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(
        finished
            .stderr
            .contains("masked in the recording: the auth of /admin"),
        "{finished:?}"
    );
    let finished = Sioscope::run(&[
        "replay",
        &masked.file(),
        &server.url(),
        "--auth",
        "{\"token\":\"letmein\"}",
        "--check",
    ]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}
