//! What the diagnosis rules say: about the doctor's own sessions, and about a saved one.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use super::report::{Check, Report, Verdict};
use crate::diagnosis::Diagnosis;
use crate::journal::file::OpenError;
use crate::journal::record::{Body, Finding};
use crate::journal::{Journal, Unreadable};
use crate::model::{Decoder, Model};

/// The rules' findings about what the doctor did as a client. What it did on purpose as no
/// client would (requests without a connection) is kept from them.
pub(super) fn of_examination(journal: &Journal) -> Vec<Finding> {
    let header = journal.header();
    let mut diagnosis = Diagnosis::new(header.source).for_target(&header.target);
    let mut model = Model::default();
    let mut decoder = Decoder::new(header.parser.as_deref());
    journal.scan(1, |record| {
        let aside = record.c.is_none()
            && matches!(
                record.body,
                Body::Request(_) | Body::Response(_) | Body::Frame(_)
            );
        if !aside {
            let packets = decoder.decode(&record);
            model.apply(&record, &packets);
            diagnosis.take(&record, &packets, &model);
        }
        ControlFlow::Continue(())
    });
    diagnosis.finish(&model);
    diagnosis.findings().to_vec()
}

/// Reads a saved session and tells what the rules find in it.
///
/// # Errors
/// A file that is no session.
pub fn read_session(path: &Path) -> Result<Report, OpenError> {
    let began = Instant::now();
    let journal = Journal::open(path)?;
    // Reading is a thread's work; there is nothing else to do meanwhile.
    while journal.status().indexed < 1.0 && journal.status().failed.is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let status = journal.status();
    let diagnosis = Diagnosis::of(&journal);
    let mut report = Report {
        target: path.display().to_string(),
        reached: true,
        ..Report::default()
    };
    let records = journal.len();
    let target = journal.header().target;
    let target = url::Url::parse(&target).map_or(target, |url| super::shown(&url));
    let mut told = format!("{records} records of {target}");
    if let Some(why) = &status.failed {
        told.push_str(&format!("; it could not be read to its end: {why}"));
    } else if status.cut {
        told.push_str("; its last line was cut off and is left out");
    }
    if let Some(lacks) = &status.lacks {
        told.push_str(&format!("; {lacks}"));
    }
    let Unreadable { lines, first } = Unreadable::of(&journal);
    if let Some(first) = &first {
        let are = match lines {
            1 => "1 of them is".to_owned(),
            lines => format!("{lines} of them are"),
        };
        told.push_str(&format!(
            "; {are} not readable as a record, the first in {first}"
        ));
    }
    let lacks = status.failed.or(status.lacks).or(first);
    report.checks.push(match lacks {
        Some(_) => Check::new("file", Verdict::Warn, told),
        None => Check::ok("file", told),
    });
    for finding in diagnosis.findings() {
        report.add(weighed(finding.clone()));
    }
    let verdict = |severity: &str| match severity {
        "error" => Verdict::Fail,
        "warn" => Verdict::Warn,
        _ => Verdict::Ok,
    };
    for finding in &report.findings {
        let check = Check::new(
            finding.rule.clone(),
            verdict(&finding.severity),
            finding.title.clone(),
        );
        report.checks.push(check.because(finding));
    }
    if report.findings.is_empty() {
        let detail = "none of the diagnosis rules has anything to say";
        report.checks.push(Check::ok("rules", detail));
    }
    report.ms = began.elapsed().as_micros() as f64 / 1e3;
    Ok(report)
}

/// Faults of an endpoint for which its examination fails, though a session lives on in spite of
/// them, so that its rule only warns: both kinds of examination are to come to one conclusion.
const FAULTS: [&str; 2] = ["upgrade-header-swallowed", "stuck-on-polling"];

/// The finding with the weight that an examination gives it.
fn weighed(mut finding: Finding) -> Finding {
    if finding.severity == "warn" && FAULTS.contains(&finding.rule.as_str()) {
        "error".clone_into(&mut finding.severity);
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_check(records: &str) -> (Verdict, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sio.jsonl");
        let header = r#"{"sioscope":1,"started":"2026-01-01T00:00:00.000Z","source":"client","target":"http://localhost:3000/","tool":"0.1.0"}"#;
        std::fs::write(&path, format!("{header}\n{records}")).unwrap();
        let report = read_session(&path).unwrap();
        let check = report.checks.first().unwrap();
        (check.verdict, check.detail.clone())
    }

    #[test]
    fn lines_that_are_no_records_are_counted_and_the_first_is_told() {
        let mark = r#"{"n":1,"t":0.1,"k":"mark","text":"a"}"#;
        let later = r#"{"n":2,"t":0.1,"k":"of a later version"}"#;
        let told = "records of http://localhost:3000/";
        for (records, verdict, expected) in [
            (
                format!("{mark}\n{later}\n"),
                Verdict::Ok,
                format!("2 {told}"),
            ),
            (
                format!("{mark}\nnonsense\n{mark}\n"),
                Verdict::Warn,
                format!(
                    "3 {told}; 1 of them is not readable as a record, the first in line 3: expected ident (byte 2)"
                ),
            ),
            (
                "{\"k\":\"frame\",\"dir\":\"in\",\"op\":\"text\"}\n{\"k\":\"mark\"}\n".to_owned(),
                Verdict::Warn,
                format!(
                    "2 {told}; 2 of them are not readable as a record, the first in line 2: \"dir\" has a word that is not known: \"in\""
                ),
            ),
        ] {
            assert_eq!(file_check(&records), (verdict, expected), "{records}");
        }
    }
}
