//! WebSockets: a connection's carrier from its start, or a probe that may become it.

use std::sync::Arc;

use bytes::BytesMut;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{ReadHalf, WriteHalf};

use super::{Live, Shared};
use crate::net::websocket::{Batch, WsReader, WsWriter};
use crate::protocol::engine::message::{self, Message};
use crate::protocol::engine::url::Transport;
use crate::protocol::engine::{DecodeError, Packet, PacketKind};
use crate::protocol::websocket::{Limits, Message as Came, Op, Role};
use crate::replay::mock::engine::Session;
use crate::replay::mock::report::Note;
use crate::replay::mock::script::End;

/// How long the other side may take to answer a close frame.
const GOODBYE: std::time::Duration = std::time::Duration::from_millis(300);

/// A request that asked for a WebSocket and got its 101.
pub(super) struct Switched {
    pub(super) io: OnUpgrade,
    pub(super) live: Arc<Live>,
    pub(super) arrival: Arrival,
}

/// What the WebSocket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It carries its connection from the start.
    New,
    /// It is to take over from polling.
    Probe,
}

type Io = TokioIo<Upgraded>;

/// How a WebSocket ends.
enum Over {
    /// The other side has gone, or has said so.
    Theirs,
    /// So, by us.
    Ours(End),
}

struct Socket<'a> {
    shared: &'a Shared,
    live: &'a Live,
    writer: WsWriter<WriteHalf<Io>>,
    carries: bool,
}

/// Serves a WebSocket to its end.
pub(super) async fn serve(shared: &Arc<Shared>, switched: Switched) {
    let Switched { io, live, arrival } = switched;
    let Ok(io) = io.await else {
        gone(shared, &live, arrival == Arrival::New);
        return;
    };
    let (read, write) = tokio::io::split(TokioIo::new(io));
    let mut reader = WsReader::new(read, BytesMut::new(), Role::Server, None, Limits::default());
    let mut socket = Socket {
        shared,
        live: &live,
        writer: WsWriter::new(write, Role::Server, None),
        carries: arrival == Arrival::New,
    };
    let over = socket.run(&mut reader).await;
    gone(shared, &live, socket.carries);
    socket.leave(over, &mut reader).await;
}

/// The session learns that its WebSocket is no more.
fn gone(shared: &Shared, live: &Live, carried: bool) {
    if carried {
        shared.with(live, Session::dropped);
    } else {
        shared.with(live, Session::end_probe);
    }
}

impl Socket<'_> {
    async fn run(&mut self, reader: &mut WsReader<ReadHalf<Io>>) -> Over {
        let mut stamp = self.live.stamp.subscribe();
        loop {
            stamp.mark_unchanged();
            if self.carries {
                let frames = self.shared.with(self.live, Session::frames);
                for message in &frames.messages {
                    let fed = match message {
                        Message::Text(text) => self.writer.feed(&Op::Text, text.as_bytes()),
                        Message::Binary(bytes) => self.writer.feed(&Op::Binary, bytes),
                    };
                    if fed.is_err() {
                        return Over::Theirs;
                    }
                }
                if self.writer.flush().await.is_err() {
                    return Over::Theirs;
                }
                if let Some(end) = frames.end {
                    return Over::Ours(end);
                }
            } else if !self.shared.with(self.live, |session| session.is_probing()) {
                return Over::Ours(quiet_close());
            }
            let deadline = Shared::deadline(self.live);
            tokio::select! {
                batch = reader.next_batch() => match batch {
                    Ok(Batch::Data) => if let Some(over) = self.take(reader).await {
                        return over;
                    },
                    Ok(Batch::End { .. }) | Err(_) => return Over::Theirs,
                },
                _ = stamp.changed() => {}
                () = until(self.shared, deadline) => {}
            }
        }
    }

    /// All messages that were read.
    async fn take(&mut self, reader: &mut WsReader<ReadHalf<Io>>) -> Option<Over> {
        loop {
            let came = match reader.try_next() {
                Ok(Some(came)) => came,
                Ok(None) => return None,
                Err(violation) => {
                    self.unreadable(violation.to_string());
                    return Some(Over::Ours(End::Close {
                        code: Some(violation.close_code()),
                        reason: None,
                    }));
                }
            };
            if let Some(over) = self.hear(came).await {
                return Some(over);
            }
        }
    }

    async fn hear(&mut self, came: Came) -> Option<Over> {
        let version = self.shared.with(self.live, |session| session.version());
        let packet = match &came.op {
            Op::Text => {
                let text = String::from_utf8_lossy(&came.data);
                message::decode_text(&text, version).map(|found| found.value.into_owned())
            }
            Op::Binary => {
                message::decode_binary(&came.data, version).map(|found| found.value.into_owned())
            }
            Op::Ping => {
                let sent = self.writer.send(&Op::Pong, &came.data).await;
                return sent.is_err().then_some(Over::Theirs);
            }
            Op::Pong => return None,
            Op::Close { code, .. } => {
                let code = *code;
                let echo = Op::Close { code, reason: None };
                let _ = self.writer.send(&echo, &[]).await;
                return Some(Over::Theirs);
            }
        };
        match packet {
            Ok(packet) if self.carries => {
                let now = self.shared.now();
                self.shared
                    .with(self.live, |session| session.hear(now, &packet));
                None
            }
            Ok(packet) => self.prove(&packet).await,
            Err(error) => self.undecodable(&error),
        }
    }

    /// A packet before this WebSocket carries anything.
    async fn prove(&mut self, packet: &Packet<'_>) -> Option<Over> {
        match packet.kind {
            PacketKind::Ping if packet.data.as_text() == Some("probe") => {
                if self.writer.send(&Op::Text, b"3probe").await.is_err() {
                    return Some(Over::Theirs);
                }
                self.shared.with(self.live, Session::probed);
                None
            }
            PacketKind::Upgrade => {
                self.carries = self.shared.with(self.live, |session| {
                    session.upgrade();
                    session.carrier() == Transport::Websocket
                });
                None
            }
            _ => Some(Over::Ours(quiet_close())),
        }
    }

    fn undecodable(&self, error: &DecodeError) -> Option<Over> {
        self.unreadable(format!("a WebSocket message: {error}"));
        Some(Over::Ours(quiet_close()))
    }

    fn unreadable(&self, why: String) {
        self.shared.tell(self.live.number, Note::Unreadable { why });
    }

    /// The last words.
    async fn leave(mut self, over: Over, reader: &mut WsReader<ReadHalf<Io>>) {
        let Over::Ours(End::Close { code, reason }) = over else {
            let _ = self.writer.shutdown().await;
            return;
        };
        if self
            .writer
            .send(&Op::Close { code, reason }, &[])
            .await
            .is_err()
        {
            return;
        }
        // The client's own close frame comes, and its end of the connection.
        let theirs = async {
            while let Ok(Batch::Data) = reader.next_batch().await {
                while let Ok(Some(came)) = reader.try_next() {
                    if matches!(came.op, Op::Close { .. }) {
                        return;
                    }
                }
            }
        };
        let _ = tokio::time::timeout(GOODBYE, theirs).await;
        let _ = self.writer.shutdown().await;
    }
}

/// How the reference's engine ends a WebSocket: without a code.
fn quiet_close() -> End {
    End::Close {
        code: None,
        reason: None,
    }
}

/// Waits for the time of a session.
pub(super) async fn until(shared: &Shared, at: Option<u64>) {
    match at {
        Some(at) => tokio::time::sleep_until(shared.moment(at)).await,
        None => std::future::pending().await,
    }
}
