//! The table of floors in `src/lib.rs`, kept true: a file uses what lies on a lower floor only,
//! modules of one floor do not use each other, and what is pure touches no network, file or clock.

mod paths;

use std::fs;
use std::path::{Path, PathBuf};

use paths::{Use, uses};

/// The top-level modules and the floors they live on. `lib.rs` only lists them, and `main.rs`,
/// above all of them, may use any.
const FLOORS: &[(&str, u8)] = &[
    ("protocol", 0),
    ("path", 0),
    ("place", 0),
    ("journal", 0),
    ("visible", 0),
    ("notices", 0),
    ("folders", 0),
    ("private", 0),
    ("model", 1),
    ("net", 1),
    ("faults", 1),
    ("collection", 1),
    ("client", 2),
    ("tap", 2),
    ("demo", 2),
    ("drafts", 2),
    ("diagnosis", 2),
    ("replay", 3),
    ("doctor", 3),
    ("export", 3),
    ("scope", 4),
    ("tui", 5),
    ("cli", 5),
];

/// Modules that take in values and give out values.
const PURE: &[&str] = &[
    "protocol",
    "path",
    "place",
    "model",
    "faults",
    "collection",
    "diagnosis",
];

/// What a pure module never names.
const IMPURE: &[&str] = &[
    "tokio",
    "hyper",
    "std::net",
    "std::fs",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
];

fn floor(module: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, floor)| *floor)
}

/// What is wrong with one file, one line a fault. `path` is relative to `src`.
fn faults_of(path: &Path, source: &str) -> Vec<String> {
    let shown = format!("src/{}", path.display());
    let module: Vec<String> = path
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let Some(top) = module
        .first()
        .filter(|top| !matches!(top.as_str(), "lib" | "main"))
    else {
        return Vec::new();
    };
    let Some(own) = floor(top) else {
        return vec![format!(
            "{shown}:1: the module `{top}` has no floor: give it one in tests/it/floors.rs and src/lib.rs"
        )];
    };
    let mut faults = Vec::new();
    for Use {
        line,
        path,
        in_tests,
    } in uses(&module, source)
    {
        // A path of our own begins with `crate`; any other with the name of another crate.
        let inside = path
            .strip_prefix("crate::")
            .and_then(|rest| rest.split("::").next());
        if let Some(used) = inside.filter(|used| used != top)
            && let Some(theirs) = floor(used).filter(|theirs| *theirs >= own)
        {
            let why = if theirs == own {
                "of the same floor"
            } else {
                "of a higher floor"
            };
            faults.push(format!(
                "{shown}:{line}: `{top}` (floor {own}) uses `{used}` (floor {theirs}), {why}"
            ));
        }
        // Tests of a pure module may do what they like.
        if PURE.contains(&top.as_str()) && inside.is_none() && !in_tests {
            let named = |word: &&&str| format!("::{path}::").contains(&format!("::{word}::"));
            if let Some(word) = IMPURE.iter().find(named) {
                faults.push(format!(
                    "{shown}:{line}: `{top}` is pure, and this names `{word}`"
                ));
            }
        }
    }
    faults.dedup(); // a `use` with braces names a module several times on one line
    faults
}

/// Every Rust file under `directory`.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory of sources") {
        let path = entry.expect("an entry of a directory of sources").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn every_file_uses_lower_floors_only() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&sources);
    assert!(
        files.iter().any(|file| file.ends_with("lib.rs")),
        "no sources found in {}",
        sources.display()
    );
    let faults: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let source = fs::read_to_string(file).expect("a readable source");
            faults_of(
                file.strip_prefix(&sources).expect("a file under src"),
                &source,
            )
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn each_kind_of_violation_is_found_with_its_line() {
    for (path, source, fault) in [
        (
            "protocol/engine.rs",
            "use crate::journal::record;\n",
            "src/protocol/engine.rs:1: `protocol` (floor 0) uses `journal` (floor 0), of the same floor",
        ),
        (
            "model.rs",
            "\n\nfn f() -> crate::client::Machine { x }\n",
            "src/model.rs:3: `model` (floor 1) uses `client` (floor 2), of a higher floor",
        ),
        (
            "tui/screen.rs",
            "use crate::{\n    scope::Scope,\n    cli::{self, args},\n};\n",
            "src/tui/screen.rs:3: `tui` (floor 5) uses `cli` (floor 5), of the same floor",
        ),
        (
            "client/machine.rs",
            "use super::super::scope::Scope;\n",
            "src/client/machine.rs:1: `client` (floor 2) uses `scope` (floor 4), of a higher floor",
        ),
        (
            "net.rs",
            "use super::demo;\n",
            "src/net.rs:1: `net` (floor 1) uses `demo` (floor 2), of a higher floor",
        ),
        (
            "net.rs",
            "mod tests {\n    use super::super::demo;\n}\n",
            "src/net.rs:2: `net` (floor 1) uses `demo` (floor 2), of a higher floor",
        ),
        (
            "net.rs",
            "pub(crate) use crate::client as c;\n",
            "src/net.rs:1: `net` (floor 1) uses `client` (floor 2), of a higher floor",
        ),
        (
            "protocol.rs",
            "use std::time::Instant;\nfn f() { Instant::now(); }\n",
            "src/protocol.rs:2: `protocol` is pure, and this names `Instant::now`",
        ),
        (
            "model/heartbeat.rs",
            "use tokio::time::sleep;\n",
            "src/model/heartbeat.rs:1: `model` is pure, and this names `tokio`",
        ),
        (
            "model.rs",
            "use std::{fmt, net::IpAddr};\n",
            "src/model.rs:1: `model` is pure, and this names `std::net`",
        ),
        (
            "attic.rs",
            "",
            "src/attic.rs:1: the module `attic` has no floor: give it one in tests/it/floors.rs and src/lib.rs",
        ),
    ] {
        assert_eq!(
            faults_of(Path::new(path), source),
            [fault],
            "{path}: {source}"
        );
    }
}

#[test]
fn what_the_table_allows_is_no_violation() {
    for (path, source) in [
        (
            "client/machine.rs",
            "use crate::{net, protocol::engine, journal};\nuse super::polling;\nuse crate::client::websocket;\n",
        ),
        ("tap/relay.rs", "use crate::net::dial;\n"),
        ("lib.rs", "pub mod cli;\npub use crate::tui;\n"),
        ("main.rs", "use crate::tui;\n"),
        ("model.rs", "mod tests {\n    use std::fs;\n}\n"),
        ("protocol/socket/tests.rs", "use std::fs;\n"),
        // Names of modules that are not ours to judge: submodules, comments, texts, visibility.
        (
            "client/machine.rs",
            "use super::scope;\nuse self::tui::x;\npub(in crate::client) fn f() {}\n",
        ),
        ("net.rs", "mod tests {\n    use super::demo;\n}\n"),
        (
            "protocol.rs",
            "//! See [`crate::tui`].\n/* crate::cli /* crate::tui */ */\nconst A: &str = \"crate::tui\";\nconst B: &str = r#\"use crate::cli; \"\"#;\nconst C: char = '\"';\n",
        ),
        (
            "model.rs",
            "use std::time::Duration;\nfn f<'a>(x: &'a str) -> &'a str { x }\n",
        ),
    ] {
        assert_eq!(
            faults_of(Path::new(path), source),
            [""; 0],
            "{path}: {source}"
        );
    }
}
