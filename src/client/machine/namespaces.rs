//! Namespaces on one connection: join, leave, CONNECT, refusal, recovery.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::buffer::Buffered;
use super::{Machine, Output, Phase};
use crate::client::options::{Auth, Eio};
use crate::journal::record::{self, Body, NamespaceState, TransportName};
use crate::protocol::engine::url::encode_component;
use crate::protocol::engine::{Packet, Version};
use crate::protocol::socket::{self, recovery};
use crate::protocol::{engine, json};

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

    /// Joins every namespace that is wanted and not joined.
    pub(super) fn join_wanted(&mut self) {
        if self.phase != Phase::Open {
            return;
        }
        for index in 0..self.namespaces.len() {
            if self
                .namespaces
                .get(index)
                .is_some_and(|namespace| namespace.active && namespace.joined == Joined::No)
            {
                self.ask_to_join(index);
            }
        }
        self.flush();
    }

    /// Reads the auth where it has to be read, and sends CONNECT.
    fn ask_to_join(&mut self, index: usize) {
        let old = self.old();
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let source = namespace.auth.clone().or_else(|| self.options.auth.clone());
        let nsp = namespace.name.clone();
        match source {
            Some(_) if old => {
                if !std::mem::replace(&mut self.auth_told, true) {
                    self.notice(
                        "Engine.IO 3 has no auth payload, so none is sent: give the token as a \
                         query (-q token=… or -n '/admin?token=…')"
                            .to_owned(),
                    );
                }
                self.send_connect(index, None);
            }
            None => self.send_connect(index, None),
            Some(Auth::Json(text)) => self.send_connect(index, Some(text)),
            Some(source) => {
                namespace.joined = Joined::ReadingAuth;
                self.out.push_back(Output::ReadAuth { nsp, source });
            }
        }
    }

    pub(super) fn auth_read(&mut self, nsp: &str, auth: Result<Option<String>, String>) {
        let Some(index) = self.find(nsp) else { return };
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        if namespace.joined != Joined::ReadingAuth {
            return;
        }
        namespace.joined = Joined::No;
        match auth {
            Ok(auth) => {
                self.send_connect(index, auth);
                self.flush();
            }
            Err(error) => {
                let reason = format!("the auth could not be read: {error}");
                self.notice(format!("{nsp}: {reason}"));
                self.fail_join(index, &reason, None);
            }
        }
    }

    fn send_connect(&mut self, index: usize, auth: Option<String>) {
        let old = self.old();
        if old && self.is_double(index) {
            return;
        }
        let query = socket_query(&self.endpoint.query);
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        namespace.joined = Joined::Asked;
        namespace.abandoned = false;
        let nsp = namespace.name.clone();
        if old {
            // The server joins `/` by itself; a query of the URL hangs on every other name.
            if nsp != "/" {
                let target = if nsp.contains('?') || query.is_empty() {
                    nsp.clone()
                } else {
                    format!("{nsp}?{query}")
                };
                let packets = self.encode(socket::PacketKind::Connect, &target, None, None);
                self.queue_all(packets);
            }
        } else {
            let payload = merged_auth(namespace.pid.as_deref(), namespace.offset.as_deref(), auth);
            let packets = self.encode(socket::PacketKind::Connect, &nsp, None, payload.as_deref());
            self.queue_all(packets);
        }
        self.record_namespace(&nsp, NamespaceState::Joining, None);
    }

    /// In generation 2 `/a` and `/a?x=1` are one namespace: a second CONNECT for it would make
    /// the server drop the connection. True, and given up, for the one that comes second.
    fn is_double(&mut self, index: usize) -> bool {
        let Some(wanted) = self.namespaces.get(index) else {
            return true;
        };
        let name = wanted.name.clone();
        let other = self.namespaces.iter().enumerate().find(|(at, it)| {
            *at != index
                && it.joined != Joined::No
                && it.path(Version::V3) == wanted.path(Version::V3)
        });
        let Some((_, other)) = other else {
            return false;
        };
        let text = format!(
            "{name} is the same namespace as {} on this server",
            other.name
        );
        if let Some(namespace) = self.namespaces.get_mut(index) {
            namespace.active = false;
        }
        self.notice(text);
        true
    }

    /// Joins a namespace at any time, again with other auth if it was refused or left.
    pub(super) fn join(&mut self, nsp: &str, auth: Option<String>) {
        let is_object = |text: &str| json::validate(text) == Ok(json::Shape::Object);
        if auth.as_deref().is_some_and(|text| !is_object(text)) {
            return self.notice(format!(
                "{nsp} is not joined: its auth must be a JSON object such as {{\"token\":\"…\"}}"
            ));
        }
        let index = self.find_or_add(nsp);
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        if let Some(auth) = auth {
            namespace.auth = Some(Auth::Json(auth));
        }
        // Generation 2: joined again with another query, where that of before was refused.
        if nsp.contains('?') && namespace.joined == Joined::No {
            namespace.name = nsp.to_owned();
        }
        namespace.active = true;
        namespace.left = false;
        namespace.implicit = false;
        let joined = namespace.joined;
        let abandoned = namespace.abandoned;
        self.stopped = false;
        match self.phase {
            Phase::Open => match joined {
                Joined::No => {
                    self.ask_to_join(index);
                    self.flush();
                }
                // The reply to the abandoned CONNECT will be answered with DISCONNECT, and a
                // fresh CONNECT follows: never two at once, which would kill the connection.
                Joined::Asked if abandoned => {}
                Joined::Asked | Joined::ReadingAuth => {
                    self.notice(format!("{nsp} is being joined already"))
                }
                Joined::Yes => self.notice(format!("{nsp} is joined already")),
            },
            Phase::Idle => self.open(None),
            Phase::Opening { .. } | Phase::Closing { .. } | Phase::Waiting { .. } => {}
        }
    }

    /// Leaves a namespace; the last one takes the connection with it.
    pub(super) fn leave(&mut self, nsp: &str) {
        let Some(index) = self.find(nsp) else {
            return self.notice(format!("{nsp} is not joined"));
        };
        if !self.leave_one(index) {
            return self.notice(format!("{nsp} is not joined"));
        }
        self.flush();
        if self.any_active() {
            return;
        }
        match self.phase {
            Phase::Open => self.end("io client disconnect", String::new()),
            Phase::Opening { .. } | Phase::Waiting { .. } => self.disconnect(),
            Phase::Idle | Phase::Closing { .. } => {}
        }
    }

    /// Leaves every namespace, for a disconnect. They stay wanted for a later `connect`.
    pub(super) fn leave_all(&mut self) {
        for index in 0..self.namespaces.len() {
            let Some(namespace) = self.namespaces.get(index) else {
                continue;
            };
            let active = namespace.active;
            self.leave_one(index);
            if let Some(namespace) = self.namespaces.get_mut(index) {
                namespace.active = active;
                namespace.left = !active && namespace.left;
            }
        }
        self.flush();
    }

    fn leave_one(&mut self, index: usize) -> bool {
        let version = self.link.as_ref().map_or(self.version, |link| link.version);
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return false;
        };
        let left_already = namespace.joined == Joined::No || namespace.abandoned;
        if !namespace.active && left_already {
            return false;
        }
        let was = namespace.joined;
        namespace.active = false;
        namespace.left = true;
        namespace.socket_sid = None;
        let nsp = namespace.name.clone();
        let path = namespace.path(version).to_owned();
        match was {
            Joined::Yes => {
                namespace.joined = Joined::No;
                let packets = self.encode(socket::PacketKind::Disconnect, &path, None, None);
                self.queue_all(packets);
            }
            Joined::Asked => namespace.abandoned = true,
            Joined::ReadingAuth | Joined::No => namespace.joined = Joined::No,
        }
        if was != Joined::No {
            self.lose_acks(index);
            self.record_namespace(
                &nsp,
                NamespaceState::Disconnected,
                Some("io client disconnect"),
            );
        }
        true
    }

    /// The server let us in.
    pub(super) fn connected(&mut self, nsp: &str, data: Option<&str>) {
        let old = self.old();
        let members = data.and_then(json::members).unwrap_or_default();
        let text = |key: &str| member(&members, key).and_then(text_of);
        let (sid, pid) = (text("sid"), text("pid"));
        if !old && sid.is_none() {
            return self.connected_without_sid(nsp, data);
        }
        let engine_sid = self
            .link
            .as_ref()
            .and_then(|link| link.handshake.as_ref())
            .map(|h| h.sid.clone())
            .unwrap_or_default();
        let index = match self.find(nsp) {
            Some(index) => index,
            None if old && nsp == "/" => {
                let index = self.find_or_add("/");
                if let Some(namespace) = self.namespaces.get_mut(index) {
                    namespace.implicit = true;
                    namespace.joined = Joined::Asked;
                }
                index
            }
            None => {
                return self.notice(format!(
                    "the server let us into {nsp}, which nobody asked for; ignored"
                ));
            }
        };
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        let unasked = matches!(namespace.joined, Joined::No | Joined::ReadingAuth);
        if unasked && !(old && nsp == "/") {
            return self.notice(format!(
                "the server let us into {nsp}, which was not asked for now; ignored"
            ));
        }
        if namespace.abandoned {
            namespace.abandoned = false;
            namespace.joined = Joined::No;
            let packets = self.encode(socket::PacketKind::Disconnect, nsp, None, None);
            self.queue_all(packets);
            self.join_wanted();
            return self.flush();
        }
        let recovered = match (&namespace.pid, &pid) {
            (None, None) => None,
            (before, now) => Some(before.is_some() && before == now),
        };
        namespace.pid = pid;
        namespace.joined = Joined::Yes;
        let sid = match sid {
            Some(sid) => sid,
            None if nsp == "/" => engine_sid,
            None => format!("{nsp}#{engine_sid}"),
        };
        namespace.socket_sid = Some(sid.clone());
        let name = namespace.name.clone();
        self.record_namespace_with(
            &name,
            NamespaceState::Connected,
            None,
            Some(sid),
            recovered,
            None,
        );
        self.flush_buffer(index);
    }

    /// A CONNECT reply without a socket id: a server of the older generation, or a broken one.
    fn connected_without_sid(&mut self, nsp: &str, data: Option<&str>) {
        if data.is_none()
            && nsp == "/"
            && self
                .link
                .as_ref()
                .is_some_and(|link| link.transport == TransportName::Websocket)
        {
            let evidence = "it joined / by itself, without a socket id";
            if self.options.eio == Eio::Auto {
                // The WebSocket is closed, which ends that session: no ghost is left.
                return self.other_generation(engine::Version::V3, evidence, None);
            }
            let reason =
                "It seems you are trying to reach a Socket.IO server in v2.x with a v3.x client";
            self.notice(format!("{reason}: {evidence}. Use --eio 3 or --eio auto"));
            if let Some(index) = self.find(nsp) {
                self.fail_join(index, reason, None);
            }
            return;
        }
        let Some(index) = self.find(nsp) else { return };
        self.fail_join(
            index,
            "the server's CONNECT reply lacks a socket id (sid)",
            data.map(str::to_owned),
        );
    }

    /// CONNECT_ERROR.
    pub(super) fn refused(&mut self, nsp: &str, data: Option<&str>) {
        let (message, extra) = refusal(data);
        // The refusal of a CONNECT that was abandoned says nothing about the one that is wanted.
        if let Some(namespace) = self.find(nsp).and_then(|at| self.namespaces.get_mut(at))
            && std::mem::take(&mut namespace.abandoned)
        {
            namespace.joined = Joined::No;
            return self.join_wanted();
        }
        // In generation 2 an error for `/` is an error for everything on this connection.
        if self.old() && nsp == "/" {
            for index in 0..self.namespaces.len() {
                if self
                    .namespaces
                    .get(index)
                    .is_some_and(|namespace| namespace.active && namespace.joined != Joined::Yes)
                {
                    self.mark_refused(index, &message, extra.clone());
                }
            }
        } else if let Some(index) = self.find(nsp) {
            self.mark_refused(index, &message, extra);
        } else {
            return;
        }
        self.close_if_alone();
    }

    fn fail_join(&mut self, index: usize, reason: &str, data: Option<String>) {
        self.mark_refused(index, reason, data);
        self.close_if_alone();
    }

    fn mark_refused(&mut self, index: usize, message: &str, data: Option<String>) {
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        namespace.joined = Joined::No;
        namespace.active = false;
        namespace.abandoned = false;
        namespace.socket_sid = None;
        let nsp = namespace.name.clone();
        self.lose_acks(index);
        self.record_namespace_with(
            &nsp,
            NamespaceState::Refused,
            Some(message),
            None,
            None,
            data,
        );
    }

    /// When nothing is joined or wanted any more, the client closes the engine itself.
    fn close_if_alone(&mut self) {
        if !self.any_active() && self.phase == Phase::Open {
            self.end(
                "forced close",
                "the server refused the only namespace; nothing else needs this connection"
                    .to_owned(),
            );
        }
    }

    /// DISCONNECT from the server.
    pub(super) fn server_disconnect(&mut self, nsp: &str) {
        let Some(index) = self.find(nsp) else { return };
        let Some(namespace) = self.namespaces.get_mut(index) else {
            return;
        };
        if namespace.joined == Joined::No {
            return;
        }
        namespace.joined = Joined::No;
        namespace.active = false;
        namespace.abandoned = false;
        namespace.socket_sid = None;
        let implicit = namespace.implicit;
        let nsp = namespace.name.clone();
        self.lose_acks(index);
        self.record_namespace(
            &nsp,
            NamespaceState::Disconnected,
            Some("io server disconnect"),
        );
        if !self.any_active() && !implicit && self.phase == Phase::Open {
            // The server goes on pinging for ever after this: the client has to close.
            self.end(
                "io server disconnect",
                "the server sent DISCONNECT; there is no retry until connect".to_owned(),
            );
        }
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

    /// Queues packets that are contiguous on the wire.
    pub(super) fn queue_all(&mut self, packets: Vec<Packet<'static>>) {
        for packet in packets {
            self.queue(packet);
        }
    }

    /// State of the connection in words, for notices.
    pub(super) fn state_word(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "disconnected",
            Phase::Opening { .. } => "connecting",
            Phase::Open => "connected",
            Phase::Closing { .. } => "closing",
            Phase::Waiting { .. } => "waiting for the next attempt",
        }
    }
}

/// The CONNECT payload: recovery's `pid` and `offset` first, the auth's members over them
/// (the merge order of the reference).
fn merged_auth(pid: Option<&str>, offset: Option<&str>, auth: Option<String>) -> Option<String> {
    let Some(pid) = pid else { return auth };
    let mut members: Vec<(String, String)> = vec![("pid".to_owned(), json::quote(pid))];
    if let Some(offset) = offset {
        members.push(("offset".to_owned(), json::quote(offset)));
    }
    for (key, value) in auth.as_deref().and_then(json::members).unwrap_or_default() {
        let key = text_of(key).unwrap_or_default();
        match members.iter_mut().find(|(name, _)| *name == key) {
            Some(member) => member.1 = value.to_owned(),
            None => members.push((key, value.to_owned())),
        }
    }
    let members: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("{}:{value}", json::quote(key)))
        .collect();
    Some(format!("{{{}}}", members.join(",")))
}

/// The query that generation 2 hangs on the name of a namespace.
fn socket_query(query: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in query {
        if !text.is_empty() {
            text.push('&');
        }
        encode_component(name, &mut text);
        text.push('=');
        encode_component(value, &mut text);
    }
    text
}

/// Raw value of the last member of that name.
fn member<'a>(members: &[(&'a str, &'a str)], key: &str) -> Option<&'a str> {
    members
        .iter()
        .rev()
        .find(|(name, _)| text_of(name).as_deref() == Some(key))
        .map(|(_, value)| *value)
}

/// The text of a raw JSON string.
fn text_of(raw: &str) -> Option<String> {
    json::unescape(raw).map(std::borrow::Cow::into_owned)
}

/// Message and data of a CONNECT_ERROR in all the shapes that servers use.
fn refusal(data: Option<&str>) -> (String, Option<String>) {
    const GENERIC: &str = "the server refused without saying why";
    let Some(data) = data else {
        return (GENERIC.to_owned(), None);
    };
    if let Some(text) = text_of(data) {
        return (text, None);
    }
    let members = json::members(data).unwrap_or_default();
    match member(&members, "message").and_then(text_of) {
        Some(message) => (message, member(&members, "data").map(str::to_owned)),
        None => (data.to_owned(), Some(data.to_owned())),
    }
}
