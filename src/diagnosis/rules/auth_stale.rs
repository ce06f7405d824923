//! Credentials that worked are refused when they are shown again.
//!
//! Clients show the same `auth` object at every reconnect unless it is a function; a token in the
//! URL's query never changes by itself. A token that has expired meanwhile locks the client out.

use super::namespace_refused::refused;
use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::{Asked, Exchange, Join};
use crate::diagnosis::tally::Tallies;
use crate::diagnosis::words::seconds;

pub(super) const ENTRY: Entry = Entry {
    name: "auth-stale",
    about: "a reconnect shows the same credentials as before, which have expired",
    on: Moments::PACKET.and(Moments::EXCHANGE),
    gives_way_to: &[],
    make: || Box::new(AuthStale::default()),
};

#[derive(Default)]
struct AuthStale {
    cases: Tallies,
}

impl Rule for AuthStale {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        if let Moment::Exchange(exchange) = moment {
            self.handshake(exchange, scene, speech);
            return;
        }
        let Some(join) = refused(moment, scene) else {
            return;
        };
        let Some(before) = worked_before(join, scene) else {
            return;
        };
        let subject = join.nsp.clone();
        let proof = [join.evidence(), before.evidence()].concat();
        let Some(tally) = self.cases.add(&subject, Some(join.c), proof) else {
            return;
        };
        let nsp = &join.nsp;
        let worked = before
            .answer
            .as_ref()
            .map_or(before.asked.t, |answer| answer.place.t);
        let (what, title) = if before.welcomed() {
            (
                format!(
                    "The client was let into {nsp} at {} with these credentials, and refused at {} \
                     with the same, byte for byte",
                    seconds(worked),
                    seconds(scene.now)
                ),
                format!(
                    "stale auth: {nsp} refuses (\"{}\") the same credentials that it took {} \
                     before",
                    join.message(),
                    seconds(scene.now.saturating_sub(worked))
                ),
            )
        } else {
            (
                format!(
                    "{nsp} said \"{}\" and the client showed the same credentials again",
                    join.message()
                ),
                format!(
                    "stale auth: {nsp} says \"{}\" again and again",
                    join.message()
                ),
            )
        };
        speech.say(Conclusion {
            subject,
            connections: tally.connections(),
            severity: Severity::Error,
            title: format!("{title}{}", tally.so_far()),
            evidence: tally.evidence(),
            why: format!(
                "{what}: they have expired or were withdrawn meanwhile, and the reconnect did not \
                 fetch new ones. A fixed `auth` object is sent again as it stands at every \
                 attempt; a client whose only namespace is refused does not try again by itself."
            ),
            fix: fix(join.query.is_some() || in_url(join.c, scene)),
        });
    }
}

/// The line to change: what is asked for at each attempt.
fn fix(in_query: bool) -> String {
    if in_query {
        "The query is fixed when the Manager is made. Client: `socket.io.on(\"reconnect_attempt\", \
         () => { socket.io.opts.query = { token: freshToken() }; })` (generation 2: \
         `socket.on(\"reconnect_attempt\", …)` on `socket.io.opts.query`); better, from Socket.IO 3 \
         on, `auth: (cb) => cb({ token: freshToken() })`. sioscope: `--auth '!COMMAND'` is run at \
         each attempt."
            .to_owned()
    } else {
        "Client: make `auth` a function, which is called at each attempt: `io(URL, { auth: (cb) => \
         cb({ token: freshToken() }) })`; python: `sio.connect(url, auth=lambda: {\"token\": \
         fresh_token()})`; Java: change `options.auth` in the `reconnect_attempt` handler. After \
         the refusal: `socket.on(\"connect_error\", async () => { socket.auth = { token: await \
         refresh() }; socket.connect(); })`. sioscope: `--auth '!COMMAND'` or `--auth @FILE`, read \
         again at each attempt."
            .to_owned()
    }
}

/// An earlier try with the same credentials which shows that they are stale: one that was let in
/// on a connection that is over, or one that was refused with the word that they have expired.
/// Where several clients are at work it has to be that word in either case: a token that one of them
/// was let in with may be refused to another for a reason of its own.
pub(super) fn worked_before<'a>(join: &Join, scene: &Scene<'a>) -> Option<&'a Join> {
    let shown = join.credentials();
    let url = url_credentials_of(join.c, scene);
    if shown.is_none() && url.is_none() {
        return None;
    }
    if join.is_unknown_namespace() {
        return None;
    }
    let over = |other: &Join| {
        other.left.is_some()
            || scene
                .story
                .life(other.c)
                .is_none_or(|life| life.ended.is_some())
    };
    let expired = join.message().to_ascii_lowercase().contains("expired");
    scene
        .story
        .joins()
        .rev()
        .filter(|other| other.nsp == join.nsp && other.asked.n < join.asked.n)
        .filter(|other| other.credentials() == shown && url_credentials_of(other.c, scene) == url)
        .filter(|_| expired || !scene.story.several())
        .find(|other| (other.welcomed() && over(other)) || (other.refused() && expired))
}

fn in_url(c: u32, scene: &Scene<'_>) -> bool {
    url_credentials_of(c, scene).is_some()
}

/// What the connection's first request shows of the client: its `Authorization`, and what its
/// query has beside Engine.IO's own. `None` where there is nothing.
fn url_credentials_of(c: u32, scene: &Scene<'_>) -> Option<String> {
    url_credentials(scene.story.exchanges_of(c).next()?)
}

fn url_credentials(exchange: &Exchange) -> Option<String> {
    const OWN: [&str; 6] = ["EIO", "transport", "t", "sid", "b64", "j"];
    let query = exchange.url.split_once('?').map_or("", |(_, query)| query);
    let mut shown: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && !OWN.contains(&name)
        })
        .collect();
    shown.extend(exchange.request_header("authorization"));
    (!shown.is_empty()).then(|| shown.join("&"))
}

impl AuthStale {
    /// A handshake that is refused by HTTP with what was good for an earlier one.
    fn handshake(&mut self, refused: &Exchange, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let first = matches!(refused.asked, Asked::Handshake | Asked::Websocket);
        if !first || !matches!(refused.status, 401 | 403) {
            return;
        }
        // To one of several clients access may be denied for what it is; a login is asked of all.
        if refused.status == 403 && scene.story.several() {
            return;
        }
        let (Some(c), Some(shown)) = (refused.c, url_credentials(refused)) else {
            return;
        };
        let good = scene.story.exchanges().rev().find(|other| {
            other.request.n < refused.request.n
                && matches!(other.asked, Asked::Handshake | Asked::Websocket)
                && matches!(other.status, 101 | 200)
                && other.path() == refused.path()
                && url_credentials(other).as_ref() == Some(&shown)
        });
        let Some(good) = good else { return };
        let status = refused.status;
        let ago = refused.request.t.saturating_sub(good.request.t);
        let header = refused.request_header("authorization").is_some();
        let proof = [refused.evidence(), good.evidence()].concat();
        let Some(tally) = self.cases.add("handshake", Some(c), proof) else {
            return;
        };
        let fix = if header {
            "Client: headers are fixed when the Manager is made; change them before each attempt: \
             `socket.io.on(\"reconnect_attempt\", () => { socket.io.opts.extraHeaders.Authorization \
             = fresh(); })`. Better, from Socket.IO 3 on: `auth: (cb) => cb({ token: freshToken() \
             })` and a middleware."
                .to_owned()
        } else {
            fix(true)
        };
        speech.say(Conclusion {
            subject: "handshake".to_owned(),
            connections: tally.connections(),
            severity: Severity::Error,
            title: format!(
                "stale auth: the handshake is refused (HTTP {status}) with the credentials that \
                 were good {} before{}",
                seconds(ago),
                tally.so_far()
            ),
            evidence: tally.evidence(),
            why: format!(
                "An earlier handshake with the same query and `Authorization` header was accepted; \
                 this one, the same but for what is new each time, got HTTP {status}: the token in \
                 it has expired or was withdrawn meanwhile."
            ),
            fix,
        });
    }
}
