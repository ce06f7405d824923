//! The terminal, taken over and given back. Restored on quit, panic, signals and ctrl-z.
//!
//! A panic on any thread gives the terminal back before a word is printed; [`fallen`] then tells
//! the loop to leave, because a task that has died will not come back.

mod crash;

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use tokio::sync::Notify;

/// Whether the terminal is ours now; the panic hook and `Drop` read it.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the keyboard enhancement was pushed and has to be popped.
static ENHANCED: AtomicBool = AtomicBool::new(false);
/// Told when a thread has panicked.
static FALLEN: Notify = Notify::const_new();

/// The screen in the alternate buffer, in raw mode.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Ours>>>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal over and installs the panic hook that gives it back.
    pub fn take(mouse: bool) -> io::Result<Terminal> {
        std::panic::set_hook(Box::new(|info| {
            if crate::scope::rust_socketio::has_fallen(info) {
                return;
            }
            give_back();
            let said = crash::report(info, crate::journal::file::sessions_dir().as_deref());
            // Standard error may be closed; there is nobody left to tell then.
            let _ = io::stderr().write_all(said.as_bytes());
            FALLEN.notify_one();
        }));
        // A whole frame in one write: half-drawn screens are seen over slow links.
        let out = BufWriter::with_capacity(64 * 1024, Ours(io::stdout()));
        let inner = ratatui::Terminal::new(CrosstermBackend::new(out))?;
        let mut terminal = Terminal { inner, mouse };
        terminal.resume()?;
        Ok(terminal)
    }

    /// Takes the terminal (again, after [`Terminal::pause`]) and clears it.
    pub fn resume(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let mut out = io::stdout();
        execute!(
            out,
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )?;
        if self.mouse {
            execute!(out, EnableMouseCapture)?;
        }
        if crossterm::terminal::supports_keyboard_enhancement().unwrap_or(false) {
            execute!(
                out,
                PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES)
            )?;
            ENHANCED.store(true, Ordering::SeqCst);
        }
        self.clear()
    }

    /// Gives the terminal back for a while: an editor, or ctrl-z.
    pub fn pause(&mut self) {
        give_back();
    }

    /// Clears the screen, so that the next frame draws every cell.
    ///
    /// Not by ratatui's `clear`: that asks the terminal where its cursor is and waits for the
    /// answer, which the thread that reads the keys would swallow.
    pub fn clear(&mut self) -> io::Result<()> {
        let size = self.inner.size()?;
        self.inner.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Draws one frame, as one synchronized update.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(draw)?;
        queue!(self.inner.backend_mut(), EndSynchronizedUpdate)?;
        self.inner.backend_mut().flush()
    }

    /// Writes `text` to the system clipboard through the terminal (OSC 52).
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        execute!(
            out,
            crossterm::clipboard::CopyToClipboard::to_clipboard_from(text)
        )
    }
}

/// Standard output while the terminal is ours, nothing at all afterwards.
///
/// What is left in a buffer after a panic must not be written to a terminal that was given back,
/// and ratatui panics in its own drop where the terminal is gone (SIGHUP): that would keep the
/// connection from its polite end.
struct Ours(Stdout);

impl Write for Ours {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if TAKEN.load(Ordering::SeqCst) {
            self.0.write(bytes)
        } else {
            Ok(bytes.len())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            self.0.flush()
        } else {
            Ok(())
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once, whoever asks. Errors can't be shown anywhere: the terminal
/// may be gone (SIGHUP).
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = restore(&mut io::stdout(), ENHANCED.swap(false, Ordering::SeqCst));
    let _ = disable_raw_mode();
}

/// Undoes everything that [`Terminal::resume`] has asked of the terminal.
fn restore(out: &mut impl Write, enhanced: bool) -> io::Result<()> {
    if enhanced {
        queue!(out, PopKeyboardEnhancementFlags)?;
    }
    execute!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        cursor::Show,
        LeaveAlternateScreen
    )
}

/// Waits until a thread of this process has panicked. Cancel safe.
pub async fn fallen() {
    FALLEN.notified().await;
}

/// Stops this process as ctrl-z does elsewhere, with the terminal given back before. Returns
/// when the shell brings it back to the foreground.
///
/// The whole process group is stopped, so that a `cargo run` around us stops too; we ourselves
/// listen to `SIGTSTP`, so it takes the signal that can't be caught.
#[cfg(unix)]
pub fn stop() {
    use rustix::process::{Signal, getpid, kill_process};
    let _ = kill_process(getpid(), Signal::STOP);
}

/// Asks the process group to stop (what the terminal driver does on ctrl-z in cooked mode).
#[cfg(unix)]
pub fn stop_group() {
    use rustix::process::{Signal, kill_current_process_group};
    let _ = kill_current_process_group(Signal::TSTP);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_was_switched_on_is_switched_off() {
        let mut out = Vec::new();
        restore(&mut out, true).unwrap();
        let out = String::from_utf8(out).unwrap();
        // Keyboard flags belong to the alternate screen: they go before it does.
        assert!(out.starts_with("\x1b[<1u"), "{out:?}");
        assert!(out.ends_with("\x1b[?1049l"), "{out:?}");
        for mode in [
            "\x1b[?2026l",
            "\x1b[?1000l",
            "\x1b[?1002l",
            "\x1b[?1003l",
            "\x1b[?1006l",
            "\x1b[?1004l",
            "\x1b[?2004l",
            "\x1b[?25h",
        ] {
            assert!(out.contains(mode), "{mode:?} is not in {out:?}");
        }
    }

    #[test]
    fn keyboard_flags_that_were_not_pushed_are_not_popped() {
        let mut out = Vec::new();
        restore(&mut out, false).unwrap();
        assert!(!String::from_utf8(out).unwrap().contains("\x1b[<"));
    }
}
