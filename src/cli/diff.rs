//! `sioscope diff A B`: two saved sessions lined up.

pub(super) mod json;
mod text;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::paint::colours;
use super::{Exit, UsageError, complain, print};
use crate::journal::Journal;
use crate::journal::file::Header;
use crate::replay::diff::{Aspect, Comparison, Masks, Rules, Side, compare};

const HELP: &str = "\
Lined up are the connections (by how they ended), and in each namespace each direction by itself;
a reply belongs to its question whatever its ack id. Never a difference: session times, ack ids,
recovery offsets, cache busters, pings, the number of polls, and headers such as Date. In payloads
also not (see --exact): ids that the server gave, the target's host:port, and moments within a day
of the recording's.

A path for --mask: EVENT, then [0] for an argument, .key for a member; say.user means
say[0].user. reply:say[0] looks into the reply to an event, connect.token into CONNECT,
'$..id' into everything at any depth, '/chat,say.id' into one namespace only.
    sioscope diff a.sio.jsonl b.sio.jsonl --mask '$..createdAt' --mask 'reply:login.session'

What is told first matters most, in this order: reached, ended, refused, upgrade, sent, missing,
reply, event, order, handshake, transport, headers, timing. --ignore leaves some of them out:
    sioscope diff direct.sio.jsonl nginx.sio.jsonl --ignore headers,timing

On a terminal the two are shown side by side (n: the next difference that matters, e: the next one
below, !: only what differs); --text prints what is printed elsewhere.

Exits with 0 when nothing differs, 1 when something does, 2 when a file can't be read.";

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct DiffArgs {
    /// A saved session, in every format that open reads.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The session to compare it with.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Print text, also where a terminal could show the two side by side.
    #[arg(long, conflicts_with = "json")]
    text: bool,
    // Its help is no doc comment: rustdoc takes brackets for links.
    #[arg(
        short,
        long,
        value_name = "PATH",
        help = "Leave this place of a payload out (repeat): say[0].user.id, reply:say, '$..id'"
    )]
    mask: Vec<String>,
    /// Compare payloads to the letter: ids and times in them count, too.
    #[arg(long)]
    exact: bool,
    /// Leave out what this is about (a list, or repeat): headers,transport,timing.
    #[arg(
        long,
        value_name = "WHAT",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Aspect::ALL.map(Aspect::name)),
        hide_possible_values = true
    )]
    ignore: Vec<String>,
    /// Lines shown around a difference.
    #[arg(short = 'U', long, value_name = "LINES", default_value_t = 2)]
    context: usize,
    /// Show every difference, however many there are.
    #[arg(long)]
    all: bool,
}

/// A run of `diff`.
#[derive(Debug)]
pub struct Plan {
    /// The first session.
    pub a: PathBuf,
    /// The second one.
    pub b: PathBuf,
    /// What is masked.
    pub masks: Masks,
    /// How they are compared.
    pub rules: Rules,
    /// Print JSON.
    pub json: bool,
    /// Print text.
    pub text: bool,
    /// Lines of context.
    pub context: usize,
    /// Show all differences.
    pub all: bool,
}

impl DiffArgs {
    /// What to do.
    pub fn plan(self) -> Result<Plan, UsageError> {
        let paths = (self.mask.iter())
            .map(|path| path.parse())
            .collect::<Result<_, crate::replay::path::PathError>>()
            .map_err(|error| UsageError(format!("--mask: {error}")))?;
        let ignore: BTreeSet<Aspect> = (Aspect::ALL.into_iter())
            .filter(|aspect| self.ignore.iter().any(|name| name == aspect.name()))
            .collect();
        let mut masks = Masks::new(paths);
        masks.exact = self.exact;
        let rules = Rules {
            ignore,
            ..Rules::default()
        };
        Ok(Plan {
            a: self.a,
            b: self.b,
            masks,
            rules,
            json: self.json,
            text: self.text,
            context: self.context,
            all: self.all,
        })
    }
}

/// A session file that was read.
#[derive(Debug)]
pub struct Loaded {
    /// The file.
    pub path: PathBuf,
    /// Its first line.
    pub header: Header,
    /// What is compared of it.
    pub side: Side,
    /// What a person must know about it: cut, unreadable from somewhere on, records lost.
    pub notes: Vec<String>,
}

/// Two sessions that were read and lined up.
#[derive(Debug)]
pub struct Compared {
    /// The first session.
    pub a: Loaded,
    /// The second one.
    pub b: Loaded,
    /// What differs.
    pub comparison: Comparison,
}

impl Plan {
    /// Whether a person sits before a screen and wants neither text nor JSON.
    pub fn wants_screen(&self) -> bool {
        !self.json && !self.text && std::io::stdout().is_terminal()
    }
}

/// Reads and compares.
///
/// # Errors
/// The exit code, after saying what could not be read.
pub fn compared(plan: &Plan) -> Result<Compared, Exit> {
    // Both are opened before one is read: a mistyped name is said at once.
    let opened = [&plan.a, &plan.b].map(|path| Journal::open(path));
    let [a, b] = match opened {
        [Ok(a), Ok(b)] => {
            let mut masks = plan.masks.clone();
            for journal in [&a, &b] {
                masks.add_target(&journal.header().target);
            }
            [load(&plan.a, &a, &masks), load(&plan.b, &b, &masks)]
        }
        [a, b] => {
            for error in [a.err(), b.err()].into_iter().flatten() {
                complain(error);
            }
            return Err(Exit::Usage);
        }
    };
    let comparison = compare(&a.side, &b.side, &plan.rules);
    Ok(Compared { a, b, comparison })
}

impl Compared {
    /// Says on stderr what a person must know about the files.
    pub fn say_notes(&self) {
        for loaded in [&self.a, &self.b] {
            for note in &loaded.notes {
                complain(format_args!("{}: {note}", loaded.path.display()));
            }
        }
    }

    /// How a run ends that showed this.
    pub fn exit(&self) -> Exit {
        match self.comparison.is_equal() {
            true => Exit::Done,
            false => Exit::Unmet,
        }
    }
}

/// Runs to the end, without a screen.
pub fn run(plan: &Plan) -> Exit {
    let compared = match compared(plan) {
        Ok(compared) => compared,
        Err(exit) => return exit,
    };
    let Compared { a, b, comparison } = &compared;
    let said = match plan.json {
        true => {
            compared.say_notes();
            format!("{}\n", json::object(&a.side, &b.side, comparison))
        }
        // The page has the notes, too; who keeps the page must not miss them.
        false => {
            if !std::io::stdout().is_terminal() {
                compared.say_notes();
            }
            text::page(a, b, comparison, plan, colours())
        }
    };
    match print::to_stdout(said.as_bytes()) {
        Exit::Done => compared.exit(),
        exit => exit,
    }
}

fn load(path: &Path, journal: &Journal, masks: &Masks) -> Loaded {
    // Reading is a thread's work; there is nothing else to do meanwhile.
    while journal.status().indexed < 1.0 && journal.status().failed.is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let side = Side::of(journal, masks);
    let status = journal.status();
    let mut notes = Vec::new();
    if let Some(why) = status.failed {
        notes.push(format!("it could not be read to its end: {why}"));
    } else if status.cut {
        notes.push("its last line was cut off and is left out".to_owned());
    }
    notes.extend(status.lacks);
    notes.extend(
        side.unreadable
            .told()
            .map(|told| format!("{told}; left out")),
    );
    if side.lost > 0 {
        notes.push(format!("the recording lost {} records", side.lost));
    }
    if side.lines.is_empty() {
        notes.push("it holds nothing that could be compared".to_owned());
    }
    Loaded {
        path: path.to_path_buf(),
        header: journal.header(),
        side,
        notes,
    }
}

#[cfg(test)]
mod tests;
