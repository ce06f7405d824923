//! The server's questions: which wait for us, and which were answered.

use super::acks::{asked, row, totals};
use super::{Look, Of, Page, Row};
use crate::journal::record::{AckState, Direction};

pub(super) fn page(look: Look<'_>) -> Page {
    let entries = asked(look, Direction::ToClient);
    let rows = entries
        .iter()
        .map(|entry| Row {
            words: row(look, entry),
            n: entry.asked_n,
            of: Of::Ask {
                nsp: entry.nsp.clone(),
                id: entry.id,
                event: entry.event.clone().unwrap_or_default(),
                answered: entry.state != AckState::Pending,
            },
        })
        .collect();
    Page {
        notes: vec![totals(&entries)],
        head: format!(
            "{:<12}{:>12}  {:<12}  {:<14} {:<6} event",
            "  state", "waits/took", "asked", "namespace", "id"
        ),
        rows,
        empty: "the server has asked for no ack",
        hints: if look.tab.is_live() && look.tab.tap.is_none() {
            "a answer (an answered one: once more)"
        } else {
            ""
        },
    }
}
