//! `sioscope stream URL`: records as lines on stdout, commands as lines on stdin.
//!
//! Everything that is printed, waited for and decided is read from the journal, by two cursors:
//! [`output`] follows it to the end, [`watch`] stands where the last `wait` was met. Commands
//! ([`command`]) come from [`input`]; [`status`] knows how things stand; [`session`] is the loop.

pub mod command;
pub mod input;
pub mod output;
pub mod session;
pub mod status;
pub mod watch;

use std::time::Duration;

use clap::Args;

use super::connection::{ConnectionArgs, values};
use super::stop::told;
use super::{Exit, UsageError, complain};
use crate::client::Options;
use crate::scope::{Record, Scope};

const HELP: &str = "\
Commands, one JSON object a line on stdin, done in order:
  {\"emit\":[\"name\",arg…],\"nsp\":\"/chat\",\"ack\":true,\"timeout_ms\":5000}
  {\"join\":\"/chat\",\"auth\":{…}}   {\"leave\":\"/chat\"}
  {\"answer\":[…],\"nsp\":\"/\",\"id\":3}      to a server that asked for an ack
  {\"connect\":true}   {\"disconnect\":true}   {\"mark\":\"text\"}   {\"quit\":true}
  {\"fault\":\"drop\"}   {\"fault\":\"clear\"}   make something fail (--faults lists what)
  {\"wait\":{\"event\":\"hello\",\"nsp\":\"/\",\"timeout_ms\":3000}}
  {\"wait\":{\"ack\":true}}             the ack of the newest emit that asked for one
  {\"wait\":{\"namespace\":\"/chat\"}}    {\"wait\":{\"ms\":500}}

Binary is {\"$binary\":\"<base64>\"}. Without \"nsp\" a command means / if it is joined, else the
first namespace named. A wait holds the next commands back, looks at everything since the wait
before it was met, and has 5000 ms if it names none; when its time is up the run ends with 1.

At the end of input the run waits for the connection, for what is buffered and for pending acks
(30 s for those without a time of their own), then leaves; with --for it stays until that time.";

/// Arguments of `stream`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct StreamArgs {
    /// Server to connect to: http(s)://, ws(s):// or host:port; its path names the namespace.
    url: String,
    /// Print no records (with --record FILE they are in the file).
    #[arg(long)]
    quiet: bool,
    /// Leave after this time: 10s, 500ms, 2m.
    #[arg(long = "for", value_name = "TIME", value_parser = values::seconds)]
    time: Option<Duration>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl StreamArgs {
    /// What to do.
    pub fn plan(&self) -> Result<Plan, UsageError> {
        let (options, record) = self.connection.options(&self.url)?;
        Ok(Plan {
            options,
            record,
            quiet: self.quiet,
            time: self.time,
        })
    }
}

/// A run of `stream`.
#[derive(Debug)]
pub struct Plan {
    /// The connection.
    pub options: Options,
    /// Where to record.
    pub record: Record,
    /// Print no records.
    pub quiet: bool,
    /// Leave after this time.
    pub time: Option<Duration>,
}

/// Runs to the end.
pub fn run(plan: Plan) -> Exit {
    told(async |stops| {
        let input = input::read(std::io::stdin());
        let scope = match Scope::connect(plan.options, plan.record) {
            Ok(scope) => scope,
            Err(error) => {
                complain(error);
                return Exit::Usage;
            }
        };
        let session = session::Session::new(scope, std::io::stdout(), plan.quiet, input, plan.time);
        session.run(stops).await
    })
    .unwrap_or_else(|exit| exit)
}
