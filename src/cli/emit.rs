//! `sioscope emit URL EVENT [ARG]...`: connect, emit one event, print its ack, leave.

mod draft;
mod run;

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use clap::Args;
use serde_json::value::RawValue;

use super::UsageError;
use super::connection::{ConnectionArgs, auth};
use super::drafts::VariableArgs;
use super::stream::command::check_binary;
use crate::client::Options;
use crate::client::command::Emit;
use crate::collection::variables::Masks;
use crate::scope::Record;

pub use run::run;

/// Time for an ack where `--ack-timeout` sets none.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);

const HELP: &str = "\
Each ARG is sent as JSON if it is JSON, and as a text otherwise: 42 is a number, '\"42\"' and
hello are texts, '{\"a\":1}' is an object. --string and --json take the guess away. Binary inside
an argument is {\"$binary\":\"<base64>\"}; --binary FILE adds a whole file as the last argument.

The ack is printed as one line: always the JSON array of its arguments, [] if there are none;
so is the event of --wait. A connection that can't be made is tried once; --reconnection-attempts
sets another number.

--from FILE [NAME] sends a draft of a file, its {{variables}} filled in by --env and --var; secrets
are masked in what is printed. What the draft expects is checked by `sioscope run`.";

/// Arguments of `emit`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct EmitArgs {
    /// Server to connect to: http(s)://, ws(s):// or host:port; its path names the namespace.
    url: String,
    /// Name of the event; with --from that of the draft, where the file has several.
    #[arg(required_unless_present = "from")]
    event: Option<String>,
    /// Its arguments: JSON, or else text.
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    args: Vec<String>,
    /// Send every ARG as text.
    #[arg(long, conflicts_with = "json")]
    string: bool,
    /// Refuse an ARG that is not JSON.
    #[arg(long)]
    json: bool,
    /// Add this file's bytes as a binary argument after the others; repeat for more.
    #[arg(long, value_name = "FILE")]
    binary: Vec<PathBuf>,
    /// Ask for an ack, print it, and exit with 1 if it does not come in time (--ack-timeout, 5 s).
    #[arg(long)]
    ack: bool,
    /// Wait for this event from the server after the emit and print its arguments; same time.
    #[arg(long, value_name = "EVENT")]
    wait: Option<String>,
    /// Send a draft of this file of drafts (see `sioscope run --help`).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["args", "string", "json", "binary"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl EmitArgs {
    /// What to do.
    pub fn plan(&self) -> Result<Plan, UsageError> {
        if let Some(file) = &self.from {
            return self.draft_plan(file);
        }
        if !self.variables.is_empty() {
            let what = "--env and --var fill in drafts: give --from FILE";
            return Err(UsageError(what.to_owned()));
        }
        let event = self.event.clone().unwrap_or_default();
        let (mut options, record) = self.connection.options(&self.url)?;
        if self.connection.reconnection_attempts.is_none() {
            options.reconnection.enabled = false;
        }
        let nsp = match options.namespaces.first() {
            Some(first) => first.nsp.clone(),
            None => "/".to_owned(),
        };
        let timeout = options.ack_timeout.unwrap_or(ACK_TIMEOUT);
        let emit = Emit {
            nsp,
            args: self.array(&event)?,
            ack: self.ack,
            timeout_ms: self
                .ack
                .then(|| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
            volatile: false,
        };
        let wait = self.wait.clone();
        Ok(Plan {
            options,
            record,
            event,
            emit,
            wait,
            timeout,
            masks: Masks::default(),
        })
    }

    /// The packet's array: the event's name and its arguments.
    fn array(&self, event: &str) -> Result<String, UsageError> {
        let mut values = vec![quoted(event)];
        for (at, text) in self.args.iter().enumerate() {
            values.push(self.argument(at.saturating_add(1), text)?);
        }
        for file in &self.binary {
            let bytes = std::fs::read(file).map_err(|error| {
                UsageError(format!("--binary: cannot read {}: {error}", file.display()))
            })?;
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            values.push(format!("{{\"$binary\":\"{text}\"}}"));
        }
        Ok(format!("[{}]", values.join(",")))
    }

    fn argument(&self, number: usize, text: &str) -> Result<String, UsageError> {
        if self.string {
            return Ok(quoted(text));
        }
        match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => {
                check_binary(raw.get())
                    .map_err(|error| UsageError(format!("argument {number}: {error}")))?;
                Ok(raw.get().to_owned())
            }
            Err(error) if self.json => Err(UsageError(format!(
                "argument {number}: not JSON at line {}, column {}: {} in {}; without --json it would be sent as text",
                error.line(),
                error.column(),
                auth::reason(&error),
                auth::excerpt(text, error.line(), error.column()),
            ))),
            Err(_) => Ok(quoted(text)),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A run of `emit`.
#[derive(Debug)]
pub struct Plan {
    /// The connection.
    pub options: Options,
    /// Where to record.
    pub record: Record,
    /// Name of the event.
    pub event: String,
    /// The event.
    pub emit: Emit,
    /// Event to wait for.
    pub wait: Option<String>,
    /// Time for the ack and for that event.
    pub timeout: Duration,
    /// What is not shown.
    pub masks: Masks,
}

#[cfg(test)]
mod tests;
