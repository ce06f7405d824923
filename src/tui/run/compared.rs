//! The loop of the view of two sessions: nothing moves in it but what a key moves.

use anyhow::Context as _;
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;

use super::watch::{Signal, Signals};
use crate::tui::action::Context;
use crate::tui::config::Config;
use crate::tui::side_by_side::{After, View, draw};
use crate::tui::terminal::{self, Terminal};
use crate::tui::theme::Theme;

/// Shows two sessions side by side until the person leaves. `Some` is an exit code that a signal
/// asks for.
///
/// Has to be called on a tokio runtime with its IO driver.
pub async fn compare(mut view: View, config: Config, theme: Theme) -> anyhow::Result<Option<i32>> {
    let keymap = config.keys;
    let mut signals = Signals::new().context("signals can't be listened to")?;
    let mut terminal =
        Terminal::take(false).context("this needs a terminal on its standard output")?;
    let mut events = EventStream::new();
    loop {
        terminal.draw(|frame| {
            let screen = frame.area();
            view.fit(draw::list_height(screen));
            draw::draw(&view, &keymap, &theme, screen, frame.buffer_mut());
        })?;
        let after = tokio::select! {
            biased;
            signal = signals.next() => match signal {
                Signal::Quit(code) => return Ok(Some(code)),
                Signal::Stop => After::Suspend,
                Signal::Continue => {
                    terminal.resume()?;
                    After::Draw
                }
            },
            () = terminal::fallen() => return Ok(Some(super::PANICKED)),
            event = events.next() => match event {
                None => return Ok(None),
                Some(Err(error)) => return Err(error).context("the keyboard can't be read"),
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    match keymap.resolve(Context::Global, key) {
                        Some(action) => view.act(action),
                        None => continue,
                    }
                }
                Some(Ok(Event::Resize(..))) => After::Draw,
                Some(Ok(_)) => continue,
            },
        };
        match after {
            After::Draw => {}
            After::Leave => return Ok(None),
            After::Suspend => {
                #[cfg(unix)]
                {
                    terminal.pause();
                    terminal::stop();
                    terminal.resume()?;
                }
            }
        }
    }
}
