//! Asks where to connect.
//!
//! **Floor 5**, pure. The few options that matter most; all others stay as they were given.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use url::Url;

use super::form::{self, Field, Form, Wrong};
use crate::client::Options;
use crate::client::options::Eio;
use crate::journal::record::TransportName;
use crate::tui::theme::Theme;

mod read;

const URL: usize = 0;
const NAMESPACES: usize = 1;
const AUTH: usize = 2;
const HEADERS: usize = 3;
const TRANSPORTS: usize = 4;
const EIO: usize = 5;

use TransportName::{Polling, Websocket};

/// The choices of transports, each with the list and whether it upgrades.
const CHOICES: [(&str, &[TransportName], bool); 5] = [
    ("polling, then websocket", &[Polling, Websocket], true),
    ("websocket only", &[Websocket], true),
    ("polling only", &[Polling], true),
    ("websocket, else polling", &[Websocket, Polling], true),
    ("polling, no upgrade", &[Polling, Websocket], false),
];

const VERSIONS: [(&str, Eio); 3] = [
    ("auto", Eio::Auto),
    ("4 (Socket.IO 3 and 4)", Eio::V4),
    ("3 (Socket.IO 1 and 2)", Eio::V3),
];

/// What came of a key.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The key means nothing here.
    Ignored,
    /// Something changed: draw.
    Changed,
    /// Close it; nothing is done.
    Cancelled,
    /// Connect with these.
    Connect(Box<Options>),
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct Connect {
    base: Option<Options>,
    form: Form,
}

impl Connect {
    /// Filled in from options (the last ones used, or none).
    pub fn new(options: Option<&Options>) -> Connect {
        let text = |f: &dyn Fn(&Options) -> String| options.map(f).unwrap_or_default();
        let transports = options
            .and_then(|o| {
                CHOICES.iter().position(|(_, list, upgrade)| {
                    *list == o.transports && (*upgrade == o.upgrade || list.len() == 1)
                })
            })
            .unwrap_or(0);
        let eio = options.map_or(0, |o| {
            VERSIONS
                .iter()
                .position(|(_, eio)| *eio == o.eio)
                .unwrap_or(0)
        });
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
        let fields = vec![
            Field::line(
                "URL",
                "http://localhost:3000",
                &text(&|o| o.url.to_string()),
            ),
            Field::line(
                "namespaces",
                "the URL's path; or /chat, /admin={\"token\":\"…\"}",
                &text(&read::written_namespaces),
            ),
            Field::json(
                "auth",
                "JSON, @FILE or !COMMAND, for namespaces without their own",
                &text(&|o| o.auth.as_ref().map(read::written_auth).unwrap_or_default()),
            ),
            Field::lines(
                "headers",
                "Name: value, one a line (shift+enter or ctrl+n)",
                &text(&|o| read::written_headers(&o.headers)),
            ),
            Field::choice("transports", words(&CHOICES.map(|c| c.0)), transports),
            Field::choice("engine.io", words(&VERSIONS.map(|v| v.0)), eio),
        ];
        let hints = "enter connect  tab next  ←→ choose  esc close";
        Connect {
            base: options.cloned(),
            form: Form::new("Connect", hints, fields),
        }
    }

    /// Shows why the last try did not start.
    pub fn set_error(&mut self, error: &str) {
        self.form.set_error(Some(error.to_owned()));
    }

    /// The options that the fields say.
    fn options(&self) -> Result<Options, Wrong> {
        let at = |field| move |(at, what): (usize, String)| Wrong { field, at, what };
        let url = read::url(self.form.value(URL)).map_err(at(URL))?;
        let namespaces = read::namespaces(self.form.value(NAMESPACES)).map_err(at(NAMESPACES))?;
        let auth = read::auth(self.form.value(AUTH)).map_err(at(AUTH))?;
        let headers = read::headers(self.form.value(HEADERS)).map_err(at(HEADERS))?;
        let mut options = match &self.base {
            Some(base) => Options {
                url,
                ..base.clone()
            },
            None => Options::new(url),
        };
        options.namespaces = match namespaces.is_empty() {
            true => read::namespace_of(&options.url),
            false => namespaces,
        };
        options.auth = auth;
        options.headers = headers;
        if let Some((_, list, upgrade)) = CHOICES.get(self.form.chosen(TRANSPORTS)) {
            options.transports = list.to_vec();
            options.upgrade = *upgrade;
        }
        if let Some((_, eio)) = VERSIONS.get(self.form.chosen(EIO)) {
            options.eio = *eio;
        }
        Ok(options)
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
                // While the URL is being typed it is wrong at every key: that is said on enter.
                let wrong = self.options().err().filter(|w| w.field != URL);
                self.form.set_wrong(wrong);
                Outcome::Changed
            }
            form::Outcome::Submitted => match self.options() {
                Ok(options) => Outcome::Connect(Box::new(options)),
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

/// Reads a target as it is typed: `localhost:3000` means `http://localhost:3000`. The error is
/// for the person.
pub fn target(text: &str) -> Result<Url, String> {
    read::url(text).map_err(|(_, what)| what)
}
