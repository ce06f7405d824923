//! From polling to WebSocket: probe, pause, `5`, flush. A failed probe is no disconnect.

use super::{ExchangeId, Machine, Output, Phase};
use crate::journal::record::{TransportName, TransportState};
use crate::protocol::engine::{Packet, PacketKind, Version, message};

/// The WebSocket that is tried beside the running polling session.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    pub(super) x: ExchangeId,
    pub(super) stage: Stage,
}

/// How far the upgrade is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The WebSocket is being opened.
    Opening,
    /// `2probe` was sent.
    Probing,
    /// `3probe` came: no new poll or post; those in flight are waited for.
    Pausing,
}

impl Machine {
    /// Starts the upgrade where it is offered and wanted.
    pub(super) fn begin_upgrade(&mut self) {
        let wanted =
            self.options.upgrade && self.options.transports.contains(&TransportName::Websocket);
        let Some(link) = &self.link else { return };
        let offered = link
            .handshake
            .as_ref()
            .is_some_and(|handshake| handshake.upgrades.iter().any(|name| name == "websocket"));
        if !wanted || !offered || link.transport != TransportName::Polling || link.ending.is_some()
        {
            return;
        }
        self.record_transport(TransportName::Websocket, TransportState::Opening, None);
        let Some(x) = self.open_ws() else { return };
        if let Some(link) = &mut self.link {
            link.probe = Some(Probe {
                x,
                stage: Stage::Opening,
            });
        }
    }

    /// The probe's WebSocket is open.
    pub(super) fn probe_opened(&mut self) {
        let Some(probe) = self.link.as_mut().and_then(|link| link.probe.as_mut()) else {
            return;
        };
        probe.stage = Stage::Probing;
        let x = probe.x;
        self.record_transport(TransportName::Websocket, TransportState::Upgrading, None);
        self.send_on(x, &Packet::text(PacketKind::Ping, "probe".to_owned()));
    }

    /// Something came on the probe's WebSocket.
    pub(super) fn probe_heard(&mut self, packet: &Packet<'_>) {
        let Some(probe) = self.link.as_mut().and_then(|link| link.probe.as_mut()) else {
            return;
        };
        if probe.stage != Stage::Probing {
            return;
        }
        if packet.kind == PacketKind::Pong && packet.data.as_text() == Some("probe") {
            probe.stage = Stage::Pausing;
            self.paused();
        } else {
            let got = super::polling::quote(message::encode_text(packet, Version::V4).as_bytes());
            let error = format!("probe error: the server answered {got} instead of 3probe");
            self.upgrade_failed(&error, false);
        }
    }

    /// A GET or POST that the pause waits for has ended.
    pub(super) fn paused(&mut self) {
        let Some(link) = &mut self.link else { return };
        let pausing = link
            .probe
            .as_ref()
            .is_some_and(|probe| probe.stage == Stage::Pausing);
        if !pausing || link.get.is_some() || link.post.is_some() {
            return;
        }
        let Some(probe) = link.probe.take() else {
            return;
        };
        link.transport = TransportName::Websocket;
        link.ws = Some(probe.x);
        self.send_on(probe.x, &Packet::bare(PacketKind::Upgrade));
        self.record_transport(TransportName::Websocket, TransportState::Open, None);
        self.record_transport(TransportName::Polling, TransportState::Closed, None);
        self.flush();
        self.ending_may_go_on();
    }

    /// The upgrade failed; polling goes on. `ended` says that its WebSocket is gone already.
    pub(super) fn upgrade_failed(&mut self, error: &str, ended: bool) {
        let Some(probe) = self.link.as_mut().and_then(|link| link.probe.take()) else {
            return;
        };
        self.record_transport(
            TransportName::Websocket,
            TransportState::Closed,
            Some(error.to_owned()),
        );
        if !ended {
            self.out.push_back(Output::CloseWs { x: probe.x });
        }
        if matches!(self.phase, Phase::Open | Phase::Closing { .. }) {
            self.poll();
            self.flush();
            self.ending_may_go_on();
        }
    }
}
