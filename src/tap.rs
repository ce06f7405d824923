//! A recording reverse proxy: any client of any language is pointed at it. **Floor 2.**
//!
//! [`Tap::start`] listens on an address of its own and passes everything on to one upstream:
//! HTTP with the client's own headers, WebSocket byte for byte. What crosses is decoded on a copy
//! and written into the journal.
//!
//! # What is recorded, and how
//! - Each TCP connection of a client has one to the server that stands for it; when one ends, the
//!   other is ended the same way (FIN or RST).
//! - A `request` record shows what was sent to the server. What the tap changed in it (`Host`
//!   always, `Origin` where that is asked for) is told by one `mark` for each value that a client
//!   had sent: "every request: Host is … in place of the client's …".
//! - The connection number `c` is that of the Engine.IO session, whatever TCP connections carry
//!   it. A sid that no handshake gave has a number of its own. Requests that are not Engine.IO's
//!   have none.
//! - `transport` and `connection` records tell what bytes alone don't: who ended a connection and
//!   how (`story`).
//! - Something injected is announced by a `mark` right before it (`inject`).
//! - Records that the disk does not take in time are counted as a `gap` (`recorder`).
//! - A fault is told by its `fault` record; other records show what each side really sent. A
//!   request that a fault keeps from the server is recorded all the same, with a response of
//!   status 0 that says so; and what a client says into a frozen connection, until it gives up.

mod body;
mod faulty;
mod head;
mod inject;
mod link;
mod post;
mod recorder;
mod relay;
pub mod rust_socketio;
mod sessions;
mod shared;
mod story;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use url::{Position, Url};

use crate::faults::{Fault, Plan, Refused, There, waits_for};
use crate::journal::Journal;
use crate::journal::record::Direction;
use crate::net::dial::{DialError, DialOptions, Dialer};
use crate::notices::Notices;

pub use inject::{InjectError, Injection};
pub use recorder::Overflow;

use faulty::Faulty;
use recorder::Recorder;
use sessions::{Session, Sessions};

/// How often polling connections are looked at whose client may be gone.
const LOOK: Duration = Duration::from_millis(250);
/// How long connections have to end on a shutdown.
const GRACE: Duration = Duration::from_millis(1_000);
/// Different changes and notices that are told; a hostile client could make a new one each time.
const TOLD: usize = 200;

/// What a tap is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where everything goes: `http` or `https`; only scheme, host and port count.
    pub upstream: Url,
    /// Address to listen on; port 0 takes a free one.
    pub listen: String,
    /// The client's `Origin` is replaced by the upstream's.
    pub rewrite_origin: bool,
    /// What happens when the recorder can't keep up.
    pub overflow: Overflow,
    /// How connections to the upstream are made.
    pub dial: DialOptions,
    /// What is to fail, and when.
    pub faults: Option<Plan>,
    /// Clients use socket.io-msgpack-parser: injected events are written so.
    pub msgpack: bool,
    /// Nothing is injected and no fault is made.
    pub readonly: bool,
    /// The session's file carries the decoded packets too, for readers that can't decode.
    pub decoded: bool,
}

impl Settings {
    /// A tap in front of `upstream` on a free port of the loopback address.
    pub fn new(upstream: Url) -> Settings {
        Settings {
            upstream,
            listen: "127.0.0.1:0".to_owned(),
            rewrite_origin: false,
            overflow: Overflow::default(),
            dial: DialOptions::default(),
            faults: None,
            msgpack: false,
            readonly: false,
            decoded: false,
        }
    }
}

/// Why a tap did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error(
        "cannot listen on {listen}: {source}; choose another address with --listen, 127.0.0.1:0 takes a free port"
    )]
    Listen {
        /// Address that was asked for.
        listen: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The upstream can't be one.
    #[error("the upstream {0} can't be used: give it as http://host:port or https://host:port")]
    Upstream(Url),
    /// Certificate files or proxies that can't be used.
    #[error("{0}")]
    Dial(#[from] DialError),
}

/// An address that is listened on; connections wait until [`Bound::start`].
#[derive(Debug)]
pub struct Bound {
    settings: Settings,
    listener: StdListener,
    address: SocketAddr,
    dialer: Dialer,
}

/// A running tap. A handle; clones share it.
#[derive(Clone)]
pub struct Tap {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
}

/// What all connections of a tap share.
struct Shared {
    upstream: Url,
    /// Scheme, host and port of it.
    origin: String,
    address: SocketAddr,
    rewrite_origin: bool,
    msgpack: bool,
    readonly: bool,
    dialer: Dialer,
    recorder: Recorder,
    sessions: Sessions,
    faults: Faulty,
    notices: Notices,
    stop: watch::Sender<bool>,
    told: Mutex<HashSet<String>>,
    /// A connection began or ended.
    changed: Notify,
}

impl Bound {
    /// Takes the address, and checks what can be checked before anything is recorded.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn new(mut settings: Settings) -> Result<Bound, StartError> {
        let scheme = match settings.upstream.scheme() {
            "http" | "https" => None,
            "ws" => Some("http"),
            "wss" => Some("https"),
            _ => return Err(StartError::Upstream(settings.upstream)),
        };
        if let Some(scheme) = scheme
            && settings.upstream.set_scheme(scheme).is_err()
        {
            return Err(StartError::Upstream(settings.upstream));
        }
        let dialer = Dialer::new(settings.dial.clone())?;
        let failed = |source| StartError::Listen {
            listen: settings.listen.clone(),
            source,
        };
        let listener = StdListener::bind(&settings.listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Bound {
            settings,
            listener,
            address,
            dialer,
        })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves on the current tokio runtime.
    ///
    /// # Errors
    /// The system does not let the runtime have the listener.
    pub fn start(self, journal: Journal, notices: Notices) -> Result<Tap, StartError> {
        let Bound {
            settings,
            listener,
            address,
            dialer,
        } = self;
        let listener = TcpListener::from_std(listener).map_err(|source| StartError::Listen {
            listen: settings.listen.clone(),
            source,
        })?;
        let (stop, _) = watch::channel(false);
        let (ended_at, ended) = watch::channel(false);
        let upstream = settings.upstream;
        let shared = Arc::new(Shared {
            origin: upstream[..Position::AfterPort].to_owned(),
            upstream,
            address,
            rewrite_origin: settings.rewrite_origin,
            msgpack: settings.msgpack,
            readonly: settings.readonly,
            dialer,
            recorder: Recorder::new(journal, settings.overflow),
            sessions: Sessions::default(),
            faults: Faulty::new(settings.faults),
            notices,
            stop: stop.clone(),
            told: Mutex::default(),
            changed: Notify::new(),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            serving.serve(listener).await;
            serving.end().await;
            let _ = ended_at.send(true);
        });
        Ok(Tap {
            shared,
            stop,
            ended,
        })
    }
}

impl Tap {
    /// Listens and serves on the current tokio runtime: [`Bound::new`] and [`Bound::start`].
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(
        settings: Settings,
        journal: Journal,
        notices: Notices,
    ) -> Result<Tap, StartError> {
        Bound::new(settings)?.start(journal, notices)
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Nothing may be injected, and no fault made.
    pub fn readonly(&self) -> bool {
        self.shared.readonly
    }

    /// Where everything goes.
    pub fn upstream(&self) -> &Url {
        &self.shared.upstream
    }

    /// Numbers of the connections that are open, oldest first.
    pub fn live(&self) -> Vec<u32> {
        let live = self.shared.sessions.live();
        live.iter()
            .filter(|session| session.is_live())
            .map(|session| session.c)
            .collect()
    }

    /// Puts something into a live connection, behind the message that crosses now; `c` may be
    /// left out where only one is live. Over polling it goes with the client's next poll, or as
    /// a post of its own to the server.
    ///
    /// # Errors
    /// See [`InjectError`].
    pub fn inject(
        &self,
        c: Option<u32>,
        dir: Direction,
        injection: &Injection,
    ) -> Result<(), InjectError> {
        let session = self.chosen(c)?;
        let (version, base64) = {
            let state = session.state();
            (state.story.version, state.base64)
        };
        let parcel = injection.parcel(dir, version, base64, self.shared.msgpack)?;
        self.shared.deliver(&session, parcel)
    }

    fn chosen(&self, c: Option<u32>) -> Result<Arc<Session>, InjectError> {
        if let Some(c) = c {
            let found = self.shared.sessions.get(c);
            return found
                .filter(|session| session.is_live())
                .ok_or(InjectError::NoConnection(c));
        }
        match self.open_sessions().as_slice() {
            [only] => Ok(Arc::clone(only)),
            several => Err(InjectError::Which(several.len())),
        }
    }

    /// Makes something fail at the next moment that fits, on any connection.
    ///
    /// # Errors
    /// A fault that a tap can't make.
    pub fn fault(&self, fault: Fault) -> Result<(), Refused> {
        let live = self.open_sessions();
        self.shared.faults.arm(fault)?;
        self.struck(fault, None, live);
        Ok(())
    }

    /// Makes something fail at the next moment that fits on one connection.
    ///
    /// # Errors
    /// A fault that a tap can't make, and a connection that is not open.
    pub fn fault_on(&self, fault: Fault, c: u32) -> Result<(), Refused> {
        let mut live = self.open_sessions();
        live.retain(|session| session.c == c);
        if live.is_empty() {
            return Err(Refused::Gone { c });
        }
        self.shared.faults.arm_on(fault, c)?;
        self.struck(fault, Some(c), live);
        Ok(())
    }

    fn open_sessions(&self) -> Vec<Arc<Session>> {
        let mut live = self.shared.sessions.live();
        live.retain(|session| session.is_live());
        live
    }

    /// A fault was armed: it strikes what is there, or it is said what it waits for.
    fn struck(&self, fault: Fault, c: Option<u32>, live: Vec<Arc<Session>>) {
        let waits: Vec<Option<String>> = live
            .iter()
            .map(|session| waits_for(fault, There::Open(session.transport())))
            .collect();
        let what = match waits.as_slice() {
            [] if fault.entry().over.len() == 1 => waits_for(fault, There::Nothing),
            // It can act on one of them.
            some if some.iter().any(Option::is_none) => None,
            some => some.iter().flatten().next().cloned(),
        };
        if let Some(what) = what {
            let on = c.map_or_else(String::new, |c| format!(" on c{c}"));
            let text = format!("{fault}{on} waits for {what}");
            self.shared.notices.push(text);
        }
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            for session in live {
                shared.strike(&session).await;
            }
        });
    }

    /// Ends the faults that were asked for and still wait or last; a plan goes on. Gives what
    /// was cleared.
    pub fn clear_faults(&self) -> Vec<Fault> {
        let cleared = self.shared.faults.clear();
        self.shared.look_again();
        cleared
    }

    /// Faults that were asked for and still wait or last, oldest first.
    pub fn armed(&self) -> Vec<Fault> {
        self.shared.faults.armed()
    }

    /// Ends all connections and the tap. What was recorded is in the journal then.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let mut ended = self.ended.clone();
        let _ = tokio::time::timeout(2 * GRACE, ended.wait_for(|ended| *ended)).await;
    }
}

/// Waits until the tap is told to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The sender lives as long as the tap does; without it there is nothing to wait for.
    let _ = stop.wait_for(|stop| *stop).await;
}
