//! A real headless Chromium with its developer tools.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::Lab;
use super::program::Program;

/// A browser takes a while to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// `tests/lab/browser.js`.
pub struct Browser;

impl Browser {
    /// Opens a page that uses socket.io-client on `server`, and lets the network panel save what
    /// it saw to `har`. Returns what the page heard.
    #[track_caller]
    pub fn record(server: &str, har: &Path) -> Value {
        Self::run(&json!({ "record": server, "har": har }))
    }

    /// Gives a HAR file to the network panel's importer; returns what it would show.
    #[track_caller]
    pub fn import(har: &Path) -> Value {
        Self::run(&json!({ "import": har }))
    }

    #[track_caller]
    fn run(task: &Value) -> Value {
        let found = Command::new("chromium").arg("--version").output();
        assert!(
            found.is_ok(),
            "chromium is missing: run ./tests/install first"
        );
        let program =
            Program::start("the browser", Lab::node("browser.js", task)).with_patience(PATIENCE);
        let done = program.finish();
        assert_eq!(done.code, Some(0), "{}", program.transcript());
        let lines = program.json_lines();
        lines.last().cloned().expect("what it did")
    }
}
