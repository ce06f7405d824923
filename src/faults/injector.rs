//! The state machine that both appliers ask. See [`crate::faults`] for how to apply it.
//!
//! | file | what it holds |
//! |---|---|
//! | `source.rs` | rules and armed faults: do they fit, which one acts |
//! | `packets.rs` | one packet of either transport: heartbeats, Socket.IO packets, the probe |
//! | `lane.rs` | one direction of a connection: attachments, what is held back, order in time |
//! | `http.rs` and below it | requests, responses and polling bodies |
//! | `websocket.rs` | messages, the end, the 101, and what strikes by itself |
//! | `made.rs` | bytes that are made up or changed |

mod http;
mod lane;
mod made;
mod packets;
mod source;
#[cfg(test)]
mod tests;
mod websocket;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::catalogue::Side;
use super::plan::{Plan, When};
use super::verdict::{End, Message, Place};
use super::{Fault, Lasts};
use crate::journal::record::{Direction, Fault as FaultRecord, TransportName};
use crate::protocol::engine::Version;
use lane::Lane;
use source::{Hit, Moment, Source};

/// Faults that are remembered because they never acted.
const MISSED: usize = 100;

/// Why a fault can't be armed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It acts on the other side only.
    #[error(
        "{fault} can't be made by the {}: it is made between a client and its server; point the client at `sioscope tap`",
        side.name()
    )]
    Side {
        /// The fault.
        fault: Fault,
        /// Who was asked.
        side: Side,
    },
    /// It was meant for one connection, whose moment for it is over.
    #[error("{fault} acts on a handshake, and that of connection {c} is over; leave \"c\" out")]
    Past {
        /// The fault.
        fault: Fault,
        /// Number of the connection.
        c: u32,
    },
    /// It was meant for one connection, which is not open.
    #[error(
        "no connection {c} is open; connections are numbered from 1 in the order in which they began"
    )]
    Gone {
        /// Number of the connection.
        c: u32,
    },
}

/// Says whether a side can apply a fault.
///
/// # Errors
/// That it can't, and who can.
pub fn refuse(fault: Fault, side: Side) -> Result<(), Refused> {
    match fault.entry().acts_on(side) {
        true => Ok(()),
        false => Err(Refused::Side { fault, side }),
    }
}

/// Chooses what fails, and does the byte work. Pure: the same plan and the same questions give
/// the same answers.
#[derive(Debug)]
pub struct Injector {
    side: Side,
    seed: u64,
    /// The number of the next source.
    next_id: u64,
    /// In the order in which they are asked: those of the plan, then those armed by hand.
    sources: Vec<Source>,
    connections: HashMap<u32, Connection>,
    /// Armed for one connection, which ended before they acted.
    missed: Vec<Fault>,
}

/// What lasts on a connection.
#[derive(Debug)]
struct Connection {
    version: Version,
    to_server: Lane,
    to_client: Lane,
    frozen: bool,
    /// Heartbeats are kept away, and what the server says because of that.
    deaf: Option<Hit>,
    /// Requests are cut.
    doomed: Option<End>,
    /// Sources that have told that they act on everything.
    announced: HashSet<(u64, Direction)>,
}

impl Connection {
    fn new(version: Version) -> Connection {
        Connection {
            version,
            to_server: Lane::default(),
            to_client: Lane::default(),
            frozen: false,
            deaf: None,
            doomed: None,
            announced: HashSet::new(),
        }
    }

    fn lane(&mut self, dir: Direction) -> &mut Lane {
        match dir {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    fn is_quiet(&self, now: Instant) -> bool {
        !self.frozen
            && self.deaf.is_none()
            && self.doomed.is_none()
            && self.to_server.is_quiet(now)
            && self.to_client.is_quiet(now)
    }
}

/// What comes of something besides its own fate.
#[derive(Debug, Default)]
struct Effects {
    told: Vec<FaultRecord>,
    then: Option<End>,
    /// What follows in the same body does not cross.
    stop: bool,
    in_place: Option<InPlace>,
    /// The server's goodbye was kept: over polling not even a sign of life may take its place.
    silent: bool,
}

/// What crosses in place of a message or of a whole polling body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InPlace {
    Garbage,
    Oversize,
}

impl Injector {
    /// An injector with a plan, or with none until something is armed. Faults of the plan that
    /// `side` can't apply are left out: [`Plan::check`] tells them beforehand.
    pub fn new(plan: Option<Plan>, side: Side) -> Injector {
        let plan = plan.unwrap_or_default();
        let mut injector = Injector {
            side,
            seed: plan.seed,
            next_id: 1,
            sources: Vec::new(),
            connections: HashMap::new(),
            missed: Vec::new(),
        };
        for rule in plan.rules {
            for fault in rule.faults {
                if fault.entry().acts_on(side) {
                    injector.add(fault, Some(rule.name.clone()), rule.when.clone());
                }
            }
        }
        injector
    }

    fn add(&mut self, fault: Fault, rule: Option<String>, when: When) {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        self.sources.push(Source::new(id, fault, rule, when));
    }

    /// Arms a fault: it acts on the next moment that fits, on any connection.
    ///
    /// # Errors
    /// A fault that this side can't apply.
    pub fn arm(&mut self, fault: Fault) -> Result<(), Refused> {
        self.arm_when(fault, When::default())
    }

    /// Arms a fault for one connection.
    ///
    /// # Errors
    /// A fault that this side can't apply, or that acts before a connection is open.
    pub fn arm_on(&mut self, fault: Fault, c: u32) -> Result<(), Refused> {
        if fault == Fault::NoUpgrade {
            return Err(Refused::Past { fault, c });
        }
        self.arm_when(
            fault,
            When {
                connections: vec![c],
                ..When::default()
            },
        )
    }

    fn arm_when(&mut self, fault: Fault, when: When) -> Result<(), Refused> {
        refuse(fault, self.side)?;
        // A new delay takes the place of the old one; two of them would add up unseen.
        if fault.entry().lasts == Lasts::UntilCleared {
            self.sources.retain(|source| {
                !(source.by_hand() && source.fault.name() == fault.name() && source.when == when)
            });
        }
        self.add(fault, None, when);
        Ok(())
    }

    /// Ends everything that was armed by hand, and all that lasts on connections; a plan goes
    /// on. Gives what was armed.
    pub fn clear(&mut self) -> Vec<Fault> {
        let armed = self.armed();
        self.sources.retain(|source| !source.by_hand());
        for connection in self.connections.values_mut() {
            connection.frozen = false;
            connection.deaf = None;
            connection.doomed = None;
        }
        armed
    }

    /// What is armed by hand and has not acted or lasts, oldest first.
    pub fn armed(&self) -> Vec<Fault> {
        let by_hand = self.sources.iter().filter(|source| source.by_hand());
        by_hand.map(|source| source.fault).collect()
    }

    /// What was armed by hand, was not cleared, and has never acted, oldest first.
    pub fn unstruck(&self) -> Vec<Fault> {
        let waiting = self.sources.iter().filter(|s| s.by_hand() && s.is_fresh());
        let missed = self.missed.iter().copied();
        missed.chain(waiting.map(|source| source.fault)).collect()
    }

    /// No plan, nothing armed, nothing lasting: every answer would be `Pass`.
    pub fn is_idle(&self) -> bool {
        self.sources.is_empty() && self.connections.is_empty()
    }

    /// Whether nothing may be read from or written to the sockets of this connection.
    pub fn frozen(&self, c: u32) -> bool {
        self.connections.get(&c).is_some_and(|conn| conn.frozen)
    }

    /// When [`Injector::due`] wants to be asked.
    pub fn deadline(&self) -> Option<Instant> {
        let lanes = self
            .connections
            .values()
            .flat_map(|conn| [&conn.to_server, &conn.to_client]);
        lanes
            .filter(|lane| lane.transport == Some(TransportName::Websocket))
            .filter_map(Lane::deadline)
            .min()
    }

    /// Messages of WebSockets whose time to be held back is over: hand them on, in this order.
    pub fn due(&mut self, now: Instant) -> Vec<(u32, Direction, Vec<Message>)> {
        let mut due = Vec::new();
        for (c, conn) in &mut self.connections {
            if conn.frozen {
                continue;
            }
            let version = conn.version;
            for dir in [Direction::ToServer, Direction::ToClient] {
                let lane = conn.lane(dir);
                if lane.transport != Some(TransportName::Websocket) {
                    continue;
                }
                let messages: Vec<Message> = lane
                    .overdue(now)
                    .iter()
                    .map(|packet| websocket::message_of(packet, version))
                    .collect();
                if !messages.is_empty() {
                    due.push((*c, dir, messages));
                }
            }
        }
        due.sort_by_key(|(c, dir, _)| (*c, *dir));
        self.tidy(now);
        due
    }

    /// The connection is over: what lasts on it ends.
    pub fn closed(&mut self, c: u32) {
        self.connections.remove(&c);
        for source in &mut self.sources {
            source.closed(c);
        }
        // What was meant for it alone has lost its moment: no other gets its number.
        let missed = &mut self.missed;
        self.sources.retain(|source| {
            let meant = source.by_hand() && source.when.connections == [c];
            if meant && source.is_fresh() && missed.len() < MISSED {
                missed.push(source.fault);
            }
            !meant
        });
    }

    /// The first source that wants this, fits and acts.
    fn first(
        &mut self,
        place: &Place,
        moment: &Moment<'_>,
        wants: impl Fn(&Source) -> bool,
    ) -> Option<Hit> {
        let seed = self.seed;
        let hit = self
            .sources
            .iter_mut()
            .filter(|source| !source.spent() && wants(source) && source.fits(place, moment))
            .find_map(|source| source.take(seed, place.c))?;
        self.sources.retain(|source| !source.spent());
        Some(hit)
    }

    fn connection(&mut self, place: &Place) -> &mut Connection {
        let made = || Connection::new(place.version);
        let connection = self.connections.entry(place.c).or_insert_with(made);
        connection.version = place.version;
        connection
    }

    /// Delay, jitter and throttle: when `bytes` may go on. `moments` are the packets in it.
    fn held_until(
        &mut self,
        now: Instant,
        place: &Place,
        dir: Direction,
        bytes: usize,
        moments: &[Moment<'_>],
        told: &mut Vec<FaultRecord>,
    ) -> Option<Instant> {
        let seed = self.seed;
        let made = || Connection::new(place.version);
        let conn = self.connections.entry(place.c).or_insert_with(made);
        let mut added = Duration::ZERO;
        let mut throttled = None;
        for source in &mut self.sources {
            let slows = matches!(
                source.fault,
                Fault::Delay(_) | Fault::Jitter(_) | Fault::Throttle(_)
            );
            if !slows || source.spent() || !moments.iter().any(|m| source.fits(place, m)) {
                continue;
            }
            let Some(hit) = source.take(seed, place.c) else {
                continue;
            };
            let did = match source.fault {
                Fault::Delay(ms) => {
                    added = added.saturating_add(Duration::from_millis(ms));
                    format!("holds what goes {} back for {ms} ms", lane::way(dir))
                }
                Fault::Jitter(most) => {
                    let ms = source.up_to(seed, place.c, most);
                    added = added.saturating_add(Duration::from_millis(ms));
                    let way = lane::way(dir);
                    match source.is_broad() {
                        true => format!("holds what goes {way} back for 0 to {most} ms"),
                        false => format!("holds what goes {way} back for {ms} ms"),
                    }
                }
                Fault::Throttle(rate) => {
                    let at = conn.lane(dir).throttled(now, bytes, rate);
                    throttled = throttled.max(Some(at));
                    format!("lets {rate} bytes a second go {}", lane::way(dir))
                }
                _ => continue,
            };
            // A line for each packet would bury the packets.
            if !source.is_broad() || conn.announced.insert((source.id, dir)) {
                told.push(hit.told(did));
            }
        }
        self.sources.retain(|source| !source.spent());
        let delayed = (!added.is_zero()).then(|| now.checked_add(added)).flatten();
        conn.lane(dir).in_order(now, delayed.max(throttled))
    }

    /// Forgets connections on which nothing lasts, once there is nothing that could act.
    fn tidy(&mut self, now: Instant) {
        if self.sources.is_empty() {
            self.connections.retain(|_, conn| !conn.is_quiet(now));
        }
    }
}
