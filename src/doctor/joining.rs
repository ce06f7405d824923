//! Joins the namespaces that were asked for, over either transport, and tells what became of
//! each.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::probe::{Answer, Probe};
use super::socket::{Said, Socket};
use super::visit::{PATIENCE, Visit};
use crate::client::driver::auth;
use crate::client::options::NamespaceAuth;
use crate::journal::record::NamespaceState;
use crate::model::Packet;
use crate::model::decode::Kind;
use crate::protocol::engine::{self, Version};
use crate::protocol::json;

/// How long a server may take to answer a CONNECT, beside the way to it.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a poll may take to come back once the session was closed, beside the way.
const RELEASE: Duration = Duration::from_millis(1_500);
/// Polls that may pass before all namespaces have answered.
const POLLS: usize = 6;

/// A namespace to join, its auth read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// The namespace.
    pub(super) nsp: String,
    /// The payload of its CONNECT.
    pub(super) auth: Option<String>,
}

/// What became of one namespace.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Join {
    /// The namespace.
    pub(super) nsp: String,
    /// Whether an auth payload was sent.
    pub(super) with_auth: bool,
    /// `Connected`, `Refused`, `Disconnected` (at once, by the server) or still `Joining`.
    pub(super) state: NamespaceState,
    /// The refusal's message.
    pub(super) message: String,
    /// Records of question and answer.
    pub(super) evidence: Vec<u64>,
}

/// Reads the auth of every namespace that was asked for.
///
/// # Errors
/// Which payload could not be read, and why.
pub(super) async fn wanted(probe: &Probe) -> (Vec<Wanted>, Option<String>) {
    let options = &probe.options;
    let root = [NamespaceAuth {
        nsp: "/".to_owned(),
        auth: None,
    }];
    let named = match options.namespaces.as_slice() {
        [] => &root,
        named => named,
    };
    let (mut list, mut failed) = (Vec::new(), None);
    for namespace in named {
        let source = namespace.auth.clone().or_else(|| options.auth.clone());
        let auth = match source {
            None => None,
            Some(source) => match auth::read(source).await {
                Ok(auth) => auth,
                Err(error) => {
                    failed.get_or_insert(error);
                    None
                }
            },
        };
        list.push(Wanted {
            nsp: namespace.nsp.clone(),
            auth,
        });
    }
    (list, failed)
}

fn begun(visit: &Visit<'_>, wanted: &[Wanted]) -> (Vec<engine::Packet<'static>>, Vec<Join>) {
    let mut packets = Vec::new();
    let mut joins = Vec::new();
    for one in wanted {
        packets.extend(visit.connect(&one.nsp, one.auth.as_deref()));
        joins.push(Join {
            nsp: one.nsp.clone(),
            with_auth: one.auth.is_some() && visit.version == Version::V4,
            state: NamespaceState::Joining,
            message: String::new(),
            evidence: Vec::new(),
        });
    }
    (packets, joins)
}

fn take(visit: &Visit<'_>, joins: &mut [Join], packets: &[Packet]) {
    for packet in packets {
        let Kind::Socket {
            name, nsp, data, ..
        } = &packet.kind
        else {
            continue;
        };
        let same = |join: &&mut Join| bare(&join.nsp) == bare(nsp);
        let Some(join) = joins
            .iter_mut()
            .find(|join| same(join) && join.state != NamespaceState::Refused)
        else {
            continue;
        };
        match *name {
            "connect" if join.state == NamespaceState::Joining => {
                join.state = NamespaceState::Connected;
                visit.joined(&join.nsp, sid_of(data.as_deref()));
            }
            "connect_error" => {
                join.state = NamespaceState::Refused;
                join.message = refusal(data.as_deref());
                visit.refused(&join.nsp, &join.message);
            }
            "disconnect" => join.state = NamespaceState::Disconnected,
            _ => continue,
        }
        join.evidence.push(packet.n);
    }
}

fn all_answered(joins: &[Join]) -> bool {
    joins
        .iter()
        .all(|join| join.state != NamespaceState::Joining)
}

/// The name without the query that generation 2 hangs on it.
fn bare(nsp: &str) -> &str {
    nsp.split_once('?').map_or(nsp, |(name, _)| name)
}

fn sid_of(data: Option<&str>) -> Option<String> {
    let members = json::members(data?)?;
    let (_, sid) = members
        .into_iter()
        .find(|(key, _)| json::unescape(key).as_deref() == Some("sid"))?;
    json::unescape(sid).map(|sid| sid.into_owned())
}

/// The message of a refusal, in all the shapes that servers use.
fn refusal(data: Option<&str>) -> String {
    let Some(data) = data else {
        return "without a reason".to_owned();
    };
    if let Some(text) = json::unescape(data) {
        return text.into_owned();
    }
    let members = json::members(data).unwrap_or_default();
    members
        .into_iter()
        .find(|(key, _)| json::unescape(key).as_deref() == Some("message"))
        .and_then(|(_, message)| json::unescape(message))
        .map_or_else(|| data.to_owned(), |message| message.into_owned())
}

/// A post that waits for nothing is answered as soon as this, beside the way.
const PROMPT: Duration = Duration::from_secs(2);

/// What happened on polling.
pub(super) struct Polled {
    pub(super) joins: Vec<Join>,
    /// The post, where one was made.
    pub(super) post: Answer,
    /// The polls, oldest first.
    pub(super) polls: Vec<Answer>,
    /// Everything that the polls brought.
    pub(super) packets: Vec<Packet>,
    /// The session was ended because an answer did not come.
    pub(super) closed: bool,
    /// The server ended the session.
    pub(super) over: bool,
}

impl Polled {
    /// The records that show it.
    pub(super) fn records(&self) -> Vec<u64> {
        std::iter::once(&self.post)
            .chain(&self.polls)
            .flat_map(Answer::records)
            .collect()
    }
}

/// What polls brought.
#[derive(Default)]
struct Polls {
    answers: Vec<Answer>,
    packets: Vec<Packet>,
    closed: bool,
    over: bool,
}

/// Joins over polling. `early` came with the handshake.
pub(super) async fn by_polling(visit: &Visit<'_>, wanted: &[Wanted], early: &[Packet]) -> Polled {
    let (mut packets, mut joins) = begun(visit, wanted);
    take(visit, &mut joins, early);
    // In generation 2 the client pings, and that makes sure that a poll has something to bring.
    if visit.version == Version::V3 {
        packets.push(engine::Packet::bare(engine::PacketKind::Ping));
    }
    let patience = ANSWER + RELEASE + visit.pace() * 2;
    let mut posting = pin!(visit.post("CONNECT by post", &packets, patience));
    let prompt = PROMPT + visit.pace() * 2;
    let (post, polls) = match tokio::time::timeout(prompt, &mut posting).await {
        Ok(post) if post.error.is_some() || post.status != 200 => (post, Polls::default()),
        Ok(post) => {
            let polls = poll(visit, &mut joins).await;
            (post, polls)
        }
        // python-socketio answers the post when the handlers of its packets are done. Clients
        // poll meanwhile.
        Err(_) => tokio::join!(posting, poll(visit, &mut joins)),
    };
    for join in &mut joins {
        join.evidence.push(post.n);
    }
    Polled {
        joins,
        post,
        polls: polls.answers,
        packets: polls.packets,
        closed: polls.closed,
        over: polls.over,
    }
}

/// Polls until every namespace has answered, or has had its time.
async fn poll(visit: &Visit<'_>, joins: &mut [Join]) -> Polls {
    let mut polls = Polls::default();
    let until = Instant::now() + ANSWER + visit.pace();
    while polls.answers.len() < POLLS {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || (!polls.answers.is_empty() && all_answered(joins)) {
            break;
        }
        let patience = left + RELEASE + visit.pace() * 2;
        let mut get = pin!(visit.get("poll for the answer", patience));
        let answer = match tokio::time::timeout(left, &mut get).await {
            Ok(answer) => answer,
            // A poll that is cut off kills the session; a close releases it.
            Err(_) => {
                polls.closed = true;
                let close = visit.close("end the session that waits in vain");
                tokio::join!(close, get).1
            }
        };
        let good = answer.status == 200 && answer.error.is_none();
        if good {
            let brought = visit.packets(&answer);
            take(visit, joins, &brought);
            polls.over = !polls.closed && brought.iter().any(is_close);
            if brought.iter().any(is_ping)
                && !polls.closed
                && !polls.over
                && visit.version == Version::V4
            {
                let pong = engine::Packet::bare(engine::PacketKind::Pong);
                visit.post("pong", &[pong], PATIENCE).await;
            }
            polls.packets.extend(brought);
        }
        polls.answers.push(answer);
        if !good || polls.closed || polls.over {
            break;
        }
    }
    polls
}

/// Whether a packet ends the session.
fn is_close(packet: &Packet) -> bool {
    matches!(&packet.kind, Kind::Engine { name: "close", .. })
}

/// Whether a packet is the server's ping.
pub(super) fn is_ping(packet: &Packet) -> bool {
    matches!(&packet.kind, Kind::Engine { name: "ping", .. })
}

/// Joins over a WebSocket. The error is how the WebSocket ended.
pub(super) async fn by_socket(
    visit: &Visit<'_>,
    socket: &mut Socket<'_, '_>,
    wanted: &[Wanted],
) -> (Vec<Join>, Option<Said>) {
    let (packets, mut joins) = begun(visit, wanted);
    for packet in &packets {
        socket.send(packet).await;
        for join in &mut joins {
            join.evidence.push(socket.sent);
        }
    }
    let until = Instant::now() + ANSWER + visit.pace();
    while !all_answered(&joins) {
        match socket.next(until).await {
            Said::Packets(packets, n) => {
                take(visit, &mut joins, &packets);
                for join in &mut joins {
                    if join.state == NamespaceState::Disconnected {
                        join.evidence.push(n);
                    }
                }
            }
            Said::Nothing => break,
            ended => return (joins, Some(ended)),
        }
    }
    (joins, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_in_every_shape() {
        let cases = [
            (None, "without a reason"),
            (Some(r#""Invalid namespace""#), "Invalid namespace"),
            (Some(r#"{"message":"no","data":{"code":1}}"#), "no"),
            (Some(r#"{"code":1}"#), r#"{"code":1}"#),
        ];
        for (data, want) in cases {
            assert_eq!(refusal(data), want, "{data:?}");
        }
    }

    #[test]
    fn a_namespace_of_generation_2_is_known_by_its_name_without_query() {
        assert_eq!(bare("/chat?token=x"), "/chat");
        assert_eq!(bare("/"), "/");
    }

    #[test]
    fn the_socket_id_is_read_from_the_connect() {
        assert_eq!(
            sid_of(Some(r#"{"sid":"a","pid":"b"}"#)).as_deref(),
            Some("a")
        );
        assert_eq!(sid_of(Some("{}")), None);
        assert_eq!(sid_of(None), None);
    }
}
