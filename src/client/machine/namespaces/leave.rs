//! The way out, as a person asks for it.

use super::Joined;
use crate::client::machine::{Machine, Phase};
use crate::journal::record::NamespaceState;
use crate::protocol::socket;

impl Machine {
    /// Leaves a namespace; the last one takes the connection with it.
    pub(in crate::client::machine) fn leave(&mut self, nsp: &str) {
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
    pub(in crate::client::machine) fn leave_all(&mut self) {
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
}
