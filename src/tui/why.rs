//! Why a finding was made: what it says, the records that prove it, and the lines to change.
//!
//! **Floor 5**, pure. The records are read by `sync` before they are drawn; here is what they
//! look like, and which one the keys have chosen. The same value, put aside, is the walk from
//! record to record through the frame log.

pub mod fix;
mod view;

#[cfg(test)]
mod tests;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use super::config::Level;
use super::line::Line;
use crate::journal::record::Finding;

/// Records of a finding that are read and listed; a walk goes through all of them.
pub const LISTED: usize = 200;

/// A record that proves a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Its number.
    pub n: u64,
    /// Its time of day.
    pub wall: String,
    /// The first level at which the frame log has a row for it.
    pub level: Level,
    /// What it says; `None` where it is no longer in memory.
    pub line: Option<Line>,
}

/// One finding, looked at closely.
#[derive(Debug, Clone, Default)]
pub struct Why {
    /// The finding as it was when it was last looked at: by it it is found again.
    pub finding: Option<Finding>,
    /// The record that is chosen, by its place in the evidence.
    pub chosen: usize,
    /// The log has been at the chosen record.
    pub walked: bool,
    /// First line that is seen.
    top: usize,
    /// The records that were read so far, in the finding's order.
    pub evidence: Vec<Evidence>,
    /// The session has several connections: each row names its own.
    pub several: bool,
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it.
    Closed,
    /// Go to this record of the evidence in the frame log.
    Show(usize),
    /// Look at the finding so many places further.
    Other(isize),
    /// Copy this.
    Copy {
        /// What it is, for the notice.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// There is no line to copy: the fix is in words only.
    NoLines,
}

impl Why {
    /// A close look at this finding.
    pub fn new(finding: &Finding) -> Why {
        Why {
            finding: Some(finding.clone()),
            ..Why::default()
        }
    }

    /// Its place among the findings as they are now; `None` where it gave way to another one.
    pub fn place(&self, findings: &[Finding]) -> Option<usize> {
        same(self.finding.as_ref()?, findings)
    }

    /// The finding as it is now.
    pub fn now<'a>(&self, findings: &'a [Finding]) -> Option<&'a Finding> {
        findings.get(self.place(findings)?)
    }

    /// The record `by` places further in the walk, round the end; the first one at its start.
    pub fn next(&self, finding: &Finding, forward: bool) -> Option<usize> {
        let len = finding.evidence.len();
        let last = len.checked_sub(1)?;
        Some(match (self.walked, forward) {
            (false, _) => self.chosen.min(last),
            (true, true) if self.chosen >= last => 0,
            (true, true) => self.chosen + 1,
            (true, false) => self.chosen.checked_sub(1).unwrap_or(last),
        })
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent, finding: &Finding, screen: Rect) -> Outcome {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let half = usize::from(screen.height / 3).max(1) as isize;
        match key.code {
            KeyCode::Char('d') if ctrl => self.scroll(half, finding, screen),
            KeyCode::Char('u') if ctrl => self.scroll(-half, finding, screen),
            _ if ctrl || key.modifiers.contains(KeyModifiers::ALT) => return Outcome::Ignored,
            KeyCode::Esc | KeyCode::Char('q') => return Outcome::Closed,
            KeyCode::Enter if finding.evidence.is_empty() => return Outcome::Ignored,
            KeyCode::Enter => return Outcome::Show(self.chosen),
            KeyCode::Char(c @ ('n' | 'N')) => {
                return self
                    .next(finding, c == 'n')
                    .map_or(Outcome::Ignored, Outcome::Show);
            }
            KeyCode::Up | KeyCode::Char('k') => self.step(-1, finding, screen),
            KeyCode::Down | KeyCode::Char('j') => self.step(1, finding, screen),
            KeyCode::PageUp => self.scroll(-2 * half, finding, screen),
            KeyCode::PageDown => self.scroll(2 * half, finding, screen),
            KeyCode::Home | KeyCode::Char('g') => {
                self.chosen = 0;
                self.top = 0;
            }
            KeyCode::End | KeyCode::Char('G') => {
                self.chosen = listed(finding).saturating_sub(1);
                self.scroll(isize::MAX / 2, finding, screen);
            }
            KeyCode::Left | KeyCode::BackTab | KeyCode::Char('h') => return Outcome::Other(-1),
            KeyCode::Right | KeyCode::Tab | KeyCode::Char('l') => return Outcome::Other(1),
            KeyCode::Char('y') => {
                return Outcome::Copy {
                    what: "finding",
                    text: self.markdown(finding),
                };
            }
            KeyCode::Char('Y') => {
                let lines = fix::lines(&finding.fix);
                return if lines.is_empty() {
                    Outcome::NoLines
                } else {
                    Outcome::Copy {
                        what: "lines to change",
                        text: lines.join("\n"),
                    }
                };
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Changed
    }

    /// Chooses the record above or below; beyond the first and the last one it scrolls.
    fn step(&mut self, by: isize, finding: &Finding, screen: Rect) {
        let last = listed(finding).saturating_sub(1);
        let next = self.chosen.saturating_add_signed(by).min(last);
        if next == self.chosen {
            self.scroll(by, finding, screen);
            return;
        }
        self.chosen = next;
        self.reveal(finding, screen);
    }

    /// Scrolls by lines.
    pub fn scroll(&mut self, by: isize, finding: &Finding, screen: Rect) {
        let most = self.last_top(finding, screen);
        self.top = self.top.min(most).saturating_add_signed(by).min(most);
    }

    /// The finding as Markdown, with the records as they are shown.
    pub fn markdown(&self, finding: &Finding) -> String {
        let (_, word, _) = super::pane::findings::severity(finding);
        let mut out = format!("## {}\n\n", one_line(&finding.title));
        out.push_str(&format!("{word}, rule `{}`\n\n", finding.rule));
        if !finding.why.is_empty() {
            out.push_str(&format!(
                "{}\n\n",
                crate::visible::lines(finding.why.trim_end())
            ));
        }
        if !finding.evidence.is_empty() {
            out.push_str("Evidence:\n\n");
            for (at, n) in finding.evidence.iter().take(LISTED).enumerate() {
                let words = match self.evidence.get(at).filter(|read| read.n == *n) {
                    Some(read) => view::plain(read, self.several),
                    None => format!("#{n}"),
                };
                out.push_str(&format!("- {}\n", one_line(&words)));
            }
            let more = finding.evidence.len().saturating_sub(LISTED);
            if more > 0 {
                out.push_str(&format!("- and {more} more\n"));
            }
            out.push('\n');
        }
        if !finding.fix.is_empty() {
            out.push_str("Fix:\n\n");
            for part in fix::parts(&finding.fix) {
                match part {
                    fix::Part::Words(words) => {
                        out.push_str(&format!("{}\n\n", one_line(&words)));
                    }
                    fix::Part::Lines(lines) => {
                        out.push_str("```\n");
                        for line in lines {
                            out.push_str(&one_line(&line));
                            out.push('\n');
                        }
                        out.push_str("```\n\n");
                    }
                }
            }
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }
}

/// The place of a finding in a list that may have other words for it by now: of the same rule,
/// with the same title or else with a record of its evidence.
pub fn same(finding: &Finding, findings: &[Finding]) -> Option<usize> {
    let of_rule = || {
        findings
            .iter()
            .enumerate()
            .filter(|(_, other)| other.rule == finding.rule)
    };
    let titled = of_rule().find(|(_, other)| other.title == finding.title);
    let first = finding.evidence.first();
    let proven =
        || of_rule().find(|(_, other)| first.is_some_and(|first| other.evidence.contains(first)));
    titled.or_else(proven).map(|(at, _)| at)
}

/// Text that may hold what came from the network, as one harmless line.
fn one_line(text: &str) -> String {
    crate::visible::line(text).into_owned()
}

/// Records that are listed.
fn listed(finding: &Finding) -> usize {
    finding.evidence.len().min(LISTED)
}
