//! `sioscope emit URL EVENT [ARG]...`: connect, emit one event, print its ack, leave.

mod run;

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use clap::Args;
use serde_json::value::RawValue;

use super::UsageError;
use super::connection::{ConnectionArgs, auth};
use super::stream::command::check_binary;
use crate::client::Options;
use crate::client::command::Emit;
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
sets another number.";

/// Arguments of `emit`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct EmitArgs {
    /// Server to connect to: http(s)://, ws(s):// or host:port; its path names the namespace.
    url: String,
    /// Name of the event.
    event: String,
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
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl EmitArgs {
    /// What to do.
    pub fn plan(&self) -> Result<Plan, UsageError> {
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
            args: self.array()?,
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
            event: self.event.clone(),
            emit,
            wait,
            timeout,
        })
    }

    /// The packet's array: the event's name and its arguments.
    fn array(&self) -> Result<String, UsageError> {
        let mut values = vec![quoted(&self.event)];
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
}

#[cfg(test)]
mod tests;
