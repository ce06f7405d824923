//! HTTP long-polling: one GET and one POST at a time, bodies batched under `maxPayload`.
//!
//! A second GET or POST at the same time would make the server kill the session, so the
//! machine starts one only when none of its kind is in flight.

use super::upgrade::Stage;
use super::{ExchangeId, Machine, Output, Phase};
use crate::journal::record::{Headers, TransportName};
use crate::protocol::engine::payload;
use crate::protocol::engine::url::{Request, Transport};
use crate::protocol::engine::{
    Handshake, Packet, PacketKind, Revision, Version, generation, server_error,
};
use crate::protocol::websocket::handshake::header;

/// python-engineio drops a whole POST of more than this many packets without a word, and
/// nothing is lost by sending the rest in the next one.
const MAX_PACKETS_PER_POST: usize = 16;
/// How much of an error body is quoted.
const QUOTED: usize = 200;

impl Machine {
    /// Starts the next GET, unless one is in flight or polling is paused or over.
    pub(super) fn poll(&mut self) {
        let Some(link) = &self.link else { return };
        let paused = link
            .probe
            .as_ref()
            .is_some_and(|probe| probe.stage == Stage::Pausing);
        // Once the close packet is posted the server has no session to poll.
        let over = link.ending.as_ref().is_some_and(|e| e.close_sent);
        if link.transport != TransportName::Polling || link.get.is_some() || paused || over {
            return;
        }
        let c = link.c;
        let Some(url) = self.url(TransportName::Polling) else {
            return;
        };
        let x = self.next_x();
        if let Some(link) = &mut self.link {
            link.get = Some(x);
        }
        self.out.push_back(Output::Http {
            x,
            c,
            method: "GET",
            url,
            content_type: None,
            body: bytes::Bytes::new(),
        });
    }

    /// Writes the queue as one POST, unless one is in flight or the upgrade is pausing polling.
    pub(super) fn post(&mut self) {
        let Some(link) = &mut self.link else { return };
        let paused = link
            .probe
            .as_ref()
            .is_some_and(|probe| probe.stage == Stage::Pausing);
        if link.post.is_some() || paused || link.queue.is_empty() {
            return;
        }
        let limit = link
            .handshake
            .as_ref()
            .and_then(|handshake| handshake.max_payload);
        let fitting =
            payload::batch_len(link.queue.iter(), link.version, link.revision, true, limit);
        let batch = link.queue.take(fitting.min(MAX_PACKETS_PER_POST));
        let body = payload::encode_body(&batch, link.version, link.revision, true);
        let c = link.c;
        let Some(url) = self.url(TransportName::Polling) else {
            return;
        };
        let x = self.next_x();
        if let Some(link) = &mut self.link {
            link.post = Some(x);
        }
        self.out.push_back(Output::Http {
            x,
            c,
            method: "POST",
            url,
            content_type: Some(body.content_type),
            body: body.bytes.into(),
        });
    }

    pub(super) fn http_response(
        &mut self,
        x: ExchangeId,
        status: u16,
        headers: &Headers,
        body: &[u8],
    ) {
        let Some(link) = &mut self.link else { return };
        let get = link.get == Some(x);
        let post = link.post == Some(x);
        if get {
            link.get = None;
        } else if post {
            link.post = None;
        } else {
            return;
        }
        if status != 200 {
            let detail = error_detail(status, headers, body);
            let error = if get {
                "xhr poll error"
            } else {
                "xhr post error"
            };
            if status == 400
                && self
                    .link
                    .as_ref()
                    .is_some_and(|link| link.handshake.is_none())
            {
                let unsupported =
                    server_error::decode(body, header(headers, "content-type")).code == Some(5);
                if unsupported && self.version == Version::V3 {
                    return self.unsupported_version(&detail);
                }
            }
            return self.transport_failed(error, &detail);
        }
        link.last_heard = self.now;
        if post {
            // The body of a 200 proves nothing (`ok`, `OK`); the reference does not look either.
            return self.written();
        }
        self.polled(headers, body);
    }

    fn polled(&mut self, headers: &Headers, body: &[u8]) {
        let content_type = header(headers, "content-type").map(str::to_owned);
        let Some(link) = &mut self.link else { return };
        if link.handshake.is_none() {
            let clues = generation::from_first_body(body, content_type.as_deref());
            let found = clues
                .iter()
                .find_map(|clue| Some((clue.generation?, clue.evidence)));
            if let Some((speaks, evidence)) = found {
                // What counts is the framing: a 4.x server with allowEIO3 speaks both.
                let framing = match generation::has_length_before_open(body) {
                    true => Version::V3,
                    false => speaks.version(),
                };
                if framing != link.version {
                    let ghost = sid_of(body, content_type.as_deref(), framing, speaks.revision());
                    return self.other_generation(framing, evidence, ghost);
                }
                link.revision = speaks.revision();
            }
        }
        let (version, revision) = (link.version, link.revision);
        let payload = payload::decode_body(body, content_type.as_deref(), version, revision);
        let c = link.c;
        for decoded in payload.packets {
            let close = decoded.value.kind == PacketKind::Close;
            self.incoming(decoded.value, TransportName::Polling);
            // Whatever follows a close packet, or came for a connection that has just ended, is
            // ignored.
            if close || self.c() != Some(c) || self.phase == Phase::Idle {
                return;
            }
        }
        if let Some(error) = payload.error {
            let what = if body.is_empty() {
                "empty body".to_owned()
            } else {
                format!("{error}, in {}", quote(body))
            };
            let kind = content_type
                .map(|kind| format!(" ({kind})"))
                .unwrap_or_default();
            return self.undecodable(&format!("{what}{kind}"));
        }
        if self.link.as_ref().is_some_and(|link| {
            link.probe
                .as_ref()
                .is_some_and(|p| p.stage == Stage::Pausing)
        }) {
            return self.paused();
        }
        // A body without a handshake is not followed by another request, which would make
        // another session: the attempt fails at its timeout, as in the reference.
        if matches!(self.phase, Phase::Open | Phase::Closing { .. }) {
            self.poll();
            self.ending_may_go_on();
        }
    }

    pub(super) fn http_failed(&mut self, x: ExchangeId, error: &str) {
        let Some(link) = &mut self.link else { return };
        let reason = if link.get == Some(x) {
            link.get = None;
            "xhr poll error"
        } else if link.post == Some(x) {
            link.post = None;
            "xhr post error"
        } else {
            return;
        };
        self.transport_failed(reason, error);
    }

    /// Ends a session on a server of another generation that our handshake has opened by
    /// mistake, so that no ghost stays behind until its ping timeout.
    pub(super) fn release_ghost(&mut self, speaks: Version, sid: Option<String>) {
        let Some(sid) = sid else { return };
        let Some(c) = self.c() else { return };
        self.stamp += 1;
        let url = self.endpoint.request_url(&Request {
            version: speaks,
            transport: Transport::Polling,
            cache_buster: Some(("t", &super::opening::cache_buster(self.stamp))),
            b64: false,
            sid: Some(&sid),
        });
        let close = Packet::bare(PacketKind::Close);
        let body = payload::encode_body(&[close], speaks, Revision::default(), false);
        let x = self.next_x();
        self.out.push_back(Output::Http {
            x,
            c,
            method: "POST",
            url,
            content_type: Some(body.content_type),
            body: body.bytes.into(),
        });
    }
}

/// What an unexpected HTTP answer says, in one line: status, the server's own error or the
/// first words of the body, where a redirect points, what a 401 asks for.
fn error_detail(status: u16, headers: &Headers, body: &[u8]) -> String {
    let mut detail = format!("HTTP {status}");
    if body.is_empty() {
        detail.push_str(" with an empty body");
    } else {
        let error = server_error::decode(body, header(headers, "content-type"));
        match error.code {
            Some(code) => detail.push_str(&format!(": {} (code {code})", error.message)),
            None if error.message.is_empty() => detail.push_str(&format!(": {}", quote(body))),
            None => detail.push_str(&format!(": {}", quote(error.message.as_bytes()))),
        }
    }
    for (name, what) in [
        ("location", "redirects to"),
        ("www-authenticate", "asks for"),
        ("retry-after", "retry after"),
    ] {
        if let Some(value) = header(headers, name) {
            detail.push_str(&format!("; {what} {value}"));
        }
    }
    detail
}

/// The sid of a handshake body of that generation.
fn sid_of(
    body: &[u8],
    content_type: Option<&str>,
    version: Version,
    revision: Revision,
) -> Option<String> {
    let payload = payload::decode_body(body, content_type, version, revision);
    let open = payload.packets.first()?;
    Handshake::parse(open.value.data.as_text()?)
        .ok()
        .map(|handshake| handshake.value.sid)
}

/// The first characters of a body, on one line.
pub(super) fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(QUOTED * 4)).unwrap_or_default());
    let mut words: String = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(QUOTED)
        .collect();
    if body.len() > words.len() + QUOTED {
        words.push('…');
    }
    format!("{words:?}")
}
