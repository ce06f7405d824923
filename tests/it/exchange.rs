//! Sessions for others and from others: export, import, a real browser, a real load tester, and
//! files that can't be read.

mod artillery;
mod browser;
mod firefox;
mod flows;
mod foreign;
mod handed;
mod kept;
mod secrets;

use std::path::Path;

use serde_json::Value;

use crate::lab::Sioscope;

/// A path as an argument.
fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

/// Exports a file and gives what came on stdout and on stderr.
#[track_caller]
fn export(file: &Path, format: &str, options: &[&str]) -> (String, String) {
    let args = [&["export", text(file), "--format", format], options].concat();
    let done = Sioscope::run(&args);
    assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
    (done.stdout, done.stderr)
}

/// The records of a session, decoded.
#[track_caller]
fn decoded(file: &Path) -> Vec<Value> {
    let (lines, _) = export(file, "jsonl", &[]);
    let lines = lines.lines().skip(1);
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}
