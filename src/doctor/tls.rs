//! Whether TLS works, and how long the certificate will.

use super::case::{Case, finding};
use super::report::{Check, Outcome, Verdict};
use crate::journal::record::Finding;
use crate::net::dial::{Phase, TlsInfo};

const NAME: &str = "tls";
const RULE: &str = "tls-failure";
/// A certificate that ends sooner than this deserves a word.
const SOON_DAYS: i64 = 14;

/// Judged by the first connection.
pub(super) fn check(case: &Case<'_>) -> Outcome {
    if !case.endpoint.secure {
        return Check::skipped(NAME, "the URL says http: nothing is encrypted").into();
    }
    if let Some(error) = &case.first.dial {
        if error.phase != Phase::Tls {
            return Check::skipped(NAME, "there was no connection to speak TLS over").into();
        }
        let finding = finding(
            RULE,
            "error",
            "The TLS handshake fails",
            case.first.records(),
            error.message.clone(),
            match error.hint.is_empty() {
                true => "compare what `openssl s_client -connect HOST:PORT -servername HOST` shows"
                    .to_owned(),
                false => error.hint.to_string(),
            },
        );
        return Outcome::found(NAME, Verdict::Fail, error.to_string(), finding);
    }
    let info = case
        .first
        .connection
        .as_ref()
        .and_then(|connection| connection.tls.as_ref());
    let Some(info) = info else {
        return Check::skipped(NAME, "the connection ended before it was seen").into();
    };
    let now = jiff::Timestamp::now().to_string();
    let (verdict, detail) = judged(info, &now);
    let mut outcome = match (&info.would_have_failed, verdict) {
        (Some(why), _) => {
            let finding = finding(
                RULE,
                "warn",
                "Clients that check certificates are refused by their own TLS",
                case.first.records(),
                format!("The certificate was accepted here because of --insecure: {why}."),
                "install a certificate that the clients trust, with its whole chain (nginx: \
                 `ssl_certificate fullchain.pem;`), or give them its authority",
            );
            Outcome::found(NAME, Verdict::Warn, detail, finding)
        }
        (None, Verdict::Warn) => Check::new(NAME, Verdict::Warn, detail)
            .seen_in(case.first.records())
            .fixed_by("renew the certificate now: `certbot renew`, then reload the server")
            .into(),
        (None, verdict) => Check::new(NAME, verdict, detail)
            .seen_in(case.first.records())
            .into(),
    };
    outcome.check.ms = case.first.timing.tls.unwrap_or(0.0);
    outcome
}

/// Why a handshake fails is told in the words of the rule, as everywhere else.
pub(super) fn settle(outcomes: &mut [Outcome], said: &[Finding]) {
    let own = outcomes
        .iter_mut()
        .find(|outcome| outcome.check.name == NAME && outcome.check.verdict == Verdict::Fail);
    let rule = said.iter().find(|finding| finding.rule == RULE);
    if let (Some(own), Some(rule)) = (own, rule) {
        *own = Outcome::found(NAME, Verdict::Fail, own.check.detail.clone(), rule.clone());
    }
}

/// What the handshake showed; `now` as `2026-01-02T…`.
fn judged(info: &TlsInfo, now: &str) -> (Verdict, String) {
    let mut detail = info.version.clone();
    let Some(own) = info.chain.first() else {
        return (Verdict::Ok, detail);
    };
    if !own.subject.is_empty() {
        detail.push_str(&format!(", certificate of {}", own.subject));
    }
    if own.is_self_signed() {
        detail.push_str(", signed by itself");
    } else if !own.issuer.is_empty() {
        detail.push_str(&format!(", issued by {}", own.issuer));
    }
    detail.push_str(match info.chain.len() {
        1 => " (sent alone)",
        _ => " (sent with its chain)",
    });
    if let Some(why) = &info.would_have_failed {
        detail.push_str(&format!("; it is not trusted: {why}"));
        return (Verdict::Warn, detail);
    }
    let left = days_left(&own.not_after, now);
    match left {
        Some(days) if days < SOON_DAYS => {
            detail.push_str(&format!("; it ends in {days} days, on {}", own.not_after));
            (Verdict::Warn, detail)
        }
        Some(days) => {
            detail.push_str(&format!("; valid for {days} more days"));
            (Verdict::Ok, detail)
        }
        None => (Verdict::Ok, detail),
    }
}

/// Whole days from `now` to a certificate's last moment.
fn days_left(not_after: &str, now: &str) -> Option<i64> {
    let day = |text: &str| -> Option<jiff::civil::Date> { text.get(..10)?.parse().ok() };
    let span = day(now)?.until(day(not_after)?).ok()?;
    Some(i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::dial::certificate::Certificate;

    fn info(not_after: &str, issuer: &str, failed: Option<&str>) -> TlsInfo {
        TlsInfo {
            version: "TLS 1.3".to_owned(),
            alpn: None,
            chain: vec![Certificate {
                subject: "CN=h.test".to_owned(),
                issuer: issuer.to_owned(),
                not_before: "2026-01-01 00:00:00 UTC".to_owned(),
                not_after: not_after.to_owned(),
            }],
            would_have_failed: failed.map(str::to_owned),
        }
    }

    #[test]
    fn the_certificates_end_is_told_and_warned_of_in_time() {
        let now = "2026-03-01T12:00:00Z";
        let cases = [
            (
                "2026-05-30 00:00:00 UTC",
                Verdict::Ok,
                "valid for 90 more days",
            ),
            ("2026-03-10 00:00:00 UTC", Verdict::Warn, "ends in 9 days"),
        ];
        for (end, verdict, words) in cases {
            let (seen, detail) = judged(&info(end, "CN=ca", None), now);
            assert_eq!(seen, verdict, "{detail}");
            assert!(
                detail.contains(words) && detail.contains("issued by CN=ca"),
                "{detail}"
            );
        }
        let (seen, detail) = judged(
            &info("2051-01-01 00:00:00 UTC", "CN=h.test", Some("x")),
            now,
        );
        assert_eq!(seen, Verdict::Warn);
        assert!(
            detail.contains("signed by itself") && detail.contains("not trusted: x"),
            "{detail}"
        );
    }
}
