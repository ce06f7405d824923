//! The ping schedule, against the idle times that are usual between client and server.

use super::case::{Case, finding};
use super::fix;
use super::report::{Check, Outcome, Verdict};
use crate::protocol::engine::{Handshake, Version};

const NAME: &str = "pings";
/// nginx, Apache, AWS ALB and many others cut what was silent for this long, unless told
/// otherwise.
const USUAL_IDLE_MS: u64 = 60_000;
/// Too near to it.
const NEAR_IDLE_MS: u64 = 55_000;
/// A mobile network, a sleeping tab or a collection of garbage may take this long.
const SHORT_TIMEOUT_MS: u64 = 3_000;

/// Judges what the handshake says.
pub(super) fn check(case: &Case<'_>) -> Outcome {
    let Some(open) = &case.handshake else {
        return Check::skipped(NAME, "no session was opened").into();
    };
    let seen: Vec<u64> = case.first.records().to_vec();
    judged(open, case.tongue().0, seen)
}

fn judged(open: &Handshake, version: Version, seen: Vec<u64>) -> Outcome {
    let (interval, timeout) = (open.ping_interval_ms, open.ping_timeout_ms);
    let who = match version {
        Version::V4 => "the server pings",
        Version::V3 => "the client pings",
    };
    let told = format!(
        "{who} every {}, and silence of {} more ends the session",
        seconds(interval),
        seconds(timeout)
    );
    if interval >= NEAR_IDLE_MS {
        let finding = finding(
            "proxy-idle-timeout",
            "warn",
            format!(
                "Pings every {} come too late for usual proxies",
                seconds(interval)
            ),
            seen,
            format!(
                "Between two pings an idle connection is silent for {}. nginx, Apache and AWS \
                 load balancers cut what is silent for {}, unless they are told otherwise: \
                 WebSockets end with 1006, polls with 504.",
                seconds(interval),
                seconds(USUAL_IDLE_MS)
            ),
            format!("server option: `pingInterval: 25000`; or {}", fix::IDLE),
        );
        let detail = format!("{told}; too seldom for proxies that cut after 60 s");
        return Outcome::found(NAME, Verdict::Warn, detail, finding);
    }
    if timeout > 0 && timeout < SHORT_TIMEOUT_MS && interval > 0 {
        return Check::new(
            NAME,
            Verdict::Warn,
            format!("{told}; a slow network or a busy event loop takes longer than that"),
        )
        .seen_in(seen)
        .fixed_by("server option: `pingTimeout: 20000`")
        .into();
    }
    Check::ok(
        NAME,
        format!("{told}; often enough for proxies that cut after 60 s"),
    )
    .seen_in(seen)
    .into()
}

/// Milliseconds as a person says them.
pub(super) fn seconds(ms: u64) -> String {
    match ms % 1_000 {
        0 => format!("{} s", ms / 1_000),
        _ => format!("{} ms", ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(interval: u64, timeout: u64) -> Verdict {
        let text = format!(
            r#"{{"sid":"a","upgrades":[],"pingInterval":{interval},"pingTimeout":{timeout}}}"#
        );
        let open = Handshake::parse(&text).unwrap().value;
        judged(&open, Version::V4, vec![1]).check.verdict
    }

    #[test]
    fn the_schedule_is_held_against_usual_idle_times() {
        let cases = [
            (25_000, 20_000, Verdict::Ok),
            (25_000, 60_000, Verdict::Ok),
            (60_000, 20_000, Verdict::Warn),
            (25_000, 1_000, Verdict::Warn),
            (0, 0, Verdict::Ok),
        ];
        for (interval, timeout, want) in cases {
            assert_eq!(verdict(interval, timeout), want, "{interval} {timeout}");
        }
    }
}
