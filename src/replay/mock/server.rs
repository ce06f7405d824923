//! HTTP and WebSockets around the sessions of a mock. Does IO on tokio.
//!
//! Thin: what is answered is decided by [`Session`]. Each has a watch that tells of changes;
//! polls and WebSockets wait for it, or for the session's deadline.

mod http;
mod socket;

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::actor::Play;
use super::engine::Session;
use super::report::{Note, Report};
use super::script::Script;
use crate::notices::Notices;

/// How often connections are looked at of which nobody asks.
const LOOK: Duration = Duration::from_secs(1);
/// How long connections have to end on a shutdown.
const GRACE: Duration = Duration::from_millis(500);

/// Why a mock did not start.
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

/// An address that is listened on; connections wait until [`Bound::start`].
#[derive(Debug)]
pub struct Bound {
    listener: StdListener,
    address: SocketAddr,
}

/// A running mock. A handle; clones share it.
#[derive(Clone)]
pub struct Mock {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
}

/// What all connections share.
struct Shared {
    script: Arc<Script>,
    play: Play,
    path: String,
    started: Instant,
    table: Mutex<Table>,
    report: Mutex<Report>,
    notices: Notices,
}

/// The connections.
#[derive(Default)]
struct Table {
    live: HashMap<String, Arc<Live>>,
    /// Connections so far.
    opened: u64,
    /// Connections so far of protocol 3 and of protocol 4.
    turns: [usize; 2],
}

/// See [`Session::stamp`] and [`Session::deadline`].
type Stamp = (u64, Option<u64>);

/// A live connection and those who wait for it.
struct Live {
    number: u64,
    session: Mutex<Session>,
    /// Its stamp and its deadline: who waits looks again when either changes.
    stamp: watch::Sender<Stamp>,
}

impl Bound {
    /// Takes the address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address can't be listened on.
    pub fn new(listen: &str) -> Result<Bound, StartError> {
        let failed = |source| StartError {
            listen: listen.to_owned(),
            source,
        };
        let listener = StdListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Bound { listener, address })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Plays the script on the current tokio runtime. What clients do that it does not know is
    /// told by `notices` as it happens.
    ///
    /// # Errors
    /// The system does not let the runtime have the listener.
    pub fn start(self, script: Script, play: Play, notices: Notices) -> Result<Mock, StartError> {
        let address = self.address;
        let listener = TcpListener::from_std(self.listener).map_err(|source| StartError {
            listen: address.to_string(),
            source,
        })?;
        let (stop, _) = watch::channel(false);
        let (ended_at, ended) = watch::channel(false);
        let path = match script.path.as_str() {
            "" => crate::protocol::engine::url::SOCKET_IO_PATH.to_owned(),
            path => path.to_owned(),
        };
        let shared = Arc::new(Shared {
            script: Arc::new(script),
            play,
            path,
            started: Instant::now(),
            table: Mutex::default(),
            report: Mutex::default(),
            notices,
        });
        let (serving, stopping) = (Arc::clone(&shared), stop.subscribe());
        tokio::spawn(async move {
            serve(&serving, listener, stopping).await;
            let _ = ended_at.send(true);
        });
        Ok(Mock {
            shared,
            address,
            stop,
            ended,
        })
    }
}

impl Mock {
    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it plays.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// What was played so far, and what was not.
    pub fn report(&self) -> Report {
        self.shared.report().clone()
    }

    /// Says goodbye to all clients, then closes.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let mut ended = self.ended.clone();
        let _ = tokio::time::timeout(2 * GRACE, ended.wait_for(|ended| *ended)).await;
    }
}

/// Takes connections until it is told to stop; then gives those that are open a moment.
async fn serve(shared: &Arc<Shared>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut links = JoinSet::new();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stopping = stop.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (shared, stopping) = (Arc::clone(shared), stopping.clone());
                    links.spawn(async move { link(shared, stream, stopping).await });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: wait until some are given back.
                    tracing::warn!(%error, "mock: accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            () = stopped(&mut stop) => break,
            Some(_) = links.join_next() => {}
            _ = look.tick() => shared.look(),
        }
    }
    drop(listener);
    for live in shared.all() {
        shared.with(&live, Session::shut);
    }
    let all_gone = async { while links.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_gone).await.is_err() {
        tracing::debug!("mock: connections cut after the grace period");
    }
}

/// Waits until the mock is told to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The sender lives as long as the mock does; without it there is nothing to wait for.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves one TCP connection to its end.
async fn link(shared: Arc<Shared>, stream: TcpStream, mut stop: watch::Receiver<bool>) {
    // Small messages must not wait for each other; an old kernel's refusal does no harm.
    let _ = stream.set_nodelay(true);
    let (upgraded, mut socket) = tokio::sync::mpsc::channel(1);
    let service =
        service_fn(|request| http::answer(Arc::clone(&shared), request, upgraded.clone()));
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stopped(&mut stop) => {
            // What is on the way is answered; then the connection ends.
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "mock: connection");
    }
    if let Ok(switched) = socket.try_recv() {
        socket::serve(&shared, switched).await;
    }
}

impl Shared {
    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Microseconds since the mock began.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The moment that stands for a time of a session.
    fn moment(&self, at: u64) -> tokio::time::Instant {
        let moment = self.started.checked_add(Duration::from_micros(at));
        // Beyond what a clock can say: as good as never.
        let far = || Instant::now() + Duration::from_secs(3_600);
        moment.unwrap_or_else(far).into()
    }

    fn all(&self) -> Vec<Arc<Live>> {
        self.table().live.values().map(Arc::clone).collect()
    }

    fn by_sid(&self, sid: &str) -> Option<Arc<Live>> {
        self.table().live.get(sid).map(Arc::clone)
    }

    /// Lets time pass for those of whom nobody asks; forgets those that are over.
    fn look(&self) {
        for live in self.all() {
            self.with(&live, |_| ());
        }
        let gone = |live: &Live| {
            let session = live.session.lock();
            session.unwrap_or_else(PoisonError::into_inner).is_over()
        };
        self.table().live.retain(|_, live| !gone(live));
    }

    /// Does something with a session as of now, tells what came of it, and wakes who waits.
    fn with<T>(&self, live: &Live, work: impl FnOnce(&mut Session) -> T) -> T {
        let mut session = live.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.advance(self.now());
        let done = work(&mut session);
        let stamp = (session.stamp(), session.deadline());
        let notes = session.notes();
        live.stamp.send_if_modified(|told| {
            let changed = *told != stamp;
            *told = stamp;
            changed
        });
        drop(session);
        for note in notes {
            self.tell(live.number, note);
        }
        done
    }

    fn tell(&self, number: u64, note: Note) {
        let told = self.report().take(&self.script, number, note);
        if let Some(told) = told {
            self.notices.push(told);
        }
    }

    /// When a session has something to do next.
    fn deadline(live: &Live) -> Option<u64> {
        let session = live.session.lock();
        session.unwrap_or_else(PoisonError::into_inner).deadline()
    }
}
