//! TOML with places, and as JSON.

use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Mistake;

/// A value with its place.
pub(super) type Item<'a> = Spanned<DeValue<'a>>;

/// A mistake at a byte range.
#[derive(Debug)]
pub(super) struct Wrong(pub(super) Range<usize>, pub(super) String);

/// A mistake at a value.
pub(super) fn wrong(item: &Item<'_>, what: impl Into<String>) -> Wrong {
    Wrong(item.span(), what.into())
}

/// Reads a whole file with `read`.
pub(super) fn whole<T>(
    text: &str,
    read: impl FnOnce(&DeTable<'_>) -> Result<T, Wrong>,
) -> Result<T, Mistake> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        at_place(text, at, error.message().to_owned())
    })?;
    read(table.get_ref()).map_err(|Wrong(span, what)| at_place(text, span.start, what))
}

fn at_place(text: &str, offset: usize, what: String) -> Mistake {
    let (line, column) = crate::place::of(text, offset);
    Mistake { line, column, what }
}

/// The members of a table in the order of the file.
pub(super) fn members<'t, 'a>(
    table: &'t DeTable<'a>,
) -> Vec<(&'t str, Range<usize>, &'t Item<'a>)> {
    let mut members: Vec<_> = table
        .iter()
        .map(|(key, item)| (key.get_ref().as_ref(), key.span(), item))
        .collect();
    members.sort_by_key(|(_, span, _)| span.start);
    members
}

/// A text.
pub(super) fn string<'t>(item: &'t Item<'_>, example: &str) -> Result<&'t str, Wrong> {
    match item.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => Err(wrong(item, format!("write a text: {example}"))),
    }
}

/// A table.
pub(super) fn table<'t, 'a>(item: &'t Item<'a>, example: &str) -> Result<&'t DeTable<'a>, Wrong> {
    match item.get_ref() {
        DeValue::Table(table) => Ok(table),
        _ => Err(wrong(item, format!("write a table: {example}"))),
    }
}

/// A number of milliseconds above 0.
pub(super) fn milliseconds(item: &Item<'_>) -> Result<u64, Wrong> {
    let number = match item.get_ref() {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| wrong(item, "write a number of milliseconds above 0, as in 3000"))
}

/// The same as JSON; a date becomes a text.
pub(super) fn json(item: &Item<'_>) -> Result<Value, Wrong> {
    Ok(match item.get_ref() {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(date) => Value::from(date.to_string()),
        DeValue::Integer(number) => {
            let (digits, radix) = (number.as_str(), number.radix());
            let number = match i64::from_str_radix(digits, radix) {
                Ok(number) => Some(Number::from(number)),
                Err(_) => u64::from_str_radix(digits, radix).ok().map(Number::from),
            };
            Value::Number(number.ok_or_else(|| {
                wrong(item, "too large a number; write the arguments as JSON text")
            })?)
        }
        DeValue::Float(number) => {
            let number = number.as_str().parse().ok().and_then(Number::from_f64);
            Value::Number(number.ok_or_else(|| wrong(item, "JSON has no such number"))?)
        }
        DeValue::Array(items) => {
            Value::Array(items.iter().map(json).collect::<Result<_, Wrong>>()?)
        }
        DeValue::Table(table) => {
            let mut object = Map::new();
            for (key, _, item) in members(table) {
                object.insert(key.to_owned(), json(item)?);
            }
            Value::Object(object)
        }
    })
}
