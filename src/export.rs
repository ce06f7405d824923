//! Sessions for others: a HAR file, JSON lines, a transcript, a scenario for Artillery.
//! **Floor 3.**
//!
//! [`export`] reads a session record by record, masks what is secret in it (see
//! [`crate::journal::redact`]) and writes one of the [`Format`]s. Whatever a format shows is
//! derived from the masked records, findings included, so that nothing can slip past the mask.
//!
//! - [`Format::Har`] is written by [`crate::journal::har`]: the session whole, for browsers.
//! - [`Format::Jsonl`]: the session file with the decoded packets beside the bytes, for jq.
//! - [`Format::Text`] and [`Format::Markdown`]: facts, findings and packets for a bug report.
//! - [`Format::Artillery`]: what the clients did, as a scenario for the load tester.

mod artillery;
mod jsonl;
mod read;
mod report;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use crate::journal::redact::Masked;
use crate::journal::{Journal, Record, Unreadable, har};

use read::Reading;

/// What a session is exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// HTTP Archive 1.2 with WebSocket messages, as browsers write and read it.
    Har,
    /// One JSON object a line, packets decoded.
    Jsonl,
    /// A transcript in plain text.
    Text,
    /// A scenario that Artillery runs.
    Artillery,
    /// A transcript as Markdown, for an issue.
    Markdown,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 5] = [
        Format::Har,
        Format::Jsonl,
        Format::Text,
        Format::Artillery,
        Format::Markdown,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Har => "har",
            Format::Jsonl => "jsonl",
            Format::Text => "text",
            Format::Artillery => "artillery",
            Format::Markdown => "markdown",
        }
    }

    /// Whether secrets are masked where nothing else is asked for: in all but JSON lines, which
    /// are for one's own jq.
    #[must_use]
    pub fn redacts(self) -> bool {
        self != Format::Jsonl
    }
}

/// How to export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// As what.
    pub format: Format,
    /// Whether secrets are masked.
    pub redact: bool,
    /// Names that are left as they are.
    pub keep: Vec<String>,
}

/// What came of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was masked, by name.
    pub masked: Vec<Masked>,
    /// Names to be kept that never came up.
    pub unmet: Vec<String>,
    /// The name asked for and another: the value is kept there, too.
    pub also_kept: Vec<(String, String)>,
    /// Lines of the session that are no records.
    pub unreadable: Unreadable,
    /// What is not in the export, in words.
    pub left_out: Vec<String>,
}

/// Why a session can't be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It could not be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    /// The format can't say what is in the session.
    #[error("this session can't be exported as {format}: {why}")]
    Unfit {
        /// The format's name.
        format: &'static str,
        /// Why.
        why: String,
    },
}

/// Writes `journal` to `out`. Waits until an opened file is read whole.
///
/// # Errors
/// See [`ExportError`].
pub fn export(
    journal: &Journal,
    choice: &Choice,
    out: &mut dyn Write,
) -> Result<Outcome, ExportError> {
    let mut reading = Reading::new(journal, choice);
    let mut left_out = Vec::new();
    match choice.format {
        Format::Har => {
            let mut records: Vec<Record> = Vec::new();
            reading.each(|record| {
                records.push(record);
                Ok(())
            })?;
            out.write_all(har::export(reading.header(), &records).as_bytes())?;
        }
        Format::Jsonl => jsonl::write(&mut reading, out)?,
        Format::Text => report::write(&mut reading, report::Dress::Plain, out)?,
        Format::Markdown => report::write(&mut reading, report::Dress::Markdown, out)?,
        Format::Artillery => left_out = artillery::write(&mut reading, out)?,
    }
    out.flush()?;
    let (masked, unmet) = reading.masked();
    Ok(Outcome {
        masked,
        unmet,
        also_kept: reading.also_kept(),
        unreadable: reading.unreadable(),
        left_out,
    })
}
