//! A recorded session as what its client did, and what came of it. **Pure.**

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::fact::{Event, Fact, Listener, What, name_of};
use super::setup::{Given, Setup, Withheld, is_masked};
use crate::client::Options;
use crate::journal::Record;
use crate::journal::file::{Header, Source};
use crate::replay::diff::Veil;

/// What a client did, in order, and what came of it. Times count from the server's first answer
/// to a join.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The handshake, and what goes with it.
    pub setup: Setup,
    /// What the client did after the handshake.
    pub steps: Vec<Step>,
    /// Its answers to what the server asked.
    pub answers: Vec<Answer>,
    /// What came from the server.
    pub expected: Vec<Expected>,
    /// When the client left, or the recording ended.
    pub end: Duration,
    /// Numbers of the connections that are played: one, and those that the same client made later.
    pub connections: Vec<u32>,
    /// Only these namespaces are played, where some were named.
    pub only: Vec<String>,
    /// Packets of the client that could not be read and are not played.
    pub unreadable: u64,
    /// Answers whose question is not in the recording; they are not played.
    pub unasked: u64,
    /// What of its payloads is no difference.
    pub veil: Veil,
}

impl Script {
    /// Puts the recorded handshake under the options that were given, and takes out of the script
    /// what another host must not see; see [`Setup::apply`].
    pub fn prepare(&mut self, options: &mut Options, given: Given, trusted: bool) -> Withheld {
        let named = options.namespaces.clone();
        let mut withheld = self.setup.apply(options, given, trusted);
        for step in &mut self.steps {
            let Deed::Join { nsp, auth } = &mut step.deed else {
                continue;
            };
            let name = name_of(nsp).to_owned();
            let own = named.iter().find(|one| {
                name_of(&one.nsp) == name && (one.auth.is_some() || one.nsp.contains('?'))
            });
            if let Some(own) = own.filter(|_| given.namespaces) {
                // The client then knows it when the script joins.
                if !options.namespaces.iter().any(|one| one.nsp == own.nsp) {
                    options.namespaces.push(own.clone());
                }
                nsp.clone_from(&own.nsp);
                *auth = None;
            } else if options.auth.is_some() {
                *auth = None;
            } else if auth.as_deref().is_some_and(is_masked)
                || (!trusted && (auth.is_some() || nsp.contains('?')))
            {
                *auth = None;
                *nsp = name.clone();
                if !withheld.auth.contains(&name) {
                    withheld.auth.push(name);
                }
            }
        }
        withheld
    }

    /// Names of the namespaces that are joined at some time.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        let joins = self.setup.joins.iter().map(|(nsp, _)| name_of(nsp));
        let later = self.steps.iter().filter_map(|step| match &step.deed {
            Deed::Join { nsp, .. } => Some(name_of(nsp)),
            _ => None,
        });
        joins.chain(later).collect()
    }

    /// How often the client reconnected.
    pub fn reconnects(&self) -> usize {
        self.connections.len().saturating_sub(1)
    }

    /// How many events are emitted.
    pub fn emits(&self) -> usize {
        let emit = |step: &&Step| matches!(step.deed, Deed::Emit(_));
        self.steps.iter().filter(emit).count()
    }
}

/// Something that the client did.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Record in which it did so.
    pub n: u64,
    /// When.
    pub at: Duration,
    /// What came last before it: its place in [`Script::expected`].
    pub after: Option<usize>,
    /// What it did.
    pub deed: Deed,
}

/// What a client can do by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Join a namespace with this auth.
    Join {
        /// Namespace, with its query in generation 2.
        nsp: String,
        /// Auth, raw JSON.
        auth: Option<String>,
    },
    /// Leave a namespace.
    Leave {
        /// Namespace.
        nsp: String,
    },
    /// Emit an event.
    Emit(Event),
    /// End the connection.
    Disconnect,
    /// Make it again.
    Connect,
}

impl std::fmt::Display for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Deed::Join { nsp, .. } => write!(f, "join {}", name_of(nsp)),
            Deed::Leave { nsp } => write!(f, "leave {nsp}"),
            Deed::Disconnect => f.write_str("disconnect"),
            Deed::Connect => f.write_str("connect"),
            Deed::Emit(event) => write!(f, "emit {:?} on {}", event.event, event.nsp),
        }
    }
}

/// An answer to what the server asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Record in which it was given.
    pub n: u64,
    /// The question: its place in [`Script::expected`].
    pub ask: usize,
    /// How long after the question.
    pub delay: Duration,
    /// Arguments, a raw JSON array.
    pub args: String,
}

/// Something that came from the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Record in which it came.
    pub n: u64,
    /// When.
    pub at: Duration,
    /// What.
    pub reply: Reply,
}

/// What can come from a server.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// It let us into a namespace.
    Joined {
        /// Namespace.
        nsp: String,
    },
    /// It refused.
    Refused {
        /// Namespace.
        nsp: String,
        /// The refusal's data, raw JSON.
        data: String,
    },
    /// It put us out of a namespace.
    Dropped {
        /// Namespace.
        nsp: String,
    },
    /// It emitted.
    Event(Event),
    /// It answered an emit.
    Ack {
        /// Namespace.
        nsp: String,
        /// Name of the event that was emitted.
        event: String,
        /// The emit: its place in [`Script::steps`].
        step: usize,
        /// Arguments, a raw JSON array.
        args: String,
    },
}

impl Reply {
    /// The namespace it came on.
    pub fn nsp(&self) -> &str {
        match self {
            Reply::Joined { nsp }
            | Reply::Refused { nsp, .. }
            | Reply::Dropped { nsp }
            | Reply::Ack { nsp, .. }
            | Reply::Event(Event { nsp, .. }) => nsp,
        }
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reply::Joined { nsp } => write!(f, "the way into namespace {nsp}"),
            Reply::Refused { nsp, .. } => write!(f, "the refusal of namespace {nsp}"),
            Reply::Dropped { nsp } => write!(f, "the server's disconnect from namespace {nsp}"),
            Reply::Event(event) => write!(f, "event {:?} on {}", event.event, event.nsp),
            Reply::Ack { nsp, event, .. } => write!(f, "the ack of {event:?} on {nsp}"),
        }
    }
}

/// Why a session can't be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// Nothing of Socket.IO in it.
    #[error(
        "there is nothing to play: it holds no Socket.IO packet{}",
        if *.records == 0 { " (nor any other record)" } else { "" }
    )]
    Nothing {
        /// Records that it has.
        records: u64,
    },
    /// No such connection, or none that has packets.
    #[error("it has no connection {wanted} with Socket.IO packets; those that have are {}", list(.have))]
    NoConnection {
        /// The number that was asked for.
        wanted: u32,
        /// Numbers that could be.
        have: Vec<u32>,
    },
    /// No such namespace in it.
    #[error("namespace {wanted} is not in it; its namespaces are {}", .have.join(", "))]
    NoNamespace {
        /// The name that was asked for.
        wanted: String,
        /// Names that could be.
        have: Vec<String>,
    },
}

fn list(numbers: &[u32]) -> String {
    let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
    words.join(", ")
}

/// Reads a session, record by record, and makes the script of it.
#[derive(Debug)]
pub struct Reader {
    one_client: bool,
    target: String,
    msgpack: bool,
    listener: Listener,
    facts: Vec<Fact>,
    setups: BTreeMap<u32, Setup>,
    records: u64,
}

impl Reader {
    /// For a session with this header.
    pub fn new(header: &Header) -> Reader {
        Reader {
            one_client: matches!(header.source, Source::Client | Source::Replay),
            target: header.target.clone(),
            msgpack: header.parser.as_deref() == Some("msgpack"),
            listener: Listener::new(header),
            facts: Vec::new(),
            setups: BTreeMap::new(),
            records: 0,
        }
    }

    /// Takes the next record in.
    pub fn take(&mut self, record: &Record) {
        self.records = self.records.saturating_add(1);
        let key = record.c.unwrap_or(0);
        self.setups.entry(key).or_default().take(&record.body);
        self.facts.extend(self.listener.take(record));
    }

    /// The script of that connection, or of the first one that has packets (and of what the same
    /// client did on later ones, where the session is of one client).
    ///
    /// `only`: of these namespaces alone, where some are named.
    ///
    /// # Errors
    /// There is nothing to play.
    pub fn finish(
        mut self,
        connection: Option<u32>,
        only: &[String],
    ) -> Result<Script, ScriptError> {
        let speaks = |what: &What| !matches!(what, What::Closed { .. } | What::Unreadable);
        let mut have: Vec<u32> = Vec::new();
        for fact in self.facts.iter().filter(|fact| speaks(&fact.what)) {
            let c = fact.c.unwrap_or(0);
            if !have.contains(&c) {
                have.push(c);
            }
        }
        let Some(first) = have.first().copied() else {
            return Err(ScriptError::Nothing {
                records: self.records,
            });
        };
        let chosen = match connection {
            Some(wanted) if !have.contains(&wanted) => {
                return Err(ScriptError::NoConnection { wanted, have });
            }
            Some(wanted) => vec![wanted],
            None if self.one_client => have,
            None => vec![first],
        };
        let connection = chosen.first().copied().unwrap_or(first);
        let names: BTreeSet<&str> = self
            .facts
            .iter()
            .filter(|fact| chosen.contains(&fact.c.unwrap_or(0)))
            .filter_map(|fact| fact.what.nsp())
            .collect();
        if let Some(wanted) = only.iter().find(|nsp| !names.contains(name_of(nsp))) {
            return Err(ScriptError::NoNamespace {
                wanted: wanted.clone(),
                have: names.into_iter().map(str::to_owned).collect(),
            });
        }
        let named: Vec<String> = only.iter().map(|nsp| name_of(nsp).to_owned()).collect();
        let only: BTreeSet<&str> = only.iter().map(|nsp| name_of(nsp)).collect();
        let mut setup = self.setups.remove(&connection).unwrap_or_default();
        setup.eio = self.listener.version(connection);
        setup.msgpack = self.msgpack;
        setup.target = self.target;
        let of: BTreeSet<u32> = chosen.iter().copied().collect();
        let facts = self
            .facts
            .into_iter()
            .filter(|fact| of.contains(&fact.c.unwrap_or(0)))
            .filter(|fact| only.is_empty() || fact.what.nsp().is_none_or(|nsp| only.contains(nsp)));
        let mut writer = Writer::new(setup);
        facts.for_each(|fact| writer.take(fact));
        let mut script = writer.finish();
        script.connections = chosen;
        script.veil = self.listener.veil().clone();
        script.only = named;
        Ok(script)
    }
}

/// Puts a script together, fact by fact.
struct Writer {
    script: Script,
    /// Session time of the server's first answer to a join.
    zero: Option<Duration>,
    /// Connection of the newest fact.
    c: Option<u32>,
    /// The newest connection was ended by the client.
    ended: bool,
    /// Namespaces that the client is in, or asked to be in.
    wanted: BTreeSet<String>,
    /// Those it was in when the connection was lost, and has not joined again yet.
    again: BTreeSet<String>,
    /// Emits that wait for an ack: place of their step, by namespace and id.
    asked: BTreeMap<(String, u64), (usize, String)>,
    /// Questions of the server: their place in `expected`, by namespace and id.
    asks: BTreeMap<(String, u64), usize>,
    last: Duration,
}

impl Writer {
    fn new(setup: Setup) -> Writer {
        Writer {
            script: Script {
                setup,
                ..Script::default()
            },
            zero: None,
            c: None,
            ended: false,
            wanted: BTreeSet::new(),
            again: BTreeSet::new(),
            asked: BTreeMap::new(),
            asks: BTreeMap::new(),
            last: Duration::ZERO,
        }
    }

    fn time(&self, at: Duration) -> Duration {
        self.zero
            .map_or(Duration::ZERO, |zero| at.saturating_sub(zero))
    }

    fn take(&mut self, fact: Fact) {
        self.last = fact.at;
        if self.c.is_some() && self.c != fact.c && !matches!(fact.what, What::Closed { .. }) {
            self.next_connection(&fact);
        }
        if self.c.is_none() {
            self.c = fact.c;
        }
        let n = fact.n;
        let at = self.time(fact.at);
        match fact.what {
            What::Unreadable => {
                self.script.unreadable = self.script.unreadable.saturating_add(1);
            }
            What::Closed { ours } => self.closed(n, at, ours, fact.c),
            What::Join { nsp, auth } => self.join(n, at, nsp, auth),
            What::Leave { nsp } => {
                self.wanted.remove(&nsp);
                self.step(n, at, Deed::Leave { nsp });
            }
            What::Emit(event) => {
                if let Some(id) = event.id {
                    let place = self.script.steps.len();
                    self.asked
                        .insert((event.nsp.clone(), id), (place, event.event.clone()));
                }
                self.step(n, at, Deed::Emit(event));
            }
            What::Answer { nsp, id, args } => self.answer(n, at, nsp, id, args),
            What::Joined { nsp } => {
                self.zero.get_or_insert(fact.at);
                self.wanted.insert(nsp.clone());
                // Joined again because the connection was new: nothing that the script asks for.
                if !self.again.remove(&nsp) {
                    self.came(n, fact.at, Reply::Joined { nsp });
                }
            }
            What::Refused { nsp, data } => {
                self.zero.get_or_insert(fact.at);
                self.wanted.remove(&nsp);
                self.came(n, fact.at, Reply::Refused { nsp, data });
            }
            What::Dropped { nsp } => {
                self.wanted.remove(&nsp);
                self.came(n, fact.at, Reply::Dropped { nsp });
            }
            What::Event(event) => {
                if let Some(id) = event.id {
                    let place = self.script.expected.len();
                    self.asks.insert((event.nsp.clone(), id), place);
                }
                self.came(n, fact.at, Reply::Event(event));
            }
            What::Ack { nsp, id, args } => {
                if let Some((step, event)) = self.asked.remove(&(nsp.clone(), id)) {
                    let reply = Reply::Ack {
                        nsp,
                        event,
                        step,
                        args,
                    };
                    self.came(n, fact.at, reply);
                }
            }
        }
    }

    /// The same client goes on on another connection.
    fn next_connection(&mut self, fact: &Fact) {
        self.c = fact.c;
        // In generation 2 nothing is said to get into the root: the connection itself is the wish,
        // where nothing was left that would have made the client come back.
        let by_hand = self.script.setup.eio == Some(3) && self.wanted.is_empty();
        if std::mem::replace(&mut self.ended, false) || by_hand {
            let at = self.time(fact.at);
            self.step(fact.n, at, Deed::Connect);
        }
        self.again.clone_from(&self.wanted);
        // What the server asked before is not asked any more.
        self.asks.clear();
    }

    fn closed(&mut self, n: u64, at: Duration, ours: bool, c: Option<u32>) {
        if ours && c == self.c && !self.ended {
            self.ended = true;
            self.step(n, at, Deed::Disconnect);
        }
    }

    fn join(&mut self, n: u64, at: Duration, nsp: String, auth: Option<String>) {
        let name = name_of(&nsp).to_owned();
        if self.again.contains(&name) {
            return;
        }
        let auth = auth.and_then(|auth| own_auth(&auth));
        self.wanted.insert(name);
        // Before the client did anything else or was answered, this belongs to the handshake;
        // in generation 2 the server's word on `/` is no answer.
        let answered = self.script.expected.iter().any(|expected| {
            !(self.script.setup.eio == Some(3)
                && matches!(&expected.reply, Reply::Joined { nsp } if nsp == "/"))
        });
        if self.script.steps.is_empty() && !answered {
            self.script.setup.joins.push((nsp, auth));
        } else {
            self.step(n, at, Deed::Join { nsp, auth });
        }
    }

    fn answer(&mut self, n: u64, at: Duration, nsp: String, id: u64, args: String) {
        let asked = self.asks.remove(&(nsp, id));
        let expected = asked.and_then(|ask| Some((ask, self.script.expected.get(ask)?)));
        match expected {
            Some((ask, expected)) => {
                let delay = at.saturating_sub(expected.at);
                self.script.answers.push(Answer {
                    n,
                    ask,
                    delay,
                    args,
                });
            }
            None => self.script.unasked = self.script.unasked.saturating_add(1),
        }
    }

    fn step(&mut self, n: u64, at: Duration, deed: Deed) {
        let after = self.script.expected.len().checked_sub(1);
        self.script.steps.push(Step { n, at, after, deed });
    }

    fn came(&mut self, n: u64, at: Duration, reply: Reply) {
        let at = self.time(at);
        self.script.expected.push(Expected { n, at, reply });
    }

    fn finish(mut self) -> Script {
        self.script.end = self.time(self.last);
        // How the client left: the replay leaves by itself.
        while let Some(step) = self.script.steps.last()
            && matches!(step.deed, Deed::Leave { .. } | Deed::Disconnect)
            // What came later was still waited for.
            && step.after == self.script.expected.len().checked_sub(1)
        {
            self.script.end = step.at;
            self.script.steps.pop();
        }
        let script = &mut self.script;
        if script.setup.eio == Some(3) {
            // Joined without being asked for; named only where it is used.
            let root = script
                .steps
                .iter()
                .any(|step| matches!(&step.deed, Deed::Emit(event) if event.nsp == "/"));
            if (root || script.setup.joins.is_empty())
                && !script.setup.joins.iter().any(|(nsp, _)| nsp == "/")
            {
                script.setup.joins.insert(0, ("/".to_owned(), None));
            }
        }
        self.script
    }
}

/// An auth payload without what the client adds for recovery; `None` where nothing is left.
fn own_auth(auth: &str) -> Option<String> {
    let members = crate::protocol::json::members(auth)?;
    let is = |name: &str| {
        let quoted = format!("\"{name}\"");
        members
            .iter()
            .any(|(key, value)| *key == quoted && value.starts_with('"'))
    };
    let recovers = is("pid") && is("offset");
    let own: Vec<String> = members
        .iter()
        .filter(|(key, _)| !(recovers && matches!(*key, "\"pid\"" | "\"offset\"")))
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    (!own.is_empty()).then(|| format!("{{{}}}", own.join(",")))
}

#[cfg(test)]
mod tests;
