//! Our questions: pending, answered, late, timed out, lost.

use super::{Look, Page, Row};
use crate::journal::record::{AckState, Direction};
use crate::model::state::AckEntry;
use crate::tui::line;
use crate::tui::pane::connection::Words;
use crate::tui::theme::Role;
use crate::tui::units;

/// Glyph, word and tone of a question's state.
pub(super) fn state_of(state: AckState) -> (&'static str, &'static str, Role) {
    match state {
        AckState::Pending => ("◌", "pending", Role::Busy),
        AckState::Answered => ("✓", "answered", Role::Ok),
        AckState::Late => ("✓", "late", Role::Warn),
        AckState::Timeout => ("✗", "timed out", Role::Error),
        AckState::Lost => ("✗", "lost", Role::Error),
    }
}

/// The questions that went one way, those without an end first, then the newest first.
pub(super) fn asked(look: Look<'_>, dir: Direction) -> Vec<&AckEntry> {
    let c = look.tab.tap.as_ref().and_then(|_| look.tab.connection());
    let mut entries: Vec<&AckEntry> = look
        .tab
        .model
        .acks
        .iter()
        .rev()
        .filter(|entry| entry.dir == dir)
        .filter(|entry| c.is_none_or(|c| entry.c == Some(c.c)))
        .collect();
    entries.sort_by_key(|entry| entry.state != AckState::Pending);
    entries
}

/// How many of each state, in words.
pub(super) fn totals(entries: &[&AckEntry]) -> Words {
    let states = [
        AckState::Pending,
        AckState::Answered,
        AckState::Late,
        AckState::Timeout,
        AckState::Lost,
    ];
    let mut words = Words::new();
    for state in states {
        let count = entries.iter().filter(|entry| entry.state == state).count();
        if count > 0 {
            let (glyph, word, role) = state_of(state);
            words.push((format!("{glyph} {count} {word}   "), role));
        }
    }
    words
}

/// Columns of one question, up to its event.
pub(super) fn row(look: Look<'_>, entry: &AckEntry) -> Words {
    let (glyph, word, role) = state_of(entry.state);
    let tab = look.tab;
    let took = match entry.state {
        AckState::Pending => units::millis(tab.now.saturating_sub(entry.asked) as f64 / 1e3),
        _ => entry.ms.map_or_else(String::new, units::millis),
    };
    let nsp = line::nsp(&entry.nsp, look.secrets);
    vec![
        (format!("{glyph} {word:<10}"), role),
        (format!("{took:>12}  "), Role::Number),
        (
            format!("{}  ", units::wall(tab.started, &tab.zone, entry.asked)),
            Role::Time,
        ),
        (format!("{nsp:<14} "), Role::Text),
        (format!("#{:<5} ", entry.id), Role::Number),
        (
            entry.event.clone().unwrap_or_else(|| "─".to_owned()),
            Role::Event,
        ),
    ]
}

pub(super) fn page(look: Look<'_>) -> Page {
    let entries = asked(look, Direction::ToServer);
    let rows = entries
        .iter()
        .map(|entry| Row::of_record(row(look, entry), entry.answered_n.or(entry.asked_n)))
        .collect();
    Page {
        notes: vec![totals(&entries)],
        head: format!(
            "{:<12}{:>12}  {:<12}  {:<14} {:<6} event",
            "  state", "after", "asked", "namespace", "id"
        ),
        rows,
        empty: "no event of ours has asked for an ack",
        hints: "",
    }
}
