//! Differences in plain words.

use std::collections::HashMap;

use serde_json::Value;

use super::Rules;
use super::changes::Change;
use super::line::{Line, What};
use super::reader::Side;
use crate::journal::redact::{self, COVER, is_secret_place};
use crate::protocol::json::quote;

/// What the two sides are called.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    a: String,
    b: String,
}

impl Voice {
    pub(super) fn of(rules: &Rules) -> Voice {
        let [a, b] = rules.names.clone();
        Voice { a, b }
    }

    /// The side that has something, and the one that has not.
    fn has(&self, first: bool) -> (&str, &str) {
        match first {
            true => (&self.a, &self.b),
            false => (&self.b, &self.a),
        }
    }
}

/// What a line is called: an event's name and, of several, which.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Label {
    name: String,
    nth: Option<(usize, usize)>,
    nsp: Option<String>,
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if let Some((nth, of)) = self.nth {
            write!(f, " ({} of {of})", ordinal(nth))?;
        }
        match &self.nsp {
            Some(nsp) => write!(f, " in {nsp}"),
            None => Ok(()),
        }
    }
}

/// The labels of a lane's lines.
pub(super) fn labels(side: &Side, lane: &[usize]) -> HashMap<usize, Label> {
    let lines = || {
        lane.iter()
            .filter_map(|place| Some((*place, side.lines.get(*place)?)))
    };
    let mut totals: HashMap<(What, &str), usize> = HashMap::new();
    for (_, line) in lines() {
        *totals.entry((line.what, &*line.name)).or_default() += 1;
    }
    let mut seen: HashMap<(What, &str), usize> = HashMap::new();
    lines()
        .map(|(place, line)| {
            let key = (line.what, &*line.name);
            let nth = seen.entry(key).or_default();
            *nth += 1;
            let total = totals.get(&key).copied().unwrap_or(1);
            let label = Label {
                name: name(line),
                nth: (total > 1).then_some((*nth, total)),
                nsp: line
                    .nsp
                    .as_deref()
                    .filter(|nsp| *nsp != "/")
                    .map(str::to_owned),
            };
            (place, label)
        })
        .collect()
}

fn name(line: &Line) -> String {
    match line.what {
        What::Event | What::Reply => quote(&line.name),
        What::Join | What::Welcome => "CONNECT".to_owned(),
        What::Refusal => "the refusal".to_owned(),
        What::Disconnect => "DISCONNECT".to_owned(),
        _ => line.name.to_string(),
    }
}

fn ordinal(number: usize) -> String {
    let end = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{end}")
}

/// How much of a value is shown, in characters.
const SHOWN: usize = 80;

fn value(value: &Value) -> String {
    cut(&value.to_string())
}

/// The begin of a text, its secrets covered before it is cut.
fn cut(text: &str) -> String {
    let text = redact::covered(text, None);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// `1,234 ms` up to ten seconds, then `12.3 s`.
fn time(ms: f64) -> String {
    match ms {
        _ if ms < 10.0 => format!("{ms:.1} ms"),
        _ if ms < 10_000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1e3),
    }
}

/// `is 1 in A and 2 in B`, `is 1 in A and missing in B`.
fn each(voice: &Voice, a: Option<&Value>, b: Option<&Value>, secret: bool) -> String {
    let Voice { a: of_a, b: of_b } = voice;
    let said = |told: &Value| match secret {
        true => COVER.to_owned(),
        false => value(told),
    };
    match (a, b) {
        (Some(_), Some(_)) if secret => "differs (its value is not shown)".to_owned(),
        (Some(a), Some(b)) => format!("is {} in {of_a} and {} in {of_b}", said(a), said(b)),
        (Some(a), None) => format!("is {} in {of_a} and missing in {of_b}", said(a)),
        (None, Some(b)) => format!("is missing in {of_a} and {} in {of_b}", said(b)),
        (None, None) => "differs".to_owned(),
    }
}

/// Something that both have says something else.
pub(super) fn changed(
    voice: &Voice,
    lines: [&Line; 2],
    label: &Label,
    found: &[Change],
    count: usize,
) -> String {
    let [line, other] = lines;
    let whose = match (line.what, line.is_sent()) {
        (What::Reply, false) => format!("the reply to {label} differs"),
        (What::Reply, true) => format!("the client's answer to {label} differs"),
        (What::Event, true) => format!("the client sent another {label}"),
        (What::Event, false) => format!("the server's {label} differs"),
        (What::Join, _) => format!("the client's auth differs in its {label}"),
        (What::Welcome, _) => format!("the server's answer to {label} differs"),
        (What::Refusal, _) => format!("{label} differs"),
        _ => format!("{label} differs"),
    };
    if line.asks != other.asks {
        let (asks, not) = voice.has(line.asks);
        return format!("{whose}: it asks for a reply in {asks}, and not in {not}");
    }
    let mut places: Vec<String> = (found.iter())
        .map(|change| {
            let secret = line.what == What::Join || is_secret_place(&change.at);
            let said = each(voice, change.a.as_ref(), change.b.as_ref(), secret);
            match change.at.as_str() {
                "" => format!("it {said}"),
                at => format!("{at} {said}"),
            }
        })
        .collect();
    match count.saturating_sub(found.len()) {
        0 => {}
        1 => places.push("one more place differs".to_owned()),
        more => places.push(format!("{more} more places differ")),
    }
    match places.is_empty() {
        true => whose,
        false => format!("{whose}: {}", places.join("; ")),
    }
}

/// A path that masks a change.
pub(super) fn mask(line: &Line, change: &Change) -> Option<String> {
    let of = line.of()?;
    // `[0].token` of CONNECT is written `connect.token`.
    let plain = !of.event.is_empty()
        && !of.event.starts_with(['"', '/', '$', '*'])
        && !of.event.starts_with("reply:")
        && !of.event.contains(['.', '[']);
    let name = match plain {
        true => of.event.to_owned(),
        false => quote(of.event),
    };
    let whose = if of.reply { "reply:" } else { "" };
    Some(format!("{whose}{name}{}", change.at))
}

/// One was let in, the other refused.
pub(super) fn let_in_or_not(voice: &Voice, [a, b]: [&Line; 2]) -> String {
    let refused_a = a.what == What::Refusal;
    let (refused, welcome) = voice.has(refused_a);
    let line = if refused_a { a } else { b };
    let nsp = line.nsp.as_deref().unwrap_or("/");
    format!(
        "{nsp} let {welcome} in and refused {refused}: {}",
        refusal(line)
    )
}

fn refusal(line: &Line) -> String {
    let Some(data) = line.data.as_deref() else {
        return "no reason was given".to_owned();
    };
    let told = serde_json::from_str::<Value>(data).ok();
    match told.as_ref().and_then(|told| told.get("message")) {
        Some(message) => value(message),
        None => cut(data),
    }
}

/// Something that only one has. `gone`: the other was over by then; `again`: the other has some
/// of the kind, too.
pub(super) fn alone(
    voice: &Voice,
    first: bool,
    line: &Line,
    label: &Label,
    [gone, again]: [bool; 2],
) -> String {
    let (has, not) = voice.has(first);
    let nsp = line.nsp.as_deref().unwrap_or("/");
    let mut why = match (line.what, line.is_sent()) {
        (What::Event, true) => format!("the client sent {label} in {has}, and not in {not}"),
        (What::Event, false) => format!("the server sent {label} in {has}, and not in {not}"),
        (What::Reply, true) => format!("the client answered in {has} what nobody had asked"),
        (What::Reply, false) => {
            format!("the server answered in {has} what nobody had asked (or for the second time)")
        }
        (What::Join, _) if again => {
            format!("the client joined {nsp} in {has} one time more than in {not}")
        }
        (What::Join, _) => format!("the client joined {nsp} in {has}, and not in {not}"),
        (What::Welcome, _) if again => {
            format!("{nsp} let the client in one time more in {has} than in {not}")
        }
        (What::Welcome, _) => format!("{nsp} answered the CONNECT in {has}, and not in {not}"),
        (What::Refusal, _) => format!("{nsp} refused the client in {has}: {}", refusal(line)),
        (What::Disconnect, true) => {
            format!("the client said that it leaves {nsp} in {has}, and not in {not}")
        }
        (What::Disconnect, false) => {
            format!("the server disconnected the client from {nsp} in {has}, and not in {not}")
        }
        (What::Undecodable, _) => format!("bytes in {has} are no packet: {}", cut(&line.form)),
        _ => format!("only in {has}"),
    };
    if gone {
        why.push_str(&format!("; {not} was over before that"));
    }
    why
}

/// The same at another place: what it comes after in each.
pub(super) fn moved(voice: &Voice, label: &Label, [a, b]: [Option<Label>; 2]) -> String {
    let at = |label: &Option<Label>| match label {
        Some(label) => format!("after {label}"),
        None => "first".to_owned(),
    };
    let Voice { a: of_a, b: of_b } = voice;
    format!(
        "{label} comes in another order: {} in {of_a}, {} in {of_b}",
        at(&a),
        at(&b)
    )
}

/// A question that only one side answered.
pub(super) fn unanswered(voice: &Voice, label: &Label, first: bool, ms: Option<f64>) -> String {
    let (has, not) = voice.has(first);
    let after = ms
        .map(|ms| format!(" after {}", time(ms)))
        .unwrap_or_default();
    format!("{label} was answered in {has}{after}, and never in {not}")
}

/// A reply that took much longer.
pub(super) fn slow(voice: &Voice, label: &Label, [a, b]: [f64; 2]) -> String {
    let Voice { a: of_a, b: of_b } = voice;
    format!(
        "the reply to {label} took {} in {of_a} and {} in {of_b}",
        time(a),
        time(b)
    )
}

/// A reply that came too late on one side only.
pub(super) fn late(voice: &Voice, label: &Label, first: bool, [a, b]: [f64; 2]) -> String {
    let (late, in_time) = voice.has(first);
    let (slow, quick) = if first { (a, b) } else { (b, a) };
    format!(
        "the reply to {label} came after {} in {late}, when the client had given up, and in time in {in_time} (after {})",
        time(slow),
        time(quick)
    )
}

fn under(line: &Line) -> String {
    match line.data.as_deref() {
        Some(detail) if !detail.is_empty() => format!("{} ({})", line.name, cut(detail)),
        _ => line.name.to_string(),
    }
}

/// Connections that ended differently; each with its end and how long it lived, in microseconds.
pub(super) fn ends(voice: &Voice, [a, b]: [(Option<&Line>, u64); 2]) -> String {
    let Voice { a: of_a, b: of_b } = voice;
    let said = |(end, lived): (Option<&Line>, u64)| {
        let after = time(lived as f64 / 1e3);
        match end {
            None => format!("was still open when its recording ended, after {after}"),
            Some(end) if &*end.name == "io client disconnect" => {
                format!("was left by the client after {after}")
            }
            Some(end) => format!("ended after {after} with {}", under(end)),
        }
    };
    format!(
        "the connection of {of_a} {}; that of {of_b} {}",
        said(a),
        said(b)
    )
}

/// A connection that only one side has; `end` and how long it lived, in microseconds.
pub(super) fn link_alone(
    voice: &Voice,
    first: bool,
    open: bool,
    end: Option<&Line>,
    lived: u64,
) -> String {
    let (has, not) = voice.has(first);
    let lived = time(lived as f64 / 1e3);
    match (open, end) {
        (false, Some(end)) => {
            format!(
                "{has} failed to connect: {}; nothing like it in {not}",
                under(end)
            )
        }
        (true, Some(end)) if &*end.name != "io client disconnect" => format!(
            "{has} lost a connection after {lived}: {}; nothing like it in {not}",
            under(end)
        ),
        _ => format!("{has} has one connection more than {not}"),
    }
}

/// One side never got a connection.
pub(super) fn never_reached(voice: &Voice, a_reached: bool, end: Option<&Line>) -> String {
    let (has, not) = voice.has(a_reached);
    let why = end.map_or_else(|| "no reason is known".to_owned(), under);
    format!("{not} never got a connection, and {has} did: {why}")
}

/// A client that only one side has.
pub(super) fn client_alone(voice: &Voice, first: bool, client: &[u32], packets: usize) -> String {
    let (has, not) = voice.has(first);
    let numbers: Vec<String> = client.iter().map(u32::to_string).collect();
    let connections = if client.len() == 1 {
        "connection"
    } else {
        "connections"
    };
    format!(
        "{has} has a further client that {not} has not: {connections} {} with {packets} events and replies",
        numbers.join(", ")
    )
}

/// A value of the handshake.
pub(super) fn handshake(voice: &Voice, change: &Change) -> String {
    let name = change.at.trim_start_matches('.');
    let secret = is_secret_place(name);
    let said = each(voice, change.a.as_ref(), change.b.as_ref(), secret);
    match name {
        "EIO" => format!("the version of Engine.IO {said}"),
        "transport" => format!("the first transport {said}"),
        name => format!("the handshake's {name} {said}"),
    }
}

/// How the upgrade went.
pub(super) fn upgrade(voice: &Voice, [a, b]: [Option<&Line>; 2]) -> String {
    let said = |line: Option<&Line>| {
        let Some(line) = line else {
            return "nothing is known".to_owned();
        };
        let how = line.value();
        let how = how.as_str().unwrap_or_default().to_owned();
        match line.data.as_deref() {
            Some(detail) if line.what == What::Upgrade => format!("{how} ({})", cut(detail)),
            _ => how,
        }
    };
    format!("{}: {}; {}: {}", voice.a, said(a), voice.b, said(b))
}

/// Compressed in one only.
pub(super) fn compression(voice: &Voice, in_a: bool) -> String {
    let (has, not) = voice.has(in_a);
    format!("the WebSocket is compressed (permessage-deflate) in {has}, and not in {not}")
}

/// Headers of a request or response.
pub(super) fn headers(voice: &Voice, whose: &str, found: &[Change], count: usize) -> String {
    let mut said: Vec<String> = (found.iter())
        .map(|change| {
            let name = change.at.trim_start_matches('.').trim_matches('"');
            let said = each(voice, change.a.as_ref(), change.b.as_ref(), false);
            format!("{name} {said}")
        })
        .collect();
    if count > found.len() {
        said.push(format!("{} more", count - found.len()));
    }
    format!("headers of the {whose}: {}", said.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_and_times_read_as_people_write_them() {
        let said: Vec<String> = [1, 2, 3, 4, 11, 12, 21, 112].map(ordinal).to_vec();
        assert_eq!(said.join(" "), "1st 2nd 3rd 4th 11th 12th 21st 112th");
        assert_eq!(time(1.25), "1.2 ms");
        assert_eq!(time(1_250.0), "1250 ms");
        assert_eq!(time(61_250.0), "61.2 s");
    }
}
