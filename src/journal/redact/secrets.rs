//! The first reading: what is secret.

use std::collections::HashMap;

use super::mask::is_mask;
use super::names::Keep;
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
                        if !self.keep.holds(place, name) {
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
            .is_some_and(|header| self.keep.holds("header", header));
        self.keep.holds(spot.place, &spot.name) || of_header
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
        let label = match name {
            "" => place.to_owned(),
            _ => format!("{place}.{name}"),
        };
        let id = self.known.len();
        self.known.push(Known {
            label,
            value: value.to_vec(),
        });
        self.by_value.insert(value.to_vec(), id);
        Some(id)
    }
}
