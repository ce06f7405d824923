//! Probes an endpoint without harming it, and names what is wrong and the line to change.
//! **Floor 3**: uses `client` (options, auth), `net`, `model`, `diagnosis`, `journal` and
//! `protocol`.
//!
//! # Contract
//! - A bounded number of requests, each of them in [`Report::requests`]: none is repeated, no
//!   redirect is followed.
//! - Nothing is emitted. What is joined is left, what is opened is closed; what no client would
//!   send (a wrong path, the other generation) is sent once.
//! - Everything is recorded in a journal, so that evidence has a number, and the diagnosis rules
//!   read it as they read any session. A cause that a check and a rule both find is told once.
//!
//! One check a file; each takes the `case` so far and gives a verdict. `probe` makes the
//! requests, `visit` is one Engine.IO session, `voice` tells who gave an answer.

mod auth;
mod case;
mod compression;
mod cookies;
mod diagnosed;
mod dns;
mod fix;
mod generation;
mod idle;
mod joining;
mod namespaces;
pub mod own;
mod path;
mod payload;
mod pings;
mod polling;
mod probe;
pub mod report;
mod socket;
mod stickiness;
mod tcp;
mod tls;
mod upgrade;
mod visit;
mod voice;
mod websocket;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::client::Options;
use crate::client::driver::SetupError;
use crate::client::options::Parser;
use crate::journal::Journal;
use crate::journal::file::{Header, Source};
use case::Case;
pub use diagnosed::read_session;
use probe::Probe;
use report::Outcome;
pub use report::{Asked, CHECKS, Check, Report, Verdict};

/// Bytes of records that are kept when there is no file.
const MEMORY: usize = 64 * 1024 * 1024;

/// Says what a long check is doing.
pub type Progress = Box<dyn Fn(&str) + Send + Sync>;

/// What to examine, and how.
pub struct Settings {
    /// The connection, as every client has it.
    pub options: Options,
    /// File for the records.
    pub record: Option<PathBuf>,
    /// Wait out idle timeouts: for this long, or (`Some(None)`) as long as the ping schedule
    /// suggests.
    pub idle: Option<Option<Duration>>,
    /// Hears of progress.
    pub progress: Progress,
}

/// Why an examination could not begin.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// Options that can't work.
    #[error("{0}")]
    Setup(#[from] SetupError),
    /// The file for the records can't be made.
    #[error("--record {}: {why}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
}

/// Examines an endpoint.
///
/// # Errors
/// See [`DoctorError`]; whatever happens on the network is in the report.
pub async fn examine(settings: Settings) -> Result<Report, DoctorError> {
    let Settings {
        options,
        record,
        idle,
        progress,
    } = settings;
    let began = Instant::now();
    let target = shown(&options.url);
    let mut header = Header::now(Source::Client, options.url.to_string());
    header.parser = (options.parser == Parser::Msgpack).then(|| "msgpack".to_owned());
    let journal = open_journal(header, record.as_deref(), began)?;
    let probe = Probe::new(options, journal)?;
    probe.mark("doctor: an examination; requests without a connection number are made on purpose as no client would make them");
    let mut case = Case::new(&probe);
    let (mut outcomes, reached) = all(&mut case, idle, &progress).await;
    let said = namespaces::settle(&mut outcomes, diagnosed::of_examination(&probe.journal));
    tls::settle(&mut outcomes, &said);
    let mut report = Report {
        target,
        reached,
        ..Report::default()
    };
    for outcome in outcomes {
        report.checks.push(outcome.check);
        if let Some(finding) = outcome.finding {
            report.add(finding);
        }
        for finding in outcome.each {
            report.keep(finding);
        }
    }
    for finding in said {
        report.add(finding);
    }
    let sticky = report
        .findings
        .iter()
        .find(|finding| matches!(finding.rule.as_str(), "no-sticky-session" | "session-lost"))
        .cloned();
    if let Some(sticky) = sticky {
        for check in &mut report.checks {
            if case.unknown_in.contains(&check.name.as_ref()) {
                check.rule = Some(sticky.rule.clone());
                check.fix = Some(sticky.fix.clone());
            }
        }
    }
    let place = |name: &str| CHECKS.iter().position(|known| *known == name);
    report.checks.sort_by_key(|check| place(&check.name));
    report.requests = probe.requests();
    report.ms = began.elapsed().as_micros() as f64 / 1e3;
    probe.journal.close();
    Ok(report)
}

fn open_journal(
    header: Header,
    record: Option<&Path>,
    began: Instant,
) -> Result<Journal, DoctorError> {
    match record {
        None => Ok(Journal::in_memory(header, began, MEMORY)),
        Some(path) => Journal::create(header, began, path).map_err(|why| DoctorError::Record {
            path: path.to_path_buf(),
            why,
        }),
    }
}

/// Everything, in the order in which one thing leads to the next. The bool tells whether there
/// was a connection.
async fn all(
    case: &mut Case<'_>,
    idle: Option<Option<Duration>>,
    progress: &Progress,
) -> (Vec<Outcome>, bool) {
    let mut visit = case.look("path");
    let began = Instant::now();
    let (first, hello) = visit.open("the handshake").await;
    let first_ms = began.elapsed().as_micros() as f64 / 1e3;
    case.notice(&first);
    case.first = first;
    case.hello = hello;
    case.visit = Some(visit);
    let mut outcomes = vec![dns::check(case), tcp::check(case), tls::check(case)];
    if case.first.dial.is_some() {
        for name in CHECKS.iter().skip(outcomes.len()) {
            outcomes.push(Check::skipped(name, "the server was not reached").into());
        }
        return (outcomes, false);
    }
    macro_rules! timed {
        ($check:expr) => {{
            let began = Instant::now();
            let mut outcome: Outcome = $check;
            outcome.check.ms = began.elapsed().as_micros() as f64 / 1e3;
            outcomes.push(outcome);
        }};
    }
    timed!(path::check(case).await);
    if let Some(path) = outcomes.last_mut() {
        path.check.ms += first_ms;
    }
    timed!(generation::check(case).await);
    timed!(polling::check(case).await);
    timed!(payload::check(case).await);
    if let Some(visit) = case.visit.take()
        && visit.sid().is_some()
    {
        visit.close("end the session").await;
    }
    timed!(websocket::check(case).await);
    timed!(upgrade::check(case).await);
    timed!(stickiness::check(case).await);
    timed!(namespaces::check(case).await);
    timed!(auth::check(case));
    timed!(compression::check(case));
    timed!(cookies::check(case).await);
    timed!(pings::check(case));
    timed!(idle::check(case, idle, progress).await);
    (outcomes, true)
}

/// A target without its password.
fn shown(url: &url::Url) -> String {
    let mut url = url.clone();
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return url.host_str().unwrap_or_default().to_owned();
    }
    url.to_string()
}
