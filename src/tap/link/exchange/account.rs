//! What is written down of an exchange: requests, failures, and what the client's posts say.

use std::time::Instant;

use bytes::Bytes;
use bytes::BytesMut;
use tokio::io::AsyncWriteExt;

use super::Answer;
use super::Exchange;
use crate::faults::RequestKind;
use crate::journal::record::Body as Record;
use crate::journal::record::Direction;
use crate::journal::record::Gap;
use crate::journal::record::Headers;
use crate::journal::record::Request;
use crate::journal::record::Response;
use crate::journal::record::Timing;
use crate::journal::record::TransportName;
use crate::net::http::content;
use crate::net::http::content::ContentError;
use crate::protocol::engine::Data;
use crate::protocol::engine::payload;
use crate::protocol::websocket::handshake::header;
use crate::protocol::websocket::handshake::header_values;
use crate::tap::body::KEPT;
use crate::tap::head::ResponseHead;
use crate::tap::link::Link;
use crate::tap::link::Next;
use crate::tap::story::How;
use crate::tap::story::Who;

impl Link<'_> {
    /// The server's answer broke off.
    pub(super) async fn broke(
        &mut self,
        exchange: &Exchange,
        answer: Answer,
        down: BytesMut,
        error: String,
        how: &How,
    ) -> Next {
        let (head, body) = match answer {
            Answer::Head => (None, Bytes::new()),
            Answer::Body { head, copy, .. } => (Some(head), copy.data.freeze()),
        };
        self.failed(exchange, head, body, error).await;
        let _ = self.client.write.write_all(&down).await;
        match how {
            How::Rst => Next::Reset,
            _ => Next::Over,
        }
    }

    /// The client left before the answer was whole.
    pub(super) async fn left(&mut self, exchange: &Exchange, answer: Answer, how: How) -> Next {
        let (head, body) = match answer {
            Answer::Head => (None, Bytes::new()),
            Answer::Body { head, copy, .. } => (Some(head), copy.data.freeze()),
        };
        let error = format!("{} before it had the answer", how.words(Who::Client));
        self.record_failure(exchange, head, body, error).await;
        if let Some(session) = &exchange.session {
            let mut state = session.state();
            state.story.abandoned(Instant::now(), how);
        }
        Next::Over
    }

    pub(super) async fn stopped(&mut self, exchange: &Exchange) {
        let error = "the tap was stopped".to_owned();
        self.record_failure(exchange, None, Bytes::new(), error)
            .await;
    }

    /// An exchange failed on the server's side.
    pub(super) async fn failed(
        &mut self,
        exchange: &Exchange,
        head: Option<ResponseHead>,
        body: Bytes,
        error: String,
    ) {
        self.record_failure(exchange, head, body, error.clone())
            .await;
        if let Some(session) = &exchange.session {
            let told = session
                .state()
                .story
                .answered(Instant::now(), exchange.kind, Some(error));
            self.shared.told(session, told).await;
        }
    }

    pub(super) async fn record_failure(
        &mut self,
        exchange: &Exchange,
        head: Option<ResponseHead>,
        body: Bytes,
        error: String,
    ) {
        let (status, headers) =
            head.map_or((0, Headers::new()), |head| (head.status, head.headers));
        let response = Response {
            x: exchange.x,
            status,
            headers,
            body,
            timing: timing(exchange),
            error: Some(error),
        };
        self.shared
            .recorder
            .record(exchange.c(), Record::Response(response))
            .await;
    }

    /// Once: the request as it went to the server.
    pub(super) async fn record_request(&mut self, exchange: &mut Exchange) {
        if std::mem::replace(&mut exchange.recorded, true) {
            return;
        }
        let raw = Bytes::copy_from_slice(&exchange.copy.data);
        let encodings: Vec<&str> = header_values(&exchange.headers, "Content-Encoding").collect();
        let body = match encodings.is_empty() {
            true => raw,
            false => content::decode(&encodings.join(","), raw.clone(), KEPT).unwrap_or(raw),
        };
        let request = Request {
            x: exchange.x,
            method: exchange.method.clone(),
            url: exchange.url.clone(),
            headers: exchange.headers.clone(),
            body,
        };
        let c = exchange.c();
        self.shared
            .recorder
            .record(c, Record::Request(request))
            .await;
        let left_out = exchange.copy.left_out;
        self.left_out(exchange, left_out).await;
        self.said(exchange).await;
    }

    /// What a post says of its connection, taken or not.
    pub(super) async fn said(&mut self, exchange: &Exchange) {
        let Some(session) = exchange
            .session
            .as_ref()
            .filter(|_| exchange.kind == RequestKind::Post)
        else {
            return;
        };
        let (sent, kind) = match &exchange.said {
            Some((sent, kind)) => (&sent[..], kind.as_deref()),
            None => (
                &exchange.copy.data[..],
                header(&exchange.headers, "Content-Type"),
            ),
        };
        let told = {
            let mut state = session.state();
            let story = &mut state.story;
            let decoded = payload::decode_body(sent, kind, story.version, story.revision);
            let mut told = Vec::new();
            for packet in decoded.packets {
                let start = wire_start(&packet.value);
                let (dir, by) = (Direction::ToServer, TransportName::Polling);
                told.extend(story.packet(Instant::now(), dir, by, &start));
            }
            told
        };
        self.shared.told(session, told).await;
    }

    pub(super) async fn left_out(&mut self, exchange: &Exchange, bytes: u64) {
        if bytes > 0 {
            let gap = Record::Gap(Gap { records: 0, bytes });
            self.shared.recorder.record(exchange.c(), gap).await;
        }
    }

    pub(super) fn unreadable(&self, error: &ContentError) {
        let text = format!("an answer is recorded as it crossed the wire: {error}");
        self.shared.notice_once(text);
    }
}

pub(super) fn timing(exchange: &Exchange) -> Timing {
    let ms = |from: Instant, to: Instant| {
        // Whole microseconds: more digits would only look exact.
        to.saturating_duration_since(from).as_micros() as f64 / 1e3
    };
    let first_byte = exchange
        .written
        .zip(exchange.first_byte)
        .map(|(written, first)| ms(written, first));
    Timing {
        first_byte,
        total: Some(ms(exchange.started, Instant::now())),
        ..exchange.timing
    }
}

/// Type digit and first byte of a packet, which is all that a story asks about.
pub(super) fn wire_start(packet: &crate::protocol::engine::Packet<'_>) -> Vec<u8> {
    let mut start = vec![packet.kind.number() + b'0'];
    if let Data::Text(text) = &packet.data {
        start.extend(text.as_bytes().first());
    }
    start
}
