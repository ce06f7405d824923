//! The entries of a browser as the records of a session.

use std::collections::HashMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::entries::Entries;
use super::entry::{Entry, Message, headers};
use super::import::{HarError, Imported, query_value, sid_of};
use super::lacks::Lacks;
use super::order;
use crate::journal::file::{Header, Source};
use crate::journal::record::{
    Body, Direction, Frame, Mark, Opcode, Record, Request, Response, Timing,
};

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

/// Reads what a browser saved; `writer` is its name.
pub(super) fn session(writer: Option<&str>, mut entries: Entries) -> Result<Imported, HarError> {
    let mut wanted = Vec::new();
    let read = std::mem::take(&mut entries.read);
    for (number, entry) in &read {
        let url = &entry.request.url;
        if query_value(url, "EIO").is_none() || query_value(url, "transport").is_none() {
            continue;
        }
        match entry.started.parse::<Timestamp>() {
            Ok(started) => wanted.push((started, entry)),
            Err(_) => {
                let why = format!("its startedDateTime is no time: {:?}", entry.started);
                entries.leave_out(*number, why);
            }
        }
    }
    wanted.sort_by_key(|(started, _)| *started);
    let Some((first, entry)) = wanted.first() else {
        return Err(match entries.told() {
            Some(told) => HarError::Entries(told),
            None => HarError::Nothing {
                entries: read.len(),
            },
        });
    };
    // The header's time has milliseconds: what is finer goes into the records.
    let began = Timestamp::from_millisecond(first.as_millisecond()).unwrap_or(*first);
    let header = Header {
        started: began,
        source: Source::Har,
        target: origin(&as_http(&entry.request.url)).to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        parser: None,
    };
    let mut reading = Reading {
        began,
        connections: Connections::default(),
        records: Vec::new(),
        lacks: Lacks::default(),
    };
    for (x, (started, entry)) in (1..).zip(&wanted) {
        reading.take(x, since(began, *started), entry);
    }
    let Reading {
        mut records, lacks, ..
    } = reading;
    let whole = |entry: &Entry| entry.time.is_none_or(|ms| ms.fract() == 0.0);
    if wanted.iter().all(|(_, entry)| whole(entry)) {
        order::settle(&mut records);
    }
    // Stable: what came at the same time stays in the order of the file.
    records.sort_by_key(|record| record.t);
    for (n, record) in (1..).zip(&mut records) {
        record.n = n;
    }
    Ok(Imported {
        header,
        records,
        lacks: match (lacks.told(writer), entries.told()) {
            (Some(lacks), Some(left_out)) => Some(format!("{lacks}; {left_out}")),
            (lacks, left_out) => lacks.or(left_out),
        },
    })
}

/// The records as they grow.
struct Reading {
    began: Timestamp,
    connections: Connections,
    records: Vec<Record>,
    lacks: Lacks,
}

impl Reading {
    /// Takes the entry of exchange `x`, which began at `t`.
    fn take(&mut self, x: u64, t: u64, entry: &Entry) {
        let url = &entry.request.url;
        let websocket = query_value(url, "transport") == Some("websocket")
            || entry.resource.as_deref() == Some("websocket");
        let messages = entry.messages.as_deref().unwrap_or_default();
        let body = entry.content();
        let told = if websocket {
            let mut came = messages.iter().filter_map(Message::payload);
            came.find_map(|(dir, data)| {
                let sid = (dir == Direction::ToClient).then(|| sid_of(&data));
                sid.flatten()
            })
        } else {
            sid_of(&body)
        };
        let c = self.connections.of(query_value(url, "sid"), told);
        self.add(
            t,
            c,
            Body::Request(Request {
                x,
                method: entry.request.method.clone(),
                url: as_http(url),
                headers: headers(&entry.request.headers),
                body: entry.posted(),
            }),
        );
        let answered = self.answer(x, t, c, entry, websocket, body);
        let lost = self.lacks.see(entry, websocket);
        if let Some(lost) = lost {
            self.mark(answered, c, lost.to_owned());
        }
        for message in messages {
            self.message(answered, c, message);
        }
    }

    /// Takes the answer; returns when it was there.
    fn answer(
        &mut self,
        x: u64,
        t: u64,
        c: u32,
        entry: &Entry,
        websocket: bool,
        body: Bytes,
    ) -> u64 {
        let lasted = entry.time.filter(|ms| *ms >= 0.0);
        let phase = |ms: Option<f64>| ms.filter(|ms| *ms >= 0.0);
        let timing = Timing {
            dns: phase(entry.timings.dns),
            // HAR counts TLS into `connect`.
            connect: phase(entry.timings.connect)
                .map(|connect| (connect - phase(entry.timings.ssl).unwrap_or(0.0)).max(0.0)),
            // Firefox has 0 where there was none.
            tls: phase(entry.timings.ssl).filter(|ms| *ms > 0.0),
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
        let messages = entry.messages.as_deref().unwrap_or_default();
        let first = messages
            .iter()
            .find_map(|message| time_of(message, self.began));
        let mut answered = t.saturating_add(micros(opened / 1e3));
        if websocket && let Some(first) = first {
            answered = answered.min(first.max(t));
        }
        let status = u16::try_from(entry.response.status).unwrap_or(0);
        let error = entry.response.error.clone();
        self.add(
            answered,
            c,
            Body::Response(Response {
                x,
                status,
                headers: headers(&entry.response.headers),
                body,
                timing,
                error: error.filter(|error| !error.is_empty()).or_else(|| {
                    (status == 0).then(|| "no response: the browser gives no cause".to_owned())
                }),
            }),
        );
        answered
    }

    /// Takes a message of a WebSocket that was open from `opened` on.
    fn message(&mut self, opened: u64, c: u32, message: &Message) {
        let at = time_of(message, self.began);
        if let Some(complaint) = message.complaint() {
            let text = format!("the browser says of the WebSocket: {complaint}");
            self.mark(at.unwrap_or(0).max(opened), c, text);
            return;
        }
        let (Some((dir, data)), Some(at)) = (message.payload(), at) else {
            self.lacks.messages += 1;
            return;
        };
        let op = if message.opcode.as_f64() == Some(1.0) {
            Opcode::Text
        } else {
            Opcode::Binary
        };
        self.add(
            at.max(opened),
            c,
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

    fn mark(&mut self, t: u64, c: u32, text: String) {
        self.add(t, c, Body::Mark(Mark { text }));
    }

    fn add(&mut self, t: u64, c: u32, body: Body) {
        self.records.push(Record {
            n: 0,
            t,
            c: Some(c),
            body,
        });
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
