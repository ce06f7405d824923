//! `--faults`: the plan's file.

use std::path::Path;

use crate::cli::UsageError;
use crate::faults::{self, Plan, Side};

/// What `--faults` says of itself in the long help.
pub fn help() -> String {
    let mut help = "Make things fail by this plan, the same way each time.\n\n\
        A plan is TOML: `seed` and any number of rules. A rule has a `fault` (or several: \
        [\"delay:200\", \"jitter:50\"]) and what must fit: `connection` and `attempt` (numbers; \
        a tap is not told the attempt), \
        `direction` (\"to_server\", \"to_client\"), `transport` (\"polling\", \"websocket\"), \
        `request` (\"handshake\", \"poll\", \"post\", \"upgrade\"), `namespace`, `event`, `nth` \
        (counted on each connection), `probability` (0 to 1), `times` (in all). For example:\n\n"
        .to_owned();
    for line in faults::EXAMPLE.lines() {
        help.push_str(if line.is_empty() { "" } else { "    " });
        help.push_str(line);
        help.push('\n');
    }
    help.push_str("\nThe faults, under what each brings:\n");
    for (brings, entries) in faults::groups() {
        let forms: Vec<&str> = entries.iter().map(|entry| entry.form).collect();
        help.push_str(&format!("\n    {}: {}", brings.text(), forms.join(", ")));
    }
    help
}

/// Reads the plan for whoever is to apply it.
///
/// # Errors
/// A file that can't be read, a mistake in it with line and column, a fault that `side` can't
/// make.
pub fn read(file: &Path, side: Side) -> Result<Plan, UsageError> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| UsageError(format!("--faults: cannot read {name}: {error}")))?;
    let plan = Plan::parse(&text).and_then(|plan| plan.check(side).map(|()| plan));
    plan.map_err(|error| UsageError(format!("--faults: {name}:{error}")))
}
