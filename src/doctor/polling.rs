//! HTTP long-polling as a client uses it: handshake, post, poll, all over kept connections.
//! The namespaces are joined on the way.

use super::case::{Case, finding, is_unknown_session};
use super::joining::{self, Polled};
use super::path::{redirected, refused_by_proxy};
use super::probe::Answer;
use super::report::{Check, Outcome, Verdict};
use super::voice::{Hello, Who, who};
use crate::journal::record::{Finding, TransportName};
use crate::model::decode::Kind;
use crate::protocol::engine::generation;

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
    let outcome = judged(case, &polled);
    let works = outcome.check.verdict == Verdict::Ok;
    case.kept_works = Some(works);
    if works {
        case.joins = polled.joins;
    }
    // What a failed post or poll left of the session is not known.
    if !polled.closed && works {
        case.visit = Some(visit);
    } else if !polled.closed {
        visit.close("end the session").await;
    }
    outcome
}

fn judged(case: &mut Case<'_>, polled: &Polled) -> Outcome {
    let mut evidence = case.first.records().to_vec();
    evidence.extend(polled.post.records());
    for poll in &polled.polls {
        evidence.extend(poll.records());
    }
    for (answer, what) in std::iter::once((&polled.post, "the post"))
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
    let ok = String::from_utf8_lossy(&polled.post.body).into_owned();
    let detail = format!(
        "handshake ({} bytes), post (“{}”) and {} ({bytes} bytes): all whole",
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
