//! The way in: which namespaces are to be joined, their auth, and CONNECT.

use super::{Joined, text_of};
use crate::client::machine::{Machine, Output, Phase};
use crate::client::options::Auth;
use crate::journal::record::NamespaceState;
use crate::protocol::engine::Version;
use crate::protocol::engine::url::encode_component;
use crate::protocol::{json, socket};

impl Machine {
    /// Joins every namespace that is wanted and not joined.
    pub(in crate::client::machine) fn join_wanted(&mut self) {
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

    pub(in crate::client::machine) fn auth_read(
        &mut self,
        nsp: &str,
        auth: Result<Option<String>, String>,
    ) {
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
    pub(in crate::client::machine) fn join(&mut self, nsp: &str, auth: Option<String>) {
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
