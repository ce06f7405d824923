//! Reads the TOML of a plan; every mistake is told with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{At, Places, Plan, PlanError, Rule, When, chance};
use crate::faults::Fault;
use crate::faults::verdict::RequestKind;
use crate::journal::record::{Direction, TransportName};

type Value<'a> = Spanned<DeValue<'a>>;

const KEYS: [&str; 2] = ["seed", "rule"];
const RULE_KEYS: [&str; 12] = [
    "name",
    "fault",
    "connection",
    "attempt",
    "direction",
    "transport",
    "request",
    "namespace",
    "event",
    "nth",
    "probability",
    "times",
];

const DIRECTIONS: [(&str, Direction); 2] = [
    ("to_server", Direction::ToServer),
    ("to_client", Direction::ToClient),
];
const TRANSPORTS: [(&str, TransportName); 2] = [
    ("polling", TransportName::Polling),
    ("websocket", TransportName::Websocket),
];

/// A mistake at a byte range.
struct Mistake(Range<usize>, String);

pub(super) fn plan(text: &str) -> Result<Plan, PlanError> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        at_place(text, at, error.message().to_owned())
    })?;
    read(&table, text).map_err(|Mistake(span, what)| at_place(text, span.start, what))
}

fn at(text: &str, span: &Range<usize>) -> At {
    let (line, column) = crate::place::of(text, span.start);
    At { line, column }
}

fn at_place(text: &str, offset: usize, what: String) -> PlanError {
    let (line, column) = crate::place::of(text, offset);
    PlanError { line, column, what }
}

fn read(table: &Spanned<DeTable<'_>>, text: &str) -> Result<Plan, Mistake> {
    let mut plan = Plan::default();
    for (key, value) in table.get_ref().iter() {
        match key.get_ref().as_ref() {
            "seed" => {
                plan.seed = whole(value, 0, u64::MAX).ok_or_else(|| {
                    Mistake(
                        value.span(),
                        "write a whole number from 0: seed = 7".to_owned(),
                    )
                })?;
            }
            "rule" => {
                let DeValue::Array(rules) = value.get_ref() else {
                    let what = "write each rule as a table of its own: [[rule]]";
                    return Err(Mistake(value.span(), what.to_owned()));
                };
                for (at, value) in rules.iter().enumerate() {
                    let rule = read_rule(value, at.saturating_add(1), text)?;
                    if plan.rules.iter().any(|other| other.name == rule.name) {
                        let what = format!("two rules are named {:?}", rule.name);
                        return Err(Mistake(span_of_name(value), what));
                    }
                    plan.rules.push(rule);
                }
            }
            other => {
                let keys = KEYS.map(|key| format!("{key:?}")).join(" and ");
                let what = format!("unknown key {other:?}; a plan has {keys}");
                return Err(Mistake(key.span(), what));
            }
        }
    }
    if plan.rules.is_empty() {
        let what = "the plan has no rule: write [[rule]] and below it fault = \"drop\"";
        return Err(Mistake(0..0, what.to_owned()));
    }
    Ok(plan)
}

/// Where a rule is named: its `name`, or the rule itself where it has none.
fn span_of_name(rule: &Value<'_>) -> Range<usize> {
    let name = match rule.get_ref() {
        DeValue::Table(table) => table.get("name"),
        _ => None,
    };
    name.map_or_else(|| rule.span(), Spanned::span)
}

fn read_rule(value: &Value<'_>, ordinal: usize, text: &str) -> Result<Rule, Mistake> {
    let DeValue::Table(table) = value.get_ref() else {
        let what = "a rule is a table: [[rule]]";
        return Err(Mistake(value.span(), what.to_owned()));
    };
    let mut rule = Rule {
        name: format!("rule {ordinal}"),
        faults: Vec::new(),
        when: When::default(),
        places: Places::default(),
    };
    // The place of each fault.
    let mut spans = Vec::new();
    for (key, value) in table.iter() {
        let name = key.get_ref().as_ref();
        let wrong = |what: &str| Mistake(value.span(), what.to_owned());
        let when = &mut rule.when;
        match name {
            "name" => {
                rule.name = string(value)
                    .ok_or_else(|| wrong("write a text"))?
                    .to_owned()
            }
            "fault" => (rule.faults, spans) = faults(value)?.into_iter().unzip(),
            "connection" => {
                when.connections = numbers(value, 1).ok_or_else(|| {
                    wrong("write the number of a connection, from 1, or several: [1, 2]")
                })?;
            }
            "attempt" => {
                rule.places.attempt = Some(at(text, &key.span()));
                when.attempts = numbers(value, 0).ok_or_else(|| {
                    wrong(
                        "write the number of an attempt (0 is a first connect), or several: [1, 2]",
                    )
                })?;
            }
            "direction" => when.direction = Some(word(value, &DIRECTIONS)?),
            "transport" => when.transport = Some(word(value, &TRANSPORTS)?),
            "request" => when.request = Some(word(value, &RequestKind::WORDS)?),
            "namespace" => {
                let nsp = string(value).filter(|nsp| nsp.starts_with('/'));
                let nsp = nsp.ok_or_else(|| wrong("write a namespace, as in \"/chat\""))?;
                when.namespace = Some(nsp.to_owned());
            }
            "event" => {
                let event = string(value).ok_or_else(|| wrong("write the name of an event"))?;
                when.event = Some(event.to_owned());
            }
            "nth" => {
                when.nth = Some(whole(value, 1, u64::MAX).ok_or_else(|| {
                    wrong("write a whole number from 1: the nth that fits on a connection")
                })?);
            }
            "probability" => {
                when.probability = Some(
                    number(value)
                        .filter(|p| (0.0..=1.0).contains(p))
                        .ok_or_else(|| wrong("write a number from 0 to 1"))?,
                );
            }
            "times" => {
                when.times = Some(whole(value, 1, u64::MAX).ok_or_else(|| {
                    wrong("write a whole number from 1: how often the rule acts in all")
                })?);
            }
            other => {
                let keys = RULE_KEYS.join(", ");
                let what = format!("unknown key {other:?}; a rule has {keys}");
                return Err(Mistake(key.span(), what));
            }
        }
    }
    if rule.faults.is_empty() {
        let what = format!("{:?} has no fault: write fault = \"drop\"", rule.name);
        let empty = table.get("fault").unwrap_or(value);
        return Err(Mistake(empty.span(), what));
    }
    let counts_itself = rule
        .faults
        .iter()
        .any(|fault| matches!(fault, Fault::Status { .. }));
    if let Some((key, _)) = table.get_key_value("nth").filter(|_| counts_itself) {
        let what = "status counts by itself: write \"status:502@3\" for the third, and no nth";
        return Err(Mistake(key.span(), what.to_owned()));
    }
    for fault in &rule.faults {
        let Some((key, beside)) = chance::in_vain(*fault, &rule.when) else {
            continue;
        };
        let with = beside.map_or_else(String::new, |other| format!(" together with {other}"));
        let what = format!(
            "{:?} would never act with this {key}{with}: it looks at {}",
            fault.to_string(),
            chance::looks_at(*fault)
        );
        let span = table
            .get_key_value(key)
            .map_or_else(|| value.span(), |(key, _)| key.span());
        return Err(Mistake(span, what));
    }
    rule.places.faults = spans.iter().map(|span| at(text, span)).collect();
    Ok(rule)
}

/// Faults and where they stand.
fn faults(value: &Value<'_>) -> Result<Vec<(Fault, Range<usize>)>, Mistake> {
    let one = |value: &Value<'_>| {
        let text = string(value).ok_or_else(|| {
            let what = "write a fault as \"drop\", several as [\"delay:200\", \"jitter:50\"]";
            Mistake(value.span(), what.to_owned())
        })?;
        let fault = text.parse::<Fault>();
        fault
            .map(|fault| (fault, value.span()))
            .map_err(|error| Mistake(value.span(), error.to_string()))
    };
    match value.get_ref() {
        DeValue::Array(list) => list.iter().map(one).collect(),
        _ => Ok(vec![one(value)?]),
    }
}

fn string<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match value.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

fn word<T: Copy>(value: &Value<'_>, words: &[(&str, T)]) -> Result<T, Mistake> {
    let found = string(value).and_then(|text| words.iter().find(|(word, _)| *word == text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        Mistake(value.span(), format!("write one of {}", words.join(", ")))
    })
}

fn whole(value: &Value<'_>, least: u64, most: u64) -> Option<u64> {
    let DeValue::Integer(number) = value.get_ref() else {
        return None;
    };
    let number = u64::from_str_radix(number.as_str(), number.radix()).ok()?;
    (number >= least && number <= most).then_some(number)
}

fn numbers(value: &Value<'_>, least: u64) -> Option<Vec<u32>> {
    let one = |value: &Value<'_>| {
        whole(value, least, u32::MAX.into()).and_then(|number| u32::try_from(number).ok())
    };
    match value.get_ref() {
        DeValue::Array(list) if !list.is_empty() => list.iter().map(one).collect(),
        _ => Some(vec![one(value)?]),
    }
}

fn number(value: &Value<'_>) -> Option<f64> {
    match value.get_ref() {
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::Integer(number) => number.as_str().parse().ok(),
        _ => None,
    }
}
