//! Plans: which fault acts when, written in TOML.
//!
//! ```toml
//! seed = 7                      # draws are repeated exactly with the same seed (0)
//!
//! [[rule]]
//! name = "gateway hiccup"       # stands in the fault records
//! fault = "status:502@3"        # or several: ["delay:200", "jitter:50"]
//! connection = [1, 2]           # or one number: number of the connection, from 1
//! attempt = 0                   # of the reconnect series; 0 is a first connect; for a client's own plan
//! transport = "polling"         # or "websocket"
//! request = "poll"              # or "post", "handshake", "upgrade"
//!
//! [[rule]]
//! fault = "drop"
//! direction = "to_client"       # or "to_server"
//! namespace = "/chat"
//! event = "message"
//! nth = 3                       # only the third that fits, counted on each connection
//! probability = 0.5             # of those that fit
//! times = 1                     # and no more often than this in all
//! ```

mod chance;
mod read;
#[cfg(test)]
mod tests;

use super::Fault;
use super::verdict::RequestKind;
use crate::journal::record::{Direction, TransportName};

/// Which faults act when.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// What draws begin with.
    pub seed: u64,
    /// The rules, in the order of the file. What one takes away, later ones do not see.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name in `fault` records; `rule 1` where it was given none.
    pub name: String,
    /// What it does.
    pub faults: Vec<Fault>,
    /// What must fit.
    pub when: When,
    /// Where what may be refused stands.
    pub places: Places,
}

/// Line and column of a key or value of a plan, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Where in its plan a rule says what one of the sides may not be able to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// Its faults, in their order.
    pub faults: Vec<At>,
    /// Its key `attempt`.
    pub attempt: Option<At>,
}

/// What must fit for a rule to act; what is not named fits always.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct When {
    /// Numbers of connections; empty is any.
    pub connections: Vec<u32>,
    /// Numbers of attempts (0 is a first connect); empty is any.
    pub attempts: Vec<u32>,
    /// Way of what crosses.
    pub direction: Option<Direction>,
    /// Transport that it crosses on.
    pub transport: Option<TransportName>,
    /// What the request is for.
    pub request: Option<RequestKind>,
    /// Namespace of the packet.
    pub namespace: Option<String>,
    /// Name of the event.
    pub event: Option<String>,
    /// Only the nth that fits, from 1, counted on each connection.
    pub nth: Option<u64>,
    /// How likely it acts on what fits, 0 to 1.
    pub probability: Option<f64>,
    /// How often it acts in all.
    pub times: Option<u64>,
}

/// A mistake in a plan, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct PlanError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what is valid there.
    pub what: String,
}

/// A plan to begin with: what `--faults` shows as its example.
pub const EXAMPLE: &str = r#"seed = 7

[[rule]]
name = "gateway hiccup"
fault = "status:502@3"
connection = 1

[[rule]]
name = "the third message to /chat cuts the line"
fault = "drop"
namespace = "/chat"
event = "message"
nth = 3
times = 1
"#;

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// TOML that can't be read, a key or word that is not known, a fault that does not exist, a
    /// value out of range: the first mistake, with line and column.
    pub fn parse(text: &str) -> Result<Plan, PlanError> {
        read::plan(text)
    }

    /// Whether a side can apply all of it; the first thing that it can't, in words.
    ///
    /// # Errors
    /// What can't be done, and where the plan asks for it.
    pub fn check(&self, side: super::Side) -> Result<(), PlanError> {
        let refused = |at: At, name: &str, why: &dyn std::fmt::Display| PlanError {
            line: at.line,
            column: at.column,
            what: format!("rule {name:?}: {why}"),
        };
        for rule in &self.rules {
            if side == super::Side::Tap && !rule.when.attempts.is_empty() {
                let why = "a tap can't tell the attempts of a client from its first connects; name a connection: connection = 2";
                let at = rule.places.attempt.unwrap_or_default();
                return Err(refused(at, &rule.name, &why));
            }
            let places = rule.places.faults.iter().copied();
            for (fault, at) in rule.faults.iter().zip(places) {
                if let Err(why) = super::injector::refuse(*fault, side) {
                    return Err(refused(at, &rule.name, &why));
                }
            }
        }
        Ok(())
    }
}
