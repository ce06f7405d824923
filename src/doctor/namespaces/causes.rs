//! Why a namespace did not let us in, and the line to change: in the words of the server's own
//! library.

use super::super::case::finding;
use super::super::joining::Join;
use crate::journal::record::{Finding, NamespaceState};

/// What a namespace's end is called, by the rules as well.
pub(super) const RULES: [&str; 4] = [MEANT, UNKNOWN, REFUSED, UNANSWERED];
pub(super) const MEANT: &str = "path-meant-as-namespace";
pub(super) const UNKNOWN: &str = "unknown-namespace";
pub(super) const REFUSED: &str = "namespace-refused";
const UNANSWERED: &str = "connect-unanswered";

/// Whose words and options to use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Server {
    /// Generation 1 or 2.
    pub(super) old: bool,
    /// python-socketio.
    pub(super) python: bool,
}

/// The finding for a namespace that is not joined.
pub(super) fn cause(join: &Join, server: Server) -> Finding {
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
}
