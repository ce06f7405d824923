//! Whether a session is known to whoever gets its next request.
//!
//! Several sessions, each request on a TCP connection of its own, cookies carried as a browser
//! does: handshake, post, poll, close. Each session is used correctly: one poll at a time, a
//! post that any server takes (a pong, in generation 2 a ping), and a close at the end; what is
//! answered after the close is not counted, nor what follows a request that we gave up ourselves.
//! So a code 1 here is no session that we have killed.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use super::case::{Case, finding, is_unknown_session};
use super::fix;
use super::probe::Answer;
use super::report::{Check, Outcome, Verdict};
use super::visit::{PATIENCE, Visit, Wires};
use super::voice::{Hello, Who, who};
use crate::journal::record::TransportName;
use crate::protocol::engine::{Packet, PacketKind, Version};
use crate::protocol::websocket::handshake::header;

const NAME: &str = "stickiness";
/// Sessions that are opened.
const SESSIONS: usize = 4;
/// How long a poll is left waiting before the session is closed, beside the way to the server.
const HELD: Duration = Duration::from_millis(150);
/// How long it may take to come back then, beside the way.
const RELEASE: Duration = Duration::from_millis(700);

/// What a number of sessions showed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tally {
    /// Sessions that were opened.
    pub(super) sessions: usize,
    /// Requests that followed a handshake and count.
    pub(super) followed: usize,
    /// Those answered with code 1.
    pub(super) unknown: usize,
    /// Records of handshakes and of what was answered with code 1.
    pub(super) evidence: Vec<u64>,
    /// Other answers that are no success, in words, with their records.
    pub(super) broken: Vec<(String, [u64; 2])>,
    /// What tells the nodes apart: a header and its values.
    marks: BTreeMap<String, Vec<String>>,
    /// A follow-up on a session got a fresh handshake instead.
    pub(super) reopened: usize,
}

/// Makes the sessions.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    if !case.wants(TransportName::Polling) {
        return Check::skipped(NAME, "WebSocket alone needs no stickiness").into();
    }
    if !case.polls || case.mismatch {
        return Check::skipped(NAME, "there is no polling to test it with").into();
    }
    let tally = sessions(case, NAME, SESSIONS, true).await;
    case.sticky = Some(tally.unknown == 0);
    judged(case, &tally)
}

/// Opens `count` sessions one after the other.
pub(super) async fn sessions(
    case: &mut Case<'_>,
    name: &'static str,
    count: usize,
    cookies: bool,
) -> Tally {
    let mut tally = Tally::default();
    for number in 1..=count {
        let mut visit = case.visit(name, Wires::Fresh);
        if !cookies {
            // Forgotten on purpose: no rule is to take that for a client's fault.
            visit = visit.without_cookies().aside();
        }
        let what = format!("handshake of session {number} of {count}");
        let (answer, hello) = visit.open(&what).await;
        case.notice(&answer);
        tally.mark(&answer);
        if !matches!(hello, Hello::Open(_)) {
            tally.broken.push((answer.told(), answer.records()));
            continue;
        }
        if let Some(sid) = visit.sid() {
            tally.note("the shape of the session id", shape(sid));
        }
        tally.sessions = tally.sessions.saturating_add(1);
        tally.evidence.extend(answer.records());
        follow(&visit, &mut tally).await;
    }
    tally
}

/// Post, poll and close, each on a connection of its own.
async fn follow(visit: &Visit<'_>, tally: &mut Tally) {
    let beat = Packet::bare(match visit.version {
        Version::V4 => PacketKind::Pong,
        Version::V3 => PacketKind::Ping,
    });
    let post = visit
        .post("post on another connection", &[beat], PATIENCE)
        .await;
    let known = tally.count(&post);
    if post.late {
        // A request that was given up may have ended the session: nothing that follows counts.
        visit.close("close on another connection").await;
        return;
    }
    // A held poll is as good as an answer: unknown sessions are refused at once.
    let pace = visit.pace();
    let held = HELD + pace.mul_f64(1.5);
    // It has to outlive the close, which is on its way as long as everything else.
    let patience = held + RELEASE + pace * 2;
    let mut poll = pin!(visit.get("poll on another connection", patience));
    let waited = match known {
        true => tokio::time::timeout(held, &mut poll).await.ok(),
        // Where the post went astray the poll is of no use for the count.
        false => None,
    };
    let closing = Instant::now();
    match waited {
        Some(answer) => {
            tally.count(&answer);
            let close = visit.close("close on another connection").await;
            tally.count(&close);
        }
        None if known => {
            tally.followed = tally.followed.saturating_add(1);
            // The close releases the poll; what that says then does not count.
            let close = async {
                let close = visit.close("close on another connection").await;
                (close, Instant::now())
            };
            let poll = async { (poll.await.late, Instant::now()) };
            let ((close, closed), (cut, ended)) = tokio::join!(close, poll);
            // python-socketio holds the poll all the same; what it said before we cut that counts.
            if !cut || closed < ended {
                tally.count(&close);
            }
        }
        None => {
            let close = visit.close("close on another connection").await;
            tally.count(&close);
        }
    }
    tracing::debug!("a session was closed in {:?}", closing.elapsed());
}

impl Tally {
    /// Counts an answer to a follow-up; false where the session was unknown.
    fn count(&mut self, answer: &Answer) -> bool {
        self.mark(answer);
        if is_unknown_session(answer) {
            self.followed = self.followed.saturating_add(1);
            self.unknown = self.unknown.saturating_add(1);
            self.evidence.extend(answer.records());
            return false;
        }
        if answer.error.is_some() || answer.status != 200 {
            // A server may hang up on a session that is being closed, and says so in many ways;
            // only what somebody else says in its place counts.
            let foreign = !matches!(
                who(answer.status, &answer.headers, &answer.body),
                Who::Engine(_)
            );
            if foreign || answer.error.is_some() {
                self.broken.push((answer.told(), answer.records()));
            }
            return true;
        }
        self.followed = self.followed.saturating_add(1);
        if answer.body.starts_with(b"0{") {
            self.reopened = self.reopened.saturating_add(1);
        }
        true
    }

    /// Notes what may tell nodes apart.
    fn mark(&mut self, answer: &Answer) {
        for name in [
            "X-Served-By",
            "X-Backend",
            "X-Backend-Server",
            "X-Upstream",
            "X-Upstream-Addr",
            "X-Server",
            "X-Server-Id",
            "X-Instance",
            "X-Node",
            "X-Pod",
            "Server",
            "Via",
        ] {
            if let Some(value) = header(&answer.headers, name) {
                self.note(name, value.to_owned());
            }
        }
    }

    fn note(&mut self, what: &str, value: String) {
        let values = self.marks.entry(what.to_owned()).or_default();
        if values.len() < 8 && !values.contains(&value) {
            values.push(value);
        }
    }

    /// What has more than one value, in words.
    fn nodes(&self) -> Option<String> {
        let (what, values) = self.marks.iter().find(|(_, values)| values.len() > 1)?;
        Some(format!("{what} is {}", values.join(" or ")))
    }
}

/// Length and alphabet of a session id: servers of different kinds differ in it.
fn shape(sid: &str) -> String {
    let kind = if sid.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        "hexadecimal"
    } else if sid
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    {
        "base64"
    } else {
        "other"
    };
    format!("{} characters, {kind}", sid.chars().count())
}

fn judged(case: &Case<'_>, tally: &Tally) -> Outcome {
    let Tally {
        sessions,
        followed,
        unknown,
        ..
    } = *tally;
    let nodes = tally
        .nodes()
        .map_or(String::new(), |nodes| format!("; {nodes}"));
    if unknown > 0 {
        let detail = format!(
            "{unknown} of {followed} requests that followed a handshake were answered with code \
             1, “Session ID unknown” ({sessions} sessions, each request on a connection of its \
             own, cookies carried){nodes}"
        );
        // Some requests found the session: it lives, on one node of several.
        let lives = unknown < followed || case.kept_works == Some(true);
        let finding = match lives {
            true => finding(
                "no-sticky-session",
                "error",
                "Requests of one session reach different servers (no sticky session)",
                tally.evidence.iter().copied(),
                format!(
                    "{unknown} of {followed} requests went to a server that does not know the \
                     session, {} found it: it lives on one of several servers or processes. The \
                     sessions were used correctly and closed only after that, so they were not \
                     dead{nodes}. HTTP long-polling needs all requests of a session on one \
                     server.",
                    match unknown < followed {
                        true => "the others",
                        false => "those on one kept connection",
                    }
                ),
                fix::STICKY,
            ),
            false => finding(
                "session-lost",
                "error",
                "Every session is unknown right after its handshake",
                tally.evidence.iter().copied(),
                "No request at all found its session again, not even on the handshake's own \
                 connection. Either each request goes to another of many processes, or the \
                 server ends (or forgets) sessions at once, or something on the way changes the \
                 query parameter `sid`.",
                format!(
                    "ask one server directly, past the balancer: if it works there, {}. Else \
                     look at the server's log and at what a proxy does with the query",
                    fix::STICKY
                ),
            ),
        };
        return Outcome::found(NAME, Verdict::Fail, detail, finding);
    }
    if tally.reopened > 0 {
        let finding = finding(
            "session-lost",
            "error",
            "The session id does not reach the server",
            tally.evidence.iter().copied(),
            format!(
                "{} polls with a sid were answered with a fresh handshake, as if there were none.",
                tally.reopened
            ),
            "look whether a proxy or cache removes query parameters or answers from its cache: \
             nothing under /socket.io/ may be cached (`Cache-Control: no-store`)",
        );
        let detail = format!("{} polls got a fresh handshake", tally.reopened);
        return Outcome::found(NAME, Verdict::Fail, detail, finding);
    }
    if let Some((words, _)) = tally.broken.first() {
        let evidence: Vec<u64> = tally.broken.iter().flat_map(|(_, seen)| *seen).collect();
        let detail = format!(
            "{} of {} requests failed, the first with: {words}",
            tally.broken.len(),
            followed
                .saturating_add(tally.broken.len())
                .saturating_add(sessions),
        );
        let finding = finding(
            "proxy-status-page",
            "error",
            "Some requests of a session fail, others do not",
            evidence,
            format!(
                "{words}. Other requests of the same kind were answered well: one of several \
                 servers may be down, or the connections to it are kept longer than it keeps them."
            ),
            "take the dead server out of the balancer or start it; nginx: `proxy_next_upstream \
             error timeout;` and a `keepalive_timeout` of the upstream below the server's own \
             (Node: `httpServer.keepAliveTimeout = 65000`)",
        );
        return Outcome::found(NAME, Verdict::Fail, detail, finding);
    }
    if sessions == 0 {
        return Check::new(NAME, Verdict::Fail, "no session could be opened").into();
    }
    let detail = format!(
        "{sessions} sessions, {followed} requests on connections of their own: each session was \
         known every time{nodes}"
    );
    Check::ok(NAME, detail)
        .seen_in(tally.evidence.iter().copied())
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;
    use crate::journal::file::{Header, Source};

    fn tally(followed: usize, unknown: usize) -> Tally {
        Tally {
            sessions: 4,
            followed,
            unknown,
            evidence: vec![1, 2],
            ..Tally::default()
        }
    }

    fn judge(kept: Option<bool>, tally: &Tally) -> (Verdict, Option<String>) {
        let header = Header::now(Source::Client, "http://h.test/");
        let journal = Journal::in_memory(header, Instant::now(), 1 << 20);
        let options = crate::client::Options::new("http://h.test/".parse().unwrap());
        let probe = super::super::probe::Probe::new(options, journal).unwrap();
        let mut case = Case::new(&probe);
        case.kept_works = kept;
        let outcome = judged(&case, tally);
        (
            outcome.check.verdict,
            outcome.finding.map(|finding| finding.rule),
        )
    }

    #[test]
    fn stickiness_is_blamed_only_where_the_session_lives_somewhere() {
        let sticky = Some("no-sticky-session".to_owned());
        let lost = Some("session-lost".to_owned());
        let cases = [
            (Some(true), tally(12, 0), (Verdict::Ok, None)),
            (Some(false), tally(12, 5), (Verdict::Fail, sticky.clone())),
            (Some(true), tally(12, 12), (Verdict::Fail, sticky)),
            (Some(false), tally(12, 12), (Verdict::Fail, lost)),
        ];
        for (kept, tally, want) in cases {
            assert_eq!(judge(kept, &tally), want, "{kept:?} {tally:?}");
        }
    }

    #[test]
    fn answers_of_others_are_no_unknown_sessions() {
        let mut tally = tally(4, 0);
        let gateway = Answer {
            status: 502,
            body: bytes::Bytes::from_static(b"<html><center>nginx</center></html>"),
            ..Answer::default()
        };
        assert!(tally.count(&gateway));
        assert_eq!(tally.broken.len(), 1);
        let (verdict, rule) = judge(Some(true), &tally);
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(rule.as_deref(), Some("proxy-status-page"));
    }

    #[test]
    fn session_ids_of_different_servers_have_different_shapes() {
        assert_eq!(shape("ZtAnFk4OYkk7JAzlAAAA"), "20 characters, base64");
        assert_eq!(shape("0123-abcd"), "9 characters, hexadecimal");
    }
}
