//! The rules: one a file, and the table from which the engine, the help and the gallery in
//! `sessions/` are made.
//!
//! A rule is told of the [`Moments`] that it names, may keep what it needs between them, and says
//! what it concluded. It must have proof: a rule that guesses is worse than none. Each one ships
//! `sessions/NAME.speaks.sio.jsonl` in which it must speak and `sessions/NAME.silent.sio.jsonl`
//! in which it must not, both recorded from real servers.

mod generation_mismatch;
mod no_sticky_session;
mod path_meant_as_namespace;
mod proxy_idle_timeout;
mod restarted_or_killed_session;
mod stuck_on_polling;
mod upgrade_header_swallowed;
mod wrong_path;

use super::moment::{Moment, Moments};
use super::speech::{Scene, Speech};

/// One rule at work on one session.
pub trait Rule: Send {
    /// Something happened; says what follows from it, if anything does.
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>);
}

/// A row of the table of rules.
pub struct Entry {
    /// Its name: the `rule` of its findings and the start of its gallery files' names.
    pub name: &'static str,
    /// What it recognises, in a few words.
    pub about: &'static str,
    /// The moments at which it is asked.
    pub on: Moments,
    /// Rules that explain the same thing better: while one of them has spoken of the same
    /// connection, this one's finding is not shown.
    pub gives_way_to: &'static [&'static str],
    /// Makes a fresh one for a session.
    pub make: fn() -> Box<dyn Rule>,
}

/// Every rule, causes before symptoms.
pub const RULES: &[Entry] = &[
    generation_mismatch::ENTRY,
    wrong_path::ENTRY,
    no_sticky_session::ENTRY,
    restarted_or_killed_session::ENTRY,
    proxy_idle_timeout::ENTRY,
    upgrade_header_swallowed::ENTRY,
    stuck_on_polling::ENTRY,
    path_meant_as_namespace::ENTRY,
];

/// The table of rules, for the README.
pub fn as_markdown() -> String {
    let mut text = String::from("| rule | what it recognises |\n|---|---|\n");
    for entry in RULES {
        text.push_str(&format!("| `{}` | {} |\n", entry.name, entry.about));
    }
    text
}
