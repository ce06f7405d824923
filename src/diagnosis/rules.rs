//! The rules: one a file, and the table from which the engine, the help and the gallery in
//! `sessions/` are made.
//!
//! A rule is told of the [`Moments`] that it names, may keep what it needs between them, and says
//! what it concluded. It must have proof: a rule that guesses is worse than none. Each one ships
//! `sessions/NAME.speaks.sio.jsonl` in which it must speak and `sessions/NAME.silent.sio.jsonl`
//! in which it must not, both recorded from real servers.

mod ack_late;
mod ack_lost;
mod ack_unanswered;
mod auth_stale;
mod blocked_event_loop;
mod close_code;
mod compression;
mod connect_unanswered;
mod cookies_lost;
mod dns_failure;
mod duplicate_emits;
mod event_before_connect;
mod generation_mismatch;
mod heartbeat_direction;
mod namespace_refused;
mod no_sticky_session;
mod parse_error;
mod path_meant_as_namespace;
mod payload_too_large;
mod ping_timeout_ours;
mod ping_timeout_theirs;
mod proxy_idle_timeout;
mod proxy_status_page;
mod python_ping_truncated;
mod reconnect_storm;
mod recovery_impossible;
mod refused_connection;
mod restarted_or_killed_session;
mod stuck_on_polling;
mod tls_failure;
mod unknown_namespace;
mod upgrade_header_swallowed;
mod upgrade_stalled;
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
    dns_failure::ENTRY,
    refused_connection::ENTRY,
    tls_failure::ENTRY,
    generation_mismatch::ENTRY,
    wrong_path::ENTRY,
    cookies_lost::ENTRY,
    no_sticky_session::ENTRY,
    restarted_or_killed_session::ENTRY,
    proxy_idle_timeout::ENTRY,
    upgrade_header_swallowed::ENTRY,
    stuck_on_polling::ENTRY,
    path_meant_as_namespace::ENTRY,
    payload_too_large::ENTRY,
    proxy_status_page::ENTRY,
    compression::ENTRY,
    reconnect_storm::ENTRY,
    namespace_refused::ENTRY,
    unknown_namespace::ENTRY,
    connect_unanswered::ENTRY,
    auth_stale::ENTRY,
    ping_timeout_ours::ENTRY,
    ping_timeout_theirs::ENTRY,
    blocked_event_loop::ENTRY,
    heartbeat_direction::ENTRY,
    python_ping_truncated::ENTRY,
    ack_unanswered::ENTRY,
    ack_late::ENTRY,
    ack_lost::ENTRY,
    duplicate_emits::ENTRY,
    recovery_impossible::ENTRY,
    event_before_connect::ENTRY,
    upgrade_stalled::ENTRY,
    parse_error::ENTRY,
    close_code::ENTRY,
];

/// The table of rules, for the README.
pub fn as_markdown() -> String {
    let mut text = String::from("| rule | what it recognises |\n|---|---|\n");
    for entry in RULES {
        text.push_str(&format!("| `{}` | {} |\n", entry.name, entry.about));
    }
    text
}
