//! The records of a session as a HAR file that browsers import.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::import::query_value;
use crate::journal::file::Header;
use crate::journal::line::write_line;
use crate::journal::record::{
    Body, Direction, Frame, Headers, Opcode, Record, Request, Response, Timing,
};

/// An entry as it grows.
struct Entry<'a> {
    asked: &'a Record,
    request: &'a Request,
    answer: Option<(&'a Record, &'a Response)>,
    messages: Vec<(&'a Record, &'a Frame)>,
    /// Time of its newest record.
    until: u64,
}

/// Writes a session as a HAR file (its text, with a line break at its end).
pub fn export(header: &Header, records: &[Record]) -> String {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    // By exchange, and the newest WebSocket of each connection.
    let mut by_exchange: BTreeMap<u64, usize> = BTreeMap::new();
    let mut sockets: BTreeMap<Option<u32>, usize> = BTreeMap::new();
    let mut others: Vec<&Record> = Vec::new();
    for record in records {
        match &record.body {
            Body::Request(request) => {
                by_exchange.insert(request.x, entries.len());
                if query_value(&request.url, "transport") == Some("websocket") {
                    sockets.insert(record.c, entries.len());
                }
                entries.push(Entry {
                    asked: record,
                    request,
                    answer: None,
                    messages: Vec::new(),
                    until: record.t,
                });
                continue;
            }
            Body::Response(response) => {
                let entry = by_exchange
                    .get(&response.x)
                    .and_then(|at| entries.get_mut(*at))
                    .filter(|entry| entry.answer.is_none());
                if let Some(entry) = entry {
                    entry.answer = Some((record, response));
                    entry.until = record.t;
                    continue;
                }
            }
            Body::Frame(frame) if matches!(frame.op, Opcode::Text | Opcode::Binary) => {
                let entry = sockets.get(&record.c).and_then(|at| entries.get_mut(*at));
                if let Some(entry) = entry {
                    entry.messages.push((record, frame));
                    entry.until = record.t;
                    continue;
                }
            }
            _ => {}
        }
        others.push(record);
    }
    let har = json!({"log": {
        "version": "1.2",
        "creator": {"name": "sioscope", "version": env!("CARGO_PKG_VERSION")},
        "pages": [],
        "entries": entries.iter().map(|entry| entry_of(header, entry)).collect::<Vec<_>>(),
        "_sioscope": {
            "header": header.to_line(),
            "records": others.iter().map(|record| line(record)).collect::<Vec<_>>(),
        },
    }});
    let mut text = serde_json::to_string_pretty(&har).unwrap_or_default();
    text.push('\n');
    text
}

fn entry_of(header: &Header, entry: &Entry<'_>) -> Value {
    let request = entry.request;
    let socket = query_value(&request.url, "transport") == Some("websocket");
    let mut own = json!({"request": line(&Record {
        body: Body::Request(Request { x: request.x, ..Request::default() }),
        ..entry.asked.clone()
    })});
    let response = match entry.answer {
        Some((record, response)) => {
            own["response"] = Value::String(line(&Record {
                body: Body::Response(Response {
                    headers: Headers::new(),
                    body: Bytes::new(),
                    ..response.clone()
                }),
                ..record.clone()
            }));
            answer_of(response)
        }
        None => answer_of(&Response::default()),
    };
    let timing = entry
        .answer
        .map(|(_, response)| response.timing)
        .unwrap_or_default();
    let url = if socket {
        as_ws(&request.url)
    } else {
        request.url.clone()
    };
    let mut value = json!({
        "_resourceType": if socket { "websocket" } else { "xhr" },
        "startedDateTime": iso(header.started, entry.asked.t),
        "time": entry.until.saturating_sub(entry.asked.t) as f64 / 1e3,
        "request": {
            "method": request.method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "headers": named(&request.headers),
            "queryString": query(&request.url),
            "cookies": [],
            "headersSize": -1,
            "bodySize": request.body.len(),
        },
        "response": response,
        "cache": {},
        "timings": timings(&timing, entry.until.saturating_sub(entry.asked.t) as f64 / 1e3),
        "connection": entry.asked.c.map_or_else(String::new, |c| c.to_string()),
    });
    if !request.body.is_empty() {
        value["request"]["postData"] = posted(request);
    }
    if socket {
        // HAR has the URL as `ws`; the session has what was asked for over HTTP.
        own["url"] = Value::String(request.url.clone());
        value["_webSocketMessages"] = entry
            .messages
            .iter()
            .map(|(record, frame)| message(header, record, frame))
            .collect();
        own["messages"] = entry
            .messages
            .iter()
            .map(|(record, frame)| Value::String(frame_line(record, frame)))
            .collect();
    }
    value["_sioscope"] = own;
    value
}

/// The line of a frame without its payload, unless the payload is text that JSON can't hold.
fn frame_line(record: &Record, frame: &Frame) -> String {
    let holds = frame.op == Opcode::Binary || std::str::from_utf8(&frame.data).is_ok();
    if !holds {
        return line(record);
    }
    line(&Record {
        body: Body::Frame(Frame {
            data: Bytes::new(),
            ..frame.clone()
        }),
        ..record.clone()
    })
}

fn message(header: &Header, record: &Record, frame: &Frame) -> Value {
    let (opcode, data) = match frame.op {
        Opcode::Text => (1, String::from_utf8_lossy(&frame.data).into_owned()),
        _ => (2, STANDARD.encode(&frame.data)),
    };
    let time = header
        .started
        .as_microsecond()
        .saturating_add_unsigned(record.t) as f64
        / 1e6;
    json!({
        "type": if frame.dir == Direction::ToServer { "send" } else { "receive" },
        "time": time,
        "opcode": opcode,
        "data": data,
    })
}

fn answer_of(response: &Response) -> Value {
    let kind = header_of(&response.headers, "content-type").unwrap_or("x-unknown");
    let mut content = json!({"size": response.body.len(), "mimeType": kind});
    match std::str::from_utf8(&response.body) {
        Ok(text) => content["text"] = Value::String(text.to_owned()),
        Err(_) => {
            content["text"] = Value::String(STANDARD.encode(&response.body));
            content["encoding"] = Value::String("base64".to_owned());
        }
    }
    let mut value = json!({
        "status": response.status,
        "statusText": status_text(response.status),
        "httpVersion": "HTTP/1.1",
        "headers": named(&response.headers),
        "cookies": [],
        "content": content,
        "redirectURL": header_of(&response.headers, "location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": response.body.len(),
    });
    if let Some(error) = &response.error {
        value["_error"] = Value::String(error.clone());
    }
    value
}

/// HAR wants `send`, `wait` and `receive` always, -1 for other phases that did not happen, and
/// counts TLS into `connect`.
fn timings(timing: &Timing, whole: f64) -> Value {
    let connect = match (timing.connect, timing.tls) {
        (Some(connect), tls) => connect + tls.unwrap_or(0.0),
        (None, Some(tls)) => tls,
        (None, None) => -1.0,
    };
    let wait = timing.first_byte.unwrap_or(0.0);
    let before = timing.dns.unwrap_or(0.0) + connect.max(0.0) + wait;
    json!({
        "blocked": -1,
        "dns": timing.dns.unwrap_or(-1.0),
        "connect": connect,
        "ssl": timing.tls.unwrap_or(-1.0),
        "send": 0,
        "wait": wait,
        "receive": (timing.total.unwrap_or(whole) - before).max(0.0),
    })
}

fn posted(request: &Request) -> Value {
    let kind = header_of(&request.headers, "content-type").unwrap_or_default();
    match std::str::from_utf8(&request.body) {
        Ok(text) if !kind.starts_with("application/octet-stream") => {
            json!({"mimeType": kind, "text": text})
        }
        _ => json!({
            "mimeType": kind,
            "text": STANDARD.encode(&request.body),
            "_encoding": "base64",
        }),
    }
}

fn line(record: &Record) -> String {
    let mut out = Vec::new();
    write_line(&mut out, record);
    String::from_utf8_lossy(&out).into_owned()
}

fn named(headers: &Headers) -> Value {
    headers
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect()
}

fn query(url: &str) -> Value {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({"name": name, "value": value})
        })
        .collect()
}

fn header_of<'a>(headers: &'a Headers, wanted: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

fn as_ws(url: &str) -> String {
    match url.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        _ => url.to_owned(),
    }
}

fn iso(started: Timestamp, t: u64) -> String {
    let t = SignedDuration::from_micros(i64::try_from(t).unwrap_or(i64::MAX));
    let at = started.checked_add(t).unwrap_or(started);
    format!("{at:.6}")
}

/// The reason phrase of a status that occurs here.
fn status_text(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Payload Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
