//! A program in a pseudo terminal, and what a person would see there.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use serde_json::Value;
use tempfile::TempDir;
use vt100::MouseProtocolMode;

/// How long anything may take before a test gives up. Only a failing test ever waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a program asks on start; every terminal answers it.
const DEVICE_ATTRIBUTES: &[u8] = b"\x1b[c";

/// A program on a screen. Ended when dropped.
pub struct Screen {
    seen: Arc<Seen>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Arc<Mutex<Option<Box<dyn Write + Send>>>>,
    child: Box<dyn Child + Send + Sync>,
    home: TempDir,
    before: Line,
}

/// Filled by the thread that reads.
struct Seen {
    now: Mutex<Now>,
    changed: Condvar,
}

struct Now {
    parser: vt100::Parser,
    /// Everything that was written to the terminal.
    raw: Vec<u8>,
    /// The program's end of the terminal is closed.
    ended: bool,
    /// The terminal is to be taken away from the program.
    unplugged: bool,
}

/// The settings of a terminal's line: echo, whole lines, signals.
type Line = String;

/// The modes that a program switches on and has to switch off.
#[derive(Debug, PartialEq, Eq)]
pub struct Modes {
    pub alternate_screen: bool,
    pub cursor_hidden: bool,
    pub mouse: bool,
    pub bracketed_paste: bool,
    /// Echo, canonical mode and signals are as they were before the program began.
    pub line_as_before: bool,
}

impl Modes {
    /// A terminal as a shell wants it.
    pub const RESTORED: Modes = Modes {
        alternate_screen: false,
        cursor_hidden: false,
        mouse: false,
        bracketed_paste: false,
        line_as_before: true,
    };
}

/// Columns and rows.
pub type Size = (u16, u16);

pub const WIDE: Size = (120, 36);
pub const NARROW: Size = (80, 24);

impl Screen {
    /// `sioscope demo`.
    #[track_caller]
    pub fn demo(size: Size) -> Screen {
        Screen::start(&["demo"], size)
    }

    /// `sioscope ARGS…`.
    #[track_caller]
    pub fn start(args: &[&str], size: Size) -> Screen {
        Screen::start_with(args, size, &[])
    }

    /// `sioscope ARGS…` with further environment variables.
    #[track_caller]
    pub fn start_with(args: &[&str], size: Size, variables: &[(&str, &str)]) -> Screen {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sioscope"));
        command.args(args);
        for (name, value) in variables {
            command.env(name, value);
        }
        Screen::spawn(command, size)
    }

    /// Any program, in a home of its own.
    #[track_caller]
    pub fn spawn(mut command: CommandBuilder, (columns, rows): Size) -> Screen {
        let home = TempDir::new().unwrap();
        command.env("HOME", home.path());
        command.env("SIOSCOPE_DATA_DIR", home.path().join("data"));
        command.env("SIOSCOPE_CONFIG_DIR", home.path().join("config"));
        command.env("TERM", "xterm-256color");
        command.env("TZ", "UTC");
        for name in ["COLORTERM", "SIOSCOPE_LOG", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(proxy);
            command.env_remove(proxy.to_uppercase());
        }
        if command.get_env("NO_COLOR") == std::env::var_os("NO_COLOR").as_deref() {
            command.env_remove("NO_COLOR");
        }
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let before = line(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let writer = Arc::new(Mutex::new(Some(pair.master.take_writer().unwrap())));
        let seen = Arc::new(Seen {
            now: Mutex::new(Now {
                parser: vt100::Parser::new(whole(rows), whole(columns), 0),
                raw: Vec::new(),
                ended: false,
                unplugged: false,
            }),
            changed: Condvar::new(),
        });
        let reader = pair.master.try_clone_reader().unwrap();
        let (filled, answers) = (Arc::clone(&seen), Arc::clone(&writer));
        std::thread::spawn(move || read(reader, &filled, &answers));
        Screen {
            seen,
            master: Some(pair.master),
            writer,
            child,
            home,
            before,
        }
    }

    /// Types keys, as the bytes that a terminal sends for them.
    #[track_caller]
    pub fn type_keys(&self, keys: &str) {
        let mut writer = self.writer.lock().unwrap();
        let writer = writer.as_mut().expect("a terminal that is plugged in");
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Waits until the screen's text is as wanted; returns it.
    #[track_caller]
    pub fn wait_for(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_until("the text that a test waits for", |now| {
            let text = now.parser.screen().contents();
            wanted(&text).then_some(text)
        })
    }

    /// Waits until the screen shows all of these.
    #[track_caller]
    pub fn wait_for_text(&self, wanted: &[&str]) -> String {
        self.wait_until(&format!("{wanted:?}"), |now| {
            let text = now.parser.screen().contents();
            wanted
                .iter()
                .all(|part| text.contains(part))
                .then_some(text)
        })
    }

    /// Types keys and waits until the screen shows all of these; returns the screen's text.
    #[track_caller]
    pub fn after(&self, keys: &str, wanted: &[&str]) -> String {
        self.type_keys(keys);
        self.wait_for_text(wanted)
    }

    #[track_caller]
    fn wait_until<T>(&self, what: &str, wanted: impl Fn(&Now) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut now = self.seen.now.lock().unwrap();
        loop {
            if let Some(found) = wanted(&now) {
                return found;
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if left.is_zero() || now.ended {
                let ended = if now.ended { ", the program ended" } else { "" };
                let screen = now.parser.screen().contents();
                drop(now);
                panic!("waited in vain for {what}{ended}; the screen was:\n{screen}");
            }
            (now, _) = self.seen.changed.wait_timeout(now, left).unwrap();
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.seen.now.lock().unwrap()
    }

    /// The screen's text.
    pub fn text(&self) -> String {
        self.now().parser.screen().contents()
    }

    /// Everything that was written to the terminal so far.
    pub fn raw(&self) -> Vec<u8> {
        self.now().raw.clone()
    }

    /// Gives the terminal another size.
    pub fn resize(&self, (columns, rows): Size) {
        // The screen first: what comes after the signal is meant for the new size.
        let mut now = self.now();
        now.parser.set_size(whole(rows), whole(columns));
        let master = self.master.as_ref().expect("a terminal");
        master.resize(size(columns, rows)).unwrap();
    }

    /// Takes the terminal away, as a closed window or a lost SSH connection does.
    pub fn unplug(&mut self) {
        self.now().unplugged = true;
        // Whatever is drawn next wakes the thread that reads, which lets go then.
        self.type_keys("?");
        self.writer.lock().unwrap().take();
        self.master = None;
    }

    /// Sends a signal by its name without `SIG`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.pid().to_string()])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "kill -{name}");
    }

    /// The program's process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a running program")
    }

    /// Waits until the program is stopped, as by ctrl-z.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn wait_stopped(&self) {
        let path = format!("/proc/{}/stat", self.pid());
        let begun = Instant::now();
        loop {
            let stat = std::fs::read_to_string(&path).unwrap();
            let (_, after) = stat.rsplit_once(") ").unwrap();
            if after.starts_with('T') {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "not stopped:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the program's end; all that it has written is read then.
    #[track_caller]
    pub fn wait_exit(&mut self) -> ExitStatus {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "no end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut now = self.seen.now.lock().unwrap();
        while !now.ended {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            assert!(!left.is_zero(), "the terminal is still held by somebody");
            (now, _) = self.seen.changed.wait_timeout(now, left).unwrap();
        }
        status
    }

    /// The modes of the terminal as they are now.
    pub fn modes(&self) -> Modes {
        let now = self.now();
        let screen = now.parser.screen();
        Modes {
            alternate_screen: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            mouse: screen.mouse_protocol_mode() != MouseProtocolMode::None,
            bracketed_paste: screen.bracketed_paste(),
            line_as_before: self
                .master
                .as_ref()
                .is_some_and(|master| line(&**master) == self.before),
        }
    }

    /// Waits until the modes are as wanted.
    #[track_caller]
    pub fn wait_for_modes(&self, wanted: &Modes) {
        let begun = Instant::now();
        while self.modes() != *wanted {
            assert!(
                begun.elapsed() < PATIENCE,
                "{:?} instead of {wanted:?}",
                self.modes()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The folder for data.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// What the program has left to tell of its panics.
    pub fn reports(&self) -> String {
        std::fs::read_dir(self.data())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "txt"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect()
    }

    /// The one session that was recorded.
    #[track_caller]
    pub fn recorded(&self) -> Recorded {
        let folder = self.data().join("sessions");
        let mut paths = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let path = paths.next().expect("a session file");
        assert_eq!(paths.next(), None);
        Recorded::read(&path)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A session file, as it was left.
pub struct Recorded {
    pub path: PathBuf,
    pub text: String,
    pub records: Vec<Value>,
}

impl Recorded {
    /// Every line has to be whole.
    #[track_caller]
    pub fn read(path: &Path) -> Recorded {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.ends_with('\n'), "cut: {:?}", text.lines().last());
        let records = text
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        Recorded {
            path: path.to_owned(),
            text,
            records,
        }
    }

    /// Whether a frame or a posted body to the server is exactly this.
    pub fn sent(&self, data: &str) -> bool {
        self.records.iter().any(|record| {
            (record["dir"] == "to_server" && record["data"] == data) || record["body"] == data
        })
    }
}

fn read(
    mut reader: Box<dyn Read + Send>,
    seen: &Seen,
    writer: &Mutex<Option<Box<dyn Write + Send>>>,
) {
    let mut bytes = [0; 16 * 1024];
    loop {
        // An error is the end too: Linux says EIO when the program's side is closed.
        let count = reader.read(&mut bytes).unwrap_or(0);
        let mut now = seen.now.lock().unwrap();
        let asked_before = questions(&now.raw);
        now.raw.extend_from_slice(&bytes[..count]);
        now.parser.process(&bytes[..count]);
        let asked = questions(&now.raw) - asked_before;
        now.ended |= count == 0 || now.unplugged;
        let ended = now.ended;
        drop(now);
        seen.changed.notify_all();
        if ended {
            return;
        }
        for _ in 0..asked {
            if let Some(writer) = writer.lock().unwrap().as_mut() {
                let _ = writer.write_all(b"\x1b[?62;22c");
            }
        }
    }
}

/// How often the terminal was asked what it is.
fn questions(raw: &[u8]) -> usize {
    raw.windows(DEVICE_ATTRIBUTES.len())
        .filter(|at| *at == DEVICE_ATTRIBUTES)
        .count()
}

fn line(master: &(dyn MasterPty + Send)) -> Line {
    let set = master.get_termios().expect("the settings of a terminal");
    format!(
        "{:?} {:?} {:?} {:?}",
        set.input_flags, set.output_flags, set.control_flags, set.local_flags
    )
}

fn whole(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a size")
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}
