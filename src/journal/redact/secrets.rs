//! The first reading: what is secret.

use std::collections::{BTreeSet, HashMap};

use super::mask::is_mask;
use super::names::Keep;
use super::search::is_telling;
use super::spots::{self, Kind, Spot};
use super::views::{View, runs, views};
use super::{Redactor, msgpack, packed, visit};
use crate::journal::file::Header;
use crate::journal::record::{Body, Record};

/// Bytes within bytes within bytes are looked into so often.
pub(super) const DEEPEST: u8 = 3;
/// Fewer letters of base64 hold no secret with its name.
const SHORTEST_RUN: usize = 16;

/// What is secret in a session, as far as it was read.
#[derive(Debug, Default)]
pub struct Secrets {
    pub(super) keep: Keep,
    pub(super) known: Vec<Known>,
    by_value: HashMap<Vec<u8>, usize>,
    /// Host and port of the target: they are in every record and no secret.
    pub(super) fixed: Vec<String>,
    /// Values that are kept by a name, with that name: they are kept wherever they stand, as
    /// others are masked wherever they stand.
    kept: HashMap<Vec<u8>, String>,
    /// Under which other names values are kept: the name that was asked for, and the other.
    pub(super) also_kept: BTreeSet<(String, String)>,
}

/// One secret.
#[derive(Debug)]
pub(super) struct Known {
    /// `auth.token`, `cookie.io` …
    pub(super) label: String,
    pub(super) value: Vec<u8>,
}

impl Secrets {
    /// Nothing is known yet. `keep` are the names that are left as they are: of a header, cookie,
    /// query parameter or member (`io`), or with their place (`cookie.io`).
    #[must_use]
    pub fn new(keep: &[String]) -> Secrets {
        Secrets {
            keep: Keep::new(keep),
            ..Secrets::default()
        }
    }

    /// Reads the session's first line.
    pub fn learn_header(&mut self, header: &Header) {
        let target = &header.target;
        let rest = target.split_once("://").map_or(&**target, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        for fixed in [host, name] {
            if !fixed.is_empty() {
                self.fixed.push(fixed.to_owned());
                self.fixed.push(format!("http://{fixed}"));
                self.fixed.push(format!("https://{fixed}"));
            }
        }
        self.look(Kind::Url, target.as_bytes(), 0);
    }

    /// Reads a record.
    pub fn learn(&mut self, record: &Record) {
        let mut body: Body = record.body.clone();
        visit::texts(&mut body, &mut |kind, text| {
            self.look(kind, text, 0);
            None
        });
    }

    /// Everything was read: what masks it.
    #[must_use]
    pub fn redactor(self) -> Redactor {
        Redactor::new(self)
    }

    fn look(&mut self, kind: Kind<'_>, bytes: &[u8], depth: u8) {
        if let Some(plain) = packed::inflated(bytes) {
            if depth < DEEPEST {
                self.look(kind, &plain, depth + 1);
            }
            return;
        }
        if let Kind::Payload(dir) = kind
            && let Some(mut packet) = msgpack::Packet::read(bytes)
        {
            packet.leaves(dir, &mut |inside, leaf| {
                let text = leaf.text();
                match inside {
                    Some((place, name)) => {
                        if !self.keeps_value(place, name, text.as_bytes()) {
                            self.add(place, name, text.as_bytes());
                        }
                    }
                    None => self.look(kind, text.as_bytes(), depth + 1),
                }
            });
            return;
        }
        let readings = views(bytes);
        for spot in spots::find(kind, &readings) {
            self.take(&spot);
        }
        if depth < DEEPEST {
            self.look_into_runs(kind, &readings, depth);
        }
    }

    /// Base64: text in it, or msgpack.
    fn look_into_runs(&mut self, kind: Kind<'_>, readings: &[View<'_>], depth: u8) {
        for view in readings {
            for run in runs(&view.bytes) {
                let letters = view.bytes.get(run).unwrap_or_default();
                if letters.len() < SHORTEST_RUN {
                    continue;
                }
                for skip in 0..4 {
                    let Some((plain, _)) = packed::decoded(letters, skip) else {
                        continue;
                    };
                    let reads = std::str::from_utf8(&plain).is_ok()
                        || msgpack::Packet::read(&plain).is_some();
                    if reads {
                        self.look(kind, &plain, depth + 1);
                    }
                }
            }
        }
    }

    fn take(&mut self, spot: &Spot) {
        if self.keeps(spot) {
            return;
        }
        self.add(spot.place, &spot.name, &spot.value);
        for more in &spot.more {
            self.add(spot.place, &spot.name, more);
        }
    }

    /// Whether a spot is left as it is.
    pub(super) fn keeps(&mut self, spot: &Spot) -> bool {
        let of_header = spot
            .header
            .as_ref()
            .and_then(|header| self.keep.holds("header", header));
        let Some(wanted) = self.keep.holds(spot.place, &spot.name).or(of_header) else {
            return false;
        };
        for value in std::iter::once(&spot.value).chain(&spot.more) {
            self.keep_everywhere(value, &wanted);
        }
        true
    }

    /// Whether the value of a member is left as it is.
    pub(super) fn keeps_value(&mut self, place: &str, name: &str, value: &[u8]) -> bool {
        let wanted = self.keep.holds(place, name);
        if let Some(wanted) = &wanted {
            self.keep_everywhere(value, wanted);
        }
        wanted.is_some()
    }

    fn keep_everywhere(&mut self, value: &[u8], wanted: &str) {
        if is_telling(value, &self.fixed) && !self.kept.contains_key(value) {
            self.kept.insert(value.to_vec(), wanted.to_owned());
        }
    }

    /// Whether a value is kept by whatever name. Notes under which other one it was met.
    pub(super) fn is_kept(&mut self, place: &str, name: &str, value: &[u8]) -> bool {
        let Some(wanted) = self.kept.get(value) else {
            return false;
        };
        let pair = (wanted.clone(), label(place, name));
        self.also_kept.insert(pair);
        true
    }

    /// The values that are masked wherever they stand, with their numbers.
    pub(super) fn values(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let known = self.known.iter().enumerate();
        known
            .filter(|(_, known)| !self.kept.contains_key(&known.value))
            .map(|(id, known)| (id, &*known.value))
    }

    /// Notes a value; `None` for what needs no mask.
    pub(super) fn add(&mut self, place: &str, name: &str, value: &[u8]) -> Option<usize> {
        // What was masked before stays as it is.
        if value.is_empty() || std::str::from_utf8(value).is_ok_and(is_mask) {
            return None;
        }
        if let Some(id) = self.by_value.get(value) {
            return Some(*id);
        }
        let label = label(place, name);
        let id = self.known.len();
        self.known.push(Known {
            label,
            value: value.to_vec(),
        });
        self.by_value.insert(value.to_vec(), id);
        Some(id)
    }
}

/// Place and name in one: `auth.token`.
fn label(place: &str, name: &str) -> String {
    match name {
        "" => place.to_owned(),
        _ => format!("{place}.{name}"),
    }
}
