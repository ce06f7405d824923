//! A session read into lines.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::facts::Facts;
use super::form::canonical;
use super::ids::{HOST, Ids, PID, SID};
use super::line::{Line, What};
use super::masks::{Covered, Masks, host_of};
use super::veil::Veil;
use crate::journal::file::{Header, Source};
use crate::journal::record::{Ack, AckState, Body, Direction};
use crate::journal::{Journal, Record, Unreadable};
use crate::model::decode::Kind;
use crate::model::{Decoder, Model, Packet};
use crate::replay::path::Of;

/// A session as it is compared.
#[derive(Debug, Clone)]
pub struct Side {
    /// What wrote the session.
    pub source: Source,
    /// Everything that is compared, in the order of the session (a fact stands where it was
    /// known).
    pub lines: Vec<Line>,
    /// How often what was masked.
    pub covered: Covered,
    /// Records that were read.
    pub records: u64,
    /// Records that the recording lost.
    pub lost: u64,
    /// Lines of the file that are no records.
    pub unreadable: Unreadable,
    /// Its connections, by number.
    pub(super) links: BTreeMap<u32, Link>,
}

/// What is known of one connection, beside its lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Link {
    /// Time of its first record.
    pub(super) first: u64,
    /// Time of its last record.
    pub(super) last: u64,
    pub(super) handshake: Option<usize>,
    pub(super) upgrade: Option<usize>,
    pub(super) websocket: Option<usize>,
    pub(super) end: Option<usize>,
    pub(super) headers: Vec<usize>,
}

/// Reads the records of a session in order.
pub struct Reader<'m> {
    masks: &'m Masks,
    /// Start of the session, in milliseconds since 1970.
    started_ms: f64,
    decoder: Decoder,
    pub(super) model: Model,
    pub(super) ids: Ids,
    pub(super) side: Side,
    pub(super) facts: Facts,
    /// Questions without a reply: connection, namespace, who asked, ack id.
    questions: HashMap<(u32, Arc<str>, Direction, u64), usize>,
    /// The newest reply: connection, namespace, ack id, its line.
    replied: Option<(u32, Arc<str>, u64, usize)>,
    /// Names that occur often are kept once.
    names: HashMap<String, Arc<str>>,
}

impl Side {
    /// Reads a whole session.
    pub fn of(journal: &Journal, masks: &Masks) -> Side {
        let mut reader = Reader::new(&journal.header(), masks);
        journal.scan(1, |record| {
            reader.take(&record);
            ControlFlow::Continue(())
        });
        reader.finish()
    }
}

impl<'m> Reader<'m> {
    /// A reader for the start of a session.
    pub fn new(header: &Header, masks: &'m Masks) -> Reader<'m> {
        let mut ids = Ids::default();
        let own = host_of(&header.target);
        for host in own.iter().chain(&masks.hosts) {
            ids.learn(host, HOST);
        }
        Reader {
            masks,
            started_ms: header.started.as_millisecond() as f64,
            decoder: Decoder::new(header.parser.as_deref()),
            model: Model::default(),
            ids,
            side: Side {
                source: header.source,
                lines: Vec::new(),
                covered: Covered::default(),
                records: 0,
                lost: 0,
                unreadable: Unreadable::default(),
                links: BTreeMap::new(),
            },
            facts: Facts::default(),
            questions: HashMap::new(),
            replied: None,
            names: HashMap::new(),
        }
    }

    /// Reads the next record.
    pub fn take(&mut self, record: &Record) {
        let packets = self.decoder.decode(record);
        self.model.apply(record, &packets);
        self.side.records = self.side.records.saturating_add(1);
        self.side.unreadable.take(record);
        if let Body::Gap(gap) = &record.body {
            self.side.lost = self.side.lost.saturating_add(gap.records);
        }
        if let Some(c) = record.c {
            let link = self.side.links.entry(c).or_insert_with(|| Link {
                first: record.t,
                ..Link::default()
            });
            link.last = link.last.max(record.t);
        }
        if let Body::Ack(ack) = &record.body
            && ack.state == AckState::Late
        {
            self.take_late(record, ack);
        }
        self.take_facts(record, &packets);
        for packet in &packets {
            self.take_packet(record, packet);
        }
        self.take_end(record);
    }

    /// Our client says of a reply that it came too late, right after it came.
    fn take_late(&mut self, record: &Record, ack: &Ack) {
        if let Some((c, nsp, id, place)) = &self.replied
            && *c == record.c.unwrap_or_default()
            && **nsp == *ack.nsp
            && *id == ack.id
            && let Some(reply) = self.side.lines.get_mut(*place)
        {
            reply.late = true;
        }
    }

    /// The session is read.
    pub fn finish(mut self) -> Side {
        self.last_facts();
        self.side
    }

    /// What of single payloads is no difference, as far as the session was read.
    pub fn veil(&self) -> Veil {
        Veil::of(self.masks.clone(), self.ids.clone(), self.started_ms)
    }

    /// The lines so far.
    pub fn lines(&self) -> &[Line] {
        &self.side.lines
    }

    pub(super) fn push(&mut self, line: Line) -> usize {
        self.side.lines.push(line);
        self.side.lines.len().saturating_sub(1)
    }

    pub(super) fn named(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let fresh: Arc<str> = Arc::from(name);
        // A hostile peer could use a new name each time.
        if self.names.len() < 10_000 {
            self.names.insert(name.to_owned(), Arc::clone(&fresh));
        }
        fresh
    }

    fn take_packet(&mut self, record: &Record, packet: &Packet) {
        let (name, nsp, id, data, event, offset) = match &packet.kind {
            Kind::Engine { .. } => return,
            Kind::Undecodable { error, .. } => {
                let name = self.named("undecodable");
                let line = Line {
                    dir: Some(packet.dir),
                    index: Some(packet.index),
                    data: Some(error.clone()),
                    form: error.clone(),
                    name,
                    ..fact(record, What::Undecodable)
                };
                self.push(line);
                return;
            }
            Kind::Socket {
                name,
                nsp,
                id,
                data,
                event,
                offset,
                ..
            } => (*name, nsp, *id, data, event, offset.is_some()),
        };
        let what = match (name, packet.dir) {
            ("connect", Direction::ToServer) => What::Join,
            ("connect", Direction::ToClient) => What::Welcome,
            ("connect_error", _) => What::Refusal,
            ("disconnect", _) => What::Disconnect,
            ("ack" | "binary_ack", _) => What::Reply,
            _ => What::Event,
        };
        // Generation 2 writes a query into the name that is asked for.
        let (nsp, query) = nsp
            .split_once('?')
            .map_or((&**nsp, None), |(nsp, query)| (nsp, Some(query)));
        let nsp = self.named(nsp);
        let c = record.c.unwrap_or_default();
        let question = match (what, id) {
            (What::Reply, Some(id)) => {
                let asked = match packet.dir {
                    Direction::ToClient => Direction::ToServer,
                    Direction::ToServer => Direction::ToClient,
                };
                self.questions.remove(&(c, Arc::clone(&nsp), asked, id))
            }
            _ => None,
        };
        let asked = question.and_then(|place| self.side.lines.get(place));
        let ms = asked.map(|asked| record.t.saturating_sub(asked.t) as f64 / 1e3);
        let name = match (asked, event) {
            (Some(asked), _) => Arc::clone(&asked.name),
            (None, Some(event)) => self.named(event),
            (None, None) => self.named(""),
        };
        if what == What::Welcome {
            self.learn_welcome(data.as_deref());
        }
        let subject = match what {
            What::Join | What::Welcome => "connect",
            What::Refusal => "connect_error",
            _ => &*name,
        };
        let of = Of {
            nsp: &nsp,
            event: subject,
            reply: what == What::Reply,
        };
        let wall_ms = self.started_ms + record.t as f64 / 1e3;
        let raw = Raw {
            what,
            data: data.as_deref().or(query),
            offset,
            recovered: (what == What::Welcome)
                .then(|| self.recovered(record, &nsp))
                .flatten(),
        };
        let form = form_of(
            &raw,
            of,
            self.masks,
            &self.ids,
            wall_ms,
            &mut self.side.covered,
        );
        let asks = what == What::Event && id.is_some();
        let line = Line {
            n: record.n,
            index: Some(packet.index),
            t: record.t,
            c: record.c,
            what,
            nsp: Some(Arc::clone(&nsp)),
            dir: Some(packet.dir),
            name,
            id,
            asks,
            data: data
                .clone()
                .or_else(|| query.map(crate::protocol::json::quote)),
            form,
            question,
            ms,
            late: false,
        };
        let place = self.push(line);
        if let (Some(_), Some(id)) = (question, id) {
            self.replied = Some((c, Arc::clone(&nsp), id, place));
        }
        if let (true, Some(id)) = (asks, id) {
            self.questions.insert((c, nsp, packet.dir, id), place);
        }
    }

    /// Whether the server took the state of a former connection up again, as the model derived it.
    fn recovered(&self, record: &Record, nsp: &str) -> Option<bool> {
        let mut namespaces = self.model.namespaces.iter();
        namespaces
            .find(|namespace| namespace.nsp == nsp && namespace.c == record.c)?
            .recovered
    }

    fn learn_welcome(&mut self, data: Option<&str>) {
        let welcome = data.and_then(|data| serde_json::from_str::<Value>(data).ok());
        for (member, kind) in [("sid", SID), ("pid", PID)] {
            let id = welcome.as_ref().and_then(|data| data.get(member)?.as_str());
            if let Some(id) = id {
                self.ids.learn(id, kind);
            }
        }
    }
}

/// A line of a connection's fact, to be filled.
pub(super) fn fact(record: &Record, what: What) -> Line {
    Line {
        n: record.n,
        index: None,
        t: record.t,
        c: record.c,
        what,
        nsp: None,
        dir: None,
        name: Arc::from(""),
        id: None,
        asks: false,
        data: None,
        form: String::new(),
        question: None,
        ms: None,
        late: false,
    }
}

/// A packet's data, before it is masked.
struct Raw<'a> {
    what: What,
    data: Option<&'a str>,
    /// Its last argument is a recovery offset.
    offset: bool,
    /// Of a welcome: whether the state of a former connection was taken up again.
    recovered: Option<bool>,
}

/// The form in which a packet's data is compared: always a JSON array, unless it is no JSON.
fn form_of(
    raw: &Raw<'_>,
    of: Of<'_>,
    masks: &Masks,
    ids: &Ids,
    wall_ms: f64,
    covered: &mut Covered,
) -> String {
    // No auth and an empty one are the same to a server.
    let data = raw.data.unwrap_or("[]");
    let Ok(value) = serde_json::from_str::<Value>(data) else {
        return data.to_owned();
    };
    let mut root = match (raw.what, value) {
        (What::Event, Value::Array(mut items)) => {
            if !items.is_empty() {
                items.remove(0);
            }
            if raw.offset && items.pop().is_some() {
                covered.add("offsets");
            }
            Value::Array(items)
        }
        (What::Reply, Value::Array(items)) => Value::Array(items),
        (_, Value::Array(items)) if items.is_empty() => Value::Array(items),
        (What::Join, Value::Object(members)) if members.is_empty() => Value::Array(Vec::new()),
        (What::Join, Value::Null) => Value::Array(Vec::new()),
        (What::Join, mut value) => {
            // What a client tells to have its state recovered.
            for (member, mask) in [("pid", PID), ("offset", "‹offset›")] {
                if let Some(told) = value.get_mut(member).filter(|told| told.is_string()) {
                    *told = Value::String(mask.to_owned());
                }
            }
            Value::Array(vec![value])
        }
        (What::Welcome, mut value) => {
            for (member, mask) in [("sid", SID), ("pid", PID)] {
                if let Some(told) = value.get_mut(member) {
                    *told = Value::String(mask.to_owned());
                }
            }
            Value::Array(vec![value])
        }
        (_, value) => Value::Array(vec![value]),
    };
    masks.apply(of, &mut root, ids, wall_ms, covered);
    if let (Value::Array(items), Some(recovered)) = (&mut root, raw.recovered) {
        items.push(json!({ "recovered": recovered }));
    }
    canonical(&root)
}
