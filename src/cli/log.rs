//! The program's own log: into a file that was asked for, never to the terminal.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use super::UsageError;

/// Begins to log into `file` (appending, created with mode 0600). Without one nothing is logged.
pub fn start(file: Option<&Path>) -> Result<(), UsageError> {
    let Some(path) = file else { return Ok(()) };
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(path)
        .map_err(|error| UsageError(format!("--log: cannot write {}: {error}", path.display())))?;
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("sioscope=debug"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init();
    if let Err(error) = started {
        tracing::debug!(%error, "a log is running already");
    }
    Ok(())
}
