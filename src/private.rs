//! Files that only their owner may read, under names that nobody could have laid in wait.
//! **Floor 0.**

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// Creates a file that was not there, readable by its owner only.
///
/// # Errors
/// What the system says; also where the file was there.
pub fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// A fresh file in the system's folder for temporary ones, with its path.
///
/// # Errors
/// What the system says.
pub fn temporary(extension: &str) -> std::io::Result<(File, PathBuf)> {
    let random = getrandom::u64().map_err(std::io::Error::other)?;
    let path = std::env::temp_dir().join(format!("sioscope-{random:016x}.{extension}"));
    Ok((create(&path)?, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_already_is_left_alone() {
        let (_, path) = temporary("txt").unwrap();
        std::fs::write(&path, "mine").unwrap();
        assert!(create(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        std::fs::remove_file(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_temporary_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let (file, path) = temporary("txt").unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::remove_file(&path).unwrap();
    }
}
