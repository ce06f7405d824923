//! Views of sessions, kept in a file each beside the sessions folder.
//!
//! What goes wrong here is never in the person's way: a view that can't be read is a fresh one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::journal::file::sessions_dir;
use crate::tui::remembered::Remembered;

/// Views that are kept; the oldest go.
const KEPT: usize = 500;

/// The file for the view of the session in this file.
fn file_for(session: &Path) -> Option<PathBuf> {
    let whole = fs::canonicalize(session).ok()?;
    let mut hash = 0xcbf2_9ce4_8422_2325u64; // FNV-1a: the same name in every run.
    for byte in whole.as_os_str().as_encoded_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    Some(views_dir()?.join(format!("{hash:016x}.json")))
}

fn views_dir() -> Option<PathBuf> {
    Some(sessions_dir()?.parent()?.join("views"))
}

/// The view that was left, where there is one.
pub(super) fn load(session: &Path) -> Option<Remembered> {
    let text = fs::read(file_for(session)?).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Keeps a view; one that says nothing is taken away.
pub(super) fn keep(session: &Path, view: &Remembered) {
    let Some(path) = file_for(session) else {
        return;
    };
    if !view.is_worth_keeping() {
        let _ = fs::remove_file(path);
        return;
    }
    let Ok(text) = serde_json::to_vec(view) else {
        return;
    };
    if let Some(dir) = path.parent() {
        let _ = fs::create_dir_all(dir);
        prune(dir);
    }
    // Written aside and renamed, so that another sioscope never reads half of it.
    let aside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = crate::private::create(&aside).and_then(|mut file| file.write_all(&text));
    let renamed = written.and_then(|()| fs::rename(&aside, &path));
    if renamed.is_err() {
        let _ = fs::remove_file(aside);
    }
}

fn prune(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    let mut files: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let old = files.len().saturating_sub(KEPT);
    for (_, path) in files.into_iter().take(old) {
        let _ = fs::remove_file(path);
    }
}
