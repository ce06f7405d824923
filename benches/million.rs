//! A session of a million records in the hands of a person: how long until something is seen,
//! until all is read, and until a filter or a search has looked through it all. Beside it what
//! lnav and ripgrep take for the same question on the same file.
//!
//! Everything of sioscope and lnav's first paint is measured on a screen: the program runs in a
//! pseudo terminal, and the clock stops when the words are on it. lnav's filters run headless
//! (`lnav -n`) and read the file anew, which is what its first line is for; ripgrep counts lines.
//!
//! Run with `cargo bench --bench million`; it needs `lnav` and `rg` (`apt-get install lnav
//! ripgrep`), or `-- --without-peers`.

#![expect(clippy::expect_used, reason = "a benchmark may stop where it stands")]

use std::fs::File;
use std::io::{BufWriter, Read as _, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

const RECORDS: u64 = 1_000_000;
/// How the screen writes that number.
const TOLD: &str = "1,000,000";
/// How often each thing is measured; the median is printed.
const ROUNDS: usize = 5;
/// Nothing takes as long as this.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is asked: in words, for sioscope's filter, and as a regex for the others.
const QUESTIONS: [(&str, &str, &str); 4] = [
    ("an event that never came", "ev:tock", r#"tock.","#),
    (
        "one value among all arguments",
        "at:.seq=999000",
        r"seq...999000,",
    ),
    (
        "a word that one record holds",
        "anna-999001",
        r"anna-999001",
    ),
    ("a word that every record holds", "lazy", r"lazy"),
];
/// What is searched for, of which a thousand rows hold one.
const SEARCH: (&str, &str) = (r"/anna-\d+000\b/", r"anna-\d+000\b");

fn main() {
    let peers = !std::env::args().any(|argument| argument == "--without-peers");
    if peers {
        for peer in ["lnav", "rg"] {
            let there = Command::new(peer).arg("-V").stdout(Stdio::null()).status();
            if !there.is_ok_and(|status| status.success()) {
                eprintln!(
                    "{peer} is not there\nwhat to do: apt-get install lnav ripgrep, or run with `-- --without-peers`"
                );
                std::process::exit(1);
            }
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("million.sio.jsonl");
    write(&file).expect("the session is written");
    let size = std::fs::metadata(&file).expect("a file").len();
    println!(
        "a session of {RECORDS} records, {} MiB; medians of {ROUNDS} rounds",
        size >> 20
    );
    open(folder.path(), &file, peers);
    looks(folder.path(), &file, peers);
}

/// Events that differ in their number only.
fn write(path: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(
        out,
        r#"{{"sioscope":1,"started":"2026-01-01T00:00:00.000Z","source":"client","target":"http://localhost:3000/","tool":"0.1.0"}}"#
    )?;
    for n in 1..=RECORDS {
        writeln!(
            out,
            r#"{{"n":{n},"t":{}.{:06},"c":1,"k":"frame","dir":"to_client","op":"text","data":"42/chat,[\"tick\",{{\"user\":\"anna-{n}\",\"seq\":{n},\"text\":\"the quick brown fox jumps over the lazy dog, again and again\"}}]"}}"#,
            n / 1_000,
            n % 1_000 * 1_000
        )?;
    }
    out.flush()
}

/// A program on a screen of 120 by 36.
struct Screen {
    parser: Arc<Mutex<vt100::Parser>>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    begun: Instant,
}

impl Screen {
    fn start(mut command: CommandBuilder, folder: &Path) -> Screen {
        let size = PtySize {
            rows: 36,
            cols: 120,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo terminal");
        command.env("TERM", "xterm-256color");
        for variable in ["SIOSCOPE_DATA_DIR", "SIOSCOPE_CONFIG_DIR", "HOME"] {
            command.env(variable, folder);
        }
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command).expect("it starts");
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let keys = Arc::new(Mutex::new(keys));
        let answers = Arc::clone(&keys);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(cells(36), cells(120), 0)));
        let seen = Arc::clone(&parser);
        std::thread::spawn(move || {
            let _master = pair.master;
            let mut buffer = [0u8; 65_536];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                let bytes = buffer.get(..read).unwrap_or_default();
                // Every terminal answers what it is; a program may wait for it.
                if memchr::memmem::find(bytes, b"\x1b[c").is_some() {
                    let mut keys = answers.lock().expect("a writer");
                    keys.write_all(b"\x1b[?62c").expect("it listens");
                    keys.flush().expect("it listens");
                }
                seen.lock().expect("a screen").process(bytes);
            }
        });
        Screen {
            parser,
            keys,
            child,
            begun,
        }
    }

    fn press(&mut self, keys: &str) {
        let mut writer = self.keys.lock().expect("a writer");
        writer.write_all(keys.as_bytes()).expect("it listens");
        writer.flush().expect("it listens");
    }

    /// Waits until the screen shows what is wanted; returns when that was.
    fn wait(&self, wanted: impl Fn(&str) -> bool) -> Instant {
        let begun = Instant::now();
        loop {
            let text = self.parser.lock().expect("a screen").screen().contents();
            let now = Instant::now();
            if wanted(&text) {
                return now;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain at:\n{text}");
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a size")
}

fn sioscope(file: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sioscope"));
    command.arg("open");
    command.arg(file);
    command
}

fn open(folder: &Path, file: &Path, peers: bool) {
    let (mut first, mut whole, mut memory, mut theirs) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let screen = Screen::start(sioscope(file), folder);
        let seen = screen.wait(|text| text.contains("tick"));
        first.push(seen.duration_since(screen.begun));
        let read = screen.wait(|text| text.contains(&format!("{TOLD} rows ─ follow")));
        whole.push(read.duration_since(screen.begun));
        memory.push(resident(screen.child.process_id().unwrap_or_default()));
        if peers {
            let mut command = CommandBuilder::new("lnav");
            command.arg(file);
            let screen = Screen::start(command, folder);
            let seen = screen.wait(|text| text.contains("tick"));
            theirs.push(seen.duration_since(screen.begun));
        }
    }
    println!("open");
    println!(
        "  until the first row is seen       sioscope {:>8.1} ms",
        ms(median(first))
    );
    if peers {
        println!(
            "                                    lnav     {:>8.1} ms",
            ms(median(theirs))
        );
    }
    println!(
        "  until all is read                 sioscope {:>8.1} ms",
        ms(median(whole))
    );
    memory.sort_unstable();
    println!(
        "  resident with all of it read      sioscope {:>8.1} MiB",
        memory.get(ROUNDS / 2).copied().unwrap_or_default() as f64 / 1_024.0
    );
}

fn looks(folder: &Path, file: &Path, peers: bool) {
    let mut screen = Screen::start(sioscope(file), folder);
    screen.wait(|text| text.contains(&format!("{TOLD} rows ─ follow")));
    for (words, filter, regex) in QUESTIONS {
        let (mut hit, mut whole) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            screen.press("f");
            screen.press(filter);
            // The prompt has all of it, and the list is not made anew before enter.
            screen.wait(|text| text.lines().any(|line| line.contains(filter)));
            let begun = Instant::now();
            screen.press("\r");
            let done =
                |text: &str| text.contains(&format!("of {TOLD}")) && !text.contains("reading ");
            let any = |text: &str| text.contains(" tick ") && text.contains("of 1,") || done(text);
            hit.push(screen.wait(any).duration_since(begun));
            whole.push(screen.wait(done).duration_since(begun));
            // Back to the whole list.
            screen.press("f");
            for _ in 0..filter.len() {
                screen.press("\x7f");
            }
            screen.press("\r");
            screen.wait(|text| text.contains(&format!("{TOLD} rows")));
        }
        println!("filter for {words}: {filter}");
        println!(
            "  first rows or none                sioscope {:>8.1} ms",
            ms(median(hit))
        );
        println!(
            "  whole                             sioscope {:>8.1} ms",
            ms(median(whole))
        );
        if peers {
            others(file, regex);
        }
    }
    let mut whole = vec![];
    for _ in 0..ROUNDS {
        screen.press("/");
        screen.press(SEARCH.0);
        screen.wait(|text| text.contains(SEARCH.0));
        let begun = Instant::now();
        screen.press("\r");
        whole.push(
            screen
                .wait(|text| text.contains("of 1,000 hits"))
                .duration_since(begun),
        );
        screen.press("\x1b");
        screen.wait(|text| !text.contains(" hits"));
    }
    println!("search for a regex: {}", SEARCH.0);
    println!(
        "  whole                             sioscope {:>8.1} ms",
        ms(median(whole))
    );
    if peers {
        others(file, SEARCH.1);
    }
}

/// What the peers take for a regex.
fn others(file: &Path, regex: &str) {
    let filter = format!(":filter-in {regex}");
    for (name, arguments) in [
        ("lnav -n", vec!["-n", "-c", &filter]),
        ("rg -c", vec!["-c", regex]),
    ] {
        let mut took = vec![];
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let status = Command::new(name.split(' ').next().unwrap_or_default())
                .args(&arguments)
                .arg(file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            status.expect("the peer runs");
            took.push(begun.elapsed());
        }
        println!(
            "                                    {name:<8} {:>8.1} ms",
            ms(median(took))
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Resident memory of a process in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0)
}
