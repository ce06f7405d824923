//! The writing side of a WebSocket: a task each, which a peer that does not read holds up alone.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use tokio::io::WriteHalf;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::CLOSING;
use crate::client::driver::Driver;
use crate::client::machine::{ExchangeId, Input, Message};
use crate::faults;
use crate::journal::Journal;
use crate::journal::record::{Body, Direction};
use crate::net::dial::Stream;
use crate::net::websocket::{WsWriter, frame};
use crate::protocol::websocket::Op;

/// Writes handed to a writing task at once.
const HANDED: usize = 512;

/// Something to write.
#[derive(Debug)]
pub(in crate::client::driver) enum Write {
    /// A message of the machine.
    Message(Message),
    /// What a fault has made of messages of the machine, which are so many.
    Made(faults::Message, usize),
    /// The end of our side, without a close frame.
    Fin,
    /// A WebSocket ping, to measure a round trip.
    Ping,
    /// The answer to a WebSocket ping.
    Pong(Bytes),
    /// A close frame, then the end of our side.
    Close(Option<u16>),
}

/// What a writing task tells.
pub(in crate::client::driver) struct Written {
    x: ExchangeId,
    /// Messages of the machine among what was written.
    messages: usize,
    /// Why no more can be written.
    failed: Option<String>,
}

/// The writing side, as the driver holds it.
pub(in crate::client::driver) struct Writer {
    pub(in crate::client::driver) c: u32,
    tx: mpsc::Sender<Write>,
    /// What did not fit; handed over as the task gets on.
    backlog: VecDeque<Write>,
}

impl Writer {
    /// Starts the task that writes on a WebSocket.
    pub(super) fn start(
        x: ExchangeId,
        c: u32,
        io: WsWriter<WriteHalf<Stream>>,
        journal: Journal,
        written: mpsc::Sender<Written>,
    ) -> (Writer, AbortHandle) {
        let (tx, rx) = mpsc::channel(HANDED);
        let task = tokio::spawn(write(x, c, io, rx, journal, written));
        let backlog = VecDeque::new();
        (Writer { c, tx, backlog }, task.abort_handle())
    }
}

impl Driver {
    /// Hands something to a writing task; never waits.
    pub(in crate::client::driver) fn write(&mut self, x: ExchangeId, write: Write) {
        let Some(writer) = self.writers.get_mut(&x) else {
            return;
        };
        if !writer.backlog.is_empty() || self.injector.frozen(writer.c) {
            // Answering the latest ping is enough (RFC 6455, section 5.5.3): a peer that pings and
            // does not read must not pile up answers.
            if matches!(write, Write::Pong(_))
                && let Some(waiting) = writer
                    .backlog
                    .iter_mut()
                    .find(|waiting| matches!(waiting, Write::Pong(_)))
            {
                *waiting = write;
                return;
            }
            return writer.backlog.push_back(write);
        }
        if let Err(mpsc::error::TrySendError::Full(write)) = writer.tx.try_send(write) {
            writer.backlog.push_back(write);
        }
    }

    /// Hands on what waits for a writing task, as far as it goes.
    pub(in crate::client::driver) fn hand_over(&mut self, x: ExchangeId) {
        let Some(writer) = self.writers.get_mut(&x) else {
            return;
        };
        if self.injector.frozen(writer.c) {
            return;
        }
        while let Some(write) = writer.backlog.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(write)) = writer.tx.try_send(write) {
                writer.backlog.push_front(write);
                break;
            }
        }
    }

    pub(in crate::client::driver) fn written(&mut self, written: Written) {
        let Written {
            x,
            messages,
            failed,
        } = written;
        self.hand_over(x);
        let now = Instant::now();
        if let Some(error) = failed {
            // What the server said last may still be there to read: the reader ends it, unless
            // there is nothing to read either.
            if let Some(reader) = self.readers.iter_mut().find(|reader| reader.x == x) {
                reader.cut_at.get_or_insert(now + CLOSING);
            }
            tracing::debug!(x, error, "writing to the WebSocket failed");
        } else {
            self.machine.handle(now, Input::WsWritten { x, messages });
        }
    }
}

/// Writes until the driver lets go; records each message just before it is handed to the system.
async fn write(
    x: ExchangeId,
    c: u32,
    mut io: WsWriter<WriteHalf<Stream>>,
    mut rx: mpsc::Receiver<Write>,
    journal: Journal,
    written: mpsc::Sender<Written>,
) {
    let mut batch = Vec::new();
    while rx.recv_many(&mut batch, HANDED).await > 0 {
        let mut messages = 0;
        let mut close = false;
        for write in batch.drain(..) {
            let mut counts = 1;
            let (op, data) = match write {
                Write::Made(made, of) => {
                    counts = of;
                    match made {
                        faults::Message::Text(data) => (Op::Text, data),
                        faults::Message::Binary(data) => (Op::Binary, data),
                        faults::Message::Raw(bytes) => {
                            io.feed_raw(&bytes);
                            messages += of;
                            continue;
                        }
                    }
                }
                Write::Fin => {
                    close = true;
                    break;
                }
                Write::Message(Message::Text(text)) => (Op::Text, Bytes::from(text)),
                Write::Message(Message::Binary(data)) => (Op::Binary, data),
                Write::Ping => (Op::Ping, Bytes::new()),
                Write::Pong(data) => (Op::Pong, data),
                Write::Close(code) => (Op::Close { code, reason: None }, Bytes::new()),
            };
            if matches!(op, Op::Text | Op::Binary) {
                messages += counts;
            }
            close |= matches!(op, Op::Close { .. });
            match io.feed(&op, &data) {
                Ok(wire) => {
                    let frame = frame(Direction::ToServer, &op, data, wire);
                    journal.append(Instant::now(), Some(c), &Body::Frame(frame));
                }
                Err(error) => tracing::warn!(%error, "a frame was not written"),
            }
            if close {
                break;
            }
        }
        let failed = io.flush().await.err().map(|error| error.to_string());
        let end = failed.is_some() || close;
        let _ = written
            .send(Written {
                x,
                messages,
                failed,
            })
            .await;
        if end {
            break;
        }
    }
    let _ = io.shutdown().await;
}
