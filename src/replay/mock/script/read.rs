//! A script from the records of a session.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::{Cue, End, Line, Names, Part, Say, Script, What};
use crate::journal::Record;
use crate::journal::record::{Body, Connection, ConnectionState, Direction, Opcode, Response};
use crate::model::decode::{Decoder, Kind, Packet};
use crate::protocol::engine::handshake::{DEFAULT_PING_INTERVAL_MS, DEFAULT_PING_TIMEOUT_MS};
use crate::protocol::engine::url::{Transport, split_namespace_query};
use crate::protocol::engine::{Handshake, Revision, Version};
use crate::protocol::json;

/// How many pings are looked at where the handshake does not tell their interval.
const PINGS: usize = 32;

/// Takes the records of a session in order.
#[derive(Debug)]
pub struct Reader {
    script: Script,
    decoder: Decoder,
    within: u64,
    /// When each cue was, in microseconds.
    times: Vec<u64>,
    threads: BTreeMap<u32, Thread>,
    asks: usize,
    lines: usize,
}

/// One connection while it is read.
#[derive(Debug, Default)]
struct Thread {
    part: Option<usize>,
    transport: Option<Transport>,
    opened: Option<u64>,
    handshake: Option<String>,
    cookies: Vec<String>,
    pings: Vec<u64>,
    standings: BTreeMap<String, Standing>,
    /// Cues that asked for an ack: by namespace and id.
    asked: HashMap<(String, u64), usize>,
    /// Questions of the server: by namespace and id.
    questions: HashMap<(String, u64), usize>,
    /// What the end of the connection belongs to.
    last: Option<usize>,
    last_from_server: u64,
    /// The client said its goodbye first.
    left: bool,
    ended: bool,
}

/// A client in a namespace.
#[derive(Debug, Clone, Copy)]
struct Standing {
    join: usize,
    last: usize,
    /// The CONNECT was answered.
    answered: bool,
}

impl Reader {
    /// Reads a session from its start; `parser` is that of its header. See
    /// [`mock`](crate::replay::mock) for `within`.
    pub fn new(parser: Option<&str>, within: Duration) -> Reader {
        Reader {
            script: Script {
                msgpack: parser == Some("msgpack"),
                ..Script::default()
            },
            decoder: Decoder::new(parser),
            within: u64::try_from(within.as_micros()).unwrap_or(u64::MAX),
            times: Vec::new(),
            threads: BTreeMap::new(),
            asks: 0,
            lines: 0,
        }
    }

    /// Takes the next record.
    pub fn take(&mut self, record: &Record) {
        let packets = self.decoder.decode(record);
        let c = record.c.unwrap_or(0);
        let mut thread = self.threads.remove(&c).unwrap_or_default();
        self.take_record(&mut thread, record, &packets);
        for packet in &packets {
            self.take_packet(&mut thread, record, packet);
        }
        self.threads.insert(c, thread);
    }

    /// What was read.
    pub fn finish(mut self) -> Script {
        let mut script = std::mem::take(&mut self.script);
        for (c, thread) in std::mem::take(&mut self.threads) {
            let Some(index) = thread.part else { continue };
            if let Some(part) = script.parts.get_mut(index) {
                let ids = std::mem::take(&mut part.ids);
                *part = self.part(c, thread, ids);
            }
        }
        for (index, cue) in script.cues.iter_mut().enumerate() {
            cue.lines.sort_by_key(|line| line.after);
            match &cue.what {
                What::Event { event, .. } => {
                    let key = (cue.nsp.clone(), event.clone());
                    script.events.entry(key).or_default().push(index);
                }
                What::Answer { ask } => {
                    script.answers.insert(*ask, index);
                }
                What::Join { .. } => {}
            }
        }
        script
    }

    fn part(&self, c: u32, thread: Thread, mut ids: Vec<(String, Names)>) -> Part {
        let version = match self.decoder.version(c) {
            Some(3) => Version::V3,
            _ => Version::V4,
        };
        let text = thread.handshake.as_deref().unwrap_or("{}");
        let told = Handshake::parse(text).ok().map(|decoded| decoded.value);
        let members = json::members(text).unwrap_or_default();
        let us = |ms: Option<u64>, default: u64| ms.unwrap_or(default).saturating_mul(1_000);
        let interval = told.as_ref().map(|told| told.ping_interval_ms);
        let timeout = told.as_ref().map(|told| told.ping_timeout_ms);
        // A python server that pings more than once a second can't announce it.
        let paced = pace(&thread.pings).filter(|_| interval == Some(0));
        let interval = interval.filter(|ms| *ms > 0);
        if let Some(told) = &told {
            ids.push((told.sid.clone(), Names::Engine));
        }
        Part {
            c,
            version,
            revision: self.decoder.revision(c),
            transport: thread.transport.unwrap_or(Transport::Polling),
            handshake: members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            cookies: thread.cookies,
            interval: paced.unwrap_or(us(interval, DEFAULT_PING_INTERVAL_MS)),
            timeout: us(timeout, DEFAULT_PING_TIMEOUT_MS),
            max_payload: told.and_then(|told| told.max_payload),
            ids,
        }
    }

    /// What a record tells beside its packets.
    fn take_record(&mut self, thread: &mut Thread, record: &Record, packets: &[Packet]) {
        match &record.body {
            Body::Request(request) => {
                if let Ok(url) = url::Url::parse(&request.url)
                    && self.script.path.is_empty()
                    && url.query().is_some_and(|query| query.contains("EIO="))
                {
                    self.script.path = url.path().trim_end_matches('/').to_owned();
                }
            }
            Body::Response(response) => {
                let opens = packets
                    .iter()
                    .any(|packet| matches!(packet.kind, Kind::Engine { name: "open", .. }));
                if opens && thread.handshake.is_none() {
                    thread.opened_by(response);
                }
            }
            Body::Frame(frame) => match (frame.op, frame.dir) {
                (Opcode::Close, Direction::ToServer) => thread.left = true,
                (Opcode::Close, Direction::ToClient) => {
                    // 1005 says that there was none; it never crosses.
                    let code = frame.code.filter(|code| *code != 1005);
                    let reason = frame.reason.clone();
                    self.end(thread, record, record.t, End::Close { code, reason });
                }
                _ => {
                    thread.transport.get_or_insert(Transport::Websocket);
                }
            },
            Body::Connection(connection) if connection.state == ConnectionState::Closed => {
                self.closed(thread, record, connection);
            }
            _ => {}
        }
    }

    fn closed(&mut self, thread: &mut Thread, record: &Record, connection: &Connection) {
        let detail = connection.detail.as_deref().unwrap_or_default();
        let not_the_server = detail.starts_with("the client") || detail == "the tap was stopped";
        match connection.reason.as_deref() {
            Some("transport close" | "transport error") if !not_the_server => {
                self.end(thread, record, record.t, End::Cut);
            }
            Some("ping timeout") => {
                let at = thread.last_from_server.saturating_add(1);
                self.end(thread, record, at, End::Silence);
            }
            _ => {}
        }
    }

    fn take_packet(&mut self, thread: &mut Thread, record: &Record, packet: &Packet) {
        if packet.dir == Direction::ToClient {
            thread.last_from_server = record.t;
        }
        match (&packet.kind, packet.dir) {
            (Kind::Engine { name: "open", data }, Direction::ToClient) => {
                self.begin(thread, record.c);
                thread.handshake.get_or_insert_with(|| data.clone());
                thread.opened.get_or_insert(record.t);
            }
            (Kind::Engine { name: "close", .. }, Direction::ToServer) => thread.left = true,
            (Kind::Engine { name: "close", .. }, Direction::ToClient) => {
                let end = End::Close {
                    code: None,
                    reason: None,
                };
                self.end(thread, record, record.t, end);
            }
            (Kind::Engine { name: "ping", data }, Direction::ToClient)
                if thread.pings.len() < PINGS && data.is_empty() =>
            {
                thread.pings.push(record.t);
            }
            (Kind::Socket { nsp, .. }, Direction::ToServer) => {
                self.client_said(thread, record, packet, bare(nsp));
            }
            (Kind::Socket { nsp, .. }, Direction::ToClient) => {
                self.server_said(thread, record, packet, bare(nsp));
            }
            _ => {}
        }
    }

    fn client_said(&mut self, thread: &mut Thread, record: &Record, packet: &Packet, nsp: String) {
        let Kind::Socket {
            name,
            id,
            data,
            event,
            ..
        } = &packet.kind
        else {
            return;
        };
        match *name {
            "connect" => {
                thread.left = false;
                let cue = self.cue(thread, record, &nsp, What::Join { implicit: false });
                thread.standings.insert(nsp, Standing::new(cue, false));
            }
            "disconnect" => {
                thread.standings.remove(&nsp);
                thread.left |= thread.standings.is_empty();
            }
            "event" | "binary_event" => {
                let (Some(event), Some(data)) = (event, data) else {
                    return;
                };
                let standing = self.standing(thread, record, &nsp);
                let what = What::Event {
                    event: event.clone(),
                    data: data.clone(),
                    asked: id.is_some(),
                };
                let last = self.cue(thread, record, &nsp, what);
                if let Some(id) = id {
                    thread.asked.insert((nsp.clone(), *id), last);
                }
                thread.standings.insert(nsp, Standing { last, ..standing });
            }
            "ack" | "binary_ack" => {
                let asked = id.and_then(|id| thread.questions.remove(&(nsp.clone(), id)));
                let Some(ask) = asked else { return };
                let standing = self.standing(thread, record, &nsp);
                let last = self.cue(thread, record, &nsp, What::Answer { ask });
                thread.standings.insert(nsp, Standing { last, ..standing });
            }
            _ => {}
        }
    }

    fn server_said(&mut self, thread: &mut Thread, record: &Record, packet: &Packet, nsp: String) {
        let Kind::Socket {
            name,
            id,
            data,
            attachments,
            ..
        } = &packet.kind
        else {
            return;
        };
        let binary = *attachments > 0;
        let (data, now) = (data.clone(), record.t);
        match *name {
            "connect" => {
                let join = self.let_in(thread, record, &nsp);
                if let (Some(sid), Some(part)) = (data.as_deref().and_then(sid_of), thread.part)
                    && let Some(part) = self.script.parts.get_mut(part)
                {
                    part.ids.push((sid, Names::Socket(nsp)));
                }
                self.line(join, record, now, Say::Connected { data });
            }
            "connect_error" => {
                let Some(standing) = thread.standings.get(&nsp).copied() else {
                    return;
                };
                if !standing.answered {
                    thread.standings.remove(&nsp);
                }
                self.line(standing.join, record, now, Say::Refused { data });
            }
            "event" | "binary_event" => {
                let Some(data) = data else { return };
                let ask = id.map(|id| {
                    let ask = self.asks;
                    self.asks = self.asks.saturating_add(1);
                    thread.questions.insert((nsp.clone(), id), ask);
                    ask
                });
                let standing = self.standing(thread, record, &nsp);
                let cue = self.owner(standing, now);
                self.line(cue, record, now, Say::Event { data, binary, ask });
            }
            "ack" | "binary_ack" => {
                if let Some(cue) = id.and_then(|id| thread.asked.remove(&(nsp, id))) {
                    self.line(cue, record, now, Say::Ack { data, binary });
                }
            }
            "disconnect" => {
                if let Some(standing) = thread.standings.remove(&nsp) {
                    let cue = self.owner(standing, now);
                    self.line(cue, record, now, Say::Disconnect);
                }
            }
            _ => {}
        }
    }

    /// The server let the client into a namespace; gives the join that this answers.
    fn let_in(&mut self, thread: &mut Thread, record: &Record, nsp: &str) -> usize {
        let asked = thread.standings.get(nsp).copied();
        let standing = asked.filter(|standing| !standing.answered);
        let join = match standing {
            Some(standing) => standing.join,
            None => {
                let implicit = nsp == "/";
                let cue = self.cue(thread, record, nsp, What::Join { implicit });
                // It followed from the handshake alone.
                if let (Some(time), Some(opened)) = (self.times.get_mut(cue), thread.opened) {
                    *time = opened;
                }
                cue
            }
        };
        let last = standing.map_or(join, |standing| standing.last);
        let answered = true;
        thread.standings.insert(
            nsp.to_owned(),
            Standing {
                join,
                last,
                answered,
            },
        );
        join
    }

    /// The cue that something said unasked belongs to.
    fn owner(&self, standing: Standing, t: u64) -> usize {
        let last = self.times.get(standing.last).copied().unwrap_or(t);
        if t.saturating_sub(last) <= self.within {
            standing.last
        } else {
            standing.join
        }
    }

    /// The client's standing in a namespace; where the recording began after it was joined, it
    /// counts as joined now.
    fn standing(&mut self, thread: &mut Thread, record: &Record, nsp: &str) -> Standing {
        if let Some(standing) = thread.standings.get(nsp) {
            return *standing;
        }
        let implicit = nsp == "/";
        let cue = self.cue(thread, record, nsp, What::Join { implicit });
        self.line(cue, record, record.t, Say::Connected { data: None });
        let standing = Standing::new(cue, true);
        thread.standings.insert(nsp.to_owned(), standing);
        standing
    }

    fn end(&mut self, thread: &mut Thread, record: &Record, at: u64, end: End) {
        if thread.left || std::mem::replace(&mut thread.ended, true) {
            return;
        }
        let newest = thread.standings.values().max_by_key(|one| one.last);
        let after = thread.last.map(|last| Standing::new(last, true));
        if let Some(standing) = newest.copied().or(after) {
            let cue = self.owner(standing, at);
            self.line(cue, record, at, Say::End(end));
        }
    }

    fn begin(&mut self, thread: &mut Thread, c: Option<u32>) -> usize {
        if let Some(part) = thread.part {
            return part;
        }
        let part = self.script.parts.len();
        // Filled in at the end.
        self.script.parts.push(Part {
            c: c.unwrap_or(0),
            version: Version::V4,
            revision: Revision::default(),
            transport: Transport::Polling,
            handshake: Vec::new(),
            cookies: Vec::new(),
            interval: 0,
            timeout: 0,
            max_payload: None,
            ids: Vec::new(),
        });
        thread.part = Some(part);
        part
    }

    fn cue(&mut self, thread: &mut Thread, record: &Record, nsp: &str, what: What) -> usize {
        let part = self.begin(thread, record.c);
        let index = self.script.cues.len();
        self.script.cues.push(Cue {
            n: record.n,
            part,
            nsp: nsp.to_owned(),
            what,
            lines: Vec::new(),
        });
        self.times.push(record.t);
        thread.last = Some(index);
        index
    }

    fn line(&mut self, cue: usize, record: &Record, at: u64, say: Say) {
        self.lines = self.lines.saturating_add(1);
        let time = self.times.get(cue).copied().unwrap_or(at);
        if let Some(cue) = self.script.cues.get_mut(cue) {
            cue.lines.push(Line {
                n: record.n,
                place: self.lines,
                after: at.saturating_sub(time),
                say,
            });
        }
    }
}

impl Thread {
    fn opened_by(&mut self, response: &Response) {
        self.transport = Some(Transport::Polling);
        for (name, value) in &response.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                self.cookies.push(value.clone());
            }
        }
    }
}

impl Standing {
    fn new(cue: usize, answered: bool) -> Standing {
        Standing {
            join: cue,
            last: cue,
            answered,
        }
    }
}

/// A namespace without the query that a 2.x client writes into it.
fn bare(nsp: &str) -> String {
    split_namespace_query(nsp).0.to_owned()
}

/// The `sid` of a CONNECT's object.
fn sid_of(data: &str) -> Option<String> {
    let members = json::members(data)?;
    let (_, raw) = members
        .into_iter()
        .find(|(key, _)| json::unescape(key).as_deref() == Some("sid"))?;
    json::unescape(raw).map(|sid| sid.into_owned())
}

/// The median of the times between pings.
fn pace(pings: &[u64]) -> Option<u64> {
    let mut gaps: Vec<u64> = pings
        .windows(2)
        .filter_map(|pair| match pair {
            [one, other] => other.checked_sub(*one),
            _ => None,
        })
        .filter(|gap| *gap > 0)
        .collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}
