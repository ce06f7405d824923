//! HTTP requests, the one for a WebSocket among them, and responses, before they cross.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;

use super::end::cut_words;
use crate::client::driver::exchange::Late;
use crate::client::driver::{Done, Driver};
use crate::client::machine::{ExchangeId, Input};
use crate::faults::{Answered, Asked, RequestDo, RequestKind, ResponseDo, Verdict};
use crate::journal::record::{Body, TransportName};
use crate::protocol::websocket::handshake::header;

/// What becomes of a request.
pub(in crate::client::driver) enum Asking {
    /// It is sent, not before this time.
    Send(Option<Instant>),
    /// It is not sent; all that follows is done.
    Done,
}

/// A wait before a request is sent.
pub(in crate::client::driver) type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Driver {
    /// Asks about a polling request; changes it where a fault does.
    pub(in crate::client::driver) fn asked(
        &mut self,
        x: ExchangeId,
        c: u32,
        kind: RequestKind,
        url: &mut String,
        content_type: &mut Option<&'static str>,
        body: &mut Bytes,
    ) -> Asking {
        let place = self.place(c, TransportName::Polling);
        let asked = Asked {
            kind,
            url,
            content_type: *content_type,
            body,
        };
        let now = Instant::now();
        let verdict = self.injector.request(now, &place, &asked);
        self.tell(c, verdict.told);
        match verdict.what {
            RequestDo::Pass => return Asking::Send(verdict.until),
            RequestDo::Change {
                url: other,
                content_type: kind,
                body: bytes,
            } => {
                *url = other.unwrap_or_else(|| std::mem::take(url));
                *content_type = kind.or(*content_type);
                *body = bytes.unwrap_or_else(|| std::mem::take(body));
                return Asking::Send(verdict.until);
            }
            RequestDo::Answer(answer) => {
                let headers = vec![("Content-Type".to_owned(), answer.content_type.to_owned())];
                let input = Input::HttpResponse {
                    x,
                    status: answer.status,
                    headers: &headers,
                    body: &answer.body,
                };
                self.machine.handle(now, input);
            }
            RequestDo::NeverAnswer => {}
            RequestDo::Cut(end) => {
                self.part(&end);
                let error = cut_words(&end).to_owned();
                self.machine.handle(now, Input::HttpFailed { x, error });
            }
        }
        Asking::Done
    }

    /// Asks about the request for a WebSocket.
    pub(in crate::client::driver) fn asked_ws(
        &mut self,
        x: ExchangeId,
        c: u32,
        url: &mut String,
    ) -> Asking {
        let place = self.place(c, TransportName::Websocket);
        let asked = Asked {
            kind: RequestKind::Upgrade,
            url,
            content_type: None,
            body: &Bytes::new(),
        };
        let now = Instant::now();
        let verdict = self.injector.request(now, &place, &asked);
        self.tell(c, verdict.told);
        let error = match verdict.what {
            RequestDo::Pass => return Asking::Send(verdict.until),
            RequestDo::Change { url: other, .. } => {
                *url = other.unwrap_or_else(|| std::mem::take(url));
                return Asking::Send(verdict.until);
            }
            RequestDo::NeverAnswer => return Asking::Done,
            RequestDo::Answer(answer) => {
                format!("the upgrade was answered with HTTP {}", answer.status)
            }
            RequestDo::Cut(end) => {
                self.part(&end);
                cut_words(&end).to_owned()
            }
        };
        self.machine.handle(now, Input::WsFailed { x, error });
        Asking::Done
    }

    /// Records a request now, or where it is held back, at the time when it is sent.
    pub(in crate::client::driver) fn record_when_sent(
        &mut self,
        x: ExchangeId,
        c: u32,
        request: Body,
        until: Option<Instant>,
    ) -> Option<Wait> {
        let Some(until) = until else {
            self.record(Some(c), &request);
            return None;
        };
        let sent = Arc::new(AtomicBool::new(false));
        self.failing.unsent.insert(x, Arc::clone(&sent));
        let journal = self.journal.clone();
        Some(Box::pin(async move {
            tokio::time::sleep_until(until.into()).await;
            sent.store(true, Ordering::Release);
            journal.append(Instant::now(), Some(c), &request);
        }))
    }

    /// Asks about a response that has come, and hands on what is to be handed on.
    pub(in crate::client::driver) fn answered(
        &mut self,
        c: u32,
        kind: RequestKind,
        mut late: Late,
    ) {
        self.failing.unsent.remove(&late.x);
        let place = self.place(c, TransportName::Polling);
        let now = Instant::now();
        let answered = Answered {
            kind,
            status: late.status,
            content_type: header(&late.headers, "content-type"),
            body: &late.body,
        };
        let Verdict {
            what, until, told, ..
        } = self.injector.response(now, &place, &answered);
        self.tell(c, told);
        match what {
            ResponseDo::Pass => {}
            ResponseDo::Change { body, content_type } => {
                late.body = body;
                if let Some(kind) = content_type {
                    let other =
                        |(name, _): &(String, String)| !name.eq_ignore_ascii_case("content-type");
                    late.headers.retain(other);
                    let kind = ("Content-Type".to_owned(), kind.to_owned());
                    late.headers.push(kind);
                }
            }
            ResponseDo::NeverAnswer => return,
            ResponseDo::Cut(end) => {
                self.part(&end);
                let error = cut_words(&end).to_owned();
                let x = late.x;
                return self.machine.handle(now, Input::HttpFailed { x, error });
            }
        }
        match until {
            None => self.http_late(late),
            Some(until) => {
                self.tasks.spawn(async move {
                    tokio::time::sleep_until(until.into()).await;
                    Done::Late(Box::new(late))
                });
            }
        }
    }

    /// Hands a response to the machine.
    pub(in crate::client::driver) fn http_late(&mut self, late: Late) {
        let input = Input::HttpResponse {
            x: late.x,
            status: late.status,
            headers: &late.headers,
            body: &late.body,
        };
        self.machine.handle(Instant::now(), input);
    }
}
