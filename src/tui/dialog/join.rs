//! Asks which namespace to join, with which auth.
//!
//! **Floor 5**, pure.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::form::{self, Field, Form, Wrong};
use crate::tui::json;
use crate::tui::theme::Theme;

const NSP: usize = 0;
const AUTH: usize = 1;

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is done.
    Cancelled,
    /// Join it.
    Join {
        /// Namespace with its leading `/`.
        nsp: String,
        /// Auth as JSON.
        auth: Option<String>,
    },
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct Join {
    form: Form,
}

impl Join {
    /// Filled in with a namespace (one that was refused, say; or empty); `namespaces` were seen
    /// and are completed.
    pub fn new(nsp: &str, namespaces: Vec<String>) -> Join {
        let fields = vec![
            Field::line("namespace", "/chat", nsp).completing(namespaces),
            Field::json("auth", "JSON such as {\"token\":\"…\"}, or nothing", ""),
        ];
        let hints = "enter join  tab next  esc close";
        let form = Form::new("Join a namespace", hints, fields);
        Join {
            // With the namespace known, the auth is what there is to say.
            form: form.at(if nsp.is_empty() { NSP } else { AUTH }),
        }
    }

    fn check(&self) -> Result<(String, Option<String>), Wrong> {
        let wrong = |field, at, what: String| Wrong { field, at, what };
        let typed = self.form.value(NSP);
        if let Some(at) = typed.find(',') {
            return Err(wrong(NSP, at, "a namespace has no comma".to_owned()));
        }
        let nsp = typed.trim();
        if nsp.is_empty() {
            return Err(wrong(NSP, 0, "write a namespace, such as /chat".to_owned()));
        }
        let auth = self.form.value(AUTH);
        let auth = match auth.trim().is_empty() {
            true => None,
            false => Some(json::value(auth).map_err(|e| wrong(AUTH, e.at, e.what))?),
        };
        let slash = if nsp.starts_with('/') { "" } else { "/" };
        Ok((format!("{slash}{nsp}"), auth))
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
                // An empty namespace is no mistake yet.
                let wrong = self.check().err();
                let wrong = wrong.filter(|w| !(w.field == NSP && self.form.value(NSP).is_empty()));
                self.form.set_wrong(wrong);
                Outcome::Changed
            }
            form::Outcome::Submitted => match self.check() {
                Ok((nsp, auth)) => Outcome::Join { nsp, auth },
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
