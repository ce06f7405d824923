//! One TCP connection of a client, and the one to the server that stands for it.
//!
//! Each client connection gets a connection of its own to the server, kept as long as the
//! client's: what a load balancer or a server makes of connections stays as it is without the
//! tap. Bodies pass as they come, framing and coding untouched; a copy is recorded with its
//! coding undone. When one side ends its connection, the other side's is ended the same way.

mod exchange;
mod refusal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::head::{self, RequestHead};
use super::relay;
use super::sessions::Session;
use super::{Shared, stopped};
use crate::faults::End;
use crate::net::dial::Stream;

/// Bytes that are read ahead.
const AHEAD: usize = 256 * 1024;
/// How long an answer of the tap's own may wait for the client's request to be whole.
const PATIENCE: Duration = Duration::from_secs(2);

/// Both sides.
pub(super) struct Link<'a> {
    shared: &'a Shared,
    client: Side<OwnedReadHalf, OwnedWriteHalf>,
    server: Option<Side<ReadHalf<Stream>, WriteHalf<Stream>>>,
    /// Whose request came over it last.
    last: Option<Arc<Session>>,
}

/// One side: its halves and what was read and not used.
struct Side<R, W> {
    read: R,
    write: W,
    buf: BytesMut,
}

/// How a client's connection goes on after an exchange.
enum Next {
    /// With another request.
    Another,
    /// It is over: FIN.
    Over,
    /// It is over: RST.
    Reset,
    /// It became a WebSocket.
    Socket(Box<exchange::Switched>),
}

/// Serves one client connection to its end.
pub(super) async fn serve(shared: &Shared, stream: TcpStream) {
    // Small messages must not wait for each other; an old kernel's refusal does no harm.
    let _ = stream.set_nodelay(true);
    let (read, write) = stream.into_split();
    let mut link = Link {
        shared,
        client: Side {
            read,
            write,
            buf: BytesMut::new(),
        },
        server: None,
        last: None,
    };
    let next = loop {
        let head = match link.head().await {
            Ok(Some(head)) => head,
            Ok(None) => break Next::Over,
            Err(why) => {
                link.refuse_gibberish(&why).await;
                break Next::Over;
            }
        };
        match link.exchange(head).await {
            Next::Another => {}
            next => break next,
        }
    };
    let Link { client, server, .. } = link;
    match next {
        Next::Socket(switched) => {
            let Some(server) = server else { return };
            let ends = relay::Ends {
                client_read: client.read,
                client_write: client.write,
                server_read: server.read,
                server_write: server.write,
                from_client: client.buf,
                from_server: server.buf,
            };
            relay::run(shared, switched.session, switched.deflate, ends).await;
        }
        Next::Reset => {
            let _ = client.write.as_ref().set_zero_linger();
            client.write.forget();
        }
        Next::Over | Next::Another => {
            let mut client = client;
            let _ = client.write.shutdown().await;
            drop(server);
            relay::drain(client.read).await;
        }
    }
}

impl Link<'_> {
    /// Waits for the next request's head. `Ok(None)`: one of the sides has ended.
    async fn head(&mut self) -> Result<Option<RequestHead>, String> {
        let mut stop = self.shared.stop.subscribe();
        loop {
            if let Some(head) = head::take_request(&mut self.client.buf)? {
                return Ok(Some(head));
            }
            self.client.buf.reserve(64 * 1024);
            let idle = idle(&mut self.server);
            tokio::select! {
                read = self.client.read.read_buf(&mut self.client.buf) => match read {
                    Ok(1..) => {}
                    _ if self.client.buf.is_empty() => {
                        if let Some(session) = self.last.take() {
                            session.state().story.hung_up(Instant::now());
                        }
                        return Ok(None);
                    }
                    _ => return Err("it ended in the middle of a request's head".to_owned()),
                },
                () = idle => {
                    // What a server says unasked (408 and the like) goes on before its end.
                    if let Some(server) = &mut self.server {
                        let said = server.buf.split();
                        let _ = self.client.write.write_all(&said).await;
                    }
                    return Ok(None);
                }
                () = stopped(&mut stop) => return Ok(None),
            }
        }
    }

    /// The next step after a fault's end.
    fn cut(end: &End) -> Next {
        match end {
            End::Rst => Next::Reset,
            End::Fin | End::Close { .. } => Next::Over,
        }
    }
}

/// Waits until an idle server connection is ended; what it says before that is kept.
async fn idle(server: &mut Option<Side<ReadHalf<Stream>, WriteHalf<Stream>>>) {
    match server {
        None => std::future::pending().await,
        Some(server) => {
            while server.buf.len() < AHEAD
                && matches!(server.read.read_buf(&mut server.buf).await, Ok(1..))
            {}
        }
    }
}
