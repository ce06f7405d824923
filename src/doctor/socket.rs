//! A WebSocket of a visit: every frame recorded, WebSocket and Engine.IO pings answered.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::time::{Instant as Deadline, timeout_at};

use super::visit::Visit;
use crate::journal::record::{Body, Direction, Frame};
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::net::dial::Stream;
use crate::net::websocket::{Batch, Upgraded, WsReader, WsWriter, frame};
use crate::protocol::engine::{self, Version, message};
use crate::protocol::websocket::{DeflateParams, Op};

/// How long the other side has to answer a close frame.
const CLOSING: Duration = Duration::from_secs(1);

/// What came over the WebSocket.
#[derive(Debug)]
pub(super) enum Said {
    /// Packets, and the record that brought them.
    Packets(Vec<Packet>, u64),
    /// A close frame, and its record.
    Closed {
        /// Its code.
        code: Option<u16>,
        /// Its reason.
        reason: String,
        /// Its record.
        n: u64,
    },
    /// The connection ended without one.
    Cut(String),
    /// Nothing within the time.
    Nothing,
}

impl Said {
    /// How it ended, in words.
    pub(super) fn told(&self) -> String {
        match self {
            Said::Packets(packets, _) => match packets.first().map(|packet| &packet.kind) {
                Some(Kind::Engine { name, .. }) => format!("a {name} packet came"),
                Some(Kind::Socket { name, .. }) => format!("a {name} packet came"),
                Some(Kind::Undecodable { error, .. }) => format!("undecodable bytes came: {error}"),
                None => "a part of a packet came".to_owned(),
            },
            Said::Closed { code, reason, .. } => {
                let code = code.map_or("1005 (none was sent)".to_owned(), |code| code.to_string());
                match reason.as_str() {
                    "" => format!("it was closed with code {code}"),
                    reason => format!("it was closed with code {code}, “{reason}”"),
                }
            }
            Said::Cut(why) => why.clone(),
            Said::Nothing => "nothing came".to_owned(),
        }
    }
}

/// An open WebSocket.
pub(super) struct Socket<'v, 'p> {
    visit: &'v Visit<'p>,
    reader: WsReader<ReadHalf<Stream>>,
    writer: WsWriter<WriteHalf<Stream>>,
    /// The compression that is on.
    pub(super) deflate: Option<DeflateParams>,
    /// When each of the server's Engine.IO pings (or pongs, in generation 2) came.
    pub(super) heartbeats: Vec<Instant>,
    /// The record of the frame that was sent last; 0 before the first.
    pub(super) sent: u64,
    over: bool,
}

impl<'v, 'p> Socket<'v, 'p> {
    pub(super) fn new(visit: &'v Visit<'p>, upgraded: Upgraded) -> Socket<'v, 'p> {
        visit.learn();
        Socket {
            visit,
            reader: upgraded.reader,
            writer: upgraded.writer,
            deflate: upgraded.deflate,
            heartbeats: Vec::new(),
            sent: 0,
            over: false,
        }
    }

    /// Sends one Engine.IO packet; false when that failed.
    pub(super) async fn send(&mut self, packet: &engine::Packet<'_>) -> bool {
        let (op, data) = match message::encode(packet, self.visit.version, false) {
            message::Message::Text(text) => (Op::Text, Bytes::from(text)),
            message::Message::Binary(data) => (Op::Binary, Bytes::from(data)),
        };
        self.write(op, data).await
    }

    /// Sends a text as it stands.
    pub(super) async fn text(&mut self, text: &str) -> bool {
        self.write(Op::Text, Bytes::copy_from_slice(text.as_bytes()))
            .await
    }

    async fn write(&mut self, op: Op, data: Bytes) -> bool {
        if self.over {
            return false;
        }
        let Ok(wire) = self.writer.feed(&op, &data) else {
            return false;
        };
        self.sent = self.record(frame(Direction::ToServer, &op, data, wire));
        self.writer.flush().await.is_ok()
    }

    fn record(&self, frame: Frame) -> u64 {
        self.visit.probe.record(self.visit.c, &Body::Frame(frame))
    }

    /// The next thing that comes before `until`. Pings are answered on the way and come as
    /// packets, too. Cancel safe up to an answer being written.
    pub(super) async fn next(&mut self, until: Instant) -> Said {
        loop {
            match self.reader.try_next() {
                Ok(Some(message)) => {
                    let data = message.data.clone();
                    let frame = frame(Direction::ToClient, &message.op, data, message.wire);
                    let n = self.record(frame.clone());
                    match message.op {
                        Op::Ping => {
                            self.write(Op::Pong, message.data).await;
                        }
                        Op::Pong => {}
                        Op::Close { code, reason } => {
                            let answer = Op::Close { code, reason: None };
                            self.write(answer, Bytes::new()).await;
                            self.over = true;
                            let reason = reason.unwrap_or_default();
                            return Said::Closed { code, reason, n };
                        }
                        Op::Text | Op::Binary => {
                            let packets = self.visit.decode(n, Body::Frame(frame));
                            self.answer_pings(&packets).await;
                            return Said::Packets(packets, n);
                        }
                    }
                }
                Ok(None) => match timeout_at(Deadline::from_std(until), self.reader.next_batch())
                    .await
                {
                    Err(_) => return Said::Nothing,
                    Ok(Ok(Batch::Data)) => {}
                    Ok(Ok(Batch::End { .. })) => {
                        self.over = true;
                        return Said::Cut(
                            "the TCP connection was closed without a close frame (1006)".to_owned(),
                        );
                    }
                    Ok(Err(error)) => {
                        self.over = true;
                        return Said::Cut(format!("{error} (1006)"));
                    }
                },
                Err(violation) => {
                    self.over = true;
                    return Said::Cut(format!("what came is no WebSocket frame: {violation}"));
                }
            }
        }
    }

    async fn answer_pings(&mut self, packets: &[Packet]) {
        for packet in packets {
            let Kind::Engine { name, data } = &packet.kind else {
                continue;
            };
            match (*name, self.visit.version) {
                ("ping", Version::V4) => {
                    self.heartbeats.push(Instant::now());
                    let pong = format!("3{data}");
                    self.text(&pong).await;
                }
                ("pong", Version::V3) if data != "probe" => self.heartbeats.push(Instant::now()),
                _ => {}
            }
        }
    }

    /// The first thing before `until` that `wanted` accepts; what else comes is passed over.
    pub(super) async fn wait(
        &mut self,
        until: Instant,
        wanted: impl Fn(&Kind) -> bool,
    ) -> Result<Packet, Said> {
        loop {
            match self.next(until).await {
                Said::Packets(packets, _) => {
                    if let Some(found) = packets.into_iter().find(|packet| wanted(&packet.kind)) {
                        return Ok(found);
                    }
                }
                said => return Err(said),
            }
        }
    }

    /// Leaves politely: the namespaces, the session, the WebSocket.
    pub(super) async fn close(mut self) {
        for packet in self.visit.farewell() {
            // Over WebSocket the close frame ends the session; the official clients send no
            // close packet there.
            if packet.kind != engine::PacketKind::Close {
                self.send(&packet).await;
            }
        }
        let close = Op::Close {
            code: None,
            reason: None,
        };
        if self.write(close, Bytes::new()).await {
            let until = Instant::now() + CLOSING;
            while let Said::Packets(..) = self.next(until).await {}
        }
        let _ = self.writer.shutdown().await;
        self.visit.left("io client disconnect", None);
    }

    /// Ends a probe's socket whose session lives on elsewhere (or not at all).
    pub(super) async fn drop_it(mut self) {
        let close = Op::Close {
            code: None,
            reason: None,
        };
        self.write(close, Bytes::new()).await;
        let _ = self.writer.shutdown().await;
    }
}
