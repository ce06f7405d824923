//! The server has no such namespace.
//!
//! Node (every generation) and socketioxide answer `Invalid namespace`; python-socketio a bare
//! `"Unable to connect"`, which it also says to a second CONNECT of a namespace that is joined.

use super::namespace_refused::refused;
use super::{Entry, Rule, path_meant_as_namespace};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Join;
use crate::diagnosis::tally::{Tallies, Tally};

pub(super) const ENTRY: Entry = Entry {
    name: "unknown-namespace",
    about: "the server has no such namespace (a path in the URL is one)",
    on: Moments::PACKET,
    gives_way_to: &[],
    make: || Box::new(UnknownNamespace::default()),
};

#[derive(Default)]
struct UnknownNamespace {
    cases: Tallies,
}

impl Rule for UnknownNamespace {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(join) = refused(moment, scene) else {
            return;
        };
        // What is an unknown path rather than a namespace is said in that rule's words.
        if !is_unknown(join, scene) || path_meant_as_namespace::is_meant(&join.nsp, scene) {
            return;
        }
        if let Some(tally) = self.cases.add(&join.nsp, Some(join.c), join.evidence()) {
            speech.say(conclusion(join, tally, scene));
        }
    }
}

/// Whether a namespace was refused because the server has none of that name.
pub(super) fn is_unknown(join: &Join, scene: &Scene<'_>) -> bool {
    // Whoever is in already, or was, asks for a namespace that is there.
    let exists = scene
        .story
        .joins()
        .any(|other| other.nsp == join.nsp && other.welcomed());
    join.is_unknown_namespace() && !exists
}

fn conclusion(join: &Join, tally: &Tally, scene: &Scene<'_>) -> Conclusion {
    let nsp = &join.nsp;
    let message = join.message();
    let python = message == "Unable to connect";
    let server = if python {
        "python-socketio, which says so of a namespace without a handler,"
    } else {
        "a Socket.IO server, which says so of a namespace that nobody made,"
    };
    let mut others: Vec<&str> = scene
        .story
        .joins()
        .filter(|other| other.welcomed())
        .map(|other| other.nsp.as_str())
        .collect();
    others.sort_unstable();
    others.dedup();
    others.truncate(8);
    let there = if others.is_empty() {
        String::new()
    } else {
        format!(
            " It let clients into {} in this session.",
            others.join(", ")
        )
    };
    let fix = if python {
        format!(
            "Server: give it a handler, `@sio.on(\"connect\", namespace=\"{nsp}\")` or \
             `sio.register_namespace(Ns(\"{nsp}\"))`, or allow it with `socketio.Server(namespaces=\
             [\"/\", \"{nsp}\"])` (`\"*\"` for all). "
        )
    } else {
        format!(
            "Server: make it, `io.of(\"{nsp}\").on(\"connection\", …)`, before clients come (or \
             `io.of(/^\\/…$/)` for a family of names). "
        )
    };
    Conclusion {
        subject: nsp.clone(),
        connections: tally.connections(),
        severity: Severity::Error,
        title: format!(
            "the server has no namespace {nsp}: \"{message}\"{}",
            tally.so_far()
        ),
        evidence: tally.evidence(),
        why: format!(
            "The CONNECT for {nsp} was answered with \"{message}\" by {server} and by no \
             middleware.{there} The path of the URL given to `io()` is the namespace, not the HTTP \
             path: whoever wrote `{nsp}` into the URL to reach a server behind a prefix asked for \
             a namespace. Names are case-sensitive."
        ),
        fix: format!(
            "{fix}Client: spell it as the server does, or where {nsp} is a path of the server: \
             `io(\"https://HOST\", {{ path: \"{nsp}/socket.io/\" }})`; sioscope: `--path \
             {nsp}/socket.io`.",
        ),
    }
}
