//! The folders in which collections of drafts lie: what is found there, read and added to.
//! **Floor 2.**
//!
//! A collection is a file or a folder of files. A name that is neither is looked for in
//! `./sioscope/` and in the config directory's `collections/`, with and without `.toml`; what is
//! nearer hides what is further away. The format of the files is [`crate::collection`]'s.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::collection::{self, Draft};
use crate::folders;

mod keep;
mod pick;
#[cfg(test)]
mod tests;

pub use pick::{Picked, Unpicked};

/// How the name of an environment file ends, so that it may lie beside drafts.
const ENVIRONMENT: &str = ".env.toml";

/// What is wrong with a file of drafts, or why there is none: what, where, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DraftsError(pub String);

/// A file of drafts.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The file.
    pub file: PathBuf,
    /// Its drafts, in their order.
    pub drafts: Vec<Draft>,
}

/// The folders, the nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    project: PathBuf,
    own: Option<PathBuf>,
}

impl Default for Shelf {
    /// The project's folder, which is that of the current directory, and the person's own.
    fn default() -> Shelf {
        let own = folders::config().map(|config| config.join("collections"));
        Shelf::new(PathBuf::from("sioscope"), own)
    }
}

impl Shelf {
    /// The project's folder and the person's own.
    pub fn new(project: PathBuf, own: Option<PathBuf>) -> Shelf {
        Shelf { project, own }
    }

    /// The folders, the nearest first.
    pub fn places(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.project.as_path()).chain(self.own.as_deref())
    }

    /// Finds and reads a collection.
    ///
    /// # Errors
    /// There is none of this name, or a file of it has a mistake.
    pub fn collection(&self, name: &str) -> Result<Vec<Sheet>, DraftsError> {
        let found = self.find(name, &["", ".toml"]).ok_or_else(|| {
            let mut what = format!("no file or folder of drafts {name:?}");
            for place in self.places() {
                let _ = write!(what, ", nor in {}", place.display());
            }
            let known = self.known();
            if !known.is_empty() {
                let _ = write!(what, "; there is {}", known.join(", "));
            }
            DraftsError(what)
        })?;
        if !found.is_dir() {
            return Ok(vec![sheet(&found)?]);
        }
        let files = files_in(&found)
            .map_err(|error| DraftsError(format!("cannot read {}: {error}", found.display())))?;
        if files.is_empty() {
            let what = format!("{}: the folder holds no *.toml of drafts", found.display());
            return Err(DraftsError(what));
        }
        files.iter().map(|file| sheet(file)).collect()
    }

    /// Finds an environment file. `None` where there is none of this name.
    pub fn environment(&self, name: &str) -> Option<PathBuf> {
        self.find(name, &["", ENVIRONMENT, ".toml"])
            .filter(|file| file.is_file())
    }

    /// The path itself, or one of that name in the folders.
    fn find(&self, name: &str, endings: &[&str]) -> Option<PathBuf> {
        let itself = PathBuf::from(name);
        if name.is_empty() || itself.exists() {
            return Some(itself).filter(|_| !name.is_empty());
        }
        self.places()
            .flat_map(|place| {
                endings
                    .iter()
                    .map(move |end| place.join(format!("{name}{end}")))
            })
            .find(|path| path.exists())
    }

    /// The names that would have been found.
    fn known(&self) -> Vec<String> {
        self.places()
            .flat_map(|place| files_in(place).unwrap_or_default())
            .map(|file| crate::visible::line(&stem(&file)).into_owned())
            .collect()
    }
}

/// Reads a file of drafts.
///
/// # Errors
/// It can't be read, or the first mistake in it with its place.
pub fn sheet(file: &Path) -> Result<Sheet, DraftsError> {
    let text = read(file, "drafts")?;
    let drafts = collection::parse(&text)
        .map_err(|mistake| DraftsError(format!("{}:{mistake}", file.display())))?;
    Ok(Sheet {
        file: file.to_owned(),
        drafts,
    })
}

/// Reads a file as text; `what` says what it was wanted for.
///
/// # Errors
/// It can't be read.
pub fn read(file: &Path, what: &str) -> Result<String, DraftsError> {
    std::fs::read_to_string(file)
        .map_err(|error| DraftsError(format!("{what}: cannot read {}: {error}", file.display())))
}

/// The files of drafts in a folder, by name.
fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let drafts = name.ends_with(".toml") && !name.ends_with(ENVIRONMENT);
        if drafts && !name.starts_with('.') && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file's name as a collection's.
fn stem(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
