//! A post of the tap's own, to a session that polls.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::Shared;
use super::inject::{InjectError, Parcel};
use super::sessions::{Order, Session};
use crate::journal::record::{Body, Headers, Request, Response, TransportName};
use crate::net::http::{BODY_LIMIT, HttpClient, Request as Sent};
use crate::protocol::engine::payload::encode_body;

/// Headers of a client's request that a post of ours does not take over.
const NOT_OURS: [&str; 10] = [
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Expect",
    "If-None-Match",
    "If-Modified-Since",
    "Range",
];

impl Shared {
    /// Posts a parcel as soon as no post of the client is on its way; the client's next one
    /// waits for ours. The answer is recorded, and nobody else sees it.
    pub(super) fn post(&self, session: &Arc<Session>, parcel: Parcel) -> Result<(), InjectError> {
        let (model, version, revision, base64) = {
            let state = session.state();
            let story = &state.story;
            (
                state.model.clone(),
                story.version,
                story.revision,
                state.base64,
            )
        };
        let packets = parcel.packets(version)?;
        let Some(mut model) = model else {
            return Err(InjectError::NoConnection(session.c));
        };
        let sid = session.state().story.sid.clone().unwrap_or_default();
        let made = encode_body(&packets, version, revision, !base64);
        model.set_sid(&sid);
        let url = format!("{}{}", self.origin, model.target);
        let Ok(parsed) = url.parse() else {
            return Err(InjectError::NoConnection(session.c));
        };
        let mut headers: Headers = model
            .headers()
            .into_iter()
            .filter(|(name, _)| !NOT_OURS.iter().any(|not| name.eq_ignore_ascii_case(not)))
            .collect();
        let body = Bytes::from(made.bytes);
        headers.push(("Content-Type".to_owned(), made.content_type.to_owned()));
        headers.push(("Content-Length".to_owned(), body.len().to_string()));
        let sent = Sent {
            method: "POST".to_owned(),
            url: parsed,
            headers: headers.clone(),
            body: body.clone(),
        };
        let request = Request {
            x: self.sessions.exchange(),
            method: "POST".to_owned(),
            url,
            headers,
            body,
        };
        let (session, recorder) = (Arc::clone(session), self.recorder.clone());
        let client = HttpClient::new(self.dialer.clone(), BODY_LIMIT);
        tokio::spawn(async move {
            let _alone = session.posting.write().await;
            if session.transport() == TransportName::Websocket {
                // It was upgraded while this waited: the server takes no posts any more.
                let _ = session.order(Order::Parcel(parcel));
                return;
            }
            let (c, x) = (Some(session.c), request.x);
            recorder.all(c, parcel.told).await;
            if parcel.recorded {
                recorder
                    .record_at(Instant::now(), c, Body::Request(request))
                    .await;
            }
            let response = match client.exchange(&sent).await {
                Ok(response) => Response {
                    x,
                    status: response.status,
                    headers: response.headers,
                    body: response.body,
                    timing: response.timing,
                    error: None,
                },
                Err(error) => Response {
                    x,
                    status: error.status.unwrap_or(0),
                    headers: error.headers.clone(),
                    body: error.body.clone(),
                    timing: *error.timing,
                    error: Some(error.to_string()),
                },
            };
            if parcel.recorded {
                recorder.record(c, Body::Response(response)).await;
            }
        });
        Ok(())
    }
}
