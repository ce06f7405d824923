//! Offers a row in the forms in which it can be copied.
//!
//! **Floor 5**, pure.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::theme::Theme;

/// What is known of a row, unmasked or masked as the caller wants it copied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// Target of the session (`http://host:3000`).
    pub target: String,
    /// HTTP path, such as `/socket.io`.
    pub path: String,
    /// Raw bytes of the frame or packet as text; hex is the caller's choice for binary.
    pub raw: String,
    /// Namespace, for Socket.IO packets.
    pub nsp: String,
    /// Event name, for events.
    pub event: Option<String>,
    /// Arguments as JSON array text without the event name; the ack's arguments for an ack.
    pub args: Option<String>,
    /// The sender wants an ack.
    pub wants_ack: bool,
    /// The HTTP request, for exchanges.
    pub request: Option<crate::journal::record::Request>,
    /// Auth of the namespace as JSON, where it is to be in the copied lines.
    pub auth: Option<String>,
    /// Extra request headers of the session, for lines that connect.
    pub headers: Vec<(String, String)>,
}

/// What came of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is done.
    Cancelled,
    /// Copy this.
    Copy {
        /// What it is, for the notice: `JSON`.
        what: &'static str,
        /// The text.
        text: String,
    },
}

/// Offers a row in the forms in which it can be copied.
#[derive(Debug, Clone)]
pub struct CopyMenu {}

impl CopyMenu {
    /// For a row.
    pub fn new(row: &Row) -> CopyMenu {
        let _ = row;
        CopyMenu {}
    }
    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let _ = key;
        Outcome::Ignored
    }
    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> Outcome {
        let _ = text;
        Outcome::Ignored
    }
    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let _ = (screen, buf, theme);
    }
    /// Where the cursor is.
    pub fn cursor(&self, screen: Rect) -> Option<Position> {
        let _ = screen;
        None
    }
}
