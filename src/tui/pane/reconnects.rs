//! What happened between connections: each loss with its reason, each attempt with its outcome,
//! and which of them were of our own making.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::connection::{Words, wrapped};
use crate::model::state::Reconnect;
use crate::tui::paint::Pen;
use crate::tui::state::Tab;
use crate::tui::theme::{Role, Theme};
use crate::tui::units;

/// The record that a line of the timeline stands for.
pub fn record_of(entry: &Reconnect) -> u64 {
    match entry {
        Reconnect::Lost { n, .. } | Reconnect::Attempt { n, .. } => *n,
    }
}

/// `2nd in a row`: short, for it stands behind a time in a narrow pane.
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending} in a row")
}

/// In a tap: which of the clients it was.
fn whose(tab: &Tab, c: u32) -> String {
    match &tab.tap {
        Some(_) => format!("c{c} "),
        None => String::new(),
    }
}

/// Says that nobody else is to blame.
fn ours(fault: &str) -> Words {
    vec![(format!("  we broke it: {fault}"), Role::Fault)]
}

/// The lines of one entry: a loss takes two or three, an attempt one or two.
fn words(tab: &Tab, entry: &Reconnect, width: usize) -> Vec<Words> {
    match entry {
        Reconnect::Lost {
            at,
            reason,
            detail,
            lived,
            in_a_row,
            c,
            n,
        } => {
            let clock = tab.wall(*at);
            let clock = clock.get(..8).unwrap_or(&clock).to_owned();
            let mut lines = vec![vec![
                (format!("{clock} {}", whose(tab, *c)), Role::Dim),
                (reason.clone(), Role::Error),
            ]];
            if let Some(detail) = detail {
                lines.extend(wrapped(detail, "  ", width, 2));
            }
            let mut tail = match lived {
                Some(lived) => format!("  after {}", units::millis(*lived as f64 / 1e3)),
                None => format!("  connection {c} never opened"),
            };
            if *in_a_row > 1 {
                tail.push_str(", ");
                tail.push_str(&ordinal(*in_a_row));
            }
            lines.push(vec![(tail, Role::Dim)]);
            if let Some(fault) = tab.broken.behind(*c, *n, reason) {
                lines.push(ours(fault));
            }
            lines
        }
        Reconnect::Attempt {
            attempt,
            after,
            outcome,
            at,
            c,
            n,
            ..
        } => {
            let number = match attempt {
                Some(attempt) => format!("  #{attempt} {} ", units::delta(*after)),
                None => {
                    let clock = tab.wall(*at);
                    format!("{} {}", clock.get(..8).unwrap_or(&clock), whose(tab, *c))
                }
            };
            match outcome {
                Ok(sid) => vec![vec![
                    (number, Role::Dim),
                    ("connected ".to_owned(), Role::Ok),
                    (sid.clone(), Role::Dim),
                ]],
                Err((error, detail)) => {
                    let mut lines = vec![vec![(number, Role::Dim), (error.clone(), Role::Error)]];
                    if let Some(detail) = detail {
                        lines.extend(wrapped(detail, "     ", width, 2));
                    }
                    if let Some(fault) = tab.broken.behind_attempt(*c, *n) {
                        lines.push(ours(fault));
                    }
                    lines
                }
            }
        }
    }
}

/// Draws the pane: the newest at the end, or the selected entry kept in sight while focused.
pub fn draw(tab: &Tab, selected: Option<usize>, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let entries = &tab.model.reconnects;
    if entries.is_empty() {
        Pen::new(buf, area, 0).put(" none so far", theme.style(Role::Dim));
        return;
    }
    let height = usize::from(area.height);
    let last = selected.unwrap_or(entries.len() - 1).min(entries.len() - 1);
    // Filled upwards from the last entry that has to be seen: the work is bounded by the height.
    let mut shown: Vec<(usize, Words)> = Vec::new();
    for (at, entry) in entries.iter().enumerate().take(last + 1).rev() {
        for line in words(tab, entry, usize::from(area.width)).into_iter().rev() {
            shown.push((at, line));
        }
        if shown.len() >= height {
            break;
        }
    }
    let mut shown: Vec<_> = {
        shown.truncate(height.max(1));
        shown.reverse();
        shown
    };
    for (at, entry) in entries.iter().enumerate().skip(last + 1) {
        if shown.len() >= height {
            break;
        }
        shown.extend(
            words(tab, entry, usize::from(area.width))
                .into_iter()
                .map(|line| (at, line)),
        );
    }
    for (row, (at, line)) in shown.iter().take(height).enumerate() {
        let mut pen = Pen::new(buf, area, row as u16);
        let chosen = selected == Some(*at);
        if chosen {
            pen.wash(theme.style(Role::Selected));
        }
        pen.put(" ", theme.style(Role::Text));
        for (word, role) in line {
            let style = theme.style(*role);
            pen.put(
                word,
                if chosen {
                    theme.style(Role::Selected).patch(style)
                } else {
                    style
                },
            );
        }
    }
}
