//! Whether the namespaces that were asked for let us in.

use super::case::Case;
use super::joining::{self, Join, Wanted};
use super::report::{Check, Outcome, Verdict};
use super::visit::Wires;
use super::voice::Hello;
use crate::journal::record::{Finding, NamespaceState, TransportName};
use crate::protocol::engine::Version;
use crate::protocol::engine::generation::Implementation;
use causes::{MEANT, RULES, Server, UNKNOWN, cause};

mod causes;

const NAME: &str = "namespaces";
/// Namespaces that are asked once more, each in a session of its own.
const ALONE: usize = 8;

/// Judges what polling (or else WebSocket) found.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    alone(case).await;
    if case.joins.is_empty() {
        return Check::skipped(NAME, "no session got as far as a CONNECT").into();
    }
    let implementation = case
        .clues
        .iter()
        .filter_map(|clue| clue.implementation)
        .next_back();
    let server = Server {
        old: case.tongue().0 == Version::V3,
        python: implementation == Some(Implementation::Python),
    };
    let told: Vec<String> = case
        .joins
        .iter()
        .map(|join| told(join, server.old))
        .collect();
    let detail = told.join("; ");
    let each: Vec<Finding> = case
        .joins
        .iter()
        .filter(|join| join.state != NamespaceState::Connected)
        .map(|join| cause(join, server))
        .collect();
    if each.is_empty() {
        return Check::ok(NAME, detail)
            .seen_in(case.joins.iter().flat_map(|join| join.evidence.clone()))
            .into();
    }
    Outcome::found_each(Check::new(NAME, Verdict::Fail, detail), each)
}

/// One that does not answer may keep those behind it waiting, as in python-socketio, which takes
/// up one packet of a session after the other: asks these again, each for itself.
async fn alone(case: &mut Case<'_>) {
    let waiting: Vec<String> = case
        .joins
        .iter()
        .filter(|join| join.state == NamespaceState::Joining)
        .map(|join| join.nsp.clone())
        .skip(1)
        .take(ALONE)
        .collect();
    if waiting.is_empty() {
        return;
    }
    let (wanted, _) = joining::wanted(case.probe).await;
    for one in wanted.iter().filter(|one| waiting.contains(&one.nsp)) {
        let polls = case.kept_works == Some(true) && case.wants(TransportName::Polling);
        let found = match polls {
            true => by_polling(case, one).await,
            false => by_socket(case, one).await,
        };
        let place = case.joins.iter_mut().find(|join| join.nsp == one.nsp);
        if let (Some(found), Some(place)) = (found, place) {
            *place = found;
        }
    }
}

async fn by_polling(case: &Case<'_>, one: &Wanted) -> Option<Join> {
    let mut visit = case.visit(NAME, Wires::Kept);
    let (answer, hello) = visit
        .open(&format!("a session for {} alone", one.nsp))
        .await;
    if !matches!(hello, Hello::Open(_)) {
        return None;
    }
    let early = visit.packets(&answer);
    let mut polled = joining::by_polling(&visit, std::slice::from_ref(one), &early).await;
    match (polled.closed, polled.over) {
        (true, _) => {}
        (_, true) => visit.left("transport close", None),
        _ => {
            visit.close("end the session").await;
        }
    }
    polled.joins.pop()
}

async fn by_socket(case: &Case<'_>, one: &Wanted) -> Option<Join> {
    let visit = case.visit(NAME, Wires::Fresh);
    let what = format!("a WebSocket for {} alone", one.nsp);
    let (_, mut socket) = visit.socket(&what).await.ok()?;
    visit.opened_by_socket();
    let (mut joins, ended) =
        joining::by_socket(&visit, &mut socket, std::slice::from_ref(one)).await;
    match ended {
        Some(said) => visit.left("transport close", Some(said.told())),
        None => socket.close().await,
    }
    joins.pop()
}

fn told(join: &Join, old: bool) -> String {
    let nsp = &join.nsp;
    match join.state {
        NamespaceState::Connected if old && nsp == "/" => {
            format!("{nsp} joined (generation 2 does so by itself)")
        }
        NamespaceState::Connected => format!("{nsp} joined"),
        NamespaceState::Refused => format!("{nsp} refused: “{}”", join.message),
        NamespaceState::Disconnected => format!("{nsp} joined and disconnected at once"),
        NamespaceState::Joining => format!("{nsp} unanswered"),
    }
}

/// What the rules say beside what was found here: a namespace's cause is told once, and where
/// its name came from the URL's path in the words of the rule that knows of such paths. Where the
/// server is found at that path, the path check has told all there is to tell.
pub(super) fn settle(outcomes: &mut [Outcome], said: Vec<Finding>) -> Vec<Finding> {
    let wrong_path = outcomes
        .iter()
        .filter_map(|outcome| outcome.finding.as_ref())
        .find(|finding| finding.rule == "wrong-path")
        .cloned();
    let Some(own) = outcomes.iter_mut().find(|outcome| !outcome.each.is_empty()) else {
        return said;
    };
    let (about, others): (Vec<Finding>, Vec<Finding>) = said
        .into_iter()
        .partition(|finding| RULES.contains(&finding.rule.as_str()));
    let mut each = std::mem::take(&mut own.each);
    for mut meant in about.into_iter().filter(|finding| finding.rule == MEANT) {
        // The rule's title begins with the name, ours ends with it.
        let nsp = meant.title.split(' ').next().unwrap_or_default().to_owned();
        let ours = |found: &Finding| {
            found.rule == UNKNOWN && found.title.rsplit(' ').next() == Some(nsp.as_str())
        };
        let Some(at) = each.iter().position(ours) else {
            continue;
        };
        let found = each.remove(at);
        let place = format!("{nsp}/socket.io");
        if wrong_path
            .as_ref()
            .is_some_and(|wrong| wrong.fix.contains(&place))
        {
            continue;
        }
        meant.evidence.extend(found.evidence);
        meant.evidence.sort_unstable();
        meant.evidence.dedup();
        each.insert(at, meant);
    }
    match (each.is_empty(), &wrong_path) {
        (true, Some(wrong)) => own.check = own.check.clone().because(wrong),
        _ => *own = Outcome::found_each(own.check.clone(), each),
    }
    others
}

#[cfg(test)]
mod tests {
    use super::causes::REFUSED;
    use super::*;
    use crate::doctor::case::finding;

    fn join(message: &str) -> Join {
        Join {
            nsp: "/admin".to_owned(),
            with_auth: false,
            state: NamespaceState::Refused,
            message: message.to_owned(),
            evidence: vec![4, 5],
        }
    }

    #[test]
    fn a_cause_that_a_rule_tells_too_is_told_once() {
        let said = |rule: &str, title: &str| finding(rule, "error", title, [9], "", "the rule's");
        let server = Server::default();
        let mut outcomes = vec![Outcome::found_each(
            Check::new(NAME, Verdict::Fail, "both"),
            vec![
                cause(&join("no"), server),
                cause(&join("Invalid namespace"), server),
            ],
        )];
        let left = settle(
            &mut outcomes,
            vec![
                said(REFUSED, "namespace /admin refused: \"no\""),
                said(MEANT, "/admin of the URL was taken as the namespace"),
                said("close-code", "x"),
            ],
        );
        let rules = |list: &[Finding]| -> Vec<String> {
            list.iter().map(|finding| finding.rule.clone()).collect()
        };
        assert_eq!(rules(&left), ["close-code"]);
        assert_eq!(rules(&outcomes[0].each), [REFUSED, MEANT]);
        assert_eq!(outcomes[0].each[1].evidence, [4, 5, 9]);
        let fix = outcomes[0].check.fix.clone().unwrap();
        assert!(fix.contains("token") && fix.contains("the rule's"), "{fix}");
    }
}
