//! Namespaces on one connection: what is known of each, and what an end of the connection leaves.
//!
//! `join.rs` asks to be let in, `reply.rs` takes the server's word on that and its DISCONNECT,
//! `leave.rs` goes.

mod join;
mod leave;
mod reply;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::Machine;
use super::buffer::Buffered;
use crate::client::options::Auth;
use crate::journal::record::{self, Body, NamespaceState};
use crate::protocol::engine::{self, Version};
use crate::protocol::json;
use crate::protocol::socket::{self, recovery};

/// One namespace, across reconnects.
#[derive(Debug, Clone)]
pub(super) struct Namespace {
    pub(super) name: String,
    auth: Option<Auth>,
    /// To be joined whenever the engine is open.
    pub(super) active: bool,
    /// A person left it, or nobody ever asked for it: `connect` does not bring it back.
    pub(super) left: bool,
    /// The server joined it by itself (generation 2's `/`); nobody asked for it.
    implicit: bool,
    pub(super) joined: Joined,
    /// The outstanding CONNECT is not wanted any more: its reply is answered with DISCONNECT.
    abandoned: bool,
    pub(super) socket_sid: Option<String>,
    pid: Option<String>,
    offset: Option<String>,
    /// Next ack id. Never starts again: acks of an old connection can't match new packets.
    pub(super) next_id: u64,
    /// Our questions that wait for an answer.
    pub(super) pending: BTreeMap<u64, super::acks::Question>,
    /// Our questions whose time is up; an answer is late.
    pub(super) timed_out: BTreeMap<u64, Instant>,
    /// The server's questions that wait for our answer.
    pub(super) asks: BTreeMap<u64, Instant>,
    /// Packets that wait until it is joined.
    pub(super) buffer: VecDeque<Buffered>,
}

/// Where a namespace is on the current connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    /// Not joined.
    No,
    /// Its auth is being read.
    ReadingAuth,
    /// CONNECT is unanswered.
    Asked,
    /// The server let us in.
    Yes,
}

impl Namespace {
    pub(super) fn wanted(name: &str, auth: Option<Auth>) -> Namespace {
        Namespace {
            name: name.to_owned(),
            auth,
            active: true,
            left: false,
            implicit: false,
            joined: Joined::No,
            abandoned: false,
            socket_sid: None,
            pid: None,
            offset: None,
            next_id: 0,
            pending: BTreeMap::new(),
            timed_out: BTreeMap::new(),
            asks: BTreeMap::new(),
            buffer: VecDeque::new(),
        }
    }

    /// Its name on the wire. In generation 2 a query may hang on the name.
    pub(super) fn path(&self, version: Version) -> &str {
        path(&self.name, version)
    }
}

/// What tells namespaces apart. In generation 2 a query may hang on the name.
fn path(nsp: &str, version: Version) -> &str {
    match version {
        Version::V3 => engine::url::split_namespace_query(nsp).0,
        Version::V4 => nsp,
    }
}

impl Machine {
    /// A namespace as records name it, which is as packets do.
    pub(super) fn label(&self, nsp: &str) -> String {
        let version = self.link.as_ref().map_or(self.version, |link| link.version);
        path(nsp, version).to_owned()
    }

    /// Index of the namespace that a packet names.
    pub(super) fn find(&self, nsp: &str) -> Option<usize> {
        let version = self.link.as_ref().map_or(self.version, |link| link.version);
        let exact = self.namespaces.iter().position(|it| it.name == nsp);
        exact.or_else(|| {
            let path = path(nsp, version);
            self.namespaces
                .iter()
                .position(|it| it.path(version) == path)
        })
    }

    /// Index of a namespace, made (inactive) where there is none.
    pub(super) fn find_or_add(&mut self, nsp: &str) -> usize {
        if let Some(index) = self.find(nsp) {
            return index;
        }
        let mut namespace = Namespace::wanted(nsp, None);
        namespace.active = false;
        namespace.left = true;
        self.namespaces.push(namespace);
        self.namespaces.len() - 1
    }

    pub(super) fn record_namespace(
        &mut self,
        nsp: &str,
        state: NamespaceState,
        reason: Option<&str>,
    ) {
        self.record_namespace_with(nsp, state, reason, None, None, None);
    }

    fn record_namespace_with(
        &mut self,
        nsp: &str,
        state: NamespaceState,
        reason: Option<&str>,
        sid: Option<String>,
        recovered: Option<bool>,
        data: Option<String>,
    ) {
        let (c, nsp) = (self.c(), self.label(nsp));
        self.record(
            c,
            Body::Namespace(record::Namespace {
                nsp,
                state,
                sid,
                reason: reason.map(str::to_owned),
                recovered,
                data,
            }),
        );
    }

    fn any_active(&self) -> bool {
        self.namespaces.iter().any(|namespace| namespace.active)
    }

    /// The connection ended: what that means for each namespace.
    pub(super) fn drop_namespaces(&mut self, reason: &str) {
        for index in 0..self.namespaces.len() {
            let Some(namespace) = self.namespaces.get_mut(index) else {
                continue;
            };
            let was = namespace.joined;
            namespace.joined = Joined::No;
            namespace.socket_sid = None;
            let abandoned = std::mem::take(&mut namespace.abandoned);
            let nsp = namespace.name.clone();
            self.lose_acks(index);
            if was != Joined::No && !abandoned {
                self.record_namespace(&nsp, NamespaceState::Disconnected, Some(reason));
            }
        }
        self.namespaces.retain(|namespace| !namespace.implicit);
    }

    /// Remembers the recovery offset that ends an event's arguments.
    pub(super) fn note_offset(&mut self, nsp: &str, packet: &socket::Packet<'_>) {
        let Some(index) = self.find(nsp) else { return };
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        if namespace.pid.is_none() {
            return;
        }
        // As the reference does: the last trailing string while a pid is known.
        if let Some(offset) = recovery::split_offset(&packet.args()) {
            namespace.offset = Some(offset.value.into_owned());
        }
    }

    /// Names the namespaces whose CONNECT is unanswered, for the detail of an end: a server cuts
    /// off who joins nothing, and says no reason.
    pub(super) fn unjoined(&self) -> String {
        let waiting: Vec<&str> = self
            .namespaces
            .iter()
            .filter(|namespace| namespace.joined == Joined::Asked && !namespace.abandoned)
            .map(|namespace| namespace.name.as_str())
            .collect();
        match waiting.is_empty() {
            true => String::new(),
            false => format!("; closed before {} was joined", waiting.join(" and ")),
        }
    }
}

/// The text of a raw JSON string.
fn text_of(raw: &str) -> Option<String> {
    json::unescape(raw).map(std::borrow::Cow::into_owned)
}
