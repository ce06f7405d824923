//! How it looks: one column of lines, scrolled as a whole, with the chosen record in sight.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Evidence, Why, fix};
use crate::journal::record::{Direction, Finding};
use crate::tui::overlay;
use crate::tui::paint::Pen;
use crate::tui::pane::connection::Words;
use crate::tui::pane::findings::severity;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

const HINTS: &str = "enter show  n N walk  y copy  Y copy the lines  ←→ other  esc close";

/// A line of it, and the record that it stands for.
struct DocLine {
    words: Words,
    evidence: Option<usize>,
}

fn plain_line(words: Words) -> DocLine {
    DocLine {
        words,
        evidence: None,
    }
}

/// A line to be written somewhere. Where it is wider than the box, the bar beside its further
/// rows is another one: they belong to the same line, which is copied whole.
fn to_write(lines: &mut Vec<DocLine>, line: &str, width: usize) {
    let room = width.saturating_sub(4).max(8);
    for (row, words) in text::wrap(&text::safe(line), room).into_iter().enumerate() {
        let bar = if row == 0 { "  ┃ " } else { "  ┆ " };
        lines.push(plain_line(vec![
            (bar.to_owned(), Role::Ok),
            (words, Role::Event),
        ]));
    }
}

/// A record in words, as it is copied.
pub(super) fn plain(evidence: &Evidence, several: bool) -> String {
    row(evidence, several)
        .into_iter()
        .map(|(word, _)| word)
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn row(evidence: &Evidence, several: bool) -> Words {
    let mut words: Words = vec![(format!("{:<6} ", format!("#{}", evidence.n)), Role::Number)];
    let Some(line) = &evidence.line else {
        words.push(("no longer in memory".to_owned(), Role::Dim));
        return words;
    };
    words.push((format!("{} ", evidence.wall), Role::Time));
    if let Some(c) = line.c.filter(|_| several) {
        words.push((format!("c{c} "), Role::Dim));
    }
    let (arrow, role) = match line.dir {
        Some(Direction::ToClient) => ("↓ ", Role::ToClient),
        Some(Direction::ToServer) => ("↑ ", Role::ToServer),
        None => ("· ", Role::Dim),
    };
    words.push((arrow.to_owned(), role));
    if !line.via.is_empty() {
        words.push((format!("{} ", line.via), Role::Dim));
    }
    if line.nsp != "─" {
        words.push((format!("{} ", line.nsp), Role::Text));
    }
    words.push((format!("{} ", line.kind), line.role));
    if !line.name.is_empty() {
        words.push((format!("{} ", line.name), Role::Event));
    }
    let tone = if line.error { Role::Error } else { Role::Text };
    words.push((line.payload.clone(), tone));
    if !line.note.is_empty() {
        words.push((format!("  {}", line.note), line.note_role));
    }
    words
}

impl Why {
    fn area(&self, rows: usize, screen: Rect) -> Rect {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2);
        // A row above and below stays free where there is room, so that one sees what lies under.
        let most = if screen.height > 16 {
            screen.height - 2
        } else {
            screen.height
        };
        overlay::centred(screen, 108, rows.min(most))
    }

    /// Columns inside of the box.
    fn width(screen: Rect) -> usize {
        usize::from(screen.width.min(108).saturating_sub(4)).max(1)
    }

    /// The last line that can be the first one seen.
    pub(super) fn last_top(&self, finding: &Finding, screen: Rect) -> usize {
        let rows = self.document(finding, Why::width(screen)).len();
        let seen = usize::from(self.area(rows, screen).height.saturating_sub(2));
        rows.saturating_sub(seen)
    }

    /// Brings the chosen record into sight.
    pub(super) fn reveal(&mut self, finding: &Finding, screen: Rect) {
        let lines = self.document(finding, Why::width(screen));
        let seen = usize::from(self.area(lines.len(), screen).height.saturating_sub(2)).max(1);
        let Some(at) = lines.iter().position(|l| l.evidence == Some(self.chosen)) else {
            return;
        };
        if at < self.top {
            self.top = at;
        } else if at >= self.top + seen {
            self.top = at + 1 - seen;
        }
    }

    fn document(&self, finding: &Finding, width: usize) -> Vec<DocLine> {
        let mut lines = Vec::new();
        let paragraph = |lines: &mut Vec<DocLine>, text: &str, margin: &str, role: Role| {
            let room = width.saturating_sub(margin.len()).max(8);
            for paragraph in text::safe_lines(text) {
                for row in text::wrap(&paragraph, room) {
                    lines.push(plain_line(vec![(format!("{margin}{row}"), role)]));
                }
            }
        };
        let title = |lines: &mut Vec<DocLine>, word: &str, more: String| {
            if !lines.is_empty() {
                lines.push(plain_line(Vec::new()));
            }
            lines.push(plain_line(vec![
                (word.to_owned(), Role::Title),
                (more, Role::Dim),
            ]));
        };
        paragraph(&mut lines, &finding.title, "", Role::Accent);
        if !finding.why.trim().is_empty() {
            title(&mut lines, "Why", String::new());
            paragraph(&mut lines, finding.why.trim(), "  ", Role::Text);
        }
        if !finding.evidence.is_empty() {
            let count = finding.evidence.len();
            let s = if count == 1 { "" } else { "s" };
            title(&mut lines, "Evidence", format!("  {count} record{s}"));
            for (at, n) in finding.evidence.iter().take(super::LISTED).enumerate() {
                let words = match self.evidence.get(at).filter(|read| read.n == *n) {
                    Some(read) => row(read, self.several),
                    None => vec![(format!("#{n}"), Role::Number)],
                };
                lines.push(DocLine {
                    words,
                    evidence: Some(at),
                });
            }
            if count > super::LISTED {
                let more = count - super::LISTED;
                lines.push(plain_line(vec![(
                    format!("  and {more} more: n walks through all of them"),
                    Role::Dim,
                )]));
            }
        }
        let parts = fix::parts(&finding.fix);
        if !parts.is_empty() {
            title(&mut lines, "Fix", String::new());
            for part in parts {
                match part {
                    fix::Part::Words(words) => paragraph(&mut lines, &words, "  ", Role::Text),
                    fix::Part::Lines(code) => {
                        for line in &code {
                            to_write(&mut lines, line, width);
                        }
                    }
                }
            }
            let inline = fix::inline_lines(&finding.fix);
            if !inline.is_empty() {
                lines.push(plain_line(Vec::new()));
            }
            for line in inline {
                to_write(&mut lines, &line, width);
            }
        }
        lines
    }

    /// Draws it over the screen.
    pub fn draw(&self, finding: &Finding, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let lines = self.document(finding, Why::width(screen));
        let area = self.area(lines.len(), screen);
        let (glyph, word, _) = severity(finding);
        let title = format!("{glyph} {word}  {}", finding.rule);
        let inner = overlay::frame(area, &title, HINTS, buf, theme);
        let height = usize::from(inner.height);
        let most = lines.len().saturating_sub(height);
        let top = self.top.min(most);
        for (y, line) in lines.iter().skip(top).take(height).enumerate() {
            let chosen = line.evidence == Some(self.chosen);
            let mut pen = Pen::new(buf, inner, y as u16);
            if chosen {
                pen.wash(theme.style(Role::Selected));
            }
            if line.evidence.is_some() {
                let mark = if chosen { "▸ " } else { "  " };
                pen.put(mark, theme.style(Role::Accent));
            }
            for (words, role) in &line.words {
                let style = theme.style(*role);
                pen.put(
                    words,
                    if chosen {
                        theme.style(Role::Selected).patch(style)
                    } else {
                        style
                    },
                );
            }
        }
        // What lies beyond the edges is said on the border.
        if area.height > 1 {
            let x = area.right().saturating_sub(4);
            let style = theme.style(Role::Accent);
            if top > 0 {
                text::put(buf, x, area.y, " ↑ ", 3, style);
            }
            if top < most {
                text::put(buf, x, area.bottom() - 1, " ↓ ", 3, style);
            }
        }
    }
}
