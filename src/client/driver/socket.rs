//! WebSockets: opening, a reader each in the driver's own task, a writing task each.

use std::collections::VecDeque;
use std::future;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::select_all;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use url::Url;

use super::faults::Asking;
use super::{Done, Driver};
use crate::client::machine::{ExchangeId, Input, Message, WsEnd};
use crate::faults;
use crate::journal::Journal;
use crate::journal::record::{self, Body, Direction, Frame, Opcode};
use crate::net::dial::{Stream, TlsInfo};
use crate::net::websocket::{self, Batch, ReadError, UpgradeError, Upgraded, WsReader, WsWriter};
use crate::protocol::engine::generation;
use crate::protocol::websocket::handshake::header;
use crate::protocol::websocket::{DeflateOffer, Limits, Op, Violation, ViolationKind};

/// Writes handed to a writing task at once.
const HANDED: usize = 512;
/// How long the other side has to answer a close frame.
const CLOSING: Duration = Duration::from_secs(1);

/// How an opening ended.
pub(super) struct Outcome {
    x: ExchangeId,
    c: u32,
    url: Url,
    result: Result<Upgraded, UpgradeError>,
}

/// Something to write.
#[derive(Debug)]
pub(super) enum Write {
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
pub(super) struct Written {
    x: ExchangeId,
    /// Messages of the machine among what was written.
    messages: usize,
    /// Why no more can be written.
    failed: Option<String>,
}

/// The writing side, as the driver holds it.
pub(super) struct Writer {
    pub(super) c: u32,
    tx: mpsc::Sender<Write>,
    /// What did not fit; handed over as the task gets on.
    backlog: VecDeque<Write>,
}

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
    pub(super) fn open_ws(&mut self, x: ExchangeId, c: u32, url: &str) {
        let mut url = url.to_owned();
        let mut until = None;
        if !self.injector.is_idle() {
            match self.asked_ws(x, c, &mut url) {
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
                    .handle(Instant::now(), Input::WsFailed { x, error });
            }
        };
        let cookie = self
            .jar
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .header(&url);
        let offer = DeflateOffer::default();
        let headers = websocket::request_headers(
            &url,
            &self.options.headers,
            cookie.as_deref(),
            Some(&offer),
        );
        let asked = Body::Request(record::Request {
            x,
            method: "GET".to_owned(),
            url: url.to_string(),
            headers: headers.clone(),
            body: Bytes::new(),
        });
        let waits = self.record_when_sent(x, c, asked, until);
        let dialer = self.dialer.clone();
        let patience = self.options.connect_timeout;
        let abort = self.tasks.spawn(async move {
            if let Some(waits) = waits {
                waits.await;
            }
            let opening = websocket::connect(&dialer, &url, &headers, Limits::default());
            let result = match tokio::time::timeout(patience, opening).await {
                Ok(result) => result,
                Err(_) => Err(UpgradeError::NoResponse {
                    message: format!(
                        "no answer to the upgrade within {} s",
                        patience.as_secs_f64()
                    ),
                    bytes: Bytes::new(),
                    timing: record::Timing::default(),
                }),
            };
            Done::Ws(Box::new(Outcome { x, c, url, result }))
        });
        self.aborts.insert(x, abort);
        self.connections.insert(x, c);
        self.opening.insert(x);
    }

    pub(super) fn ws_done(&mut self, outcome: Outcome) {
        let Outcome { x, c, url, result } = outcome;
        if self.injector.frozen(c) {
            return;
        }
        self.opening.remove(&x);
        self.aborts.remove(&x);
        self.connections.remove(&x);
        match result {
            Ok(upgraded) => self.ws_opened(x, c, &url, upgraded),
            Err(failed) => {
                let error = failed.to_string();
                let (status, headers, body, timing, words) = match failed {
                    UpgradeError::Refused {
                        response, timing, ..
                    } => {
                        self.store_cookies(&url, &response.headers);
                        let words =
                            refusal(&response.headers, response.status, &response.body, &error);
                        (
                            response.status,
                            response.headers,
                            response.body,
                            timing,
                            words,
                        )
                    }
                    UpgradeError::NoResponse { bytes, timing, .. } => {
                        (0, Vec::new(), bytes, timing, error.clone())
                    }
                    UpgradeError::Dial(dial) => {
                        (0, Vec::new(), Bytes::new(), *dial.timing, error.clone())
                    }
                    UpgradeError::Request(_) => (
                        0,
                        Vec::new(),
                        Bytes::new(),
                        record::Timing::default(),
                        error.clone(),
                    ),
                };
                let error = (status == 0 || status == 101).then_some(error);
                self.record(
                    Some(c),
                    &Body::Response(record::Response {
                        x,
                        status,
                        headers,
                        body,
                        timing,
                        error,
                    }),
                );
                self.machine
                    .handle(Instant::now(), Input::WsFailed { x, error: words });
            }
        }
    }

    fn ws_opened(&mut self, x: ExchangeId, c: u32, url: &Url, upgraded: Upgraded) {
        self.tell_tls(upgraded.tls.as_ref());
        self.store_cookies(url, &upgraded.response.headers);
        self.record(
            Some(c),
            &Body::Response(record::Response {
                x,
                status: upgraded.response.status,
                headers: upgraded.response.headers,
                body: Bytes::new(),
                timing: upgraded.timing,
                error: None,
            }),
        );
        let (tx, rx) = mpsc::channel(HANDED);
        self.writers.insert(
            x,
            Writer {
                c,
                tx,
                backlog: VecDeque::new(),
            },
        );
        let writing = tokio::spawn(write(
            x,
            c,
            upgraded.writer,
            rx,
            self.journal.clone(),
            self.written.clone(),
        ))
        .abort_handle();
        self.readers.push(Reader {
            x,
            c,
            io: upgraded.reader,
            closing: false,
            cut_at: None,
            writing,
            frozen: false,
        });
        self.machine.handle(Instant::now(), Input::WsOpened { x });
        self.carry_out();
        // What came right behind the 101 is in the reader already.
        let index = self.readers.len() - 1;
        self.drain(index);
    }

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
                    let frame = frame(&message);
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
        let op = if text { Opcode::Text } else { Opcode::Binary };
        let data = violation.bytes.clone();
        self.record(
            Some(c),
            &Body::Frame(Frame {
                dir: Direction::ToClient,
                op,
                data,
                code: None,
                reason: None,
                wire: None,
            }),
        );
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

    /// Hands something to a writing task; never waits.
    pub(super) fn write(&mut self, x: ExchangeId, write: Write) {
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
    pub(super) fn hand_over(&mut self, x: ExchangeId) {
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

    pub(super) fn written(&mut self, written: Written) {
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

    /// Says once what TLS would have refused.
    pub(super) fn tell_tls(&mut self, tls: Option<&TlsInfo>) {
        let Some(failure) = tls.and_then(|tls| tls.would_have_failed.as_ref()) else {
            return;
        };
        if !std::mem::replace(&mut self.tls_told, true) {
            self.notices.push(format!(
                "--insecure: the certificate would have been refused: {failure}"
            ));
            self.record(
                None,
                &Body::Mark(record::Mark {
                    text: format!("TLS: accepted although {failure}"),
                }),
            );
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
                    let frame = outgoing(op, data, wire);
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

/// The record of a message that came.
fn frame(message: &crate::protocol::websocket::Message) -> Frame {
    let (op, code, reason) = match &message.op {
        Op::Text => (Opcode::Text, None, None),
        Op::Binary => (Opcode::Binary, None, None),
        Op::Ping => (Opcode::Ping, None, None),
        Op::Pong => (Opcode::Pong, None, None),
        Op::Close { code, reason } => (Opcode::Close, *code, reason.clone()),
    };
    Frame {
        dir: Direction::ToClient,
        op,
        data: message.data.clone(),
        code,
        reason,
        wire: message.wire,
    }
}

/// The record of a message that we write.
fn outgoing(op: Op, data: Bytes, wire: Option<u64>) -> Frame {
    let (op, code) = match op {
        Op::Text => (Opcode::Text, None),
        Op::Binary => (Opcode::Binary, None),
        Op::Ping => (Opcode::Ping, None),
        Op::Pong => (Opcode::Pong, None),
        Op::Close { code, .. } => (Opcode::Close, code),
    };
    Frame {
        dir: Direction::ToServer,
        op,
        data,
        code,
        reason: None,
        wire,
    }
}

/// What a refused upgrade says, in one line.
fn refusal(headers: &record::Headers, status: u16, body: &[u8], otherwise: &str) -> String {
    if status == 101 {
        return otherwise.to_owned();
    }
    let error =
        crate::protocol::engine::server_error::decode(body, header(headers, "content-type"));
    let mut words = format!("the upgrade was answered with HTTP {status}");
    if !error.message.is_empty() {
        words.push_str(&format!(": {}", error.message));
    }
    if let Some(location) = header(headers, "location") {
        words.push_str(&format!("; redirects to {location}"));
    }
    words
}
