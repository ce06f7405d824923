//! A real Socket.IO server.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::program::Program;
use super::{Generation, Lab, Options, with_defaults};

/// A server that listens on a free port of 127.0.0.1 until this is dropped.
pub struct Server {
    program: Program,
    port: u16,
    /// Where the next [`Server::expect_next`] looks from.
    next: Mutex<usize>,
}

impl Server {
    /// `tests/lab/server.js` of a generation.
    #[track_caller]
    pub fn node(generation: Generation, options: Options) -> Self {
        let configuration = with_defaults(options, json!({ "generation": generation.number() }));
        Self::start(
            format!("the server of generation {}", generation.number()),
            Lab::node("server.js", &configuration),
        )
    }

    /// `tests/lab/server.py`: python-socketio. It announces its heartbeat in whole seconds only.
    #[track_caller]
    pub fn python(options: Options) -> Self {
        Self::start(
            "the python server".to_owned(),
            Lab::python("server.py", &with_defaults(options, json!({}))),
        )
    }

    #[track_caller]
    fn start(name: String, command: std::process::Command) -> Self {
        let program = Program::start(name, command);
        let (ready, next) = program.wait_from(0, |line| line["port"].is_u64());
        let port = ready["port"]
            .as_u64()
            .and_then(|port| u16::try_from(port).ok())
            .expect("a port number");
        Self {
            program,
            port,
            next: Mutex::new(next),
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Gives a control line, `{"do":…}`, and waits until it was carried out.
    #[track_caller]
    pub fn say(&self, line: Value) {
        let from = self.program.mark();
        self.program.write_line(&line.to_string());
        let (reply, _) = self.program.wait_from(from, |seen| {
            seen["done"] == line["do"] || seen["error"].is_string()
        });
        assert!(
            reply["error"].is_null(),
            "the server can't do {line}: {reply}\n{}",
            self.program.transcript()
        );
    }

    /// Waits for a line that `wanted` accepts, among all that it ever printed.
    #[track_caller]
    pub fn expect(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.program.wait_from(0, wanted).0
    }

    /// Waits for a line that `wanted` accepts after the one that this method returned last.
    #[track_caller]
    pub fn expect_next(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let from = *self.next.lock().expect("no test panics while it looks");
        let (line, next) = self.program.wait_from(from, wanted);
        *self.next.lock().expect("no test panics while it looks") = next;
        line
    }

    /// Everything that it printed so far.
    pub fn lines(&self) -> Vec<Value> {
        self.program.json_lines()
    }

    /// Kills it without warning, as an out-of-memory killer does.
    pub fn kill(&self) {
        self.program.kill();
    }

    /// Sends a signal by its name without `SIG`: `STOP` for a process that hangs, `CONT` for one
    /// that goes on.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        self.program.signal(name);
    }

    /// Closes its standard input and waits for its end; returns the exit code.
    #[track_caller]
    pub fn hang_up(&self) -> Option<i32> {
        self.program.close_stdin();
        self.program.finish().code
    }
}
