//! The grammar of the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::connection::ConnectionArgs;
use super::drafts::VariableArgs;
use super::{Headless, Invocation, Opening, Task, UsageError};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    an expectation failed: a wait timed out, an ack did not come, a draft of
       run failed, doctor found a fault, the sessions of diff differ
  2    usage, configuration or input
  3    could not connect
  4    disconnected, and did not come back
  130  interrupted

Environment:
  SIOSCOPE_LOG         file for the program's own log, as --log
  RUST_LOG             what goes into it (default: sioscope=debug)
  SIOSCOPE_DATA_DIR    folder for sessions and reports instead of the system's
  SIOSCOPE_CONFIG_DIR  folder of config.toml, themes and collections instead of the system's
  NO_COLOR             no colours";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "sioscope",
    version,
    about = "A terminal debugging client for Socket.IO: every frame, every packet, every reconnect",
    long_about = "A terminal debugging client for Socket.IO: every frame, every packet, every \
                  reconnect.\n\nWith a URL (or nothing) it opens the screen. The commands below \
                  work without one.",
    after_help = EXIT_CODES,
    args_conflicts_with_subcommands = true,
    max_term_width = 100
)]
pub struct Cli {
    /// Server to connect to: http(s)://, ws(s):// or host:port; its path names the namespace.
    url: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    variables: VariableArgs,
    /// Write the program's own log to this file.
    #[arg(long, value_name = "FILE", global = true, help_heading = "General")]
    log: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Headless: records as lines on stdout, commands as lines on stdin.
    Stream(Box<super::stream::StreamArgs>),
    /// Connect, emit one event, print its ack, leave.
    Emit(Box<super::emit::EmitArgs>),
    /// Send the drafts of a collection in their order, and check what they expect.
    Run(Box<super::run::RunArgs>),
    /// Probe an endpoint, name what is wrong and the line to change; or read a saved session.
    Doctor(Box<super::doctor::DoctorArgs>),
    /// A recording proxy for any client, with the screen or headless.
    Tap(Box<super::tap::TapArgs>),
    /// Line two saved sessions up: the difference that matters first, then the rest.
    Diff(super::diff::DiffArgs),
    /// Play the server's side of a saved session to live clients.
    Mock(Box<super::mock::MockArgs>),
    /// Show a saved session on the screen.
    Open(super::open::OpenArgs),
    /// Play the client's side of a saved session again, on a live server.
    Replay(Box<super::replay::ReplayArgs>),
    /// Write a saved session for others: HAR, JSON lines, a transcript, an Artillery scenario.
    Export(Box<super::export::ExportArgs>),
    /// List, name and prune the recorded sessions.
    Sessions(super::sessions::SessionsArgs),
    /// An embedded server with something of everything, and the screen on it.
    Demo(super::demo::DemoArgs),
    /// Print the keys of the screen.
    Keys,
    /// List the themes of the screen, or show one.
    Themes {
        /// Theme to show.
        name: Option<String>,
    },
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff), or write one page per command into a folder.
    Man {
        /// Folder for the pages sioscope.1, sioscope-stream.1 and so on.
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
}

impl Cli {
    /// What was asked for.
    pub fn invocation(self) -> Result<Invocation, UsageError> {
        let log = self.log.or_else(|| {
            std::env::var_os("SIOSCOPE_LOG")
                .filter(|file| !file.is_empty())
                .map(PathBuf::from)
        });
        let variables = match &self.command {
            Some(Command::Tap(args)) => args.variables()?,
            _ => self.variables.variables()?,
        };
        let task = match self.command {
            None => Task::Screen(match self.url {
                Some(url) => {
                    let (options, record) = self.connection.options(&url)?;
                    Opening::Connect(Box::new(options), record)
                }
                None => {
                    let (options, record) = self.connection.options("http://localhost:3000")?;
                    Opening::Ask(Box::new(options), record)
                }
            }),
            Some(Command::Stream(args)) => Task::Headless(Headless::Stream(Box::new(args.plan()?))),
            Some(Command::Emit(args)) => Task::Headless(Headless::Emit(Box::new(args.plan()?))),
            Some(Command::Run(args)) => Task::Headless(Headless::Run(Box::new(args.plan()?))),
            Some(Command::Doctor(args)) => Task::Headless(Headless::Doctor(Box::new(args.plan()?))),
            Some(Command::Tap(args)) => args.task()?,
            Some(Command::Diff(args)) => Task::Diff(Box::new(args.plan()?)),
            Some(Command::Mock(args)) => args.task()?,
            Some(Command::Open(args)) => Task::Screen(Opening::Files(args.files)),
            Some(Command::Replay(args)) => {
                let plan = Box::new(args.plan()?);
                match args.view {
                    true => Task::Screen(Opening::Replay(plan)),
                    false => Task::Headless(Headless::Replay(plan)),
                }
            }
            Some(Command::Export(args)) => Task::Headless(Headless::Export(Box::new(args.plan()))),
            Some(Command::Sessions(args)) => Task::Headless(Headless::Sessions(args.plan()?)),
            Some(Command::Demo(args)) => args.task()?,
            Some(Command::Keys) => Task::Keys,
            Some(Command::Themes { name }) => Task::Themes(name),
            Some(Command::Completions { shell }) => Task::Headless(Headless::Completions(shell)),
            Some(Command::Man { dir }) => Task::Headless(Headless::Man(dir)),
        };
        Ok(Invocation {
            task,
            log,
            variables,
        })
    }
}

#[cfg(test)]
mod tests;
