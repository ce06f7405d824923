//! Connection state recovery: private ids, offsets, whether it worked, and why it could not.
//!
//! Facts: socket.io-client `socket.ts` (`_pid`, `_lastOffset`, `recovered`) and socket.io
//! `socket.ts`: the server gives a `pid` in its CONNECT reply where recovery is on, and ends the
//! arguments of its events with an offset.

use super::{Look, Page, Row};
use crate::model::state::Namespace;
use crate::tui::line;
use crate::tui::mask;
use crate::tui::pane::connection::Words;
use crate::tui::pane::findings::severity;
use crate::tui::text;
use crate::tui::theme::Role;

/// The rule of the diagnosis that knows why.
const RULE: &str = "recovery-impossible";

fn outcome(namespace: &Namespace) -> (&'static str, Role) {
    match (&namespace.pid, &namespace.offset, namespace.recovered) {
        (_, _, Some(true)) => ("✓ recovered: what was missed came after", Role::Ok),
        (None, _, _) => ("─ the server offers none (no pid)", Role::Dim),
        (Some(_), _, Some(false)) => ("✗ a fresh session in place of the old one", Role::Error),
        (Some(_), None, None) => ("◌ not possible yet: no event brought an offset", Role::Warn),
        (Some(_), Some(_), None) => ("● possible from this offset on", Role::Ok),
    }
}

pub(super) fn page(look: Look<'_>) -> Page {
    let secret = |value: &Option<String>| match value {
        None => "─".to_owned(),
        // A private id lets anybody take the session over.
        Some(_) if !look.secrets => mask::COVER.to_owned(),
        Some(value) => value.clone(),
    };
    let mut rows = Vec::new();
    for namespace in look.tab.namespaces() {
        let (words, role) = outcome(namespace);
        let nsp = line::nsp(&namespace.nsp, look.secrets);
        let offset = namespace.offset.as_deref().unwrap_or("─");
        rows.push(Row::of_record(
            vec![
                (format!("{nsp:<14} "), Role::Text),
                (format!("{:<12} ", secret(&namespace.pid)), Role::Number),
                (format!("{:<26} ", line::head(offset, 26)), Role::Number),
                (words.to_owned(), role),
            ],
            None,
        ));
    }
    let said = look.tab.findings.iter().filter(|it| it.rule == RULE);
    for finding in said {
        let (glyph, _, role) = severity(finding);
        let n = finding.evidence.first().copied();
        let mut lines: Vec<(String, Role)> = vec![(format!("{glyph} {}", finding.title), role)];
        let room = look.width.saturating_sub(2).max(20);
        for paragraph in text::safe_lines(&finding.why) {
            let wrapped = text::wrap(&paragraph, room);
            lines.extend(
                wrapped
                    .into_iter()
                    .map(|row| (format!("  {row}"), Role::Text)),
            );
        }
        rows.extend(
            lines
                .into_iter()
                .map(|line| Row::of_record(Words::from([line]), n)),
        );
    }
    Page {
        notes: Vec::new(),
        head: format!(
            "{:<14} {:<12} {:<26} recovery",
            "namespace", "pid", "offset"
        ),
        rows,
        empty: "no namespace was joined yet",
        hints: "",
    }
}
