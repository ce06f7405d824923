//! What a session died of, when a request of it is answered "Session ID unknown" (code 1).
//!
//! Code 1 says only that this process has no such session (engine.io `server.ts`). Mostly that is
//! blamed on missing stickiness; but a session that has died in the right process leaves the same
//! answer behind, and the server tells nobody when it ends one.

use super::speech::Scene;
use super::story::{Asked, Deed, DeedKind, Exchange, Life, Place};

/// Answers of a session after which a load balancer without stickiness is out of the question:
/// with two processes at random, one in 256 gets so far.
const SETTLED: usize = 8;
/// A process that does not know a session says so at once. A request that was held this long, in
/// microseconds, was held by one that knew it.
const HELD: u64 = 1_000_000;

/// What ended a session.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Death {
    /// The client did something for which servers end sessions.
    Deed(Deed),
    /// Requests failed before: the server was away.
    Away(Vec<Place>),
    /// Its WebSocket was cut in the middle of the upgrade, after its last good answer: whoever cuts
    /// one connection of a session without a word cuts the others with it, or is gone.
    Cut(Place),
    /// A proxy gave a waiting poll of it up, with this status. A server ends a session whose poll's
    /// connection is closed under it (engine.io `transports/polling.ts`, "poll connection closed
    /// prematurely").
    PollCut(u16),
    /// The refused request was held for so long (microseconds) before it was refused: the process
    /// that held it died, and the proxy asked another.
    Failover(u64),
    /// Nothing was heard from the client for so long (microseconds) that the server gave it up.
    Silence(u64),
    /// The session had worked for so many answers: the process that had it is gone.
    Vanished(usize),
}

/// What the session of a request that got code 1 died of, and the records that show it. `None`
/// where nothing says that it died.
pub(super) fn of(refused: &Exchange, life: &Life, scene: &Scene<'_>) -> Option<(Death, Vec<u64>)> {
    let deed = life
        .deeds
        .iter()
        // What was on its way together with the refused request may have been there first; what the
        // refused request itself carries was never looked at.
        .find(|deed| {
            deed.place.n != refused.request.n
                && refused
                    .response
                    .is_some_and(|response| deed.place.n < response.n)
        });
    if let Some(deed) = deed {
        return Some((Death::Deed(deed.clone()), vec![deed.place.n]));
    }
    let mut good: Vec<&Exchange> = scene
        .story
        .exchanges_of(life.c)
        .filter(|other| other.x != refused.x && other.status == 200)
        .filter(|other| other.asked == Asked::Handshake || other.sid == refused.sid)
        .collect();
    good.sort_by_key(|exchange| exchange.response);
    let heard = good.last().and_then(|exchange| exchange.response);
    let cut = scene
        .story
        .exchanges_of(life.c)
        .filter(|other| is_given_up_by_a_proxy(other) && other.sid == refused.sid)
        .find(|other| other.response < refused.response);
    if let Some(cut) = cut {
        return Some((Death::PollCut(cut.status), cut.evidence()));
    }
    let cut = life
        .socket_cut
        .filter(|cut| heard.is_none_or(|heard| heard < *cut))
        .filter(|cut| refused.response.is_some_and(|response| *cut < response));
    if let Some(cut) = cut {
        return Some((Death::Cut(cut), vec![cut.n]));
    }
    let failed: Vec<&Exchange> = scene
        .story
        .exchanges()
        .filter(|other| other.x != refused.x && !other.is_given_up())
        // Another client's request that came to nothing may be that client's end.
        .filter(|other| other.c == refused.c || other.status > 0 || !scene.story.several())
        .filter(|other| !is_given_up_by_a_proxy(other))
        .filter(|other| other.status == 0 || matches!(other.status, 502..=504))
        .filter(|other| {
            other.response.is_some_and(|response| {
                heard.is_none_or(|heard| heard < response) && response.n < refused.request.n
            })
        })
        .collect();
    if let (Some(first), Some(_)) = (failed.first(), heard) {
        let places = failed.iter().filter_map(|other| other.response).collect();
        return Some((Death::Away(places), first.evidence()));
    }
    let took = refused.took().unwrap_or_default();
    let usual = good
        .iter()
        .filter(|other| other.asked == Asked::Handshake)
        .filter_map(|other| other.took())
        .max()
        .unwrap_or_default();
    if took > HELD && took > usual.saturating_mul(5) {
        return Some((Death::Failover(took), Vec::new()));
    }
    let contact = good
        .iter()
        .flat_map(|other| [Some(other.request), other.response])
        .flatten()
        .max();
    let heartbeat = &scene.model.connections.get(&life.c)?.heartbeat;
    let patience = (heartbeat.interval_ms + heartbeat.timeout_ms).saturating_mul(1_000);
    if let Some(contact) = contact
        && patience > 0
    {
        let silence = refused.request.t.saturating_sub(contact.t);
        if silence > patience {
            return Some((Death::Silence(silence), vec![contact.n]));
        }
        // A poll that was held is contact for us, but not for the server: it waits for a pong.
        let unanswered = life
            .pings_to_client
            .iter()
            .find(|ping| !life.pongs_to_server.iter().any(|pong| pong > ping));
        if let Some(ping) = unanswered {
            let silence = refused.request.t.saturating_sub(ping.t);
            if silence > heartbeat.timeout_ms.saturating_mul(1_000) {
                return Some((Death::Silence(silence), vec![ping.n]));
            }
        }
    }
    if good.len() >= SETTLED {
        let last = heard.map(|place| place.n).into_iter().collect();
        return Some((Death::Vanished(good.len()), last));
    }
    None
}

/// Whether the session of a request that got code 1 died, or may have: then its refusal is no
/// proof of anything else. Beyond what [`of`] can prove that is so once a packet that can't be read
/// has crossed, whichever way (both sides end a session for one), and of what the client asks or
/// says while it leaves.
pub(super) fn may_be(refused: &Exchange, life: &Life, scene: &Scene<'_>) -> bool {
    let before = |place: Place| {
        refused
            .response
            .is_some_and(|response| place.n <= response.n)
    };
    let unreadable = life.troubles.iter().any(|trouble| before(trouble.place));
    let leaving = life
        .deeds
        .iter()
        .any(|deed| deed.what == DeedKind::ClosedByClient && before(deed.place));
    let over = life.ended.is_some_and(|ended| ended < refused.request);
    unreadable || leaving || over || of(refused, life, scene).is_some()
}

/// Whether a poll waited longer than a proxy does.
fn is_given_up_by_a_proxy(exchange: &Exchange) -> bool {
    exchange.asked == Asked::Poll
        && matches!(exchange.status, 408 | 504 | 524)
        && exchange.refusal().code.is_none()
}
