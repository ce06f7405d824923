//! Connections lined up: handshake, upgrade, headers, ends.

use std::collections::{BTreeSet, HashMap};

use super::changes::changes;
use super::clients::Client;
use super::line::{Line, What};
use super::lineup::line_up;
use super::reader::{Link, Side};
use super::words::{self, Voice};
use super::{Aspect, Work};

/// Compares the connections of a client; `false` where one side never got one, so that there is
/// nothing more to compare.
pub(super) fn compare(work: &mut Work<'_>, a: &Client, b: &Client) -> bool {
    let (of_a, of_b) = (Chain::of(work.a, a), Chain::of(work.b, b));
    for (chain, first) in [(&of_a, true), (&of_b, false)] {
        for place in chain.repeated.iter().copied() {
            match first {
                true => work.pair(Some(place), None, false),
                false => work.pair(None, Some(place), false),
            }
        }
    }
    let reached = [&of_a, &of_b].map(|chain| chain.links.iter().any(|link| link.is_open()));
    if reached[0] != reached[1] && !of_a.links.is_empty() && !of_b.links.is_empty() {
        never_reached(work, &of_a, &of_b, reached[0]);
        return false;
    }
    let mut known = HashMap::new();
    let keys = [&of_a, &of_b].map(|chain| chain.keys(&mut known));
    let shapes = [&of_a, &of_b].map(|chain| chain.shapes());
    let lineup = line_up([&keys[0], &keys[1]], [&shapes[0], &shapes[1]]);
    let mut pairing = Pairing {
        voice: Voice::of(work.rules),
        told: BTreeSet::new(),
        work,
    };
    for (a, b) in lineup.steps {
        let a = a.and_then(|place| of_a.links.get(place));
        let b = b.and_then(|place| of_b.links.get(place));
        match (a, b) {
            (Some(a), Some(b)) => pairing.both(a, b),
            (Some(only), None) => pairing.alone(only, true),
            (None, Some(only)) => pairing.alone(only, false),
            (None, None) => {}
        }
    }
    true
}

/// The connections of a client as they are lined up.
struct Chain<'s> {
    side: &'s Side,
    links: Vec<Known<'s>>,
    /// Lines of attempts that failed as the one before them did.
    repeated: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Known<'s> {
    side: &'s Side,
    link: &'s Link,
}

impl<'s> Known<'s> {
    fn line(&self, place: Option<usize>) -> Option<&'s Line> {
        self.side.lines.get(place?)
    }

    fn is_open(&self) -> bool {
        // A recording that begins in the middle has no handshake, but packets.
        self.link.handshake.is_some() || self.reason().is_none()
    }

    /// The reason of its end; `None` where it lives to the end of the recording.
    fn reason(&self) -> Option<&'s str> {
        Some(&*self.line(self.link.end)?.name)
    }

    /// It ended because the client wanted that, or the recording ended before it.
    fn left(&self) -> bool {
        matches!(self.reason(), None | Some("io client disconnect" | ""))
    }

    fn places(&self) -> impl Iterator<Item = usize> {
        let link = self.link;
        let single = [link.handshake, link.upgrade, link.websocket, link.end];
        single
            .into_iter()
            .flatten()
            .chain(link.headers.iter().copied())
    }
}

impl<'s> Chain<'s> {
    fn of(side: &'s Side, client: &Client) -> Chain<'s> {
        let mut links: Vec<Known<'s>> = Vec::new();
        let mut repeated = Vec::new();
        for link in client.iter().filter_map(|c| side.links.get(c)) {
            let known = Known { side, link };
            // How many attempts a series took is chance.
            let again = links.last().is_some_and(|before| {
                !before.is_open() && !known.is_open() && before.reason() == known.reason()
            });
            match again {
                true => repeated.extend(known.places()),
                false => links.push(known),
            }
        }
        Chain {
            side,
            links,
            repeated,
        }
    }

    fn keys(&self, known: &mut HashMap<(bool, String), u32>) -> Vec<u32> {
        (self.links.iter())
            .map(|link| {
                let how = match link.left() {
                    true => String::new(),
                    false => link.reason().unwrap_or_default().to_owned(),
                };
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                *known.entry((link.is_open(), how)).or_insert(next)
            })
            .collect()
    }

    fn shapes(&self) -> Vec<u32> {
        self.links
            .iter()
            .map(|link| u32::from(link.is_open()))
            .collect()
    }

    /// The line that stands for what the client reached, or did not.
    fn emblem(&self) -> Option<usize> {
        let open = self.links.iter().find(|link| link.is_open());
        let link = open.or(self.links.last())?.link;
        link.handshake
            .or(link.end)
            .or(link.headers.first().copied())
    }
}

fn never_reached(work: &mut Work<'_>, a: &Chain<'_>, b: &Chain<'_>, a_reached: bool) {
    let voice = Voice::of(work.rules);
    let failed = if a_reached { b } else { a };
    let end = failed
        .emblem()
        .and_then(|place| failed.side.lines.get(place));
    let why = words::never_reached(&voice, a_reached, end);
    for chain in [a, b] {
        for place in chain.links.iter().flat_map(Known::places) {
            match std::ptr::eq(chain, a) {
                true => work.pair(Some(place), None, true),
                false => work.pair(None, Some(place), true),
            }
        }
    }
    work.tell(Aspect::Reached, a.emblem(), b.emblem(), why);
}

struct Pairing<'w, 's> {
    work: &'w mut Work<'s>,
    voice: Voice,
    /// What differs at each reconnect is said once.
    told: BTreeSet<String>,
}

impl Pairing<'_, '_> {
    fn once(&mut self, aspect: Aspect, a: Option<usize>, b: Option<usize>, why: String) {
        if self.told.insert(why.clone()) {
            self.work.tell(aspect, a, b, why);
        }
    }

    fn row(&mut self, a: Option<usize>, b: Option<usize>) -> bool {
        let differs = match (a, b) {
            (Some(a), Some(b)) => !self.work.same(a, b),
            _ => false,
        };
        if a.is_some() || b.is_some() {
            self.work.pair(a, b, differs);
        }
        differs
    }

    fn both(&mut self, a: &Known<'_>, b: &Known<'_>) {
        self.handshake(a, b);
        self.headers(a, b);
        let sockets = (a.link.websocket, b.link.websocket);
        if self.row(sockets.0, sockets.1) {
            let compressed = a
                .line(sockets.0)
                .is_some_and(|line| line.form.contains("deflate"));
            let why = words::compression(&self.voice, compressed);
            self.once(Aspect::Transport, sockets.0, sockets.1, why);
        }
        let upgrades = (a.link.upgrade, b.link.upgrade);
        if self.row(upgrades.0, upgrades.1) {
            let lines = [a.line(upgrades.0), b.line(upgrades.1)];
            let failed = lines
                .iter()
                .flatten()
                .any(|line| line.form.contains("failed"));
            let why = words::upgrade(&self.voice, lines);
            let aspect = if failed {
                Aspect::Upgrade
            } else {
                Aspect::Transport
            };
            self.once(aspect, upgrades.0, upgrades.1, why);
        }
        self.ends(a, b);
    }

    fn handshake(&mut self, a: &Known<'_>, b: &Known<'_>) {
        let places = (a.link.handshake, b.link.handshake);
        if !self.row(places.0, places.1) {
            return;
        }
        let (Some(of_a), Some(of_b)) = (a.line(places.0), b.line(places.1)) else {
            return;
        };
        for change in changes(&of_a.value(), &of_b.value(), 20).0 {
            let aspect = match change.at.as_str() {
                ".EIO" | ".transport" => Aspect::Transport,
                _ => Aspect::Handshake,
            };
            let why = words::handshake(&self.voice, &change);
            self.once(aspect, places.0, places.1, why);
        }
    }

    fn headers(&mut self, a: &Known<'_>, b: &Known<'_>) {
        let named = |known: &Known<'_>, name: &str| {
            let mut places = known.link.headers.iter().copied();
            places.find(|place| {
                known
                    .line(Some(*place))
                    .is_some_and(|line| &*line.name == name)
            })
        };
        for name in [
            "handshake request",
            "handshake response",
            "upgrade response",
        ] {
            let places = (named(a, name), named(b, name));
            if !self.row(places.0, places.1) {
                continue;
            }
            let (Some(of_a), Some(of_b)) = (a.line(places.0), b.line(places.1)) else {
                continue;
            };
            let (found, count) = changes(&of_a.value(), &of_b.value(), 8);
            let why = words::headers(&self.voice, name, &found, count);
            self.once(Aspect::Headers, places.0, places.1, why);
        }
    }

    fn ends(&mut self, a: &Known<'_>, b: &Known<'_>) {
        let places = (a.link.end, b.link.end);
        if a.left() && b.left() {
            if places.0.is_some() || places.1.is_some() {
                self.work.pair(places.0, places.1, false);
            }
            return;
        }
        let same = match places {
            (Some(a), Some(b)) => self.work.same(a, b),
            _ => false,
        };
        self.work.pair(places.0, places.1, !same);
        if same {
            return;
        }
        let lives = [a, b].map(|known| {
            let end = known
                .line(known.link.end)
                .map_or(known.link.last, |end| end.t);
            (
                known.line(known.link.end),
                end.saturating_sub(known.link.first),
            )
        });
        let why = words::ends(&self.voice, lives);
        self.work.tell(Aspect::Ended, places.0, places.1, why);
    }

    /// A connection that only one side has.
    fn alone(&mut self, known: &Known<'_>, first: bool) {
        for place in known.places() {
            match first {
                true => self.work.pair(Some(place), None, true),
                false => self.work.pair(None, Some(place), true),
            }
        }
        let emblem = known
            .link
            .end
            .or(known.link.handshake)
            .or_else(|| known.places().next());
        let Some(emblem) = emblem else {
            return;
        };
        let end = known.line(known.link.end);
        let lived = end
            .map_or(known.link.last, |end| end.t)
            .saturating_sub(known.link.first);
        let why = words::link_alone(&self.voice, first, known.is_open(), end, lived);
        let (a, b) = if first {
            (Some(emblem), None)
        } else {
            (None, Some(emblem))
        };
        self.work.tell(Aspect::Ended, a, b, why);
    }
}

/// Whether a line is lined up here, with the connections.
pub(super) fn is_fact(what: What) -> bool {
    matches!(
        what,
        What::Handshake | What::Upgrade | What::Websocket | What::Headers | What::End
    )
}
