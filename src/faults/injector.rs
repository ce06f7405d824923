//! The state machine that both appliers ask. See [`crate::faults`] for how to apply it.

use std::time::Instant;

use super::Fault;
use super::catalogue::Side;
use super::plan::Plan;
use super::verdict::{
    Answered, Asked, EndDo, HeadDo, Message, MessageDo, Place, RequestDo, ResponseDo, Struck,
    Verdict,
};
use crate::journal::record::Direction;

/// Why a fault can't be armed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It acts on the other side only.
    #[error(
        "{fault} can't be made by the {}: it acts on the wire between a client and its server; point the client at `sioscope tap`",
        side.name()
    )]
    Side {
        /// The fault.
        fault: Fault,
        /// Who was asked.
        side: Side,
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
    plan: Option<Plan>,
}

impl Injector {
    /// An injector with a plan, or with none until something is armed.
    pub fn new(plan: Option<Plan>, side: Side) -> Injector {
        Injector { side, plan }
    }

    /// Arms a fault: it acts on the next moment that fits, on any connection.
    ///
    /// # Errors
    /// A fault that this side can't apply.
    pub fn arm(&mut self, fault: Fault) -> Result<(), Refused> {
        refuse(fault, self.side)
    }

    /// Ends everything that was armed by hand and what lasts; a plan goes on. Gives what was
    /// cleared.
    pub fn clear(&mut self) -> Vec<Fault> {
        Vec::new()
    }

    /// What is armed by hand, oldest first.
    pub fn armed(&self) -> Vec<Fault> {
        Vec::new()
    }

    /// No plan, nothing armed, nothing lasting: every answer is `Pass`.
    pub fn is_idle(&self) -> bool {
        self.plan.is_none()
    }

    /// Whether nothing may be read from or written to the sockets of this connection.
    pub fn frozen(&self, _c: u32) -> bool {
        false
    }

    /// What happens to an open connection by itself, now. Ask again until it gives `None`.
    pub fn strike(&mut self, _now: Instant, _place: &Place) -> Option<Struck> {
        None
    }

    /// A request is about to be sent.
    pub fn request(
        &mut self,
        _now: Instant,
        _place: &Place,
        _asked: &Asked<'_>,
    ) -> Verdict<RequestDo> {
        Verdict::just(RequestDo::Pass)
    }

    /// Its response has come. Not asked about a 101.
    pub fn response(
        &mut self,
        _now: Instant,
        _place: &Place,
        _answered: &Answered<'_>,
    ) -> Verdict<ResponseDo> {
        Verdict::just(ResponseDo::Pass)
    }

    /// The 101 is about to be written to the client.
    pub fn switching(&mut self, _now: Instant, _place: &Place) -> Verdict<HeadDo> {
        Verdict::just(HeadDo::Pass)
    }

    /// A WebSocket message crosses.
    pub fn message(
        &mut self,
        _now: Instant,
        _place: &Place,
        _dir: Direction,
        _message: &Message,
    ) -> Verdict<MessageDo> {
        Verdict::just(MessageDo::Pass)
    }

    /// The server's side of a WebSocket has ended, however.
    pub fn end(&mut self, _now: Instant, _place: &Place) -> Verdict<EndDo> {
        Verdict::just(EndDo::Pass)
    }

    /// When [`Injector::due`] wants to be asked.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Messages whose time to be held back is over: hand them on, in this order.
    pub fn due(&mut self, _now: Instant) -> Vec<(u32, Direction, Vec<Message>)> {
        Vec::new()
    }

    /// The connection is over: what lasts on it ends.
    pub fn closed(&mut self, _c: u32) {}
}
