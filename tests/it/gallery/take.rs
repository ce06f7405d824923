//! One recording in the making.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::interop::records::{namespace, state};
use crate::lab::{Lab, Sioscope};

/// Where the recording goes until it is complete.
pub struct Take {
    folder: TempDir,
    recorded: RefCell<bool>,
}

impl Take {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary directory"),
            recorded: RefCell::new(false),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("take.sio.jsonl")
    }

    /// `sioscope stream URL ARGS… --record FILE`; once for a take. It tries again soon, without
    /// jitter, unless `args` say otherwise.
    #[track_caller]
    pub fn stream(&self, url: &str, args: &[&str]) -> Run {
        assert!(!self.recorded.replace(true), "a take records one session");
        let file = self.file();
        let mut all = vec!["--record", file.to_str().expect("a path in UTF-8")];
        if !args.contains(&"--reconnection-delay") {
            all.extend([
                "--reconnection-delay",
                "100",
                "--reconnection-delay-max",
                "400",
            ]);
            all.extend(["--randomization-factor", "0"]);
        }
        all.extend(args);
        Run(Sioscope::stream(url, &all))
    }

    /// A client written by hand (`tests/lab/raw.js`), which does what `script` says and is
    /// recorded as a tap would; once for a take.
    #[track_caller]
    pub fn by_hand(&self, url: &str, eio: u8, script: Value) {
        assert!(!self.recorded.replace(true), "a take records one session");
        let file = self.file();
        Lab::by_hand(&json!({ "url": url, "eio": eio, "record": file, "script": script }));
    }

    /// The session as it was written.
    #[track_caller]
    pub fn text(&self) -> String {
        let text = fs::read_to_string(self.file()).expect("a session was recorded");
        assert!(text.starts_with("{\"sioscope\":1,"), "{text}");
        text
    }
}

/// The client whose session is recorded.
pub struct Run(pub Sioscope);

impl Run {
    /// Waits until `/` was joined on the `nth` connection (from 1) or a later one.
    #[track_caller]
    pub fn joins(&self, nth: u64) -> Value {
        self.0.wait_for(|record| {
            namespace("/", "connected")(record) && record["c"].as_u64().is_some_and(|c| c >= nth)
        })
    }

    /// Waits until the `nth` connection (from 1) or a later one had ended.
    #[track_caller]
    pub fn ends(&self, nth: u64) -> Value {
        self.0.wait_for(|record| {
            state("connection", "closed")(record) && record["c"].as_u64().is_some_and(|c| c >= nth)
        })
    }

    /// Gives a command line.
    #[track_caller]
    pub fn say(&self, line: Value) {
        self.0.say(line);
    }

    /// Sends an event with an ack and waits for it.
    #[track_caller]
    pub fn echoes(&self, text: &str) {
        let from = self.0.mark();
        self.say(json!({ "emit": ["echo", text], "ack": true }));
        self.say(json!({ "wait": { "ack": true, "timeout_ms": 15_000 } }));
        self.0.wait_from(from, |record| {
            record["k"] == "ack" && (record["state"] == "answered" || record["state"] == "late")
        });
    }

    /// Waits for a record.
    #[track_caller]
    pub fn sees(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.0.wait_for(wanted)
    }

    /// Lets time pass.
    pub fn rests(&self, ms: u64) {
        std::thread::sleep(std::time::Duration::from_millis(ms));
    }

    /// Interrupted, as with Ctrl-C.
    pub fn interrupted(&self) {
        self.0.signal("INT");
        self.0.wait_for_end();
    }

    /// Leaves in good order.
    pub fn leaves(&self) {
        self.0.finish();
    }

    /// Ends by itself.
    pub fn ends_itself(&self) {
        self.0.wait_for_end();
    }
}
