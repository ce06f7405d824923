//! Offers a row in the forms in which it can be copied.
//!
//! **Floor 5**, pure. The forms themselves are made in [`forms`].

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

pub mod forms;
pub mod quote;

/// What is known of a row, masked or not, as the caller wants it copied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// Target of the session (`http://host:3000`).
    pub target: String,
    /// HTTP path, such as `/socket.io`.
    pub path: String,
    /// Raw text of the frame or packet; what stands for binary is the caller's choice.
    pub raw: String,
    /// Namespace, for Socket.IO packets.
    pub nsp: String,
    /// Event name, for events.
    pub event: Option<String>,
    /// JSON that it carries: for events and acks the array of arguments without the event's
    /// name, else whatever value it is.
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

#[derive(Debug, Clone)]
struct Item {
    key: char,
    what: &'static str,
    /// The text, or why there is none.
    text: Result<String, &'static str>,
}

/// The menu.
#[derive(Debug, Clone)]
pub struct CopyMenu {
    items: Vec<Item>,
    chosen: usize,
}

impl CopyMenu {
    /// For a row.
    pub fn new(row: &Row) -> CopyMenu {
        let item = |key, what, text| Item { key, what, text };
        CopyMenu {
            items: vec![
                item('r', "raw", Ok(row.raw.clone())),
                item('j', "JSON", forms::json(row)),
                item('c', "curl", forms::curl(row)),
                item('s', "JavaScript", forms::javascript(row)),
                item('e', "sioscope emit", forms::emit(row)),
            ],
            chosen: 0,
        }
    }

    fn copy(&mut self, at: usize) -> Outcome {
        match self.items.get(at) {
            Some(Item {
                what,
                text: Ok(text),
                ..
            }) => Outcome::Copy {
                what,
                text: text.clone(),
            },
            Some(_) => {
                self.chosen = at;
                Outcome::Changed
            }
            None => Outcome::Ignored,
        }
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        if key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
        {
            return match key.code {
                KeyCode::Char('c') => Outcome::Cancelled,
                _ => Outcome::Ignored,
            };
        }
        let last = self.items.len().saturating_sub(1);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => Outcome::Cancelled,
            KeyCode::Enter => self.copy(self.chosen),
            KeyCode::Up | KeyCode::Char('k') => {
                self.chosen = self.chosen.checked_sub(1).unwrap_or(last);
                Outcome::Changed
            }
            KeyCode::Down | KeyCode::Tab => {
                self.chosen = if self.chosen == last {
                    0
                } else {
                    self.chosen + 1
                };
                Outcome::Changed
            }
            // `yy` copies the row as it is, as in vi.
            KeyCode::Char('y') => self.copy(0),
            KeyCode::Char(c) => match self.items.iter().position(|i| i.key == c) {
                Some(at) => self.copy(at),
                None => Outcome::Ignored,
            },
            _ => Outcome::Ignored,
        }
    }

    /// Pasted text means nothing here.
    pub fn paste(&mut self, _text: &str) -> Outcome {
        Outcome::Ignored
    }

    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        let rows = u16::try_from(self.items.len()).unwrap_or(u16::MAX);
        let area = overlay::centred(screen, 100, rows.saturating_add(2));
        let hints = "enter copy  ↑↓ choose  esc close";
        let inner = overlay::frame(area, "Copy", hints, buf, theme);
        for (y, (i, item)) in (inner.y..inner.bottom()).zip(self.items.iter().enumerate()) {
            let picked = i == self.chosen;
            let over = match picked {
                true => theme.style(Role::Selected),
                false => ratatui::style::Style::new(),
            };
            overlay::row_style(inner, y, buf, over);
            let style = |role| theme.style(role).patch(over);
            let mark = if picked { "▸" } else { " " };
            text::put(buf, inner.x, y, mark, 1, style(Role::Accent));
            let key = item.key.to_string();
            text::put(
                buf,
                inner.x + 2,
                y,
                &key,
                inner.width.saturating_sub(2),
                style(Role::Key),
            );
            let room = inner.width.saturating_sub(4);
            text::put(
                buf,
                inner.x + 4,
                y,
                item.what,
                room.min(13),
                style(Role::Text),
            );
            let room = inner.width.saturating_sub(19);
            // More of a long payload is never seen.
            let (shown, role) = match &item.text {
                Ok(text) => (text::fit(text, 400), Role::Dim),
                Err(why) => (*why, Role::Placeholder),
            };
            text::put(buf, inner.x + 19, y, &text::safe(shown), room, style(role));
        }
    }
    /// It has no text field.
    pub fn cursor(&self, _screen: Rect) -> Option<Position> {
        None
    }
}
