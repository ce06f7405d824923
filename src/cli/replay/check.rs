//! `--check`: what came beside what was recorded, said.

use crate::cli::diff::json;
use crate::cli::{Exit, print};
use crate::journal::Journal;
use crate::replay::diff::Difference;
use crate::replay::path::Path;
use crate::replay::play::check::{Checked, check};
use crate::scope::playing::Playing;

/// How many differences are said after the first.
const SAID: usize = 20;

/// Compares and prints what differs: the first difference that matters first.
pub fn run(recorded: &Journal, playing: &Playing, masks: &[Path], as_json: bool) -> Exit {
    let live = playing.scope().journal();
    let checked = check(recorded, live, playing.player(), masks);
    let text = if as_json {
        let Checked {
            recorded,
            live,
            comparison,
        } = &checked;
        format!("{}\n", json::object(recorded, live, comparison))
    } else {
        text(&checked)
    };
    match print::to_stdout(text.as_bytes()) {
        Exit::Done if checked.comparison.is_equal() => Exit::Done,
        Exit::Done => Exit::Unmet,
        other => other,
    }
}

/// The first difference that matters, for the screen; whether there is none.
pub fn verdict(recorded: &Journal, playing: &Playing, masks: &[Path]) -> (String, bool) {
    let live = playing.scope().journal();
    let checked = check(recorded, live, playing.player(), masks);
    match checked.comparison.differences.split_first() {
        None => ("no difference".to_owned(), true),
        Some((first, [])) => (sentence(&checked, first), false),
        Some((first, rest)) => (
            format!("{} (and {} more)", sentence(&checked, first), rest.len()),
            false,
        ),
    }
}

fn text(checked: &Checked) -> String {
    let differences = &checked.comparison.differences;
    let Some((first, rest)) = differences.split_first() else {
        return "no difference: what came is what was recorded\n".to_owned();
    };
    let mut text = format!("{}\n", sentence(checked, first));
    for difference in rest.iter().take(SAID) {
        text.push_str(&format!("{}\n", sentence(checked, difference)));
    }
    if rest.len() > SAID {
        text.push_str(&format!(
            "and {} more differences\n",
            rest.len().saturating_sub(SAID)
        ));
    }
    if let Some(mask) = &first.mask {
        text.push_str(&format!(
            "if the first is no difference to you: --mask '{}'\n",
            print::safe(mask)
        ));
    }
    text
}

fn sentence(checked: &Checked, difference: &Difference) -> String {
    let records = match checked.records(difference) {
        (Some(recorded), Some(live)) => format!(" (record {recorded}, live {live})"),
        (Some(recorded), None) => format!(" (record {recorded})"),
        (None, Some(live)) => format!(" (live {live})"),
        (None, None) => String::new(),
    };
    format!(
        "{}: {}{records}",
        difference.aspect.name(),
        print::safe(&difference.why)
    )
}
