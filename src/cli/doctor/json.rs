//! The report as one JSON object.

use serde_json::{Map, Value, json};

use crate::doctor::{Asked, Check, Report};
use crate::journal::record::Finding;

/// `{"target","checks","findings","requests",…}`, on one line, safe for a terminal.
pub(super) fn object(report: &Report) -> String {
    let object = json!({
        "target": report.target,
        "reached": report.reached,
        "wrong": report.is_wrong(),
        "checks": report.checks.iter().map(check).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "requests": report.requests.iter().map(request).collect::<Vec<_>>(),
        "ms": rounded(report.ms),
    });
    super::super::print::json_line(&object.to_string())
}

fn check(check: &Check) -> Value {
    let mut object = Map::new();
    object.insert("name".to_owned(), json!(check.name));
    object.insert("verdict".to_owned(), json!(check.verdict.as_str()));
    object.insert("detail".to_owned(), json!(check.detail));
    object.insert("ms".to_owned(), rounded(check.ms));
    if !check.evidence.is_empty() {
        object.insert("evidence".to_owned(), json!(check.evidence));
    }
    if let Some(fix) = &check.fix {
        object.insert("fix".to_owned(), json!(fix));
    }
    if let Some(rule) = &check.rule {
        object.insert("rule".to_owned(), json!(rule));
    }
    Value::Object(object)
}

/// The shape of a `finding` record.
fn finding(finding: &Finding) -> Value {
    json!({
        "k": "finding",
        "rule": finding.rule,
        "severity": finding.severity,
        "title": finding.title,
        "evidence": finding.evidence,
        "why": finding.why,
        "fix": finding.fix,
    })
}

fn request(asked: &Asked) -> Value {
    json!({
        "number": asked.number,
        "check": asked.check,
        "method": asked.method,
        "url": asked.url,
        "what": asked.what,
        "n": asked.n,
        "status": asked.status,
        "error": asked.error,
        "ms": rounded(asked.ms),
    })
}

/// Milliseconds to the microsecond.
fn rounded(ms: f64) -> Value {
    json!((ms * 1e3).round() / 1e3)
}
