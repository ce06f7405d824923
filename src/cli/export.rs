//! `sioscope export FILE`: a saved session for others.

mod output;

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Exit, complain};
use crate::export::{self, Choice, ExportError, Format, Outcome};
use crate::journal::Journal;

const HELP: &str = "\
FILE is anything that `open` reads: a session file, its .zst, a HAR file, a mitmproxy flow file.

Secrets are masked in every format but jsonl: auth payloads, cookies, Authorization, and whatever
stands under a name that speaks of a secret, there and wherever the same value shows up again.
What was masked is listed on stderr. A mask is as long as what it hides: all sizes stay true.

-o FILE writes a new file; one that is there is replaced with --force only. Pipes and devices are
written to as they are.

  har        what browsers import; opened here again, it is the same session
  jsonl      one JSON object a line with the decoded packets, for jq; a session file itself
  text       facts, findings and packets, for a bug report
  markdown   the same for an issue
  artillery  a scenario for the load tester Artillery: what the clients emitted, with its pauses";

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct ExportArgs {
    /// Saved session.
    file: PathBuf,
    /// What to write.
    #[arg(short, long, value_name = "FORMAT")]
    format: FormatName,
    /// Write to this new file (readable by you alone) instead of stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file that is there.
    #[arg(long, requires = "output")]
    force: bool,
    /// Mask secrets (the default for every format but jsonl).
    #[arg(long, conflicts_with = "no_redact")]
    redact: bool,
    /// Leave secrets as they are.
    #[arg(long)]
    no_redact: bool,
    /// Do not mask what has this name, or this name at this place, as in cookie.io (repeat).
    #[arg(long, value_name = "NAME")]
    keep: Vec<String>,
}

/// The formats by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    Har,
    Jsonl,
    Text,
    Artillery,
    Markdown,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Format {
        match name {
            FormatName::Har => Format::Har,
            FormatName::Jsonl => Format::Jsonl,
            FormatName::Text => Format::Text,
            FormatName::Artillery => Format::Artillery,
            FormatName::Markdown => Format::Markdown,
        }
    }
}

/// A run of `export`.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Saved session.
    pub file: PathBuf,
    /// How.
    pub choice: Choice,
    /// Where to; `None` is stdout.
    pub output: Option<PathBuf>,
    /// Replace what is there.
    pub force: bool,
}

impl ExportArgs {
    /// What to do.
    pub fn plan(self) -> Plan {
        let format = Format::from(self.format);
        Plan {
            file: self.file,
            choice: Choice {
                format,
                redact: (format.redacts() || self.redact) && !self.no_redact,
                keep: self.keep,
            },
            output: self.output,
            force: self.force,
        }
    }
}

/// Does it.
pub fn run(plan: &Plan) -> Exit {
    let journal = match Journal::open(&plan.file) {
        Ok(journal) => journal,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    let done = match &plan.output {
        Some(path) => to_file(&journal, plan, path),
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            export::export(&journal, &plan.choice, &mut out)
        }
    };
    let outcome = match done {
        Ok(outcome) => outcome,
        // A reader that has gone away has seen enough.
        Err(ExportError::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            return Exit::Done;
        }
        Err(error) => {
            complain(format_args!("{}: {error}", plan.file.display()));
            return Exit::Usage;
        }
    };
    tell(&journal, plan, &outcome);
    Exit::Done
}

/// Writes a whole file or none.
fn to_file(journal: &Journal, plan: &Plan, path: &Path) -> Result<Outcome, ExportError> {
    let same = fs::canonicalize(path)
        .ok()
        .is_some_and(|path| fs::canonicalize(&plan.file).is_ok_and(|file| file == path));
    if same {
        return Err(ExportError::Write(std::io::Error::other(format!(
            "{} is the session itself; choose another name",
            path.display()
        ))));
    }
    if let Some(error) = already_there(path, plan.force) {
        return Err(ExportError::Write(error));
    }
    let mut bytes = Vec::new();
    let outcome = export::export(journal, &plan.choice, &mut bytes)?;
    output::write(path, &bytes, plan.force).map_err(|error| {
        std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    })?;
    Ok(outcome)
}

/// Said before a long session is read for nothing.
fn already_there(path: &Path, force: bool) -> Option<std::io::Error> {
    (output::replaces(path) && !force).then(|| {
        std::io::Error::other(format!(
            "{} is there already; choose another name, or replace it with --force",
            path.display()
        ))
    })
}

/// What a person must know of it, on stderr.
fn tell(journal: &Journal, plan: &Plan, outcome: &Outcome) {
    let status = journal.status();
    if let Some(why) = &status.failed {
        complain(why);
    } else if status.cut {
        complain("the last line of the session was cut off and is left out");
    }
    if let Some(lacks) = &status.lacks {
        complain(format_args!("{}: {lacks}", plan.file.display()));
    }
    if let Some(told) = outcome.unreadable.told() {
        complain(format_args!("{}: {told}", plan.file.display()));
    }
    for what in &outcome.left_out {
        complain(format_args!("not in it: {what}"));
    }
    if !plan.choice.redact {
        complain("nothing was masked: it may hold tokens and cookies (--redact masks them)");
        return;
    }
    if outcome.masked.is_empty() {
        complain("nothing to mask was found");
    }
    for one in &outcome.masked {
        match one.places {
            1 => complain(format_args!("masked {} once", one.name)),
            more => complain(format_args!("masked {} {more} times", one.name)),
        }
    }
    for (wanted, also) in &outcome.also_kept {
        complain(format_args!(
            "--keep {wanted}: the same value is left as it is in {also}, too"
        ));
    }
    for name in &outcome.unmet {
        complain(format_args!("--keep {name}: there is nothing of that name"));
    }
}
