//! How long to wait before the next attempt: the arithmetic of each client library. Pure.
//!
//! The JavaScript rule is that of socket.io-client's `contrib/backo2.ts`: one random draw picks
//! both size and sign of the jitter, and the jitter is applied *before* the cap. The others
//! differ in growth, in where the jitter goes and in their floor.

use super::options::{Profile, Reconnection};

/// Beyond this many doublings every delay is at its cap; stopping here keeps the arithmetic
/// finite where the reference overflows (near attempt 1,017).
const MAX_EXPONENT: u32 = 60;
/// What the JavaScript library uses for a delay of 0 (its option is read as "not given").
const JS_DELAY_FALLBACK: f64 = 100.0;
/// The same for a cap of 0.
const JS_MAX_FALLBACK: f64 = 10_000.0;

/// Delay in whole milliseconds before attempt number `attempts + 1`, where `attempts` have
/// been made in this series and `r` is a random draw in `[0, 1)`.
pub fn delay_ms(rule: &Reconnection, profile: Profile, attempts: u32, r: f64) -> u64 {
    let delay = rule.delay.as_secs_f64() * 1e3;
    let max = rule.delay_max.as_secs_f64() * 1e3;
    let exponent = attempts.min(MAX_EXPONENT) as i32;
    let wait = match profile {
        Profile::Js4 | Profile::Js2 => {
            let delay = if delay == 0.0 {
                JS_DELAY_FALLBACK
            } else {
                delay
            };
            let max = if max == 0.0 { JS_MAX_FALLBACK } else { max };
            jittered(delay * 2f64.powi(exponent), rule.factor, r).min(max)
        }
        Profile::Java1 | Profile::Java2 => jittered(delay * 2f64.powi(exponent), rule.factor, r)
            .min(max)
            .max(delay),
        // python-socketio adds up to ± factor seconds to the capped delay.
        Profile::Python => {
            (delay * 2f64.powi(exponent)).min(max) + rule.factor * 1e3 * (2.0 * r - 1.0)
        }
        // The backoff crate: growth 1.5, jitter after the cap.
        Profile::Rust => {
            let base = (delay * 1.5f64.powi(exponent)).min(max);
            base * (1.0 - rule.factor) + base * 2.0 * rule.factor * r
        }
    };
    wait.max(0.0) as u64
}

/// Jitter as backo2 does it: the parity of the draw's first decimal is the sign.
fn jittered(base: f64, factor: f64, r: f64) -> f64 {
    if !(factor > 0.0 && factor <= 1.0) {
        return base;
    }
    let deviation = (r * factor * base).floor();
    if (r * 10.0).floor() as i64 % 2 == 0 {
        base - deviation
    } else {
        base + deviation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn rule(delay: u64, max: u64, factor: f64) -> Reconnection {
        Reconnection {
            enabled: true,
            delay: Duration::from_millis(delay),
            delay_max: Duration::from_millis(max),
            factor,
            attempts: None,
        }
    }

    fn series(rule: &Reconnection, profile: Profile, r: f64, n: u32) -> Vec<u64> {
        (0..n).map(|i| delay_ms(rule, profile, i, r)).collect()
    }

    #[test]
    fn javascript_delays_follow_the_reference_for_each_draw() {
        let defaults = rule(1_000, 5_000, 0.5);
        for (r, want) in [
            (0.0, [1000, 2000, 4000, 5000, 5000]),
            (0.05, [975, 1950, 3900, 5000, 5000]),
            (0.15, [1075, 2150, 4300, 5000, 5000]),
            (0.25, [875, 1750, 3500, 5000, 5000]),
            (0.35, [1175, 2350, 4700, 5000, 5000]),
            (0.85, [575, 1150, 2300, 4600, 5000]),
            (0.999, [1499, 2999, 5000, 5000, 5000]),
        ] {
            assert_eq!(series(&defaults, Profile::Js4, r, 5), want, "r = {r}");
        }
    }

    #[test]
    fn without_jitter_the_delay_doubles_to_the_cap() {
        assert_eq!(
            series(&rule(100, 250, 0.0), Profile::Js4, 0.9, 4),
            [100, 200, 250, 250]
        );
        assert_eq!(
            series(&rule(1_000, 5_000, 0.0), Profile::Js4, 0.9, 5),
            [1000, 2000, 4000, 5000, 5000]
        );
    }

    #[test]
    fn javascript_reads_zero_as_not_given() {
        assert_eq!(delay_ms(&rule(0, 5_000, 0.0), Profile::Js4, 0, 0.5), 100);
        assert_eq!(
            delay_ms(&rule(20_000, 0, 0.0), Profile::Js4, 0, 0.5),
            10_000
        );
    }

    #[test]
    fn a_very_long_outage_stays_at_the_cap() {
        for attempts in [1_000, 1_017, 2_000, u32::MAX] {
            assert_eq!(
                delay_ms(&rule(1_000, 5_000, 0.5), Profile::Js4, attempts, 0.85),
                5_000
            );
        }
    }

    #[test]
    fn jitter_stays_within_the_measured_bounds() {
        let defaults = rule(1_000, 5_000, 0.5);
        for (attempts, low, high) in [
            (0, 551, 1499),
            (1, 1101, 2999),
            (2, 2201, 5000),
            (3, 4401, 5000),
        ] {
            for i in 0..10_000 {
                let got = delay_ms(&defaults, Profile::Js4, attempts, f64::from(i) / 10_000.0);
                assert!((low..=high).contains(&got), "attempt {attempts}: {got}");
            }
        }
    }

    #[test]
    fn java_never_waits_less_than_the_base_delay() {
        assert_eq!(
            delay_ms(&rule(1_000, 5_000, 0.5), Profile::Java2, 0, 0.85),
            1_000
        );
    }

    #[test]
    fn python_adds_its_jitter_after_the_cap() {
        assert_eq!(
            delay_ms(&rule(1_000, 5_000, 0.5), Profile::Python, 9, 0.999),
            5_499
        );
        assert_eq!(
            delay_ms(&rule(1_000, 5_000, 0.5), Profile::Python, 0, 0.0),
            500
        );
    }

    #[test]
    fn rust_grows_by_half_and_may_exceed_the_cap() {
        assert_eq!(
            series(&rule(1_000, 5_000, 0.0), Profile::Rust, 0.5, 3),
            [1000, 1500, 2250]
        );
        assert!(delay_ms(&rule(1_000, 5_000, 0.5), Profile::Rust, 20, 0.999) > 7_000);
    }
}
