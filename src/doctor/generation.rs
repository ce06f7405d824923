//! Which generation the server speaks: Engine.IO 4 is asked first, then 3, unless the person
//! chose one.

use super::case::{Case, finding};
use super::fix;
use super::report::{Check, Outcome, Verdict};
use super::visit::{PATIENCE, Wires};
use super::voice::{self, Hello, Opened};
use crate::client::options::Eio;
use crate::protocol::engine::generation::{Clue, Generation, Implementation};
use crate::protocol::engine::{Revision, Version};

const NAME: &str = "generation";

/// Judges the first handshake, and asks for the other generation.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    let asked = case.asked();
    let fixed = case.probe.options.eio != Eio::Auto;
    match case.hello.clone() {
        Hello::Open(opened) if opened.version == asked => {
            known(case, &opened);
            other(case, asked).await
        }
        Hello::Open(opened) => older(case, *opened, fixed).await,
        Hello::Refused(error) if error.code == Some(5) => refused(case, asked, fixed).await,
        Hello::Refused(error) => {
            let mut check = Check::skipped(
                NAME,
                format!(
                    "no session was opened: HTTP {}, “{}”",
                    case.first.status, error.message
                ),
            );
            check.evidence = case.first.records().to_vec();
            check.into()
        }
        _ => Check::skipped(NAME, "no Socket.IO server answered").into(),
    }
}

/// Takes over what an open session says.
fn known(case: &mut Case<'_>, opened: &Opened) {
    case.speaks = Some((opened.version, opened.revision));
    case.handshake = Some(opened.handshake.clone());
    case.polls = true;
    case.clues.extend(opened.clues.iter().cloned());
}

/// The server speaks what we asked for; are clients of the other generation let in?
async fn other(case: &mut Case<'_>, asked: Version) -> Outcome {
    let name = words(&case.clues, asked);
    let mut evidence = case.first.records().to_vec();
    let told = match asked {
        // A server of generation 2 has no switch for the newer one.
        Version::V3 => String::new(),
        Version::V4 => {
            let mut visit = case.visit(NAME, Wires::Fresh).aside();
            visit.version = Version::V3;
            visit.revision = Revision::default();
            let answer = visit.get("is Engine.IO 3 let in, too?", PATIENCE).await;
            evidence.extend(answer.records());
            match voice::hello(answer.status, &answer.headers, &answer.body, Version::V3) {
                Hello::Open(opened) => {
                    visit.release(&opened).await;
                    "; clients of Socket.IO 2 (Engine.IO 3) are let in, too".to_owned()
                }
                Hello::Refused(error) if error.code == Some(5) => {
                    case.clues
                        .extend(crate::protocol::engine::generation::from_refusal(
                            answer.status,
                            &error,
                        ));
                    let python = case
                        .clues
                        .iter()
                        .any(|clue| clue.implementation == Some(Implementation::Python));
                    let option = match python {
                        true => "",
                        false => " (the server option allowEIO3 lets them in)",
                    };
                    format!("; clients of Socket.IO 2 (Engine.IO 3) are refused{option}")
                }
                _ => format!("; Engine.IO 3 is answered with {}", answer.told()),
            }
        }
    };
    let detail = format!("Engine.IO {}: {name}{told}", asked.digit());
    Check::ok(NAME, detail).seen_in(evidence).into()
}

/// A server of generation 1 or 2 answered a newer client in its own framing.
async fn older(case: &mut Case<'_>, opened: Opened, fixed: bool) -> Outcome {
    let first = case.first.records();
    // It has opened a session for us all the same.
    if let Some(mut visit) = case.visit.take() {
        visit.release(&opened).await;
    }
    let name = words(&opened.clues, Version::V3);
    if fixed {
        let finding = finding(
            "generation-mismatch",
            "error",
            format!("The client speaks Engine.IO 4, the server is {name}"),
            first,
            "The handshake is framed with a length before it, as in Engine.IO 3. A newer client \
             reads the length's first digit as a packet type and gives up with `server error`, \
             or waits until its timeout.",
            fix::OLDER_SERVER,
        );
        let detail = format!("asked for Engine.IO 4, answered in Engine.IO 3: {name}");
        case.mismatch = true;
        return Outcome::found(NAME, Verdict::Fail, detail, finding);
    }
    case.speaks = Some((opened.version, opened.revision));
    let mut visit = case.look(NAME);
    let (answer, hello) = visit.open("the handshake with Engine.IO 3").await;
    case.notice(&answer);
    let evidence: Vec<u64> = first.into_iter().chain(answer.records()).collect();
    case.first = answer;
    case.hello.clone_from(&hello);
    let Hello::Open(again) = hello else {
        return Check::new(
            NAME,
            Verdict::Fail,
            format!("{name}, and then: {}", case.first.told()),
        )
        .seen_in(evidence)
        .into();
    };
    known(case, &again);
    case.visit = Some(visit);
    let name = words(&case.clues, Version::V3);
    let detail = format!(
        "Engine.IO 3: {name}; clients of Socket.IO 3 and 4 (Engine.IO 4) do not understand it"
    );
    Check::ok(NAME, detail).seen_in(evidence).into()
}

/// Code 5.
async fn refused(case: &mut Case<'_>, asked: Version, fixed: bool) -> Outcome {
    let first = case.first.records();
    case.visit = None;
    if fixed || asked == Version::V3 {
        let finding = finding(
            "generation-mismatch",
            "error",
            "The server does not let this client's generation in (code 5)",
            first,
            format!(
                "It was asked for Engine.IO {} and answered “Unsupported protocol version”: it \
                 speaks another generation and has not been told to let this one in.",
                asked.digit()
            ),
            fix::NEWER_SERVER,
        );
        let detail = format!("Engine.IO {} is refused with code 5", asked.digit());
        case.mismatch = true;
        return Outcome::found(NAME, Verdict::Fail, detail, finding);
    }
    case.speaks = Some((Version::V3, Revision::default()));
    let mut visit = case.look(NAME);
    let (answer, hello) = visit.open("the handshake with Engine.IO 3").await;
    case.notice(&answer);
    let evidence: Vec<u64> = first.into_iter().chain(answer.records()).collect();
    case.first = answer;
    case.hello.clone_from(&hello);
    match hello {
        Hello::Open(opened) => {
            known(case, &opened);
            case.visit = Some(visit);
            let detail = format!("Engine.IO 3 only: {}", words(&case.clues, Version::V3));
            Check::ok(NAME, detail).seen_in(evidence).into()
        }
        _ => {
            case.mismatch = true;
            let finding = finding(
                "generation-mismatch",
                "error",
                "The server refuses Engine.IO 4 and Engine.IO 3",
                evidence,
                "Both were answered with an error about the protocol version.",
                "look whether a proxy removes or changes the query parameter `EIO`",
            );
            let detail = format!("neither Engine.IO 4 nor 3: {}", case.first.told());
            Outcome::found(NAME, Verdict::Fail, detail, finding)
        }
    }
}

/// Generation and implementation in words, with what betrays them.
pub(super) fn words(clues: &[Clue], version: Version) -> String {
    // A later clue is the more exact one where generations are ordered.
    let generation = match version {
        Version::V4 => clues.iter().filter_map(|clue| clue.generation).max(),
        Version::V3 => clues.iter().filter_map(|clue| clue.generation).min(),
    };
    let mut name = match (generation, version) {
        (Some(generation), _) => generation.name(),
        (None, Version::V4) => Generation::ThreeOrNewer.name(),
        (None, Version::V3) => Generation::OneOrTwo.name(),
    }
    .to_owned();
    let made = clues
        .iter()
        .filter_map(|clue| clue.implementation)
        .next_back();
    match made {
        Some(Implementation::Node) => name.push_str(", the official server on Node"),
        Some(Implementation::Python) => name.push_str(", python-socketio"),
        Some(Implementation::Socketioxide) => name.push_str(", socketioxide"),
        Some(Implementation::Proxy) | None => {}
    }
    let why = clues
        .iter()
        .rfind(|clue| clue.generation == generation && generation.is_some())
        .map(|clue| clue.evidence);
    if let Some(why) = why {
        name.push_str(&format!(" ({why})"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::engine::{Handshake, generation};

    fn clues(open: &str) -> Vec<Clue> {
        generation::from_handshake(&Handshake::parse(open).unwrap().value)
    }

    #[test]
    fn the_server_is_named_with_what_betrays_it() {
        let node =
            clues(r#"{"sid":"a","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":9}"#);
        assert_eq!(
            words(&node, Version::V4),
            "Socket.IO 4.5 or newer (the handshake has maxPayload)"
        );
        let python = clues(r#"{"sid":"a","upgrades":[],"pingTimeout":1,"pingInterval":1}"#);
        assert_eq!(
            words(&python, Version::V4),
            "Socket.IO 3.x or 4.x, python-socketio"
        );
        assert_eq!(words(&[], Version::V3), "Socket.IO 1.x or 2.x");
    }
}
