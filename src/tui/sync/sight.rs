//! What is in sight: read from the journal right before a frame is drawn.

use std::collections::HashMap;

use super::{LEVELS, Reader, level, reference_of};
use crate::journal::Journal;
use crate::journal::record::{Body, Record};
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::model::row::{self, Row, RowRef};
use crate::tui::config::Level;
use crate::tui::detail::read;
use crate::tui::layout::Pane;
use crate::tui::line::Line;
use crate::tui::log::RowId;
use crate::tui::pane;
use crate::tui::state::{Overlay, State, Tab};
use crate::tui::theme::Role;
use crate::tui::why::{Evidence, LISTED, Why};

/// How far from a response its request is looked for.
const NEAR: u64 = 512;

/// Rows of one record that are looked through for the one that tells most.
const PROOFS: usize = 64;

/// Reads what the coming frame shows: the rows in sight and the selected one's content.
pub fn prepare(state: &mut State, readers: &[(Reader, Journal)]) {
    let layout = state.layout();
    let frames = layout
        .slot(Pane::Frames)
        .map(|slot| usize::from(slot.inner.height));
    let detail = layout
        .slot(Pane::Detail)
        .map(|slot| pane::detail::rows(slot.inner));
    let (current, secrets) = (state.current, state.secrets);
    let Some((reader, journal)) = readers.get(current) else {
        return;
    };
    let Some(tab) = state.tabs.get_mut(current) else {
        return;
    };
    tab.status = journal.status();
    if let Some(time) = tab.goto.take() {
        let n = first_at(journal, time);
        if tab.log.is_paused() {
            tab.log.toggle_pause();
        }
        tab.log.select_record(n);
    }
    if let Some(height) = frames {
        tab.log.set_height(height);
        window(tab, reader, journal, secrets);
    }
    // Also where the packet has no room: it is copied, answered, sent again and saved all the same.
    selected(tab, reader, journal, secrets);
    if let Some(height) = detail {
        tab.detail.set_height(height);
        if let Some(pinned) = &mut tab.pinned {
            // Both show the same view from the same row on: that is what they are compared by.
            pinned.view = tab.detail.view;
            pinned.set_height(height);
            pinned.go_to(tab.detail.at);
        }
    }
    // While a walk goes on what proves the finding is read too: the evidence may still grow.
    if let Some(mut walk) = tab.walk.take() {
        evidence(tab, &mut walk, reader, journal, secrets);
        tab.walk = Some(walk);
    }
    if let Some(Overlay::Break(menu)) = state.overlays.last_mut() {
        menu.set_around(tab.broken.around(tab));
    }
    let gone = match state.overlays.last_mut() {
        Some(Overlay::Why(why)) => {
            evidence(tab, why, reader, journal, secrets);
            why.place(&tab.findings).is_none()
        }
        _ => false,
    };
    if gone {
        // It gave way to a finding that explains the same thing better.
        state.overlays.pop();
    }
}

/// Reads the records that prove a finding and were not read yet.
fn evidence(tab: &Tab, why: &mut Why, reader: &Reader, journal: &Journal, secrets: bool) {
    let Some(finding) = why.now(&tab.findings) else {
        return;
    };
    let now = finding.clone();
    why.several = tab.model.connections.len() > 1;
    let wanted = finding.evidence.iter().take(LISTED);
    let same = why
        .evidence
        .iter()
        .zip(wanted.clone())
        .take_while(|(read, n)| read.n == **n)
        .count();
    why.evidence.truncate(same);
    for n in wanted.skip(same) {
        let proof = proof(tab, *n, &now.title, reader, journal, secrets);
        why.evidence.push(proof);
    }
    why.finding = Some(now);
}

/// One record of the evidence: the row of its first packet that tells of an error, or of a
/// namespace that the finding names, else of its first packet, or its own.
fn proof(
    tab: &Tab,
    n: u64,
    title: &str,
    reader: &Reader,
    journal: &Journal,
    secrets: bool,
) -> Evidence {
    let back = tab.backs.get(&n).copied().unwrap_or(0);
    let whole = RowRef {
        back,
        ..RowRef::record(n)
    };
    let read = reader.decoder.packets_of(whole, |n| journal.get(n));
    let Some((record, packets)) = read else {
        return Evidence {
            n,
            wall: String::new(),
            level: Level::Packets,
            line: None,
        };
    };
    let line_of = |reference: RowRef| {
        Row::new(&record, &packets, reference.packet(), &tab.model)
            .map(|row| Line::of(RowId::of(reference), &row, &packets, None, secrets))
    };
    let best = |shown| {
        let rows = || row::refs(&record, &packets, back, level(shown)).take(PROOFS);
        let first = rows().next()?;
        let error = rows().filter_map(line_of).find(|line| line.error);
        let named = || {
            let is_named = |row: &RowRef| {
                let packet = row.packet().and_then(|at| packets.get(at as usize));
                packet.is_some_and(|packet| names(title, packet))
            };
            rows().find(is_named).and_then(line_of)
        };
        Some((shown, error.or_else(named).or_else(|| line_of(first))))
    };
    let (shown, line) = LEVELS
        .into_iter()
        .find_map(best)
        .unwrap_or_else(|| (Level::Raw, line_of(whole)));
    Evidence {
        n,
        wall: tab.wall(record.t),
        level: shown,
        line,
    }
}

/// Whether a finding's title names the namespace of a packet.
fn names(title: &str, packet: &Packet) -> bool {
    let Kind::Socket { nsp, .. } = &packet.kind else {
        return false;
    };
    nsp != "/" && title.split_whitespace().any(|word| word == nsp)
}

/// The first record at or after a session time. Times grow with the numbers, so few are read.
fn first_at(journal: &Journal, time: u64) -> u64 {
    let (mut from, mut to) = (1, journal.len().max(1));
    while from < to {
        let middle = from + (to - from) / 2;
        // What is no longer in memory lies before everything that is.
        match journal.get(middle) {
            Some(record) if record.t >= time => to = middle,
            _ => from = middle + 1,
        }
    }
    from
}

/// Reads the rows in sight.
fn window(tab: &mut Tab, reader: &Reader, journal: &Journal, secrets: bool) {
    let (top, seen) = tab.log.seen();
    let seen = seen.to_vec();
    let mut cache: HashMap<u64, Option<(Record, Vec<Packet>)>> = HashMap::new();
    let mut before = top
        .checked_sub(1)
        .and_then(|at| tab.log.row(at))
        .and_then(|id| journal.get(id.n()))
        .map(|record| record.t);
    let mut lines = Vec::with_capacity(seen.len());
    for id in seen {
        let reference = reference_of(tab, id);
        let read = cache
            .entry(id.n())
            .or_insert_with(|| reader.decoder.packets_of(reference, |n| journal.get(n)));
        let line = read.as_ref().and_then(|(record, packets)| {
            let row = Row::new(record, packets, reference.packet(), &tab.model)?;
            Some(Line::of(id, &row, packets, before, secrets))
        });
        let mut line = line.unwrap_or_else(|| Line::forgotten(id));
        if let Some(clients) = &tab.tap
            && clients.is_injected(id.n())
        {
            line.note = "injected".to_owned();
            line.note_role = Role::Fault;
        }
        if let Some(mark) = tab.marks.get(&id.n()) {
            line.note = format!("◆ {mark}");
            line.note_role = Role::Mark;
        }
        before = Some(line.t);
        lines.push(line);
    }
    tab.log.window = lines;
}

/// Reads the selected row, when it is another one than before.
fn selected(tab: &mut Tab, reader: &Reader, journal: &Journal, secrets: bool) {
    let Some(id) = tab.log.selected() else { return };
    // While the list runs, the newest row changes at each frame: it is still only one to read.
    let pending = tab
        .detail
        .content
        .head
        .iter()
        .any(|(words, _)| words.contains("pending") || words.contains("waits"));
    if tab.detail.id == Some(id) && tab.detail.shown_secrets == secrets && !pending {
        return;
    }
    let reference = reference_of(tab, id);
    let Some((record, packets)) = reader.decoder.packets_of(reference, |n| journal.get(n)) else {
        return;
    };
    let Some(row) = Row::new(&record, &packets, reference.packet(), &tab.model) else {
        return;
    };
    let other = other_half(journal, &record);
    let content = read::content(&row, &packets, &tab.wall(record.t), other.as_ref(), secrets);
    if tab.detail.id == Some(id)
        && tab.detail.shown_secrets == secrets
        && tab.detail.content.head == content.head
    {
        return;
    }
    tab.detail.fill(id, content);
    tab.detail.shown_secrets = secrets;
}

/// The other half of an exchange, looked for in the neighbourhood.
fn other_half(journal: &Journal, record: &Record) -> Option<Record> {
    let (x, back) = match &record.body {
        Body::Response(response) => (response.x, true),
        Body::Request(request) => (request.x, false),
        _ => return None,
    };
    for step in 1..=NEAR {
        let n = if back {
            record.n.checked_sub(step)?
        } else {
            record.n.checked_add(step)?
        };
        let found = journal.get(n)?;
        match &found.body {
            Body::Request(request) if back && request.x == x => return Some(found),
            Body::Response(response) if !back && response.x == x => return Some(found),
            _ => {}
        }
    }
    None
}
