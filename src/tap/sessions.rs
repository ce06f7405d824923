//! The tapped connections: each Engine.IO session by its sid, across transports and TCP
//! connections, and the numbers that records carry.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{mpsc, watch};

use super::head::RequestHead;
use super::inject::Parcel;
use super::story::Story;
use crate::faults::{End, Place, RequestKind};
use crate::journal::record::{Body, TransportName};

/// Ended sessions that are remembered, so that a late request finds its connection.
const REMEMBERED: usize = 10_000;
/// Commands that may wait for one WebSocket.
const ORDERS: usize = 256;

/// What a relay is told.
#[derive(Debug)]
pub(super) enum Order {
    /// Put this between two messages.
    Parcel(Parcel),
    /// End it.
    End(End),
    /// Look at the injector again: something was armed, cleared or is due.
    Look,
}

/// One tapped Engine.IO connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) c: u32,
    state: Mutex<State>,
    /// Read by who has a post of the client on its way, written by who wants to post something
    /// of ours: two at once would end the session.
    pub(super) posting: tokio::sync::RwLock<()>,
    /// Ends exchanges in flight.
    pub(super) cut: watch::Sender<Option<End>>,
    /// Something waits for the client's next poll.
    pub(super) has_parcels: AtomicBool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) story: Story,
    /// To the newest WebSocket of the connection.
    pub(super) socket: Option<mpsc::Sender<Order>>,
    /// For the client's next poll.
    pub(super) parcels: VecDeque<Parcel>,
    /// A request of the client, as a model for posts of our own.
    pub(super) model: Option<RequestHead>,
    /// The client uses msgpack or base64; what an injected packet has to look like.
    pub(super) base64: bool,
}

impl Session {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Every step leaves it consistent, whatever became of who held it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is, for the injector.
    pub(super) fn place(&self, transport: TransportName) -> Place {
        let state = self.state();
        Place {
            c: self.c,
            attempt: 0,
            transport,
            version: state.story.version,
            revision: state.story.revision,
            max_payload: state.story.max_payload,
        }
    }

    /// The transport that carries its packets.
    pub(super) fn transport(&self) -> TransportName {
        self.state().story.transport
    }

    /// A queue for a WebSocket of this connection, which from now on gets the orders.
    pub(super) fn attach(&self) -> mpsc::Receiver<Order> {
        let (orders, inbox) = mpsc::channel(ORDERS);
        self.state().socket = Some(orders);
        inbox
    }

    /// Gives an order to its WebSocket; hands it back where there is none or it is too busy.
    pub(super) fn order(&self, order: Order) -> Result<(), Order> {
        let Some(socket) = self.state().socket.clone() else {
            return Err(order);
        };
        socket.try_send(order).map_err(|error| match error {
            mpsc::error::TrySendError::Full(order) | mpsc::error::TrySendError::Closed(order) => {
                order
            }
        })
    }

    /// Whether it has been opened and not ended.
    pub(super) fn is_live(&self) -> bool {
        let state = self.state();
        state.story.opened && !state.story.ended
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    table: Mutex<Table>,
    exchanges: AtomicU64,
}

#[derive(Debug, Default)]
struct Table {
    newest: u32,
    by_sid: HashMap<String, Arc<Session>>,
    live: BTreeMap<u32, Arc<Session>>,
    /// Sids in the order in which they became known.
    known: VecDeque<String>,
}

impl Sessions {
    /// The next exchange number.
    pub(super) fn exchange(&self) -> u64 {
        self.exchanges.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The connection that a request belongs to, and whether it is its first. A request without
    /// a sid begins one, and so does a sid that was never seen.
    pub(super) fn of_request(
        &self,
        now: Instant,
        kind: RequestKind,
        sid: Option<&str>,
        eio: Option<&str>,
    ) -> (Arc<Session>, bool) {
        let mut table = self.table();
        if let Some(known) = sid.and_then(|sid| table.by_sid.get(sid)) {
            return (Arc::clone(known), false);
        }
        table.newest = table.newest.saturating_add(1);
        let c = table.newest;
        let session = Arc::new(Session {
            c,
            state: Mutex::new(State {
                story: Story::new(now, kind, sid, eio),
                socket: None,
                parcels: VecDeque::new(),
                model: None,
                base64: false,
            }),
            posting: tokio::sync::RwLock::default(),
            cut: watch::channel(None).0,
            has_parcels: AtomicBool::new(false),
        });
        table.live.insert(c, Arc::clone(&session));
        if let Some(sid) = sid {
            table.name(sid, &session);
        }
        (session, true)
    }

    /// A handshake told the sid of a connection.
    pub(super) fn name(&self, sid: &str, session: &Arc<Session>) {
        self.table().name(sid, session);
    }

    /// The connection with this sid.
    pub(super) fn by_sid(&self, sid: &str) -> Option<Arc<Session>> {
        self.table().by_sid.get(sid).cloned()
    }

    /// The connection with this number, as long as it has not ended.
    pub(super) fn get(&self, c: u32) -> Option<Arc<Session>> {
        self.table().live.get(&c).cloned()
    }

    /// All that have not ended, oldest first.
    pub(super) fn live(&self) -> Vec<Arc<Session>> {
        self.table().live.values().cloned().collect()
    }

    /// A connection has ended; late requests still find it by its sid.
    pub(super) fn ended(&self, c: u32) {
        self.table().live.remove(&c);
    }

    /// What the stories of polling connections have to tell by themselves.
    pub(super) fn tick(&self, now: Instant) -> Vec<(Arc<Session>, Vec<Body>)> {
        let live = self.live();
        live.into_iter()
            .filter_map(|session| {
                let told = session.state().story.tick(now);
                (!told.is_empty()).then_some((session, told))
            })
            .collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn name(&mut self, sid: &str, session: &Arc<Session>) {
        if self
            .by_sid
            .insert(sid.to_owned(), Arc::clone(session))
            .is_some()
        {
            return;
        }
        self.known.push_back(sid.to_owned());
        if self.known.len() <= REMEMBERED {
            return;
        }
        let Some(oldest) = self.known.pop_front() else {
            return;
        };
        let live = self
            .by_sid
            .get(&oldest)
            .is_some_and(|old| self.live.contains_key(&old.c));
        if live {
            self.known.push_back(oldest);
        } else {
            self.by_sid.remove(&oldest);
        }
    }
}
