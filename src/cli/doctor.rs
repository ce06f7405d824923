//! `sioscope doctor URL` and `sioscope doctor FILE`.

mod json;
mod text;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::connection::{ConnectionArgs, DriverArg, values};
use super::paint::colours;
use super::stop::{Stop, told};
use super::{Exit, UsageError, complain, print};
use crate::client::Options;
use crate::doctor::{self, Report, Settings};
use crate::scope::Record;

const HELP: &str = "\
The target is a URL if it has a scheme (http, https, ws, wss), and a session file if a file of
that name is there, or if it looks like one (a path, *.jsonl, *.zst); else it is host:port.

Every request that is made is listed; nothing is emitted, what is joined is left, what is opened
is closed. Without --record nothing is kept. --idle takes a minute or more.

Exits with 0 when all is well or there is nothing but warnings, 1 when something is wrong, 3 when
nothing could be reached.";

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct DoctorArgs {
    /// Server to examine, as for every command that connects; or a saved session.
    #[arg(value_name = "URL|FILE")]
    target: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Also wait out idle timeouts: for this long (30s, 2m), or as long as the ping schedule suggests.
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    idle: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What is examined.
#[derive(Debug)]
pub enum Subject {
    /// An endpoint.
    Endpoint {
        /// The connection.
        options: Box<Options>,
        /// Where to keep the records.
        record: Option<PathBuf>,
        /// See [`Settings::idle`].
        idle: Option<Option<Duration>>,
    },
    /// A saved session.
    Session(PathBuf),
}

/// A run of `doctor`.
#[derive(Debug)]
pub struct Plan {
    /// What is examined.
    pub subject: Subject,
    /// Print JSON.
    pub json: bool,
}

impl DoctorArgs {
    /// What to do.
    pub fn plan(&self) -> Result<Plan, UsageError> {
        let json = self.json;
        self.refuse_what_does_nothing()?;
        if is_file(&self.target) {
            if self.idle.is_some() {
                return Err(UsageError(format!(
                    "--idle: {} is a saved session, there is nothing to wait for",
                    self.target
                )));
            }
            let subject = Subject::Session(PathBuf::from(&self.target));
            return Ok(Plan { subject, json });
        }
        let idle = match self.idle.as_deref() {
            None => None,
            Some("auto") => Some(None),
            Some(text) => {
                let time =
                    values::seconds(text).map_err(|why| UsageError(format!("--idle: {why}")))?;
                if time.is_zero() {
                    return Err(UsageError(format!(
                        "--idle={text}: nothing shows in no time; write a time above 0, such as \
                         --idle=65s, or --idle alone for as long as the ping schedule suggests"
                    )));
                }
                Some(Some(time))
            }
        };
        let (options, record) = self.connection.options(&self.target)?;
        let record = match record {
            Record::File(path) => Some(path),
            Record::Default | Record::Off => None,
        };
        let subject = Subject::Endpoint {
            options: Box::new(options),
            record,
            idle,
        };
        Ok(Plan { subject, json })
    }

    /// Options that every command that connects has, and that would do nothing here.
    fn refuse_what_does_nothing(&self) -> Result<(), UsageError> {
        let given = &self.connection;
        let other_driver = given
            .driver
            .is_some_and(|driver| driver != DriverArg::Native);
        let refused = [
            (
                given.faults.is_some(),
                "--faults",
                "an examination makes nothing fail, it tells what does; `sioscope stream URL \
                 --faults PLAN.toml` and `sioscope tap` follow plans",
            ),
            (
                other_driver,
                "--driver rust_socketio",
                "an examination makes its requests itself, with no client library; `sioscope \
                 stream URL --driver rust_socketio` shows how that one fares",
            ),
        ];
        match refused.iter().find(|(given, ..)| *given) {
            Some((_, option, why)) => Err(UsageError(format!(
                "{option}: doctor has no use for it: {why}"
            ))),
            None => Ok(()),
        }
    }
}

/// Whether a target means a file.
fn is_file(target: &str) -> bool {
    if target.contains("://") {
        return false;
    }
    let path = Path::new(target);
    let named = path.extension().is_some_and(|end| {
        ["jsonl", "zst", "har", "mitm"]
            .iter()
            .any(|known| end == *known)
    });
    let placed = ["/", "./", "../", "~/"]
        .iter()
        .any(|start| target.starts_with(start));
    path.is_file() || named || placed
}

/// Runs to the end.
pub fn run(plan: Plan) -> Exit {
    let report = match plan.subject {
        Subject::Session(path) => match doctor::read_session(&path) {
            Ok(report) => report,
            Err(error) => {
                complain(error);
                return Exit::Usage;
            }
        },
        Subject::Endpoint {
            options,
            record,
            idle,
        } => {
            let recorded = record.is_some();
            match examine(*options, record, idle) {
                Ok(report) => return tell(&report, plan.json, recorded),
                Err(exit) => return exit,
            }
        }
    };
    tell(&report, plan.json, true)
}

fn examine(
    options: Options,
    record: Option<PathBuf>,
    idle: Option<Option<Duration>>,
) -> Result<Report, Exit> {
    let settings = Settings {
        options,
        record,
        idle,
        progress: Box::new(|text| eprintln!("sioscope: {}", print::safe(text))),
    };
    told(async |stops| {
        let examining = doctor::examine(settings);
        tokio::select! {
            result = examining => result.map_err(|error| {
                complain(error);
                Exit::Usage
            }),
            stop = stops.next() => {
                complain("interrupted: the examination is not finished");
                Err(match stop {
                    Stop::Interrupt => Exit::Interrupted,
                    Stop::Terminate => Exit::Unmet,
                })
            }
        }
    })?
}

fn tell(report: &Report, json: bool, recorded: bool) -> Exit {
    let said = match json {
        true => format!("{}\n", json::object(report)),
        false => text::page(report, colours(), recorded),
    };
    match print::to_stdout(said.as_bytes()) {
        Exit::Done if !report.reached => Exit::NotConnected,
        Exit::Done if report.is_wrong() => Exit::Unmet,
        exit => exit,
    }
}

#[cfg(test)]
mod tests;
