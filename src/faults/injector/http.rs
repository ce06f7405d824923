//! Requests, responses and the packets in polling bodies.

use std::time::Instant;

use bytes::Bytes;

use super::lane::Info;
use super::source::Moment;
use super::{Effects, InPlace, Injector, made};
use crate::faults::Fault;
use crate::faults::verdict::{
    Answered, Asked, End, Place, RequestDo, RequestKind, ResponseDo, Verdict,
};
use crate::journal::record::Direction;
use crate::protocol::engine::payload::{self, is_octet_stream};
use crate::protocol::engine::{Data, Packet, PacketKind};

/// What became of a body.
enum BodyDo {
    Pass,
    /// Nothing of it is left.
    Empty,
    Change(payload::Body),
}

/// Namespace and event of a packet in a body.
type Known = Vec<Info>;

impl Injector {
    /// A request is about to be sent.
    pub fn request(
        &mut self,
        now: Instant,
        place: &Place,
        asked: &Asked<'_>,
    ) -> Verdict<RequestDo> {
        if self.is_idle() {
            return Verdict::just(RequestDo::Pass);
        }
        if self.frozen(place.c) {
            return Verdict::just(RequestDo::NeverAnswer);
        }
        let doomed = self.connections.get(&place.c);
        if let Some(end) = doomed.and_then(|conn| conn.doomed.clone()) {
            return Verdict::just(RequestDo::Cut(end));
        }
        let mut verdict = match self.ask(place, asked) {
            Some(verdict) => verdict,
            None => self.post(now, place, asked),
        };
        if matches!(verdict.what, RequestDo::Pass | RequestDo::Change { .. }) {
            let known = self.known(place, asked.content_type, asked.body, asked.kind);
            verdict.until = self.body_until(
                now,
                place,
                Direction::ToServer,
                asked.kind,
                asked.body,
                &known,
                &mut verdict.told,
            );
        }
        self.tidy(now);
        verdict
    }

    /// Faults that look at requests.
    fn ask(&mut self, place: &Place, asked: &Asked<'_>) -> Option<Verdict<RequestDo>> {
        let kind = asked.kind;
        let moment = Moment {
            dir: Some(Direction::ToServer),
            request: Some(kind),
            ..Moment::default()
        };
        let polling = matches!(kind, RequestKind::Poll | RequestKind::Post);
        let named_sid = made::other_sid(asked.url);
        let hit = self.first(place, &moment, |source| {
            let named = source.when.request.is_some();
            match source.fault {
                Fault::Status { .. } => polling || named,
                Fault::UnknownSid => (polling || named) && named_sid.is_some(),
                Fault::Oversize => kind == RequestKind::Post,
                Fault::Drop | Fault::Reset | Fault::Freeze => !source.by_hand() && named,
                _ => false,
            }
        })?;
        let name = kind.name();
        let (what, did) = match hit.fault {
            Fault::Status { code, .. } => (
                RequestDo::Answer(made::refusal(code)),
                format!("answered a {name} with HTTP {code} in the server's place"),
            ),
            Fault::UnknownSid => (
                RequestDo::Change {
                    url: named_sid,
                    content_type: None,
                    body: None,
                },
                format!("sent a {name} with the session id {:?}", made::UNKNOWN_SID),
            ),
            Fault::Oversize => self.oversize(place, asked),
            Fault::Reset => (
                RequestDo::Cut(End::Rst),
                format!("tore the connection (RST) in place of a {name}"),
            ),
            Fault::Freeze => {
                self.connection(place).frozen = true;
                (
                    RequestDo::NeverAnswer,
                    format!("froze the connection before a {name}: nothing is read or written"),
                )
            }
            _ => (
                RequestDo::Cut(End::Fin),
                format!("cut the connection (FIN) in place of a {name}"),
            ),
        };
        Some(Verdict {
            told: vec![hit.told(did)],
            ..Verdict::just(what)
        })
    }

    fn oversize(&self, place: &Place, asked: &Asked<'_>) -> (RequestDo, String) {
        let binary = asked.content_type.is_some_and(is_octet_stream);
        let payload = payload::decode_body(
            asked.body,
            asked.content_type,
            place.version,
            place.revision,
        );
        let packets: Vec<Packet<'static>> = payload
            .packets
            .into_iter()
            .map(|decoded| decoded.value.into_owned())
            .collect();
        match made::oversize_body(place, packets, binary) {
            Some(body) => {
                let did = format!(
                    "made a post of {} bytes, more than the server's maxPayload of {}",
                    body.bytes.len(),
                    place.max_payload.unwrap_or_default()
                );
                (
                    RequestDo::Change {
                        url: None,
                        content_type: Some(body.content_type),
                        body: Some(body.bytes.into()),
                    },
                    did,
                )
            }
            None => (
                RequestDo::Answer(made::refusal(413)),
                "answered a post with HTTP 413 in the server's place, as if it were too large"
                    .to_owned(),
            ),
        }
    }

    /// The packets of a post.
    fn post(&mut self, now: Instant, place: &Place, asked: &Asked<'_>) -> Verdict<RequestDo> {
        if asked.kind != RequestKind::Post {
            return Verdict::just(RequestDo::Pass);
        }
        let mut effects = Effects::default();
        let body = self.body(
            now,
            place,
            Direction::ToServer,
            asked.kind,
            asked.content_type,
            asked.body,
            &mut effects,
        );
        let what = match body {
            _ if self.frozen(place.c) => RequestDo::NeverAnswer,
            BodyDo::Pass => RequestDo::Pass,
            BodyDo::Empty if effects.then.is_some() => {
                RequestDo::Cut(effects.then.clone().unwrap_or(End::Fin))
            }
            BodyDo::Empty => RequestDo::Answer(made::taken()),
            BodyDo::Change(body) => RequestDo::Change {
                url: None,
                content_type: Some(body.content_type),
                body: Some(body.bytes.into()),
            },
        };
        // What is left of the post goes on; the requests after it are cut.
        let then = effects.then.filter(|_| !matches!(what, RequestDo::Cut(_)));
        if let Some(end) = then {
            self.connection(place).doomed = Some(end);
        }
        Verdict {
            told: effects.told,
            ..Verdict::just(what)
        }
    }

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

    #[expect(
        clippy::too_many_arguments,
        reason = "what a body is, and where it crosses"
    )]
    fn body(
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
    fn known(
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
    fn body_until(
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
