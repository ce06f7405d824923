//! How a relayed WebSocket ends: who ended it, what is told of it, and ends that faults make.

use std::time::Instant;

use bytes::BytesMut;

use super::CLOSING;
use super::Finish;
use super::HALF;
use super::Relay;
use super::way::Way;
use super::way::append;
use crate::faults::End;
use crate::faults::EndDo;
use crate::journal::record::TransportName;
use crate::tap::story::How;
use crate::tap::story::Who;

impl Relay<'_> {
    /// The client has said goodbye, or is gone. Where the server does not get to hear that, or
    /// the client no answer, this is the end of the connection.
    pub(super) async fn left(&mut self) {
        let frozen = self.frozen();
        if !frozen && !self.hidden {
            return;
        }
        self.forsaken |= frozen;
        self.closing = Instant::now().checked_add(HALF);
        self.tell_end().await;
    }

    /// Whether it was the client that ended it.
    pub(super) fn client_left(&self) -> bool {
        matches!(self.first_end, Some((Who::Client, _)))
    }

    /// A side's bytes have ended.
    pub(super) async fn end_of(&mut self, way: &mut Way, who: Who, error: Option<std::io::Error>) {
        if way.undecoded {
            self.decode(way, false).await;
        }
        let how = match error {
            None => How::Fin,
            Some(error) if is_reset(&error) => How::Rst,
            // TLS that ends without its goodbye: an end all the same.
            Some(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => How::Fin,
            Some(error) => How::Broken(error.to_string()),
        };
        // Half a message goes on as it is.
        let rest = way.raw.split();
        append(&mut way.out, rest);
        if who == Who::Server
            && !self.hidden
            && self.first_end.is_none()
            && let Some(session) = self.session.clone().filter(|_| self.shared.faults.busy())
        {
            let place = session.place(TransportName::Websocket);
            let now = Instant::now();
            let verdict = self.shared.faults.ask(|injector| injector.end(now, &place));
            self.shared.tell_faults(session.c, verdict.told).await;
            self.hidden = verdict.what == EndDo::Hide;
        }
        if !(who == Who::Server && self.hidden) {
            self.first_end.get_or_insert((who, how.clone()));
        }
        way.ended = Some(how);
        if who == Who::Client {
            self.left().await;
            self.hidden = false;
        }
        if !(who == Who::Server && self.hidden) {
            self.tell_end().await;
        }
    }

    /// Tells once how it ended.
    pub(super) async fn tell_end(&mut self) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let (who, how) = self.first_end.clone().unwrap_or((Who::Client, How::Fin));
        if let Some(session) = self.session.clone() {
            let told = session
                .state()
                .story
                .socket_ended(Instant::now(), who, &how);
            self.shared.told(&session, told).await;
        }
    }

    pub(super) async fn tell_end_by_tap(&mut self, reason: &str, words: &str) {
        self.told = true;
        if let Some(session) = self.session.clone() {
            let told = session.state().story.ended_by_tap(reason, words);
            self.shared.told(&session, told).await;
        }
    }

    pub(super) async fn end_by_fault(
        &mut self,
        end: End,
        up: &mut Way,
        down: &mut Way,
    ) -> Option<Finish> {
        match end {
            End::Fin => {
                let words = "the tap ended the TCP connection (FIN) without a close frame, which the client sees as code 1006";
                self.tell_end_by_tap("transport close", words).await;
                // What was decided before it goes first, as far as the sockets take it at once.
                Some(Finish::Cut)
            }
            End::Rst => {
                let words =
                    "the tap reset the TCP connection (RST), which the client sees as code 1006";
                self.tell_end_by_tap("transport close", words).await;
                Some(Finish::Reset)
            }
            End::Close { code, reason } => {
                for way in [&mut *up, &mut *down] {
                    let mut bytes = BytesMut::new();
                    // A reason that is too long is refused; the code alone says enough then.
                    if way.encoder.close(Some(code), &reason, &mut bytes).is_err() {
                        let _ = way.encoder.close(Some(code), "", &mut bytes);
                    }
                    way.held.clear();
                    way.held_bytes = 0;
                    append(&mut way.out, bytes);
                }
                let words = format!("the tap sent close code {code}");
                self.tell_end_by_tap("transport close", &words).await;
                // What the server still says does not reach the client any more.
                down.ended.get_or_insert(How::Fin);
                self.closing = Instant::now().checked_add(CLOSING);
                None
            }
        }
    }
}

pub(super) fn is_reset(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::ConnectionAborted
    )
}
