//! The report as text for people: what was asked, the checks, then the causes.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::super::paint::Paint;
use super::print::safe;
use crate::doctor::{Check, Report, Verdict};
use crate::journal::record::Finding;

/// Columns of a page; longer lines are broken at words.
const COLUMNS: usize = 96;
/// Columns before a check's name.
const BEFORE: usize = 12;

/// The whole page. `recorded` tells that record numbers lead somewhere.
pub(super) fn page(report: &Report, colours: bool, recorded: bool) -> String {
    let paint = Paint(colours);
    let mut out = String::new();
    // Writing into a String can't fail.
    let _ = writeln!(out, "{}", paint.on("1", &safe(&report.target)));
    if !report.requests.is_empty() {
        requests(&mut out, report, paint);
    }
    let _ = writeln!(out, "\n{}", paint.on("1", "Checks"));
    // A recorded session's checks are rules, whose names are longer.
    let names = report.checks.iter().map(|check| check.name.width());
    let wide = names.max().unwrap_or(0).clamp(11, 30);
    for check in &report.checks {
        one(&mut out, report, check, wide, paint, recorded);
    }
    if !report.findings.is_empty() {
        let _ = writeln!(out, "\n{}", paint.on("1", "Findings"));
    }
    for finding in &report.findings {
        cause(&mut out, report, finding, paint, recorded);
    }
    let _ = writeln!(out, "\n{}", summary(report, paint));
    out
}

fn requests(out: &mut String, report: &Report, paint: Paint) {
    let _ = writeln!(out, "\n{}", paint.on("1", "Requests"));
    for asked in &report.requests {
        let answer = match (asked.status, &asked.error) {
            (Some(status), _) => status.to_string(),
            (None, Some(_)) => "---".to_owned(),
            (None, None) => "...".to_owned(),
        };
        let _ = writeln!(
            out,
            "{:>4}  {:<4} {:<4} {:>8.1} ms  {:<12} {}",
            asked.number,
            asked.method,
            answer,
            asked.ms,
            asked.check,
            safe(&asked.what)
        );
        let _ = writeln!(out, "      {}", paint.on("2", &safe(&asked.url)));
    }
}

fn one(
    out: &mut String,
    report: &Report,
    check: &Check,
    wide: usize,
    paint: Paint,
    recorded: bool,
) {
    let (glyph, colour) = match check.verdict {
        Verdict::Ok => ("✓", "32"),
        Verdict::Warn => ("!", "33"),
        Verdict::Fail => ("✗", "31"),
        Verdict::Skipped => ("-", "2"),
    };
    let word = check.verdict.as_str();
    let head = paint.on(colour, &format!("{glyph} {word:<7}"));
    let lead = format!("  {head} {:<wide$}  ", safe(&check.name));
    // Colour takes no columns.
    let indent = BEFORE + wide + 2;
    put(out, &lead, indent, &check.detail);
    let in_finding = check
        .rule
        .as_ref()
        .filter(|rule| report.findings.iter().any(|known| known.rule == **rule));
    match (in_finding, &check.fix) {
        (Some(rule), _) => {
            put(
                out,
                &" ".repeat(indent),
                indent,
                &format!("see the finding {rule}"),
            );
        }
        (None, Some(fix)) => {
            labelled(out, "evidence", &places(report, &check.evidence, recorded));
            labelled(out, "fix", fix);
        }
        (None, None) => {}
    }
}

fn cause(out: &mut String, report: &Report, finding: &Finding, paint: Paint, recorded: bool) {
    let (glyph, colour) = match finding.severity.as_str() {
        "error" => ("✗", "31"),
        "warn" => ("!", "33"),
        _ => ("i", "36"),
    };
    let head = paint.on(colour, &format!("{glyph} {:<7}", safe(&finding.severity)));
    put(out, &format!("  {head} "), 12, &finding.title);
    put(out, "            ", 12, &format!("({})", finding.rule));
    labelled(out, "why", &finding.why);
    labelled(
        out,
        "evidence",
        &places(report, &finding.evidence, recorded),
    );
    labelled(out, "fix", &finding.fix);
}

fn labelled(out: &mut String, label: &str, text: &str) {
    if !text.is_empty() {
        put(out, &format!("{:12}{label:<9}", ""), 21, text);
    }
}

/// Record numbers as places that a person can find: requests by their number in the list above,
/// frames by their record where there is a file.
fn places(report: &Report, evidence: &[u64], recorded: bool) -> String {
    const MOST: usize = 12;
    let mut requests: Vec<usize> = Vec::new();
    let mut records: Vec<u64> = Vec::new();
    for n in evidence {
        let asked = report
            .requests
            .iter()
            .find(|asked| asked.n == *n || asked.answer_n == Some(*n));
        match asked {
            Some(asked) if !requests.contains(&asked.number) => requests.push(asked.number),
            Some(_) => {}
            None => records.push(*n),
        }
    }
    let list = |numbers: Vec<String>| -> String {
        let more = numbers.len().saturating_sub(MOST);
        let mut text = numbers
            .into_iter()
            .take(MOST)
            .collect::<Vec<_>>()
            .join(", ");
        if more > 0 {
            let _ = write!(text, " and {more} more");
        }
        text
    };
    requests.sort_unstable();
    let mut parts = Vec::new();
    match requests.as_slice() {
        [] => {}
        [one] => parts.push(format!("request {one}")),
        more => parts.push(format!(
            "requests {}",
            list(more.iter().map(usize::to_string).collect())
        )),
    }
    if recorded && !records.is_empty() {
        let word = match records.len() {
            1 => "record",
            _ => "records",
        };
        let numbers = list(records.iter().map(u64::to_string).collect());
        parts.push(format!("{word} {numbers}"));
    }
    parts.join("; ")
}

fn summary(report: &Report, paint: Paint) -> String {
    let count = |verdict: Verdict| {
        report
            .checks
            .iter()
            .filter(|check| check.verdict == verdict)
            .count()
    };
    let warned = |finding: &&Finding| finding.severity == "warn";
    // A rule may warn where no check does, and a check where no finding says more.
    let warnings = report
        .findings
        .iter()
        .filter(warned)
        .count()
        .max(count(Verdict::Warn));
    let mut parts = vec![match (report.reached, report.is_wrong(), warnings) {
        (false, ..) => paint.on("1;31", "could not connect"),
        (true, true, _) => paint.on("1;31", "something is wrong"),
        (true, false, 0) => paint.on("1;32", "nothing is wrong"),
        (true, false, 1) => paint.on("1;33", "1 warning"),
        (true, false, more) => paint.on("1;33", &format!("{more} warnings")),
    }];
    for verdict in [Verdict::Ok, Verdict::Warn, Verdict::Fail, Verdict::Skipped] {
        let number = count(verdict);
        // What the line begins with is not said twice.
        let said = verdict == Verdict::Warn && report.reached && !report.is_wrong();
        if number > 0 && !said {
            parts.push(format!("{number} {}", verdict.as_str()));
        }
    }
    if !report.requests.is_empty() {
        let number = report.requests.len();
        let word = if number == 1 { "request" } else { "requests" };
        parts.push(format!("{number} {word} in {:.1} s", report.ms / 1e3));
    }
    parts.join(" · ")
}

/// Writes `lead`, which takes `indent` columns, and the text behind it, broken at words.
fn put(out: &mut String, lead: &str, indent: usize, text: &str) {
    let text = safe(text);
    let room = COLUMNS.saturating_sub(indent).max(20);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.width() + 1 + word.width() > room {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    for (index, line) in lines.iter().enumerate() {
        match index {
            0 => {
                let _ = writeln!(out, "{lead}{line}");
            }
            _ => {
                let _ = writeln!(out, "{:indent$}{line}", "");
            }
        }
    }
}
