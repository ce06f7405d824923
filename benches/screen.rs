//! What the screen costs: a frame while 50,000 records a second arrive, a frame with a million
//! rows behind it, and a connection that idles.
//!
//! Run with `cargo bench --bench screen`.

#![expect(clippy::expect_used, reason = "a benchmark may stop where it stands")]

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::{TerminalOptions, Viewport};
use sioscope::journal::Journal;
use sioscope::journal::file::{Header, Source};
use sioscope::journal::record::{Body, Direction, Frame, Opcode};
use sioscope::tui::config::Config;
use sioscope::tui::state::{State, Tab};
use sioscope::tui::sync::{self, Reader};
use sioscope::tui::theme::Theme;
use sioscope::tui::{draw, update};

/// Records a second.
const RATE: u64 = 50_000;
/// How long they arrive.
const FLOOD: Duration = Duration::from_secs(10);
/// Records behind the last measurement.
const MANY: u64 = 1_000_000;
const SIZE: (u16, u16) = (120, 36);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    flood(&folder.path().join("flood.sio.jsonl"));
    idle(folder.path());
}

/// A screen that draws into nothing, escape sequences and all.
struct Screen {
    state: State,
    reader: Reader,
    journal: Journal,
    terminal: Terminal<CrosstermBackend<std::io::Sink>>,
}

impl Screen {
    fn new(journal: Journal) -> Screen {
        let mut state = State::new(Config::default(), Theme::embedded("dark"), false);
        state.add(Tab::new(
            "http://localhost:3000",
            true,
            journal.header().started,
        ));
        update::update(&mut state, Event::Resize(SIZE.0, SIZE.1));
        let area = ratatui::layout::Rect::new(0, 0, SIZE.0, SIZE.1);
        let options = TerminalOptions {
            viewport: Viewport::Fixed(area),
        };
        let terminal = Terminal::with_options(CrosstermBackend::new(std::io::sink()), options)
            .expect("a terminal");
        Screen {
            state,
            reader: Reader::new(None),
            journal,
            terminal,
        }
    }

    /// One frame: take in what is there within the budget, draw. True if more waits.
    fn frame(&mut self) -> bool {
        let level = self.state.level;
        let more = match self.state.tabs.first_mut() {
            Some(tab) => sync::advance(tab, &mut self.reader, &self.journal, level),
            None => false,
        };
        let readers = [(
            std::mem::replace(&mut self.reader, Reader::new(None)),
            self.journal.clone(),
        )];
        sync::prepare(&mut self.state, &readers);
        let [(reader, _)] = readers;
        self.reader = reader;
        let state = &self.state;
        let drawn = self.terminal.draw(|frame| {
            let area = frame.area();
            draw::draw(state, area, frame.buffer_mut());
        });
        drawn.expect("drawn");
        more
    }

    fn key(&mut self, code: KeyCode) {
        update::update(
            &mut self.state,
            Event::Key(KeyEvent::new(code, KeyModifiers::NONE)),
        );
    }
}

fn record(number: u64) -> Body {
    let text = format!(
        r#"42/chat,["tick",{{"user":"anna","seq":{number},"text":"the quick brown fox jumps over the lazy dog, again and again"}}]"#
    );
    Body::Frame(Frame {
        dir: Direction::ToClient,
        op: Opcode::Text,
        data: text.into_bytes().into(),
        code: None,
        reason: None,
        wire: None,
    })
}

fn flood(path: &std::path::Path) {
    let journal = Journal::create(
        Header::now(Source::Client, "http://localhost:3000/"),
        Instant::now(),
        path,
    )
    .expect("a journal");
    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (journal, over) = (journal.clone(), Arc::clone(&over));
        std::thread::spawn(move || {
            let started = Instant::now();
            let mut sent = 0;
            while started.elapsed() < FLOOD {
                let due = started.elapsed().as_micros() as u64 * RATE / 1_000_000;
                while sent < due {
                    sent += 1;
                    journal.append(Instant::now(), Some(1), &record(sent));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            over.store(true, Ordering::Release);
            sent
        })
    };
    let mut screen = Screen::new(journal.clone());
    let mut frames = Vec::new();
    let mut key = false;
    while !over.load(Ordering::Acquire) {
        let started = Instant::now();
        // Keys in between, as somebody who looks around.
        screen.key(if key { KeyCode::Up } else { KeyCode::Down });
        key = !key;
        screen.frame();
        frames.push(started.elapsed());
        std::thread::sleep(Duration::from_millis(33).saturating_sub(started.elapsed()));
    }
    let sent = writer.join().expect("the writer ends");
    let lag = sent.saturating_sub(screen.state.tabs.first().map_or(0, |tab| tab.model.seen));
    report(
        &format!("frame while {RATE} records a second arrive"),
        &mut frames,
    );
    println!(
        "    {sent} records in {} s, {lag} of them not yet on the screen at the end",
        FLOOD.as_secs()
    );
    for number in sent..MANY {
        journal.append(Instant::now(), Some(1), &record(number));
    }
    while screen.frame() {}
    let mut frames = Vec::new();
    for step in 0..300 {
        let started = Instant::now();
        screen.key(if step % 2 == 0 {
            KeyCode::PageUp
        } else {
            KeyCode::Up
        });
        screen.frame();
        frames.push(started.elapsed());
    }
    report(
        &format!("frame with {MANY} records behind it, scrolling"),
        &mut frames,
    );
    println!(
        "    resident: {:.1} MiB with all of them recorded and scrollable",
        resident() as f64 / 1024.0
    );
    journal.close();
}

fn report(what: &str, frames: &mut [Duration]) {
    frames.sort();
    let at = |share: f64| {
        frames
            .get((frames.len() as f64 * share) as usize)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{what}: median {:.2} ms, 99 % under {:.2} ms, worst {:.2} ms ({} frames of {}x{})",
        ms(at(0.5)),
        ms(at(0.99)),
        frames.last().copied().map_or(0.0, ms),
        frames.len(),
        SIZE.0,
        SIZE.1
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0)
}

/// The whole program on its demo server in a pseudo terminal: what share of a core it takes while
/// nothing but heartbeats happens.
fn idle(folder: &std::path::Path) {
    let pair = native_pty_system()
        .openpty(PtySize {
            rows: SIZE.1,
            cols: SIZE.0,
            pixel_width: 0,
            pixel_height: 0,
        })
        .expect("a pseudo terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sioscope"));
    command.arg("demo");
    command.env("TERM", "xterm-256color");
    command.env("SIOSCOPE_DATA_DIR", folder);
    command.env("SIOSCOPE_CONFIG_DIR", folder);
    let mut child = pair.slave.spawn_command(command).expect("sioscope starts");
    let pid = child.process_id().expect("a process");
    let mut output = pair.master.try_clone_reader().expect("a reader");
    std::thread::spawn(move || {
        let mut buffer = [0u8; 8192];
        while output.read(&mut buffer).is_ok_and(|read| read > 0) {}
    });
    std::thread::sleep(Duration::from_secs(5));
    let (before, started) = (ticks(pid), Instant::now());
    std::thread::sleep(Duration::from_secs(30));
    let used = (ticks(pid) - before) as f64 / 100.0;
    println!(
        "idle connection on the screen (its demo server included): {:.2} % of a core",
        used / started.elapsed().as_secs_f64() * 100.0
    );
    let _ = child.kill();
    let _ = child.wait();
}

/// User and system time of a process in hundredths of a second.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let field = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
    };
    field(11) + field(12)
}
