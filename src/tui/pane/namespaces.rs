//! The namespaces: state, what went each way, and why one is not in.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::connection::Words;
use crate::journal::record::NamespaceState;
use crate::model::state::Namespace;
use crate::tui::line;
use crate::tui::paint::Pen;
use crate::tui::state::Tab;
use crate::tui::theme::{Role, Theme};
use crate::tui::units;

/// Glyph, word and tone of a namespace's state.
pub fn state_of(namespace: &Namespace) -> (&'static str, &'static str, Role) {
    match namespace.state {
        NamespaceState::Joining => ("◌", "joining", Role::Busy),
        NamespaceState::Connected => ("●", "joined", Role::Ok),
        NamespaceState::Refused => ("✗", "refused", Role::Error),
        NamespaceState::Disconnected => ("○", "left", Role::Dim),
    }
}

fn words(namespace: &Namespace, width: usize, secrets: bool) -> Words {
    let (glyph, word, role) = state_of(namespace);
    let name_width = (width / 3).clamp(8, 24);
    let name = line::nsp(&namespace.nsp, secrets);
    let pad = name_width.saturating_sub(name.chars().count());
    let mut words = vec![
        (format!("{glyph} "), role),
        (format!("{name}{:pad$} ", ""), Role::Text),
    ];
    match namespace.state {
        NamespaceState::Connected => {
            words.push((
                format!("↓ {:<6} ", units::count(namespace.received)),
                Role::ToClient,
            ));
            words.push((
                format!("↑ {}", units::count(namespace.sent)),
                Role::ToServer,
            ));
            if let Some(recovered) = namespace.recovered {
                let word = if recovered { "  recovered" } else { "  fresh" };
                words.push((
                    word.to_owned(),
                    if recovered { Role::Ok } else { Role::Dim },
                ));
            }
        }
        NamespaceState::Refused | NamespaceState::Disconnected => {
            let why = namespace.reason.clone().unwrap_or_else(|| word.to_owned());
            words.push((why, role));
        }
        NamespaceState::Joining => words.push((word.to_owned(), role)),
    }
    words
}

/// Draws the pane with `selected` marked while it has the focus.
pub fn draw(
    tab: &Tab,
    selected: usize,
    focused: bool,
    secrets: bool,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) {
    let list = tab.namespaces();
    if list.is_empty() {
        Pen::new(buf, area, 0).put(" none joined yet", theme.style(Role::Dim));
        return;
    }
    let height = usize::from(area.height).max(1);
    let from = selected
        .saturating_sub(height - 1)
        .min(list.len().saturating_sub(height));
    for (row, namespace) in list.iter().enumerate().skip(from).take(height) {
        let mut pen = Pen::new(buf, area, (row - from) as u16);
        if focused && row == selected {
            pen.wash(theme.style(Role::Selected));
        }
        pen.put(" ", theme.style(Role::Text));
        for (word, role) in words(namespace, usize::from(area.width), secrets) {
            let style = theme.style(role);
            let style = if focused && row == selected {
                theme.style(Role::Selected).patch(style)
            } else {
                style
            };
            pen.put(&word, style);
        }
    }
}
