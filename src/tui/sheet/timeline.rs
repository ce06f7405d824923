//! When there was a connection: a line each, with its transport, upgrade, silence and end.

use super::{Look, Page, Row};
use crate::model::state::{Connection, Reconnect};
use crate::tui::pane::connection::Words;
use crate::tui::theme::Role;
use crate::tui::units;

/// Doublings of the scale.
pub(super) const MOST_ZOOM: u8 = 30;
/// Columns before and after the lines.
const BEFORE: usize = 18;
const AFTER: usize = 34;

/// The part of the session that is seen, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: u64,
    span: u64,
    columns: usize,
}

impl Window {
    /// The whole session, or a part of it around a moment.
    fn new(all: u64, around: u64, zoom: u8, columns: usize) -> Window {
        let all = all.max(1);
        let span = (all >> zoom.min(63))
            .max(columns as u64)
            .min(all.max(columns as u64));
        let from = around
            .saturating_sub(span / 2)
            .min(all.saturating_sub(span));
        Window {
            from,
            span,
            columns,
        }
    }

    /// The column of a moment; moments outside are at the edges.
    fn column(self, t: u64) -> usize {
        let into = t.saturating_sub(self.from).min(self.span);
        let column = u128::from(into) * self.columns as u128 / u128::from(self.span.max(1));
        (column as usize).min(self.columns.saturating_sub(1))
    }

    fn sees(self, from: u64, to: u64) -> bool {
        to >= self.from && from <= self.from.saturating_add(self.span)
    }
}

/// A connection's line: `·` handshake, `─` polling, `━` WebSocket, `┄` silence, `✗` its end.
fn line(connection: &Connection, now: u64, window: Window) -> Words {
    let end = connection.closed.unwrap_or(now);
    if !window.sees(connection.began, end) {
        return vec![(" ".repeat(window.columns), Role::Dim)];
    }
    let mut cells = vec![(' ', Role::Dim); window.columns];
    let mut fill = |from: u64, to: u64, glyph: char, role: Role| {
        let range = window.column(from)..=window.column(to);
        for cell in cells.get_mut(range).unwrap_or_default() {
            *cell = (glyph, role);
        }
    };
    fill(connection.began, end, '·', Role::Busy);
    if let Some(opened) = connection.opened {
        let polling = connection.upgrade.done.is_some()
            || connection.transport == Some(crate::journal::record::TransportName::Polling);
        if polling {
            fill(opened, end, '─', Role::Text);
        } else {
            fill(opened, end, '━', Role::Ok);
        }
        if let Some(done) = connection.upgrade.done {
            fill(done, end, '━', Role::Ok);
        }
        // Silence that is as long as a beat's time is worth a look.
        let beat = connection.heartbeat.interval_ms.saturating_mul(1_000);
        if let (Some(heard), Some(closed)) = (connection.last_heard, connection.closed)
            && beat > 0
            && closed.saturating_sub(heard) > beat
        {
            fill(heard, closed, '┄', Role::Warn);
        }
    }
    if let Some(closed) = connection.closed
        && window.sees(closed, closed)
    {
        let ours = connection.reason.as_deref() == Some("io client disconnect");
        let (glyph, role) = if ours {
            ('○', Role::Dim)
        } else {
            ('✗', Role::Error)
        };
        fill(closed, closed, glyph, role);
    }
    // Neighbours of one tone are one word.
    let mut words = Words::new();
    for (glyph, role) in cells {
        match words.last_mut() {
            Some((word, last)) if *last == role => word.push(glyph),
            _ => words.push((glyph.to_string(), role)),
        }
    }
    words
}

fn after(connection: &Connection, now: u64) -> (String, Role) {
    match (connection.closed, connection.opened) {
        (None, Some(opened)) => {
            let up = units::clock(now.saturating_sub(opened));
            (format!(" up {up}"), Role::Ok)
        }
        (None, None) => (" connecting".to_owned(), Role::Busy),
        (Some(closed), opened) => {
            let reason = connection.reason.as_deref().unwrap_or("ended");
            let lived = closed.saturating_sub(opened.unwrap_or(connection.began));
            let lived = units::delta(lived);
            let lived = lived.trim_start_matches('+');
            (format!(" {lived} {reason}"), Role::Dim)
        }
    }
}

pub(super) fn page(look: Look<'_>, chosen: usize, zoom: u8) -> Page {
    let model = &look.tab.model;
    let now = if look.tab.live {
        look.tab.now
    } else {
        model.now
    };
    let columns = look.width.saturating_sub(BEFORE + AFTER).max(8);
    let connections: Vec<&Connection> = model.connections.values().collect();
    let around = connections
        .get(chosen.min(connections.len().saturating_sub(1)))
        .map_or(0, |it| it.began / 2 + it.closed.unwrap_or(now) / 2);
    let window = Window::new(now, around, zoom, columns);
    let rows = connections
        .iter()
        .map(|connection| {
            let what = match (connection.attempt, connection.upgrade.done) {
                (Some(attempt), _) => format!("attempt {attempt}"),
                (None, Some(_)) => "upgraded".to_owned(),
                (None, None) => connection.transport.map_or(String::new(), |name| {
                    crate::tui::pane::connection::via(name).to_owned()
                }),
            };
            let mut words: Words = vec![
                (format!("c{:<4} ", connection.c), Role::Number),
                (
                    format!("{:<11} ", crate::tui::line::head(&what, 11)),
                    Role::Dim,
                ),
            ];
            words.extend(line(connection, now, window));
            words.push(after(connection, now));
            Row::of_record(words, record_of(look, connection))
        })
        .collect();
    let scale = units::millis(window.span as f64 / 1e3);
    let from = units::wall(look.tab.started, &look.tab.zone, window.from);
    Page {
        notes: vec![vec![(
            format!(
                "{from} and {scale} on   · handshake  ─ polling  ━ WebSocket  ┄ silence  ✗ end"
            ),
            Role::Dim,
        )]],
        head: String::new(),
        rows,
        empty: "no connection yet",
        hints: "+ - scale",
    }
}

/// The record in which a connection's end is told, or else its first one.
fn record_of(look: Look<'_>, connection: &Connection) -> Option<u64> {
    let ends = look.tab.model.reconnects.iter().rev();
    ends.filter_map(|entry| match entry {
        Reconnect::Lost { n, c, .. } | Reconnect::Attempt { n, c, .. } if *c == connection.c => {
            Some(*n)
        }
        _ => None,
    })
    .next()
    .or(Some(connection.first_n).filter(|n| *n > 0))
}
