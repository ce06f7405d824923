//! The loop: wait for a key, a change of a journal, a deadline or a signal; take it in; draw.
//!
//! Nothing ticks while nothing moves. Input is drawn at once, data at most 30 times a second, a
//! running countdown ten times and an uptime once a second.

pub(super) mod compared;
mod drafts;
mod editor;
mod perform;
mod views;
mod watch;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossterm::event::EventStream;
use futures_util::StreamExt as _;

use super::config::Config;
use super::remembered::Remembered;
use super::state::{State, Tab};
use super::sync::{self, Reader};
use super::terminal::Terminal;
use super::theme::Theme;
use super::{draw, update};
use crate::client::Options;
use crate::collection::Variables;
use crate::drafts::Shelf;
use crate::journal::Journal;
use crate::journal::file::{OpenError, Source};
use crate::scope::Scope;
use crate::scope::playing::Handle;
use crate::tap::Tap;
use perform::Next;
use watch::Watch;

/// Shortest time between two drawings of data.
const DATA: Duration = Duration::from_millis(33);

/// Starts a client.
pub type Connect = Box<dyn Fn(Options) -> anyhow::Result<Scope>>;
/// Opens a saved session.
pub type Open = Box<dyn Fn(&Path) -> Result<Scope, OpenError>>;

/// Exit code after a panic, the one that Rust itself uses.
const PANICKED: i32 = 101;

/// What the screen starts with.
pub struct Start {
    /// The sessions to show, the first one in front; without one it asks where to connect.
    pub scopes: Vec<Scope>,
    /// Options that a new connection begins with (those of the command line).
    pub template: Option<Options>,
    /// Starts a client for the connect dialog.
    pub connect: Connect,
    /// Opens a saved session.
    pub open: Open,
    /// Lines of what to try, shown until a row is opened.
    pub hints: Vec<String>,
    /// What the person wants otherwise.
    pub config: Config,
    /// The looks.
    pub theme: Theme,
    /// Nothing may act on a server.
    pub readonly: bool,
    /// Values for drafts.
    pub variables: Variables,
    /// The player behind the last of these sessions, where that is a replay.
    pub replay: Option<Handle>,
}

impl Start {
    /// A start with the usual ways to connect and to open.
    pub fn new(scopes: Vec<Scope>, config: Config, theme: Theme) -> Start {
        Start {
            scopes,
            template: None,
            connect: Box::new(|options| {
                Ok(Scope::connect(options, crate::scope::Record::Default)?)
            }),
            open: Box::new(Scope::open),
            hints: Vec::new(),
            config,
            theme,
            readonly: false,
            variables: Variables::default(),
            replay: None,
        }
    }
}

/// What belongs to the loop and not to the state.
struct App {
    state: State,
    scopes: Vec<Scope>,
    readers: Vec<(Reader, Journal)>,
    /// The players behind those sessions that are replays.
    replays: Vec<Option<Handle>>,
    connect: Connect,
    open: Open,
    shelf: Shelf,
    variables: Variables,
    watch: Watch,
    /// There is work left over from the frame before.
    more: bool,
    drawn: Option<Instant>,
    /// There is data that was not drawn yet.
    fresh: bool,
}

impl App {
    fn add(&mut self, scope: Scope) {
        let journal = scope.journal().clone();
        let header = journal.header();
        let live = scope.options().is_some() || scope.tapped().is_some();
        let target = match (live, journal.status().path) {
            (false, Some(path)) => path.to_string_lossy().into_owned(),
            _ => header.target.clone(),
        };
        let mut tab = Tab::new(&target, live, header.started);
        if header.source == Source::Tap {
            let listening = scope.tapped().map(Tap::url);
            tab = tab.tapping(listening.as_deref(), &header.target);
        }
        tab.options = scope.options().cloned();
        tab.reconnection = scope.options().map(|options| options.reconnection.clone());
        let key = self.state.keymap.hint(super::action::Action::Connect);
        if !self.state.readonly && !key.is_empty() {
            tab.connect_hint = Some(format!("{key} tries now"));
        }
        let reader =
            Reader::new(header.parser.as_deref()).diagnosing(header.source, &header.target);
        self.readers.push((reader, journal));
        self.watch.add(scope.clone());
        let saved = (!live).then(|| journal_path(&scope)).flatten();
        self.scopes.push(scope);
        self.replays.push(None);
        self.state.add(tab);
        let at = self.state.current;
        if let Some(view) = saved.and_then(|path| views::load(&path)) {
            view.restore(&mut self.state, at);
            if let Some(text) = view.search() {
                update::search_again(&mut self.state, text);
            }
        }
    }

    /// Keeps the views of the sessions that have a file, for the next time.
    fn remember(&self) {
        for (tab, scope) in self.state.tabs.iter().zip(&self.scopes) {
            if let Some(path) = journal_path(scope) {
                views::keep(&path, &Remembered::of(&self.state, tab));
            }
        }
    }

    /// Shows the player of the session that was added last.
    fn play(&mut self, player: Handle) {
        self.watch.play(player.clone());
        if let Some(last) = self.replays.last_mut() {
            *last = Some(player);
        }
        self.take_views();
        let open = super::replay::Replay::default();
        self.state
            .overlays
            .push(super::state::Overlay::Replay(open));
    }

    /// Takes over how the replays stand.
    fn take_views(&mut self) {
        for (tab, player) in self.state.tabs.iter_mut().zip(&self.replays) {
            let Some(player) = player else { continue };
            let view = player.view();
            if tab
                .replay
                .as_ref()
                .is_none_or(|old| !std::sync::Arc::ptr_eq(old, &view))
            {
                tab.replay = Some(view);
                self.state.dirty = true;
            }
        }
    }

    /// Takes in what the journals have, within a frame's budget.
    fn advance(&mut self) {
        self.take_views();
        let level = self.state.level;
        self.more = false;
        for (at, (reader, journal)) in self.readers.iter_mut().enumerate() {
            let Some(tab) = self.state.tabs.get_mut(at) else {
                continue;
            };
            let before = (tab.model.seen, tab.log.len());
            self.more |= sync::advance(tab, reader, journal, level);
            if (tab.model.seen, tab.log.len()) != before {
                self.state.dirty = true;
            }
            if let Some(scope) = self.scopes.get(at) {
                tab.ended = scope.ended();
                if tab.live && !tab.ended {
                    tab.now = journal.time_of(Instant::now()).max(tab.model.now);
                    sync::tick(tab, reader);
                }
            }
            if self.state.tell_of_findings(at) {
                self.state.dirty = true;
            }
        }
        for scope in &self.scopes {
            // One line for all that came at once: none is lost behind another.
            let notices = scope.notices();
            if !notices.is_empty() {
                self.state
                    .say(super::state::Tone::Info, notices.join(" · "));
                self.state.dirty = true;
            }
        }
    }

    fn draw(&mut self, terminal: &mut Terminal) -> std::io::Result<()> {
        let size = crossterm::terminal::size().unwrap_or((80, 24));
        self.state.screen = ratatui::layout::Rect::new(0, 0, size.0, size.1);
        sync::prepare(&mut self.state, &self.readers);
        let state = &self.state;
        terminal.draw(|frame| {
            let area = frame.area();
            if let Some(cursor) = draw::draw(state, area, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })?;
        self.state.dirty = false;
        self.drawn = Some(Instant::now());
        Ok(())
    }

    /// When the screen changes although nothing happens: a countdown, a clock.
    fn pulse(&self) -> Option<Duration> {
        let tab = self.state.tab()?;
        if tab.stale {
            return Some(Duration::from_millis(250));
        }
        if !tab.live && tab.status.indexed < 1.0 {
            return Some(Duration::from_millis(200));
        }
        if tab.live && !tab.ended && tab.model.waiting.is_some() {
            return Some(Duration::from_millis(100));
        }
        // Also of sessions that are not shown: the rules have to see the silence of them all.
        let running = |tab: &Tab| {
            let mut connections = tab.model.connections.values();
            tab.live && !tab.ended && connections.any(|connection| connection.closed.is_none())
        };
        self.state
            .tabs
            .iter()
            .any(running)
            .then_some(Duration::from_secs(1))
    }
}

/// The file of a session.
fn journal_path(scope: &Scope) -> Option<std::path::PathBuf> {
    scope.journal().status().path
}

/// Runs the screen until the person leaves. Returns the exit code.
///
/// Has to be called on a tokio runtime with its IO and time drivers.
pub async fn run(start: Start) -> anyhow::Result<i32> {
    let mouse = start.config.mouse;
    let mut state = State::new(start.config, start.theme, start.readonly);
    state.hints = start.hints;
    state.template = start.template;
    let mut app = App {
        state,
        scopes: Vec::new(),
        readers: Vec::new(),
        replays: Vec::new(),
        connect: start.connect,
        open: start.open,
        shelf: Shelf::default(),
        variables: start.variables,
        watch: Watch::default(),
        more: false,
        drawn: None,
        fresh: false,
    };
    for scope in start.scopes {
        app.add(scope);
    }
    app.state.current = 0;
    if let Some(player) = start.replay {
        app.play(player);
    }
    if app.scopes.is_empty() {
        let dialog = super::dialog::connect::Connect::new(app.state.template.as_ref());
        app.state
            .overlays
            .push(super::state::Overlay::Connect(Box::new(dialog)));
    }
    // Before the terminal is taken: a signal that comes in between must not leave it as it is.
    let mut signals = watch::Signals::new().context("signals can't be listened to")?;
    let mut terminal =
        Terminal::take(mouse).context("this needs a terminal on its standard output")?;
    let mut code = turn(&mut app, &mut terminal, &mut signals).await;
    // A terminal that goes away fails a write before the signal for it is seen.
    if code.is_err()
        && let Ok(signalled) =
            tokio::time::timeout(Duration::from_millis(200), signals.quit()).await
    {
        code = Ok(signalled);
    }
    drop(terminal);
    app.remember();
    // Before their sessions end: a replay that nobody watches any more was stopped, not lost.
    app.replays.clear();
    app.watch = Watch::default();
    tokio::task::yield_now().await;
    for scope in &app.scopes {
        // A server that does not answer must not keep the person from their shell.
        let _ = tokio::time::timeout(Duration::from_secs(2), scope.shutdown()).await;
    }
    code
}

async fn turn(
    app: &mut App,
    terminal: &mut Terminal,
    signals: &mut watch::Signals,
) -> anyhow::Result<i32> {
    let mut events = Some(EventStream::new());
    let mut stopped = false;
    app.advance();
    app.draw(terminal)?;
    loop {
        let deadline = next_deadline(app);
        let step = {
            let events = events.get_or_insert_with(EventStream::new);
            tokio::select! {
                biased;
                signal = signals.next() => Step::Signal(signal),
                () = super::terminal::fallen() => return Ok(PANICKED),
                event = events.next() => Step::Input(event),
                () = app.watch.changed(), if !app.fresh => Step::Data,
                () = sleep_until(deadline) => Step::Deadline,
            }
        };
        let urgent = matches!(step, Step::Signal(_) | Step::Input(_));
        match step {
            Step::Signal(watch::Signal::Quit(code)) => return Ok(code),
            Step::Signal(watch::Signal::Stop) => {
                events = None;
                terminal.pause();
                #[cfg(unix)]
                super::terminal::stop();
                terminal.resume()?;
                stopped = true;
                app.state.dirty = true;
            }
            // The end of the stop above.
            Step::Signal(watch::Signal::Continue) if std::mem::take(&mut stopped) => {}
            Step::Signal(watch::Signal::Continue) => {
                // Brought back after a stop that could not be seen coming (`kill -STOP`): the
                // shell has used the terminal meanwhile, so all of it is taken again.
                events = None;
                terminal.pause();
                terminal.resume()?;
                app.state.dirty = true;
            }
            Step::Input(None) => return Ok(0),
            Step::Input(Some(Err(error))) => {
                return Err(error).context("the terminal can't be read");
            }
            Step::Input(Some(Ok(event))) => {
                for effect in update::update(&mut app.state, event) {
                    match perform::perform(app, terminal, effect) {
                        Next::Go => {}
                        Next::Quit(code) => return Ok(code),
                        Next::Editor(text) => {
                            events = None;
                            editor::edit(app, terminal, &text)?;
                        }
                        Next::Stop => {
                            #[cfg(unix)]
                            super::terminal::stop_group();
                        }
                    }
                }
            }
            // Data that comes sooner than it may be drawn waits for the deadline.
            Step::Data if !app.more && !app.drawn_long_ago() => {
                app.fresh = true;
                continue;
            }
            Step::Data | Step::Deadline => {
                app.fresh = false;
                app.state.dirty = true;
            }
        }
        app.advance();
        // What a key did is seen at once. While there is much to take in, slices follow each
        // other, with a look at the keys between them, and the screen is drawn at its own pace.
        if app.state.dirty && (urgent || app.drawn_long_ago()) {
            app.draw(terminal)?;
        } else if app.state.dirty {
            app.fresh = true;
        }
    }
}

/// What the loop woke up for.
enum Step {
    Signal(watch::Signal),
    Input(Option<std::io::Result<crossterm::event::Event>>),
    Data,
    Deadline,
}

impl App {
    fn drawn_long_ago(&self) -> bool {
        self.drawn.is_none_or(|at| at.elapsed() >= DATA)
    }
}

/// When to look again without being woken: at once for work that is left over, after the pause
/// between two drawings for data, and when a clock on the screen moves on.
fn next_deadline(app: &App) -> Option<Instant> {
    let drawn = app.drawn.unwrap_or_else(Instant::now);
    if app.more {
        return Some(Instant::now());
    }
    if app.fresh {
        return Some(drawn + DATA);
    }
    app.pulse().map(|pulse| drawn + pulse)
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
