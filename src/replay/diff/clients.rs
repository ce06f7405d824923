//! Who is who: which connections belong to one client, and which client of one session is which
//! of the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::line::What;
use super::reader::{Link, Side};
use super::words::{self, Voice};
use super::{Aspect, Work};
use crate::journal::file::Source;

/// More clients than this are matched by their order alone.
const MANY: usize = 100;

/// The connections of one client, in their order.
pub(super) type Client = Vec<u32>;

/// The clients of a session. Our own client is one; in a tap's or an imported session those
/// connections are of one client that did not live at the same time.
fn clients(side: &Side) -> Vec<Client> {
    if matches!(side.source, Source::Client | Source::Replay) {
        let all: Client = connections(side);
        return if all.is_empty() { vec![] } else { vec![all] };
    }
    let mut clients: Vec<(u64, Client)> = Vec::new();
    for c in connections(side) {
        let (first, last) =
            (side.links.get(&c)).map_or((0, u64::MAX), |link| (link.first, ended(side, link)));
        match clients.iter_mut().find(|(until, _)| *until <= first) {
            Some((until, client)) => {
                client.push(c);
                *until = last;
            }
            None => clients.push((last, vec![c])),
        }
    }
    clients.into_iter().map(|(_, client)| client).collect()
}

/// When a connection was over: what trickles in after its end does not count.
fn ended(side: &Side, link: &Link) -> u64 {
    let end = link.end.and_then(|place| side.lines.get(place));
    end.map_or(link.last, |end| end.t)
}

/// All connections, those of lines without one as number 0.
fn connections(side: &Side) -> Client {
    let mut all: BTreeSet<u32> = side.links.keys().copied().collect();
    if side.lines.iter().any(|line| line.c.is_none()) {
        all.insert(0);
    }
    all.into_iter().collect()
}

/// The clients of both sessions, each with its like.
pub(super) fn pair(work: &Work<'_>) -> Vec<(Option<Client>, Option<Client>)> {
    let (mut of_a, mut of_b) = (clients(work.a), clients(work.b));
    // A library that opens a connection for each namespace is one client all the same.
    if of_a.len() != of_b.len() {
        merge(work.a, &mut of_a);
        merge(work.b, &mut of_b);
    }
    let mut pairs = Vec::new();
    if of_a.len() <= 1 && of_b.len() <= 1 || of_a.len().max(of_b.len()) > MANY {
        let mut of_b = of_b.into_iter();
        for client in of_a {
            pairs.push((Some(client), of_b.next()));
        }
        pairs.extend(of_b.map(|client| (None, Some(client))));
        return pairs;
    }
    let [keys_a, keys_b] = &work.keys;
    let signatures_a = signatures(work.a, &of_a, keys_a);
    let signatures_b = signatures(work.b, &of_b, keys_b);
    let mut left: Vec<Option<Client>> = of_b.into_iter().map(Some).collect();
    for (client, signature) in of_a.into_iter().zip(signatures_a) {
        let free = (left.iter().zip(&signatures_b).enumerate())
            .filter(|(_, (candidate, _))| candidate.is_some());
        // Of equals the first: `max_by_key` would take the last.
        let best = free
            .map(|(place, (_, other))| (likeness(&signature, other), std::cmp::Reverse(place)))
            .max();
        let partner = best.and_then(|(_, std::cmp::Reverse(place))| left.get_mut(place)?.take());
        pairs.push((Some(client), partner));
    }
    pairs.extend(
        left.into_iter()
            .flatten()
            .map(|client| (None, Some(client))),
    );
    pairs
}

/// Joins clients that never spoke in the same namespace.
fn merge(side: &Side, clients: &mut Vec<Client>) {
    if clients.len() > MANY {
        return;
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for client in clients.iter() {
        let own: BTreeSet<&str> = (side.lines.iter())
            .filter(|line| client.binary_search(&line.c.unwrap_or_default()).is_ok())
            .filter_map(|line| line.nsp.as_deref())
            .collect();
        if !seen.is_disjoint(&own) {
            return;
        }
        seen.extend(own);
    }
    let mut all: Client = clients.drain(..).flatten().collect();
    all.sort_unstable();
    clients.push(all);
}

type Signature = HashMap<u32, u64>;

fn signatures(side: &Side, clients: &[Client], keys: &[u32]) -> Vec<Signature> {
    let mut owner: BTreeMap<u32, usize> = BTreeMap::new();
    for (place, client) in clients.iter().enumerate() {
        owner.extend(client.iter().map(|c| (*c, place)));
    }
    let mut signatures = vec![Signature::new(); clients.len()];
    for (line, key) in side.lines.iter().zip(keys) {
        let place = owner.get(&line.c.unwrap_or_default());
        if let Some(signature) = place.and_then(|place| signatures.get_mut(*place)) {
            *signature.entry(*key).or_default() += 1;
        }
    }
    signatures
}

/// How much two clients have in common.
fn likeness(one: &Signature, other: &Signature) -> u64 {
    one.iter()
        .map(|(key, count)| (*count).min(other.get(key).copied().unwrap_or_default()))
        .sum()
}

/// A client that only one side has.
pub(super) fn alone(work: &mut Work<'_>, a: Option<Client>, b: Option<Client>) {
    let voice = Voice::of(work.rules);
    let (side, client, first) = match (a, b) {
        (Some(client), _) => (work.a, client, true),
        (None, Some(client)) => (work.b, client, false),
        (None, None) => return,
    };
    let mut places: Vec<(usize, What)> = (work.lines_of(first, &client).into_iter())
        .filter_map(|place| Some((place, side.lines.get(place)?.what)))
        .collect();
    let packets = (places.iter())
        .filter(|(_, what)| matches!(what, What::Event | What::Reply))
        .count();
    // The handshake stands for the client; a fact may have been told late.
    places.sort_by_key(|(place, what)| (*what != What::Handshake, *place));
    for (place, _) in &places {
        match first {
            true => work.pair(Some(*place), None, true),
            false => work.pair(None, Some(*place), true),
        }
    }
    let Some((place, _)) = places.first().copied() else {
        return;
    };
    let why = words::client_alone(&voice, first, &client, packets);
    let (a, b) = if first {
        (Some(place), None)
    } else {
        (None, Some(place))
    };
    work.tell(Aspect::Missing, a, b, why);
}
