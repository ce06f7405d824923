//! The published crate itself: built, told what to do, and ended.
//!
//! It runs on a runtime of its own with one thread. Nothing of it can be ended from outside: its
//! read loop is a detached task that reconnects as it likes, `disconnect` fails where it is
//! needed most, and dropping the client ends nothing. Dropping the runtime ends everything; its
//! busy loops and panics stay on that thread meanwhile.
//!
//! Its callbacks run inside a lock that it holds, and its read loop waits for them: they only
//! push into a bounded queue, and what does not fit is counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use rust_socketio::asynchronous::{Client, ClientBuilder, ReconnectSettings};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::emit::{Args, Emit};
use super::fall;
use super::gate::{Gate, Pass};
use super::settings::{Settings, Transports};
use super::words::{Callback, chain};

/// Callbacks that may wait to be written.
const CALLBACKS: usize = 1_024;
/// Things to do that may wait for the library.
const ORDERS: usize = 1_024;
/// News of the library that may wait.
const NEWS: usize = 256;
/// Longest time that an ack may take where none is set: the library wants one.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// What became of the library, beside its callbacks.
#[derive(Debug)]
pub(super) enum News {
    /// `connect()` came back: the handshake is through and CONNECT sent.
    Ready,
    /// `connect()` failed; the library does not try again by itself.
    NotReady(String),
    /// The emit of this number was taken by the transport, or was not.
    Emitted(u64, Result<(), String>),
    /// `disconnect()` came back.
    Left(Result<(), String>),
    /// A reconnect attempt begins.
    Attempt(u32),
    /// There were so many attempts that the library was made to wait.
    Slowed(Duration),
    /// So many attempts failed, and it was stopped.
    Exhausted(u32),
    /// The auth of an attempt could not be read.
    NoAuth(String),
}

/// What the driver reads of a library.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) callbacks: mpsc::Receiver<(Instant, Callback)>,
    pub(super) news: mpsc::Receiver<News>,
    pub(super) panics: mpsc::Receiver<String>,
    pub(super) lost: Arc<Lost>,
}

/// Callbacks that did not fit.
#[derive(Debug, Default)]
pub(super) struct Lost {
    callbacks: AtomicU64,
    bytes: AtomicU64,
}

impl Lost {
    /// How many, and about how many bytes, since this was last asked.
    pub(super) fn take(&self) -> Option<(u64, u64)> {
        let callbacks = self.callbacks.swap(0, Ordering::AcqRel);
        let bytes = self.bytes.swap(0, Ordering::AcqRel);
        (callbacks > 0).then_some((callbacks, bytes))
    }
}

/// Where callbacks push to.
#[derive(Debug, Clone)]
struct Outbox {
    callbacks: mpsc::Sender<(Instant, Callback)>,
    news: mpsc::Sender<News>,
    lost: Arc<Lost>,
}

impl Outbox {
    fn push(&self, callback: Callback) {
        if let Err(error) = self.callbacks.try_send((Instant::now(), callback)) {
            let (mpsc::error::TrySendError::Full((_, callback))
            | mpsc::error::TrySendError::Closed((_, callback))) = error;
            self.lost.callbacks.fetch_add(1, Ordering::AcqRel);
            self.lost.bytes.fetch_add(callback.size(), Ordering::AcqRel);
        }
    }
}

enum Order {
    Emit(u64, Emit),
    Leave,
}

/// A running client of the library. Dropping it ends it, whatever it does.
pub(super) struct Library {
    orders: mpsc::Sender<Order>,
    runtime: Option<Runtime>,
    gate: Arc<Mutex<Gate>>,
}

impl Drop for Library {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Library {
    /// Starts a client of the server that `base` says, which is a tap's address; `auth` is the
    /// payload of its first CONNECT.
    ///
    /// # Errors
    /// No thread could be made.
    pub(super) fn start(
        settings: &Settings,
        base: String,
        auth: Option<Value>,
    ) -> std::io::Result<(Library, Inbox)> {
        fall::contain();
        let (panicked, panics) = mpsc::channel(1);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("rust_socketio")
            .on_thread_start(move || fall::guard(panicked.clone()))
            .enable_all()
            .build()?;
        let (orders, inbox) = mpsc::channel(ORDERS);
        let (callbacks, callbacks_inbox) = mpsc::channel(CALLBACKS);
        let (news, news_inbox) = mpsc::channel(NEWS);
        let lost = Arc::<Lost>::default();
        let outbox = Outbox {
            callbacks,
            news,
            lost: Arc::clone(&lost),
        };
        let gate = Arc::new(Mutex::new(Gate::new(settings.attempts, settings.delay_max)));
        let builder = build(settings, base, auth, &outbox, &gate);
        runtime.spawn(work(builder, settings.connect_timeout, inbox, outbox));
        let library = Library {
            orders,
            runtime: Some(runtime),
            gate,
        };
        let inbox = Inbox {
            callbacks: callbacks_inbox,
            news: news_inbox,
            panics,
            lost,
        };
        Ok((library, inbox))
    }

    /// Hands an emit over. False where too many wait already.
    pub(super) fn emit(&self, number: u64, emit: Emit) -> bool {
        self.orders.try_send(Order::Emit(number, emit)).is_ok()
    }

    /// Asks it to disconnect, after what was handed over before. False where it can't be asked.
    pub(super) fn leave(&self) -> bool {
        self.orders.try_send(Order::Leave).is_ok()
    }

    /// The namespace is connected: a new count of attempts begins.
    pub(super) fn connected(&self) {
        self.gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .connected();
    }
}

/// Sets the crate's client up.
fn build(
    settings: &Settings,
    base: String,
    auth: Option<Value>,
    outbox: &Outbox,
    gate: &Arc<Mutex<Gate>>,
) -> ClientBuilder {
    let on = |event: Event| {
        let outbox = outbox.clone();
        move |payload: Payload, _: Client| {
            outbox.push(Callback::Event(event.clone(), payload));
            std::future::ready(()).boxed()
        }
    };
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut builder = ClientBuilder::new(base)
        .namespace(settings.nsp.as_str())
        .transport_type(match settings.transports {
            Transports::Any => TransportType::Any,
            Transports::Polling => TransportType::Polling,
            Transports::Websocket => TransportType::Websocket,
        })
        .reconnect(settings.reconnect)
        .reconnect_delay(millis(settings.delay), millis(settings.delay_max))
        // Without a limit it never begins a new series, and after 15 minutes it does not wait.
        .max_reconnect_attempts(
            settings
                .attempts
                .and_then(|attempts| u8::try_from(attempts).ok())
                .unwrap_or(u8::MAX),
        )
        .on(Event::Connect, on(Event::Connect))
        .on(Event::Close, on(Event::Close))
        .on(Event::Error, on(Event::Error));
    for (name, value) in &settings.headers {
        builder = builder.opening_header(name.as_str(), value.as_str());
    }
    if let Some(auth) = auth {
        builder = builder.auth(auth);
    }
    let any = outbox.clone();
    builder = builder.on_any(move |event, payload, _| {
        any.push(Callback::Event(event, payload));
        std::future::ready(()).boxed()
    });
    let (outbox, gate, source) = (outbox.clone(), Arc::clone(gate), settings.auth.clone());
    builder.on_reconnect(move || {
        let (outbox, gate, source) = (outbox.clone(), Arc::clone(&gate), source.clone());
        async move {
            pass(&gate, &outbox).await;
            let mut again = ReconnectSettings::new();
            match source.read().await {
                Ok(Some(auth)) => again.auth(auth),
                Ok(None) => {}
                Err(error) => {
                    let _ = outbox.news.try_send(News::NoAuth(error));
                }
            }
            again
        }
        .boxed()
    })
}

/// Lets an attempt of the library through, or holds it.
async fn pass(gate: &Mutex<Gate>, outbox: &Outbox) {
    let pass = gate
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .ask(Instant::now());
    match pass {
        Pass::Go(number) => {
            let _ = outbox.news.try_send(News::Attempt(number));
        }
        Pass::After(number, time) => {
            let _ = outbox.news.try_send(News::Slowed(time));
            tokio::time::sleep(time).await;
            let _ = outbox.news.try_send(News::Attempt(number));
        }
        Pass::Never(limit) => {
            let _ = outbox.news.send(News::Exhausted(limit)).await;
            // Until the runtime is dropped.
            std::future::pending::<()>().await;
        }
    }
}

/// Connects, and does what is asked, one thing after the other, as an application would.
async fn work(
    builder: ClientBuilder,
    patience: Duration,
    mut orders: mpsc::Receiver<Order>,
    outbox: Outbox,
) {
    let news = &outbox.news;
    let client = match tokio::time::timeout(patience, builder.connect()).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => {
            let _ = news.send(News::NotReady(chain(&error))).await;
            return;
        }
        Err(_) => {
            let ms = patience.as_millis();
            let error = format!("no handshake within {ms} ms (it has no limit of its own)");
            let _ = news.send(News::NotReady(error)).await;
            return;
        }
    };
    let _ = news.send(News::Ready).await;
    while let Some(order) = orders.recv().await {
        let said = match order {
            Order::Emit(number, emit) => {
                let done = emit_one(&client, emit, &outbox).await;
                News::Emitted(number, done.map_err(|error| chain(&error)))
            }
            Order::Leave => {
                let done = client.disconnect().await;
                News::Left(done.map_err(|error| chain(&error)))
            }
        };
        let _ = news.send(said).await;
    }
}

async fn emit_one(
    client: &Client,
    emit: Emit,
    outbox: &Outbox,
) -> Result<(), rust_socketio::Error> {
    let payload = match emit.args {
        Args::Values(values) => Payload::Text(values),
        Args::Binary(bytes) => Payload::from(bytes),
    };
    if !emit.ack {
        return client.emit(emit.event, payload).await;
    }
    let (outbox, event) = (outbox.clone(), emit.event.clone());
    let told = move |payload: Payload, _: Client| {
        outbox.push(Callback::Ack(event.clone(), payload));
        std::future::ready(()).boxed()
    };
    client
        .emit_with_ack(emit.event, payload, emit.timeout.unwrap_or(FOR_EVER), told)
        .await
}
