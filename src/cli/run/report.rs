//! What is said of a run: lines, JSON and JUnit.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::print;

/// How a draft ended. The words hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All came as expected.
    Passed,
    /// Something did not.
    Failed(String),
    /// It could not be judged: there was no connection.
    Error(String),
    /// It was not sent.
    Skipped,
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "failed",
            Outcome::Error(_) => "error",
            Outcome::Skipped => "skipped",
        }
    }

    fn why(&self) -> Option<&str> {
        match self {
            Outcome::Failed(why) | Outcome::Error(why) => Some(why),
            Outcome::Passed | Outcome::Skipped => None,
        }
    }
}

/// One draft of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Its namespace, as the file has it.
    pub nsp: String,
    /// Its event, as the file has it.
    pub event: String,
    /// From the emit to the end.
    pub time: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

impl Row {
    /// The row as a line; the file is named where there are `several`.
    pub fn line(&self, several: bool) -> String {
        let name = match several {
            true => format!("{}: {}", self.file, self.name),
            false => self.name.clone(),
        };
        let ms = self.time.as_millis();
        let line = match &self.outcome {
            Outcome::Passed => format!("✓ {name}  {ms} ms"),
            Outcome::Failed(why) | Outcome::Error(why) => format!("✗ {name}  {ms} ms  {why}"),
            Outcome::Skipped => format!("- {name}  not sent"),
        };
        print::safe(&line).into_owned()
    }
}

/// A whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The collection, as it was named.
    pub collection: String,
    /// The server, without password and query.
    pub url: String,
    /// The drafts, in their order.
    pub rows: Vec<Row>,
    /// From the connect to the end.
    pub time: Duration,
}

impl Report {
    fn count(rows: &[&Row], name: &str) -> usize {
        rows.iter().filter(|row| row.outcome.name() == name).count()
    }

    /// Whether any draft failed or could not be judged.
    pub fn has_failed(&self) -> bool {
        self.rows.iter().any(|row| row.outcome.why().is_some())
    }

    /// The run in one sentence.
    pub fn sentence(&self) -> String {
        let rows: Vec<&Row> = self.rows.iter().collect();
        let mut text = format!(
            "{} of {} drafts passed",
            Report::count(&rows, "passed"),
            rows.len()
        );
        for (name, words) in [
            ("failed", "failed"),
            ("error", "without a connection"),
            ("skipped", "not sent"),
        ] {
            let count = Report::count(&rows, name);
            if count > 0 {
                let _ = write!(text, ", {count} {words}");
            }
        }
        text
    }

    /// The run as one JSON object.
    pub fn json(&self, exit: u8) -> Value {
        let rows: Vec<&Row> = self.rows.iter().collect();
        let drafts: Vec<Value> = rows
            .iter()
            .map(|row| {
                let mut one = json!({
                    "file": row.file,
                    "name": row.name,
                    "nsp": row.nsp,
                    "event": row.event,
                    "outcome": row.outcome.name(),
                    "ms": milliseconds(row.time),
                });
                if let (Some(why), Some(members)) = (row.outcome.why(), one.as_object_mut()) {
                    members.insert("why".to_owned(), Value::from(why));
                }
                one
            })
            .collect();
        json!({
            "collection": self.collection,
            "url": self.url,
            "exit": exit,
            "passed": Report::count(&rows, "passed"),
            "failed": Report::count(&rows, "failed"),
            "errors": Report::count(&rows, "error"),
            "skipped": Report::count(&rows, "skipped"),
            "ms": milliseconds(self.time),
            "drafts": drafts,
        })
    }

    /// The run as JUnit XML: a suite for each file.
    pub fn junit(&self) -> String {
        let all: Vec<&Row> = self.rows.iter().collect();
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = writeln!(
            text,
            "<testsuites name=\"{}\"{}>",
            xml(&self.collection),
            Report::counts(&all, self.time)
        );
        let mut files: Vec<&str> = all.iter().map(|row| row.file.as_str()).collect();
        files.dedup();
        for file in files {
            let rows: Vec<&Row> = all.iter().copied().filter(|row| row.file == file).collect();
            let time = rows.iter().map(|row| row.time).sum();
            let counts = Report::counts(&rows, time);
            let _ = writeln!(text, "  <testsuite name=\"{}\"{counts}>", xml(file));
            for row in rows {
                row.testcase(&mut text);
            }
            text.push_str("  </testsuite>\n");
        }
        text.push_str("</testsuites>\n");
        text
    }

    fn counts(rows: &[&Row], time: Duration) -> String {
        format!(
            " tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\"",
            rows.len(),
            Report::count(rows, "failed"),
            Report::count(rows, "error"),
            Report::count(rows, "skipped"),
            time.as_secs_f64()
        )
    }
}

impl Row {
    fn testcase(&self, text: &mut String) {
        let _ = write!(
            text,
            "    <testcase name=\"{}\" classname=\"{}\" time=\"{:.3}\"",
            xml(&self.name),
            xml(&self.file),
            self.time.as_secs_f64()
        );
        let inside = match &self.outcome {
            Outcome::Passed => {
                text.push_str("/>\n");
                return;
            }
            Outcome::Skipped => "<skipped/>".to_owned(),
            Outcome::Failed(why) => format!("<failure message=\"{}\"/>", xml(why)),
            Outcome::Error(why) => format!("<error message=\"{}\"/>", xml(why)),
        };
        let _ = writeln!(text, ">\n      {inside}\n    </testcase>");
    }
}

/// Milliseconds with three decimals.
fn milliseconds(time: Duration) -> f64 {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1_000.0
}

/// A text as XML may hold it: no control character, nothing that ends an attribute.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for one in crate::visible::line(text).chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(file: &str, name: &str, outcome: Outcome) -> Row {
        Row {
            file: file.to_owned(),
            name: name.to_owned(),
            nsp: "/".to_owned(),
            event: "e".to_owned(),
            time: Duration::from_millis(12),
            outcome,
        }
    }

    fn report() -> Report {
        Report {
            collection: "all".to_owned(),
            url: "http://h/".to_owned(),
            rows: vec![
                row("a.toml", "one", Outcome::Passed),
                row(
                    "a.toml",
                    "two <\u{1b}>",
                    Outcome::Failed("got \"x\" & <y>".to_owned()),
                ),
                row("b.toml", "three", Outcome::Error("gone".to_owned())),
                row("b.toml", "four", Outcome::Skipped),
            ],
            time: Duration::from_millis(1500),
        }
    }

    #[test]
    fn junit_has_a_suite_for_each_file_and_escapes() {
        assert_eq!(
            report().junit(),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="all" tests="4" failures="1" errors="1" skipped="1" time="1.500">
  <testsuite name="a.toml" tests="2" failures="1" errors="0" skipped="0" time="0.024">
    <testcase name="one" classname="a.toml" time="0.012"/>
    <testcase name="two &lt;␛&gt;" classname="a.toml" time="0.012">
      <failure message="got &quot;x&quot; &amp; &lt;y&gt;"/>
    </testcase>
  </testsuite>
  <testsuite name="b.toml" tests="2" failures="0" errors="1" skipped="1" time="0.024">
    <testcase name="three" classname="b.toml" time="0.012">
      <error message="gone"/>
    </testcase>
    <testcase name="four" classname="b.toml" time="0.012">
      <skipped/>
    </testcase>
  </testsuite>
</testsuites>
"#
        );
    }

    #[test]
    fn lines_and_json_say_the_same() {
        let report = report();
        let lines: Vec<String> = report.rows.iter().map(|row| row.line(false)).collect();
        assert_eq!(
            lines,
            [
                "✓ one  12 ms",
                "✗ two <␛>  12 ms  got \"x\" & <y>",
                "✗ three  12 ms  gone",
                "- four  not sent"
            ]
        );
        assert_eq!(report.rows[0].line(true), "✓ a.toml: one  12 ms");
        assert_eq!(
            report.sentence(),
            "1 of 4 drafts passed, 1 failed, 1 without a connection, 1 not sent"
        );
        let json = report.json(1);
        assert_eq!(json["drafts"][1]["why"], "got \"x\" & <y>");
        assert_eq!(json["drafts"][0]["ms"], 12.0);
        assert_eq!(
            [
                &json["passed"],
                &json["failed"],
                &json["errors"],
                &json["skipped"],
                &json["exit"]
            ],
            [1, 1, 1, 1, 1]
        );
    }
}
