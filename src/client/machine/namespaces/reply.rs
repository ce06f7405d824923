//! What the server says about a namespace: it lets us in, refuses, or sends us away.

use super::{Joined, text_of};
use crate::client::machine::{Machine, Phase};
use crate::client::options::Eio;
use crate::journal::record::{NamespaceState, TransportName};
use crate::protocol::{engine, json, socket};

impl Machine {
    /// The server let us in.
    pub(in crate::client::machine) fn connected(&mut self, nsp: &str, data: Option<&str>) {
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
    pub(in crate::client::machine) fn refused(&mut self, nsp: &str, data: Option<&str>) {
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

    pub(super) fn fail_join(&mut self, index: usize, reason: &str, data: Option<String>) {
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
    pub(in crate::client::machine) fn server_disconnect(&mut self, nsp: &str) {
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
}

/// Raw value of the last member of that name.
fn member<'a>(members: &[(&'a str, &'a str)], key: &str) -> Option<&'a str> {
    members
        .iter()
        .rev()
        .find(|(name, _)| text_of(name).as_deref() == Some(key))
        .map(|(_, value)| *value)
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
