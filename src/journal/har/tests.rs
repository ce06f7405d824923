//! Sessions out and in again, and files of browsers.

use super::*;
use crate::journal::file::{Header, Source};
use crate::journal::line::parse_line;
use crate::journal::record::{Body, Direction, Record};
use proptest::prelude::*;

fn header() -> Header {
    Header {
        started: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        source: Source::Client,
        target: "http://h:3000/".to_owned(),
        tool: "0.1.0".to_owned(),
        parser: None,
    }
}

fn records(lines: &str) -> Vec<Record> {
    lines
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| parse_line(line.as_bytes(), 0).unwrap())
        .collect()
}

#[test]
fn an_exported_session_comes_back_as_it_was() {
    let lines = r#"
{"n":1,"t":0.000758,"c":1,"k":"connection","state":"connecting"}
{"n":2,"t":0.000991,"c":1,"k":"request","x":1,"method":"GET","url":"http://h:3000/socket.io/?EIO=3&transport=polling","headers":[["Host","h:3000"],["X-Two","a"],["x-two","b"]]}
{"n":3,"t":0.004067,"c":1,"k":"response","x":1,"status":200,"headers":[["content-type","application/octet-stream"]],"body_b64":"AAkC/zD/","timing":{"connect":0.304,"first_byte":1.021593,"total":2.65}}
{"n":4,"t":0.005,"c":1,"k":"request","x":2,"method":"POST","url":"http://h:3000/socket.io/?EIO=3&transport=polling&sid=a","headers":[["Content-Type","application/octet-stream"]],"body_b64":"AQX/BAEC"}
{"n":5,"t":0.006,"c":1,"k":"request","x":3,"method":"GET","url":"http://h:3000/socket.io/?EIO=3&transport=websocket&sid=a","headers":[]}
{"n":6,"t":0.007,"c":1,"k":"response","x":3,"status":101,"headers":[],"timing":{}}
{"n":7,"t":0.008,"c":1,"k":"frame","dir":"to_server","op":"text","data":"2probe"}
{"n":8,"t":0.009001,"c":1,"k":"frame","dir":"to_client","op":"binary","b64":"BAEC","wire":2}
{"n":9,"t":0.009002,"c":1,"k":"frame","dir":"to_client","op":"text","b64":"/w=="}
{"n":10,"t":0.0095,"c":1,"k":"frame","dir":"to_client","op":"text","data":""}
{"n":11,"t":0.01,"c":1,"k":"frame","dir":"to_client","op":"close","code":1001,"reason":"bye"}
{"n":12,"t":0.011,"c":1,"k":"response","x":2,"error":"given up","timing":{}}
{"n":13,"t":0.012,"k":"mark","text":"here"}
{"n":14,"t":0.013,"k":"of-later","deep":[1,{"a":null}]}"#;
    let before = records(lines);
    let har = export(&header(), &before);
    let after = import(har.as_bytes()).unwrap();
    assert_eq!(after.header, header());
    assert_eq!(after.records, before);
    assert!(looks_like(har.as_bytes()));
}

#[test]
fn messages_have_the_four_keys_that_browsers_want() {
    let lines = r#"
{"n":1,"t":1.5,"c":1,"k":"request","x":1,"method":"GET","url":"http://h/socket.io/?EIO=4&transport=websocket","headers":[]}
{"n":2,"t":1.6,"c":1,"k":"response","x":1,"status":101,"headers":[],"timing":{}}
{"n":3,"t":2.0,"c":1,"k":"frame","dir":"to_client","op":"text","data":"0{}"}
{"n":4,"t":2.5,"c":1,"k":"frame","dir":"to_server","op":"binary","b64":"3q2+7w=="}"#;
    let har: serde_json::Value = serde_json::from_str(&export(&header(), &records(lines))).unwrap();
    let entry = &har["log"]["entries"][0];
    assert_eq!(entry["_resourceType"], "websocket");
    assert_eq!(
        entry["request"]["url"],
        "ws://h/socket.io/?EIO=4&transport=websocket"
    );
    assert_eq!(entry["startedDateTime"], "2026-01-02T03:04:07.178000Z");
    let messages = entry["_webSocketMessages"].as_array().unwrap();
    assert_eq!(
        messages[0],
        serde_json::json!({"type":"receive","time":1767323047.678,"opcode":1,"data":"0{}"})
    );
    assert_eq!(messages[1]["data"], "3q2+7w==");
    assert_eq!(messages[1]["opcode"], 2);
}

#[test]
fn a_browsers_entries_become_connections_by_their_sid() {
    let har = r#"{"log":{"version":"1.2","entries":[
      {"startedDateTime":"2026-01-02T03:04:05.000Z","time":5,"request":{"method":"GET","url":"http://h/app.js","headers":[]},"response":{"status":200,"content":{}}},
      {"startedDateTime":"2026-01-02T03:04:05.200Z","time":10.5,"request":{"method":"GET","url":"http://h/socket.io/?EIO=4&transport=polling&t=1","headers":[{"name":"Accept","value":"*/*"}]},
       "response":{"status":200,"headers":[],"content":{"text":"0{\"sid\":\"one\",\"upgrades\":[\"websocket\"]}"}},"timings":{"dns":-1,"connect":3,"ssl":2,"wait":4}},
      {"startedDateTime":"2026-01-02T03:04:05.220Z","time":1,"request":{"method":"POST","url":"http://h/socket.io/?EIO=4&transport=polling&t=2&sid=one","headers":[],"postData":{"mimeType":"text/plain","text":"40"}},"response":{"status":200,"content":{"text":"ok"}}},
      {"startedDateTime":"2026-01-02T03:04:05.230Z","time":9000,"_resourceType":"websocket","request":{"method":"GET","url":"ws://h/socket.io/?EIO=4&transport=websocket&sid=one","headers":[]},"response":{"status":101,"content":{}},
       "_webSocketMessages":[{"type":"send","time":1767323045.25,"opcode":1,"data":"2probe"},{"type":"receive","time":1767323045260,"opcode":1,"data":"3probe"},{"type":"error","time":1,"opcode":-1,"data":"x"},{"type":"receive","time":1767323045.27,"opcode":2,"data":"AQI="}]},
      {"startedDateTime":"2026-01-02T03:04:06Z","time":1,"request":{"method":"GET","url":"wss://h/socket.io/?EIO=4&transport=websocket","headers":[]},"response":{"status":0,"content":{},"_error":"net::ERR_FAILED"},"_webSocketMessages":[]}
    ]}}"#;
    let imported = import(har.as_bytes()).unwrap();
    assert_eq!(imported.header.source, Source::Har);
    assert_eq!(imported.header.target, "http://h");
    let told: Vec<(u64, u64, Option<u32>, &str)> = imported
        .records
        .iter()
        .map(|record| {
            let what = match &record.body {
                Body::Request(request) => request.method.as_str(),
                Body::Response(response) if response.error.is_some() => "failed",
                Body::Response(_) => "response",
                Body::Mark(_) => "mark",
                Body::Frame(frame) if frame.dir == Direction::ToServer => "to server",
                _ => "to client",
            };
            (record.n, record.t / 1000, record.c, what)
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, 0, Some(1), "GET"),
            (2, 10, Some(1), "response"),
            (3, 20, Some(1), "POST"),
            (4, 21, Some(1), "response"),
            (5, 30, Some(1), "GET"),
            (6, 30, Some(1), "response"),
            (7, 30, Some(1), "mark"),
            (8, 50, Some(1), "to server"),
            (9, 60, Some(1), "to client"),
            (10, 70, Some(1), "to client"),
            (11, 800, Some(2), "GET"),
            (12, 800, Some(2), "failed"),
        ]
    );
}

#[test]
fn what_firefox_writes_is_read_too() {
    // Its times have a zone, its bodies are base64 where they are no text, and it knows phases
    // that others don't.
    let har = r#"{"log":{"version":"1.2","creator":{"name":"Firefox","version":"140.0"},"browser":{"name":"Firefox","version":"140.0"},
      "pages":[{"id":"page_1","pageTimings":{"onContentLoad":-50,"onLoad":-25},"startedDateTime":"2026-01-02T04:04:05.000+01:00","title":"x"}],
      "entries":[
      {"startedDateTime":"2026-01-02T04:04:05.200+01:00","request":{"bodySize":0,"method":"GET","url":"https://h/socket.io/?EIO=4&transport=polling&t=1","httpVersion":"HTTP/1.1","headers":[{"name":"Host","value":"h"}],"cookies":[],"queryString":[{"name":"EIO","value":"4"}],"headersSize":300},
       "response":{"status":200,"statusText":"OK","httpVersion":"HTTP/1.1","headers":[],"cookies":[],"content":{"mimeType":"text/plain; charset=UTF-8","size":20,"encoding":"base64","text":"MHsic2lkIjoib25lIn0="},"redirectURL":"","headersSize":200,"bodySize":320},
       "cache":{},"timings":{"blocked":1,"dns":0,"connect":0,"ssl":0,"send":0,"wait":4,"receive":0},"time":5,"_securityState":"secure","serverIPAddress":"127.0.0.1","connection":"443","pageref":"page_1"},
      {"startedDateTime":"2026-01-02T04:04:05.300+01:00","request":{"bodySize":2,"method":"POST","url":"https://h/socket.io/?EIO=4&transport=polling&t=2&sid=one","httpVersion":"HTTP/1.1","headers":[],"cookies":[],"queryString":[],"headersSize":300,"postData":{"mimeType":"text/plain;charset=UTF-8","params":[],"text":"40"}},
       "response":{"status":200,"statusText":"OK","httpVersion":"HTTP/1.1","headers":[],"cookies":[],"content":{"mimeType":"text/html","size":2,"text":"ok"},"redirectURL":"","headersSize":200,"bodySize":2},
       "cache":{},"timings":{"blocked":-1,"dns":0,"connect":0,"ssl":0,"send":0,"wait":1,"receive":0},"time":1,"pageref":"page_1"},
      {"startedDateTime":"2026-01-02T04:04:05.400+01:00","request":{"bodySize":0,"method":"GET","url":"wss://h/socket.io/?EIO=4&transport=websocket&sid=one","httpVersion":"HTTP/1.1","headers":[],"cookies":[],"queryString":[],"headersSize":300},
       "response":{"status":101,"statusText":"Switching Protocols","httpVersion":"HTTP/1.1","headers":[],"cookies":[],"content":{"mimeType":"text/plain","size":0,"text":""},"redirectURL":"","headersSize":200,"bodySize":200},
       "cache":{},"timings":{"blocked":0,"dns":0,"connect":0,"ssl":0,"send":0,"wait":1,"receive":0},"time":1,"pageref":"page_1"}
    ]}}"#;
    let imported = import(har.as_bytes()).unwrap();
    assert_eq!(imported.header.target, "https://h");
    assert_eq!(
        imported.header.started,
        "2026-01-02T03:04:05.200Z".parse().unwrap()
    );
    assert!(imported.records.iter().all(|record| record.c == Some(1)));
    let bodies: Vec<&[u8]> = imported
        .records
        .iter()
        .filter_map(|record| match &record.body {
            Body::Response(response) => Some(&*response.body),
            _ => None,
        })
        .collect();
    assert_eq!(bodies, [&b"0{\"sid\":\"one\"}"[..], b"ok", b""]);
}

#[test]
fn a_file_that_is_cut_or_has_no_socket_io_is_refused_with_the_reason() {
    let cut = import(br#"{"log":{"entries":[{"started"#)
        .unwrap_err()
        .to_string();
    assert!(cut.starts_with("it is no whole HAR file: EOF"), "{cut}");
    let other = br#"{"log":{"entries":[{"startedDateTime":"x","request":{"url":"http://h/"}}]}}"#;
    let other = import(other).unwrap_err().to_string();
    assert!(other.contains("none of its 1 requests"), "{other}");
}

proptest! {
    #[test]
    fn nothing_panics_on_what_a_file_may_hold(text in ".{0,200}", at in 0usize..400) {
        let _ = import(text.as_bytes());
        let whole = export(&header(), &records(r#"{"n":1,"t":1.5,"c":1,"k":"request","x":1,"method":"GET","url":"http://h/socket.io/?EIO=4&transport=websocket","headers":[]}"#));
        let mut bytes = whole.into_bytes();
        if let Some(byte) = bytes.get_mut(at) { *byte = b'"'; }
        let _ = import(&bytes);
    }
}

/// Whole milliseconds, as Firefox writes them: `(start, lasts, method, x-like body)`.
fn firefox(entries: &[(u32, u32, &str, &str)]) -> Vec<u8> {
    let entry = |(start, lasts, method, body): &(u32, u32, &str, &str)| {
        let (post, content) = match *method {
            "POST" => (
                format!(r#","postData":{{"mimeType":"text/plain","text":"{body}"}}"#),
                "ok",
            ),
            _ => (String::new(), *body),
        };
        format!(
            r#"{{"startedDateTime":"2026-01-02T03:04:05.{start:03}+00:00","time":{lasts},"request":{{"method":"{method}","url":"http://h/socket.io/?EIO=4&transport=polling&sid=a","headers":[]{post}}},"response":{{"status":200,"headers":[],"content":{{"size":2,"text":"{content}"}}}}}}"#
        )
    };
    let entries: Vec<String> = entries.iter().map(entry).collect();
    let entries = entries.join(",");
    format!(r#"{{"log":{{"creator":{{"name":"Firefox"}},"entries":[{entries}]}}}}"#).into_bytes()
}

/// What was posted and what polls brought, in the order of the records.
fn order(har: &[u8]) -> Vec<String> {
    let records = import(har).unwrap().records;
    let bodies = records.iter().filter_map(|record| match &record.body {
        Body::Request(request) => Some(&request.body),
        Body::Response(response) => Some(&response.body),
        _ => None,
    });
    let texts = bodies.map(|body| String::from_utf8_lossy(body).into_owned());
    texts
        .filter(|text| !text.is_empty() && text != "ok")
        .collect()
}

#[test]
fn an_answer_stands_behind_the_post_that_it_answers() {
    // The poll that brings the reply ends before the POST is noted; the next poll comes later.
    let har = firefox(&[
        (100, 2, "GET", "reply"),
        (106, 3, "POST", "emit"),
        (140, 9, "GET", "next"),
    ]);
    assert_eq!(order(&har), ["emit", "reply", "next"]);
    // At the same millisecond, too.
    let har = firefox(&[
        (100, 2, "GET", "reply"),
        (102, 3, "POST", "emit"),
        (140, 9, "GET", "next"),
    ]);
    assert_eq!(order(&har), ["emit", "reply", "next"]);
}

#[test]
fn what_is_said_upon_an_answer_right_before_the_next_poll_stays_behind_it() {
    let har = firefox(&[
        (100, 2, "GET", "question"),
        (130, 3, "POST", "reply"),
        (131, 9, "GET", "next"),
        (133, 1, "POST", "later"),
    ]);
    assert_eq!(order(&har), ["question", "reply", "later", "next"]);
}

#[test]
fn an_answer_is_there_before_the_client_polls_again() {
    let har = firefox(&[(100, 30, "GET", "first"), (110, 9, "GET", "second")]);
    assert_eq!(order(&har), ["first", "second"]);
    let records = import(&har).unwrap().records;
    let times: Vec<u64> = records.iter().map(|record| record.t / 1000).collect();
    assert_eq!(times, [0, 10, 10, 19]);
}

#[test]
fn what_a_browser_did_not_save_is_said_and_marked() {
    let socket = |messages: &str| {
        format!(
            r#"{{"startedDateTime":"2026-01-02T03:04:05Z","time":5,"request":{{"method":"GET","url":"wss://h/socket.io/?EIO=4&transport=websocket","headers":[]}},"response":{{"status":101,"content":{{"size":0,"text":""}}}}{messages}}}"#
        )
    };
    let poll = r#"{"startedDateTime":"2026-01-02T03:04:06Z","time":5,"request":{"method":"GET","url":"https://h/socket.io/?EIO=4&transport=polling&sid=b","headers":[]},"response":{"status":200,"content":{"size":7}}}"#;
    let read = |creator: &str, entries: &[&str]| {
        let entries = entries.join(",");
        let har = format!(r#"{{"log":{{"creator":{creator},"entries":[{entries}]}}}}"#);
        let imported = import(har.as_bytes()).unwrap();
        assert_eq!(imported.header.target, "https://h");
        let marks: Vec<String> = imported
            .records
            .into_iter()
            .filter_map(|record| match record.body {
                Body::Mark(mark) => Some(mark.text),
                _ => None,
            })
            .collect();
        (imported.lacks, marks)
    };
    let bare = socket("");
    let (lacks, marks) = read(r#"{"name":"Firefox"}"#, &[&bare, poll]);
    assert_eq!(
        lacks.as_deref(),
        Some(
            "it has none of the messages of 1 WebSocket: Firefox does not save them (Chromium, \
             mitmproxy and sioscope tap do); the body of 1 response is not in it: Firefox had let \
             go of it"
        )
    );
    assert_eq!(
        marks,
        [
            "the file has none of the messages of this WebSocket",
            "the file has not the body of this response"
        ]
    );
    // An open WebSocket on which nothing was said lacks nothing.
    let silent = socket(r#","_webSocketMessages":[]"#);
    assert_eq!(read("7", &[&silent]), (None, Vec::new()));
    let odd = socket(
        r#","_webSocketMessages":[{"type":"error","time":0,"opcode":-1,"data":"Invalid frame header"},{"type":"receive","time":1767323045.27,"opcode":2,"data":"no base64!"}]"#,
    );
    let (lacks, marks) = read("{}", &[&odd]);
    assert_eq!(lacks.as_deref(), Some("1 WebSocket message can't be read"));
    assert_eq!(
        marks,
        ["the browser says of the WebSocket: Invalid frame header"]
    );
}

#[test]
fn an_entry_that_can_not_be_read_is_left_out_and_named() {
    let good = r#"{"startedDateTime":"2026-01-02T03:04:05.2Z","request":{"method":"GET","url":"http://h/socket.io/?EIO=4&transport=polling"},"response":{"status":200}}"#;
    for (bad, why) in [
        (
            r#"{"startedDateTime":"2026-01-02T03:04:05Z","request":null}"#,
            "its request is null, and should be an object",
        ),
        (
            r#"{"startedDateTime":"2026-01-02T03:04:05Z"}"#,
            "it has no request",
        ),
        (r#"{"request":{"url":"x"}}"#, "it has no startedDateTime"),
        ("7", "it is a number, and should be an object"),
        (
            r#"{"startedDateTime":"2026-01-02T03:04:05Z","request":{"url":5}}"#,
            "its request can't be read: invalid type: integer `5`, expected a string",
        ),
        (
            r#"{"startedDateTime":"2026-01-02T03:04:05Z","request":{},"response":[]}"#,
            "its response is a list, and should be an object",
        ),
        (
            r#"{"startedDateTime":"noon","request":{"url":"http://h/?EIO=4&transport=polling"}}"#,
            "its startedDateTime is no time: \"noon\"",
        ),
    ] {
        let note = format!("request 1 of the HAR file is left out: {why}");
        let imported =
            import(format!(r#"{{"log":{{"entries":[{bad},{good}]}}}}"#).as_bytes()).unwrap();
        assert_eq!(imported.lacks.as_deref(), Some(note.as_str()), "{bad}");
        assert_eq!(imported.records.len(), 2, "{:?}", imported.records);
        assert!(
            imported
                .records
                .iter()
                .zip(1..)
                .all(|(record, n)| record.n == n)
        );
        let alone = import(format!(r#"{{"log":{{"entries":[{bad}]}}}}"#).as_bytes());
        let alone = alone.unwrap_err().to_string();
        assert!(
            alone.contains(why) && alone.contains("no other request in it is Socket.IO"),
            "{alone}"
        );
    }
    let list = import(br#"{"log":[1]}"#).unwrap_err().to_string();
    assert!(
        list.contains("where HAR has a log with a list of entries"),
        "{list}"
    );
}
