//! Polling bodies: what becomes of their packets, and when they may go on.

use std::time::Instant;

use bytes::Bytes;

use crate::faults::Fault;
use crate::faults::injector::lane::Info;
use crate::faults::injector::source::Moment;
use crate::faults::injector::{Effects, InPlace, Injector, made};
use crate::faults::verdict::{Place, RequestKind};
use crate::journal::record::Direction;
use crate::protocol::engine::PacketKind;
use crate::protocol::engine::payload::{self, is_octet_stream};

/// What became of a body.
pub(super) enum BodyDo {
    Pass,
    /// Nothing of it is left.
    Empty,
    Change(payload::Body),
}

/// Namespace and event of a packet in a body.
pub(super) type Known = Vec<Info>;

impl Injector {
    #[expect(
        clippy::too_many_arguments,
        reason = "what a body is, and where it crosses"
    )]
    pub(super) fn body(
        &mut self,
        now: Instant,
        place: &Place,
        dir: Direction,
        kind: RequestKind,
        content_type: Option<&str>,
        body: &Bytes,
        effects: &mut Effects,
    ) -> BodyDo {
        let payload = payload::decode_body(body, content_type, place.version, place.revision);
        // What can't be read whole can't be written again as it was.
        if payload.error.is_some() {
            return BodyDo::Pass;
        }
        let mut left = Vec::with_capacity(payload.packets.len());
        let mut changed = false;
        for decoded in payload.packets {
            if effects.stop {
                changed = true;
                break;
            }
            let packet = decoded.value;
            match self.packet(now, place, dir, Some(kind), &packet, effects) {
                None => left.push(packet.into_owned()),
                Some(become_) => {
                    changed = true;
                    left.extend(become_);
                }
            }
        }
        // Events that were held back for too long go along.
        let held = self.connection(place).lane(dir).overdue(now);
        changed |= !held.is_empty();
        left.extend(held);
        if effects.in_place == Some(InPlace::Garbage) {
            return BodyDo::Change(payload::Body {
                content_type: payload::TEXT,
                bytes: made::garbage_body(place.version).to_vec(),
            });
        }
        if !changed {
            return BodyDo::Pass;
        }
        if left.is_empty() {
            return BodyDo::Empty;
        }
        let binary = content_type.is_some_and(is_octet_stream);
        BodyDo::Change(payload::encode_body(
            &left,
            place.version,
            place.revision,
            binary,
        ))
    }

    /// The Socket.IO packets of a body, where a rule that slows things down asks for them.
    pub(super) fn known(
        &self,
        place: &Place,
        content_type: Option<&str>,
        body: &Bytes,
        kind: RequestKind,
    ) -> Known {
        let asks = self.sources.iter().any(|source| {
            let slows = matches!(
                source.fault,
                Fault::Delay(_) | Fault::Jitter(_) | Fault::Throttle(_)
            );
            slows && (source.when.namespace.is_some() || source.when.event.is_some())
        });
        if !asks || !matches!(kind, RequestKind::Poll | RequestKind::Post) || body.is_empty() {
            return Vec::new();
        }
        payload::decode_body(body, content_type, place.version, place.revision)
            .packets
            .iter()
            .filter(|decoded| decoded.value.kind == PacketKind::Message)
            .filter_map(|decoded| Info::read(&decoded.value))
            .collect()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what a body is, and where it crosses"
    )]
    pub(super) fn body_until(
        &mut self,
        now: Instant,
        place: &Place,
        dir: Direction,
        kind: RequestKind,
        body: &Bytes,
        known: &[Info],
        told: &mut Vec<crate::journal::record::Fault>,
    ) -> Option<Instant> {
        let whole = Moment {
            dir: Some(dir),
            request: Some(kind),
            ..Moment::default()
        };
        let mut moments = vec![whole];
        moments.extend(known.iter().map(|info| Moment {
            nsp: Some(&info.nsp),
            event: info.event.as_deref(),
            ..whole
        }));
        self.held_until(now, place, dir, body.len(), &moments, told)
    }
}
