//! `sioscope sessions`: what was recorded.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Exit, complain, print};
use crate::journal::file::{self, Listed};

/// Arguments of `sessions`.
#[derive(Debug, Args)]
pub struct SessionsArgs {
    #[command(subcommand)]
    command: Option<SessionsCommand>,
    /// The folder to list instead of the data folder.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum SessionsCommand {
    /// Print the folder that sessions are kept in.
    Path,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// List a folder; `None` is the data folder.
    List(Option<PathBuf>),
    /// Print the data folder.
    Path,
}

impl SessionsArgs {
    /// What to do.
    pub fn plan(self) -> Plan {
        match self.command {
            Some(SessionsCommand::Path) => Plan::Path,
            None => Plan::List(self.dir),
        }
    }
}

/// Does it.
pub fn run(plan: &Plan) -> Exit {
    let folder = match plan {
        Plan::List(Some(folder)) => Some(folder.clone()),
        Plan::List(None) | Plan::Path => file::sessions_dir(),
    };
    let Some(folder) = folder else {
        complain(
            "this system names no folder for a program's data; set SIOSCOPE_DATA_DIR, or use --record FILE",
        );
        return Exit::Usage;
    };
    if *plan == Plan::Path {
        return print::to_stdout(format!("{}\n", folder.display()).as_bytes());
    }
    match file::list(&folder) {
        Ok(listed) if listed.is_empty() => {
            complain(format_args!("no sessions in {}", folder.display()));
            Exit::Done
        }
        Ok(listed) => print::to_stdout(table(&listed).as_bytes()),
        Err(error) => {
            complain(format_args!("cannot read {}: {error}", folder.display()));
            Exit::Usage
        }
    }
}

/// The listing, newest first, with its columns lined up.
pub fn table(listed: &[Listed]) -> String {
    let head = ["STARTED", "RECORDS", "SIZE", "TARGET", "ENDED", "FILE"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head)
        .chain(listed.iter().map(row))
        .collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut table = String::new();
    for row in &rows {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            // Numbers end, words begin at their column's edge.
            let (before, after) = if matches!(place, 1 | 2) {
                (pad, String::new())
            } else {
                (String::new(), pad)
            };
            line.push_str(&before);
            line.push_str(cell);
            line.push_str(&after);
            line.push_str("  ");
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

fn row(one: &Listed) -> [String; 6] {
    let name = one.path.file_name().unwrap_or_default().to_string_lossy();
    let records = match one.records {
        Some(records) if one.exact => records.to_string(),
        Some(records) => format!("~{records}"),
        None => "?".to_owned(),
    };
    let (started, target, ended) = match &one.header {
        Ok(header) => (
            header.started.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            print::safe(&target(&header.target)).into_owned(),
            ending::of(&one.path, one.size),
        ),
        Err(error) => (
            "?".to_owned(),
            "?".to_owned(),
            print::safe(&error.to_string()).into_owned(),
        ),
    };
    [
        started,
        records,
        size(one.size),
        target,
        ended,
        print::safe(&name).into_owned(),
    ]
}

/// A session's target without the password in it.
fn target(text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |url| print::url(&url))
}

/// Bytes in a unit that a person reads at a glance.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64 / 1024.0;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    for unit in UNITS {
        if value < 1024.0 {
            return format!("{value:.1} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.0} PiB")
}

mod ending {
    //! How a session ended, from the last lines of its file.

    use std::io::{Read, Seek, SeekFrom};
    use std::path::Path;

    use crate::journal::line::parse_line;
    use crate::journal::record::{Body, ConnectionState};

    /// How much of the file's end is read.
    const TAIL: u64 = 64 << 10;

    /// In a word or two: `closed`, its reason, `gave up`, or that the file just ends.
    pub fn of(path: &Path, size: u64) -> String {
        if path.extension().is_some_and(|extension| extension == "zst") {
            return "packed".to_owned();
        }
        let mut tail = Vec::new();
        let read = std::fs::File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
            file.take(TAIL).read_to_end(&mut tail)
        });
        if read.is_err() {
            return "unreadable".to_owned();
        }
        for line in tail.split(|&byte| byte == b'\n').rev() {
            if let Ok(record) = parse_line(line, 0)
                && let Body::Connection(connection) = record.body
            {
                let reason = connection.reason.unwrap_or_default();
                let words = match connection.state {
                    ConnectionState::Closed if reason.is_empty() => "closed".to_owned(),
                    ConnectionState::Closed => reason,
                    ConnectionState::GaveUp => format!("gave up: {reason}"),
                    ConnectionState::Waiting => "while reconnecting".to_owned(),
                    ConnectionState::Connecting => "while connecting".to_owned(),
                    ConnectionState::Open => "while connected".to_owned(),
                };
                return super::print::safe(&words).into_owned();
            }
        }
        "?".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "{\"sioscope\":1,\"started\":\"2026-01-02T03:04:05.678Z\",\"source\":\"client\",\"target\":\"http://host:3000/\u{9b}chat\",\"tool\":\"0.1.0\"}\n";

    #[test]
    fn a_session_is_listed_with_target_count_size_and_ending() {
        let folder = tempfile::tempdir().unwrap();
        let closed = "{\"n\":1,\"t\":0.1,\"c\":1,\"k\":\"connection\",\"state\":\"closed\",\"reason\":\"ping timeout\"}\n";
        std::fs::write(
            folder.path().join("one.sio.jsonl"),
            format!("{HEADER}{closed}"),
        )
        .unwrap();
        let table = table(&file::list(folder.path()).unwrap());
        let row = table.lines().nth(1).unwrap();
        for part in [
            "2026-01-02 03:04:05Z",
            "http://host:3000/",
            "ping timeout",
            "one.sio.jsonl",
        ] {
            assert!(row.contains(part), "{part} in {row}");
        }
        assert!(!row.contains('\u{9b}'), "{row:?}");
        assert!(row.split_whitespace().any(|cell| cell == "1"), "{row}");
    }

    #[test]
    fn a_password_in_a_target_is_not_listed() {
        assert_eq!(
            target("http://user:secret@h:3000/"),
            "http://user:***@h:3000/"
        );
        assert_eq!(target("no URL"), "no URL");
    }

    #[test]
    fn a_file_that_is_no_session_says_so_in_its_row() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bad.sio.jsonl"), "hello\n").unwrap();
        let table = table(&file::list(folder.path()).unwrap());
        assert!(table.contains("bad.sio.jsonl"), "{table}");
        assert!(table.lines().nth(1).unwrap().starts_with('?'), "{table}");
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(5 << 30), "5.0 GiB");
    }
}
