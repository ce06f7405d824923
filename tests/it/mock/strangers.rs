//! What the session does not know: events, namespaces, protocols, paths, files.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sioscope::replay::mock::{self, ReadError};

use super::stage::Recorded;
use crate::lab::{Generation, Lab, Sioscope};

fn recorded() -> Recorded {
    let server = Lab::server(Generation::V4, json!({}));
    Recorded::of(&server.url(), |url| {
        let options = json!({ "namespaces": [{ "nsp": "/" }, { "nsp": "/deny" }] });
        let client = Lab::client(Generation::V4, url, options);
        client.expect(|line| line["saw"] == "connect_error");
        for line in [
            json!({ "wait": { "event": "hello" } }),
            json!({ "emit": ["echo", "x", 1], "ack": true }),
            json!({ "wait": { "ack": true } }),
            json!({ "emit": ["binary", 3] }),
            json!({ "wait": { "event": "binary" } }),
        ] {
            client.say(line);
        }
        assert_eq!(client.finish().code, Some(0));
    })
}

#[test]
fn what_the_session_does_not_know_is_told_at_once_and_summed_up() {
    let recorded = recorded();
    let playing = recorded.play(&[]);
    let options = json!({ "namespaces": [{ "nsp": "/" }, { "nsp": "/deny" }, { "nsp": "/new" }] });
    let client = Lab::client(Generation::V4, &playing.url(), options);
    let refusal =
        |nsp: &str| client.expect(|line| line["saw"] == "connect_error" && line["nsp"] == nsp);
    assert_eq!(refusal("/deny")["message"], "closed");
    assert_eq!(
        refusal("/deny")["data"],
        json!({ "reason": "closed today" })
    );
    assert_eq!(refusal("/new")["message"], "Invalid namespace");
    playing.run.wait_for_talk("no namespace /new");
    for line in [
        json!({ "emit": ["unheard-of", { "a": 1 }] }),
        json!({ "emit": ["unheard-of", { "a": 1 }] }),
        json!({ "emit": ["echo", "y", 1], "ack": true }),
        json!({ "wait": { "ack": true } }),
    ] {
        client.say(line);
    }
    playing
        .run
        .wait_for_talk("no such event: / [\"unheard-of\",{\"a\":1}]");
    playing
        .run
        .wait_for_talk("/ [\"echo\",\"y\",1] differs from record");
    assert_eq!(client.finish().code, Some(0));
    let answered = client.expect(|line| line["saw"] == "ack");
    assert_eq!(answered["args"], json!(["x", 1]), "the recorded answer");
    let summary = playing.stop();
    let unknown = summary["unknown"].as_array().expect("a list");
    let event =
        json!({ "what": "event", "nsp": "/", "data": ["unheard-of", { "a": 1 }], "count": 2 });
    assert!(unknown.contains(&event), "{summary}");
    assert!(
        unknown.contains(&json!({ "what": "namespace", "nsp": "/new", "count": 1 })),
        "{summary}"
    );
    assert_eq!(unknown.len(), 2, "{summary}");
    assert_eq!(
        summary["other_arguments"][0]["data"],
        json!(["echo", "y", 1])
    );
    assert_eq!(summary["unreached"][0]["data"], json!(["binary", 3]));
}

#[test]
fn a_client_of_the_other_generation_is_turned_away_in_words() {
    let recorded = recorded();
    let playing = recorded.play(&[]);
    let run = Sioscope::stream(
        &playing.url(),
        &["--no-record", "--no-reconnect", "--eio", "3"],
    );
    assert_eq!(run.finish().code, Some(3));
    playing
        .run
        .wait_for_talk("a client speaks EIO=3, but the session was recorded with EIO=4");
    let run = Sioscope::stream(
        &playing.url(),
        &[
            "--no-record",
            "--no-reconnect",
            "--path",
            "/other",
            "--transports",
            "polling",
        ],
    );
    assert_eq!(run.finish().code, Some(3));
    playing
        .run
        .wait_for_talk("a client asked for /other/, but the session was recorded at /socket.io/");
    playing.stop();
}

/// One request on a connection of its own; the whole answer.
fn ask(url: &str, head: &str) -> String {
    let address = url.trim_start_matches("http://");
    let mut tcp = TcpStream::connect(address).expect("a connection");
    tcp.set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    let request = format!("{head}\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn pages_of_any_origin_may_use_it() {
    let recorded = recorded();
    let playing = recorded.play(&[]);
    let origin = "Origin: http://app.example:8080";
    let path = "/socket.io/?EIO=4&transport=polling";
    let answer = ask(
        &playing.url(),
        &format!(
            "OPTIONS {path} HTTP/1.1\r\n{origin}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-token"
        ),
    );
    let answer = answer.to_lowercase();
    assert!(answer.starts_with("http/1.1 204"), "{answer}");
    for header in [
        "access-control-allow-origin: http://app.example:8080\r\n",
        "access-control-allow-credentials: true\r\n",
        "access-control-allow-headers: x-token\r\n",
        "access-control-allow-methods: ",
    ] {
        assert!(answer.contains(header), "{header}{answer}");
    }
    let answer = ask(&playing.url(), &format!("GET {path} HTTP/1.1\r\n{origin}"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer
            .to_lowercase()
            .contains("access-control-allow-origin: http://app.example:8080\r\n")
    );
    assert!(answer.contains("\r\n\r\n0{\"sid\":\""), "{answer}");
    for (query, said) in [
        (
            "EIO=4&transport=polling&sid=nobody",
            "{\"code\":1,\"message\":\"Session ID unknown\"}",
        ),
        (
            "EIO=4&transport=pigeon",
            "{\"code\":0,\"message\":\"Transport unknown\"}",
        ),
    ] {
        let answer = ask(&playing.url(), &format!("GET /socket.io/?{query} HTTP/1.1"));
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.ends_with(said),
            "{answer}"
        );
    }
    let large = ask(
        &playing.url(),
        &format!("POST {path} HTTP/1.1\r\nContent-Length: 0"),
    );
    assert!(
        large.ends_with("{\"code\":2,\"message\":\"Bad handshake method\"}"),
        "{large}"
    );
    playing.stop();
}

#[test]
fn a_file_that_cannot_be_played_is_named_with_the_reason() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let empty = folder.path().join("empty.sio.jsonl");
    let header = json!({ "sioscope": 1, "started": "2026-01-02T03:04:05.678Z", "source": "client",
        "target": "http://host:3000", "tool": "0.1.0" });
    std::fs::write(&empty, format!("{header}\n")).expect("a file");
    let foreign = folder.path().join("foreign.txt");
    std::fs::write(&foreign, "not a session\n").expect("a file");
    for (file, word) in [
        (&empty, "there is nothing to play"),
        (&foreign, "foreign.txt"),
        (&folder.path().join("missing"), "missing"),
    ] {
        let finished = Sioscope::run(&["mock", &file.display().to_string()]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(word), "{finished:?}");
    }
}

#[test]
fn every_session_of_the_gallery_can_be_read_as_a_script() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sessions");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).expect("the gallery") {
        let path = entry.expect("an entry").path();
        if !path.to_string_lossy().ends_with(".sio.jsonl") {
            continue;
        }
        match mock::read(&path, mock::WITHIN) {
            Ok((script, _)) => {
                played += 1;
                assert!(!script.parts.is_empty(), "{}", path.display());
            }
            // Some servers there never came to a word.
            Err(ReadError::Nothing { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(played > 20, "{played}");
}

#[test]
fn what_a_secret_name_holds_is_not_told_on_stderr() {
    let recorded = recorded();
    let playing = recorded.play(&[]);
    let client = Lab::client(Generation::V4, &playing.url(), json!({}));
    client.say(json!({ "wait": { "event": "hello" } }));
    client.say(json!({ "emit": ["enter", { "user": "ann", "password": "leakpw123" }] }));
    client.say(json!({ "emit": ["echo", "x", { "token": "leakpw123" }] }));
    playing
        .run
        .wait_for_talk("/ [\"enter\",{\"user\":\"ann\",\"password\":\"•••\"}]");
    playing.run.wait_for_talk("differs from record");
    client.finish();
    playing.run.signal("TERM");
    let finished = playing.run.wait_for_end();
    assert!(!finished.stderr.contains("leakpw123"), "{finished:?}");
}

#[test]
fn others_are_served_only_when_that_is_said_twice() {
    let recorded = recorded();
    let file = recorded.path().display().to_string();
    let refused = Sioscope::run(&["mock", &file, "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--allow-remote"), "{refused:?}");
    let run = Sioscope::start(&[
        "mock",
        &file,
        "--listen",
        "0.0.0.0:0",
        "--allow-remote",
        "--for",
        "300ms",
    ]);
    run.wait_for_talk("warning: 0.0.0.0:0 can be reached from other machines");
    run.wait_for_talk("listening on http://0.0.0.0:");
    assert_eq!(run.wait_for_end().code, Some(0));
}

#[test]
fn an_ack_that_the_session_does_not_know_is_never_given() {
    let recorded = recorded();
    let playing = recorded.play(&["--within", "1s"]);
    let client = Lab::client(Generation::V4, &playing.url(), json!({}));
    client.say(json!({ "wait": { "event": "hello" } }));
    client.say(json!({ "emit": ["nothing-knows-this"], "ack": true, "timeout_ms": 300 }));
    client.say(json!({ "wait": { "ack": true } }));
    let told: Value = client.expect(|line| line["saw"] == "ack");
    assert_eq!(told["error"], "operation has timed out");
    client.finish();
    playing.run.wait_for_talk("and no ack for it");
    playing.stop();
}
