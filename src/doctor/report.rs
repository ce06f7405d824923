//! What a doctor's visit found: a verdict for each check, findings, and every request that was
//! made. Plain data; a face turns it into text or JSON.

use std::borrow::Cow;

use crate::journal::record::Finding;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and something about it will hurt somebody.
    Warn,
    /// It does not work.
    Fail,
    /// It was not looked at; the detail says why.
    Skipped,
}

impl Verdict {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
            Verdict::Skipped => "skipped",
        }
    }
}

/// The names of all checks of an endpoint, in the order in which they are made and told.
pub const CHECKS: [&str; 16] = [
    "dns",
    "tcp",
    "tls",
    "path",
    "generation",
    "polling",
    "websocket",
    "upgrade",
    "stickiness",
    "namespaces",
    "auth",
    "max-payload",
    "compression",
    "cookies",
    "pings",
    "idle",
];

/// One check.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its name: one of [`CHECKS`] for an endpoint, a rule's for a session.
    pub name: Cow<'static, str>,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// Sequence numbers of the records that show it.
    pub evidence: Vec<u64>,
    /// What to change.
    pub fix: Option<String>,
    /// The rule of the finding that says more about it.
    pub rule: Option<String>,
}

impl Check {
    /// A check with a verdict.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        verdict: Verdict,
        detail: impl Into<String>,
    ) -> Check {
        Check {
            name: name.into(),
            verdict,
            detail: detail.into(),
            ms: 0.0,
            evidence: Vec::new(),
            fix: None,
            rule: None,
        }
    }

    /// All is well.
    pub fn ok(name: &'static str, detail: impl Into<String>) -> Check {
        Check::new(name, Verdict::Ok, detail)
    }

    /// Not looked at.
    pub fn skipped(name: &'static str, why: impl Into<String>) -> Check {
        Check::new(name, Verdict::Skipped, why)
    }

    /// The records that show it.
    #[must_use]
    pub fn seen_in(mut self, evidence: impl IntoIterator<Item = u64>) -> Check {
        self.evidence.extend(evidence);
        self
    }

    /// What to change, where no finding says it.
    #[must_use]
    pub fn fixed_by(mut self, fix: impl Into<String>) -> Check {
        self.fix = Some(fix.into());
        self
    }

    /// Takes evidence, fix and rule of the finding behind it.
    #[must_use]
    pub fn because(mut self, finding: &Finding) -> Check {
        self.evidence.clone_from(&finding.evidence);
        self.fix = Some(finding.fix.clone()).filter(|fix| !fix.is_empty());
        self.rule = Some(finding.rule.clone());
        self
    }
}

/// A check, and the finding where it found a cause.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) check: Check,
    pub(super) finding: Option<Finding>,
    /// Causes that stand each by itself, also where they are of the same kind.
    pub(super) each: Vec<Finding>,
}

impl From<Check> for Outcome {
    fn from(check: Check) -> Outcome {
        Outcome {
            check,
            finding: None,
            each: Vec::new(),
        }
    }
}

impl Outcome {
    /// A check that ended badly because of `finding`.
    pub(super) fn found(
        name: &'static str,
        verdict: Verdict,
        detail: impl Into<String>,
        finding: Finding,
    ) -> Outcome {
        Outcome {
            check: Check::new(name, verdict, detail).because(&finding),
            finding: Some(finding),
            each: Vec::new(),
        }
    }

    /// A check that ended badly because of several things, each to be mended by itself.
    pub(super) fn found_each(mut check: Check, each: Vec<Finding>) -> Outcome {
        let mut fixes: Vec<&str> = Vec::new();
        for finding in &each {
            check.evidence.extend(finding.evidence.iter().copied());
            if !finding.fix.is_empty() && !fixes.contains(&finding.fix.as_str()) {
                fixes.push(&finding.fix);
            }
        }
        check.evidence.sort_unstable();
        check.evidence.dedup();
        check.fix = Some(fixes.join("\n")).filter(|fix| !fix.is_empty());
        check.rule = each.first().map(|finding| finding.rule.clone());
        Outcome {
            check,
            finding: None,
            each,
        }
    }
}

/// One request that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its number, from 1.
    pub number: usize,
    /// The check that made it.
    pub check: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// URL without what may be secret: no password, no values of the person's own parameters.
    pub url: String,
    /// What it was for.
    pub what: String,
    /// Sequence number of its request record.
    pub n: u64,
    /// Sequence number of the record that answers it, once there is one.
    pub answer_n: Option<u64>,
    /// HTTP status, where an answer came.
    pub status: Option<u16>,
    /// Why none (or no whole one) came.
    pub error: Option<String>,
    /// Milliseconds until the answer.
    pub ms: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// URL or file.
    pub target: String,
    /// Checks in the order of [`CHECKS`].
    pub checks: Vec<Check>,
    /// Causes, worst first.
    pub findings: Vec<Finding>,
    /// Every request, in order.
    pub requests: Vec<Asked>,
    /// Whether anything could be reached at all; always true for a file.
    pub reached: bool,
    /// Milliseconds for everything.
    pub ms: f64,
}

impl Report {
    /// Whether something is wrong: a check failed, or a finding is an error.
    pub fn is_wrong(&self) -> bool {
        self.checks
            .iter()
            .any(|check| check.verdict == Verdict::Fail)
            || self
                .findings
                .iter()
                .any(|finding| finding.severity == "error")
    }

    /// The check of that name.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// Adds a finding, or joins it with the one of the same rule that is there already: one
    /// cause is told once, with all its evidence. The words of the first are kept.
    pub(super) fn add(&mut self, finding: Finding) {
        match self
            .findings
            .iter_mut()
            .find(|known| known.rule == finding.rule)
        {
            Some(known) => {
                known.evidence.extend(finding.evidence);
                known.evidence.sort_unstable();
                known.evidence.dedup();
                if weight(&finding.severity) < weight(&known.severity) {
                    known.severity = finding.severity;
                }
            }
            None => self.findings.push(finding),
        }
        self.sort();
    }

    /// Adds a finding that stands by itself, whatever is there already.
    pub(super) fn keep(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.sort();
    }

    fn sort(&mut self) {
        self.findings
            .sort_by_key(|finding| weight(&finding.severity));
    }
}

/// Order of severities, worst first.
fn weight(severity: &str) -> u8 {
    match severity {
        "error" => 0,
        "warn" => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, severity: &str, evidence: &[u64]) -> Finding {
        Finding {
            rule: rule.to_owned(),
            severity: severity.to_owned(),
            title: format!("{rule} from {evidence:?}"),
            evidence: evidence.to_vec(),
            why: String::new(),
            fix: "fix".to_owned(),
        }
    }

    #[test]
    fn one_cause_is_told_once_with_all_its_evidence_and_the_worst_comes_first() {
        let mut report = Report::default();
        report.add(finding("b", "info", &[1]));
        report.add(finding("a", "warn", &[7, 3]));
        report.add(finding("a", "error", &[3, 5]));
        let told: Vec<_> = report
            .findings
            .iter()
            .map(|f| (f.rule.as_str(), f.severity.as_str(), f.evidence.clone()))
            .collect();
        assert_eq!(
            told,
            [("a", "error", vec![3, 5, 7]), ("b", "info", vec![1])]
        );
        assert_eq!(report.findings[0].title, "a from [7, 3]");
    }

    #[test]
    fn a_warning_is_nothing_wrong_and_a_failure_is() {
        let mut report = Report::default();
        report
            .checks
            .push(Check::new("pings", Verdict::Warn, "long"));
        report.add(finding("a", "warn", &[]));
        assert!(!report.is_wrong());
        report.add(finding("a", "error", &[]));
        assert!(report.is_wrong());
        let failed = Report {
            checks: vec![Check::new("tcp", Verdict::Fail, "refused")],
            ..Report::default()
        };
        assert!(failed.is_wrong());
    }
}
