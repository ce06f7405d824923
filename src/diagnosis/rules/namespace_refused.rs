//! The server refuses a namespace: its middleware said no.
//!
//! CONNECT_ERROR carries the middleware's `err.message` and, from Socket.IO 3 on, `err.data`; up
//! to generation 2 a text, or the data in its place. An unknown namespace looks alike and is told
//! apart by the text that each server uses for it.

use super::{Entry, Rule, auth_stale};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Join;
use crate::diagnosis::tally::{Tallies, Tally};
use crate::journal::record::Direction;
use crate::model::decode::Kind;

pub(super) const ENTRY: Entry = Entry {
    name: "namespace-refused",
    about: "a middleware refuses the namespace: its message, its data, and what was shown to it",
    on: Moments::PACKET,
    gives_way_to: &[],
    make: || Box::new(NamespaceRefused::default()),
};

#[derive(Default)]
struct NamespaceRefused {
    cases: Tallies,
}

impl Rule for NamespaceRefused {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Some(join) = refused(moment, scene) else {
            return;
        };
        if join.is_unknown_namespace() || auth_stale::worked_before(join, scene).is_some() {
            return;
        }
        let subject = format!("{} {}", join.nsp, join.message());
        if let Some(tally) = self.cases.add(&subject, Some(join.c), join.evidence()) {
            speech.say(conclusion(join, tally, scene));
        }
    }
}

/// The try that the packet at hand refused.
pub(super) fn refused<'a>(moment: &Moment<'_>, scene: &Scene<'a>) -> Option<&'a Join> {
    let Moment::Packet(packet) = moment else {
        return None;
    };
    let Kind::Socket { name, nsp, .. } = &packet.kind else {
        return None;
    };
    if *name != "connect_error" || packet.dir != Direction::ToClient {
        return None;
    }
    let c = scene.c?;
    let nsp = crate::diagnosis::story::joins::bare(nsp);
    scene
        .story
        .joins()
        .rev()
        .filter(|join| join.c == c && join.nsp == nsp && join.refused())
        .find(|join| {
            join.answer
                .as_ref()
                .is_some_and(|answer| answer.place.n == scene.n)
        })
}

/// The names of what the client showed, never the values: they are secrets.
fn shown(join: &Join) -> String {
    use serde_json::Value;
    match join.credentials() {
        None => "the CONNECT carried no auth".to_owned(),
        Some(Value::Object(members)) => {
            let names: Vec<String> = members
                .keys()
                .take(8)
                .map(|name| format!("`{name}`"))
                .collect();
            format!("the CONNECT carried auth with {}", names.join(", "))
        }
        Some(Value::String(_)) if join.query.is_some() => {
            "the namespace carried a query".to_owned()
        }
        Some(_) => "the CONNECT carried auth".to_owned(),
    }
}

fn conclusion(join: &Join, tally: &Tally, scene: &Scene<'_>) -> Conclusion {
    let nsp = &join.nsp;
    let message = join.message();
    let said = if message.is_empty() {
        "the server refused it without a reason".to_owned()
    } else {
        format!("\"{message}\"")
    };
    let data = match join.refusal_data() {
        Some(data) => format!(" and data {data}"),
        None => String::new(),
    };
    let eio = scene.model.connections.get(&join.c).and_then(|c| c.eio);
    let shown = shown(join);
    let why = format!(
        "The server knows {nsp} and refused it itself: the CONNECT was answered with \
         CONNECT_ERROR {said}{data}, as a middleware (`io.of(\"{nsp}\").use(…)`) or a connect \
         handler does that decides who comes in; {shown}. An unknown namespace would be answered \
         with `Invalid namespace` (python-socketio: `Unable to connect`), a proxy would have \
         answered the HTTP request. A refusal is not retried by the client."
    );
    let fix = if eio == Some(3) {
        format!(
            "Give what the middleware wants. Client of generation 2: `io(\"{nsp}\", {{ query: {{ \
             token: \"…\" }} }})`, read on the server from `socket.handshake.query`; sioscope: `-q \
             token=…`. There is no `auth` before Socket.IO 3."
        )
    } else {
        format!(
            "Give what the middleware wants, then connect again. Client: `io(\"{nsp}\", {{ auth: \
             {{ token: \"…\" }} }})`; python: `sio.connect(url, auth={{\"token\": \"…\"}}, \
             namespaces=[\"{nsp}\"])`; sioscope: `-n '{nsp}={{\"token\":\"…\"}}'`. Server: the \
             middleware of {nsp} that calls `next(new Error(…))`."
        )
    };
    Conclusion {
        subject: format!("{nsp} {message}"),
        connections: tally.connections(),
        severity: Severity::Error,
        title: format!("namespace {nsp} refused: {said}{}", tally.so_far()),
        evidence: tally.evidence(),
        why,
        fix,
    }
}
