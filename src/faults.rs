//! The catalogue of failures, the plans that choose them, and the injector that applies them to
//! what crosses. **Floor 1, pure**: no tokio, no IO, no clock; times are passed in.
//!
//! - [`Fault`]: one failure and its spelling (`drop`, `close:1011`, `status:502@3`).
//! - [`CATALOGUE`]: what each one brings, does, how long it lasts and who can apply it; help,
//!   README ([`as_markdown`]) and the menu ([`groups`]) are made from it.
//! - [`Plan`]: rules of a TOML file, seeded and repeatable.
//! - [`Injector`]: the state machine that the client's driver and the tap ask. It does the byte
//!   work; they carry out [`Verdict`]s.
//!
//! # How to apply it
//! One injector for each session (`Injector::new(plan, Side::Tap)`), shared by all connections;
//! a lock around it is enough. **Ask nothing while [`Injector::is_idle`]**: then there is no plan,
//! nothing is armed and nothing still lasts, and every answer would be `Pass`.
//!
//! | when | ask | and then |
//! |---|---|---|
//! | a person arms a fault | [`Injector::arm`] | for each open connection [`Injector::strike`] until it gives `None` |
//! | a connection's handshake is through | [`Injector::strike`] | the same |
//! | a request is about to be forwarded | [`Injector::request`] | [`RequestDo`] |
//! | its response has come, whole | [`Injector::response`] | [`ResponseDo`] |
//! | the 101 is about to be written to the client | [`Injector::switching`] | [`HeadDo`] |
//! | a WebSocket message crosses | [`Injector::message`] | [`MessageDo`] |
//! | the server's side of a WebSocket ended (close frame, FIN, error) | [`Injector::end`] | [`EndDo`] |
//! | the time of [`Injector::deadline`] has come | [`Injector::due`] | messages that were held back go on |
//! | a connection is over | [`Injector::closed`] | |
//! | a person clears | [`Injector::clear`] | frozen connections go on |
//!
//! A [`Verdict`] is carried out in this order: its `fault` records are written, `until` is waited
//! for (keep a queue for each connection and direction; `until` never runs backwards within one),
//! `what` is done, then the connection is ended as `then` says. While [`Injector::frozen`] says so
//! for a connection, nothing is read from its sockets or written to them; requests of it that
//! come all the same get [`RequestDo::NeverAnswer`].
//!
//! Records: what crosses the wire is recorded as it crosses, before it is asked about on the way
//! in and after it was changed on the way out; what a fault swallowed is said by its record. A
//! tap has two wires: what the server sent is recorded as it came; the fault record says what
//! became of it. A request that a client's own injector answered in the server's place was never
//! sent and is recorded by the fault record alone; one that came to a tap is recorded, with a
//! response of status 0 that says what kept it from the server.
//!
//! An engine that polls: the injector takes single packets out of polling bodies of either
//! generation; where nothing is left, a response becomes a noop and a post is answered `ok`
//! without being sent. Control frames (WebSocket ping and pong) are never asked about.

mod catalogue;
mod fault;
mod injector;
mod plan;
mod random;
mod verdict;
mod waits;

pub use catalogue::{Brings, CATALOGUE, Entry, Lasts, Outcome, Side, as_markdown, groups};
pub use fault::{DEFAULT_JITTER_MS, Fault, FaultError, MAX_MS};
pub use injector::{Injector, Refused, refuse};
pub use plan::{At, EXAMPLE, Places, Plan, PlanError, Rule, When};
pub use verdict::{
    Answer, Answered, Asked, End, EndDo, HeadDo, Message, MessageDo, Place, RequestDo, RequestKind,
    ResponseDo, Strike, Struck, Verdict,
};
pub use waits::{There, never_struck, waits_for};
