//! `sioscope run COLLECTION URL`: sends the drafts of a collection in their order, and checks what
//! they expect.

mod play;
mod report;
mod turn;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::UsageError;
use super::connection::ConnectionArgs;
use super::drafts::{self, Sheet, VariableArgs};
use crate::client::Options;
use crate::collection::Variables;
use crate::scope::Record;

pub use play::run;

/// Time for what a draft expects, where neither it nor `--ack-timeout` says.
const PATIENCE: Duration = Duration::from_secs(5);

const HELP: &str = "\
A collection is a TOML file of drafts, or a folder of them (in the order of their names;
*.env.toml is left out). A name is also looked for in ./sioscope/ and in the config directory's
collections/.

  [[draft]]
  name = \"log in\"
  event = \"login\"                     # nsp = \"/chat\" where it is not the connection's first
  args = [\"{{user}}\", { password = \"{{password}}\" }]   # or JSON: '[\"ann\", {\"n\": 1}]'
  capture = { token = \"reply:login[0].token\" }

  [[draft]]
  name = \"say hello\"
  event = \"say\"
  args = [\"{{token}}\", \"hello\"]
  expect = { ack = [\"ok\", \"{{*}}\"], event = \"said\", \"said[0].text\" = \"hello\", within_ms = 2000 }

`ack` is the list that the ack brings; an object in it has at least these members, \"{{*}}\" stands
for anything, `ack = true` for any ack. What is expected of one event has to stand in one packet;
others of that name may come before it. A draft has 5000 ms (within_ms, timeout_ms, --ack-timeout).

  # prod.env.toml
  [vars]
  user = \"ann\"
  [secrets]                            # never shown, nor is a captured value of such a name
  password = { env = \"CHAT_PASSWORD\" } # from the environment

Each draft is a line on stdout: ✓ or ✗, its name, its time, the first thing that does not fit.
Exits with 1 when a draft failed. The connection is tried once; --reconnection-attempts sets
another number.";

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct RunArgs {
    /// File or folder of drafts, or the name of one in ./sioscope or in the config directory.
    collection: String,
    /// Server to connect to: http(s)://, ws(s):// or host:port; its path names the namespace.
    url: String,
    /// Write a JUnit report to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print the report as one JSON object instead of lines.
    #[arg(long)]
    json: bool,
    /// Stop at the first draft that fails.
    #[arg(long)]
    bail: bool,
    #[command(flatten)]
    variables: VariableArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl RunArgs {
    /// What to do.
    pub fn plan(&self) -> Result<Plan, UsageError> {
        let (mut options, record) = self.connection.options(&self.url)?;
        if options.readonly {
            let what = "--readonly: a run emits; without it the drafts are sent";
            return Err(UsageError(what.to_owned()));
        }
        if self.connection.reconnection_attempts.is_none() {
            options.reconnection.enabled = false;
        }
        let sheets = drafts::collection(&self.collection)?;
        let variables = self.variables.variables()?;
        drafts::check(&sheets, &variables)
            .map_err(|error| UsageError(variables.masks().text(&error.0)))?;
        let patience = options.ack_timeout.unwrap_or(PATIENCE);
        Ok(Plan {
            collection: self.collection.clone(),
            options,
            record,
            sheets,
            variables,
            patience,
            junit: self.junit.clone(),
            json: self.json,
            bail: self.bail,
        })
    }
}

/// A run of a collection.
#[derive(Debug)]
pub struct Plan {
    /// The collection, as it was named.
    pub collection: String,
    /// The connection.
    pub options: Options,
    /// Where to record.
    pub record: Record,
    /// Its files.
    pub sheets: Vec<Sheet>,
    /// What is given.
    pub variables: Variables,
    /// Time for a draft that says none.
    pub patience: Duration,
    /// File for the JUnit report.
    pub junit: Option<PathBuf>,
    /// The report is JSON.
    pub json: bool,
    /// Stop at the first failure.
    pub bail: bool,
}
