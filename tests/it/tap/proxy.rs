//! The tap as an HTTP proxy: what it passes on, what it refuses, how it is started and stopped.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::stage::{Tapped, connection};
use crate::interop::records::all;
use crate::lab::{Generation, Lab, Sioscope};

/// Sends bytes to the tap and reads until it ends the connection.
fn raw(tapped: &Tapped, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(tapped.authority()).expect("the tap listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    stream.write_all(bytes).expect("the tap reads");
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("the tap answers and ends");
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: example.test\r\norigin: http://page.test\r\nX-Own: ü 1\r\nConnection: close\r\n\r\n").into_bytes()
}

#[test]
fn a_request_goes_on_with_its_own_headers_and_what_changed_is_told() {
    let server = Lab::server(Generation::V4, json!({ "requests": true }));
    for (args, origin) in [
        (&["--no-record"][..], "http://page.test"),
        (
            &["--no-record", "--rewrite-origin"][..],
            server.url().as_str(),
        ),
    ] {
        let tapped = Tapped::before(&server.url(), args);
        let answer = raw(&tapped, &get("/socket.io/?EIO=4&transport=polling"));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let seen = server.expect_next(|line| line["saw"] == "request");
        let host = server.url().replace("http://", "");
        assert_eq!(seen["headers"]["host"], host, "{seen}");
        assert_eq!(seen["headers"]["origin"], origin, "{seen}");
        let request = tapped.run.wait_for(|record| record["k"] == "request");
        let sent = json!([
            ["Host", host],
            ["origin", origin],
            ["X-Own", "ü 1"],
            ["Connection", "close"]
        ]);
        assert_eq!(request["headers"], sent);
        let records = tapped.stop();
        let marks = all(&records, |record| record["k"] == "mark");
        let expected = 1 + usize::from(args.len() == 2);
        assert_eq!(marks.len(), expected, "{marks:#?}");
        assert!(
            marks[0]["text"]
                .as_str()
                .is_some_and(|text| text.contains("Host") && text.contains("example.test"))
        );
    }
}

#[test]
fn other_paths_pass_too_and_belong_to_no_connection() {
    let server = Lab::server(
        Generation::V4,
        json!({ "path": "/my/own", "serveClient": true }),
    );
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    let answer = raw(&tapped, &get("/elsewhere?x=1"));
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let script = raw(&tapped, &get("/my/own/socket.io.js"));
    assert!(
        script.starts_with("HTTP/1.1 200") && script.len() > 10_000,
        "{}",
        script.len()
    );
    let client = Lab::client(
        Generation::V4,
        &tapped.url(),
        json!({ "options": { "path": "/my/own" } }),
    );
    client.expect(|line| line["saw"] == "upgrade");
    assert_eq!(client.finish().code, Some(0));
    tapped.run.wait_for(connection(1, "closed"));
    let records = tapped.stop();
    let without = all(&records, |record| {
        record["k"] == "response" && record["c"].is_null()
    });
    assert_eq!(without.len(), 2, "{without:#?}");
    for record in &without {
        assert_eq!(record["packets"], json!([]), "a page is no packet");
    }
}

#[test]
fn an_unknown_session_has_a_connection_of_its_own() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    let path = "/socket.io/?EIO=4&transport=polling&sid=strange";
    for _ in 0..2 {
        let answer = raw(&tapped, &get(path));
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("Session ID unknown"),
            "{answer}"
        );
    }
    let closed = tapped.run.wait_for(connection(1, "closed"));
    assert_eq!(closed["reason"], "transport error");
    assert!(
        closed["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("Session ID unknown"))
    );
    let records = tapped.stop();
    assert_eq!(
        all(&records, |record| record["k"] == "response"
            && record["c"] == 1)
        .len(),
        2
    );
    assert!(all(&records, |record| record["c"] == 2).is_empty());
}

#[test]
fn an_upstream_that_is_not_there_is_answered_with_a_502_that_says_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("its address").port();
    drop(free);
    let tapped = Tapped::before(&format!("http://127.0.0.1:{port}"), &["--no-record"]);
    let answer = raw(&tapped, &get("/socket.io/?EIO=4&transport=polling"));
    assert!(
        answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains(&port.to_string()) && answer.contains("refused"),
        "{answer}"
    );
    let response = tapped.run.wait_for(|record| record["k"] == "response");
    assert!(
        response["error"]
            .as_str()
            .is_some_and(|error| error.contains("refused")),
        "{response}"
    );
    let closed = tapped.run.wait_for(connection(1, "closed"));
    assert_eq!(closed["reason"], "xhr poll error", "{closed}");
}

#[test]
fn a_client_that_speaks_no_http_is_told_so() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    for (bytes, word) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
            "TLS",
        ),
        (&b"hello there\r\n\r\n"[..], "hello there"),
        (
            &b"CONNECT example.test:443 HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            "tunnel",
        ),
    ] {
        let answer = raw(&tapped, bytes);
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{answer}"
        );
        assert!(answer.contains("sioscope tap"), "{answer}");
        tapped.run.wait_for_talk(word);
    }
}

#[test]
fn others_are_let_in_only_when_that_is_said_twice() {
    let refused = Sioscope::run(&["tap", "localhost:1", "--headless", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--allow-remote"), "{refused:?}");
    let run = Sioscope::start(&[
        "tap",
        "localhost:1",
        "--headless",
        "--no-record",
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
fn an_address_that_is_taken_is_said_and_no_session_is_made() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("its address").to_string();
    let finished = Sioscope::run(&["tap", "localhost:1", "--headless", "--listen", &listen]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("cannot listen on"), "{finished:?}");
    assert_eq!(finished.stdout, "");
}

#[test]
fn the_end_of_input_does_not_end_it_and_an_interrupt_does() {
    let server = Lab::server(Generation::V4, json!({}));
    let tapped = Tapped::before(&server.url(), &["--no-record"]);
    let client = Lab::client(
        Generation::V4,
        &tapped.url(),
        json!({ "options": { "transports": ["websocket"], "reconnection": false } }),
    );
    client.expect(|line| line["saw"] == "connect");
    tapped.run.signal("INT");
    client.expect(|line| line["saw"] == "disconnect" && line["reason"] == "transport close");
    let finished = tapped.run.finish();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    let records: Vec<Value> = tapped.run.records();
    let closed = all(&records, connection(1, "closed"));
    assert_eq!(closed.len(), 1, "{records:#?}");
    assert_eq!(closed[0]["detail"], "the tap was stopped");
}
