//! What is kept and said of a panic.

use std::any::Any;
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

use crate::visible;

/// Writes a report beside the folder of the sessions, and returns what the person is told: what
/// happened and where the report is. Never fails: what can't be
/// written is said too.
pub(super) fn report(info: &PanicHookInfo<'_>, sessions: Option<&Path>) -> String {
    let thread = std::thread::current();
    let fall = Fall {
        what: words(info.payload()).to_owned(),
        place: info.location().map(ToString::to_string),
        thread: thread.name().unwrap_or("without a name").to_owned(),
    };
    let kept = sessions
        .and_then(Path::parent)
        .map(|folder| fall.keep(folder));
    fall.said(kept)
}

/// A panic, as far as it is told.
struct Fall {
    what: String,
    place: Option<String>,
    thread: String,
}

impl Fall {
    /// Writes the report into `folder`; returns its path.
    fn keep(&self, folder: &Path) -> std::io::Result<PathBuf> {
        let now = jiff::Timestamp::now();
        let stamp = now.strftime("%Y%m%dT%H%M%SZ");
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("crash-{stamp}-{}.txt", std::process::id()));
        let mut open = std::fs::OpenOptions::new();
        // A second thread that falls in the same second adds to the report.
        open.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        open.open(&path)?.write_all(self.text(now).as_bytes())?;
        Ok(path)
    }

    fn text(&self, now: jiff::Timestamp) -> String {
        let mut text = format!(
            "sioscope {} on {} {}, {now}\nthread: {}\npanic: {}\n",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            self.thread,
            self.what,
        );
        if let Some(place) = &self.place {
            // A String takes all that is written to it.
            let _ = writeln!(text, "at: {place}");
        }
        let _ = writeln!(text, "\n{}", std::backtrace::Backtrace::force_capture());
        text
    }

    /// Each line ends as in a terminal that may still be raw.
    fn said(&self, kept: Option<std::io::Result<PathBuf>>) -> String {
        let mut said = format!(
            "sioscope has a bug and stops: {}",
            visible::line(&self.what)
        );
        if let Some(place) = &self.place {
            let _ = write!(said, " ({place})");
        }
        said.push_str("\r\n");
        let _ = match kept {
            Some(Ok(path)) => write!(said, "The report is in {}\r\n", path.display()),
            Some(Err(error)) => write!(said, "The report could not be written: {error}\r\n"),
            None => write!(
                said,
                "No report was written: there is no data directory (set SIOSCOPE_DATA_DIR)\r\n"
            ),
        };
        said
    }
}

/// The words of `panic!`, where it had some.
fn words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fall() -> Fall {
        Fall {
            what: "index 3 of \u{1b}[31m\u{202e}".to_owned(),
            place: Some("src/x.rs:1:2".to_owned()),
            thread: "main".to_owned(),
        }
    }

    #[test]
    fn the_report_is_kept_and_its_place_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = fall().keep(&folder.path().join("data")).unwrap();
        let said = fall().said(Some(Ok(path.clone())));
        assert!(said.contains(&path.display().to_string()), "{said}");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("panic: index 3"), "{text}");
        assert!(text.contains("at: src/x.rs:1:2"), "{text}");
    }

    #[test]
    fn what_is_said_commands_no_terminal() {
        let said = fall().said(None);
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
        assert!(said.contains("src/x.rs:1:2"), "{said:?}");
    }

    #[test]
    fn a_report_that_cannot_be_written_is_said_with_the_reason() {
        let kept = fall().keep(Path::new("/dev/null/here"));
        let said = fall().said(Some(kept));
        assert!(said.contains("could not be written: "), "{said}");
    }
}
