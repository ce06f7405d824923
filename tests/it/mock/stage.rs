//! Recording a session, playing it, and what a client saw.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::lab::{Client, Sioscope};
use crate::tap::stage::Tapped;

/// A recorded session.
pub struct Recorded {
    folder: TempDir,
}

impl Recorded {
    /// Records what `work` does with the URL that it is given, before a real server.
    #[track_caller]
    pub fn of(server: &str, work: impl FnOnce(&str)) -> Self {
        let recorded = Self {
            folder: TempDir::new().expect("a folder"),
        };
        let path = recorded.path().display().to_string();
        let tapped = Tapped::before(server, &["--quiet", "--record", &path]);
        work(&tapped.url());
        tapped.stop();
        recorded
    }

    /// A session that a test writes by hand.
    pub fn written(lines: &[Value]) -> Self {
        let recorded = Self {
            folder: TempDir::new().expect("a folder"),
        };
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(recorded.path(), text).expect("a session file");
        recorded
    }

    /// Its file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("session.sio.jsonl")
    }

    /// Plays it.
    #[track_caller]
    pub fn play(&self, args: &[&str]) -> Playing {
        Playing::of(&self.path(), args)
    }
}

/// A running mock.
pub struct Playing {
    pub run: Sioscope,
    url: String,
}

impl Playing {
    /// `sioscope mock FILE --json ARGS…` on a free port.
    #[track_caller]
    pub fn of(file: &Path, args: &[&str]) -> Self {
        let file = file.display().to_string();
        let own = ["mock", &file, "--json", "--listen", "127.0.0.1:0"];
        let run = Sioscope::start(&[&own[..], args].concat());
        let line = run.wait_for_talk("listening on http://127.0.0.1:");
        let url = line.split_whitespace().last().expect("a URL").to_owned();
        Self { run, url }
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Stops it, as whoever started it would; gives its summary.
    #[track_caller]
    pub fn stop(&self) -> Value {
        self.run.signal("TERM");
        let finished = self.run.wait_for_end();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        serde_json::from_str(&finished.stdout).expect("one JSON object")
    }

    /// Stops it; every client did what the session says, nothing else, and all of it.
    #[track_caller]
    pub fn stop_with_all_of_it(&self, place: &str) {
        let summary = self.stop();
        for list in ["unknown", "other_arguments", "again", "unreached", "unsaid"] {
            assert_eq!(summary[list], json!([]), "{list} {place}: {summary}");
        }
        assert_eq!(summary["reached"], summary["cues"], "{place}: {summary}");
    }
}

/// What a client saw, by namespace and kind, in order, without the ids that differ each time.
pub fn seen(client: &Client) -> BTreeMap<String, Vec<Value>> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mut line in client.lines() {
        let saw = line["saw"].as_str().unwrap_or("error").to_owned();
        let told = [
            "connect",
            "event",
            "ack",
            "connect_error",
            "disconnect",
            "error",
        ];
        if !told.contains(&saw.as_str()) {
            continue;
        }
        let nsp = line["nsp"].as_str().unwrap_or_default().to_owned();
        if let Some(members) = line.as_object_mut() {
            members.remove("sid");
            members.remove("id");
        }
        if let Some(from) = line.pointer_mut("/args/0/from") {
            *from = json!("somebody");
        }
        all.entry(format!("{nsp} {saw}")).or_default().push(line);
    }
    all
}
