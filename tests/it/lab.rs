//! The laboratory: real Socket.IO servers and clients as child processes, and the built program
//! beside them.
//!
//! Every child ends with the test that started it: it is killed when its handle is dropped, and
//! the scripts end by themselves when their standard input closes. Every wait has a deadline, and
//! whoever waits in vain is shown everything that the child said. A missing part is a failure
//! with the command that installs it, never a skipped test.

mod browser;
mod client;
mod nginx;
mod program;
mod relay;
mod self_test;
mod server;
mod sioscope;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

pub use browser::Browser;
pub use client::Client;
pub use nginx::{Nginx, Site, free_port};
pub use program::Finished;
pub use relay::{Fate, Relay, Wire};
pub use server::Server;
pub use sioscope::Sioscope;

/// How long anything may take before a test gives up. Only a failing test ever waits this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server's or client's configuration as `tests/lab/server.js` and `client.js` describe it:
/// the lab's own keys and Socket.IO's options, by their official names.
pub type Options = Value;

/// A generation of the JavaScript implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Socket.IO 1.7
    V1,
    /// Socket.IO 2.5
    V2,
    /// Socket.IO 3.1
    V3,
    /// Socket.IO 4
    V4,
}

impl Generation {
    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2, Self::V3, Self::V4];

    /// The number in its name.
    pub fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    /// The `EIO` of its query string.
    pub fn eio(self) -> u8 {
        match self {
            Self::V1 | Self::V2 => 3,
            Self::V3 | Self::V4 => 4,
        }
    }
}

/// Where the parts come from.
pub struct Lab;

impl Lab {
    /// A JavaScript server of a generation, ready for connections.
    #[track_caller]
    pub fn server(generation: Generation, options: Options) -> Server {
        Server::node(generation, options)
    }

    /// The official JavaScript client of a generation, connecting to `url`. See [`Client::start`].
    #[track_caller]
    pub fn client(generation: Generation, url: &str, options: Options) -> Client {
        Client::start(generation, url, options)
    }

    /// A client written by hand, `tests/lab/raw.js`, run until its script is done.
    #[track_caller]
    pub fn by_hand(configuration: &Value) {
        let command = Self::node("raw.js", configuration);
        let program = program::Program::start("the client written by hand", command);
        program.close_stdin();
        program.finish();
    }

    /// Runs a scenario in the real Artillery, with variables of the environment, to its end.
    #[track_caller]
    pub fn artillery(scenario: &Path, variables: &[(&str, &str)]) -> Finished {
        let directory = Self::directory().join("artillery");
        let needed = directory.join("node_modules/.installed");
        assert!(
            needed.exists(),
            "{} is missing: run ./tests/install first",
            needed.display()
        );
        let mut command = Command::new("node");
        command
            .current_dir(&directory)
            .args(["--no-deprecation", "node_modules/artillery/bin/run", "run"])
            .arg(scenario)
            .env("ARTILLERY_DISABLE_TELEMETRY", "true")
            .envs(variables.iter().copied());
        let program = program::Program::start("artillery", command);
        program.with_patience(Duration::from_secs(90)).finish()
    }

    /// `tests/lab`, where the scripts and what they need lie.
    fn directory() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab")
    }

    /// A command for a script of the lab, with its configuration as the one argument.
    #[track_caller]
    fn script(interpreter: &Path, needs: &str, script: &str, configuration: &Value) -> Command {
        let directory = Self::directory();
        let needed = directory.join(needs);
        assert!(
            needed.exists(),
            "{} is missing: run ./tests/install first",
            needed.display()
        );
        let mut command = Command::new(interpreter);
        command.current_dir(&directory);
        if script.ends_with(".js") {
            // The first generation uses what node has deprecated since; that is not news.
            command.arg("--no-deprecation");
        }
        command.arg(script).arg(configuration.to_string());
        command
    }

    /// A node script of the lab.
    #[track_caller]
    fn node(script: &str, configuration: &Value) -> Command {
        Self::script(
            Path::new("node"),
            "node_modules/.installed",
            script,
            configuration,
        )
    }

    /// A python script of the lab.
    #[track_caller]
    fn python(script: &str, configuration: &Value) -> Command {
        let interpreter = Self::directory().join(".venv/bin/python");
        Self::script(&interpreter, ".venv/.installed", script, configuration)
    }
}

/// `options` with further keys; what the test gave wins.
fn with_defaults(options: Options, defaults: Value) -> Value {
    let (Value::Object(given), Value::Object(mut whole)) = (options, defaults) else {
        panic!("options are a JSON object");
    };
    whole.extend(given);
    Value::Object(whole)
}
