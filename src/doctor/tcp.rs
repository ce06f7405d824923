//! Whether somebody listens at host and port.

use super::case::{Case, finding};
use super::dns::proxy_of;
use super::report::{Check, Outcome, Verdict};
use crate::net::dial::{DialErrorKind, Phase};

const NAME: &str = "tcp";

/// Judged by the first connection.
pub(super) fn check(case: &Case<'_>) -> Outcome {
    let place = case.endpoint.authority();
    if let Some(error) = &case.first.dial {
        if matches!(error.phase, Phase::Setup | Phase::Dns) {
            return Check::skipped(NAME, "there was no address to connect to").into();
        }
        if matches!(error.phase, Phase::Tcp | Phase::Proxy) {
            let by_proxy = error.phase == Phase::Proxy;
            let (title, fix) = match (error.kind, by_proxy) {
                (_, true) => (
                    format!("The proxy does not let us through to {place}"),
                    "check the proxy of --proxy or of HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
                        .to_owned(),
                ),
                (DialErrorKind::Refused, _) => (
                    format!("Nothing listens at {place}"),
                    format!(
                        "start the server, or correct the port; on the server, `ss -ltnp | grep \
                         :{}` shows what listens. Listening on 127.0.0.1 only is not enough for \
                         others: `httpServer.listen({}, \"0.0.0.0\")`",
                        case.endpoint.port, case.endpoint.port
                    ),
                ),
                (DialErrorKind::TimedOut, _) => (
                    format!("{place} does not answer at all"),
                    "a firewall or security group may drop the packets: open the port for TCP; \
                     or the address is wrong"
                        .to_owned(),
                ),
                _ => (
                    format!("{place} cannot be reached"),
                    "check the network between here and there; a VPN may be needed".to_owned(),
                ),
            };
            let finding = finding(
                "refused-connection",
                "error",
                title,
                case.first.records(),
                error.to_string(),
                fix,
            );
            return Outcome::found(NAME, Verdict::Fail, error.to_string(), finding);
        }
    }
    let ms = case.first.timing.connect;
    let took = ms.map_or(String::new(), |ms| format!(" in {ms:.1} ms"));
    let through = proxy_of(case).map_or(String::new(), |proxy| format!(" through {proxy}"));
    let mut check = Check::ok(NAME, format!("connected to {place}{took}{through}"));
    check.ms = ms.unwrap_or(0.0);
    check.seen_in(case.first.records()).into()
}
