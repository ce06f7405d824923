//! Two sessions lined up, and what differs between them. **Floor 3, pure.**
//!
//! A [`Side`] is a session as it is compared: a [`Line`] for each packet of Socket.IO and for each
//! fact of a connection (handshake, upgrade, headers, end), each with a *form* in which everything
//! is masked that differs between any two sessions ([`Masks`]). [`compare`] lines two sides up and
//! gives what differs, the weightiest first, in plain words.
//!
//! What is lined up with what:
//! - connections by how they ended, so that one reconnect more is one difference and no shift;
//! - in each namespace each direction by itself, over all connections of a client: Socket.IO keeps
//!   the order within a direction, and between the two it is chance;
//! - a reply with its question, whatever its ack id and whenever it came.
//!
//! Session times, ack ids, pings, noops and the number of polls are no difference. The cost is
//! near linear in the number of packets, also where nothing is alike.

mod changes;
mod clients;
mod facts;
mod form;
mod ids;
mod line;
mod lineup;
mod links;
mod masks;
mod reader;
mod shown;
mod talk;
#[cfg(test)]
mod tests;
mod veil;
mod words;

use std::collections::{BTreeSet, HashMap};

pub use line::{Line, What};
pub use masks::{Covered, Masks};
pub use reader::{Reader, Side};
pub use shown::covered;
pub use veil::Veil;

/// What a difference is about, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// One side never got a connection.
    Reached,
    /// A connection or namespace was lost, or ended for another reason.
    Ended,
    /// A namespace was refused, or refused otherwise.
    Refused,
    /// The upgrade to WebSocket failed on one side.
    Upgrade,
    /// The client sent something else: what follows may follow from that.
    Sent,
    /// An event of the server's, or a reply, came on one side only.
    Missing,
    /// A reply says something else.
    Reply,
    /// An event of the server's says something else.
    Event,
    /// The same came in another order.
    Order,
    /// The server announced other values in its handshake.
    Handshake,
    /// Another transport from the start, compressed or not, said goodbye or not.
    Transport,
    /// HTTP headers of the handshake and of the upgrade.
    Headers,
    /// Much slower, or not waited for.
    Timing,
}

impl Aspect {
    /// All of them, the weightiest first.
    pub const ALL: [Aspect; 13] = [
        Aspect::Reached,
        Aspect::Ended,
        Aspect::Refused,
        Aspect::Upgrade,
        Aspect::Sent,
        Aspect::Missing,
        Aspect::Reply,
        Aspect::Event,
        Aspect::Order,
        Aspect::Handshake,
        Aspect::Transport,
        Aspect::Headers,
        Aspect::Timing,
    ];

    /// Its name, as the command line takes it.
    pub fn name(self) -> &'static str {
        match self {
            Aspect::Reached => "reached",
            Aspect::Ended => "ended",
            Aspect::Refused => "refused",
            Aspect::Upgrade => "upgrade",
            Aspect::Sent => "sent",
            Aspect::Missing => "missing",
            Aspect::Reply => "reply",
            Aspect::Event => "event",
            Aspect::Order => "order",
            Aspect::Handshake => "handshake",
            Aspect::Transport => "transport",
            Aspect::Headers => "headers",
            Aspect::Timing => "timing",
        }
    }
}

/// How two sides are compared. What is masked is decided where they are read.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What is left out.
    pub ignore: BTreeSet<Aspect>,
    /// What the sides are called in the sentences.
    pub names: [String; 2],
    /// What one side has after the other was over counts as [`Aspect::Timing`] only. Makes sense
    /// where both ran at the same pace.
    pub same_pace: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            ignore: BTreeSet::new(),
            names: ["A".to_owned(), "B".to_owned()],
            same_pace: true,
        }
    }
}

impl Rules {
    /// The rules for what came back only: what a replay holds against its recording. Left out are
    /// what the client itself sent, the transport, headers and times.
    pub fn of_what_came_back(names: [&str; 2]) -> Rules {
        use Aspect::{Handshake, Headers, Sent, Timing, Transport, Upgrade};
        Rules {
            ignore: BTreeSet::from([Sent, Upgrade, Handshake, Transport, Headers, Timing]),
            names: names.map(str::to_owned),
            same_pace: false,
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What it is about: how much it matters.
    pub aspect: Aspect,
    /// The line of the first side ([`Side::lines`]); `None` where it has nothing like it.
    pub a: Option<usize>,
    /// The line of the second side.
    pub b: Option<usize>,
    /// In plain words.
    pub why: String,
    /// A path that would mask it ([`super::path`]), where one can.
    pub mask: Option<String>,
    /// Its row among [`Comparison::rows`].
    pub row: usize,
}

/// One row of the line-up: a line of each side, or of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The line of the first side.
    pub a: Option<usize>,
    /// The line of the second side.
    pub b: Option<usize>,
    /// The two are not the same, or one is missing.
    pub differs: bool,
}

/// Two sides lined up.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// All lines, those of the first side in their order.
    pub rows: Vec<Row>,
    /// What differs, the weightiest first, then in the order of the rows.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Nothing differs.
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Lines two sides up.
pub fn compare(a: &Side, b: &Side, rules: &Rules) -> Comparison {
    let mut work = Work {
        a,
        b,
        keys: keys(a, b),
        by_connection: [a, b].map(by_connection),
        rules,
        pairs: Vec::new(),
        found: Vec::new(),
    };
    for (one, other) in clients::pair(&work) {
        match (one, other) {
            (Some(one), Some(other)) => match links::compare(&mut work, &one, &other) {
                true => talk::compare(&mut work, &one, &other),
                false => talk::unheard(&mut work, &one, &other),
            },
            (one, other) => clients::alone(&mut work, one, other),
        }
    }
    work.finish()
}

/// What is being compared, and what was found so far.
struct Work<'s> {
    a: &'s Side,
    b: &'s Side,
    /// For each line of each side a number; equal lines have equal numbers.
    keys: [Vec<u32>; 2],
    /// The lines of each connection of each side.
    by_connection: [HashMap<u32, Vec<usize>>; 2],
    rules: &'s Rules,
    pairs: Vec<Row>,
    found: Vec<Found>,
}

/// A difference, before its row is known.
struct Found {
    aspect: Aspect,
    a: Option<usize>,
    b: Option<usize>,
    why: String,
    mask: Option<String>,
}

impl<'s> Work<'s> {
    fn line_a(&self, place: usize) -> Option<&'s Line> {
        self.a.lines.get(place)
    }

    fn line_b(&self, place: usize) -> Option<&'s Line> {
        self.b.lines.get(place)
    }

    /// The lines of a client, in their order; of the first side or the second.
    fn lines_of(&self, first: bool, client: &clients::Client) -> Vec<usize> {
        let [a, b] = &self.by_connection;
        let lines = if first { a } else { b };
        let mut places: Vec<usize> = (client.iter().filter_map(|c| lines.get(c)))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places
    }

    fn same(&self, a: usize, b: usize) -> bool {
        let [of_a, of_b] = &self.keys;
        matches!((of_a.get(a), of_b.get(b)), (Some(a), Some(b)) if a == b)
    }

    /// Puts two lines into one row.
    fn pair(&mut self, a: Option<usize>, b: Option<usize>, differs: bool) {
        self.pairs.push(Row { a, b, differs });
    }

    fn tell(&mut self, aspect: Aspect, a: Option<usize>, b: Option<usize>, why: String) {
        self.tell_masked(aspect, a, b, why, None);
    }

    fn tell_masked(
        &mut self,
        aspect: Aspect,
        a: Option<usize>,
        b: Option<usize>,
        why: String,
        mask: Option<String>,
    ) {
        if !self.rules.ignore.contains(&aspect) {
            self.found.push(Found {
                aspect,
                a,
                b,
                why,
                mask,
            });
        }
    }

    /// Brings the rows into one order, and the differences into theirs.
    fn finish(mut self) -> Comparison {
        let at_a = |row: &Row| row.a.and_then(|a| self.a.lines.get(a)).map(Line::place);
        let at_b = |row: &Row| row.b.and_then(|b| self.b.lines.get(b)).map(Line::place);
        // What only the second side has stands after what came before it there.
        self.pairs.sort_by_key(at_b);
        let mut after = (0, 0);
        let mut placed: Vec<_> = (self.pairs.iter())
            .map(|row| {
                let own = at_a(row);
                if row.b.is_some()
                    && let Some(own) = own
                {
                    after = after.max(own);
                }
                (own.unwrap_or(after), own.is_none(), at_b(row), *row)
            })
            .collect();
        placed.sort_by_key(|(place, late, at_b, _)| (*place, *late, *at_b));
        let rows: Vec<Row> = placed.into_iter().map(|(.., row)| row).collect();
        let mut rows_of_a = HashMap::new();
        let mut rows_of_b = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            row.a.map(|a| rows_of_a.insert(a, place));
            row.b.map(|b| rows_of_b.insert(b, place));
        }
        let row_of = |found: &Found| {
            let a = found.a.and_then(|a| rows_of_a.get(&a));
            let b = found.b.and_then(|b| rows_of_b.get(&b));
            a.or(b).copied().unwrap_or_default()
        };
        let mut differences: Vec<Difference> = (self.found.into_iter())
            .map(|found| Difference {
                row: row_of(&found),
                aspect: found.aspect,
                a: found.a,
                b: found.b,
                why: found.why,
                mask: found.mask,
            })
            .collect();
        differences.sort_by_key(|difference| (difference.aspect, difference.row));
        Comparison { rows, differences }
    }
}

/// The lines of each connection; those without one are of number 0.
fn by_connection(side: &Side) -> HashMap<u32, Vec<usize>> {
    let mut lines: HashMap<u32, Vec<usize>> = HashMap::new();
    for (place, line) in side.lines.iter().enumerate() {
        lines
            .entry(line.c.unwrap_or_default())
            .or_default()
            .push(place);
    }
    lines
}

/// A number for each line, the same for equal ones.
fn keys(a: &Side, b: &Side) -> [Vec<u32>; 2] {
    let mut known: HashMap<line::Identity<'_>, u32> = HashMap::new();
    [a, b].map(|side| {
        (side.lines.iter())
            .map(|line| {
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                *known.entry(line.identity()).or_insert(next)
            })
            .collect()
    })
}
