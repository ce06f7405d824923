//! Requests, responses and the packets in polling bodies.

mod bodies;
mod responses;

use std::time::Instant;

use bodies::BodyDo;

use super::source::Moment;
use super::{Effects, Injector, made};
use crate::faults::Fault;
use crate::faults::verdict::{Asked, End, Place, RequestDo, RequestKind, Verdict};
use crate::journal::record::Direction;
use crate::protocol::engine::Packet;
use crate::protocol::engine::payload::{self, is_octet_stream};

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
}
