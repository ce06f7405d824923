//! `sioscope diff` on sessions that were recorded against real servers: the same twice, one with a
//! reply changed, direct and behind a real nginx, our client and rust_socketio.

mod pages;
mod recorded;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::lab::Sioscope;

/// A folder of sessions of one test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(TempDir::new().expect("a temporary folder"))
    }

    /// Records what a client does that is told `commands`.
    #[track_caller]
    fn record(&self, name: &str, url: &str, args: &[&str], commands: &[Value]) -> PathBuf {
        let file = self.0.path().join(format!("{name}.sio.jsonl"));
        let path = file.to_str().expect("a path of text");
        let run = Sioscope::stream(url, &[&["--quiet", "--record", path], args].concat());
        for command in commands {
            run.say(command.clone());
        }
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{name}: {finished:?}");
        file
    }
}

/// Emits with and without acks, a question of the server's, binary, and the upgrade behind it.
fn talk() -> Vec<Value> {
    vec![
        json!({ "wait": { "event": "hello" } }),
        json!({ "emit": ["echo", { "n": 1 }], "ack": true }),
        json!({ "emit": ["echo", { "n": 2 }], "ack": true }),
        json!({ "wait": { "ack": true } }),
        json!({ "emit": ["ask", "why?"] }),
        json!({ "wait": { "event": "ask" } }),
        json!({ "emit": ["binary", 4] }),
        json!({ "wait": { "event": "binary" } }),
        json!({ "emit": ["whoami"], "ack": true }),
        json!({ "wait": { "ack": true } }),
    ]
}

/// What `diff --json` said.
struct Said {
    code: Option<i32>,
    object: Value,
}

#[track_caller]
fn diff(a: &Path, b: &Path, args: &[&str]) -> Said {
    let paths = [a, b].map(|path| path.to_str().expect("a path of text"));
    let finished = Sioscope::run(&[&["diff", paths[0], paths[1], "--json"], args].concat());
    let object = serde_json::from_str(finished.stdout.trim())
        .unwrap_or_else(|error| panic!("diff {paths:?}: {error}: {finished:?}"));
    Said {
        code: finished.code,
        object,
    }
}

impl Said {
    #[track_caller]
    fn differences(&self) -> &[Value] {
        self.object["differences"].as_array().expect("a list")
    }

    /// What the differences are about, in their order.
    fn about(&self) -> Vec<&str> {
        (self.differences().iter())
            .filter_map(|difference| difference["about"].as_str())
            .collect()
    }

    #[track_caller]
    fn is_equal(&self) {
        assert_eq!(self.object, json!({ "equal": true, "differences": [] }));
        assert_eq!(self.code, Some(0));
    }

    /// The first difference, of a comparison that found some.
    #[track_caller]
    fn first(&self) -> &Value {
        assert_eq!(self.code, Some(1), "{}", self.object);
        assert_eq!(self.object["equal"], false);
        &self.differences()[0]
    }
}
