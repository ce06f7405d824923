//! The path of the URL was meant as an HTTP path, and became the namespace.
//!
//! `io("https://host/app")` asks for the namespace `/app` at the HTTP path `/socket.io/`. Who
//! wanted the server at `/app/socket.io/` gets "Invalid namespace" for something that never was
//! one.

use super::namespace_refused::refused;
use super::unknown_namespace::is_unknown;
use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Asked;

pub(super) const ENTRY: Entry = Entry {
    name: "path-meant-as-namespace",
    about: "the URL's path became a namespace that does not exist",
    on: Moments::PACKET,
    gives_way_to: &[],
    make: || Box::new(PathMeantAsNamespace),
};

struct PathMeantAsNamespace;

impl Rule for PathMeantAsNamespace {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let (Moment::Packet(packet), Some(c)) = (moment, scene.c) else {
            return;
        };
        let Some(join) = refused(moment, scene) else {
            return;
        };
        let nsp = &join.nsp;
        if !is_unknown(join, scene) || !is_meant(nsp, scene) {
            return;
        }
        let mut evidence = vec![packet.n];
        evidence.extend(
            scene
                .story
                .exchanges_of(c)
                .find(|exchange| matches!(exchange.asked, Asked::Handshake | Asked::Websocket))
                .map(|exchange| exchange.request.n),
        );
        let path = scene
            .story
            .exchanges_of(c)
            .next()
            .map_or("/socket.io/", |exchange| exchange.path());
        let prefix = nsp
            .trim_end_matches('/')
            .trim_end_matches("/socket.io")
            .trim_end_matches('/');
        speech.say(Conclusion {
            subject: nsp.clone(),
            connections: vec![c],
            severity: Severity::Error,
            title: format!(
                "{nsp} of the URL was taken as the namespace, and the server has none of that name"
            ),
            evidence,
            why: format!(
                "In Socket.IO the path of the URL is the namespace; the HTTP path is an option and \
                 was {path}. The server answered there, and knows no namespace {nsp}. If a path \
                 was meant, it was never asked for."
            ),
            fix: format!(
                "If {nsp} is where the server lives: `io(ORIGIN, {{ path: \"{prefix}/socket.io/\" \
                 }})` (sioscope: the URL without its path and `--path {prefix}/socket.io`). If it \
                 is a namespace: `io.of(\"{nsp}\")` on the server."
            ),
        });
    }
}

/// Whether a namespace is the path of the URL that the person gave, or an HTTP path of Socket.IO.
pub(super) fn is_meant(nsp: &str, scene: &Scene<'_>) -> bool {
    let from_target = scene
        .story
        .target
        .as_deref()
        .is_some_and(|target| path_of(target) == nsp.trim_end_matches('/'));
    let engine_path = nsp
        .split('/')
        .any(|part| part == "socket.io" || part == "engine.io");
    nsp != "/" && (from_target || engine_path)
}

/// The path of a URL, without a slash at its end.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let from = rest.find('/').unwrap_or(rest.len());
    let path = rest.get(from..).unwrap_or_default();
    path.split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/')
}
