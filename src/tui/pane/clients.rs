//! The clients of a tap: a few lines above the state of the one that is looked at, and what to do
//! before the first one has come.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::connection::Words;
use crate::journal::record::{ConnectionState, TransportName};
use crate::model::state::Connection;
use crate::tui::clients::Clients;
use crate::tui::paint::Pen;
use crate::tui::state::Tab;
use crate::tui::theme::{Role, Theme};
use crate::tui::units;

/// Glyph and tone of a connection among others.
fn state_of(connection: &Connection) -> (&'static str, Role) {
    match connection.state {
        _ if connection.closed.is_some() => ("○", Role::Dim),
        ConnectionState::Open => ("●", Role::Ok),
        _ => ("◌", Role::Busy),
    }
}

/// One line a connection: its number, state, transport, sid, what went each way and how long.
pub fn list(tab: &Tab, clients: &Clients, lines: &mut Vec<Words>) {
    let listed = clients.listed(&tab.model);
    if listed.is_empty() {
        return;
    }
    let now = tab.connection().map(|connection| connection.c);
    for connection in &listed {
        let chosen = now == Some(connection.c);
        let (glyph, role) = state_of(connection);
        let transport = match connection.transport {
            Some(TransportName::Websocket) => "ws",
            Some(TransportName::Polling) => "http",
            None => "",
        };
        let sid: String = connection
            .engine_sid
            .as_deref()
            .unwrap_or("")
            .chars()
            .take(5)
            .collect();
        let seen = clients.seen(connection.c).cloned().unwrap_or_default();
        let end = connection.closed.unwrap_or(tab.now);
        let up = end.saturating_sub(connection.opened.unwrap_or(connection.began));
        let tone = if chosen { Role::Accent } else { Role::Text };
        lines.push(vec![
            (if chosen { "▸" } else { " " }.to_owned(), Role::Accent),
            (format!("c{:<2} ", connection.c), tone),
            (format!("{glyph} "), role),
            (format!("{transport:<4} "), Role::Dim),
            (format!("{sid:<5} "), Role::Dim),
            (
                format!("↓{} ", units::short(seen.to_client)),
                Role::ToClient,
            ),
            (
                format!("↑{} ", units::short(seen.to_server)),
                Role::ToServer,
            ),
            (
                units::delta(up).trim_start_matches('+').to_owned(),
                Role::Dim,
            ),
        ]);
    }
    lines.push(vec![("─".repeat(12), Role::Border)]);
}

/// What stands on the border: how many are open, of how many.
pub fn count(tab: &Tab) -> Option<String> {
    let clients = tab.tap.as_ref()?;
    let all = tab.model.connections.len();
    Some(format!("{} of {all} open", clients.open(&tab.model)))
}

/// What is said in the first line beside the name of a tap: where it leads, and who is looked at.
pub fn brief(tab: &Tab) -> Option<String> {
    let clients = tab.tap.as_ref()?;
    let connection = clients.current(&tab.model)?;
    Some(format!("c{}, {}", connection.c, count(tab)?))
}

/// Lines of what to do while no client has come yet; the address stands alone, to be copied.
pub fn draw_hint(tab: &Tab, copy: &str, area: Rect, buf: &mut Buffer, theme: &Theme) -> bool {
    let Some(clients) = tab.tap.as_ref().filter(|_| tab.is_live()) else {
        return false;
    };
    let Some(url) = &clients.listening else {
        return false;
    };
    let lines: [(String, Role); 9] = [
        ("no client yet: point one at".to_owned(), Role::Text),
        (String::new(), Role::Text),
        (format!("  {url}"), Role::Accent),
        (String::new(), Role::Text),
        (
            format!(
                "instead of {}   ({copy} copies the address)",
                crate::tui::mask::url(&clients.upstream)
            ),
            Role::Dim,
        ),
        (String::new(), Role::Text),
        (format!("  io(\"{url}\")"), Role::Text),
        (format!("  sioscope {url}"), Role::Text),
        (
            "everything that it says and hears is recorded and passed on".to_owned(),
            Role::Dim,
        ),
    ];
    for (row, (words, role)) in lines.iter().enumerate().take(usize::from(area.height)) {
        Pen::new(buf, area, row as u16)
            .gap(1)
            .put(words, theme.style(*role));
    }
    true
}
