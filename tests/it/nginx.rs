//! The nginx laboratory: real Socket.IO servers of generations 2 and 4 behind a real nginx, in
//! every configuration that people write, the sound ones among them.
//!
//! [`configurations`] holds the configurations, each under its name; [`stage`] puts servers,
//! nginx and client together; the tests tell what the client shows in each, and which diagnosis
//! rule that is a case for.

pub mod configurations;
mod limits;
mod routing;
mod servers;
mod sound;
pub mod stage;
mod tapped;

/// What the diagnosis has to say about a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This rule speaks.
    Rule(&'static str),
    /// Nothing is wrong, so none does.
    Sound,
}
