//! What the clients of a session did.

use std::collections::{BTreeMap, HashMap};

use crate::journal::Record;
use crate::journal::file::{Header, Source};
use crate::journal::record::{Body, Direction, Headers};
use crate::model::decode::Kind;
use crate::model::{Decoder, Packet};

/// Everything that a scenario is made of.
pub(super) struct Gathered {
    decoder: Decoder,
    /// The connections of a session of ours are one client that reconnects.
    one: bool,
    pub(super) clients: BTreeMap<u32, Client>,
    /// Questions that wait for their answer: connection, namespace, id; client and emit.
    asked: HashMap<(u32, String, u64), (u32, usize)>,
    old: bool,
}

/// One client.
#[derive(Default)]
pub(super) struct Client {
    /// URL of its first request.
    pub(super) url: String,
    /// Headers of its first request.
    pub(super) headers: Headers,
    /// Whether it polled, and whether it used a WebSocket.
    pub(super) polled: bool,
    pub(super) upgraded: bool,
    /// Namespaces in the order in which they were joined, with the auth that was shown.
    pub(super) joined: Vec<(String, Option<String>)>,
    /// Its emits.
    pub(super) emits: Vec<Emit>,
    /// Answers to questions of the server.
    pub(super) answers: u64,
    /// When it joined its first namespace, and its last record, in microseconds.
    pub(super) ready: Option<u64>,
    pub(super) ends: u64,
}

/// One event to the server.
pub(super) struct Emit {
    pub(super) n: u64,
    pub(super) t: u64,
    pub(super) nsp: String,
    /// The event's name and its arguments, as raw JSON.
    pub(super) data: String,
    pub(super) binary: bool,
    /// An ack was asked for, and came.
    pub(super) asks: bool,
    pub(super) answered: bool,
}

impl Client {
    /// Notes a namespace, and what was shown to it first.
    fn join(&mut self, nsp: &str, auth: Option<&str>) {
        if !self.joined.iter().any(|(known, _)| known == nsp) {
            self.joined.push((nsp.to_owned(), auth.map(str::to_owned)));
        }
    }
}

impl Gathered {
    pub(super) fn new(header: &Header) -> Gathered {
        Gathered {
            decoder: Decoder::new(header.parser.as_deref()),
            one: matches!(header.source, Source::Client | Source::Replay),
            clients: BTreeMap::new(),
            asked: HashMap::new(),
            old: false,
        }
    }

    /// Whether any connection speaks Engine.IO 3.
    pub(super) fn is_of_generation_2(&self) -> bool {
        self.old
    }

    pub(super) fn take(&mut self, record: &Record) {
        let packets = self.decoder.decode(record);
        let Some(c) = record.c else {
            return;
        };
        self.old |= self.decoder.version(c) == Some(3);
        let key = if self.one { 1 } else { c };
        if let Body::Request(request) = &record.body {
            let client = self.clients.entry(key).or_default();
            if client.url.is_empty() {
                client.url.clone_from(&request.url);
                client.headers.clone_from(&request.headers);
            }
            let websocket = request.url.contains("transport=websocket");
            client.polled |= !websocket;
            client.upgraded |= websocket;
        }
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        client.ends = client.ends.max(record.t);
        for packet in &packets {
            take_packet(key, client, &mut self.asked, record, c, packet);
        }
    }
}

fn take_packet(
    key: u32,
    client: &mut Client,
    asked: &mut HashMap<(u32, String, u64), (u32, usize)>,
    record: &Record,
    c: u32,
    packet: &Packet,
) {
    let Kind::Socket {
        name,
        nsp,
        id,
        data,
        event,
        attachments,
        ..
    } = &packet.kind
    else {
        return;
    };
    let to_server = packet.dir == Direction::ToServer;
    match *name {
        "connect" if to_server => client.join(nsp, data.as_deref()),
        "connect" => {
            client.ready.get_or_insert(record.t);
        }
        "event" | "binary_event" if to_server && event.is_some() => {
            if let Some(id) = id {
                asked.insert((c, nsp.clone(), *id), (key, client.emits.len()));
            }
            client.emits.push(Emit {
                n: record.n,
                t: record.t,
                nsp: nsp.clone(),
                data: data.clone().unwrap_or_default(),
                binary: *attachments > 0,
                asks: id.is_some(),
                answered: false,
            });
        }
        "ack" | "binary_ack" if to_server => client.answers += 1,
        "ack" | "binary_ack" => {
            let question = id.and_then(|id| asked.remove(&(c, nsp.clone(), id)));
            if let Some(emit) = question.and_then(|(_, place)| client.emits.get_mut(place)) {
                emit.answered = true;
            }
        }
        _ => {}
    }
}
