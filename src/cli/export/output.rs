//! Files that are written whole or not at all, readable by their owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::private;

/// Whether writing to `path` replaces a file. Pipes and devices take what is written.
pub(super) fn replaces(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_file())
}

/// Writes `bytes` to a new file with mode 0600; with `force` also in the place of one that is
/// there, whose own mode goes with it. To a pipe or a device they are written as they are.
///
/// # Errors
/// What the system says. A file that was there is left as it was.
pub(super) fn write(path: &Path, bytes: &[u8], force: bool) -> io::Result<()> {
    let there = fs::metadata(path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        let mut file = OpenOptions::new().write(true).open(path)?;
        return file.write_all(bytes).and_then(|()| file.flush());
    }
    if there.is_some() && force {
        // Of a link, the file that it leads to is replaced.
        let path = fs::canonicalize(path)?;
        let beside = beside(&path);
        fill(&beside, bytes)?;
        return fs::rename(&beside, &path).inspect_err(|_| discard(&beside));
    }
    fill(path, bytes)
}

/// Creates a file of one's own and fills it; it is gone again where that fails.
fn fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private::create(path)?;
    file.write_all(bytes)
        .and_then(|()| file.flush())
        .inspect_err(|_| discard(path))
}

/// Nothing more can be done about a file that does not go.
fn discard(path: &Path) {
    let _ = fs::remove_file(path);
}

/// A name in the same folder, so that a rename is one step.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_by_force_and_then_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.txt");
        write(&path, b"one", false).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(mode(&path), 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        }
        assert!(replaces(&path));
        let refused = write(&path, b"two", false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        #[cfg(unix)]
        assert_eq!(mode(&path), 0o600);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_still_leads_to_the_file_and_a_device_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link] = ["out.txt", "link"].map(|name| folder.path().join(name));
        write(&path, b"one", false).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, b"two", true).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let null = Path::new("/dev/null");
        assert!(!replaces(null));
        write(null, b"gone", false).unwrap();
    }
}
