//! Failures made on purpose: one injector for all tapped connections, asked only while it has
//! something to do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::faults::{Fault, Injector, Message, Place, Plan, Refused, Side, Struck};
use crate::journal::record::Direction;

/// The injector, with a cheap answer for the time when nothing is to fail.
#[derive(Debug)]
pub(super) struct Faulty {
    injector: Mutex<Injector>,
    busy: AtomicBool,
    /// The time at which something is due may have changed.
    pub(super) moved: Notify,
}

impl Faulty {
    pub(super) fn new(plan: Option<Plan>) -> Faulty {
        let injector = Injector::new(plan, Side::Tap);
        Faulty {
            busy: AtomicBool::new(!injector.is_idle()),
            injector: Mutex::new(injector),
            moved: Notify::new(),
        }
    }

    /// Whether anything has to be asked at all.
    pub(super) fn busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Asks the injector.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&mut Injector) -> T) -> T {
        let mut injector = self.lock();
        let answer = question(&mut injector);
        self.busy.store(!injector.is_idle(), Ordering::Release);
        if injector.deadline().is_some() {
            self.moved.notify_one();
        }
        answer
    }

    pub(super) fn frozen(&self, c: u32) -> bool {
        self.busy() && self.lock().frozen(c)
    }

    pub(super) fn arm(&self, fault: Fault) -> Result<(), Refused> {
        self.ask(|injector| injector.arm(fault))
    }

    pub(super) fn arm_on(&self, fault: Fault, c: u32) -> Result<(), Refused> {
        self.ask(|injector| injector.arm_on(fault, c))
    }

    /// What was armed by hand and has never acted.
    pub(super) fn unstruck(&self) -> Vec<Fault> {
        self.lock().unstruck()
    }

    pub(super) fn clear(&self) -> Vec<Fault> {
        self.ask(Injector::clear)
    }

    /// What is armed by hand, oldest first.
    pub(super) fn armed(&self) -> Vec<Fault> {
        self.lock().armed()
    }

    /// The next thing that happens to an open connection by itself.
    pub(super) fn strike(&self, place: &Place) -> Option<Struck> {
        self.ask(|injector| injector.strike(Instant::now(), place))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.lock().deadline()
    }

    pub(super) fn due(&self) -> Vec<(u32, Direction, Vec<Message>)> {
        self.ask(|injector| injector.due(Instant::now()))
    }

    pub(super) fn closed(&self, c: u32) {
        if self.busy() {
            self.ask(|injector| injector.closed(c));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Injector> {
        self.injector.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
