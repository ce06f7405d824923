//! What the demo server does on each of its namespaces.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;

use super::value::{Args, Value};

/// Name of the one room of `/chat` that everybody is put into.
const LOBBY: &str = "lobby";
/// How long the client has to answer the question of `ask`.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);
/// How long `slow` waits where it is told nothing.
const SLOW: u64 = 1_500;
/// The longest that `slow` and `tick-start` can be told to take.
const LONGEST_MS: u64 = 60_000;
/// How often the ticker ticks where it is told nothing.
const TICK: u64 = 1_000;
/// The token that opens `/admin`.
pub const ADMIN_TOKEN: &str = "sesame";
/// A PNG of one pixel: real image bytes for whoever wants to see binary arrive.
pub const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4,
    0x89, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8, 0xdf, 0xc0, 0xf0,
    0x1f, 0x00, 0x06, 0x80, 0x02, 0x7f, 0xcf, 0x12, 0x09, 0xf1, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45,
    0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Registers all namespaces.
pub fn register(io: &SocketIo) {
    io.ns("/", on_root);
    io.ns("/chat", on_chat);
    io.ns("/admin", on_admin.with(admin_token));
}

/// A send can fail only because the client has left; then there is nobody to tell.
fn emit(socket: &SocketRef, event: &str, args: Vec<Value>) {
    if let Err(error) = socket.emit(event, &Args(args)) {
        tracing::debug!(%error, event, "demo: not sent");
    }
}

/// Answers the client's question, if it asked one.
fn answer(ack: AckSender, args: Vec<Value>) {
    if let Err(error) = ack.send(&Args(args)) {
        tracing::debug!(%error, "demo: not answered");
    }
}

fn told_ms(args: &Args, otherwise: u64) -> u64 {
    args.0
        .first()
        .and_then(Value::as_whole)
        .unwrap_or(otherwise)
        .min(LONGEST_MS)
}

async fn on_root(socket: SocketRef) {
    let ticker = Arc::new(Ticker::default());
    emit(
        &socket,
        "welcome",
        vec![Value::map([
            ("server", Value::text("sioscope demo")),
            (
                "try",
                Value::List(
                    [
                        "echo",
                        "slow",
                        "never",
                        "ask",
                        "picture",
                        "binary",
                        "tick-start",
                        "tick-stop",
                        "kick",
                    ]
                    .map(Value::text)
                    .to_vec(),
                ),
            ),
        ])],
    );

    socket.on(
        "echo",
        async |socket: SocketRef, Data(args): Data<Args>, ack: AckSender| {
            emit(&socket, "echo", args.0.clone());
            answer(ack, args.0);
        },
    );
    socket.on("slow", async |Data(args): Data<Args>, ack: AckSender| {
        let ms = told_ms(&args, SLOW);
        tokio::time::sleep(Duration::from_millis(ms)).await;
        answer(ack, vec![Value::map([("after_ms", Value::Uint(ms))])]);
    });
    // Takes the event and never answers it: the ack that a client waits for in vain.
    socket.on("never", async || {});
    socket.on("ask", async |socket: SocketRef| {
        let question = Args(vec![Value::text("what is 6 times 7?")]);
        let asked = socket
            .timeout(QUESTION_TIMEOUT)
            .emit_with_ack::<_, Args>("question", &question);
        let report = match asked {
            Ok(answer) => match answer.await {
                Ok(args) => Value::map([("answered", Value::List(args.0))]),
                Err(error) => Value::map([("unanswered", Value::text(error.to_string()))]),
            },
            Err(error) => Value::map([("unanswered", Value::text(error.to_string()))]),
        };
        emit(&socket, "answer-report", vec![report]);
    });
    socket.on("picture", async |socket: SocketRef, ack: AckSender| {
        let picture = vec![Value::text("pixel.png"), Value::Binary(PIXEL.to_vec())];
        emit(&socket, "picture", picture.clone());
        answer(ack, picture);
    });
    socket.on(
        "binary",
        async |socket: SocketRef, Data(args): Data<Args>, ack: AckSender| {
            let sizes = args.0.iter().filter_map(|arg| match arg {
                Value::Binary(bytes) => Some(Value::Uint(bytes.len() as u64)),
                _ => None,
            });
            emit(&socket, "binary-sizes", sizes.collect());
            emit(&socket, "binary", args.0.clone());
            answer(ack, args.0);
        },
    );

    let starts = Arc::clone(&ticker);
    socket.on(
        "tick-start",
        async move |socket: SocketRef, Data(args): Data<Args>, ack: AckSender| {
            let every = told_ms(&args, TICK).max(1);
            answer(ack, vec![Value::map([("every_ms", Value::Uint(every))])]);
            tokio::spawn(starts.run(socket, Duration::from_millis(every)));
        },
    );
    let stops = Arc::clone(&ticker);
    socket.on("tick-stop", async move |ack: AckSender| {
        answer(
            ack,
            vec![Value::map([("ticks", Value::Uint(stops.stop()))])],
        );
    });
    socket.on_disconnect(async move || {
        ticker.stop();
    });

    socket.on("kick", async |socket: SocketRef| {
        if let Err(error) = socket.disconnect() {
            tracing::debug!(%error, "demo: kick");
        }
    });
    socket.on_fallback(unknown);
}

/// Says which event nobody listens to, so that a typing mistake is not met with silence.
async fn unknown(
    socket: SocketRef,
    socketioxide::extract::Event(event): socketioxide::extract::Event,
    ack: AckSender,
) {
    let said = Value::map([("unknown", Value::text(event))]);
    emit(&socket, "unknown-event", vec![said.clone()]);
    answer(ack, vec![said]);
}

/// A ticker of one socket. Starting it again ends the run before.
#[derive(Default)]
struct Ticker {
    /// Number of the newest run; an older one stops when it sees a newer number.
    run: AtomicU64,
    ticks: AtomicU64,
}

impl Ticker {
    fn run(
        self: &Arc<Self>,
        socket: SocketRef,
        every: Duration,
    ) -> impl Future<Output = ()> + use<> {
        let ticker = Arc::clone(self);
        let run = ticker.run.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        ticker.ticks.store(0, Ordering::SeqCst);
        async move {
            let mut clock = tokio::time::interval(every);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
            loop {
                clock.tick().await;
                if ticker.run.load(Ordering::SeqCst) != run || !socket.connected() {
                    return;
                }
                let tick = ticker.ticks.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
                emit(&socket, "tick", vec![Value::Uint(tick)]);
            }
        }
    }

    /// Ends the run; returns how often it ticked.
    fn stop(&self) -> u64 {
        self.run.fetch_add(1, Ordering::SeqCst);
        self.ticks.load(Ordering::SeqCst)
    }
}

fn name_of(socket: &SocketRef) -> String {
    socket.id.to_string().chars().take(6).collect()
}

async fn on_chat(socket: SocketRef) {
    socket.join(LOBBY);
    let joined = Args(vec![Value::map([(
        "joined",
        Value::text(name_of(&socket)),
    )])]);
    if let Err(error) = socket.to(LOBBY).emit("presence", &joined).await {
        tracing::debug!(%error, "demo: presence");
    }

    socket.on(
        "join",
        async |socket: SocketRef, Data(args): Data<Args>, ack: AckSender| {
            let room = args
                .0
                .first()
                .and_then(Value::as_text)
                .unwrap_or(LOBBY)
                .to_owned();
            socket.join(room);
            let rooms = socket
                .rooms()
                .iter()
                .map(|room| Value::text(room.to_string()))
                .collect();
            answer(ack, vec![Value::List(rooms)]);
        },
    );
    // `say` goes to everybody in the room, the sender included; the room is an optional second argument.
    socket.on(
        "say",
        async |socket: SocketRef, Data(args): Data<Args>, ack: AckSender| {
            let room = args
                .0
                .get(1)
                .and_then(Value::as_text)
                .unwrap_or(LOBBY)
                .to_owned();
            let text = args.0.into_iter().next().unwrap_or(Value::Null);
            let said = Args(vec![Value::map([
                ("from", Value::text(name_of(&socket))),
                ("room", Value::text(room.clone())),
                ("text", text),
            ])]);
            let reached = socket.within(room.clone()).sockets().len() as u64;
            if let Err(error) = socket.within(room).emit("said", &said).await {
                tracing::debug!(%error, "demo: say");
            }
            answer(ack, vec![Value::map([("reached", Value::Uint(reached))])]);
        },
    );
    // `broadcast` goes to everybody on the namespace but the sender.
    socket.on(
        "broadcast",
        async |socket: SocketRef, Data(args): Data<Args>, ack: AckSender| {
            if let Err(error) = socket.broadcast().emit("broadcast", &args).await {
                tracing::debug!(%error, "demo: broadcast");
            }
            answer(ack, vec![Value::Bool(true)]);
        },
    );
    socket.on("who", async |socket: SocketRef, ack: AckSender| {
        let names = socket.within(LOBBY).sockets();
        answer(
            ack,
            vec![Value::List(
                names.iter().map(|who| Value::text(name_of(who))).collect(),
            )],
        );
    });
    socket.on_fallback(unknown);
    socket.on_disconnect(async |socket: SocketRef| {
        let left = Args(vec![Value::map([("left", Value::text(name_of(&socket)))])]);
        if let Err(error) = socket.to(LOBBY).emit("presence", &left).await {
            tracing::debug!(%error, "demo: presence");
        }
    });
}

/// Why `/admin` stays closed.
#[derive(Debug, thiserror::Error)]
#[error("not authorized: /admin needs the auth {{\"token\":\"{ADMIN_TOKEN}\"}}")]
struct NotAuthorized;

async fn admin_token(TryData(auth): TryData<Value>) -> Result<(), NotAuthorized> {
    let token = auth
        .as_ref()
        .ok()
        .and_then(|auth| auth.get("token"))
        .and_then(Value::as_text);
    if token == Some(ADMIN_TOKEN) {
        Ok(())
    } else {
        Err(NotAuthorized)
    }
}

async fn on_admin(socket: SocketRef) {
    socket.on("stats", async |io: SocketIo, ack: AckSender| {
        let entries = ["/", "/chat", "/admin"].map(|nsp| {
            let sockets = io.of(nsp).map_or(0, |nsp| nsp.sockets().len());
            (nsp.to_owned(), Value::Uint(sockets as u64))
        });
        answer(ack, vec![Value::Map(entries.to_vec())]);
    });
    // `kick` throws one client of /chat out, by the name that `who` told.
    socket.on(
        "kick",
        async |io: SocketIo, Data(args): Data<Args>, ack: AckSender| {
            let name = args
                .0
                .first()
                .and_then(Value::as_text)
                .unwrap_or_default()
                .to_owned();
            let sockets = io
                .of("/chat")
                .map(|chat| chat.sockets())
                .unwrap_or_default();
            let mut kicked = 0;
            for socket in sockets {
                if name_of(&socket) == name && socket.disconnect().is_ok() {
                    kicked += 1;
                }
            }
            answer(ack, vec![Value::map([("kicked", Value::Uint(kicked))])]);
        },
    );
    socket.on_fallback(unknown);
}
