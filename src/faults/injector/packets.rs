//! One Engine.IO packet, whichever transport it crosses on.

use std::time::Instant;

use super::lane::{Info, Unit, way};
use super::source::{Hit, Moment};
use super::{Effects, InPlace, Injector};
use crate::faults::Fault;
use crate::faults::verdict::{End, Place, RequestKind};
use crate::journal::record::{Direction, TransportName};
use crate::protocol::engine::{Packet, PacketKind, Version};

/// The way of pings and of pongs in a generation.
pub(super) fn heartbeat_way(kind: PacketKind, version: Version) -> Option<Direction> {
    match (kind, version) {
        (PacketKind::Ping, Version::V4) | (PacketKind::Pong, Version::V3) => {
            Some(Direction::ToClient)
        }
        (PacketKind::Pong, Version::V4) | (PacketKind::Ping, Version::V3) => {
            Some(Direction::ToServer)
        }
        _ => None,
    }
}

impl Injector {
    /// What becomes of a packet; `None` passes it as it is.
    pub(super) fn packet(
        &mut self,
        now: Instant,
        place: &Place,
        dir: Direction,
        request: Option<RequestKind>,
        packet: &Packet<'_>,
        effects: &mut Effects,
    ) -> Option<Vec<Packet<'static>>> {
        let moment = Moment {
            dir: Some(dir),
            request,
            ..Moment::default()
        };
        match packet.kind {
            PacketKind::Ping | PacketKind::Pong if packet.data.as_text() == Some("probe") => {
                let answer = packet.kind == PacketKind::Pong && dir == Direction::ToClient;
                let hit = answer.then(|| {
                    self.first(place, &moment, |source| source.fault == Fault::AbortUpgrade)
                })??;
                effects.told.push(hit.told(
                    "kept the answer to the probe from the client and cut the WebSocket (FIN)",
                ));
                effects.then = Some(End::Fin);
                Some(Vec::new())
            }
            PacketKind::Ping | PacketKind::Pong => {
                self.heartbeat(place, dir, &moment, packet, effects)
            }
            PacketKind::Close if dir == Direction::ToClient => {
                let deaf = self.connections.get(&place.c)?.deaf.clone()?;
                effects
                    .told
                    .push(deaf.told("kept the server's close packet from the client"));
                effects.silent = true;
                Some(Vec::new())
            }
            PacketKind::Message => self.message_packet(now, place, dir, request, packet, effects),
            PacketKind::Open | PacketKind::Close | PacketKind::Upgrade | PacketKind::Noop => None,
        }
    }

    fn heartbeat(
        &mut self,
        place: &Place,
        dir: Direction,
        moment: &Moment<'_>,
        packet: &Packet<'_>,
        effects: &mut Effects,
    ) -> Option<Vec<Packet<'static>>> {
        if heartbeat_way(packet.kind, place.version) != Some(dir) {
            return None;
        }
        let wanted = match packet.kind {
            PacketKind::Ping => Fault::Deaf,
            _ => Fault::NoPong,
        };
        let hit = self.first(place, moment, |source| source.fault == wanted)?;
        let whom = match dir {
            Direction::ToServer => "the server",
            Direction::ToClient => "the client",
        };
        effects
            .told
            .push(hit.told(format!("kept a {} from {whom}", packet.kind.name())));
        // In Engine.IO 3 the noop that takes a pong's place in a poll is a sign of life, and the
        // server, unpinged from then on, may end the connection first.
        if wanted == Fault::Deaf || place.version == Version::V3 {
            self.connection(place).deaf = Some(hit);
        }
        Some(Vec::new())
    }

    fn message_packet(
        &mut self,
        now: Instant,
        place: &Place,
        dir: Direction,
        request: Option<RequestKind>,
        packet: &Packet<'_>,
        effects: &mut Effects,
    ) -> Option<Vec<Packet<'static>>> {
        let lane = self.connection(place).lane(dir);
        lane.transport = Some(place.transport);
        if lane.awaits_attachment(packet) {
            return lane.attachment(packet);
        }
        let holds = lane.holds();
        let Some(info) = Info::read(packet) else {
            // Bytes that are no packet: a rule for any message may still fit.
            return None;
        };
        let moment = Moment {
            dir: Some(dir),
            request,
            nsp: Some(&info.nsp),
            event: info.event.as_deref(),
        };
        let websocket = place.transport == TransportName::Websocket;
        let hit = self.first(place, &moment, |source| match source.fault {
            // By hand they strike by themselves, and with `request` they look at requests.
            Fault::Drop | Fault::Reset | Fault::Freeze => {
                !source.by_hand() && source.when.request.is_none()
            }
            Fault::Close(_) => !source.by_hand() && websocket,
            Fault::Oversize => !source.by_hand() && websocket && dir == Direction::ToServer,
            Fault::Garbage => !source.by_hand() && dir == Direction::ToClient,
            Fault::SplitAttachment => info.attachments > 0,
            Fault::Duplicate => info.kind.is_event(),
            Fault::Reorder => info.kind.is_event() && !holds,
            Fault::DropAck => info.kind.is_ack(),
            _ => false,
        });
        let unit = match hit {
            None => Unit::Pass,
            Some(hit) => self.act(place, dir, &info, &hit, effects),
        };
        if effects.stop && unit == Unit::Swallow {
            return Some(Vec::new());
        }
        self.connection(place)
            .lane(dir)
            .head(now, packet, &info, unit)
    }

    /// What a fault does to a Socket.IO packet.
    fn act(
        &mut self,
        place: &Place,
        dir: Direction,
        info: &Info,
        hit: &Hit,
        effects: &mut Effects,
    ) -> Unit {
        let (what, way) = (info.words(), way(dir));
        let mut cut = |end: End, how: &str| {
            effects
                .told
                .push(hit.told(format!("{how} in place of passing {what} {way}")));
            effects.then = Some(end);
            effects.stop = true;
            Unit::Swallow
        };
        match hit.fault {
            Fault::Drop => cut(End::Fin, "cut the connection (FIN)"),
            Fault::Reset => cut(End::Rst, "tore the connection (RST)"),
            Fault::Close(code) => cut(
                super::websocket::close(code),
                &format!("closed the WebSocket with code {code}"),
            ),
            Fault::Freeze => {
                self.connection(place).frozen = true;
                effects.told.push(hit.told(format!(
                    "froze the connection before {what} {way}: nothing is read or written"
                )));
                effects.stop = true;
                Unit::Swallow
            }
            Fault::SplitAttachment => {
                effects.told.push(hit.told(format!(
                    "cut the connection (FIN) between {what} {way} and its attachment"
                )));
                effects.then = Some(End::Fin);
                effects.stop = true;
                Unit::Pass
            }
            Fault::Garbage => {
                effects
                    .told
                    .push(hit.told(format!("passed garbage {way} in place of {what}")));
                effects.stop = true;
                effects.in_place = Some(InPlace::Garbage);
                Unit::Swallow
            }
            Fault::Oversize => {
                effects.told.push(hit.told(format!(
                    "sent a frame that announces 8 GiB in place of {what}"
                )));
                effects.stop = true;
                effects.in_place = Some(InPlace::Oversize);
                Unit::Swallow
            }
            Fault::Duplicate => {
                effects
                    .told
                    .push(hit.told(format!("passed {what} {way} twice")));
                Unit::Repeat
            }
            Fault::Reorder => {
                let did = format!("held {what} {way} back until the next event has passed it");
                effects.told.push(hit.told(did));
                Unit::Hold
            }
            Fault::DropAck => {
                effects
                    .told
                    .push(hit.told(format!("kept {what} from going {way}")));
                Unit::Swallow
            }
            _ => Unit::Pass,
        }
    }
}
