//! Responses: as a whole, and the packets of a poll's answer.

use std::time::Instant;

use bytes::Bytes;

use super::bodies::BodyDo;
use crate::faults::Fault;
use crate::faults::injector::source::Moment;
use crate::faults::injector::{Effects, Injector, made};
use crate::faults::verdict::{Answered, End, Place, RequestKind, ResponseDo, Verdict};
use crate::journal::record::Direction;
use crate::protocol::engine::payload::{self, is_octet_stream};
use crate::protocol::engine::{Data, Packet, PacketKind};

impl Injector {
    /// Its response has come. Not asked about a 101.
    pub fn response(
        &mut self,
        now: Instant,
        place: &Place,
        answered: &Answered<'_>,
    ) -> Verdict<ResponseDo> {
        if self.is_idle() {
            return Verdict::just(ResponseDo::Pass);
        }
        if self.frozen(place.c) {
            return Verdict::just(ResponseDo::NeverAnswer);
        }
        let mut verdict = match self.answer(place, answered) {
            Some(verdict) => verdict,
            None if answered.kind == RequestKind::Poll && answered.status == 200 => {
                self.polled(now, place, answered)
            }
            None => Verdict::just(ResponseDo::Pass),
        };
        if matches!(verdict.what, ResponseDo::Pass | ResponseDo::Change { .. }) {
            let known = self.known(place, answered.content_type, answered.body, answered.kind);
            verdict.until = self.body_until(
                now,
                place,
                Direction::ToClient,
                answered.kind,
                answered.body,
                &known,
                &mut verdict.told,
            );
        }
        self.tidy(now);
        verdict
    }

    /// Faults that look at responses as a whole.
    fn answer(&mut self, place: &Place, answered: &Answered<'_>) -> Option<Verdict<ResponseDo>> {
        let kind = answered.kind;
        let deaf = self
            .connections
            .get(&place.c)
            .and_then(|conn| conn.deaf.clone());
        if let Some(deaf) = deaf
            && answered.status != 200
        {
            let did = format!(
                "kept the server's HTTP {} from the client, which hears nothing",
                answered.status
            );
            return Some(Verdict {
                told: vec![deaf.told(did)],
                ..Verdict::just(ResponseDo::NeverAnswer)
            });
        }
        let moment = Moment {
            dir: Some(Direction::ToClient),
            request: Some(kind),
            ..Moment::default()
        };
        let offered = (kind == RequestKind::Handshake && answered.status == 200)
            .then(|| without_upgrade(place, answered))
            .flatten();
        let hit = self.first(place, &moment, |source| match source.fault {
            Fault::StallPoll => kind == RequestKind::Poll,
            Fault::NoUpgrade => offered.is_some(),
            // A rule looks at packets; by hand it is the next poll.
            Fault::Garbage => source.by_hand() && kind == RequestKind::Poll,
            _ => false,
        })?;
        let (what, did) = match (hit.fault, offered) {
            (Fault::NoUpgrade, Some((body, content_type))) => (
                ResponseDo::Change { body, content_type },
                "took websocket out of the handshake's upgrades".to_owned(),
            ),
            (Fault::Garbage, _) => {
                let body = made::garbage_body(place.version);
                let did = format!(
                    "answered a poll with {:?}, which is no packet",
                    String::from_utf8_lossy(&body)
                );
                let content_type = Some(payload::TEXT);
                (ResponseDo::Change { body, content_type }, did)
            }
            _ => (
                ResponseDo::NeverAnswer,
                "kept the answer to a poll from the client".to_owned(),
            ),
        };
        Some(Verdict {
            told: vec![hit.told(did)],
            ..Verdict::just(what)
        })
    }

    /// The packets of a poll's answer.
    fn polled(
        &mut self,
        now: Instant,
        place: &Place,
        answered: &Answered<'_>,
    ) -> Verdict<ResponseDo> {
        let mut effects = Effects::default();
        let body = self.body(
            now,
            place,
            Direction::ToClient,
            answered.kind,
            answered.content_type,
            answered.body,
            &mut effects,
        );
        let what = match body {
            _ if self.frozen(place.c) => ResponseDo::NeverAnswer,
            BodyDo::Pass => ResponseDo::Pass,
            BodyDo::Empty if effects.then.is_some() => {
                ResponseDo::Cut(effects.then.clone().unwrap_or(End::Fin))
            }
            BodyDo::Empty if effects.silent => ResponseDo::NeverAnswer,
            BodyDo::Empty => {
                let noop = [Packet::bare(PacketKind::Noop)];
                let body = payload::encode_body(&noop, place.version, place.revision, false);
                ResponseDo::Change {
                    body: body.bytes.into(),
                    content_type: Some(body.content_type),
                }
            }
            BodyDo::Change(body) => ResponseDo::Change {
                body: body.bytes.into(),
                content_type: Some(body.content_type),
            },
        };
        let then = effects.then.filter(|_| !matches!(what, ResponseDo::Cut(_)));
        if let Some(end) = then {
            self.connection(place).doomed = Some(end);
        }
        Verdict {
            told: effects.told,
            ..Verdict::just(what)
        }
    }
}

/// A handshake's body without WebSocket among its upgrades.
fn without_upgrade(
    place: &Place,
    answered: &Answered<'_>,
) -> Option<(Bytes, Option<&'static str>)> {
    let payload = payload::decode_body(
        answered.body,
        answered.content_type,
        place.version,
        place.revision,
    );
    if payload.error.is_some() {
        return None;
    }
    let mut changed = false;
    let packets: Vec<Packet<'static>> = payload
        .packets
        .into_iter()
        .map(|decoded| {
            let mut packet = decoded.value.into_owned();
            if packet.kind == PacketKind::Open
                && let Some(json) = packet.data.as_text().and_then(made::without_websocket)
            {
                packet.data = Data::Text(json.into());
                changed = true;
            }
            packet
        })
        .collect();
    let binary = answered.content_type.is_some_and(is_octet_stream);
    let body = payload::encode_body(&packets, place.version, place.revision, binary);
    changed.then(|| (body.bytes.into(), Some(body.content_type)))
}
