//! A child process that is talked to in lines.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::PATIENCE;

/// Which of the child's streams a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output: data.
    Out,
    /// Standard error: talk.
    Err,
}

struct Line {
    stream: Stream,
    text: String,
    /// What a line of standard output says, where it is JSON.
    json: Option<Value>,
}

#[derive(Default)]
struct Heard {
    lines: Vec<Line>,
    /// Streams that may still bring lines.
    open: usize,
}

#[derive(Default)]
struct Ear {
    heard: Mutex<Heard>,
    changed: Condvar,
}

/// What a program left behind when it had ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output, with `\n` after each line.
    pub stdout: String,
    /// Its standard error, likewise.
    pub stderr: String,
}

/// A running child. It is killed when this is dropped.
pub struct Program {
    name: String,
    child: Mutex<Child>,
    stdin: Mutex<Option<ChildStdin>>,
    ear: Arc<Ear>,
    patience: Duration,
}

impl Program {
    /// Starts `command` with all three streams piped; `name` is for the panics.
    #[track_caller]
    pub fn start(name: impl Into<String>, mut command: Command) -> Self {
        let name = name.into();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            let program = command.get_program().to_string_lossy().into_owned();
            panic!("{name}: `{program}` does not start ({error}): run ./tests/install first");
        });
        let stdin = child.stdin.take();
        let ear = Arc::new(Ear::default());
        if let Some(out) = child.stdout.take() {
            listen(&ear, out, Stream::Out);
        }
        if let Some(err) = child.stderr.take() {
            listen(&ear, err, Stream::Err);
        }
        Self {
            name,
            child: Mutex::new(child),
            stdin: Mutex::new(stdin),
            ear,
            patience: PATIENCE,
        }
    }

    /// Gives up sooner or later than [`PATIENCE`].
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        unpoisoned(&self.child).id()
    }

    /// Writes one line to standard input.
    #[track_caller]
    pub fn write_line(&self, line: &str) {
        let mut stdin = unpoisoned(&self.stdin);
        let written = match stdin.as_mut() {
            Some(pipe) => pipe
                .write_all(format!("{line}\n").as_bytes())
                .and_then(|()| pipe.flush()),
            None => panic!("{}: standard input was closed before {line}", self.name),
        };
        drop(stdin);
        if let Err(error) = written {
            panic!(
                "{} does not listen any more ({error}) to {line}\n{}",
                self.name,
                self.transcript()
            );
        }
    }

    /// Ends standard input.
    pub fn close_stdin(&self) {
        unpoisoned(&self.stdin).take();
    }

    /// How many lines came so far: a place to look from.
    pub fn mark(&self) -> usize {
        unpoisoned(&self.ear.heard).lines.len()
    }

    /// Waits for a JSON line of standard output from place `from` on that `wanted` accepts, and
    /// returns it with the place after it. Panics with all lines when it does not come in time
    /// or can't come any more.
    #[track_caller]
    pub fn wait_from(&self, from: usize, wanted: impl Fn(&Value) -> bool) -> (Value, usize) {
        let found = self.look_from(from, |line| {
            line.json.as_ref().filter(|json| wanted(json)).cloned()
        });
        found.unwrap_or_else(|why| panic!("{}: {why}\n{}", self.name, self.transcript()))
    }

    /// Waits for a line of standard error that contains `text`, and returns the line.
    #[track_caller]
    pub fn wait_for_talk(&self, text: &str) -> String {
        let wanted = |line: &Line| {
            (line.stream == Stream::Err && line.text.contains(text)).then(|| line.text.clone())
        };
        match self.look_from(0, wanted) {
            Ok((line, _)) => line,
            Err(why) => panic!(
                "{}: {why} ({text:?} on standard error)\n{}",
                self.name,
                self.transcript()
            ),
        }
    }

    fn look_from<T>(
        &self,
        from: usize,
        wanted: impl Fn(&Line) -> Option<T>,
    ) -> Result<(T, usize), &'static str> {
        let deadline = Instant::now() + self.patience;
        let mut heard = unpoisoned(&self.ear.heard);
        let mut next = from;
        loop {
            while let Some(line) = heard.lines.get(next) {
                next += 1;
                if let Some(found) = wanted(line) {
                    return Ok((found, next));
                }
            }
            if heard.open == 0 {
                return Err("it ended before what was waited for came");
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("what was waited for did not come in time");
            }
            heard = wait(&self.ear.changed, heard, left);
        }
    }

    /// Every JSON line of standard output so far.
    pub fn json_lines(&self) -> Vec<Value> {
        unpoisoned(&self.ear.heard)
            .lines
            .iter()
            .filter_map(|line| line.json.clone())
            .collect()
    }

    /// Everything that came over a stream so far.
    pub fn text(&self, stream: Stream) -> String {
        let heard = unpoisoned(&self.ear.heard);
        let lines = heard.lines.iter().filter(|line| line.stream == stream);
        lines.fold(String::new(), |mut text, line| {
            text.push_str(&line.text);
            text.push('\n');
            text
        })
    }

    /// Waits until the child has ended by itself.
    #[track_caller]
    pub fn finish(&self) -> Finished {
        match self.wait_for_end(self.patience) {
            Some(status) => Finished {
                code: status.code(),
                stdout: self.text(Stream::Out),
                stderr: self.text(Stream::Err),
            },
            None => panic!("{} does not end\n{}", self.name, self.transcript()),
        }
    }

    /// Whether both of its streams have ended.
    pub fn has_ended(&self) -> bool {
        unpoisoned(&self.ear.heard).open == 0
    }

    /// Sends a signal by its name without `SIG`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.pid().to_string()])
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "kill -{name} failed\n{}",
            self.transcript()
        );
    }

    /// Kills the child at once, as `kill -9` does, and waits for its end.
    pub fn kill(&self) {
        let mut child = unpoisoned(&self.child);
        // Both fail only where the child has ended and was waited for.
        let _ = child.kill();
        let _ = child.wait();
    }

    fn wait_for_end(&self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        let mut heard = unpoisoned(&self.ear.heard);
        while heard.open > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            heard = wait(&self.ear.changed, heard, left);
        }
        drop(heard);
        // Both streams have ended, so the process is about to.
        loop {
            if let Ok(Some(status)) = unpoisoned(&self.child).try_wait() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// All that was heard, for a panic.
    pub fn transcript(&self) -> String {
        let heard = unpoisoned(&self.ear.heard);
        let mut text = format!("--- all that {} said:\n", self.name);
        for line in &heard.lines {
            let sign = if line.stream == Stream::Err { "!" } else { " " };
            let _ = writeln!(text, "{sign} {}", line.text);
        }
        text.push_str(if heard.open == 0 {
            "--- and then it ended"
        } else {
            "--- and it is still running"
        });
        text
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

fn listen(ear: &Arc<Ear>, stream: impl Read + Send + 'static, which: Stream) {
    unpoisoned(&ear.heard).open += 1;
    let ear = Arc::clone(ear);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(read) if read > 0) {
            let text = String::from_utf8_lossy(&bytes)
                .trim_end_matches('\n')
                .to_owned();
            let json = (which == Stream::Out)
                .then(|| serde_json::from_str(&text).ok())
                .flatten();
            unpoisoned(&ear.heard).lines.push(Line {
                stream: which,
                text,
                json,
            });
            ear.changed.notify_all();
            bytes.clear();
        }
        unpoisoned(&ear.heard).open -= 1;
        ear.changed.notify_all();
    });
}

fn wait<'a>(
    changed: &Condvar,
    heard: MutexGuard<'a, Heard>,
    left: Duration,
) -> MutexGuard<'a, Heard> {
    changed
        .wait_timeout(heard, left)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}

/// A lock whatever became of the thread that held it: a failed test must still kill its children.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
