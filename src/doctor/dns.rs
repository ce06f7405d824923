//! Whether the host's name leads to an address.

use super::case::{Case, finding};
use super::report::{Check, Outcome, Verdict};
use crate::net::dial::{DialErrorKind, Phase};

const NAME: &str = "dns";

/// Judged by the first connection.
pub(super) fn check(case: &Case<'_>) -> Outcome {
    let host = &case.endpoint.host;
    if let Some(error) = &case.first.dial {
        match error.phase {
            Phase::Setup => return Check::skipped(NAME, "the connection was not begun").into(),
            Phase::Dns => {
                let late = error.kind == DialErrorKind::TimedOut;
                let why = match late {
                    true => "No name server answered in time.",
                    false => "The name servers that this machine asks know no address for it.",
                };
                let finding = finding(
                    "dns-failure",
                    "error",
                    format!("The host {host} cannot be found"),
                    case.first.records(),
                    why,
                    format!(
                        "check the spelling of {host} and ask the name server by hand: \
                         `getent hosts {host}`; a name that only a VPN or a container network \
                         knows can be given with --resolve {host}:{}:ADDRESS",
                        case.endpoint.port
                    ),
                );
                return Outcome::found(NAME, Verdict::Fail, error.to_string(), finding);
            }
            _ => {}
        }
    }
    let proxy = proxy_of(case);
    let timing = case.first.timing;
    let peer = case
        .first
        .connection
        .as_ref()
        .and_then(|connection| connection.peer);
    let mut check = match (timing.dns, peer, proxy) {
        (_, _, Some(proxy)) => Check::skipped(NAME, format!("the proxy {proxy} looks it up")),
        (Some(ms), Some(peer), None) => {
            Check::ok(NAME, format!("{host} is {} ({ms:.1} ms)", peer.ip()))
        }
        (Some(ms), None, None) => Check::ok(NAME, format!("{host} was found ({ms:.1} ms)")),
        (None, Some(peer), None) if peer.ip().to_string() == *host => {
            Check::skipped(NAME, format!("{host} is an address"))
        }
        (None, Some(peer), None) => {
            Check::skipped(NAME, format!("--resolve says that {host} is {}", peer.ip()))
        }
        (None, None, None) => Check::skipped(NAME, format!("{host} is an address")),
    };
    check.ms = timing.dns.unwrap_or(0.0);
    check.seen_in(case.first.records()).into()
}

/// The proxy that the first connection went through.
pub(super) fn proxy_of(case: &Case<'_>) -> Option<String> {
    let connection = case.first.connection.as_ref()?;
    connection.proxy.clone()
}
