//! What the diagnosis concluded: each finding with its weight, its title, and the fix in one
//! line. The worst stand first; a new one never moves the one that is chosen out of sight.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::connection::Words;
use crate::journal::record::Finding;
use crate::tui::paint::Pen;
use crate::tui::state::Tab;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// Findings that are laid out at most: more than any screen has rows for.
const MOST: usize = 200;
/// Columns before a title's second line.
const MARGIN: usize = 3;

/// Glyph, word and tone of a finding's severity.
pub fn severity(finding: &Finding) -> (&'static str, &'static str, Role) {
    match finding.severity.as_str() {
        "error" => ("✗", "error", Role::Error),
        "warn" => ("!", "warn", Role::Warn),
        _ => ("i", "info", Role::Dim),
    }
}

/// Whether a finding is for information only: it is dimmer and raises no alarm.
pub fn is_quiet(finding: &Finding) -> bool {
    !matches!(finding.severity.as_str(), "error" | "warn")
}

/// The findings in the order in which they are shown: errors, warnings, the rest, each oldest
/// first.
pub fn order(findings: &[Finding]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_key(|at| match findings.get(*at).map(|f| f.severity.as_str()) {
        Some("error") => 0,
        Some("warn") => 1,
        _ => 2,
    });
    order
}

/// The finding `by` places further in the list.
pub fn step(findings: &[Finding], from: usize, by: isize) -> usize {
    let order = order(findings);
    let at = order.iter().position(|at| *at == from).unwrap_or(0);
    let last = order.len().saturating_sub(1);
    order
        .get(at.saturating_add_signed(by).min(last))
        .copied()
        .unwrap_or(0)
}

/// Glyph and tone of the worst finding that raises an alarm, and how many do.
pub fn alarm(findings: &[Finding]) -> Option<(&'static str, Role, usize)> {
    let loud: Vec<&Finding> = findings.iter().filter(|f| !is_quiet(f)).collect();
    let worst = loud
        .iter()
        .find(|f| f.severity == "error")
        .or(loud.first())?;
    let (glyph, _, role) = severity(worst);
    Some((glyph, role, loud.len()))
}

/// The lines of one finding: its title wrapped, and its fix.
fn block(finding: &Finding, width: usize) -> Vec<Words> {
    let (glyph, word, role) = severity(finding);
    let title = if is_quiet(finding) {
        Role::Dim
    } else {
        Role::Text
    };
    let room = width.saturating_sub(MARGIN + 1).max(8);
    let whole = format!("{word}: {}", text::safe(&finding.title));
    let mut lines: Vec<Words> = Vec::new();
    for (row, words) in text::wrap(&whole, room).into_iter().enumerate() {
        let mut line: Words = Vec::new();
        if row == 0 {
            line.push((format!("{glyph} "), role));
            // The word wears its tone too; long words of the title are never broken by it.
            match words.split_at_checked(word.len()) {
                Some((first, rest)) if first == word => {
                    line.push((first.to_owned(), role));
                    line.push((rest.to_owned(), title));
                }
                _ => line.push((words, title)),
            }
        } else {
            line.push(("  ".to_owned(), title));
            line.push((words, title));
        }
        lines.push(line);
    }
    let fix = crate::tui::why::fix::in_one_line(&finding.fix);
    if !fix.is_empty() {
        lines.push(vec![(format!("  → {fix}"), Role::Dim)]);
    }
    lines
}

/// Rows that all findings would like to have.
pub fn rows(tab: &Tab, width: usize) -> usize {
    tab.findings
        .iter()
        .take(MOST)
        .map(|finding| block(finding, width).len())
        .sum()
}

/// The lines that are seen in a pane of this size, each with the finding that it belongs to.
fn seen(tab: &Tab, width: usize, height: usize) -> Vec<(usize, Words)> {
    let mut lines: Vec<(usize, Words)> = Vec::new();
    let mut chosen = 0;
    for at in order(&tab.findings).into_iter().take(MOST) {
        let Some(finding) = tab.findings.get(at) else {
            continue;
        };
        if at == tab.finding {
            chosen = lines.len();
        }
        lines.extend(block(finding, width).into_iter().map(|line| (at, line)));
    }
    let end = lines
        .iter()
        .rposition(|(at, _)| *at == tab.finding)
        .map_or(0, |last| last + 1);
    // The whole of the chosen one, where it fits; else its beginning.
    let from = end.saturating_sub(height).min(chosen);
    lines.into_iter().skip(from).take(height).collect()
}

/// The finding that is drawn in a row of a pane of this size.
pub fn at_row(tab: &Tab, width: usize, height: usize, row: usize) -> Option<usize> {
    seen(tab, width, height).get(row).map(|(at, _)| *at)
}

/// Draws the pane; the chosen finding is marked while the pane has the focus.
pub fn draw(tab: &Tab, focused: bool, area: Rect, buf: &mut Buffer, theme: &Theme) {
    if tab.findings.is_empty() {
        Pen::new(buf, area, 0).put(" no findings yet", theme.style(Role::Dim));
        return;
    }
    let lines = seen(tab, usize::from(area.width), usize::from(area.height));
    for (row, (at, words)) in lines.iter().enumerate() {
        let chosen = focused && *at == tab.finding;
        let mut pen = Pen::new(buf, area, row as u16);
        if chosen {
            pen.wash(theme.style(Role::Selected));
        }
        pen.put(" ", theme.style(Role::Text));
        for (word, role) in words {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: &str, title: &str) -> Finding {
        Finding {
            rule: "rule".to_owned(),
            severity: severity.to_owned(),
            title: title.to_owned(),
            evidence: vec![1],
            why: String::new(),
            fix: "change\n  a line".to_owned(),
        }
    }

    #[test]
    fn the_worst_stand_first_and_only_they_raise_an_alarm() {
        let findings = [
            finding("info", "a"),
            finding("warn", "b"),
            finding("error", "c"),
            finding("warn", "d"),
        ];
        assert_eq!(order(&findings), [2, 1, 3, 0]);
        assert_eq!(step(&findings, 2, 1), 1);
        assert_eq!(step(&findings, 0, 1), 0);
        assert_eq!(step(&findings, 0, -9), 2);
        assert_eq!(alarm(&findings), Some(("✗", Role::Error, 3)));
        assert_eq!(alarm(&findings[..1]), None);
    }

    #[test]
    fn the_chosen_finding_is_seen_at_every_size() {
        let mut tab = Tab::new("http://h", true, jiff::Timestamp::UNIX_EPOCH);
        for at in 0..9 {
            let severity = ["error", "warn", "info"][at % 3];
            tab.findings
                .push(finding(severity, &format!("title {at} of some length")));
        }
        for chosen in 0..9 {
            tab.finding = chosen;
            for width in [1, 12, 33, 80] {
                for height in 1..20 {
                    let seen = seen(&tab, width, height);
                    assert!(seen.len() <= height);
                    assert!(
                        seen.iter().any(|(at, _)| *at == chosen),
                        "{chosen} in {width} x {height}"
                    );
                }
            }
        }
    }
}
