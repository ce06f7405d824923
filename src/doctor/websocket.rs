//! A WebSocket from the start, without polling before it.

use std::time::Instant;

use super::case::{Case, finding};
use super::fix;
use super::joining;
use super::path::{redirected, refused_by_proxy};
use super::probe::Answer;
use super::report::{Check, Outcome, Verdict};
use super::socket::Said;
use super::visit::{PATIENCE, Wires};
use super::voice::{Hello, Who, who};
use crate::client::options::Eio;
use crate::journal::record::{Finding, NamespaceState, TransportName};
use crate::model::decode::Kind;
use crate::protocol::engine::generation;
use crate::protocol::engine::server_error::Form;
use crate::protocol::engine::{Handshake, Revision, Version};

const NAME: &str = "websocket";

/// Opens one, joins, leaves.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    if !case.wants(TransportName::Websocket) {
        return Check::skipped(NAME, "--transports leaves websocket out").into();
    }
    let server = matches!(&case.hello, Hello::Open(_) | Hello::Refused(_));
    if !server {
        return Check::skipped(NAME, "no Socket.IO server answered").into();
    }
    if case.mismatch {
        return Check::skipped(NAME, "client and server are of different generations").into();
    }
    if case.parsers_differ {
        return Check::skipped(NAME, "client and server write packets in different ways").into();
    }
    let outcome = once(case).await;
    // Without polling, only the WebSocket tells the generation.
    match outcome {
        Ok(outcome) => outcome,
        Err(()) => {
            case.speaks = Some((Version::V3, Revision::default()));
            match once(case).await {
                Ok(outcome) => outcome,
                Err(()) => {
                    Check::new(NAME, Verdict::Fail, "the server's generation is unclear").into()
                }
            }
        }
    }
}

/// `Err` where the server turned out to be of generation 2 and another try is due.
async fn once(case: &mut Case<'_>) -> Result<Outcome, ()> {
    let visit = case.visit(NAME, Wires::Fresh);
    let (answer, mut socket) = match visit.socket("a WebSocket from the start").await {
        Ok(opened) => opened,
        Err(answer) => {
            case.notice(&answer);
            case.sockets = Some(false);
            return Ok(refused(case, &answer));
        }
    };
    case.notice(&answer);
    case.deflate = Some(socket.deflate.is_some());
    let evidence = answer.records();
    let is_open = |kind: &Kind| matches!(kind, Kind::Engine { name: "open", .. });
    let first = socket.wait(Instant::now() + PATIENCE, is_open).await;
    let handshake = match first {
        Ok(packet) => match packet.kind {
            Kind::Engine { data, .. } => Handshake::parse(&data).ok().map(|read| read.value),
            _ => None,
        },
        Err(said) => {
            visit.left("websocket error", Some(said.told()));
            case.sockets = Some(false);
            return Ok(silent(case, &answer, &said));
        }
    };
    visit.opened_by_socket();
    if case.handshake.is_none() {
        case.clues
            .extend(handshake.iter().flat_map(generation::from_handshake));
        case.handshake.clone_from(&handshake);
    }
    let (wanted, auth_error) = joining::wanted(case.probe).await;
    if auth_error.is_some() {
        case.auth_error = auth_error;
    }
    // One namespace is enough to see packets both ways, and all of them where polling can't.
    let wanted = if case.kept_works == Some(true) {
        wanted.get(..1).unwrap_or_default()
    } else {
        wanted.as_slice()
    };
    if !case.polls && case.probe.options.eio == Eio::Auto && visit.version == Version::V4 {
        // Generation 2 sends CONNECT unasked, at once.
        let soon = Instant::now() + std::time::Duration::from_millis(300);
        if let Said::Packets(packets, _) = socket.next(soon).await
            && packets.iter().any(|packet| {
                matches!(
                    &packet.kind,
                    Kind::Socket {
                        name: "connect",
                        data: None,
                        ..
                    }
                )
            })
        {
            socket.close().await;
            return Err(());
        }
    }
    let (joins, ended) = joining::by_socket(&visit, &mut socket, wanted).await;
    let answered = joins
        .iter()
        .any(|join| join.state != NamespaceState::Joining);
    let compressed = match &socket.deflate {
        Some(_) => ", compressed",
        None => "",
    };
    let detail = match (&ended, answered) {
        (Some(said), _) => {
            let detail = format!(
                "the WebSocket opens and is lost at the CONNECT: {}",
                said.told()
            );
            visit.left("transport close", Some(said.told()));
            case.sockets = Some(false);
            return Ok(Check::new(NAME, Verdict::Fail, detail)
                .seen_in(evidence)
                .fixed_by("look at the server's log and at limits of the proxy for WebSockets")
                .into());
        }
        (None, true) => format!(
            "101 in {:.0} ms{compressed}, then packets both ways",
            answer.ms
        ),
        (None, false) => format!(
            "101 in {:.0} ms{compressed}, then the handshake; the CONNECT is unanswered",
            answer.ms
        ),
    };
    case.sockets = Some(true);
    if case.speaks.is_none() {
        case.speaks = Some((visit.version, visit.revision));
    }
    if case.joins.is_empty() || case.kept_works != Some(true) {
        case.joins = joins;
    }
    socket.close().await;
    Ok(Check::ok(NAME, detail).seen_in(evidence).into())
}

/// The 101 came, and no handshake after it.
fn silent(case: &Case<'_>, answer: &Answer, said: &Said) -> Outcome {
    let told = said.told();
    let refused = matches!(said, Said::Cut(why) if why.contains("no WebSocket frame"));
    if refused && case.speaks.is_none() {
        let finding = finding(
            "generation-mismatch",
            "error",
            "The server does not let this client's generation in",
            answer.records(),
            "It completes the upgrade and then writes an HTTP error into the WebSocket: that is \
             how a Node server refuses the protocol version.",
            fix::NEWER_SERVER,
        );
        return Outcome::found(NAME, Verdict::Fail, told, finding);
    }
    Check::new(
        NAME,
        Verdict::Fail,
        format!("101, and then no handshake: {told}"),
    )
    .seen_in(answer.records())
    .fixed_by(
        "look whether the proxy closes upgraded connections, and what the server logs in \
             `io.engine.on(\"connection_error\", console.log)`",
    )
    .into()
}

/// No 101.
fn refused(case: &mut Case<'_>, answer: &Answer) -> Outcome {
    let detail = format!("no 101: {}", answer.told());
    if let Some(finding) = swallowed(answer) {
        return Outcome::found(NAME, Verdict::Fail, detail, finding);
    }
    match refusal(&case.endpoint.path, answer) {
        Refusal::NotOffered => {
            let finding = finding(
                "stuck-on-polling",
                "warn",
                "The server offers no WebSocket",
                answer.records(),
                "It answered “Transport unknown” (code 0): every client stays on polling.",
                "server option: `transports: [\"polling\", \"websocket\"]`",
            );
            let verdict = match case.polls {
                true => Verdict::Warn,
                false => Verdict::Fail,
            };
            Outcome::found(NAME, verdict, detail, finding)
        }
        Refusal::Cause(finding) => Outcome::found(NAME, Verdict::Fail, detail, *finding),
        Refusal::Unknown => Check::new(NAME, Verdict::Fail, detail)
            .seen_in(answer.records())
            .fixed_by("look at the server's log for this request")
            .into(),
    }
}

/// Why there was no 101, where the upgrade's headers arrived.
pub(super) enum Refusal {
    /// Code 0.
    NotOffered,
    /// A cause with a name.
    Cause(Box<Finding>),
    /// Anything else.
    Unknown,
}

/// Reads a refusal.
pub(super) fn refusal(path: &str, answer: &Answer) -> Refusal {
    if answer.error.is_some() {
        return Refusal::Unknown;
    }
    let evidence = answer.records();
    match who(answer.status, &answer.headers, &answer.body) {
        Who::Engine(error) if error.code == Some(0) => Refusal::NotOffered,
        Who::Engine(_) => Refusal::Unknown,
        Who::Redirect(to) => {
            Refusal::Cause(Box::new(redirected(path, answer.status, &to, evidence)))
        }
        Who::Proxy(page) | Who::Other(page) => {
            Refusal::Cause(Box::new(refused_by_proxy(&page, evidence)))
        }
    }
}

/// The server answered a WebSocket request as if it were none: the upgrade's headers got lost.
pub(super) fn swallowed(answer: &Answer) -> Option<Finding> {
    if answer.error.is_some() && answer.status != 101 {
        return None;
    }
    let why = match (
        answer.status,
        who(answer.status, &answer.headers, &answer.body),
    ) {
        (426, _) => "HTTP 426 asks for an upgrade that was in the request.".to_owned(),
        (200, _) => "HTTP 200 is an answer to a plain request.".to_owned(),
        (101, _) if answer.error.is_some() => format!(
            "The 101 is not whole: {}.",
            answer.error.clone().unwrap_or_default()
        ),
        // Node refuses a true upgrade with a text, and a plain request with JSON.
        (400, Who::Engine(error)) if error.code == Some(3) && error.form != Form::Text => {
            "“Bad request” (code 3) as JSON is what the server answers to a plain request with \
             transport=websocket; a true upgrade it refuses in another form."
                .to_owned()
        }
        (400, Who::Engine(error)) if error.message == "Invalid websocket upgrade" => {
            "“Invalid websocket upgrade” says that the request came without its upgrade headers."
                .to_owned()
        }
        _ => return None,
    };
    Some(finding(
        "upgrade-header-swallowed",
        "error",
        "The Upgrade header does not reach the server",
        answer.records(),
        format!(
            "Our request had `Connection: Upgrade` and `Upgrade: websocket`. {why} Something \
             between does not pass them on: clients stay on polling, and those that use \
             WebSocket alone cannot connect."
        ),
        fix::UPGRADE,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> Answer {
        Answer {
            n: 1,
            answer_n: 2,
            status,
            headers: vec![("Content-Type".to_owned(), kind.to_owned())],
            body: bytes::Bytes::copy_from_slice(body.as_bytes()),
            ..Answer::default()
        }
    }

    #[test]
    fn a_swallowed_header_is_told_from_the_servers_own_refusal() {
        let json = "application/json";
        let cases = [
            (
                answer(400, json, r#"{"code":3,"message":"Bad request"}"#),
                true,
            ),
            (
                answer(400, "text/plain", r#""Invalid websocket upgrade""#),
                true,
            ),
            (answer(426, "text/plain", "Upgrade Required"), true),
            (answer(200, "text/html", "<html></html>"), true),
            (answer(400, "text/html", "Bad request"), false),
            (answer(400, "text/html", "Session ID unknown"), false),
            (
                answer(400, json, r#"{"code":0,"message":"Transport unknown"}"#),
                false,
            ),
            (answer(502, "text/html", "<html></html>"), false),
            (answer(404, "text/html", "Cannot GET /socket.io/"), false),
        ];
        for (answer, want) in cases {
            assert_eq!(swallowed(&answer).is_some(), want, "{answer:?}");
        }
    }
}
