//! Lines on stdout: a valid session file, whatever comes from the network.

use super::*;
use crate::journal::file::{Header, Source, parse_header_line};
use crate::journal::line::parse_line;
use crate::journal::record::{Direction, Frame, Mark, Opcode, Request};

fn journal(limit: usize) -> Journal {
    Journal::in_memory(
        Header::now(Source::Client, "http://h"),
        Instant::now(),
        limit,
    )
}

fn frame(journal: &Journal, text: &str) {
    let frame = Frame {
        dir: Direction::ToClient,
        op: Opcode::Text,
        data: bytes::Bytes::copy_from_slice(text.as_bytes()),
        code: None,
        reason: None,
        wire: None,
    };
    journal.append(Instant::now(), Some(1), &Body::Frame(frame));
}

fn all(journal: &Journal, quiet: bool) -> String {
    let mut written = Vec::new();
    let mut output = Output::new(&mut written, quiet, journal);
    while output.pull(journal, &mut Status::default()).unwrap() {}
    output.flush().unwrap();
    String::from_utf8(written).unwrap()
}

#[test]
fn the_header_comes_first_and_every_record_is_a_line() {
    let journal = journal(1 << 20);
    frame(&journal, "42[\"hello\",{\"a\":1}]");
    journal.append(
        Instant::now(),
        None,
        &Body::Mark(Mark {
            text: "m".to_owned(),
        }),
    );
    let text = all(&journal, false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(parse_header_line(lines[0]).is_ok());
    assert_eq!(
        Some(parse_line(lines[1].as_bytes(), 1).unwrap()),
        journal.get(1)
    );
    let line: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(
        line["packets"],
        serde_json::json!([{"engine":"message","type":"event","nsp":"/","data":["hello",{"a":1}]}])
    );
    let mark: serde_json::Value = serde_json::from_str(lines[2]).unwrap();
    assert_eq!(
        (&mark["k"], &mark["packets"]),
        (&"mark".into(), &serde_json::Value::Null)
    );
}

#[test]
fn every_line_with_bytes_carries_packets_also_when_there_are_none() {
    let journal = journal(1 << 20);
    let request = Request {
        x: 1,
        method: "GET".to_owned(),
        url: "http://h/".to_owned(),
        ..Request::default()
    };
    journal.append(Instant::now(), Some(1), &Body::Request(request));
    let text = all(&journal, false);
    let line: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line["packets"], serde_json::json!([]));
}

#[test]
fn what_a_terminal_would_act_on_is_escaped_in_data_and_packets() {
    let journal = journal(1 << 20);
    frame(&journal, "42[\"\u{9b}31m\u{202e}\u{7f}\u{1b}[2J\",\n\"x\"]");
    frame(&journal, "\u{1b}]0;title\u{7}");
    let text = all(&journal, false);
    assert_eq!(text.lines().count(), 3, "{text}");
    let hostile = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!text.contains(hostile), "{text:?}");
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn quiet_writes_nothing_and_still_notes_how_things_stand() {
    let journal = journal(1 << 20);
    frame(&journal, "42[\"hello\"]");
    let mut written = Vec::new();
    let mut output = Output::new(&mut written, true, &journal);
    assert!(!output.pull(&journal, &mut Status::default()).unwrap());
    assert_eq!(output.seen(), 1);
    output.flush().unwrap();
    assert!(written.is_empty());
}

#[test]
fn records_that_memory_no_longer_holds_are_said_as_a_gap() {
    let journal = journal(64 << 10);
    for n in 0..20_000 {
        frame(&journal, &format!("42[\"noise\",{n}]"));
    }
    let forgotten = journal.status().forgotten;
    assert!(forgotten > 0);
    let text = all(&journal, false);
    let gap: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(gap["k"], "gap");
    assert!(
        gap["lost"].to_string().contains(&forgotten.to_string()),
        "{gap}"
    );
    assert_eq!(text.lines().count() as u64, 2 + journal.len() - forgotten);
}

#[test]
fn a_closed_pipe_is_an_error_that_the_caller_sees() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let journal = journal(1 << 20);
    let mut output = Output::new(Closed, false, &journal);
    let error = output.pull(&journal, &mut Status::default()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_finding_takes_a_number_of_its_own_and_names_the_lines_that_prove_it() {
    let journal = journal(1 << 20);
    let request = |x, url: &str| {
        Body::Request(Request {
            x,
            method: "GET".to_owned(),
            url: format!("http://h/socket.io/?EIO=4&transport=polling{url}"),
            ..Request::default()
        })
    };
    let response = |x, status, body: &'static str| {
        Body::Response(crate::journal::record::Response {
            x,
            status,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: bytes::Bytes::from_static(body.as_bytes()),
            ..Default::default()
        })
    };
    let now = Instant::now();
    for (c, body) in [
        (1, request(1, "")),
        (
            1,
            response(1, 200, r#"0{"sid":"a","upgrades":["websocket"]}"#),
        ),
        (1, request(2, "&sid=a")),
        (
            1,
            response(2, 400, r#"{"code":1,"message":"Session ID unknown"}"#),
        ),
        (2, request(3, "")),
        (
            2,
            response(3, 200, r#"0{"sid":"b","upgrades":["websocket"]}"#),
        ),
    ] {
        journal.append(now, Some(c), &body);
    }
    let lines: Vec<serde_json::Value> = all(&journal, false)
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let numbers: Vec<u64> = lines
        .iter()
        .map(|line| line["n"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(lines[4]["k"], "finding");
    assert_eq!(lines[4]["rule"], "no-sticky-session");
    assert_eq!(lines[4]["evidence"], serde_json::json!([2, 3, 4]));
    assert_eq!(lines[6]["x"], 3);
    // The journal itself holds no finding.
    assert_eq!(journal.len(), 6);
}
