//! A HAR file as the records of a session.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;

use super::entry::{Entry, Har, Message, Named, OwnEntry, OwnLog};
use crate::journal::file::{Header, Source, parse_header_line};
use crate::journal::line::parse_line;
use crate::journal::record::{
    Body, Direction, Frame, Headers, Opcode, Record, Request, Response, Timing,
};

/// What is wrong with a HAR file.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// It is no HAR file, or a cut one.
    #[error("it is no whole HAR file: {0}")]
    Json(#[from] serde_json::Error),
    /// It has no Socket.IO in it.
    #[error(
        "it is a HAR file without Socket.IO: none of its {entries} requests has EIO and transport \
         in its query"
    )]
    Nothing {
        /// Requests in it.
        entries: usize,
    },
    /// Something that sioscope itself wrote into it can't be read.
    #[error("its _sioscope part can't be read: {0}")]
    Own(String),
    /// A time that can't be read.
    #[error("request {number} has a startedDateTime that can't be read: {time:?}")]
    Time {
        /// The entry, from 1.
        number: usize,
        /// What stands there.
        time: String,
    },
}

/// A session out of a file of another tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Its first line.
    pub header: Header,
    /// Its records, numbered from 1.
    pub records: Vec<Record>,
}

/// Reads a HAR file. Requests that are not Engine.IO's are left out.
///
/// # Errors
/// See [`HarError`].
pub fn import(text: &[u8]) -> Result<Imported, HarError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let har: Har = serde_json::from_slice(text)?;
    match har.log.own {
        Some(own) => again(own, har.log.entries),
        None => of_browser(&har.log.entries),
    }
}

/// A session that was exported: each line gets back what its entry holds.
fn again(own: OwnLog, entries: Vec<Entry>) -> Result<Imported, HarError> {
    let wrong = |error: &dyn std::fmt::Display| HarError::Own(error.to_string());
    let header = parse_header_line(&own.header).map_err(|error| wrong(&error))?;
    let read = |line: &str| parse_line(line.as_bytes(), 0).map_err(|error| wrong(&error));
    let mut records = Vec::new();
    for line in &own.records {
        records.push(read(line)?);
    }
    for entry in entries {
        let mut entry = entry;
        let Some(own) = entry.own.take() else {
            continue;
        };
        let OwnEntry {
            request,
            response,
            messages,
            url,
        } = own;
        if let Some(line) = request {
            let mut record = read(&line)?;
            if let Body::Request(request) = &mut record.body {
                request.method.clone_from(&entry.request.method);
                request.url = url.unwrap_or_else(|| entry.request.url.clone());
                request.headers = headers(&entry.request.headers);
                request.body = posted(&entry);
            }
            records.push(record);
        }
        if let Some(line) = response {
            let mut record = read(&line)?;
            if let Body::Response(response) = &mut record.body {
                response.headers = headers(&entry.response.headers);
                response.body = content(&entry);
            }
            records.push(record);
        }
        let sent = entry.messages.unwrap_or_default();
        for (line, message) in messages.iter().zip(&sent) {
            let mut record = read(line)?;
            if let (Body::Frame(frame), Some((_, data))) = (&mut record.body, payload(message))
                && frame.data.is_empty()
            {
                frame.data = data;
            }
            records.push(record);
        }
    }
    records.sort_by_key(|record| record.n);
    Ok(Imported { header, records })
}

/// Connections of a browser's session, told apart by their sid.
#[derive(Default)]
struct Connections {
    by_sid: HashMap<String, u32>,
    count: u32,
}

impl Connections {
    fn fresh(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    fn of(&mut self, asked: Option<&str>, told: Option<String>) -> u32 {
        let sid = asked.map(str::to_owned).or(told);
        if let Some(c) = sid.as_ref().and_then(|sid| self.by_sid.get(sid)) {
            return *c;
        }
        let c = self.fresh();
        if let Some(sid) = sid {
            self.by_sid.insert(sid, c);
        }
        c
    }
}

fn of_browser(entries: &[Entry]) -> Result<Imported, HarError> {
    let mut wanted = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        let url = &entry.request.url;
        if query_value(url, "EIO").is_none() || query_value(url, "transport").is_none() {
            continue;
        }
        let started: Timestamp = entry.started.parse().map_err(|_| HarError::Time {
            number: place + 1,
            time: entry.started.clone(),
        })?;
        wanted.push((started, entry));
    }
    wanted.sort_by_key(|(started, _)| *started);
    let Some((first, entry)) = wanted.first() else {
        return Err(HarError::Nothing {
            entries: entries.len(),
        });
    };
    // The header's time has milliseconds: what is finer goes into the records.
    let began = Timestamp::from_millisecond(first.as_millisecond()).unwrap_or(*first);
    let header = Header {
        started: began,
        source: Source::Har,
        target: origin(&entry.request.url).to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        parser: None,
    };
    let mut connections = Connections::default();
    let mut records = Vec::new();
    for (x, (started, entry)) in (1..).zip(&wanted) {
        take_entry(
            x,
            since(began, *started),
            began,
            entry,
            &mut connections,
            &mut records,
        );
    }
    // Stable: what came at the same time stays in the order of the file.
    records.sort_by_key(|record| record.t);
    for (n, record) in (1..).zip(&mut records) {
        record.n = n;
    }
    Ok(Imported { header, records })
}

fn take_entry(
    x: u64,
    t: u64,
    began: Timestamp,
    entry: &Entry,
    connections: &mut Connections,
    records: &mut Vec<Record>,
) {
    let url = &entry.request.url;
    let websocket = query_value(url, "transport") == Some("websocket")
        || entry.resource.as_deref() == Some("websocket");
    let messages = entry.messages.as_deref().unwrap_or_default();
    let body = content(entry);
    let told = if websocket {
        messages.iter().filter_map(payload).find_map(|(dir, data)| {
            (dir == Direction::ToClient)
                .then(|| sid_of(&data))
                .flatten()
        })
    } else {
        sid_of(&body)
    };
    let c = connections.of(query_value(url, "sid"), told);
    let mut add = |t, body| {
        records.push(Record {
            n: 0,
            t,
            c: Some(c),
            body,
        })
    };
    add(
        t,
        Body::Request(Request {
            x,
            method: entry.request.method.clone(),
            url: as_http(url),
            headers: headers(&entry.request.headers),
            body: posted(entry),
        }),
    );
    let lasted = entry.time.filter(|ms| *ms >= 0.0);
    let phase = |ms: Option<f64>| ms.filter(|ms| *ms >= 0.0);
    let timing = Timing {
        dns: phase(entry.timings.dns),
        // HAR counts TLS into `connect`.
        connect: phase(entry.timings.connect)
            .map(|connect| (connect - phase(entry.timings.ssl).unwrap_or(0.0)).max(0.0)),
        tls: phase(entry.timings.ssl),
        first_byte: phase(entry.timings.wait),
        total: lasted.filter(|_| !websocket),
    };
    // The time of a WebSocket entry is that of its whole life.
    let opened = if websocket {
        [timing.dns, timing.connect, timing.tls, timing.first_byte]
            .iter()
            .flatten()
            .sum()
    } else {
        lasted.unwrap_or(0.0)
    };
    let first_message = messages.iter().find_map(|message| time_of(message, began));
    let mut answered = t.saturating_add(micros(opened / 1e3));
    if websocket && let Some(first) = first_message {
        answered = answered.min(first.max(t));
    }
    let status = u16::try_from(entry.response.status).unwrap_or(0);
    add(
        answered,
        Body::Response(Response {
            x,
            status,
            headers: headers(&entry.response.headers),
            body,
            timing,
            error: entry
                .response
                .error
                .clone()
                .filter(|error| !error.is_empty())
                .or_else(|| {
                    (status == 0).then(|| "no response: the browser gives no cause".to_owned())
                }),
        }),
    );
    for message in messages {
        let (Some((dir, data)), Some(at)) = (payload(message), time_of(message, began)) else {
            continue;
        };
        let op = if message.opcode.as_f64() == Some(1.0) {
            Opcode::Text
        } else {
            Opcode::Binary
        };
        add(
            at.max(answered),
            Body::Frame(Frame {
                dir,
                op,
                data,
                code: None,
                reason: None,
                wire: None,
            }),
        );
    }
}

/// Which way a message went, and its payload; `None` for an error row and for anything else that
/// is no message.
fn payload(message: &Message) -> Option<(Direction, Bytes)> {
    let dir = match message.kind.as_str()? {
        "send" | "request" => Direction::ToServer,
        "receive" | "response" => Direction::ToClient,
        _ => return None,
    };
    let data = message.data.as_str()?;
    match message.opcode.as_f64()? {
        1.0 => Some((dir, Bytes::copy_from_slice(data.as_bytes()))),
        _ => Some((dir, Bytes::from(STANDARD.decode(data).ok()?))),
    }
}

/// When a message crossed, in microseconds of the session: seconds since the epoch, or (other
/// writers) milliseconds, or an ISO time.
fn time_of(message: &Message, began: Timestamp) -> Option<u64> {
    let began = began.as_microsecond() as f64 / 1e6;
    let seconds = match &message.time {
        serde_json::Value::String(text) => {
            text.parse::<Timestamp>().ok()?.as_microsecond() as f64 / 1e6
        }
        other => other
            .as_f64()
            .map(|time| if time > 1e11 { time / 1e3 } else { time })?,
    };
    Some(micros(seconds - began))
}

fn micros(seconds: f64) -> u64 {
    // A cast from float saturates: what is negative or no number becomes 0.
    (seconds * 1e6).round() as u64
}

fn since(began: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.as_microsecond().saturating_sub(began.as_microsecond())).unwrap_or(0)
}

fn headers(named: &[Named]) -> Headers {
    named
        .iter()
        .map(|header| (header.name.clone(), header.value.clone()))
        .collect()
}

fn posted(entry: &Entry) -> Bytes {
    let Some(post) = &entry.request.post else {
        return Bytes::new();
    };
    if post.encoding.as_deref() == Some("base64") {
        return STANDARD.decode(&post.text).unwrap_or_default().into();
    }
    // Browsers write bytes that are no text as characters of the same number.
    if post.kind.starts_with("application/octet-stream")
        && let Ok(bytes) = post
            .text
            .chars()
            .map(|one| u8::try_from(u32::from(one)))
            .collect::<Result<Vec<u8>, _>>()
    {
        return bytes.into();
    }
    Bytes::copy_from_slice(post.text.as_bytes())
}

fn content(entry: &Entry) -> Bytes {
    let content = &entry.response.content;
    if content.encoding.as_deref() == Some("base64") {
        return STANDARD.decode(&content.text).unwrap_or_default().into();
    }
    Bytes::copy_from_slice(content.text.as_bytes())
}

/// The sid that a handshake tells: the first object in the bytes has one.
pub(in crate::journal) fn sid_of(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Handshake {
        sid: String,
    }
    let at = memchr::memchr(b'{', bytes)?;
    // The type digit of an open packet stands before it.
    if at == 0 || bytes.get(at - 1) != Some(&b'0') {
        return None;
    }
    let object = bytes.get(at..)?;
    let mut objects = serde_json::Deserializer::from_slice(object).into_iter::<Handshake>();
    Some(objects.next()?.ok()?.sid)
}

/// The URL of a WebSocket as that of its upgrade request.
fn as_http(url: &str) -> String {
    match url.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => url.to_owned(),
    }
}

fn origin(url: &str) -> &str {
    let from = url.find("://").map_or(0, |at| at + 3);
    let end = url
        .get(from..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |at| from + at);
    url.get(..end).unwrap_or(url)
}

/// The first value of a query parameter, as it is written.
pub(in crate::journal) fn query_value<'a>(url: &'a str, wanted: &str) -> Option<&'a str> {
    let query = url.split_once('?')?.1;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == wanted).then_some(value)
    })
}
