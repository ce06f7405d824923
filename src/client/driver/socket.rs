//! WebSockets: a reader each in the driver's own task, and their end.
//!
//! `opening.rs` makes them; `writing.rs` is the task that each has for writing, and how the driver
//! hands over to it.

mod opening;
mod writing;

use std::future;
use std::time::{Duration, Instant};

use futures_util::future::select_all;
use tokio::io::ReadHalf;
use tokio::task::AbortHandle;

use super::Driver;
use crate::client::machine::{ExchangeId, Input, WsEnd};
use crate::journal::record::{Body, Direction};
use crate::net::dial::Stream;
use crate::net::websocket::{Batch, ReadError, WsReader, frame};
use crate::protocol::engine::generation;
use crate::protocol::websocket::{Op, Violation, ViolationKind};

pub(super) use opening::Outcome;
pub(super) use writing::{Write, Writer, Written};

/// How long the other side has to answer a close frame.
const CLOSING: Duration = Duration::from_secs(1);

/// The reading side.
pub(super) struct Reader {
    pub(super) x: ExchangeId,
    pub(super) c: u32,
    io: WsReader<ReadHalf<Stream>>,
    /// The machine has asked for its end.
    closing: bool,
    /// When the wait for the other side's close frame ends.
    pub(super) cut_at: Option<Instant>,
    /// The task that writes on the same WebSocket.
    pub(super) writing: AbortHandle,
    /// Nothing is read from it, on purpose.
    pub(super) frozen: bool,
}

/// Waits until one of the readers has bytes. Never ready without readers.
pub(super) async fn next_batch(readers: &mut [Reader]) -> (usize, Result<Batch, ReadError>) {
    if let [only] = readers
        && !only.frozen
    {
        return (0, only.io.next_batch().await);
    }
    let reads: Vec<_> = readers
        .iter_mut()
        .enumerate()
        .filter(|(_, reader)| !reader.frozen)
        .map(|(index, reader)| Box::pin(async move { (index, reader.io.next_batch().await) }))
        .collect();
    if reads.is_empty() {
        future::pending::<()>().await;
    }
    select_all(reads).await.0
}

impl Driver {
    /// Bytes came for a reader, or its end.
    pub(super) fn read(&mut self, index: usize, read: Result<Batch, ReadError>) {
        match read {
            Ok(Batch::Data) => self.drain(index),
            Ok(Batch::End { .. }) => self.reader_ended(index, WsEnd::Cut(None)),
            Err(error) => self.reader_ended(index, WsEnd::Cut(Some(error.to_string()))),
        }
    }

    /// Records and hands on every whole message that was read.
    pub(super) fn drain(&mut self, index: usize) {
        if index >= self.readers.len() {
            return;
        }
        let mut reader = self.readers.swap_remove(index);
        let (x, c) = (reader.x, reader.c);
        let now = Instant::now();
        let end = loop {
            if self.stopped(x, c) {
                break None;
            }
            match reader.io.try_next() {
                Ok(None) => break None,
                Ok(Some(message)) => {
                    let data = message.data.clone();
                    let frame = frame(Direction::ToClient, &message.op, data, message.wire);
                    self.journal.append(now, Some(c), &Body::Frame(frame));
                    match message.op {
                        Op::Text | Op::Binary if self.fails_in(now, x, c, &message) => {}
                        Op::Text => match std::str::from_utf8(&message.data) {
                            Ok(text) => self.machine.handle(now, Input::WsText { x, text }),
                            Err(error) => {
                                break Some(WsEnd::Violation(format!(
                                    "Invalid WebSocket frame: {error}"
                                )));
                            }
                        },
                        Op::Binary => self.machine.handle(
                            now,
                            Input::WsBinary {
                                x,
                                data: &message.data,
                            },
                        ),
                        Op::Ping => self.write(x, Write::Pong(message.data)),
                        Op::Pong => {}
                        Op::Close { code, reason } => {
                            self.write(x, Write::Close(code));
                            break Some(WsEnd::Frame {
                                code,
                                reason: reason.unwrap_or_default(),
                            });
                        }
                    }
                    self.carry_out();
                    // A close that the machine has just asked for found no reader to mark.
                    if !self.writers.contains_key(&x) && !reader.closing {
                        reader.closing = true;
                        reader.cut_at = Some(now + CLOSING);
                    }
                }
                Err(violation) => break Some(self.violated(c, x, &violation)),
            }
        };
        self.readers.push(reader);
        if let Some(end) = end {
            let last = self.readers.len() - 1;
            self.reader_ended(last, end);
        }
    }

    /// A reader has come to its end; a fault may keep that from the machine.
    fn reader_ended(&mut self, index: usize, end: WsEnd) {
        let open = self.readers.get(index).filter(|reader| !reader.closing);
        let c = open.map(|reader| reader.c);
        if c.is_some_and(|c| self.hides_end(c)) {
            self.readers.swap_remove(index);
        } else {
            self.end_reader(index, end);
        }
    }

    /// Bytes that break the protocol: kept for the log, named for the machine.
    fn violated(&mut self, c: u32, x: ExchangeId, violation: &Violation) -> WsEnd {
        let text = matches!(violation.kind, ViolationKind::TextNotUtf8 { .. });
        let op = if text { Op::Text } else { Op::Binary };
        let data = violation.bytes.clone();
        let frame = frame(Direction::ToClient, &op, data, None);
        self.record(Some(c), &Body::Frame(frame));
        self.write(x, Write::Close(Some(violation.close_code())));
        match generation::http_after_upgrade(&violation.bytes) {
            Some((status, body)) => WsEnd::Violation(format!(
                "the server switched to WebSocket and then answered HTTP {status}: {}",
                body.trim()
            )),
            None => WsEnd::Violation(format!("Invalid WebSocket frame: {violation}")),
        }
    }

    pub(super) fn end_reader(&mut self, index: usize, end: WsEnd) {
        if index >= self.readers.len() {
            return;
        }
        let reader = self.readers.swap_remove(index);
        // What came before the end and is held back goes before it.
        if let Some(end) = self.failing.hold_end(reader.x, end) {
            self.machine
                .handle(Instant::now(), Input::WsClosed { x: reader.x, end });
            self.carry_out();
        }
        // Dropping the sender lets the writing task finish what is queued and end; one that hangs
        // on a peer which does not read would otherwise stay, with its socket, for ever.
        self.writers.remove(&reader.x);
        let writing = reader.writing;
        tokio::spawn(async move {
            tokio::time::sleep(CLOSING).await;
            writing.abort();
        });
    }

    /// Writes what is queued and a close frame, and waits a little for the other side's.
    pub(super) fn close_ws(&mut self, x: ExchangeId) {
        if self.aborts.contains_key(&x) {
            return self.abort_exchange(x);
        }
        if self.closes_frozen(x) {
            return;
        }
        self.release_held(x);
        self.write(x, Write::Close(None));
        // Nothing is written after a close frame.
        self.writers.remove(&x);
        if let Some(reader) = self.readers.iter_mut().find(|reader| reader.x == x) {
            reader.closing = true;
            reader.cut_at = Some(Instant::now() + CLOSING);
        }
    }

    /// Drops the readers whose time is up.
    pub(super) fn cut_overdue(&mut self, now: Instant) {
        while let Some(index) = self
            .readers
            .iter()
            .position(|reader| reader.cut_at.is_some_and(|at| at <= now))
        {
            self.end_reader(
                index,
                WsEnd::Cut(Some("it could not be written to".to_owned())),
            );
        }
    }
}
