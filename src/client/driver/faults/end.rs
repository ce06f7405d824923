//! What is cut on purpose, and what stands still.

use std::time::Instant;

use crate::client::driver::Driver;
use crate::client::driver::socket::Write;
use crate::client::machine::{ExchangeId, Input, WsEnd};
use crate::faults::{End, EndDo};
use crate::journal::record::{self, Body, TransportName};

impl Driver {
    /// Whether nothing more is to be read from a WebSocket now.
    pub(in crate::client::driver) fn stopped(&self, x: ExchangeId, c: u32) -> bool {
        (!self.failing.cuts.is_empty() && self.failing.ends(x)) || self.injector.frozen(c)
    }

    /// Whether a fault keeps the end of a WebSocket from the machine.
    pub(in crate::client::driver) fn hides_end(&mut self, c: u32) -> bool {
        if self.injector.is_idle() {
            return false;
        }
        let place = self.place(c, TransportName::Websocket);
        let verdict = self.injector.end(Instant::now(), &place);
        self.tell(c, verdict.told);
        verdict.what == EndDo::Hide
    }

    /// Closes a frozen WebSocket without a word; false where it is not frozen.
    pub(in crate::client::driver) fn closes_frozen(&mut self, x: ExchangeId) -> bool {
        let Some(index) = self.readers.iter().position(|reader| reader.x == x) else {
            return false;
        };
        let frozen = self
            .readers
            .get(index)
            .is_some_and(|reader| self.injector.frozen(reader.c));
        if frozen {
            let reader = self.readers.swap_remove(index);
            reader.writing.abort();
            self.writers.remove(&x);
            self.forget_held(x);
        }
        frozen
    }

    /// Readers stop and go on as the injector says.
    pub(super) fn freeze_and_thaw(&mut self) {
        let mut thawed = Vec::new();
        for reader in &mut self.readers {
            let frozen = self.injector.frozen(reader.c);
            if reader.frozen && !frozen {
                thawed.push(reader.x);
            }
            reader.frozen = frozen;
        }
        for x in thawed {
            self.hand_over(x);
            // What had been read before the frost lies in the reader.
            if let Some(index) = self.readers.iter().position(|reader| reader.x == x) {
                self.drain(index);
            }
        }
    }

    /// Ends a WebSocket.
    pub(super) fn cut_ws(&mut self, x: ExchangeId, end: End) {
        let Some(index) = self.readers.iter().position(|reader| reader.x == x) else {
            return;
        };
        self.release_held(x);
        self.forget_held(x);
        self.part(&end);
        match end {
            End::Fin => {
                self.write(x, Write::Fin);
                self.end_reader(index, WsEnd::Cut(None));
            }
            End::Rst => {
                if let Some(reader) = self.readers.get(index) {
                    reader.writing.abort();
                }
                self.writers.remove(&x);
                let why = cut_words(&End::Rst).to_owned();
                self.end_reader(index, WsEnd::Cut(Some(why)));
            }
            End::Close { code, reason } => {
                self.write(x, Write::Close(Some(code)));
                let code = Some(code);
                self.end_reader(index, WsEnd::Frame { code, reason });
            }
        }
    }

    /// Ends the exchanges of a connection that are in flight. Where there are none, the injector
    /// cuts the next one.
    pub(super) fn cut_exchanges(&mut self, c: u32, end: &End) {
        self.part(end);
        let mut exchanges: Vec<ExchangeId> = self
            .connections
            .iter()
            .filter(|(x, of)| **of == c && !self.opening.contains(x))
            .map(|(x, _)| *x)
            .collect();
        exchanges.sort_unstable();
        for x in exchanges {
            if let Some(abort) = self.aborts.remove(&x) {
                abort.abort();
            }
            self.connections.remove(&x);
            let error = cut_words(end).to_owned();
            if !self.failing.never_sent(x) {
                let response = record::Response {
                    x,
                    error: Some(error.clone()),
                    ..Default::default()
                };
                self.record(Some(c), &Body::Response(response));
            }
            self.machine
                .handle(Instant::now(), Input::HttpFailed { x, error });
            self.carry_out();
        }
    }

    /// What every cut does to the sockets that lie idle, and to all where it is a RST.
    pub(super) fn part(&mut self, end: &End) {
        if *end == End::Rst {
            self.dialer.reset_open();
        }
        if !matches!(end, End::Close { .. }) {
            self.http.close_idle();
        }
    }
}

/// How a cut reads in a record.
pub(super) fn cut_words(end: &End) -> &'static str {
    match end {
        End::Rst => "the connection was torn on purpose (RST)",
        End::Fin | End::Close { .. } => "the connection was cut on purpose (FIN)",
    }
}
