//! What is shown of a replay: the recording beside what came. **Pure.**

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::check::{equal, veiled};
use super::fact::{Event, name_of};
use super::player::{Came, Player, Progress};
use super::script::{Deed, Reply};
use crate::replay::diff::Veil;
use crate::replay::path::Of;

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
    pub recorded: Option<(u64, Said)>,
    /// What came of it.
    pub live: Live,
}

/// What a row says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// In words.
    pub words: String,
    /// Its payload, raw JSON; empty where it has none. It may hold secrets.
    pub json: String,
}

/// How like the recording it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// To the letter.
    Same,
    /// But for what is no difference: ids, times, offsets, what was set or captured or masked.
    Alike,
    /// It differs, as the check would say; what was not recorded does, too.
    Differs,
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
    /// It came: its record, what it says, and how like the recording that is.
    Came(u64, Said, Likeness),
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
    /// The replay as it stands, with at most `most` rows. `live`: what of the live session's
    /// payloads is no difference.
    pub fn of(player: &Player, live: &Veil, most: usize) -> View {
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
        let scales = Scales {
            recorded: &script.veil,
            live,
            swapped: veiled(player.values().swapped(), &script.veil, live),
        };
        let rows: Vec<Row> = items
            .iter()
            .skip(first)
            .take(most)
            .filter_map(|(at, n, item)| row(player, &scales, *at, *n, *item))
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

/// Tells what differs from what does not.
struct Scales<'v> {
    recorded: &'v Veil,
    live: &'v Veil,
    swapped: Vec<(Value, Value)>,
}

impl Scales<'_> {
    fn weigh(&self, recorded: &Reply, live: &Reply) -> Likeness {
        let (Some((of, a, of_a)), Some((_, b, of_b))) = (payload(recorded), payload(live)) else {
            let same = std::mem::discriminant(recorded) == std::mem::discriminant(live);
            return if same {
                Likeness::Same
            } else {
                Likeness::Differs
            };
        };
        if std::mem::discriminant(recorded) != std::mem::discriminant(live) {
            return Likeness::Differs;
        }
        if a == b {
            return Likeness::Same;
        }
        let masks = self.recorded.masks();
        match (
            self.recorded.form(masks, of, &a, of_a),
            self.live.form(masks, of, &b, of_b),
        ) {
            (Some(a), Some(b)) if equal(&a, &b, &self.swapped) => Likeness::Alike,
            _ => Likeness::Differs,
        }
    }
}

/// What a reply brings: whose, its arguments, and whether they end with an offset.
fn payload(reply: &Reply) -> Option<(Of<'_>, Cow<'_, str>, bool)> {
    let of = |nsp, event, reply| Of { nsp, event, reply };
    Some(match reply {
        Reply::Joined { .. } | Reply::Dropped { .. } => return None,
        Reply::Refused { nsp, data } => {
            let args = Cow::Owned(format!("[{data}]"));
            (of(nsp, "connect_error", false), args, false)
        }
        Reply::Event(event) => {
            let args = Cow::Borrowed(event.args.as_str());
            (of(&event.nsp, &event.event, false), args, event.offset)
        }
        Reply::Ack {
            nsp, event, args, ..
        } => (of(nsp, event, true), Cow::Borrowed(args.as_str()), false),
    })
}

fn row(player: &Player, scales: &Scales<'_>, at: u64, n: u64, item: Item) -> Option<Row> {
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
                recorded: Some((n, said("answer", &answer.args))),
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
                live: came.map_or(Live::Open, |came| {
                    let likeness = scales.weigh(&expected.reply, &came.reply);
                    live(came, likeness)
                }),
            }
        }
        Item::Extra(place) => Row {
            at,
            up: false,
            recorded: None,
            live: live(player.extra().get(place)?, Likeness::Differs),
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

fn live(came: &Came, likeness: Likeness) -> Live {
    Live::Came(came.n, of_reply(&came.reply), likeness)
}

fn said(words: impl Into<String>, json: &str) -> Said {
    Said {
        words: words.into(),
        json: json.to_owned(),
    }
}

fn of_deed(deed: &Deed) -> Said {
    match deed {
        Deed::Emit(event) => of_event("emit", event),
        // Auth is a secret.
        Deed::Join { nsp, .. } => said(format!("join {}", name_of(nsp)), ""),
        other => said(other.to_string(), ""),
    }
}

fn of_event(what: &str, event: &Event) -> Said {
    let nsp = match event.nsp.as_str() {
        "/" => String::new(),
        nsp => format!("{nsp} "),
    };
    said(format!("{nsp}{what} {}", event.event), &event.args)
}

fn of_reply(reply: &Reply) -> Said {
    match reply {
        Reply::Joined { nsp } => said(format!("{nsp} connected"), ""),
        Reply::Refused { nsp, data } => said(format!("{nsp} refused"), data),
        Reply::Dropped { nsp } => said(format!("{nsp} disconnected by the server"), ""),
        Reply::Event(event) => of_event("event", event),
        Reply::Ack { event, args, .. } => said(format!("ack of {event}"), args),
    }
}

#[cfg(test)]
mod tests {
    use super::super::bed::{V4, facts, records, script};
    use super::super::fact::Listener;
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
            let view = View::of(&player, &Veil::default(), 20);
            assert_eq!(view.rows.len(), 20);
            assert_eq!(view.hidden.0 + view.rows.len() + view.hidden.1, 202);
            if skipped < 100 {
                let now = view.now.and_then(|now| view.rows.get(now)).unwrap();
                let said = &now.recorded.as_ref().unwrap().1;
                assert_eq!(
                    (&*said.words, &said.json),
                    ("emit q", &format!("[{skipped}]"))
                );
            }
            player.skip(Duration::from_secs(1));
        }
        let last = View::of(&player, &Veil::default(), 300);
        assert_eq!(last.rows.len(), 202);
        assert_eq!(last.rows.last().unwrap().recorded, None);
        assert_eq!(last.rows[1].live, Live::Skipped);
    }

    #[test]
    fn ids_times_and_offsets_weigh_nothing_and_a_changed_word_does() {
        use crate::journal::file::{Header, Source};
        let header = Header::now(Source::Client, "http://h:1");
        let at = header.started.as_millisecond();
        let talk = |sid: &str, at: i64, word: &str, offset: &str| {
            format!(
                "# 1\n1 < 0{{\"sid\":\"E{sid}\"}}\n2 > 40\n\
                 3 < 40{{\"sid\":\"{sid}\",\"pid\":\"P{sid}\"}}\n\
                 4 < 42[\"at\",{{\"by\":\"{sid}\",\"t\":{at}}},\"{offset}\"]\n\
                 5 < 42[\"word\",\"{word}\",\"{offset}\"]\n6 < 42[\"same\",\"{offset}\"]\n"
            )
        };
        let script = script(&talk("recorded-sid", at, "hello", "o-recorded"));
        let settings = Settings {
            pace: Pace::Step,
            patience: Duration::from_secs(5),
        };
        let mut player = Player::new(script, settings, Values::default());
        let live = talk("live-sid-x", at + 5, "good day", "o-live-one");
        let mut listener = Listener::new(&header);
        for record in records(&live, V4) {
            let at = Duration::from_micros(record.t);
            let facts = listener.take(&record);
            facts.iter().for_each(|fact| player.hear(at, fact));
        }
        let likeness: Vec<(String, Likeness)> = View::of(&player, listener.veil(), 20)
            .rows
            .into_iter()
            .filter_map(|row| match row.live {
                Live::Came(_, said, likeness) => Some((said.words, likeness)),
                _ => None,
            })
            .collect();
        let expected = [
            ("/ connected", Likeness::Same),
            ("event at", Likeness::Alike),
            ("event word", Likeness::Differs),
            ("event same", Likeness::Alike),
        ];
        assert_eq!(
            likeness,
            expected.map(|(words, likeness)| (words.to_owned(), likeness))
        );
    }
}
