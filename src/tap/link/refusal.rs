//! What the tap answers itself: the server can't be reached, or the request can't be read.

use std::time::Instant;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Link, PATIENCE};
use crate::tap::body::{Body, Copy};

/// A whole response of the tap's own, after which the connection ends.
pub(super) fn response(status: u16, content_type: &str, body: &[u8], keep: bool) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error");
    let mut out = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{}\r\n",
        body.len(),
        if keep { "" } else { "Connection: close\r\n" },
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

impl Link<'_> {
    /// A client that speaks no HTTP.
    pub(super) async fn refuse_gibberish(&mut self, why: &str) {
        let start = self.client.buf.get(..48).unwrap_or(&self.client.buf);
        let looks = match start.first() {
            None => return,
            Some(0x16) => {
                "it looks like TLS: use http:// (not https://) towards the tap".to_owned()
            }
            Some(_) => format!("it begins with `{}`", start.escape_ascii()),
        };
        self.shared.notices.push(format!(
            "a client of the tap does not speak HTTP ({why}): {looks}"
        ));
        let text = format!(
            "sioscope tap: this is no HTTP request that can be passed on ({why}).\nThe tap speaks plain HTTP/1.1 and passes everything on to {}.\n",
            self.shared.upstream
        );
        let bytes = response(400, "text/plain; charset=utf-8", text.as_bytes(), false);
        let _ = self.client.write.write_all(&bytes).await;
    }

    /// Reads the rest of a request's body, as far as it comes soon.
    pub(super) async fn rest_of(&mut self, body: &mut Body, copy: &mut Copy) {
        let until = Instant::now() + PATIENCE;
        while !body.is_done() {
            match body.take(&self.client.buf, copy) {
                Ok(used) => {
                    let _ = self.client.buf.split_to(used);
                }
                Err(_) => return,
            }
            if body.is_done() {
                return;
            }
            let read = self.client.read.read_buf(&mut self.client.buf);
            match tokio::time::timeout_at(until.into(), read).await {
                Ok(Ok(1..)) => {}
                _ => return,
            }
        }
    }

    /// Answers in the server's place. Returns whether the client took it.
    pub(super) async fn answer(
        &mut self,
        status: u16,
        content_type: &str,
        body: &Bytes,
        keep: bool,
    ) -> bool {
        let bytes = response(status, content_type, body, keep);
        self.client.write.write_all(&bytes).await.is_ok()
    }
}
