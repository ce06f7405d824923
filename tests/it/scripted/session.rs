//! The client under test beside its scripted server, and what the journal says of it.

use std::ops::ControlFlow;
use std::time::Duration;

use sioscope::client::command::{Command, Emit};
use sioscope::client::options::{NamespaceAuth, Options};
use sioscope::journal::record::{
    Body, Connection, ConnectionState, Direction, Namespace, Record, Response, Transport,
    TransportName,
};
use sioscope::model::decode::{Decoder, Kind};
use sioscope::scope::{Record as Recording, Scope};
use tokio::time::timeout;

use super::server::{Exchange, PATIENCE, Server};
use super::socket::Ws;

/// A handshake without upgrades.
pub const OPEN: &str =
    r#"0{"sid":"E1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
/// A handshake that offers WebSocket.
pub const OPEN_WS: &str = r#"0{"sid":"E1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
/// The answer to a CONNECT.
pub const JOINED: &str = r#"40{"sid":"N1"}"#;

/// How a connection ended, or why it could not be made.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// The official reason.
    pub reason: String,
    /// What lies under it.
    pub detail: String,
}

/// A client and its server.
pub struct Session {
    /// The server.
    pub server: Server,
    /// The client.
    pub scope: Scope,
}

/// Options for a server on `port`: `/` is wanted, nothing is tried again.
pub fn options(scheme: &str, port: u16) -> Options {
    let url = format!("{scheme}://127.0.0.1:{port}");
    let mut options = Options::new(url.parse().expect("a URL"));
    options.namespaces = vec![NamespaceAuth {
        nsp: "/".to_owned(),
        auth: None,
    }];
    options.reconnection.enabled = false;
    options
}

/// Turns reconnection on, with delays that no test has to wait for.
pub fn reconnect(options: &mut Options) {
    options.reconnection.enabled = true;
    options.reconnection.delay = Duration::from_millis(10);
    options.reconnection.delay_max = Duration::from_millis(10);
    options.reconnection.factor = 0.0;
}

/// A handshake that does not come is given up soon.
pub fn without_waiting_long(options: &mut Options) {
    options.connect_timeout = Duration::from_millis(100);
}

/// Only WebSocket.
pub fn only_ws(options: &mut Options) {
    options.transports = vec![TransportName::Websocket];
}

impl Session {
    /// Starts a server, and a client on its way to it.
    pub async fn start(change: impl FnOnce(&mut Options)) -> Session {
        Session::with(Server::start().await, change)
    }

    /// Starts a client on its way to `server`.
    pub fn with(server: Server, change: impl FnOnce(&mut Options)) -> Session {
        let mut options = options("http", server.port);
        change(&mut options);
        let scope = Scope::connect(options, Recording::Off).expect("options that work");
        Session { server, scope }
    }

    /// A session over polling with `/` joined; a GET is on its way.
    pub async fn polling(change: impl FnOnce(&mut Options)) -> Session {
        let mut session = Session::start(change).await;
        session.get().await.ok(OPEN).await;
        session.join().await;
        session
    }

    /// A session over WebSocket with `/` joined.
    pub async fn websocket(change: impl FnOnce(&mut Options)) -> (Session, Ws) {
        let mut session = Session::start(|options| {
            only_ws(options);
            change(options);
        })
        .await;
        let ws = session.open_ws().await;
        (session, ws)
    }

    /// Takes the CONNECT of `/` over polling and lets it in.
    pub async fn join(&mut self) {
        let post = self.post().await;
        assert_eq!(post.text(), "40", "{}", self.transcript());
        post.ok("ok").await;
        self.get().await.ok(JOINED).await;
        self.joined("/").await;
    }

    /// Takes an upgrade without a session, opens it and lets `/` in.
    pub async fn open_ws(&mut self) -> Ws {
        let ws = self.open_ws_again().await;
        self.joined("/").await;
        ws
    }

    /// As [`Session::open_ws`], where `/` was joined before.
    pub async fn open_ws_again(&mut self) -> Ws {
        let mut ws = self.upgrade().await.upgrade().await;
        ws.text(OPEN).await;
        ws.expect("40").await;
        ws.text(JOINED).await;
        ws
    }

    /// The next poll.
    pub async fn get(&mut self) -> Exchange {
        self.take("GET", |exchange| {
            exchange.method == "GET" && !exchange.is_upgrade()
        })
        .await
    }

    /// The next post.
    pub async fn post(&mut self) -> Exchange {
        self.take("POST", |exchange| exchange.method == "POST")
            .await
    }

    /// The next WebSocket request.
    pub async fn upgrade(&mut self) -> Exchange {
        self.take("upgrade", Exchange::is_upgrade).await
    }

    async fn take(&mut self, what: &str, wanted: impl Fn(&Exchange) -> bool) -> Exchange {
        match self.server.take(wanted).await {
            Some(exchange) => exchange,
            None => panic!("no {what} came\n{}", self.transcript()),
        }
    }

    /// Emits an event to `/`.
    pub fn emit(&self, args: &str) {
        let emit = Emit {
            nsp: "/".to_owned(),
            args: args.to_owned(),
            ..Emit::default()
        };
        self.command(Command::Emit(emit));
    }

    /// Commands the client.
    pub fn command(&self, command: Command) {
        self.scope.command(command).expect("a client that listens");
    }

    /// All records so far.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        self.scope.journal().scan(1, |record| {
            records.push(record);
            ControlFlow::Continue(())
        });
        records
    }

    /// What came and went, for a test that fails.
    pub fn transcript(&self) -> String {
        let mut text = format!("--- server\n{}--- client\n", self.server.log.text());
        for n in 1..=self.scope.journal().len() {
            let line = self.scope.journal().line(n).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            text.extend(line.chars().take(500));
            text.push('\n');
        }
        text
    }

    /// Waits until `found` finds something in the records.
    pub async fn wait<T>(&self, what: &str, found: impl Fn(&[Record]) -> Option<T>) -> T {
        let mut records = Vec::new();
        let waiting = async {
            loop {
                self.scope
                    .journal()
                    .scan(records.len() as u64 + 1, |record| {
                        records.push(record);
                        ControlFlow::Continue(())
                    });
                if let Some(value) = found(&records) {
                    return value;
                }
                self.scope.journal().changed(records.len() as u64).await;
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(value) => value,
            Err(_) => panic!("waited in vain for {what}\n{}", self.transcript()),
        }
    }

    /// Waits until the client lets go of the first connection.
    pub async fn end(&self) -> End {
        self.nth_end(0).await
    }

    /// Waits until the client has let go of a connection for the `nth` time, from 0.
    pub async fn nth_end(&self, nth: usize) -> End {
        let state = ConnectionState::Closed;
        let closed = self.connection(state, nth).await;
        End {
            reason: closed.reason.unwrap_or_default(),
            detail: closed.detail.unwrap_or_default(),
        }
    }

    /// Waits for the `nth` connection record of a state, from 0.
    pub async fn connection(&self, state: ConnectionState, nth: usize) -> Connection {
        self.wait(&format!("{state:?} number {nth}"), |records| {
            connections(records)
                .filter(|connection| connection.state == state)
                .nth(nth)
                .cloned()
        })
        .await
    }

    /// Waits until a namespace was joined.
    pub async fn joined(&self, nsp: &str) {
        use sioscope::journal::record::NamespaceState::Connected;
        let what = format!("{nsp} to be joined");
        self.namespace(&what, |namespace| {
            namespace.nsp == nsp && namespace.state == Connected
        })
        .await;
    }

    /// Waits for a namespace record.
    pub async fn namespace(&self, what: &str, wanted: impl Fn(&Namespace) -> bool) -> Namespace {
        self.wait(what, |records| {
            records.iter().find_map(|record| match &record.body {
                Body::Namespace(namespace) if wanted(namespace) => Some(namespace.clone()),
                _ => None,
            })
        })
        .await
    }

    /// Waits for a transport record.
    pub async fn transport(&self, what: &str, wanted: impl Fn(&Transport) -> bool) -> Transport {
        self.wait(what, |records| {
            records.iter().find_map(|record| match &record.body {
                Body::Transport(transport) if wanted(transport) => Some(transport.clone()),
                _ => None,
            })
        })
        .await
    }

    /// Waits for the `nth` response, from 0.
    pub async fn response(&self, nth: usize) -> Response {
        self.wait(&format!("response number {nth}"), |records| {
            records
                .iter()
                .filter_map(|record| match &record.body {
                    Body::Response(response) => Some(response.clone()),
                    _ => None,
                })
                .nth(nth)
        })
        .await
    }

    /// The first response that came with an error and a status.
    pub fn broken_response(&self) -> Option<Response> {
        let broken = |body| match body {
            Body::Response(response) => Some(response),
            _ => None,
        };
        let records = self.records().into_iter();
        records
            .filter_map(|record| broken(record.body))
            .find(|response| response.error.is_some() && response.status > 0)
    }

    /// Waits until the arguments of these events, in this order and no others, have come.
    pub async fn heard(&self, wanted: &[&str]) {
        let heard = self
            .wait(&format!("the events {wanted:?}"), |records| {
                let events = events(records);
                (events.len() >= wanted.len()).then_some(events)
            })
            .await;
        assert_eq!(heard, wanted, "{}", self.transcript());
    }

    /// Waits until the client has read this text message.
    pub async fn saw(&self, text: &str) {
        self.wait(&format!("the frame {text}"), |records| {
            let seen = |record: &Record| {
                matches!(&record.body, Body::Frame(frame)
                    if frame.dir == Direction::ToClient && frame.data == text)
            };
            records.iter().any(seen).then_some(())
        })
        .await;
    }

    /// Events that came so far.
    pub fn events(&self) -> Vec<String> {
        events(&self.records())
    }

    /// How often the handshake was begun.
    pub fn attempts(&self) -> usize {
        connections(&self.records())
            .filter(|connection| connection.state == ConnectionState::Connecting)
            .count()
    }
}

fn connections(records: &[Record]) -> impl Iterator<Item = &Connection> {
    records.iter().filter_map(|record| match &record.body {
        Body::Connection(connection) => Some(connection),
        _ => None,
    })
}

fn events(records: &[Record]) -> Vec<String> {
    let mut decoder = Decoder::new(None);
    records
        .iter()
        .flat_map(|record| decoder.decode(record))
        .filter(|packet| packet.dir == Direction::ToClient)
        .filter_map(|packet| match packet.kind {
            Kind::Socket {
                event: Some(_),
                data,
                ..
            } => data,
            _ => None,
        })
        .collect()
}

impl End {
    /// Asserts the reason, and that the detail holds all of these.
    #[track_caller]
    pub fn says(&self, reason: &str, parts: &[&str]) {
        assert_eq!(self.reason, reason, "{self:?}");
        for part in parts {
            assert!(
                self.detail.contains(part),
                "{part:?} is missing in {self:?}"
            );
        }
    }
}
