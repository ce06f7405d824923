//! HTTP exchanges of the polling transport.

use std::sync::PoisonError;
use std::time::Instant;

use bytes::Bytes;
use url::Url;

use super::faults::Asking;
use super::{Done, Driver};
use crate::client::machine::{ExchangeId, Input};
use crate::faults::RequestKind;
use crate::journal::record::{self, Body};
use crate::net::http::{self, ExchangeError};

/// How an exchange ended.
pub(super) struct Outcome {
    x: ExchangeId,
    c: u32,
    url: Url,
    kind: RequestKind,
    result: Result<http::Response, ExchangeError>,
}

/// A response that was held back.
pub(super) struct Late {
    pub(super) x: ExchangeId,
    pub(super) status: u16,
    pub(super) headers: record::Headers,
    pub(super) body: Bytes,
}

impl Driver {
    pub(super) fn start_exchange(
        &mut self,
        x: ExchangeId,
        c: u32,
        method: &'static str,
        url: &str,
        mut content_type: Option<&'static str>,
        mut body: Bytes,
    ) {
        let mut url = url.to_owned();
        let kind = RequestKind::of(method, &url, false);
        let mut until = None;
        if !self.injector.is_idle() {
            match self.asked(x, c, kind, &mut url, &mut content_type, &mut body) {
                Asking::Send(at) => until = at,
                Asking::Done => return,
            }
        }
        let url = match Url::parse(&url) {
            Ok(url) => url,
            Err(error) => {
                let error = format!("{url:?} is no URL: {error}");
                return self
                    .machine
                    .handle(Instant::now(), Input::HttpFailed { x, error });
            }
        };
        let headers = self.headers(&url, content_type.map(|kind| (kind, body.len())));
        let asked = Body::Request(record::Request {
            x,
            method: method.to_owned(),
            url: url.to_string(),
            headers: headers.clone(),
            body: body.clone(),
        });
        let waits = self.record_when_sent(x, c, asked, until);
        let client = self.http.clone();
        let request = http::Request {
            method: method.to_owned(),
            url: url.clone(),
            headers,
            body,
        };
        let abort = self.tasks.spawn(async move {
            if let Some(waits) = waits {
                waits.await;
            }
            let result = client.exchange(&request).await;
            Done::Http(Box::new(Outcome {
                x,
                c,
                url,
                kind,
                result,
            }))
        });
        self.aborts.insert(x, abort);
        self.connections.insert(x, c);
    }

    /// All headers of a request, as they will be sent.
    pub(super) fn headers(&self, url: &Url, body: Option<(&str, usize)>) -> record::Headers {
        let cookie = self
            .jar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .header(url);
        http::request_headers(url, &self.options.headers, cookie.as_deref(), body)
    }

    /// Takes over cookies of a response.
    pub(super) fn store_cookies(&mut self, url: &Url, headers: &record::Headers) {
        let values = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .map(|(_, value)| value.as_str());
        self.jar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .store(url, values);
    }

    pub(super) fn http_done(&mut self, outcome: Outcome) {
        let Outcome {
            x,
            c,
            url,
            kind,
            result,
        } = outcome;
        // Nothing is read from a frozen connection: its exchanges stay open.
        if self.injector.frozen(c) {
            return;
        }
        self.aborts.remove(&x);
        self.connections.remove(&x);
        let now = Instant::now();
        match result {
            Ok(response) => {
                self.tell_tls(response.connection.tls.as_ref());
                self.store_cookies(&url, &response.headers);
                let record = record::Response {
                    x,
                    status: response.status,
                    headers: response.headers,
                    body: response.body,
                    timing: response.timing,
                    error: None,
                };
                let (status, headers, body) =
                    (record.status, record.headers.clone(), record.body.clone());
                self.record(Some(c), &Body::Response(record));
                if !self.injector.is_idle() {
                    let late = Late {
                        x,
                        status,
                        headers,
                        body,
                    };
                    return self.answered(c, kind, late);
                }
                self.machine.handle(
                    now,
                    Input::HttpResponse {
                        x,
                        status,
                        headers: &headers,
                        body: &body,
                    },
                );
            }
            Err(failed) => {
                let error = failed.to_string();
                let record = record::Response {
                    x,
                    status: failed.status.unwrap_or(0),
                    headers: failed.headers,
                    body: failed.body,
                    timing: *failed.timing,
                    error: Some(error.clone()),
                };
                self.record(Some(c), &Body::Response(record));
                self.machine.handle(now, Input::HttpFailed { x, error });
            }
        }
    }

    /// Gives up on an exchange, or on the opening of a WebSocket.
    pub(super) fn abort_exchange(&mut self, x: ExchangeId) {
        let (Some(abort), c) = (self.aborts.remove(&x), self.connections.remove(&x)) else {
            return;
        };
        abort.abort();
        self.opening.remove(&x);
        if self.failing.never_sent(x) {
            return;
        }
        let record = record::Response {
            x,
            error: Some("given up: the connection ended".to_owned()),
            ..Default::default()
        };
        self.record(c, &Body::Response(record));
    }
}
