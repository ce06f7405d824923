//! The host name has no address.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::words;

pub(super) const ENTRY: Entry = Entry {
    name: "dns-failure",
    about: "the host name can't be resolved",
    on: Moments::EXCHANGE,
    gives_way_to: &[],
    make: || Box::new(DnsFailure::default()),
};

/// Connections that are named at most.
const CONNECTIONS: usize = 50;

#[derive(Default)]
struct DnsFailure {
    times: usize,
    connections: Vec<u32>,
    evidence: Vec<u64>,
}

impl Rule for DnsFailure {
    fn look(&mut self, moment: &Moment<'_>, _scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Exchange(exchange) = moment else {
            return;
        };
        let (Some(c), Some(error), 0) = (exchange.c, &exchange.error, exchange.status) else {
            return;
        };
        let unknown = (error.starts_with("the host `") && error.contains("cannot be found"))
            || error.starts_with("looking up ")
            || ["ERR_NAME_NOT_RESOLVED", "ENOTFOUND", "EAI_AGAIN"]
                .iter()
                .any(|word| error.contains(word));
        if !unknown {
            return;
        }
        self.times += 1;
        if self.connections.len() < CONNECTIONS {
            self.connections.push(c);
        }
        if self.evidence.len() < 5 {
            self.evidence.extend(exchange.response.map(|place| place.n));
        }
        let origin = exchange.origin();
        let host = origin.split_once("://").map_or(&*origin, |(_, host)| host);
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        speech.say(Conclusion {
            subject: origin.clone(),
            connections: self.connections.clone(),
            severity: Severity::Error,
            title: format!(
                "the host name {name} has no address ({} asked)",
                words::times(self.times)
            ),
            evidence: self.evidence.clone(),
            why: format!("No connection was tried: {error}."),
            fix: format!(
                "Check the spelling. A name of an internal network or of a container \
                 (`docker compose` service) exists only inside of it: connect to its published \
                 port. See what the name servers say: `getent hosts {name}`. To go around them: \
                 sioscope `--resolve {name}:PORT:ADDRESS`, or a line in /etc/hosts."
            ),
        });
    }
}
