//! The terminal, taken over and given back. Restored on quit, panic, signals and ctrl-z.

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

/// Whether the terminal is ours now; the panic hook and `Drop` read it.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the keyboard enhancement was pushed and has to be popped.
static ENHANCED: AtomicBool = AtomicBool::new(false);

/// The screen in the alternate buffer, in raw mode.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal over and installs the panic hook that gives it back.
    pub fn take(mouse: bool) -> io::Result<Terminal> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        // A whole frame in one write: half-drawn screens are seen over slow links.
        let out = BufWriter::with_capacity(64 * 1024, io::stdout());
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
        self.inner.clear()
    }

    /// Gives the terminal back for a while: an editor, or ctrl-z.
    pub fn pause(&mut self) {
        give_back();
    }

    /// Clears the screen, so that the next frame draws every cell.
    pub fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
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
    let mut out = io::stdout();
    if ENHANCED.swap(false, Ordering::SeqCst) {
        let _ = execute!(out, PopKeyboardEnhancementFlags);
    }
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        cursor::Show,
        LeaveAlternateScreen
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
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
