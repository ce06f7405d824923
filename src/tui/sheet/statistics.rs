//! Events by name: count, bytes, rate, and how long their acks took.

use super::{Look, Order, Page, Row};
use crate::journal::record::Direction;
use crate::model::statistics::{Event, LATENCIES, Name};
use crate::tui::line;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::units;

fn rate(event: &Event) -> String {
    match event.rate() {
        None => "─".to_owned(),
        Some(rate) if rate >= 100.0 => format!("{}/s", units::count(rate.round() as u64)),
        Some(rate) if rate >= 0.1 => format!("{rate:.1}/s"),
        Some(rate) => format!("{:.1}/min", rate * 60.0),
    }
}

fn sorted(look: Look<'_>, order: Order) -> Vec<(Name<'_>, &Event)> {
    let mut events: Vec<_> = look.tab.model.statistics.events().collect();
    match order {
        Order::Name => {}
        Order::Count => events.sort_by_key(|(_, event)| std::cmp::Reverse(event.count)),
        Order::Bytes => events.sort_by_key(|(_, event)| std::cmp::Reverse(event.bytes)),
        Order::Latency => {
            // A percentile sorts what may be a thousand latencies: once an event, not once a
            // comparison.
            let slow = |event: &Event| event.percentile(0.95).unwrap_or(-1.0);
            let mut timed: Vec<_> = events.iter().map(|one| (slow(one.1), *one)).collect();
            timed.sort_by(|(one, _), (other, _)| other.total_cmp(one));
            events = timed.into_iter().map(|(_, event)| event).collect();
        }
    }
    events
}

pub(super) fn page(look: Look<'_>, order: Order) -> Page {
    let events = sorted(look, order);
    let (count, bytes) = events.iter().fold((0, 0u64), |(count, bytes), (_, event)| {
        (count + event.count, bytes.saturating_add(event.bytes))
    });
    // Six columns of numbers, and the arrow.
    let room = look.width.saturating_sub(6 * 9 + 2).max(8);
    let rows = events
        .iter()
        .map(|(name, event)| {
            let (arrow, role) = match name.dir {
                Direction::ToClient => ("↓", Role::ToClient),
                Direction::ToServer => ("↑", Role::ToServer),
            };
            let latency = |share: f64| match event.percentile(share) {
                Some(ms) => units::millis(ms),
                None => "─".to_owned(),
            };
            let nsp = line::nsp(name.nsp, look.secrets);
            let called = text::safe(name.event).into_owned();
            let called = text::truncate(&format!("{nsp} {called}"), room).into_owned();
            let pad = " ".repeat(room.saturating_sub(text::width(&called)));
            Row::of_record(
                vec![
                    (format!("{arrow} "), role),
                    (format!("{called}{pad}"), Role::Event),
                    (format!("{:>9}", units::count(event.count)), Role::Number),
                    (
                        format!(
                            "{:>9}{:>9}{:>9}{:>9}{:>9}",
                            units::size(event.bytes),
                            rate(event),
                            latency(0.5),
                            latency(0.95),
                            latency(1.0)
                        ),
                        Role::Text,
                    ),
                ],
                Some(event.n),
            )
        })
        .collect();
    let by = match order {
        Order::Count => "count",
        Order::Bytes => "bytes",
        Order::Latency => "latency",
        Order::Name => "name",
    };
    let mut total = format!(
        "{} events, {}, by {by}; latencies of the newest {} acks of each",
        units::count(count),
        units::size(bytes),
        units::count(LATENCIES as u64)
    );
    let others = look.tab.model.statistics.others;
    if others > 0 {
        total.push_str(&format!("; {} of further names", units::count(others)));
    }
    Page {
        notes: vec![vec![(total, Role::Dim)]],
        head: format!(
            "  {:<room$}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
            "namespace and event", "count", "bytes", "rate", "p50", "p95", "max"
        ),
        rows,
        empty: "no event was seen yet",
        hints: "s sort",
    }
}
