//! What is said about a replay.

use std::time::Duration;

use crate::cli::print;
use crate::journal::redact;
use crate::replay::play::player::{Pace, Player};
use crate::replay::play::script::{Deed, Script};
use crate::replay::play::setup::Withheld;

/// `1 emit`, `2 emits`.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// What will be played.
pub fn begin(script: &Script, pace: Pace, file: &str, url: &str) -> String {
    let answers = match script.answers.len() {
        0 => String::new(),
        count => format!(" and {}", counted(count, "answer")),
    };
    let how = match pace {
        Pace::Timed(speed) => {
            let time = Duration::try_from_secs_f64(script.end.as_secs_f64() / speed);
            let time = time.unwrap_or(Duration::MAX).as_secs_f64();
            format!(" in {time:.1} s")
        }
        Pace::Match => " after what preceded each".to_owned(),
        Pace::Step => " step by step".to_owned(),
    };
    format!(
        "playing {}{answers} of {file}{how} on {url}",
        counted(script.emits(), "emit")
    )
}

/// What of the recording can't be played as it was.
pub fn reservations(script: &Script) -> Vec<String> {
    let mut said = Vec::new();
    if script.reconnects() > 0 {
        said.push(format!(
            "the recorded client reconnected: what it did on {} goes on over the live connection; \
             a loss is not made to happen again (--faults can)",
            counted(script.reconnects(), "later connection")
        ));
    }
    if script.unreadable > 0 {
        said.push(format!(
            "{} could not be read and will not be sent",
            counted(usize(script.unreadable), "packet")
        ));
    }
    if script.unasked > 0 {
        said.push(format!(
            "{} to questions that are not in the recording will not be given",
            counted(usize(script.unasked), "answer")
        ));
    }
    said
}

fn usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// What another host does not get.
pub fn withheld(withheld: &Withheld, recorded: &str, url: &str) -> String {
    format!(
        "not sent, because it was recorded for {recorded} and this is {url}: {withheld}; give it \
         again (--auth, -n NSP=AUTH, -H, -q, -b), or say --allow-target",
    )
}

/// What was masked in the recording itself.
pub fn masked(withheld: &Withheld) -> String {
    format!(
        "not sent, because it was masked in the recording: {withheld}; give it again (--auth, \
         -n NSP=AUTH)",
    )
}

/// A namespace that refuses, and that nothing needs.
pub fn refused(nsp: &str, reason: &str) -> String {
    format!(
        "namespace {nsp} refuses: {reason} (in the recording it let the client in); no step needs \
         it, so the rest is played. --allow-target sends the recorded auth to another server than \
         the recorded one, --auth or -n {nsp}=AUTH gives another"
    )
}

/// How far it came.
pub fn end(player: &Player) -> String {
    let progress = player.progress();
    let emits = player.script().steps.iter().enumerate();
    let emits = emits.filter(|(_, step)| matches!(step.deed, Deed::Emit(_)));
    let done = emits
        .clone()
        .filter(|(at, _)| *at < progress.steps.0 && !player.skipped().contains(at))
        .count();
    let mut text = format!("played {done} of {}", counted(emits.count(), "emit"));
    if progress.answers.1 > 0 {
        text.push_str(&format!(
            " and {} of {}",
            progress.answers.0,
            counted(progress.answers.1, "answer")
        ));
    }
    text.push_str(&format!(
        "; {} of {} recorded replies and events came",
        progress.replies.0, progress.replies.1
    ));
    if progress.extra > 0 {
        text.push_str(&format!(", and {} that were not recorded", progress.extra));
    }
    let missing = player.beside().find(|(_, came)| came.is_none());
    if let Some((expected, _)) = missing {
        text.push_str(&format!(
            "; the first that did not come is {} (record {})",
            expected.reply, expected.n
        ));
    }
    text
}

/// The step that waits for a key.
pub fn next(player: &Player, at: usize) -> String {
    let Some(step) = player.script().steps.get(at) else {
        return String::new();
    };
    let args = match &step.deed {
        Deed::Emit(event) => format!(" {}", shortened(&redact::covered(&event.args, None))),
        _ => String::new(),
    };
    let number = at.saturating_add(1);
    let all = player.script().steps.len();
    format!(
        "{number}/{all} {}{args} (record {}): enter sends, s skips, a plays on, q leaves",
        step.deed, step.n
    )
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    print::safe(&format!("{shown}{more}")).into_owned()
}
