//! What is shown of a replay: the recording beside what came. **Pure.**

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
        let mut items: Vec<(u128, u64, Item)> = Vec::new();
        for (place, step) in script.steps.iter().enumerate() {
            items.push((step.at.as_micros(), step.n, Item::Step(place)));
        }
        for (place, expected) in script.expected.iter().enumerate() {
            items.push((expected.at.as_micros(), expected.n, Item::Expected(place)));
        }
        for (place, answer) in script.answers.iter().enumerate() {
            let asked = script.expected.get(answer.ask).map(|ask| ask.at);
            let at = asked.unwrap_or_default().saturating_add(answer.delay);
            items.push((at.as_micros(), answer.n, Item::Answer(place)));
        }
        items.sort_by_key(|(_, n, _)| *n);
        let progress = player.progress();
        let next = items
            .iter()
            .position(|(.., item)| match item {
                Item::Step(place) => *place >= progress.steps.0,
                Item::Answer(_) => false,
                Item::Expected(place) => !player.has_come(*place),
                Item::Extra(_) => false,
            })
            .unwrap_or(items.len());
        let recorded = items.len();
        for place in 0..player.extra().len() {
            items.push((u128::MAX, 0, Item::Extra(place)));
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
        View {
            progress,
            hidden: (
                first,
                items.len().saturating_sub(first.saturating_add(rows.len())),
            ),
            now: next.checked_sub(first).filter(|_| next < recorded),
            rows,
            asks: false,
            ended: None,
            well: true,
        }
    }
}

fn row(player: &Player, at: u128, n: u64, item: Item) -> Option<Row> {
    let script = player.script();
    let at = u64::try_from(at).unwrap_or(u64::MAX);
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
