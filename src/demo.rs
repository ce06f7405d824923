//! A Socket.IO server inside the process, with something of everything. **Floor 2.**
//!
//! It is an independent implementation (socketioxide), so it also is a peer that shares no
//! code with our client. It speaks Engine.IO 3 and 4, polling and WebSocket.
//!
//! | namespace | event | what it does |
//! |---|---|---|
//! | `/` | (on connect) | sends `welcome` with a list of what to try |
//! | | `echo` args… | sends `echo` with the same arguments, and answers with them |
//! | | `slow` ms | answers after that time (1,500 ms if it is told none) |
//! | | `never` | takes it and never answers |
//! | | `ask` | asks the client for an ack with `question`, reports the outcome as `answer-report` |
//! | | `picture` | sends and answers a small PNG as binary |
//! | | `binary` args… | sends `binary-sizes` and `binary`, and answers with the arguments |
//! | | `tick-start` ms, `tick-stop` | starts and stops `tick` events (every second if it is told nothing) |
//! | | `kick` | the server disconnects the client |
//! | `/chat` | (on connect) | puts the client into the room `lobby`, tells the others with `presence` |
//! | | `join` room | joins a room, answers with the rooms joined |
//! | | `say` text, room | sends `said` to everybody in the room, the sender included |
//! | | `broadcast` args… | sends `broadcast` to everybody on the namespace but the sender |
//! | | `who` | answers with the names in the lobby |
//! | `/admin` | (on connect) | needs the auth `{"token":"sesame"}`, refuses otherwise |
//! | | `stats` | answers with the number of clients of each namespace |
//! | | `kick` name | disconnects a client of `/chat` |
//! | any | anything else | sends `unknown-event`, and answers with the same |

mod namespaces;
mod value;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use socketioxide::{ParserConfig, SocketIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use namespaces::ADMIN_TOKEN;

/// How long clients have to go before their connections are cut on a stop.
const GRACE: Duration = Duration::from_millis(500);

/// Why the demo server did not start.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {listen}: {source}; choose another address with --listen, 127.0.0.1:0 takes a free port"
)]
pub struct StartError {
    /// Address that was asked for.
    pub listen: String,
    /// What the system said.
    pub source: std::io::Error,
}

/// What the server can be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one.
    pub listen: String,
    /// Clients must use socket.io-msgpack-parser.
    pub msgpack: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: "127.0.0.1:0".to_owned(),
            msgpack: false,
        }
    }
}

/// A running demo server. Dropping it ends it at once; [`Demo::stop`] ends it politely.
pub struct Demo {
    address: SocketAddr,
    io: SocketIo,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
}

impl Demo {
    /// Binds and serves on the current tokio runtime.
    pub async fn start(settings: Settings) -> Result<Demo, StartError> {
        let failed = |source| StartError {
            listen: settings.listen.clone(),
            source,
        };
        let listener = TcpListener::bind(&settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let builder = SocketIo::builder();
        let builder = if settings.msgpack {
            builder.with_parser(ParserConfig::msgpack())
        } else {
            builder.with_parser(ParserConfig::common())
        };
        let (service, io) = builder.build_svc();
        namespaces::register(&io);
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(listener, service, stopped));
        Ok(Demo {
            address,
            io,
            stop,
            server,
        })
    }

    /// Address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says goodbye to all clients, then closes.
    pub async fn stop(mut self) {
        self.io.close().await;
        self.stop.send_replace(true);
        if let Err(error) = (&mut self.server).await {
            tracing::debug!(%error, "demo: server task");
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.abort();
    }
}

/// Takes connections until it is told to stop; then gives those that are open a moment to end.
async fn serve<S, B>(listener: TcpListener, service: S, mut stopped: watch::Receiver<bool>)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: wait until some are given back.
                tracing::warn!(%error, "demo: accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "demo: nodelay");
        }
        let service = service.clone();
        connections.spawn(async move {
            let connection = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            if let Err(error) = connection.await {
                tracing::debug!(%error, "demo: connection");
            }
        });
    }
    drop(listener);
    let all_gone = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_gone).await.is_err() {
        tracing::debug!("demo: connections cut after the grace period");
    }
}

/// What to try on the demo server, one line each, for a person at the screen.
pub fn hints() -> Vec<String> {
    [
        "emit echo {\"hello\":\"world\"} with an ack: the answer comes back with its time",
        "emit ask: the server asks you for an ack; answer it",
        "emit slow 3000 with an ack, emit never with an ack: watch the ack ledger",
        "emit tick-start 200 and tick-stop: rows that come by themselves",
        "emit picture, emit binary: attachments, raw and decoded",
        "join /chat, emit say \"hi\" there; open a second window and talk to yourself",
        "join /admin: refused; join it again with the auth {\"token\":\"sesame\"}",
        "emit kick: io server disconnect, and why nothing reconnects then",
    ]
    .map(str::to_owned)
    .to_vec()
}
