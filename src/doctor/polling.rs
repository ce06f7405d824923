//! HTTP long-polling as a client uses it: handshake, post, poll, all over kept connections.
//! The namespaces are joined on the way.

use super::case::{Case, finding, is_unknown_session};
use super::joining::{self, Polled, Wanted};
use super::path::{redirected, refused_by_proxy};
use super::probe::Answer;
use super::report::{Check, Outcome, Verdict};
use super::visit::{PATIENCE, Visit, Wires};
use super::voice::{Hello, Who, who};
use crate::client::options::Parser;
use crate::journal::record::{Finding, NamespaceState, TransportName};
use crate::model::decode::Kind;
use crate::protocol::engine::{Packet, PacketKind, Version, generation};

const NAME: &str = "polling";

/// Goes on with the session that the first handshake opened.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    if !case.wants(TransportName::Polling) {
        return Check::skipped(NAME, "--transports leaves polling out").into();
    }
    match &case.hello {
        Hello::Refused(error) if error.code == Some(0) => return not_offered(case),
        Hello::Refused(error) if error.code != Some(5) => {
            let message = error.message.clone();
            return forbidden(case, &message);
        }
        _ => {}
    }
    if !case.polls {
        return Check::skipped(NAME, "no session was opened").into();
    }
    let Some(mut visit) = case.visit.take() else {
        return Check::skipped(NAME, "no session was opened").into();
    };
    visit.check = NAME;
    let early = visit.packets(&case.first);
    let (wanted, auth_error) = joining::wanted(case.probe).await;
    case.auth_error = auth_error;
    let polled = joining::by_polling(&visit, &wanted, &early).await;
    case.notice(&polled.post);
    case.clues
        .extend(generation::from_post_answer(&polled.post.body));
    for answer in &polled.polls {
        case.notice(answer);
    }
    if polled.over {
        visit.left("transport close", None);
    }
    let spare = match waits_for_namespaces(&polled) {
        true => without_namespace(case).await,
        false => None,
    };
    if misread(&polled)
        && let Some((parser, seen)) = parser_of_the_server(case, &wanted).await
    {
        if !polled.closed && !polled.over {
            visit.close("end the session").await;
        }
        case.kept_works = Some(false);
        case.parsers_differ = true;
        let seen = polled.records().into_iter().chain(seen);
        return parsers_differ(parser, seen);
    }
    let outcome = judged(case, &polled, spare.as_ref().map(|(_, post)| post));
    let works = outcome.check.verdict == Verdict::Ok;
    case.kept_works = Some(works);
    if works {
        case.joins = polled.joins;
    }
    // What a failed post or poll left of the session is not known.
    if let Some((spare, _)) = spare {
        case.visit = Some(spare);
    } else if polled.closed || polled.over {
        // There is nothing left of it.
    } else if works {
        case.visit = Some(visit);
    } else {
        visit.close("end the session").await;
    }
    outcome
}

/// The server ended the session at the CONNECT, or said what is no packet.
fn misread(polled: &Polled) -> bool {
    let undecodable =
        |packet: &crate::model::Packet| matches!(packet.kind, Kind::Undecodable { .. });
    let joined = |join: &joining::Join| join.state != NamespaceState::Joining;
    (polled.over && !polled.joins.iter().any(joined)) || polled.packets.iter().any(undecodable)
}

/// The parser that the server does understand, where it is the other one, and the records that
/// show it. Asked in a session that no client would make.
async fn parser_of_the_server(case: &Case<'_>, wanted: &[Wanted]) -> Option<(Parser, Vec<u64>)> {
    let other = match case.probe.options.parser {
        Parser::Default => Parser::Msgpack,
        Parser::Msgpack => Parser::Default,
    };
    let mut visit = case.visit(NAME, Wires::Kept).aside().speaking(other);
    let (answer, hello) = visit.open("a session with the other parser").await;
    if !matches!(hello, Hello::Open(_)) {
        return None;
    }
    let early = visit.packets(&answer);
    let first = wanted.get(..1).unwrap_or_default();
    let polled = joining::by_polling(&visit, first, &early).await;
    if !polled.closed && !polled.over {
        visit.close("end the session").await;
    }
    let understood = |join: &joining::Join| join.state != NamespaceState::Joining;
    polled
        .joins
        .iter()
        .any(understood)
        .then(|| (other, polled.records()))
}

fn parsers_differ(server: Parser, seen: impl IntoIterator<Item = u64>) -> Outcome {
    let (title, detail, fix) = match server {
        Parser::Msgpack => (
            "The server speaks msgpack, and we do not",
            "the server does not understand the CONNECT; one in msgpack it does",
            "here --parser msgpack; JavaScript client: `io(URL, { parser: \
             require(\"socket.io-msgpack-parser\") })`; or take the option `parser` (python: \
             `serializer`) out of the server",
        ),
        Parser::Default => (
            "We speak msgpack, and the server does not",
            "the server does not understand the CONNECT in msgpack; one in text it does",
            "leave --parser msgpack out; or give the server the same parser: `new Server({ \
             parser: require(\"socket.io-msgpack-parser\") })`",
        ),
    };
    let finding = finding(
        "parse-error",
        "error",
        title,
        seen,
        "Client and server must write Socket.IO packets in the same way. The CONNECT in our way \
         ended the session or was answered with bytes that are no packet to us; the same in the \
         other way was answered as it should be.",
        fix,
    );
    Outcome::found(NAME, Verdict::Fail, detail, finding)
}

/// The post with the CONNECTs hangs, and so does a namespace: one may be because of the other.
fn waits_for_namespaces(polled: &Polled) -> bool {
    let silent = |join: &joining::Join| join.state == NamespaceState::Joining;
    let well = |poll: &Answer| poll.late || (poll.error.is_none() && poll.status == 200);
    polled.post.late && polled.joins.iter().any(silent) && polled.polls.iter().all(well)
}

/// A session that joins nothing, and its post: tells whether posts work where no namespace has
/// a say. `None` where they do not.
async fn without_namespace<'p>(case: &mut Case<'p>) -> Option<(Visit<'p>, Answer)> {
    let mut visit = case.visit(NAME, Wires::Kept);
    let (answer, hello) = visit.open("a session that joins nothing").await;
    case.notice(&answer);
    if !matches!(hello, Hello::Open(_)) {
        return None;
    }
    let beat = Packet::bare(match visit.version {
        Version::V4 => PacketKind::Pong,
        Version::V3 => PacketKind::Ping,
    });
    let post = visit
        .post("a post without a CONNECT", &[beat], PATIENCE)
        .await;
    case.notice(&post);
    case.clues.extend(generation::from_post_answer(&post.body));
    match post.error.is_none() && post.status == 200 {
        true => Some((visit, post)),
        false => {
            visit.close("end the session").await;
            None
        }
    }
}

/// `other` is the post of a session that joins nothing, where that works and the CONNECTs' hangs.
fn judged(case: &mut Case<'_>, polled: &Polled, other: Option<&Answer>) -> Outcome {
    let mut evidence = case.first.records().to_vec();
    evidence.extend(polled.records());
    evidence.extend(other.into_iter().flat_map(Answer::records));
    let post = other.unwrap_or(&polled.post);
    for (answer, what) in std::iter::once((post, "the post"))
        .chain(polled.polls.iter().map(|poll| (poll, "the poll")))
    {
        if answer.error.is_none() && answer.status == 200 {
            continue;
        }
        // A poll that nobody answers in time is the namespaces' affair: the server holds it.
        if answer.late && what == "the poll" {
            continue;
        }
        let detail = format!("the handshake works, {what} does not: {}", answer.told());
        if is_unknown_session(answer) {
            case.unknown_in.push(NAME);
            return Check::new(NAME, Verdict::Fail, detail)
                .seen_in(evidence)
                .into();
        }
        return match cause(&case.endpoint.path, answer, &evidence) {
            Some(finding) => Outcome::found(NAME, Verdict::Fail, detail, finding),
            None => Check::new(NAME, Verdict::Fail, detail)
                .seen_in(evidence)
                .fixed_by("look at the server's log for this request")
                .into(),
        };
    }
    let joined = |join: &joining::Join| join.state != NamespaceState::Joining;
    if polled.over && !polled.joins.iter().any(joined) {
        let detail = "the handshake works, and the server ends the session when the CONNECT comes";
        return Check::new(NAME, Verdict::Fail, detail)
            .seen_in(evidence)
            .fixed_by(
                "look at the server's log for the end of this session; a server with a parser of \
                 its own (option `parser`) does so with clients that have another",
            )
            .into();
    }
    if let Some(error) = polled.packets.iter().find_map(|packet| match &packet.kind {
        Kind::Undecodable { error, at } => Some(format!("{error} at byte {at}")),
        _ => None,
    }) {
        let finding = finding(
            "parse-error",
            "error",
            "A poll's body cannot be decoded",
            evidence,
            format!("{error}. Something on the way may change bodies, or the parsers differ."),
            "compare the body with what the server sends; a server with another parser needs \
             the same in the client (here --parser msgpack)",
        );
        let detail = format!("a poll brought bytes that cannot be decoded: {error}");
        return Outcome::found(NAME, Verdict::Fail, detail, finding);
    }
    let bytes: usize = polled.polls.iter().map(|poll| poll.body.len()).sum();
    let ok = String::from_utf8_lossy(&post.body).into_owned();
    let waits = match other {
        Some(_) => "; the post with the CONNECT is not answered as long as a namespace is not",
        None => "",
    };
    let detail = format!(
        "handshake ({} bytes), post (“{}”) and {} ({bytes} bytes): all whole{waits}",
        case.first.body.len(),
        super::voice::excerpt(&ok),
        match polled.polls.len() {
            1 => "poll".to_owned(),
            more => format!("{more} polls"),
        },
    );
    Check::ok(NAME, detail).seen_in(evidence).into()
}

/// The finding for an answer that is not the server's own.
pub(super) fn cause(path: &str, answer: &Answer, evidence: &[u64]) -> Option<Finding> {
    if answer.error.is_some() {
        return None;
    }
    let evidence = evidence.iter().copied();
    match who(answer.status, &answer.headers, &answer.body) {
        Who::Engine(_) => None,
        Who::Redirect(to) => Some(redirected(path, answer.status, &to, evidence)),
        Who::Proxy(page) if page.status == 413 => {
            let mut finding = refused_by_proxy(&page, evidence);
            "payload-too-large".clone_into(&mut finding.rule);
            Some(finding)
        }
        Who::Proxy(page) | Who::Other(page) => Some(refused_by_proxy(&page, evidence)),
    }
}

/// Code 0 on polling.
fn not_offered(case: &Case<'_>) -> Outcome {
    let finding = finding(
        "transport-not-offered",
        "warn",
        "The server offers no polling",
        case.first.records(),
        "It answered “Transport unknown” (code 0) to polling, with which clients begin unless \
         they are told otherwise.",
        "client option: `transports: [\"websocket\"]`, here --transports websocket; or add \
         polling to the server option: `transports: [\"polling\", \"websocket\"]`",
    );
    let detail = "the server refuses polling with code 0, “Transport unknown”";
    Outcome::found(NAME, Verdict::Warn, detail, finding)
}

/// The server itself lets nobody in.
fn forbidden(case: &Case<'_>, message: &str) -> Outcome {
    let code = match &case.hello {
        Hello::Refused(error) => error.code,
        _ => None,
    };
    let finding = finding(
        "handshake-refused",
        "error",
        format!("The server refuses the handshake: “{message}”"),
        case.first.records(),
        match code {
            Some(4) => "Its allowRequest function (or a CORS check in it) said no.",
            Some(3) => {
                "It calls the request bad: an Origin header with odd characters, a middleware \
                 of the engine that failed, or a parameter that something on the way changed."
            }
            _ => "The refusal is the Socket.IO server's own.",
        },
        match code {
            Some(4) => {
                "send what allowRequest looks for (--header 'Origin: https://…', --cookie, \
                 --query), or change the server option `allowRequest: (request, callback) => \
                 callback(null, true)`"
            }
            _ => "look at the server's `io.engine.on(\"connection_error\", console.log)`",
        },
    );
    let detail = format!(
        "the handshake is refused: HTTP {}, “{message}”",
        case.first.status
    );
    Outcome::found(NAME, Verdict::Fail, detail, finding)
}
