//! The offline buffer: what waits until its namespace is joined, or until it is let go.

use super::{Look, Of, Page, Row};
use crate::tui::line;
use crate::tui::mask;
use crate::tui::pane::connection::Words;
use crate::tui::theme::Role;
use crate::tui::units;

pub(super) fn page(look: Look<'_>) -> Page {
    let tab = look.tab;
    let waiting = &tab.model.buffered;
    let rows = waiting
        .iter()
        .map(|one| {
            let waits = units::millis(tab.now.saturating_sub(one.since) as f64 / 1e3);
            let nsp = line::nsp(&one.nsp, look.secrets);
            Row {
                words: vec![
                    (format!("{waits:>12}  "), Role::Number),
                    (format!("{nsp:<14} "), Role::Text),
                    (
                        format!("{:>9}  ", units::size(one.packet.len() as u64)),
                        Role::Dim,
                    ),
                    (
                        match look.secrets {
                            true => line::head(&one.packet, 400).into_owned(),
                            false => mask::text(&line::head(&one.packet, 400)).into_owned(),
                        },
                        Role::Event,
                    ),
                ],
                n: Some(one.n),
                of: Of::Waiting {
                    nsp: one.nsp.clone(),
                    packet: one.packet.clone(),
                },
            }
        })
        .collect();
    let mut total: Words = vec![(
        match waiting.len() {
            0 => String::new(),
            1 => "1 event waits".to_owned(),
            many => format!("{} events wait", units::count(many as u64)),
        },
        Role::Text,
    )];
    if tab.holding {
        total.push((
            "   ◼ held back: nothing is sent until F".to_owned(),
            Role::Warn,
        ));
    }
    Page {
        notes: vec![total],
        head: format!("{:>12}  {:<14} {:>9}  packet", "waits", "namespace", "size"),
        rows,
        empty: "nothing waits to be sent",
        hints: if tab.is_live() && tab.tap.is_none() {
            "e edit  D drop  H hold  F flush"
        } else {
            ""
        },
    }
}
