//! What the diagnosis concluded. Findings are records; a session without any says so only where
//! there is room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::paint::Pen;
use crate::tui::state::Tab;
use crate::tui::theme::{Role, Theme};

/// Draws the pane with `selected` marked while it has the focus.
pub fn draw(tab: &Tab, selected: Option<usize>, area: Rect, buf: &mut Buffer, theme: &Theme) {
    if tab.findings.is_empty() {
        Pen::new(buf, area, 0).put(" no findings yet", theme.style(Role::Dim));
        return;
    }
    let mut row = 0;
    let from = selected.unwrap_or(0);
    for (at, finding) in tab.findings.iter().enumerate().skip(from) {
        if row >= area.height {
            break;
        }
        let (glyph, role) = match finding.severity.as_str() {
            "error" => ("✗", Role::Error),
            "warn" => ("!", Role::Busy),
            _ => ("i", Role::Accent),
        };
        let mut pen = Pen::new(buf, area, row);
        if selected == Some(at) {
            pen.wash(theme.style(Role::Selected));
        }
        pen.put(&format!(" {glyph} "), theme.style(role))
            .put(&finding.title, theme.style(Role::Text));
        row += 1;
        if row < area.height && !finding.fix.is_empty() {
            Pen::new(buf, area, row)
                .put("   ", theme.style(Role::Text))
                .put(&finding.fix, theme.style(Role::Dim));
            row += 1;
        }
    }
}
