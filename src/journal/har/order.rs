//! What came before what, where a file's times are too coarse to say.
//!
//! Firefox writes whole milliseconds, and notes a request a little after it was sent: a POST that
//! emits may so stand behind the poll that brought the reply. The next poll tells more: a client
//! polls again at once when it has read an answer, so it read the answer right before that.

use std::collections::BTreeMap;

use super::import::query_value;
use crate::journal::record::{Body, Record};

/// What a connection asked for over HTTP, by time.
#[derive(Default)]
struct Asked {
    /// Time and exchange of each poll.
    polls: Vec<(u64, u64)>,
    /// Time of each POST.
    posts: Vec<u64>,
}

/// Moves the answer of a poll behind the POSTs that were sent before the client had read it.
///
/// Between an answer and the next poll a POST is either one that the client had sent before it
/// read the answer, or what it says upon the answer, right before it polls again. The nearer of
/// the two tells which.
pub(super) fn settle(records: &mut [Record]) {
    let mut connections: BTreeMap<u32, Asked> = BTreeMap::new();
    for record in records.iter() {
        if let (Some(c), Body::Request(request)) = (record.c, &record.body)
            && query_value(&request.url, "transport") == Some("polling")
        {
            let asked = connections.entry(c).or_default();
            match request.method.as_str() {
                "GET" => asked.polls.push((record.t, request.x)),
                "POST" => asked.posts.push(record.t),
                _ => {}
            }
        }
    }
    // Which answer has which next poll behind it.
    let mut next = BTreeMap::new();
    for (c, asked) in &connections {
        for (poll, after) in asked.polls.iter().zip(asked.polls.iter().skip(1)) {
            next.insert(poll.1, (*c, after.0));
        }
    }
    for record in records {
        let Body::Response(response) = &record.body else {
            continue;
        };
        let Some((c, next)) = next.get(&response.x) else {
            continue;
        };
        let answered = record.t.min(*next);
        let posts = connections.get(c).map(|asked| asked.posts.as_slice());
        let before = posts
            .unwrap_or_default()
            .iter()
            .filter(|sent| (answered..*next).contains(*sent))
            .filter(|sent| **sent - answered <= *next - **sent)
            .max();
        record.t = before.map_or(answered, |sent| sent.saturating_add(1));
    }
}
