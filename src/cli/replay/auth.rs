//! Auth that is asked for: the recorded one may not go where the replay goes, or was masked.

use std::io::{IsTerminal as _, Write as _};

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

use crate::cli::connection::auth;
use crate::cli::{UsageError, complain, print};
use crate::client::options::Auth;

/// Whether there is somebody to ask.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for the auth of a namespace until it is usable; `Ok(None)` for none, `Err(None)` where
/// the person gave up.
///
/// # Errors
/// The terminal can't be read.
pub fn ask(nsp: &str, url: &str) -> Result<Option<Auth>, Option<UsageError>> {
    loop {
        // Before the question: what is typed at once must not be echoed.
        let raw = Raw::take();
        eprint!(
            "auth for {} on {url} (a JSON object, @FILE or !COMMAND; not shown; enter for none): ",
            print::safe(nsp)
        );
        let _ = std::io::stderr().flush();
        let typed = raw
            .and_then(|raw| hidden(&raw))
            .map_err(|error| Some(UsageError(format!("cannot read the terminal: {error}"))))?;
        eprintln!();
        let Some(typed) = typed else {
            return Err(None);
        };
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        // What was typed is a secret: a mistake is told without it.
        match auth::parse(typed, "auth") {
            Ok(auth) => return Ok(Some(auth)),
            Err(_) => complain("that is no JSON object, @FILE or !COMMAND; once more"),
        }
    }
}

/// The terminal in raw mode, given back at the end.
pub struct Raw;

impl Raw {
    /// Takes it.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn take() -> std::io::Result<Raw> {
        crossterm::terminal::enable_raw_mode()?;
        Ok(Raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // There is nobody to tell, and nothing else to try.
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

/// Reads a line that is not shown; `None` at ctrl+c or ctrl+d.
fn hidden(_: &Raw) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    loop {
        match crossterm::event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Enter => return Ok(Some(line)),
                KeyCode::Backspace => {
                    line.pop();
                }
                KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return Ok(None);
                }
                KeyCode::Char(c) => line.push(c),
                _ => {}
            },
            Event::Paste(text) => line.push_str(&text),
            _ => {}
        }
    }
}
