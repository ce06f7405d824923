//! The built program, run as a user runs it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::program::{Finished, Program};

/// A running `sioscope` with a home of its own: nothing of the person who runs the tests is read
/// or written, and no proxy of their environment is used.
pub struct Sioscope {
    program: Program,
    home: TempDir,
}

impl Sioscope {
    /// `sioscope stream URL ARGS…`.
    #[track_caller]
    pub fn stream(url: &str, args: &[&str]) -> Self {
        Self::start(&[&["stream", url], args].concat())
    }

    /// Runs a command to its end, with nothing on standard input.
    #[track_caller]
    pub fn run(args: &[&str]) -> Finished {
        Self::start(args).finish()
    }

    /// Starts `sioscope ARGS…` with all streams piped.
    #[track_caller]
    pub fn start(args: &[&str]) -> Self {
        let home = TempDir::new().expect("a temporary directory for the program's home");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sioscope"));
        command.args(args).env("HOME", home.path());
        for (name, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
        ] {
            command.env(name, home.path().join(folder));
        }
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(proxy).env_remove(proxy.to_uppercase());
        }
        command
            .env_remove("RUST_LOG")
            .env_remove("NO_COLOR")
            .env("RUST_BACKTRACE", "1");
        Self {
            program: Program::start(format!("sioscope {}", args.join(" ")), command),
            home,
        }
    }

    /// With another time in which it has to end; for commands that take theirs.
    pub fn with_patience(mut self, patience: std::time::Duration) -> Self {
        self.program = self.program.with_patience(patience);
        self
    }

    /// Gives a command line.
    #[track_caller]
    pub fn say(&self, line: Value) {
        self.program.write_line(&line.to_string());
    }

    /// Gives a line that need not be JSON.
    #[track_caller]
    pub fn say_text(&self, line: &str) {
        self.program.write_line(line);
    }

    /// Waits for a record that `wanted` accepts, among all that came. The header counts as one.
    #[track_caller]
    pub fn wait_for(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.program.wait_from(0, wanted).0
    }

    /// As [`Sioscope::wait_for`], but only among the records after place `from`
    /// (see [`Sioscope::mark`]); returns the record and the place after it.
    #[track_caller]
    pub fn wait_from(&self, from: usize, wanted: impl Fn(&Value) -> bool) -> (Value, usize) {
        self.program.wait_from(from, wanted)
    }

    /// The place after all that came so far.
    pub fn mark(&self) -> usize {
        self.program.mark()
    }

    /// Waits for a line of standard error that contains `text`.
    #[track_caller]
    pub fn wait_for_talk(&self, text: &str) -> String {
        self.program.wait_for_talk(text)
    }

    /// The records so far, the header first.
    pub fn records(&self) -> Vec<Value> {
        self.program.json_lines()
    }

    /// The directory that is its home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `kill -9`.
    pub fn kill(&self) {
        self.program.kill();
    }

    /// Sends a signal by its name without `SIG`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        self.program.signal(name);
    }

    /// Ends standard input and waits for the program's end.
    #[track_caller]
    pub fn finish(&self) -> Finished {
        self.program.close_stdin();
        self.program.finish()
    }

    /// Waits for the program's end with its standard input still open.
    #[track_caller]
    pub fn wait_for_end(&self) -> Finished {
        self.program.finish()
    }
}
