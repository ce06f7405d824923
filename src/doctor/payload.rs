//! How large a post may be: what the server announces, and whether a proxy cuts below it.
//!
//! What is posted is a pong (in generation 2 a ping) with padding behind it: servers read the
//! packet's type and drop the rest. Sizes grow, never pass what the server announces, and the
//! first refusal ends it.

use super::case::{Case, finding, is_unknown_session};
use super::fix;
use super::probe::Answer;
use super::report::{Check, Outcome, Verdict};
use super::visit::{PATIENCE, Visit, Wires};
use super::voice::{Hello, Page, Who, who};
use crate::protocol::engine::{Packet, PacketKind, Version};

const NAME: &str = "max-payload";
/// The most that is ever posted: a little above what nginx takes unless it is told otherwise.
const MOST: u64 = 1_100_000;
/// What is posted where the server announces nothing.
const UNANNOUNCED: u64 = 64 * 1024;
/// Room below the announced size for the framing.
const MARGIN: u64 = 64;
/// nginx's client_max_body_size, unless it is told otherwise.
const NGINX: u64 = 1024 * 1024;
/// A limit up to here hurts everybody; above it, only those who send a lot.
const SMALL: u64 = 64 * 1024;

/// Posts bodies of growing size.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    let announced = case.handshake.as_ref().and_then(|open| open.max_payload);
    let told = announced.map_or("the server announces no limit".to_owned(), |bytes| {
        format!("the server takes posts of up to {} bytes", grouped(bytes))
    });
    if case.handshake.is_none() || case.mismatch {
        return Check::skipped(NAME, "no session was opened").into();
    }
    if !case.polls || case.kept_works == Some(false) {
        return Check::skipped(NAME, format!("{told}; there is no polling to test it with")).into();
    }
    let visit = match case.visit.take() {
        Some(mut visit) => {
            visit.check = NAME;
            visit
        }
        None => {
            let mut visit = case.visit(NAME, Wires::Kept);
            let (answer, hello) = visit.open("a session to post over").await;
            if !matches!(hello, Hello::Open(_)) {
                return Check::skipped(NAME, format!("{told}; no session: {}", answer.told()))
                    .into();
            }
            visit
        }
    };
    let mut evidence = Vec::new();
    let mut good = 0;
    for size in sizes(announced) {
        let answer = post(&visit, size).await;
        evidence.extend(answer.records());
        if answer.error.is_none() && answer.status == 200 {
            good = size;
            continue;
        }
        let outcome = judged(&told, announced, good, size, &answer, evidence.clone());
        case.visit = Some(visit);
        return outcome;
    }
    case.visit = Some(visit);
    let mut detail = format!("{told}; one of {} bytes went through", grouped(good));
    if announced.is_some_and(|bytes| bytes > NGINX && good < NGINX) {
        detail.push_str("; nginx takes 1 MiB unless client_max_body_size says more");
    }
    Check::ok(NAME, detail).seen_in(evidence).into()
}

async fn post(visit: &Visit<'_>, size: u64) -> Answer {
    let kind = match visit.version {
        Version::V4 => PacketKind::Pong,
        Version::V3 => PacketKind::Ping,
    };
    let padding = usize::try_from(size.saturating_sub(1)).unwrap_or(0);
    let packet = Packet::text(kind, "x".repeat(padding));
    let what = format!("a post of {} bytes", grouped(size));
    visit.post(&what, &[packet], PATIENCE).await
}

/// The sizes to post, growing.
fn sizes(announced: Option<u64>) -> Vec<u64> {
    let top = announced.map_or(UNANNOUNCED, |bytes| bytes.saturating_sub(MARGIN).min(MOST));
    let mut list: Vec<u64> = [2_048, SMALL, top]
        .into_iter()
        .filter(|size| *size <= top && *size > 0)
        .collect();
    list.dedup();
    list
}

fn judged(
    told: &str,
    announced: Option<u64>,
    good: u64,
    size: u64,
    answer: &Answer,
    evidence: Vec<u64>,
) -> Outcome {
    if is_unknown_session(answer) {
        let detail = format!("{told}; not tested: the session had ended meanwhile");
        return Check::skipped(NAME, detail).seen_in(evidence).into();
    }
    if answer.late {
        let detail = format!(
            "{told}; a post of {} bytes was not answered in time, so the line is slow or \
             something holds it",
            grouped(size)
        );
        return Check::new(NAME, Verdict::Warn, detail)
            .seen_in(evidence)
            .into();
    }
    let by = match who(answer.status, &answer.headers, &answer.body) {
        Who::Proxy(Page { by, .. }) | Who::Other(Page { by, .. }) => by,
        Who::Engine(_) | Who::Redirect(_) => "the server itself".to_owned(),
    };
    let between = match good {
        0 => format!("less than {} bytes", grouped(size)),
        good => format!("between {} and {} bytes", grouped(good), grouped(size)),
    };
    let detail = format!(
        "{told}; one of {} bytes is refused: {}",
        grouped(size),
        answer.told()
    );
    let broken = answer.error.is_some() && size > SMALL;
    if answer.status != 413 && !broken {
        return Check::new(NAME, Verdict::Warn, detail)
            .seen_in(evidence)
            .into();
    }
    let (verdict, severity) = match size <= SMALL {
        true => (Verdict::Fail, "error"),
        false => (Verdict::Warn, "warn"),
    };
    let than = announced.map_or(String::new(), |bytes| {
        format!(
            ", although the server announces maxPayload {}",
            grouped(bytes)
        )
    });
    let finding = finding(
        "payload-too-large",
        severity,
        format!("Posts are cut at {between}, by {by}"),
        evidence,
        format!(
            "{}{than}. A client packs what it has to say into posts up to maxPayload; larger \
             ones end in `transport error` (xhr post error, 413).",
            answer.told()
        ),
        fix::BODY,
    );
    Outcome::found(NAME, verdict, detail, finding)
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_posted_never_passes_what_is_announced() {
        assert_eq!(sizes(Some(1_000_000)), [2_048, 65_536, 999_936]);
        assert_eq!(sizes(Some(100_000_000)), [2_048, 65_536, 1_100_000]);
        assert_eq!(sizes(Some(1_000)), [936]);
        assert_eq!(sizes(Some(10)), [] as [u64; 0]);
        assert_eq!(sizes(None), [2_048, 65_536]);
    }

    #[test]
    fn a_proxys_413_is_a_finding_and_a_dead_session_is_none() {
        let refused = Answer {
            status: 413,
            body: bytes::Bytes::from_static(b"<html><center>nginx/1.22.1</center></html>"),
            ..Answer::default()
        };
        let outcome = judged("x", Some(1_000_000), 0, 2_048, &refused, vec![1]);
        assert_eq!(outcome.check.verdict, Verdict::Fail);
        let finding = outcome.finding.unwrap();
        assert_eq!(finding.rule, "payload-too-large");
        assert!(
            finding.title.contains("less than 2,048 bytes, by nginx"),
            "{}",
            finding.title
        );
        assert!(finding.fix.contains("client_max_body_size"));
        let dead = Answer {
            status: 400,
            body: bytes::Bytes::from_static(br#"{"code":1,"message":"Session ID unknown"}"#),
            ..Answer::default()
        };
        let outcome = judged("x", None, 2_048, 65_536, &dead, vec![1]);
        assert_eq!(outcome.check.verdict, Verdict::Skipped);
        assert_eq!(outcome.finding, None);
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(100_000_000), "100,000,000");
    }
}
