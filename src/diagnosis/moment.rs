//! The things that happen in a session, as rules see them.

use super::story::{Exchange, Life};
use crate::journal::record::{Body, Frame, Request};
use crate::model::Packet;

/// Something that happened.
#[derive(Debug)]
pub enum Moment<'a> {
    /// An HTTP request was written.
    Request(&'a Request),
    /// An exchange ended, well or badly.
    Exchange(&'a Exchange),
    /// A WebSocket message crossed.
    Message(&'a Frame),
    /// A WebSocket control frame crossed: ping, pong, close.
    Control(&'a Frame),
    /// An event crossed, in either direction.
    Event(&'a Packet),
    /// Any other packet crossed, undecodable ones too.
    Packet(&'a Packet),
    /// A connection's handshake was answered.
    Opened(&'a Life),
    /// A connection ended, or could not be made.
    Ended(&'a Life),
    /// Any other record: transport, connection, namespace, ack, buffer, fault, gap, mark.
    Told(&'a Body),
    /// Time passed.
    Time,
    /// The session is over.
    Finished,
}

impl Moment<'_> {
    /// Which kind it is.
    pub fn kind(&self) -> Moments {
        match self {
            Moment::Request(_) => Moments::REQUEST,
            Moment::Exchange(_) => Moments::EXCHANGE,
            Moment::Message(_) => Moments::MESSAGE,
            Moment::Control(_) => Moments::CONTROL,
            Moment::Event(_) => Moments::EVENT,
            Moment::Packet(_) => Moments::PACKET,
            Moment::Opened(_) => Moments::OPENED,
            Moment::Ended(_) => Moments::ENDED,
            Moment::Told(_) => Moments::TOLD,
            Moment::Time => Moments::TIME,
            Moment::Finished => Moments::FINISHED,
        }
    }
}

/// A set of kinds of moments. A flood is made of messages and events: a rule that names them
/// costs time on each, so it should decide quickly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments(u16);

impl Moments {
    /// [`Moment::Request`].
    pub const REQUEST: Moments = Moments(1);
    /// [`Moment::Exchange`].
    pub const EXCHANGE: Moments = Moments(1 << 1);
    /// [`Moment::Message`].
    pub const MESSAGE: Moments = Moments(1 << 2);
    /// [`Moment::Control`].
    pub const CONTROL: Moments = Moments(1 << 3);
    /// [`Moment::Event`].
    pub const EVENT: Moments = Moments(1 << 4);
    /// [`Moment::Packet`].
    pub const PACKET: Moments = Moments(1 << 5);
    /// [`Moment::Opened`].
    pub const OPENED: Moments = Moments(1 << 6);
    /// [`Moment::Ended`].
    pub const ENDED: Moments = Moments(1 << 7);
    /// [`Moment::Told`].
    pub const TOLD: Moments = Moments(1 << 8);
    /// [`Moment::Time`].
    pub const TIME: Moments = Moments(1 << 9);
    /// [`Moment::Finished`].
    pub const FINISHED: Moments = Moments(1 << 10);

    /// Both sets together.
    pub const fn and(self, other: Moments) -> Moments {
        Moments(self.0 | other.0)
    }

    /// Whether they have a kind in common.
    pub const fn contains(self, kind: Moments) -> bool {
        self.0 & kind.0 != 0
    }
}
