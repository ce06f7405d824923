//! What is shown of a replay: the recording beside what came. **Pure.**

use std::time::Duration;

use super::fact::{Event, name_of};
use super::player::{Came, Player, Progress};
use super::script::{Deed, Reply};

/// A replay as it stands, as far as it is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// How far it is.
    pub progress: Progress,
    /// Rows around the moment that is played, in the order of the recording; what was not
    /// recorded stands behind them.
    pub rows: Vec<Row>,
    /// Rows before the first and behind the last of these.
    pub hidden: (usize, usize),
    /// The row that is next, among `rows`.
    pub now: Option<usize>,
    /// The person says when the next step goes.
    pub asks: bool,
    /// How it ended, in words.
    pub ended: Option<String>,
    /// It ended well.
    pub well: bool,
}

/// One thing that was recorded, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Microseconds of the script.
    pub at: u64,
    /// It goes to the server.
    pub up: bool,
    /// Record of the recording; `None` for what was not recorded.
    pub recorded: Option<(u64, String)>,
    /// What came of it.
    pub live: Live,
}

/// What came of something that was recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// Not yet.
    Open,
    /// Sent.
    Sent,
    /// Left out by the person.
    Skipped,
    /// It came: its record and what it says.
    Came(u64, String),
}

/// What a row of a recording is.
#[derive(Debug, Clone, Copy)]
enum Item {
    Step(usize),
    Answer(usize),
    Expected(usize),
    Extra(usize),
}

impl View {
    /// The replay as it stands, with at most `most` rows.
    pub fn of(player: &Player, most: usize) -> View {
        let script = player.script();
        let progress = player.progress();
        // The row that is next: a step, and once all are done what is still waited for.
        let step = script.steps.get(progress.steps.0).map(|step| step.n);
        let next_n = step.or_else(|| player.first_open().map(|expected| expected.n));
        // A recording may be long: only what lies near is looked at.
        let mut items: Vec<(u64, u64, Item)> = Vec::new();
        let mut before = 0_usize;
        let mut near = |count: usize, n_of: &dyn Fn(usize) -> u64| {
            let split = match next_n {
                Some(next) => partition(count, &|place| n_of(place) < next),
                None => count,
            };
            before = before.saturating_add(split);
            split.saturating_sub(most)..split.saturating_add(most).min(count)
        };
        let step_n = |place: usize| script.steps.get(place).map_or(0, |step| step.n);
        for place in near(script.steps.len(), &step_n) {
            if let Some(step) = script.steps.get(place) {
                items.push((micros(step.at), step.n, Item::Step(place)));
            }
        }
        let expected_n = |place: usize| script.expected.get(place).map_or(0, |one| one.n);
        for place in near(script.expected.len(), &expected_n) {
            if let Some(expected) = script.expected.get(place) {
                items.push((micros(expected.at), expected.n, Item::Expected(place)));
            }
        }
        let answer_n = |place: usize| script.answers.get(place).map_or(0, |one| one.n);
        for place in near(script.answers.len(), &answer_n) {
            if let Some(answer) = script.answers.get(place) {
                let asked = script.expected.get(answer.ask).map(|ask| ask.at);
                let at = asked.unwrap_or_default().saturating_add(answer.delay);
                items.push((micros(at), answer.n, Item::Answer(place)));
            }
        }
        items.sort_by_key(|(_, n, _)| *n);
        let next = match next_n {
            Some(next) => items.partition_point(|(_, n, _)| *n < next),
            None => items.len(),
        };
        let recorded = items.len();
        for place in 0..player.extra().len().min(most) {
            items.push((u64::MAX, 0, Item::Extra(place)));
        }
        // Some rows of what was, more of what comes.
        let last = items.len().saturating_sub(most);
        let first = next.saturating_sub(most / 2).min(last);
        let rows: Vec<Row> = items
            .iter()
            .skip(first)
            .take(most)
            .filter_map(|(at, n, item)| row(player, *at, *n, *item))
            .collect();
        let all = script.steps.len() + script.expected.len() + script.answers.len();
        let all = all.saturating_add(player.extra().len());
        let above = before.saturating_sub(next.saturating_sub(first));
        View {
            progress,
            hidden: (above, all.saturating_sub(above.saturating_add(rows.len()))),
            now: next.checked_sub(first).filter(|_| next < recorded),
            rows,
            asks: false,
            ended: None,
            well: true,
        }
    }
}

fn row(player: &Player, at: u64, n: u64, item: Item) -> Option<Row> {
    let script = player.script();
    Some(match item {
        Item::Step(place) => {
            let step = script.steps.get(place)?;
            let live = if player.skipped().contains(&place) {
                Live::Skipped
            } else if place < player.progress().steps.0 {
                Live::Sent
            } else {
                Live::Open
            };
            Row {
                at,
                up: true,
                recorded: Some((n, of_deed(&step.deed))),
                live,
            }
        }
        Item::Answer(place) => {
            let answer = script.answers.get(place)?;
            let live = if player.has_answered(place) {
                Live::Sent
            } else {
                Live::Open
            };
            Row {
                at,
                up: true,
                recorded: Some((n, format!("answer {}", answer.args))),
                live,
            }
        }
        Item::Expected(place) => {
            let expected = script.expected.get(place)?;
            let came = player.came(place);
            Row {
                at,
                up: false,
                recorded: Some((n, of_reply(&expected.reply))),
                live: came.map_or(Live::Open, live),
            }
        }
        Item::Extra(place) => Row {
            at,
            up: false,
            recorded: None,
            live: live(player.extra().get(place)?),
        },
    })
}

fn micros(at: Duration) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(u64::MAX)
}

/// The first of `count` places for which `before` does not hold.
fn partition(count: usize, before: &dyn Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn live(came: &Came) -> Live {
    Live::Came(came.n, of_reply(&came.reply))
}

fn of_deed(deed: &Deed) -> String {
    match deed {
        Deed::Emit(event) => of_event("emit", event),
        // Auth is a secret.
        Deed::Join { nsp, .. } => format!("join {}", name_of(nsp)),
        other => other.to_string(),
    }
}

fn of_event(what: &str, event: &Event) -> String {
    let nsp = match event.nsp.as_str() {
        "/" => String::new(),
        nsp => format!("{nsp} "),
    };
    format!("{nsp}{what} {} {}", event.event, event.args)
}

fn of_reply(reply: &Reply) -> String {
    match reply {
        Reply::Joined { nsp } => format!("{nsp} connected"),
        Reply::Refused { nsp, data } => format!("{nsp} refused {data}"),
        Reply::Dropped { nsp } => format!("{nsp} disconnected by the server"),
        Reply::Event(event) => of_event("event", event),
        Reply::Ack { event, args, .. } => format!("ack of {event} {args}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::bed::{facts, script};
    use super::super::player::{Pace, Settings};
    use super::super::values::Values;
    use super::*;

    /// A hundred questions and answers.
    fn long() -> String {
        let mut text = "# 1\n1 < 0{\"sid\":\"E\"}\n2 > 40\n3 < 40{\"sid\":\"S\"}\n".to_owned();
        for id in 0..100 {
            let ms = 10 + id * 10;
            text.push_str(&format!(
                "{ms} > 42{id}[\"q\",{id}]\n{} < 43{id}[{id}]\n",
                ms + 5
            ));
        }
        text
    }

    #[test]
    fn the_rows_lie_around_the_step_that_is_next_and_none_is_lost_from_the_count() {
        let settings = Settings {
            pace: Pace::Step,
            patience: Duration::from_secs(5),
        };
        let mut player = Player::new(script(&long()), settings, Values::default());
        let live =
            facts("# 1\n1 < 0{\"sid\":\"E\"}\n2 > 40\n3 < 40{\"sid\":\"S\"}\n4 < 42[\"new\"]");
        live.iter().for_each(|(at, fact)| player.hear(*at, fact));
        for skipped in 0..=100_usize {
            let view = View::of(&player, 20);
            assert_eq!(view.rows.len(), 20);
            assert_eq!(view.hidden.0 + view.rows.len() + view.hidden.1, 202);
            if skipped < 100 {
                let now = view.now.and_then(|now| view.rows.get(now)).unwrap();
                let said = &now.recorded.as_ref().unwrap().1;
                assert_eq!(said, &format!("emit q [{skipped}]"));
            }
            player.skip(Duration::from_secs(1));
        }
        let last = View::of(&player, 300);
        assert_eq!(last.rows.len(), 202);
        assert_eq!(last.rows.last().unwrap().recorded, None);
        assert_eq!(last.rows[1].live, Live::Skipped);
    }
}
