//! `sioscope sessions prune`: which sessions go, and asking before they do.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::SystemTime;

use clap::Args;

use super::table::{age, age_of, size};
use super::{Exit, UsageError, complain, print, say_json};
use crate::journal::file::{self, Listed, short_name};

/// What was written to in this many seconds may still be recorded: it stays. A connection that
/// lives writes its heartbeats at least every 25 s or so.
const FRESH: u64 = 120;

/// Arguments of `sessions prune`.
#[derive(Debug, Args)]
#[command(after_help = "\
What was written to in the last two minutes stays, and so does every file that is no session.")]
pub struct PruneArgs {
    /// Sessions that were last written to longer ago than this (90m, 12h, 30d, 8w).
    #[arg(long, value_name = "AGE")]
    older: Option<String>,
    /// Sessions larger than this (500k, 10M, 1G).
    #[arg(long, value_name = "SIZE")]
    larger: Option<String>,
    /// The oldest ones, until all together take no more than this.
    #[arg(long, value_name = "SIZE")]
    total: Option<String>,
    /// Delete without asking.
    #[arg(short, long)]
    yes: bool,
    /// Only say what would go.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

/// Which sessions go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Seconds since they were last written to.
    pub older: Option<u64>,
    /// Bytes of one.
    pub larger: Option<u64>,
    /// Bytes of all together.
    pub total: Option<u64>,
    /// Do not ask.
    pub yes: bool,
    /// Delete nothing.
    pub dry_run: bool,
}

impl PruneArgs {
    /// What to do.
    pub fn plan(self) -> Result<Plan, UsageError> {
        let age = |text: Option<String>| {
            text.map(|text| {
                let units = [
                    ("s", 1),
                    ("m", 60),
                    ("h", 3_600),
                    ("d", 86_400),
                    ("w", 604_800),
                ];
                number(&text, &units).ok_or_else(|| {
                    UsageError(format!(
                        "--older {text}: a number and s, m, h, d or w, as in 30d"
                    ))
                })
            })
            .transpose()
        };
        let bytes = |name: &str, text: Option<String>| {
            text.map(|text| {
                let units = [("", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)];
                number(&text, &units).ok_or_else(|| {
                    UsageError(format!(
                        "--{name} {text}: a number and k, M or G, as in 10M"
                    ))
                })
            })
            .transpose()
        };
        if self.older.is_none() && self.larger.is_none() && self.total.is_none() {
            return Err(UsageError(
                "sessions prune: say which: --older AGE, --larger SIZE or --total SIZE".to_owned(),
            ));
        }
        Ok(Plan {
            older: age(self.older)?,
            larger: bytes("larger", self.larger)?,
            total: bytes("total", self.total)?,
            yes: self.yes,
            dry_run: self.dry_run,
        })
    }
}

/// A whole number with one of the units.
fn number(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text
        .find(|one: char| !one.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

/// The sessions that go, of a list with the newest first.
pub(super) fn chosen<'a>(plan: &Plan, listed: &'a [Listed], now: SystemTime) -> Vec<&'a Listed> {
    let mut kept = 0_u64;
    let mut chosen = Vec::new();
    for one in listed {
        let age = age_of(one, now).unwrap_or(0);
        let by_itself = plan.older.is_some_and(|older| age > older)
            || plan.larger.is_some_and(|larger| one.size > larger);
        let together = kept.saturating_add(one.size);
        let too_much = plan.total.is_some_and(|total| together > total);
        let may_go = one.header.is_ok() && age >= FRESH;
        if may_go && (by_itself || too_much) {
            chosen.push(one);
        } else {
            kept = together;
        }
    }
    chosen
}

/// Does it.
pub(super) fn run(plan: &Plan, listed: Vec<Listed>, json: bool) -> Exit {
    let now = SystemTime::now();
    let chosen = chosen(plan, &listed, now);
    if chosen.is_empty() && !json {
        complain("no session is to go");
        return Exit::Done;
    }
    let bytes: u64 = chosen.iter().map(|one| one.size).sum();
    for one in &chosen {
        complain(format_args!(
            "{} ({}, {})",
            short_name(&one.path),
            size(one.size),
            age_of(one, now).map_or_else(|| "?".to_owned(), age),
        ));
    }
    if !plan.dry_run && !plan.yes && !chosen.is_empty() {
        match ask(chosen.len(), bytes) {
            Some(true) => {}
            Some(false) => {
                complain("nothing was deleted");
                return Exit::Done;
            }
            None => {
                complain(
                    "nothing was deleted: there is nobody to ask; --yes deletes without asking",
                );
                return Exit::Usage;
            }
        }
    }
    delete(plan, &chosen, json)
}

fn delete(plan: &Plan, chosen: &[&Listed], json: bool) -> Exit {
    let mut exit = Exit::Done;
    let mut gone = Vec::new();
    for one in chosen {
        let removed = match plan.dry_run {
            true => Ok(()),
            false => file::remove(one),
        };
        match removed {
            Ok(()) => gone.push(one.path.display().to_string()),
            Err(error) => {
                complain(format_args!(
                    "cannot delete {}: {error}",
                    one.path.display()
                ));
                exit = Exit::Usage;
            }
        }
    }
    let told = if json {
        let name = if plan.dry_run { "would_go" } else { "deleted" };
        say_json(&serde_json::json!({ name: gone }))
    } else {
        let lines: String = gone
            .iter()
            .map(|path| format!("{}\n", print::safe(path)))
            .collect();
        print::to_stdout(lines.as_bytes())
    };
    if told == Exit::Done { exit } else { told }
}

/// Asks the person; `None` where there is none.
fn ask(count: usize, bytes: u64) -> Option<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let sessions = if count == 1 { "session" } else { "sessions" };
    eprint!("delete {count} {sessions} ({})? [y/N] ", size(bytes));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).ok()?;
    let answer = answer.trim();
    Some(answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes"))
}
