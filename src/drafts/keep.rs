//! Drafts that are added to a file.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{DraftsError, ENVIRONMENT, Shelf, files_in};
use crate::collection::{Draft, addition};

/// The file for drafts where none is named.
const DRAFTS: &str = "drafts.toml";

impl Shelf {
    /// Adds a draft at the end of a file; nothing that is in it is changed. Returns the file.
    ///
    /// Without a file it is the project's `drafts.toml`, or the first of its files; where there is
    /// no folder of the project, the person's own `drafts.toml`. A name is looked for as a
    /// collection is; a new one becomes a file in the project's folder, or the person's own.
    /// Folders and the file are made where they are missing, the file for its owner only: what
    /// was sent may hold secrets.
    ///
    /// # Errors
    /// The file has a mistake or a draft of this name, can't hold this one, or can't be written.
    pub fn keep(&self, draft: &Draft, file: Option<&str>) -> Result<PathBuf, DraftsError> {
        let path = match file {
            Some(name) => self.named(name)?,
            None => self.usual()?,
        };
        let shown = path.display();
        let wrong = |error: std::io::Error| DraftsError(format!("cannot write {shown}: {error}"));
        let before = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(DraftsError(format!("cannot read {shown}: {error}"))),
        };
        let added =
            addition(&before, draft).map_err(|why| DraftsError(format!("{shown}:{why}")))?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        append(&path, &added).map_err(wrong)?;
        Ok(path)
    }

    fn usual(&self) -> Result<PathBuf, DraftsError> {
        let place = self.place()?;
        let usual = place.join(DRAFTS);
        if usual.exists() || place != self.project {
            return Ok(usual);
        }
        let first = files_in(place).unwrap_or_default().into_iter().next();
        Ok(first.unwrap_or(usual))
    }

    /// The folder for new files.
    fn place(&self) -> Result<&Path, DraftsError> {
        if self.project.is_dir() {
            return Ok(&self.project);
        }
        self.own.as_deref().ok_or_else(|| {
            let what = "there is no config directory on this system: make a folder ./sioscope, or name a file";
            DraftsError(what.to_owned())
        })
    }

    fn named(&self, name: &str) -> Result<PathBuf, DraftsError> {
        if name.ends_with(ENVIRONMENT) {
            let what = format!("{name}: a file of variables holds no drafts; take another name");
            return Err(DraftsError(what));
        }
        let home = std::env::var_os("HOME");
        let path = match (Path::new(name).strip_prefix("~"), home) {
            (Ok(rest), Some(home)) => Path::new(&home).join(rest),
            _ => PathBuf::from(name),
        };
        if path.components().count() > 1 {
            return Ok(path);
        }
        match self.find(name, &[""]) {
            Some(found) => Ok(found),
            None => Ok(self.place()?.join(name)),
        }
    }
}

/// Writes at the end of a file; where that fails halfway, what was written is taken back.
fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file: File = options.open(path)?;
    let length = file.metadata()?.len();
    let written = file.write_all(text.as_bytes()).and_then(|()| file.flush());
    if written.is_err() {
        let _ = file.set_len(length);
    }
    written
}
