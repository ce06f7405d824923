//! Answers an event for which the server wants an ack.
//!
//! **Floor 5**, pure. It shows which event asked and what it said.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::form::{self, Field, Form, Wrong};
use crate::tui::json;
use crate::tui::text;
use crate::tui::theme::Theme;

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is sent, and the server goes on waiting.
    Cancelled,
    /// Send this answer.
    Answer {
        /// Namespace.
        nsp: String,
        /// The server's ack id.
        id: u64,
        /// JSON array text.
        args: String,
        /// It was answered before, and is once more on purpose.
        again: bool,
    },
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct Answer {
    nsp: String,
    id: u64,
    again: bool,
    form: Form,
}

impl Answer {
    /// For the event `event` with these raw JSON arguments, asked on `nsp` with ack id `id`.
    pub fn new(nsp: &str, id: u64, event: &str, args: &str) -> Answer {
        let hint = "JSON values with commas between them, or none";
        let asked = format!("{event:?} on {nsp} asks for ack {id}:");
        // More than a line of it is seen in the detail.
        let said = text::truncate(&text::safe(args), 74).into_owned();
        let form = Form::new(
            "Answer",
            "enter send  shift+enter new line  esc close",
            vec![Field::json("answer", hint, "")],
        );
        Answer {
            nsp: nsp.to_owned(),
            id,
            again: false,
            form: form.with_notes(vec![asked, said]),
        }
    }

    /// For a question that was answered already: the same id again.
    #[must_use]
    pub fn once_more(mut self) -> Answer {
        self.again = true;
        self
    }

    fn check(&self) -> Result<String, Wrong> {
        match json::values(self.form.value(0)) {
            Ok(values) => Ok(format!("[{}]", values.join(","))),
            Err(e) => Err(Wrong {
                field: 0,
                at: e.at,
                what: e.what,
            }),
        }
    }

    /// A key.
    pub fn update(&mut self, key: KeyEvent) -> Outcome {
        let outcome = self.form.update(key);
        self.after(outcome)
    }
    /// Pasted text.
    pub fn paste(&mut self, text: &str) -> Outcome {
        let outcome = self.form.paste(text);
        self.after(outcome)
    }

    fn after(&mut self, outcome: form::Outcome) -> Outcome {
        match outcome {
            form::Outcome::Ignored => Outcome::Ignored,
            form::Outcome::Cancelled => Outcome::Cancelled,
            form::Outcome::Moved => Outcome::Changed,
            form::Outcome::Edited => {
                self.form.set_wrong(self.check().err());
                Outcome::Changed
            }
            form::Outcome::Submitted => match self.check() {
                Ok(args) => Outcome::Answer {
                    nsp: self.nsp.clone(),
                    id: self.id,
                    args,
                    again: self.again,
                },
                Err(wrong) => {
                    self.form.refuse(wrong);
                    Outcome::Changed
                }
            },
        }
    }
    /// Draws it over the screen.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, theme: &Theme) {
        self.form.draw(screen, buf, theme);
    }
    /// Where the cursor is.
    pub fn cursor(&self, screen: Rect) -> Option<Position> {
        self.form.cursor(screen)
    }
}
