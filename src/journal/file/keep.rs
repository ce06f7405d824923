//! Renaming and deleting sessions that are kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::{EXTENSION, EXTENSION_PACKED, Listed};

/// The name of a session without what all session files end in.
#[must_use]
pub fn short_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = name
        .strip_suffix(EXTENSION_PACKED)
        .or_else(|| name.strip_suffix(EXTENSION));
    plain.unwrap_or(&name).to_owned()
}

/// Gives a session another name in its folder; the ending is kept. Nothing is ever replaced.
///
/// # Errors
/// A name that is a path or empty, one that is taken, or what the system says.
pub fn rename(path: &Path, name: &str) -> io::Result<PathBuf> {
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
    let packed = path.to_string_lossy().ends_with(EXTENSION_PACKED);
    let ending = if packed { EXTENSION_PACKED } else { EXTENSION };
    let name = name.strip_suffix(ending).unwrap_or(name);
    if name
        .chars()
        .any(|one| one.is_control() || matches!(one, '/' | '\\' | ':'))
    {
        return refuse("a name has no slashes, colons or control characters");
    }
    if name.is_empty() || name.starts_with('.') {
        return refuse("a name is not empty and does not begin with a dot");
    }
    let to = path.with_file_name(format!("{name}{ending}"));
    // A link fails where the name is taken; a rename would replace what is there.
    match fs::hard_link(path, &to) {
        Ok(()) => {
            fs::remove_file(path)?;
            Ok(to)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || to.exists() => {
            let taken = format!("{} exists already", to.display());
            Err(io::Error::new(io::ErrorKind::AlreadyExists, taken))
        }
        // A file system without links.
        Err(_) => fs::rename(path, &to).map(|()| to),
    }
}

/// Deletes a session that was listed; what is no session is refused.
///
/// # Errors
/// A file that could not be opened as a session, or what the system says.
pub fn remove(session: &Listed) -> io::Result<()> {
    match &session.header {
        Ok(_) => fs::remove_file(&session.path),
        Err(error) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            error.to_string(),
        )),
    }
}
