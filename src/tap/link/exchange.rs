//! One request and its answer.
//!
//! Both directions are pumped at once, so that an answer that comes before the request is whole
//! (a 413, say) is passed on, and neither side is read from faster than the other takes in. The
//! answer of a tapped connection is recorded before its last byte goes on: what the client does
//! next, on whatever TCP connection, is recorded after it.

mod account;
mod answer;
mod faulted;
mod pump;

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::sync::watch;

use super::{Link, Next, Side};
use crate::faults::{End, RequestKind};
use crate::journal::record::{Headers, Timing};
use crate::protocol::engine::url::decode_component;
use crate::protocol::websocket::DeflateParams;
use crate::tap::body::{Body, Copy};
use crate::tap::head::{RequestHead, ResponseHead};
use crate::tap::sessions::Session;

/// A connection that became a WebSocket.
pub(super) struct Switched {
    pub(super) session: Option<Arc<Session>>,
    pub(super) deflate: Option<DeflateParams>,
}

/// What is known of the exchange while it goes on.
struct Exchange {
    x: u64,
    kind: RequestKind,
    session: Option<Arc<Session>>,
    method: String,
    url: String,
    target: String,
    headers: Headers,
    started: Instant,
    written: Option<Instant>,
    first_byte: Option<Instant>,
    timing: Timing,
    recorded: bool,
    copy: Copy,
    /// What the client sent, where a fault makes something else of it.
    said: Option<(Bytes, Option<String>)>,
    /// Tells that a fault ends it. Listened to from the start: a fault that strikes while the
    /// server is dialed must not be missed.
    cut: Option<watch::Receiver<Option<End>>>,
}

/// How far the answer is.
enum Answer {
    Head,
    Body {
        head: ResponseHead,
        body: Body,
        copy: Copy,
        /// It is held until it is whole, as it came.
        held: Option<BytesMut>,
    },
}

impl Exchange {
    fn c(&self) -> Option<u32> {
        self.session.as_ref().map(|session| session.c)
    }
}

impl Link<'_> {
    /// Passes a request on, and its answer back.
    pub(super) async fn exchange(&mut self, mut head: RequestHead) -> Next {
        let shared = self.shared;
        if head.method == "CONNECT" {
            self.client.buf = BytesMut::from(head.method.as_bytes());
            self.refuse_gibberish(
                "it asks for a tunnel; point the client at the tap itself, not at it as a proxy",
            )
            .await;
            return Next::Over;
        }
        let mut body = match head.body() {
            Ok(body) => body,
            Err(why) => {
                self.client.buf = head.bytes();
                self.refuse_gibberish(&why).await;
                return Next::Over;
            }
        };
        let changes = head.point_at(&shared.upstream, shared.rewrite_origin);
        shared.tell_changes(changes).await;
        let mut exchange = self.begin(&head).await;
        self.last = exchange.session.clone();
        let posting = match (&exchange.session, exchange.kind) {
            // A post of our own and the client's would end the session, were they sent at once.
            (Some(session), RequestKind::Post) => Some(Arc::clone(session)),
            _ => None,
        };
        let _posting = match &posting {
            Some(session) => Some(session.posting.read().await),
            None => None,
        };
        let mut whole = None;
        if exchange.session.is_some() && shared.faults.busy() {
            let mut copy = Copy::default();
            self.rest_of(&mut body, &mut copy).await;
            match self.ask(&mut exchange, &mut head, copy.data.freeze()).await {
                Ok(changed) => whole = Some(changed),
                Err(next) => return next,
            }
        }
        if self.server.is_none()
            && let Err(why) = self.dial(&mut exchange).await
        {
            let mut copy = Copy::default();
            self.rest_of(&mut body, &mut copy).await;
            exchange.copy = copy;
            return self.unreachable(&mut exchange, &why).await;
        }
        let mut out = head.bytes();
        if let Some(bytes) = whole {
            out.extend_from_slice(&bytes);
            exchange.copy.data = BytesMut::from(&bytes[..]);
            body = Body::None;
        }
        self.pump(exchange, out, body).await
    }

    /// Finds the connection that a request belongs to.
    async fn begin(&mut self, head: &RequestHead) -> Exchange {
        let shared = self.shared;
        let now = Instant::now();
        let kind = RequestKind::of(&head.method, &head.target, head.is_upgrade());
        let value = |name: &str| query_value(&head.target, name);
        let sid = value("sid").map(decode_component);
        let (eio, transport) = (value("EIO"), value("transport"));
        let engine = sid.is_some() || eio.is_some() || transport.is_some();
        let mut told = Vec::new();
        let session = match &sid {
            // A preflight speaks for nobody.
            Some(sid) if head.method == "OPTIONS" => shared.sessions.by_sid(sid),
            _ if !engine || head.method == "OPTIONS" => None,
            sid => {
                let (session, first) = shared.sessions.of_request(now, kind, sid.as_deref(), eio);
                let mut state = session.state();
                told = state.story.requested(now, kind, first);
                state.base64 |= value("b64").is_some_and(|b64| b64 != "0");
                if kind != RequestKind::Upgrade {
                    state.model = Some(head.clone());
                }
                drop(state);
                Some(session)
            }
        };
        let cut = session.as_ref().map(|session| session.cut.subscribe());
        if let Some(session) = &session {
            shared.told(session, told).await;
        }
        Exchange {
            x: shared.sessions.exchange(),
            kind,
            session,
            method: head.method.clone(),
            url: format!("{}{}", shared.origin, head.target),
            target: head.target.clone(),
            headers: head.headers(),
            started: now,
            written: None,
            first_byte: None,
            timing: Timing::default(),
            recorded: false,
            copy: Copy::default(),
            said: None,
            cut,
        }
    }

    async fn dial(&mut self, exchange: &mut Exchange) -> Result<(), String> {
        match self.shared.dialer.dial(&self.shared.upstream).await {
            Ok(dialed) => {
                exchange.timing = dialed.timing;
                let (read, write) = tokio::io::split(dialed.stream);
                self.server = Some(Side {
                    read,
                    write,
                    buf: BytesMut::new(),
                });
                Ok(())
            }
            Err(error) => {
                exchange.timing = *error.timing.clone();
                Err(error.to_string())
            }
        }
    }

    /// The server can't be reached: the client gets a 502 that says so.
    async fn unreachable(&mut self, exchange: &mut Exchange, why: &str) -> Next {
        self.record_request(exchange).await;
        let error = format!("{why} (the tap answered 502)");
        self.failed(exchange, None, Bytes::new(), error).await;
        let text = Bytes::from(format!("sioscope tap: {why}\n"));
        self.answer(502, "text/plain; charset=utf-8", &text, false)
            .await;
        Next::Over
    }
}

/// The first value of a query parameter, as it is written.
fn query_value<'t>(target: &'t str, wanted: &str) -> Option<&'t str> {
    let query = target.split_once('?')?.1;
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == wanted).then_some(value)
    })
}

async fn wait(until: Option<Instant>) {
    if let Some(until) = until {
        tokio::time::sleep_until(until.into()).await;
    }
}
