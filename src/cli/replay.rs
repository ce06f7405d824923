//! `sioscope replay FILE URL`: the client's side of a recorded session, played again.

mod auth;
mod check;
mod run;
mod step;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::UsageError;
use super::connection::{ConnectionArgs, target, values};
use crate::client::Options;
use crate::replay::path::Path;
use crate::replay::play::player::{Pace, Settings};
use crate::replay::play::setup::Given;
use crate::replay::play::values::Values;
use crate::scope::Record;

pub use run::{behind, run};

/// How long something is waited for where `--timeout` says nothing.
const PATIENCE: Duration = Duration::from_secs(5);
/// Attempts of a series of reconnects where `--reconnection-attempts` says nothing.
const ATTEMPTS: u32 = 5;

const HELP: &str = "\
What the client of the recording did is done again: it joins the same namespaces, emits the same
events at the same times, answers what the server asks, leaves and comes back. Ack ids, sids and
offsets are those of the new session. It is recorded like any other.

  replay FILE URL --speed 10                 ten times as fast
  replay FILE URL --wait match               each emit after what came before it in the recording
  replay FILE URL --step                     each emit at a key (or a line of standard input)
  replay FILE URL --view                     on the screen, the recording beside what comes
  replay FILE URL --check                    exit with 1 and the first difference that matters
  replay FILE URL --capture 'token=reply:login[0].token' --set 'join[0].token={{token}}'

A path names an event, reply:EVENT its ack, and then a place in the arguments: [0].user.id, or
.user.id in the first one. /chat,EVENT is that of one namespace. VALUE is JSON, or else text;
{{NAME}} in it, or in a recorded payload, is what was captured, and the emit waits for it.

Auth payloads, the namespaces' queries, and the query, headers and cookies of the recorded
handshake go to the recorded host and port only. Elsewhere auth is asked for on a terminal, or
give it again (--auth, -n NSP=AUTH, -H, -q, -b), or say --allow-target. Events are sent as they
were recorded, wherever they go.

However fast it is played, a recorded leave or disconnect waits for what had come before it (as long
as --timeout says). A namespace that refuses now stops the replay where a step needs it, and else
nothing but itself. --view ends with the same exit code as without.

With -n (or a path in the URL) only these namespaces are played. Of a recording of one client all
connections are one script: a reconnect is not made to happen again (--faults can). Of a tap, a
HAR or a mitmproxy file one connection is played, --connection N or the first that has packets.
A first connect that fails is not tried again unless --reconnection-attempts says so.";

/// `--wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WaitArg {
    /// Each emit waits for the event or ack that preceded it in the recording.
    Match,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct ReplayArgs {
    /// Session to play: what `open` opens.
    file: PathBuf,
    /// Server to play it on: http(s)://, ws(s):// or host:port.
    url: String,
    /// Play so many times as fast as recorded; 0.5 is half as fast.
    #[arg(long, value_name = "N", conflicts_with_all = ["step", "wait"], value_parser = speed)]
    speed: Option<f64>,
    /// Let each step go by a key.
    #[arg(long, conflicts_with = "wait")]
    step: bool,
    /// Wait for what happened instead of for the recorded times.
    #[arg(long, value_enum, value_name = "HOW")]
    wait: Option<WaitArg>,
    /// How long to wait for an event, an ack or a value that was recorded [default: 5s].
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    timeout: Option<Duration>,
    /// Compare what comes with what was recorded; exit with 1 where they differ.
    #[arg(long)]
    check: bool,
    /// With --check: leave this place out of the comparison, as `diff --mask`; repeat for more.
    #[arg(long, value_name = "PATH", requires = "check")]
    mask: Vec<String>,
    /// Show the recording beside the live session on the screen.
    #[arg(long, conflicts_with = "json")]
    pub view: bool,
    /// With --check: print one JSON object, as `diff --json`.
    #[arg(long, requires = "check")]
    json: bool,
    // Help that is no doc comment: rustdoc takes brackets for links.
    #[arg(
        long,
        value_name = "PATH=VALUE",
        help = "Put VALUE into what is sent: say[0].room=lobby; repeat for more"
    )]
    set: Vec<String>,
    #[arg(
        long,
        value_name = "NAME=PATH",
        help = "Take a value from what comes, for {{NAME}}: token=reply:login[0].token; repeat for more"
    )]
    capture: Vec<String>,
    /// Play this connection of the recording, alone.
    #[arg(long = "connection", value_name = "N")]
    number: Option<u32>,
    /// Send recorded auth, headers, query and cookies to another host than the recorded one.
    #[arg(long)]
    allow_target: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// A speed above nothing.
fn speed(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('x').parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err("not a number above 0, as in 10 or 0.5".to_owned()),
    }
}

impl ReplayArgs {
    /// What to do.
    pub fn plan(&self) -> Result<Plan, UsageError> {
        let (mut options, record) = self.connection.options(&self.url)?;
        let args = &self.connection;
        if args.readonly {
            return Err(UsageError(
                "--readonly: a replay is there to send; open shows a session without sending"
                    .to_owned(),
            ));
        }
        if let Record::File(of) = &record
            && same_file(of, &self.file)
        {
            return Err(UsageError(format!(
                "--record {}: that is the session that is played; it would be overwritten",
                of.display()
            )));
        }
        let from_url = target::parse(&self.url, !args.namespaces.is_empty())?.nsp;
        let named = !args.namespaces.is_empty() || from_url != "/";
        if !named {
            options.namespaces.clear();
        }
        if args.reconnection_attempts.is_none() {
            options.reconnection.attempts = Some(ATTEMPTS);
        }
        let mut fresh = Values::default();
        for text in &self.capture {
            fresh
                .capture(text)
                .map_err(|error| UsageError(format!("--capture {error}")))?;
        }
        for text in &self.set {
            fresh
                .set(text)
                .map_err(|error| UsageError(format!("--set {error}")))?;
        }
        let masks = self
            .mask
            .iter()
            .map(|text| text.parse())
            .collect::<Result<Vec<Path>, _>>()
            .map_err(|error| UsageError(format!("--mask: {error}")))?;
        let pace = match (self.step, self.wait) {
            (true, _) => Pace::Step,
            (_, Some(WaitArg::Match)) => Pace::Match,
            _ => Pace::Timed(self.speed.unwrap_or(1.0)),
        };
        Ok(Plan {
            file: self.file.clone(),
            options,
            record,
            given: Given {
                eio: args.eio.is_some(),
                parser: args.parser.is_some(),
                path: args.path.is_some(),
                transports: args.transports.is_some() || args.no_upgrade,
                namespaces: named,
            },
            patient: args.reconnection_attempts.is_some(),
            number: self.number,
            allow_target: self.allow_target,
            values: fresh,
            settings: Settings {
                pace,
                patience: self.timeout.unwrap_or(PATIENCE),
            },
            check: self.check,
            masks,
            json: self.json,
        })
    }
}

fn same_file(one: &std::path::Path, other: &std::path::Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// A run of `replay`.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The session.
    pub file: PathBuf,
    /// The connection, as it was given.
    pub options: Options,
    /// Where to record.
    pub record: Record,
    /// What of it was given.
    pub given: Given,
    /// A first connect that fails is tried again.
    pub patient: bool,
    /// Connection to play.
    pub number: Option<u32>,
    /// Another host may see what the recorded one saw.
    pub allow_target: bool,
    /// Fresh values.
    pub values: Values,
    /// How to play.
    pub settings: Settings,
    /// Compare.
    pub check: bool,
    /// Places that are not compared.
    pub masks: Vec<Path>,
    /// And print that as JSON.
    pub json: bool,
}
