//! `sioscope doctor` against real servers, alone and behind a real nginx: sound ones are found
//! sound, and each cause is named by the check that meets it.

mod alone;
mod behind;
mod laboratory;
mod slow;
mod sound;

use std::time::Duration;

use serde_json::Value;

use crate::lab::Sioscope;

/// Of a slow server each request takes its time, and there are dozens.
const PATIENCE: Duration = Duration::from_secs(180);

/// One examination.
struct Examined {
    /// The exit code.
    code: Option<i32>,
    /// What `--json` printed.
    report: Value,
    /// For panics.
    name: String,
}

/// Runs `sioscope doctor --json ARGS…` to its end.
#[track_caller]
fn doctor(args: &[&str]) -> Examined {
    let run = Sioscope::start(&[&["doctor", "--json"], args].concat());
    let finished = run.with_patience(PATIENCE).finish();
    let report = serde_json::from_str(finished.stdout.trim())
        .unwrap_or_else(|error| panic!("doctor {args:?}: {error}: {finished:?}"));
    Examined {
        code: finished.code,
        report,
        name: format!("doctor {args:?}"),
    }
}

impl Examined {
    fn list(&self, key: &str) -> &[Value] {
        self.report[key].as_array().map_or(&[], Vec::as_slice)
    }

    #[track_caller]
    fn check(&self, name: &str) -> &Value {
        self.list("checks")
            .iter()
            .find(|check| check["name"] == name)
            .unwrap_or_else(|| panic!("{}: no check {name}: {:#}", self.name, self.report))
    }

    /// The check ended so, and its detail has these words.
    #[track_caller]
    fn says(&self, name: &str, verdict: &str, words: &[&str]) {
        let check = self.check(name);
        let detail = check["detail"].as_str().unwrap_or_default();
        assert!(
            check["verdict"] == verdict && words.iter().all(|word| detail.contains(word)),
            "{}: {name} is not {verdict} with {words:?}: {:#}",
            self.name,
            self.report
        );
    }

    /// One word of each finding's record, such as its `title`.
    fn of_findings(&self, key: &str) -> Vec<String> {
        let text = |finding: &Value| finding[key].as_str().unwrap_or_default().to_owned();
        self.list("findings").iter().map(text).collect()
    }

    fn rules(&self) -> Vec<&str> {
        self.list("findings")
            .iter()
            .filter_map(|finding| finding["rule"].as_str())
            .collect()
    }

    /// Exactly these causes were found, each once, with evidence and a fix; the exit code fits.
    #[track_caller]
    fn finds(&self, code: i32, rules: &[&str]) {
        assert_eq!(self.code, Some(code), "{}: {:#}", self.name, self.report);
        assert_eq!(self.rules(), rules, "{}: {:#}", self.name, self.report);
        for finding in self.list("findings") {
            let proved = !self.list("requests").is_empty()
                && finding["evidence"]
                    .as_array()
                    .is_some_and(|list| !list.is_empty());
            let fix = finding["fix"].as_str().is_some_and(|fix| !fix.is_empty());
            assert!(proved && fix, "{}: {finding:#}", self.name);
        }
    }

    #[track_caller]
    fn fix(&self, rule: &str) -> String {
        let finding = self
            .list("findings")
            .iter()
            .find(|finding| finding["rule"] == rule);
        finding.map_or(String::new(), |finding| finding["fix"].to_string())
    }

    /// Nothing is wrong, nothing is to be warned of, and what was skipped has its reason.
    #[track_caller]
    fn is_sound(&self) {
        self.finds(0, &[]);
        for check in self.list("checks") {
            assert!(
                matches!(check["verdict"].as_str(), Some("ok" | "skipped"))
                    && !check["detail"].as_str().unwrap_or_default().is_empty(),
                "{}: {check:#}",
                self.name
            );
        }
        for name in [
            "polling",
            "websocket",
            "upgrade",
            "stickiness",
            "namespaces",
        ] {
            self.says(name, "ok", &[]);
        }
        assert!(self.list("requests").len() <= 60, "{}", self.name);
    }
}
