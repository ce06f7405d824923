//! HTTP exchanges of the polling transport.

use std::sync::PoisonError;
use std::time::Instant;

use bytes::Bytes;
use url::Url;

use super::{Done, Driver};
use crate::client::machine::{ExchangeId, Input};
use crate::journal::record::{self, Body};
use crate::net::http::{self, ExchangeError};

/// How an exchange ended.
pub(super) struct Outcome {
    x: ExchangeId,
    c: u32,
    url: Url,
    result: Result<http::Response, ExchangeError>,
}

impl Driver {
    pub(super) fn start_exchange(
        &mut self,
        x: ExchangeId,
        c: u32,
        method: &'static str,
        url: &str,
        content_type: Option<&'static str>,
        body: Bytes,
    ) {
        let url = match Url::parse(url) {
            Ok(url) => url,
            Err(error) => {
                let error = format!("{url:?} is no URL: {error}");
                return self
                    .machine
                    .handle(Instant::now(), Input::HttpFailed { x, error });
            }
        };
        let headers = self.headers(&url, content_type.map(|kind| (kind, body.len())));
        self.record(
            Some(c),
            &Body::Request(record::Request {
                x,
                method: method.to_owned(),
                url: url.to_string(),
                headers: headers.clone(),
                body: body.clone(),
            }),
        );
        let client = self.http.clone();
        let request = http::Request {
            method: method.to_owned(),
            url: url.clone(),
            headers,
            body,
        };
        let abort = self.tasks.spawn(async move {
            let result = client.exchange(&request).await;
            Done::Http(Box::new(Outcome { x, c, url, result }))
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
        let Outcome { x, c, url, result } = outcome;
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
        let record = record::Response {
            x,
            error: Some("given up: the connection ended".to_owned()),
            ..Default::default()
        };
        self.record(c, &Body::Response(record));
    }
}
