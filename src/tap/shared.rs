//! What all connections of a tap share: serving, looking after polling clients, faults that
//! strike, parcels on their way, and what is told.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::head::Changed;
use super::inject::{InjectError, Parcel};
use super::sessions::{Order, Session};
use super::{GRACE, LOOK, Shared, TOLD, link, stopped};
use crate::faults::{End, Strike, never_struck};
use crate::journal::record::{Body, Direction, Fault as FaultRecord, TransportName};

impl Shared {
    /// Takes connections until it is told to stop; then gives those that are open a moment.
    pub(super) async fn serve(self: &Arc<Self>, listener: TcpListener) {
        let mut stop = self.stop.subscribe();
        let mut links = JoinSet::new();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let any = !self.sessions.live().is_empty();
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let shared = Arc::clone(self);
                        links.spawn(async move { link::serve(&shared, stream).await });
                    }
                    Err(error) => {
                        // Out of file descriptors, most likely: wait until some are given back.
                        tracing::warn!(%error, "tap: accept");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                () = stopped(&mut stop) => break,
                Some(_) = links.join_next() => {}
                _ = look.tick(), if any => self.look().await,
                () = self.changed.notified() => {}
                () = self.faults_due() => {
                    for (c, dir, messages) in self.faults.due() {
                        self.hand_on(c, dir, messages, Vec::new()).await;
                    }
                }
            }
        }
        drop(listener);
        let all_gone = async { while links.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, all_gone).await.is_err() {
            tracing::debug!("tap: connections cut after the grace period");
        }
    }

    /// Waits until the injector wants to be asked again.
    pub(super) async fn faults_due(&self) {
        loop {
            let deadline = self.faults.deadline();
            let moved = self.faults.moved.notified();
            match deadline {
                None => moved.await,
                Some(at) => tokio::select! {
                    () = tokio::time::sleep_until(at.into()) => return,
                    () = moved => {}
                },
            }
        }
    }

    /// Looks for polling clients that are gone.
    pub(super) async fn look(&self) {
        for (session, told) in self.sessions.tick(Instant::now()) {
            self.told(&session, told).await;
        }
    }

    /// What is left to tell when the tap ends.
    pub(super) async fn end(&self) {
        for session in self.sessions.live() {
            let told = session
                .state()
                .story
                .ended_by_tap("transport close", "the tap was stopped");
            self.told(&session, told).await;
        }
        if let Some(text) = never_struck(&self.faults.unstruck()) {
            self.notices.push(text);
        }
        self.recorder.settle(GRACE).await;
    }

    /// Writes down what a story told, and lets go of a connection that has ended.
    pub(super) async fn told(&self, session: &Arc<Session>, told: Vec<Body>) {
        self.recorder.all(Some(session.c), told).await;
        if session.state().story.ended {
            self.sessions.ended(session.c);
            self.faults.closed(session.c);
        }
        self.changed.notify_one();
    }

    /// A connection's handshake is through.
    pub(super) async fn opened(&self, session: &Arc<Session>) {
        let sid = session.state().story.sid.clone();
        if let Some(sid) = sid {
            self.sessions.name(&sid, session);
        }
        if self.faults.busy() {
            self.strike(session).await;
        }
    }

    /// Carries out what happens to a connection by itself.
    pub(super) async fn strike(&self, session: &Arc<Session>) {
        let place = session.place(session.transport());
        while let Some(struck) = self.faults.strike(&place) {
            self.tell_faults(session.c, struck.told).await;
            match struck.what {
                Strike::End(end) => self.end_by_fault(session, end),
                Strike::Freeze => self.look_at(session),
                Strike::Inject(dir, message) => {
                    self.hand_on(session.c, dir, vec![message], Vec::new())
                        .await;
                }
            }
        }
        self.look_at(session);
    }

    pub(super) fn end_by_fault(&self, session: &Arc<Session>, end: End) {
        if session.transport() == TransportName::Websocket {
            let _ = session.order(Order::End(end));
        } else {
            session.cut.send_replace(Some(end));
        }
    }

    pub(super) fn look_at(&self, session: &Arc<Session>) {
        let _ = session.order(Order::Look);
    }

    pub(super) fn look_again(&self) {
        for session in self.sessions.live() {
            self.look_at(&session);
        }
    }

    /// Messages of the injector's making, or held back by it, go on.
    pub(super) async fn hand_on(
        &self,
        c: u32,
        dir: Direction,
        messages: Vec<crate::faults::Message>,
        told: Vec<Body>,
    ) {
        let Some(session) = self.sessions.get(c) else {
            return;
        };
        let parcel = Parcel {
            dir,
            messages,
            told,
            recorded: false,
        };
        if let Err(error) = self.deliver(&session, parcel) {
            self.notices
                .push(format!("a fault could not be carried out: {error}"));
        }
    }

    /// Sends a parcel on its way.
    pub(super) fn deliver(
        &self,
        session: &Arc<Session>,
        parcel: Parcel,
    ) -> Result<(), InjectError> {
        // One look for both: a parcel that is put down for a poll while the connection is
        // upgraded would lie there for ever.
        let mut state = session.state();
        if state.story.transport == TransportName::Websocket {
            drop(state);
            return session
                .order(Order::Parcel(parcel))
                .map_err(|_| InjectError::Busy);
        }
        match parcel.dir {
            Direction::ToClient => {
                parcel.packets(state.story.version)?;
                if state.parcels.len() >= 1_000 {
                    return Err(InjectError::Busy);
                }
                state.parcels.push_back(parcel);
                session.has_parcels.store(true, Ordering::Release);
                Ok(())
            }
            Direction::ToServer => {
                drop(state);
                self.post(session, parcel)
            }
        }
    }

    /// Writes the `fault` records of a connection.
    pub(super) async fn tell_faults(&self, c: u32, told: Vec<FaultRecord>) {
        for fault in told {
            if let Some(session) = self.sessions.get(c) {
                session.state().story.faulted(&fault);
            }
            self.recorder.record(Some(c), Body::Fault(fault)).await;
        }
    }

    /// Marks each change of a request's head once.
    pub(super) async fn tell_changes(&self, changes: Vec<Changed>) {
        for Changed { name, from, to } in changes {
            let text = format!("every request: {name} is {to} in place of the client's {from}");
            if self.first_time(&text) {
                self.recorder.mark(None, text).await;
            }
        }
    }

    pub(super) fn notice_once(&self, text: String) {
        if self.first_time(&text) {
            self.notices.push(text);
        }
    }

    pub(super) fn first_time(&self, text: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < TOLD && told.insert(text.to_owned())
    }
}
