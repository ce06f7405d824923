//! `--step`: what the person says about the next step, by key or by line.

use std::io::IsTerminal as _;

use crossterm::event::{Event, EventStream, KeyCode, KeyEventKind, KeyModifiers};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::auth::Raw;
use crate::cli::complain;
use crate::cli::stream::input::{self, Line};

/// What they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Send it.
    Next,
    /// Leave it out.
    Skip,
    /// Play the rest as recorded.
    All,
    /// Leave.
    Quit,
    /// Ctrl+c.
    Interrupt,
}

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
    pub async fn next(&mut self) -> Said {
        match self {
            Keys::None => std::future::pending().await,
            Keys::Terminal => key().await,
            Keys::Lines(lines) => loop {
                // At the end of input nobody will say anything any more.
                let Some((number, text)) = lines.recv().await else {
                    return Said::Quit;
                };
                match text.as_deref().map(str::trim) {
                    Ok("" | "n" | "next") => return Said::Next,
                    Ok("s" | "skip") => return Said::Skip,
                    Ok("a" | "all") => return Said::All,
                    Ok("q" | "quit") => return Said::Quit,
                    Ok(_) => complain(format_args!(
                        "stdin line {number}: nothing (or n) sends the next step, s skips it, a plays on, q leaves"
                    )),
                    Err(error) => complain(format_args!("stdin line {number}: {error}")),
                }
            },
        }
    }
}

async fn key() -> Said {
    let _raw = match Raw::take() {
        Ok(raw) => raw,
        Err(error) => {
            complain(format_args!("cannot read keys: {error}"));
            return Said::Quit;
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
                return Said::Interrupt;
            }
            KeyCode::Enter | KeyCode::Char(' ' | 'n') => return Said::Next,
            KeyCode::Char('s') => return Said::Skip,
            KeyCode::Char('a') => return Said::All,
            KeyCode::Char('q') | KeyCode::Esc => return Said::Quit,
            _ => {}
        }
    }
    Said::Quit
}
