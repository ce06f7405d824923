//! `sioscope mock FILE`: the server's side of a recorded session, for live clients.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::connection::{plan, values};
use super::stop::{self, Stops};
use super::{Exit, Headless, Task, UsageError, complain, print};
use crate::faults::{self, Side};
use crate::notices::Notices;
use crate::protocol::engine::Version;
use crate::replay::mock::{self, Bound, Mock, Play, Script};
use crate::scope::{Record, Scope};
use crate::tap;

const HELP: &str = "\
Each connection of a client plays the session from its start: several clients at once and
reconnects do not disturb each other. What answers what:
  - A client's event is answered by what followed the recorded event of the same name in the same
    namespace: its ack, and what the server said until the client's next event (but not later than
    --within; what came later, or before the client's first event, comes by its time since the
    namespace was joined). Of several, the one with the most similar arguments is taken; equal ones
    are taken in their order, and when all were taken the last one answers again.
  - Joins are answered as recorded, refusals too; auth is not compared.
  - The server's disconnects and its end of the connection are played, unless --stay is given.
Session ids are fresh, also where recorded events quote them. What a client sends that the session
does not know is told on stderr at once; at the end everything is summed up, with what of the
session was never reached.";

/// Arguments of `mock`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct MockArgs {
    /// Session to play: any file that open reads.
    file: PathBuf,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,
    /// Let --listen take an address that other machines reach: whoever connects is served the
    /// session.
    #[arg(long)]
    allow_remote: bool,
    /// Stop after this time: 10s, 500ms, 2m.
    #[arg(long = "for", value_name = "TIME", value_parser = values::seconds)]
    time: Option<Duration>,
    /// Leave out the server's disconnects and its end of the connection.
    #[arg(long)]
    stay: bool,
    /// Play the session's connections one after the other, one to each new connection; the last
    /// one again and again.
    #[arg(long)]
    in_turn: bool,
    /// How late the server's word may be that answers a client's event [default: 5s].
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    within: Option<Duration>,
    /// Print the summary as one JSON object on stdout.
    #[arg(long)]
    json: bool,
    /// Make things fail by this plan, the same way each time; --help shows its form.
    #[arg(long, value_name = "PLAN.toml", long_help = plan::help())]
    faults: Option<PathBuf>,
    /// Record what clients do with the mock into this file.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// A run of `mock`.
#[derive(Debug)]
pub struct Plan {
    file: PathBuf,
    listen: String,
    time: Option<Duration>,
    play: Play,
    within: Duration,
    json: bool,
    faults: Option<faults::Plan>,
    record: Option<PathBuf>,
}

impl MockArgs {
    /// What to do.
    pub fn task(self) -> Result<Task, UsageError> {
        let faults = match &self.faults {
            Some(file) => Some(plan::read(file, Side::Tap)?),
            None => None,
        };
        let listen = super::demo::listen(&self.listen)?;
        if !super::tap::is_loopback(&listen) {
            if !self.allow_remote {
                return Err(UsageError(format!(
                    "--listen {listen}: others could connect there, and whoever does is served the session and what it holds; say --allow-remote if that is meant"
                )));
            }
            eprintln!(
                "warning: {listen} can be reached from other machines; whoever connects is served {}",
                print::safe(&self.file.display().to_string())
            );
        }
        Ok(Task::Headless(Headless::Mock(Box::new(Plan {
            listen,
            file: self.file,
            time: self.time,
            play: Play {
                stay: self.stay,
                in_turn: self.in_turn,
            },
            within: self.within.unwrap_or(mock::WITHIN),
            json: self.json,
            faults,
            record: self.record,
        }))))
    }
}

/// Serves until it is stopped.
pub fn run(plan: Plan) -> Exit {
    let script = match mock::read(&plan.file, plan.within) {
        Ok((script, said)) => {
            if let Some(said) = said {
                complain(said);
            }
            script
        }
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    // Listened for before the ready line is printed: whoever reads it may stop us at once.
    stop::told(async |stops| serve(plan, script, stops).await).unwrap_or_else(|exit| exit)
}

async fn serve(plan: Plan, script: Script, stops: &mut Stops) -> Exit {
    let notices = Notices::default();
    let told = told(&script, plan.play);
    let started = start(&plan, script, notices.clone());
    let (mock, front) = match started {
        Ok(started) => started,
        Err(why) => {
            complain(why);
            return Exit::Usage;
        }
    };
    complain(format_args!("playing {}: {told}", plan.file.display()));
    let url = front.as_ref().and_then(Scope::tapped);
    eprintln!(
        "listening on {}",
        url.map_or_else(|| mock.url(), tap::Tap::url)
    );
    let until = tokio::time::sleep(plan.time.unwrap_or(Duration::MAX));
    let mut until = std::pin::pin!(until);
    let exit = loop {
        tokio::select! {
            stop = stops.next() => break stop.of_a_server(Exit::Done),
            () = &mut until, if plan.time.is_some() => break Exit::Done,
            () = notices.changed() => tell(&notices, front.as_ref()),
            () = news(front.as_ref()) => tell(&notices, front.as_ref()),
        }
    };
    mock.shutdown().await;
    if let Some(front) = &front {
        front.shutdown().await;
    }
    tell(&notices, front.as_ref());
    let report = mock.report();
    if plan.json {
        let line = format!("{}\n", print::json_line(&report.json(mock.script())));
        return match print::to_stdout(line.as_bytes()) {
            Exit::Done => exit,
            broken => broken,
        };
    }
    for line in report.text(mock.script()).lines() {
        eprintln!("{}", print::safe(line));
    }
    exit
}

/// The mock; with a tap before it where something is to fail or to be recorded.
fn start(plan: &Plan, script: Script, notices: Notices) -> Result<(Mock, Option<Scope>), String> {
    let before = plan.faults.is_some() || plan.record.is_some();
    let msgpack = script.msgpack;
    let listen = match before {
        true => "127.0.0.1:0",
        false => &plan.listen,
    };
    let bound = Bound::new(listen).map_err(|error| error.to_string())?;
    let url = format!("http://{}", bound.address());
    let front = match before {
        false => None,
        true => {
            let upstream = url.parse().map_err(|error| format!("{url}: {error}"))?;
            let mut settings = tap::Settings::new(upstream);
            settings.listen = plan.listen.clone();
            settings.faults = plan.faults.clone();
            settings.msgpack = msgpack;
            settings.readonly = true;
            let record = plan.record.clone().map_or(Record::Off, Record::File);
            Some(Scope::tap(settings, record).map_err(|error| error.to_string())?)
        }
    };
    let mock = bound.start(script, plan.play, notices);
    Ok((mock.map_err(|error| error.to_string())?, front))
}

/// What a script is, in words.
fn told(script: &Script, play: Play) -> String {
    let count = |version| script.parts_of(version).count();
    let mut words = Vec::new();
    for (version, eio) in [(Version::V3, 3), (Version::V4, 4)] {
        match count(version) {
            0 => {}
            1 => words.push(format!("1 connection with EIO={eio}")),
            many => words.push(format!(
                "{many} connections with EIO={eio}, {}",
                if play.in_turn {
                    "one after the other"
                } else {
                    "of which each client plays the first (--in-turn plays all)"
                }
            )),
        }
    }
    if script.msgpack {
        words.push("in msgpack".to_owned());
    }
    words.join("; ")
}

fn tell(notices: &Notices, front: Option<&Scope>) {
    for notice in notices.take() {
        complain(notice);
    }
    for notice in front.map(Scope::notices).unwrap_or_default() {
        complain(notice);
    }
}

/// Waits for something that the tap has to say.
async fn news(front: Option<&Scope>) {
    match front {
        // Records are none of our business: only notices wake.
        Some(front) => front.changed(u64::MAX).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn plan(line: &str) -> Plan {
        let words = std::iter::once("sioscope").chain(line.split(' '));
        match cli::parse(words.map(Into::into)).map(|found| found.task) {
            Ok(Task::Headless(Headless::Mock(plan))) => *plan,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_file_is_enough() {
        let plan = plan("mock a.sio.jsonl");
        assert_eq!(plan.file, PathBuf::from("a.sio.jsonl"));
        assert_eq!(plan.listen, "127.0.0.1:0");
        assert_eq!((plan.time, plan.within), (None, mock::WITHIN));
        assert_eq!(plan.play, Play::default());
        assert!(!plan.json && plan.faults.is_none() && plan.record.is_none());
    }

    #[test]
    fn other_machines_are_let_in_only_where_that_is_said() {
        let line = |line: &str| {
            let words = std::iter::once("sioscope").chain(line.split(' '));
            cli::parse(words.map(Into::into)).map(|_| ())
        };
        assert_eq!(line("mock a.har --listen 0.0.0.0:0"), Err(Exit::Usage));
        assert!(line("mock a.har --listen [::1]:0").is_ok());
        assert!(line("mock a.har --listen 0.0.0.0:0 --allow-remote").is_ok());
    }

    #[test]
    fn each_option_is_taken() {
        let plan = plan(
            "mock a.har --listen 4000 --for 10s --within 500ms --stay --in-turn --json --record b",
        );
        assert_eq!(plan.listen, "127.0.0.1:4000");
        assert_eq!(plan.time, Some(Duration::from_secs(10)));
        assert_eq!(plan.within, Duration::from_millis(500));
        assert!(plan.play.stay && plan.play.in_turn && plan.json);
        assert_eq!(plan.record, Some(PathBuf::from("b")));
    }
}
