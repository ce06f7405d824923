//! Where secrets stand by their name or their shape.

pub(super) mod json;
mod pairs;
mod shapes;

use std::ops::Range;

use super::connect::{self, Part};
use super::mask::Taken;
use super::names::is_secret_name;
use super::packed;
use super::views::{View, unescaped_value, unpercented};
use crate::journal::record::Direction;

/// What a text is, for what may be secret in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    /// A URL.
    Url,
    /// The value of a header with this name.
    Header(&'a str),
    /// A frame, a body, or a part of one.
    Payload(Direction),
    /// The name of a namespace, which in generation 2 may have a query.
    Namespace,
    /// Words for a person, or JSON.
    Words,
}

/// A secret at its place.
#[derive(Debug)]
pub(super) struct Spot {
    /// Where it stands in the text.
    pub(super) range: Range<usize>,
    /// `auth`, `query`, `cookie`, `header`, `payload`, `url` …
    pub(super) place: &'static str,
    /// Its name there.
    pub(super) name: String,
    /// What it is, without the encodings around it.
    pub(super) value: Vec<u8>,
    /// Other forms of it that are as secret.
    pub(super) more: Vec<Vec<u8>>,
    /// It is a JSON number.
    pub(super) number: bool,
    /// The header that it stands in.
    pub(super) header: Option<String>,
}

/// A spot in one reading of a text, before it is known where that stands.
pub(super) struct Found<'a> {
    pub(super) range: Range<usize>,
    pub(super) place: &'static str,
    pub(super) name: &'a str,
    pub(super) form: Form,
}

/// How a value is written where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    JsonString,
    JsonNumber,
    Percent,
}

/// The secrets in a text, by the readings of it.
pub(super) fn find(kind: Kind<'_>, readings: &[View<'_>]) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Vec::new();
    let length = readings.first().map_or(0, |text| text.bytes.len());
    let mut taken = Taken::none_of(length);
    for (place, view) in readings.iter().enumerate() {
        let mut found = Vec::new();
        let bytes = &*view.bytes;
        match kind {
            Kind::Payload(dir) => {
                if place == 0 {
                    connects(bytes, dir, &mut found);
                }
            }
            Kind::Namespace => {
                if let Some(mark) = memchr::memchr(b'?', bytes) {
                    pairs::all(bytes, mark + 1..bytes.len(), "auth", &mut found);
                }
            }
            Kind::Header(name) if place == 0 => of_header(name, bytes, &mut found),
            Kind::Header(_) | Kind::Url | Kind::Words => {}
        }
        let url = matches!(kind, Kind::Url);
        json::secrets(bytes, &mut found);
        pairs::secrets(bytes, if url { "query" } else { "payload" }, &mut found);
        shapes::passwords(bytes, &mut found);
        shapes::tokens(bytes, &mut found);
        for one in found {
            let range = view.source(&one.range);
            // What was found in a reading with fewer encodings taken off is found.
            if range.is_empty() || taken.any(&range) {
                continue;
            }
            taken.take(&range);
            spots.push(spot(kind, bytes, range, &one));
        }
    }
    spots
}

fn spot(kind: Kind<'_>, bytes: &[u8], range: Range<usize>, found: &Found<'_>) -> Spot {
    let raw = bytes.get(found.range.clone()).unwrap_or_default().to_vec();
    let (value, mut more) = match found.form {
        Form::Plain | Form::JsonNumber => (raw, Vec::new()),
        Form::JsonString => (unescaped_value(&raw).unwrap_or(raw), Vec::new()),
        Form::Percent => {
            let mut more: Vec<Vec<u8>> = unpercented(&raw, true).into_iter().collect();
            match unpercented(&raw, false) {
                Some(plain) => {
                    more.push(raw);
                    (plain, more)
                }
                None => (raw, more),
            }
        }
    };
    // `Basic` is user and password in base64: both are secret in every form.
    if let Kind::Header(_) = kind
        && let Some((plain, _)) = packed::decoded(&value, 0)
        && let Some(colon) = memchr::memchr(b':', &plain)
        && std::str::from_utf8(&plain).is_ok()
        && found.place == "header"
    {
        more.push(plain.get(colon + 1..).unwrap_or_default().to_vec());
        more.push(plain);
    }
    Spot {
        range,
        place: found.place,
        name: found.name.to_owned(),
        value,
        more,
        number: found.form == Form::JsonNumber,
        header: match kind {
            Kind::Header(name) => Some(name.to_owned()),
            _ => None,
        },
    }
}

fn connects<'a>(bytes: &'a [u8], dir: Direction, found: &mut Vec<Found<'a>>) {
    for part in connect::parts(bytes) {
        match (part, dir) {
            (Part::Payload(at), Direction::ToServer) => {
                json::leaves(bytes, at, "", &mut |name, range, form| {
                    found.push(Found {
                        range,
                        place: "auth",
                        name,
                        form,
                    });
                });
            }
            // The server's answer: sid, and the private id of connection state recovery.
            (Part::Payload(at), Direction::ToClient) => {
                json::leaves(bytes, at, "", &mut |name, range, form| {
                    if name == "pid" {
                        found.push(Found {
                            range,
                            place: "auth",
                            name,
                            form,
                        });
                    }
                });
            }
            (Part::Query(range), _) => pairs::all(bytes, range, "auth", found),
        }
    }
}

/// Headers that speak of secrets and hold none.
const SPOKEN_OF: [&str; 2] = ["www-authenticate", "access-control-allow-credentials"];

fn of_header<'a>(name: &'a str, value: &'a [u8], found: &mut Vec<Found<'a>>) {
    if name.eq_ignore_ascii_case("cookie") {
        pairs::cookies(value, usize::MAX, found);
    } else if name.eq_ignore_ascii_case("set-cookie") {
        pairs::cookies(value, 1, found);
    } else if is_secret_name(name) && !SPOKEN_OF.iter().any(|one| name.eq_ignore_ascii_case(one)) {
        found.push(Found {
            range: shapes::after_scheme(value)..value.len(),
            place: "header",
            name,
            form: Form::Percent,
        });
    }
}
