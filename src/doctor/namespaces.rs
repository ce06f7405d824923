//! Whether the namespaces that were asked for let us in.

use super::case::{Case, finding};
use super::joining::Join;
use super::report::{Check, Outcome, Verdict};
use crate::journal::record::{Finding, NamespaceState};
use crate::protocol::engine::Version;

const NAME: &str = "namespaces";

/// Judges what polling (or else WebSocket) found.
pub(super) fn check(case: &Case<'_>) -> Outcome {
    if case.joins.is_empty() {
        return Check::skipped(NAME, "no session got as far as a CONNECT").into();
    }
    let old = case.tongue().0 == Version::V3;
    let told: Vec<String> = case.joins.iter().map(|join| told(join, old)).collect();
    let detail = told.join("; ");
    let worst = case
        .joins
        .iter()
        .find(|join| join.state == NamespaceState::Refused)
        .or_else(|| {
            case.joins
                .iter()
                .find(|join| join.state != NamespaceState::Connected)
        });
    let Some(worst) = worst else {
        return Check::ok(NAME, detail)
            .seen_in(case.joins.iter().flat_map(|join| join.evidence.clone()))
            .into();
    };
    let finding = cause(worst, old);
    Outcome::found(NAME, Verdict::Fail, detail, finding)
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

fn cause(join: &Join, old: bool) -> Finding {
    let nsp = &join.nsp;
    let evidence = join.evidence.iter().copied();
    match join.state {
        NamespaceState::Refused if join.message.contains("Invalid namespace") => finding(
            "namespace-refused",
            "error",
            format!("The server has no namespace {nsp}"),
            evidence,
            "It answered “Invalid namespace”: no code of it speaks of this name. The path of a \
             client's URL names the namespace, not the HTTP path.",
            format!(
                "server: `io.of(\"{nsp}\").on(\"connection\", …)`; or, where the path was meant \
                 as place of the server, client option `io(ORIGIN, {{ path: \
                 \"{nsp}/socket.io\" }})`, here --path {}/socket.io -n /",
                nsp.trim_end_matches('/')
            ),
        ),
        NamespaceState::Refused => finding(
            "namespace-refused",
            "error",
            format!("The namespace {nsp} refuses us: “{}”", join.message),
            evidence,
            format!(
                "A middleware of the namespace called next with an error. {}",
                match (join.with_auth, old) {
                    (true, _) => "An auth payload was sent, and it does not accept it.",
                    (false, false) => "No auth payload was sent.",
                    (false, true) =>
                        "Generation 2 carries no auth payload; it looks at query and headers.",
                }
            ),
            match old {
                false => format!(
                    "client option: `io(\"{nsp}\", {{ auth: {{ token: \"…\" }} }})`, here \
                     -n '{nsp}={{\"token\":\"…\"}}'; server: look into `io.of(\"{nsp}\").use(…)`"
                ),
                true => format!(
                    "client: `io(\"{nsp}?token=…\")` or extraHeaders, here -n '{nsp}?token=…' or \
                     --header; server: look into `io.of(\"{nsp}\").use(…)`"
                ),
            },
        ),
        NamespaceState::Disconnected => finding(
            "namespace-refused",
            "error",
            format!("The server lets us into {nsp} and disconnects at once"),
            evidence,
            "DISCONNECT came right after the CONNECT was answered: the connection handler ends \
             it. A client does not reconnect by itself after that.",
            format!(
                "server: look for `socket.disconnect()` in \
                 `io.of(\"{nsp}\").on(\"connection\", …)`; a refusal belongs into a middleware, \
                 `next(new Error(\"…\"))`, which tells the client why"
            ),
        ),
        _ => finding(
            "connect-unanswered",
            "error",
            format!("The CONNECT to {nsp} is not answered"),
            evidence,
            "Nothing came within 5 s, neither a yes nor a no: a middleware never calls next(), \
             or it waits for something that does not answer. The server ends the session after \
             its connectTimeout (45 s) without a word.",
            format!(
                "server: every path through `io.of(\"{nsp}\").use((socket, next) => …)` must \
                 call next(), also after a failed database call"
            ),
        ),
    }
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
                "namespace-refused",
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
            let finding = cause(&join(state, message), false);
            assert_eq!(finding.rule, rule);
            assert!(finding.fix.contains(line), "{}", finding.fix);
            assert_eq!(finding.evidence, [4, 5]);
        }
        let old = cause(&join(NamespaceState::Refused, "no"), true);
        assert!(
            old.fix.contains("?token=") && !old.fix.contains("auth:"),
            "{}",
            old.fix
        );
    }
}
