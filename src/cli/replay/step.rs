//! `--step`: what the person says about the next step, by key or by line.

use std::io::IsTerminal as _;

use crossterm::event::{Event, EventStream, KeyCode, KeyEventKind, KeyModifiers};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::auth::Raw;
use crate::cli::complain;
use crate::cli::stream::input::{self, Line};
use crate::scope::playing::Said;

/// What they say; `None` is ctrl+c.
pub type Word = Option<Said>;

/// Where it is said.
pub enum Keys {
    /// Nobody is asked.
    None,
    /// A terminal.
    Terminal,
    /// Lines of standard input.
    Lines(mpsc::Receiver<Line>),
}

impl Keys {
    /// A terminal where there is one, else lines.
    pub fn open() -> Keys {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            Keys::Terminal
        } else {
            Keys::Lines(input::read(stdin))
        }
    }

    /// Waits for the next word. Cancel safe: the terminal is taken for this time only.
    pub async fn next(&mut self) -> Word {
        match self {
            Keys::None => std::future::pending().await,
            Keys::Terminal => key().await,
            Keys::Lines(lines) => loop {
                // At the end of input nobody will say anything any more.
                let Some((number, text)) = lines.recv().await else {
                    return Some(Said::Quit);
                };
                match text.as_deref().map(str::trim) {
                    Ok("" | "n" | "next") => return Some(Said::Next),
                    Ok("s" | "skip") => return Some(Said::Skip),
                    Ok("a" | "all") => return Some(Said::All),
                    Ok("q" | "quit") => return Some(Said::Quit),
                    Ok(_) => complain(format_args!(
                        "stdin line {number}: nothing (or n) sends the next step, s skips it, a plays on, q leaves"
                    )),
                    Err(error) => complain(format_args!("stdin line {number}: {error}")),
                }
            },
        }
    }
}

async fn key() -> Word {
    let _raw = match Raw::take() {
        Ok(raw) => raw,
        Err(error) => {
            complain(format_args!("cannot read keys: {error}"));
            return Some(Said::Quit);
        }
    };
    let mut events = EventStream::new();
    while let Some(Ok(event)) = events.next().await {
        let Event::Key(key) = event else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return None;
            }
            KeyCode::Enter | KeyCode::Char(' ' | 'n') => return Some(Said::Next),
            KeyCode::Char('s') => return Some(Said::Skip),
            KeyCode::Char('a') => return Some(Said::All),
            KeyCode::Char('q') | KeyCode::Esc => return Some(Said::Quit),
            _ => {}
        }
    }
    Some(Said::Quit)
}
