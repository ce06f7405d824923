//! The second reading: what is secret is masked.

use std::ops::Range;

use super::mask::{Taken, cover, cover_number, paint};
use super::search::Search;
use super::secrets::{DEEPEST, Secrets};
use super::spots::{self, Kind};
use super::views::{View, runs, views};
use super::{msgpack, packed, visit};
use crate::journal::file::Header;
use crate::journal::record::{Body, Direction, Opcode, Record};

/// What was masked under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// Where it was found and its name there: `auth.token`, `cookie.io`, `header.authorization`.
    pub name: String,
    /// How often it was masked, wherever it stood.
    pub places: u64,
}

/// Masks what [`Secrets`] has learnt.
#[derive(Debug)]
pub struct Redactor {
    secrets: Secrets,
    search: Search,
    /// How often each secret was masked.
    places: Vec<u64>,
    /// Frames that could not be searched.
    unreadable: u64,
}

/// A part of a text that is to be masked.
struct Cover {
    range: Range<usize>,
    id: usize,
    number: bool,
}

impl Redactor {
    pub(super) fn new(secrets: Secrets) -> Redactor {
        let search = Search::new(secrets.values(), &secrets.fixed);
        Redactor {
            search,
            places: vec![0; secrets.known.len()],
            unreadable: 0,
            secrets,
        }
    }

    /// The session's first line, masked.
    pub fn header(&mut self, header: &Header) -> Header {
        let mut header = header.clone();
        if let Some(masked) = self.masked_bytes(Kind::Url, header.target.as_bytes(), 0) {
            header.target = String::from_utf8_lossy(&masked).into_owned();
        }
        header
    }

    /// A record, masked.
    pub fn record(&mut self, record: &Record) -> Record {
        let mut record = record.clone();
        if let Body::Frame(frame) = &mut record.body
            && frame.op == Opcode::Text
            && std::str::from_utf8(&frame.data).is_err()
        {
            frame.data = vec![0xff; frame.data.len()].into();
            self.unreadable += 1;
            return record;
        }
        visit::texts(&mut record.body, &mut |kind, text| {
            self.masked_bytes(kind, text, 0)
        });
        record
    }

    /// What went one way, masked; `None` where nothing in it is.
    pub(super) fn payload(&mut self, dir: Direction, bytes: &[u8]) -> Option<Vec<u8>> {
        self.masked_bytes(Kind::Payload(dir), bytes, 0)
    }

    /// What was masked so far, by name, in the order in which it was found.
    #[must_use]
    pub fn masked(&self) -> Vec<Masked> {
        let mut masked: Vec<Masked> = Vec::new();
        for (known, places) in self.secrets.known.iter().zip(&self.places) {
            if *places == 0 {
                continue;
            }
            match masked.iter_mut().find(|one| one.name == known.label) {
                Some(one) => one.places += places,
                None => masked.push(Masked {
                    name: known.label.clone(),
                    places: *places,
                }),
            }
        }
        if self.unreadable > 0 {
            masked.push(Masked {
                name: "unreadable frame".to_owned(),
                places: self.unreadable,
            });
        }
        masked
    }

    /// Values that are kept by one name and stand under another, too: the name that was asked
    /// for, and the other as in [`Masked::name`].
    #[must_use]
    pub fn also_kept(&self) -> Vec<(String, String)> {
        self.secrets.also_kept.iter().cloned().collect()
    }

    /// The names that were to be kept and never came up.
    #[must_use]
    pub fn unmet(&self) -> Vec<String> {
        self.secrets.keep.unmet()
    }

    /// The bytes with what is secret masked; `None` where nothing is.
    fn masked_bytes(&mut self, kind: Kind<'_>, bytes: &[u8], depth: u8) -> Option<Vec<u8>> {
        if bytes.is_empty() || depth > DEEPEST {
            return None;
        }
        if let Some(plain) = packed::inflated(bytes) {
            // It can't be packed again to the same length.
            self.masked_bytes(kind, &plain, depth + 1)?;
            return Some(vec![b'*'; bytes.len()]);
        }
        if let Kind::Payload(dir) = kind
            && let Some(masked) = self.masked_packet(dir, bytes, depth)
        {
            return masked;
        }
        let readings = views(bytes);
        let mut covers = self.covers(kind, &readings);
        let mut out = bytes.to_vec();
        let inside = self.paint_runs(kind, &readings, &covers, &mut out, depth);
        if covers.is_empty() {
            return inside.then_some(out);
        }
        // The longest come last: they lie over what they hold.
        covers.sort_by_key(|cover| cover.range.len());
        for one in covers {
            let hidden = bytes.get(one.range.clone()).unwrap_or_default();
            let mask = match one.number {
                true => cover_number(hidden, one.id + 1),
                false => cover(hidden, one.id + 1),
            };
            paint(&mut out, one.range, &mask);
            if let Some(places) = self.places.get_mut(one.id) {
                *places += 1;
            }
        }
        Some(out)
    }

    /// What is to be masked, by name and by value.
    fn covers(&mut self, kind: Kind<'_>, readings: &[View<'_>]) -> Vec<Cover> {
        let mut covers: Vec<Cover> = Vec::new();
        for spot in spots::find(kind, readings) {
            if self.secrets.keeps(&spot) {
                continue;
            }
            if let Some(id) = self.id(spot.place, &spot.name, &spot.value) {
                covers.push(Cover {
                    range: spot.range,
                    id,
                    number: spot.number,
                });
            }
        }
        let length = readings.first().map_or(0, |text| text.bytes.len());
        let mut taken = Taken::none_of(length);
        covers.iter().for_each(|cover| taken.take(&cover.range));
        for view in readings {
            let mut hits = self.search.find(&view.bytes);
            // What lies within a longer value is part of it.
            hits.sort_by_key(|(range, _)| std::cmp::Reverse(range.len()));
            for (range, id) in hits {
                let range = view.source(&range);
                if !taken.all(&range) {
                    taken.take(&range);
                    covers.push(Cover {
                        range,
                        id,
                        number: false,
                    });
                }
            }
        }
        covers
    }

    /// The number of a secret. One that the first reading did not see is masked all the same.
    fn id(&mut self, place: &str, name: &str, value: &[u8]) -> Option<usize> {
        if self.secrets.is_kept(place, name, value) {
            return None;
        }
        let id = self.secrets.add(place, name, value)?;
        self.places.resize(self.secrets.known.len(), 0);
        Some(id)
    }

    /// Masks what base64 holds; true where it held something.
    fn paint_runs(
        &mut self,
        kind: Kind<'_>,
        readings: &[View<'_>],
        covers: &[Cover],
        out: &mut [u8],
        depth: u8,
    ) -> bool {
        let mut painted = false;
        let mut taken = Taken::none_of(out.len());
        covers.iter().for_each(|cover| taken.take(&cover.range));
        for view in readings {
            for run in runs(&view.bytes) {
                let letters = view.bytes.get(run.clone()).unwrap_or_default();
                let source = view.source(&run);
                if taken.all(&source) {
                    continue;
                }
                for skip in 0..4 {
                    let Some((plain, length)) = packed::decoded(letters, skip) else {
                        continue;
                    };
                    let Some(masked) = self.masked_run(kind, &plain, depth) else {
                        continue;
                    };
                    let part = run.start + skip..run.start + skip + length;
                    let again = packed::encoded(letters, &masked);
                    let place = view.source(&part);
                    if view.is_verbatim(&part) && again.len() == place.len() {
                        paint(out, place, &again);
                    } else {
                        let mask = vec![b'*'; place.len()];
                        paint(out, place, &mask);
                    }
                    painted = true;
                    break;
                }
            }
        }
        painted
    }

    /// What a run of base64 holds, masked. Most runs are words and decode to noise.
    fn masked_run(&mut self, kind: Kind<'_>, plain: &[u8], depth: u8) -> Option<Vec<u8>> {
        let reads = std::str::from_utf8(plain).is_ok()
            || msgpack::Packet::read(plain).is_some()
            || !self.search.find(plain).is_empty();
        if !reads {
            return None;
        }
        let kind = match kind {
            Kind::Payload(_) => kind,
            _ => Kind::Payload(Direction::ToServer),
        };
        self.masked_bytes(kind, plain, depth + 1)
    }

    /// A packet of the msgpack parser, masked value by value; `None` where these are no such
    /// packet, or one that can't be written as it was.
    fn masked_packet(
        &mut self,
        dir: Direction,
        bytes: &[u8],
        depth: u8,
    ) -> Option<Option<Vec<u8>>> {
        let mut packet = msgpack::Packet::read(bytes)?;
        let before = packet.bytes()?;
        packet.leaves(dir, &mut |inside, leaf| {
            let text = leaf.text();
            match inside {
                Some((place, name)) => {
                    if self.secrets.keeps_value(place, name, text.as_bytes()) {
                        return;
                    }
                    let Some(id) = self.id(place, name, text.as_bytes()) else {
                        return;
                    };
                    if let Some(places) = self.places.get_mut(id) {
                        *places += 1;
                    }
                    if leaf.is_text() {
                        leaf.set(cover(text.as_bytes(), id + 1));
                    } else {
                        leaf.cover_number();
                    }
                }
                None => {
                    let kind = Kind::Payload(dir);
                    if let Some(masked) = self.masked_bytes(kind, text.as_bytes(), depth + 1) {
                        leaf.set(masked);
                    }
                }
            }
        });
        let after = packet.bytes()?;
        Some((after != before).then_some(after))
    }
}
