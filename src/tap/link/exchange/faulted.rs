//! What faults make of a request: whether it goes on, and what its client gets instead.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use super::Exchange;
use super::wait;
use crate::faults::Asked;
use crate::faults::End;
use crate::faults::RequestDo;
use crate::faults::RequestKind;
use crate::journal::record::TransportName;
use crate::protocol::websocket::handshake::header;
use crate::tap::head::RequestHead;
use crate::tap::link::Link;
use crate::tap::link::Next;
use crate::tap::sessions::Session;
use crate::tap::stopped;
use crate::tap::story::How;
use crate::tap::story::Who;

impl Link<'_> {
    /// Asks the injector about a request; `Err` where it does not go on.
    pub(super) async fn ask(
        &mut self,
        exchange: &mut Exchange,
        head: &mut RequestHead,
        body: Bytes,
    ) -> Result<Bytes, Next> {
        let shared = self.shared;
        let Some(session) = exchange.session.clone() else {
            return Ok(body);
        };
        let transport = match exchange.kind {
            RequestKind::Upgrade => TransportName::Websocket,
            _ => TransportName::Polling,
        };
        let place = session.place(transport);
        let asked = Asked {
            kind: exchange.kind,
            url: &exchange.target,
            content_type: header(&exchange.headers, "Content-Type"),
            body: &body,
        };
        let verdict = shared
            .faults
            .ask(|injector| injector.request(Instant::now(), &place, &asked));
        shared.tell_faults(session.c, verdict.told).await;
        wait(verdict.until).await;
        if verdict.what != RequestDo::Pass {
            let kind = header(&exchange.headers, "Content-Type").map(str::to_owned);
            exchange.said = Some((body.clone(), kind));
        }
        if matches!(
            verdict.what,
            RequestDo::Answer(_) | RequestDo::NeverAnswer | RequestDo::Cut(_)
        ) {
            // It goes no further, but it has crossed the client's wire.
            exchange.copy.data = BytesMut::from(&body[..]);
            self.record_request(exchange).await;
        }
        let mut body = body;
        let mut answered = None;
        match verdict.what {
            RequestDo::Pass => {}
            RequestDo::Change {
                url,
                content_type,
                body: new,
            } => {
                if let Some(url) = url {
                    exchange.url = format!("{}{url}", shared.origin);
                    head.target = url;
                }
                if let Some(kind) = content_type {
                    head.set("Content-Type", Some(kind));
                }
                if let Some(new) = new {
                    body = new;
                }
            }
            RequestDo::Answer(answer) => answered = Some(answer),
            RequestDo::NeverAnswer => {
                let how = self.never(&session).await;
                let error = format!(
                    "{}; a fault kept it from the server",
                    how.words(Who::Client)
                );
                self.record_failure(exchange, None, Bytes::new(), error)
                    .await;
                return Err(Next::Over);
            }
            RequestDo::Cut(end) => {
                let error = format!("{}; a fault kept it from the server", cut_words(&end));
                self.record_failure(exchange, None, Bytes::new(), error)
                    .await;
                self.cut_by_fault(&session, exchange.kind, &end).await;
                return Err(Link::cut(&end));
            }
        }
        if let Some(answer) = answered {
            let error = format!(
                "a fault kept it from the server; the tap answered HTTP {}",
                answer.status
            );
            self.record_failure(exchange, None, Bytes::new(), error)
                .await;
            let failure = (answer.status >= 400).then(|| {
                format!(
                    "HTTP {} {} (made by the tap)",
                    answer.status,
                    String::from_utf8_lossy(&answer.body)
                )
            });
            let told = session
                .state()
                .story
                .answered(Instant::now(), exchange.kind, failure);
            shared.told(&session, told).await;
            let taken = self
                .answer(answer.status, answer.content_type, &answer.body, true)
                .await;
            return Err(match verdict.then {
                Some(end) => Link::cut(&end),
                None if taken => Next::Another,
                None => Next::Over,
            });
        }
        if let Some(end) = verdict.then {
            self.cut_by_fault(&session, exchange.kind, &end).await;
            return Err(Link::cut(&end));
        }
        head.set("Transfer-Encoding", None);
        if !body.is_empty() || header(&exchange.headers, "Content-Length").is_some() {
            head.set("Content-Length", Some(&body.len().to_string()));
        }
        exchange.headers = head.headers();
        Ok(body)
    }

    /// Holds a request for ever: until the client gives up, or the tap ends.
    pub(super) async fn never(&mut self, session: &Arc<Session>) -> How {
        let mut stop = self.shared.stop.subscribe();
        let mut cut = session.cut.subscribe();
        cut.mark_unchanged();
        let how = loop {
            self.client.buf.clear();
            self.client.buf.reserve(4 * 1024);
            tokio::select! {
                read = self.client.read.read_buf(&mut self.client.buf) => match read {
                    Ok(1..) => {}
                    Ok(0) => break How::Fin,
                    Err(_) => break How::Rst,
                },
                _ = cut.changed() => break How::Fin,
                () = stopped(&mut stop) => break How::Fin,
            }
        };
        let mut state = session.state();
        state.story.abandoned(Instant::now(), how.clone());
        how
    }

    /// A fault ends the client's TCP connection in the middle of an exchange.
    pub(super) async fn cut_by_fault(
        &mut self,
        session: &Arc<Session>,
        kind: RequestKind,
        end: &End,
    ) {
        let words = cut_words(end);
        let told = session
            .state()
            .story
            .answered(Instant::now(), kind, Some(words.to_owned()));
        self.shared.told(session, told).await;
    }
}

pub(super) fn cut_words(end: &End) -> &'static str {
    match end {
        End::Rst => "the tap reset the TCP connection (RST)",
        End::Fin | End::Close { .. } => "the tap ended the TCP connection (FIN)",
    }
}
