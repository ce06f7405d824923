//! Sessions to play, and playing them.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::interop::records::{event, namespace, packets_of};
use crate::lab::{Finished, Generation, Lab, Server, Sioscope};

/// A recorded session.
pub struct Recorded {
    folder: TempDir,
}

impl Recorded {
    /// Records `script` against a server: it gets the running `stream`.
    #[track_caller]
    pub fn with(url: &str, args: &[&str], script: impl FnOnce(&Sioscope)) -> Recorded {
        let recorded = Recorded {
            folder: TempDir::new().expect("a temporary directory"),
        };
        let run = Sioscope::stream(url, &[&["--record", &recorded.file()], args].concat());
        run.wait_for(|record| record["k"] == "namespace" && record["state"] == "connected");
        script(&run);
        let finished = run.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        recorded
    }

    /// Records lines for `stream`, one after the other.
    #[track_caller]
    pub fn lines(url: &str, args: &[&str], lines: &[Value]) -> Recorded {
        Recorded::with(url, args, |run| {
            lines.iter().for_each(|line| run.say(line.clone()));
        })
    }

    /// A file with this text.
    pub fn text(text: &str) -> Recorded {
        let recorded = Recorded {
            folder: TempDir::new().expect("a temporary directory"),
        };
        std::fs::write(recorded.file(), text).expect("a file");
        recorded
    }

    /// Its file.
    pub fn file(&self) -> String {
        let file = self.folder.path().join("recorded.sio.jsonl");
        file.to_str().expect("a path that is text").to_owned()
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Plays it again to the end, with nothing on standard input.
    #[track_caller]
    pub fn replay(&self, url: &str, args: &[&str]) -> Finished {
        Sioscope::run(&[&["replay", &self.file(), url], args].concat())
    }
}

/// A server of each implementation: generation 2, generation 4, python.
pub fn servers() -> Vec<(&'static str, Server)> {
    vec![
        ("generation 2", Lab::server(Generation::V2, json!({}))),
        ("generation 4", Lab::server(Generation::V4, json!({}))),
        ("python", Server::python(json!({}))),
    ]
}

/// Something of everything: a greeting, acks, texts of other scripts, binary both ways, a second
/// namespace, a question of the server's and its answer, a late ack.
#[track_caller]
pub fn something_of_everything(url: &str) -> Recorded {
    Recorded::with(url, &["-n", "/", "-n", "/chat"], |run| {
        run.wait_for(namespace("/", "connected"));
        run.wait_for(namespace("/chat", "connected"));
        run.wait_for(event("hello"));
        run.say(json!({ "emit": ["echo", "grüße 🎉", { "n": 1.5, "deep": [null, true] }], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        let bytes = json!({ "$binary": "AAECAwT/" });
        run.say(json!({ "emit": ["echo", bytes, { "also": bytes }], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        run.say(json!({ "emit": ["greet", "ann"], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        run.say(json!({ "emit": ["join", "room"], "nsp": "/chat", "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
        run.say(json!({ "emit": ["say", "room", "to all"], "nsp": "/chat" }));
        run.say(json!({ "wait": { "event": "said" } }));
        run.say(json!({ "emit": ["ask", "how are you?"] }));
        let asked = run.wait_for(event("ask"));
        let id = packets_of(&asked, "to_client")
            .find(|packet| packet["data"][0] == "ask")
            .and_then(|packet| packet["id"].as_u64())
            .expect("an ask has an id");
        run.say(json!({ "answer": ["fine", { "$binary": "//8=" }], "id": id }));
        run.say(json!({ "wait": { "event": "answered" } }));
        run.say(json!({ "emit": ["ack-late", 50, "late"], "ack": true }));
        run.say(json!({ "wait": { "ack": true } }));
    })
}
