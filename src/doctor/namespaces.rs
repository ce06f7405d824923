//! Whether the namespaces that were asked for let us in.

use super::case::{Case, finding};
use super::joining::{self, Join, Wanted};
use super::report::{Check, Outcome, Verdict};
use super::visit::Wires;
use super::voice::Hello;
use crate::journal::record::{Finding, NamespaceState, TransportName};
use crate::protocol::engine::Version;
use crate::protocol::engine::generation::Implementation;

const NAME: &str = "namespaces";
/// Namespaces that are asked once more, each in a session of its own.
const ALONE: usize = 8;

/// What a namespace's end is called, by the rules as well.
pub(super) const RULES: [&str; 4] = [MEANT, UNKNOWN, REFUSED, UNANSWERED];
const MEANT: &str = "path-meant-as-namespace";
const UNKNOWN: &str = "unknown-namespace";
const REFUSED: &str = "namespace-refused";
const UNANSWERED: &str = "connect-unanswered";

/// Whose words and options to use.
#[derive(Debug, Clone, Copy, Default)]
struct Server {
    /// Generation 1 or 2.
    old: bool,
    /// python-socketio.
    python: bool,
}

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

fn cause(join: &Join, server: Server) -> Finding {
    match join.state {
        NamespaceState::Refused if is_unknown(&join.message) => unknown(join, server),
        NamespaceState::Refused => refused(join, server),
        NamespaceState::Disconnected => disconnected(join, server),
        _ => unanswered(join, server),
    }
}

/// What servers say of a name that they do not know: Node and socketioxide, python-socketio.
fn is_unknown(message: &str) -> bool {
    message.contains("Invalid namespace") || message == "Unable to connect"
}

fn unknown(join: &Join, server: Server) -> Finding {
    let nsp = &join.nsp;
    let made = match server.python {
        true => format!("`@sio.on(\"connect\", namespace=\"{nsp}\")`"),
        false => format!("`io.of(\"{nsp}\").on(\"connection\", …)`"),
    };
    finding(
        UNKNOWN,
        "error",
        format!("The server has no namespace {nsp}"),
        join.evidence.iter().copied(),
        format!(
            "It answered “{}”: no code of it speaks of this name. The path of a client's URL \
             names the namespace, not the HTTP path.",
            join.message
        ),
        format!(
            "server: {made}; or, where the path was meant as place of the server, client option \
             `io(ORIGIN, {{ path: \"{nsp}/socket.io\" }})`, here --path {}/socket.io -n /",
            nsp.trim_end_matches('/')
        ),
    )
}

fn refused(join: &Join, server: Server) -> Finding {
    let nsp = &join.nsp;
    let by = match server.python {
        true => "The namespace's connect handler returned False or raised ConnectionRefusedError.",
        false => "A middleware of the namespace called next with an error.",
    };
    let auth = match (join.with_auth, server.old) {
        (true, _) => "An auth payload was sent, and it does not accept it.",
        (false, false) => "No auth payload was sent.",
        (false, true) => "Generation 2 carries no auth payload; it looks at query and headers.",
    };
    let code = match server.python {
        true => format!("`@sio.on(\"connect\", namespace=\"{nsp}\")`"),
        false => format!("`io.of(\"{nsp}\").use(…)`"),
    };
    let client = match server.old {
        false => format!(
            "client option: `io(\"{nsp}\", {{ auth: {{ token: \"…\" }} }})`, here -n \
             '{nsp}={{\"token\":\"…\"}}'"
        ),
        true => format!(
            "client: `io(\"{nsp}?token=…\")` or extraHeaders, here -n '{nsp}?token=…' or --header"
        ),
    };
    finding(
        REFUSED,
        "error",
        format!("The namespace {nsp} refuses us: “{}”", join.message),
        join.evidence.iter().copied(),
        format!("{by} {auth}"),
        format!("{client}; server: look into {code}"),
    )
}

fn disconnected(join: &Join, server: Server) -> Finding {
    let nsp = &join.nsp;
    finding(
        REFUSED,
        "error",
        format!("The server lets us into {nsp} and disconnects at once"),
        join.evidence.iter().copied(),
        "DISCONNECT came right after the CONNECT was answered: the connection handler ends it. A \
         client does not reconnect by itself after that.",
        match server.python {
            true => format!(
                "server: look for `sio.disconnect(…)` in `@sio.on(\"connect\", \
                 namespace=\"{nsp}\")`; a refusal is `raise ConnectionRefusedError(\"…\")`, which \
                 tells the client why"
            ),
            false => format!(
                "server: look for `socket.disconnect()` in \
                 `io.of(\"{nsp}\").on(\"connection\", …)`; a refusal belongs into a middleware, \
                 `next(new Error(\"…\"))`, which tells the client why"
            ),
        },
    )
}

fn unanswered(join: &Join, server: Server) -> Finding {
    let nsp = &join.nsp;
    let (why, fix) = match server.python {
        true => (
            "Nothing came within 5 s, neither a yes nor a no: the connect handler of the \
             namespace does not return, it waits for something that does not answer. Until it \
             does python-socketio takes up nothing else of this client, and its post hangs, too."
                .to_owned(),
            format!(
                "server: `@sio.on(\"connect\", namespace=\"{nsp}\")` must return (or raise \
                 ConnectionRefusedError) on every path; put a limit to what it waits for, `await \
                 asyncio.wait_for(…, 5)`"
            ),
        ),
        false => (
            format!(
                "Nothing came within 5 s, neither a yes nor a no: a middleware never calls \
                 next(), or it waits for something that does not answer.{}",
                match server.old {
                    true => "",
                    false =>
                        " The official server ends the session after its connectTimeout (45 s \
                         unless it is told otherwise) without a word.",
                }
            ),
            format!(
                "server: every path through `io.of(\"{nsp}\").use((socket, next) => …)` must call \
                 next(), also after a failed database call"
            ),
        ),
    };
    finding(
        UNANSWERED,
        "error",
        format!("The CONNECT to {nsp} is not answered"),
        join.evidence.iter().copied(),
        why,
        fix,
    )
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
    use super::*;

    fn join(state: NamespaceState, message: &str) -> Join {
        Join {
            nsp: "/admin".to_owned(),
            with_auth: false,
            state,
            message: message.to_owned(),
            evidence: vec![4, 5],
        }
    }

    #[test]
    fn each_end_has_its_cause_and_its_line() {
        let cases = [
            (
                NamespaceState::Refused,
                "Invalid namespace",
                "unknown-namespace",
                "io.of(\"/admin\").on",
            ),
            (
                NamespaceState::Refused,
                "no token",
                "namespace-refused",
                "auth: { token",
            ),
            (
                NamespaceState::Disconnected,
                "",
                "namespace-refused",
                "socket.disconnect()",
            ),
            (NamespaceState::Joining, "", "connect-unanswered", "next()"),
        ];
        for (state, message, rule, line) in cases {
            let finding = cause(&join(state, message), Server::default());
            assert_eq!(finding.rule, rule);
            assert!(finding.fix.contains(line), "{}", finding.fix);
            assert_eq!(finding.evidence, [4, 5]);
        }
        let old = Server {
            old: true,
            python: false,
        };
        let old = cause(&join(NamespaceState::Refused, "no"), old);
        assert!(
            old.fix.contains("?token=") && !old.fix.contains("auth:"),
            "{}",
            old.fix
        );
    }

    #[test]
    fn python_is_told_of_its_own_handlers_and_of_nothing_that_is_nodes() {
        let python = Server {
            old: false,
            python: true,
        };
        for (state, message, rule) in [
            (NamespaceState::Refused, "Unable to connect", UNKNOWN),
            (NamespaceState::Refused, "closed", REFUSED),
            (NamespaceState::Disconnected, "", REFUSED),
            (NamespaceState::Joining, "", UNANSWERED),
        ] {
            let finding = cause(&join(state, message), python);
            assert_eq!(finding.rule, rule);
            assert!(
                finding
                    .fix
                    .contains("@sio.on(\"connect\", namespace=\"/admin\")"),
                "{}",
                finding.fix
            );
            let words = format!("{} {}", finding.why, finding.fix);
            for node in ["next(", "io.of(", "connectTimeout", "middleware"] {
                assert!(!words.contains(node), "{words}");
            }
        }
    }

    #[test]
    fn a_cause_that_a_rule_tells_too_is_told_once() {
        let said = |rule: &str, title: &str| finding(rule, "error", title, [9], "", "the rule's");
        let server = Server::default();
        let mut outcomes = vec![Outcome::found_each(
            Check::new(NAME, Verdict::Fail, "both"),
            vec![
                cause(&join(NamespaceState::Refused, "no"), server),
                cause(&join(NamespaceState::Refused, "Invalid namespace"), server),
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
