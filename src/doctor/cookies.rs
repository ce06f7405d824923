//! Which cookies are set, and what becomes of clients that keep none (Java, JavaScript on Node
//! without `withCredentials`, most libraries outside browsers).

use super::case::{Case, finding};
use super::report::{Check, Outcome, Verdict};
use super::stickiness;
use crate::journal::record::TransportName;

const NAME: &str = "cookies";
/// Sessions without cookies.
const SESSIONS: usize = 3;

/// Where cookies are set: sessions that do not send them back.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    if !case.polls && case.sockets.is_none() {
        return Check::skipped(NAME, "no session was opened").into();
    }
    let mut names: Vec<String> = case
        .cookies
        .iter()
        .map(|cookie| cookie.name.clone())
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Check::ok(NAME, "none are set: clients that keep none miss nothing").into();
    }
    let evidence: Vec<u64> = case.cookies.iter().map(|cookie| cookie.n).take(4).collect();
    let set = format!("set: {}", names.join(", "));
    if !case.polls || !case.wants(TransportName::Polling) || case.sticky != Some(true) {
        let detail = format!("{set}; whether clients without cookies get along was not tested");
        return Check::ok(NAME, detail).seen_in(evidence).into();
    }
    let tally = stickiness::sessions(case, NAME, SESSIONS, false).await;
    if tally.unknown == 0 {
        let detail = format!(
            "{set}; sessions that do not send them back get along, too ({} of {} requests knew \
             their session)",
            tally.followed, tally.followed
        );
        return Check::ok(NAME, detail).seen_in(evidence).into();
    }
    let name = names.first().cloned().unwrap_or_default();
    let finding = finding(
        "cookies-lost",
        "warn",
        "Clients that keep no cookies lose their session",
        tally.evidence.iter().copied(),
        format!(
            "With its cookies ({}) sent back, every session was known; without, {} of {} \
             requests were answered with code 1. The balancer finds the server by a cookie, \
             which browsers keep, and which Java clients, JavaScript on Node and most libraries \
             do not.",
            names.join(", "),
            tally.unknown,
            tally.followed
        ),
        format!(
            "client option: `withCredentials: true` (JavaScript 4.7 or newer, on Node too); Java: \
             a CookieJar in `options.callFactory` and `options.webSocketFactory`; or let the \
             client connect with `transports: [\"websocket\"]`. Balancer: stick by address \
             instead of {name}, nginx: `ip_hash;`, HAProxy: `balance source`"
        ),
    );
    let detail = format!(
        "{set}; without them {} of {} requests were answered with code 1",
        tally.unknown, tally.followed
    );
    Outcome::found(NAME, Verdict::Warn, detail, finding)
}
