//! The differences as text for people: what was compared, the first difference that matters with
//! the lines around it, then the rest.

use std::fmt::Write as _;

use super::super::paint::Paint;
use super::super::print::safe;
use super::{Loaded, Plan};
use crate::journal::redact::covered;
use crate::replay::diff::{Aspect, Comparison, Difference, Line, Row, Side, What};

/// Columns of a page; longer texts are broken at words, longer lines cut.
const COLUMNS: usize = 100;
/// Columns before a difference's words.
const INDENT: usize = 4;
/// Differences (or groups of like ones) that are shown without `--all`.
const SHOWN: usize = 20;

/// The whole page.
pub(super) fn page(
    a: &Loaded,
    b: &Loaded,
    comparison: &Comparison,
    plan: &Plan,
    colours: bool,
) -> String {
    let paint = Paint(colours);
    let mut out = String::new();
    for (name, loaded) in [("A", a), ("B", b)] {
        session(&mut out, name, loaded, paint);
    }
    let groups = groups(a, b, &comparison.differences);
    let shown = if plan.all { groups.len() } else { SHOWN };
    out.push('\n');
    out.push_str(&headline(comparison, paint));
    for (number, group) in groups.iter().take(shown).enumerate() {
        if number == 1 {
            let _ = writeln!(out, "\n{}", paint.on("1", "The rest:"));
        }
        let context = if number == 0 {
            plan.context
        } else {
            plan.context.min(1)
        };
        one(
            &mut out,
            [&a.side, &b.side],
            comparison,
            group,
            context,
            paint,
        );
    }
    if groups.len() > shown {
        let left: usize = groups
            .iter()
            .skip(shown)
            .map(|group| group.like.len() + 1)
            .sum();
        let _ = writeln!(
            out,
            "\n{left} more differences; --all shows them, --json lists them."
        );
    }
    out.push_str(&masked(a, b, plan, paint));
    out
}

fn session(out: &mut String, name: &str, loaded: &Loaded, paint: Paint) {
    let Loaded {
        path,
        header,
        side,
        notes,
    } = loaded;
    // A query may hold a token.
    let target = header.target.split(['?', '#']).next().unwrap_or_default();
    let target =
        url::Url::parse(target).map_or_else(|_| target.to_owned(), |url| super::print::url(&url));
    let path = path.display().to_string();
    let _ = writeln!(
        out,
        "{}  {}  {}  {} UTC  {} records of a {}",
        paint.on("1", name),
        paint.on("1", &safe(&path)),
        safe(&target),
        header.started.strftime("%Y-%m-%d %H:%M:%S"),
        side.records,
        header.source.noun(),
    );
    for note in notes {
        let _ = writeln!(out, "   {}", paint.on("33", &format!("! {}", safe(note))));
    }
}

fn headline(comparison: &Comparison, paint: Paint) -> String {
    let alike = comparison.rows.iter().filter(|row| !row.differs).count();
    match comparison.differences.len() {
        0 => format!(
            "{} {alike} packets and facts lined up.\n",
            paint.on("1;32", "✓ No difference:")
        ),
        1 => format!(
            "{} The rest ({alike} lines) is alike.\n",
            paint.on("1;31", "✗ One difference.")
        ),
        many => {
            let count = format!("✗ {many} differences");
            format!(
                "{} ({alike} lines are alike). The first that matters:\n",
                paint.on("1;31", &count)
            )
        }
    }
}

/// Like differences that are told as one.
struct Group<'d> {
    first: &'d Difference,
    like: Vec<&'d Difference>,
}

/// What makes differences like each other.
#[derive(PartialEq)]
struct Kind<'d> {
    aspect: Aspect,
    only: Option<bool>,
    nsp: Option<&'d str>,
    sent: bool,
    mask: Option<&'d str>,
    what: Option<What>,
}

fn groups<'d>(a: &'d Loaded, b: &'d Loaded, differences: &'d [Difference]) -> Vec<Group<'d>> {
    let kind = |difference: &'d Difference| {
        let of_a = difference.a.and_then(|place| a.side.lines.get(place));
        let of_b = difference.b.and_then(|place| b.side.lines.get(place));
        let line = of_a.or(of_b);
        Kind {
            aspect: difference.aspect,
            only: match (of_a, of_b) {
                (Some(_), None) => Some(true),
                (None, Some(_)) => Some(false),
                _ => None,
            },
            nsp: line.and_then(|line| line.nsp.as_deref()),
            sent: line.is_some_and(Line::is_sent),
            mask: difference.mask.as_deref(),
            what: line.map(|line| line.what),
        }
    };
    let mut groups: Vec<(Kind<'d>, Group<'d>)> = Vec::new();
    for difference in differences {
        let kind = kind(difference);
        let joins = kind.mask.is_some() || (kind.only.is_some() && kind.nsp.is_some());
        match groups.last_mut() {
            Some((before, group)) if joins && *before == kind => group.like.push(difference),
            _ => groups.push((
                kind,
                Group {
                    first: difference,
                    like: Vec::new(),
                },
            )),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn one(
    out: &mut String,
    sides: [&Side; 2],
    comparison: &Comparison,
    group: &Group<'_>,
    context: usize,
    paint: Paint,
) {
    let first = group.first;
    let colour = if first.aspect < Aspect::Order {
        "1;31"
    } else {
        "1;33"
    };
    let mut why = safe(&first.why).into_owned();
    if let Some(last) = group.like.last() {
        let [a, b] = sides;
        let of_a = last.a.and_then(|place| a.lines.get(place));
        let of_b = last.b.and_then(|place| b.lines.get(place));
        let up_to = of_a.or(of_b).map(|line| line.n).unwrap_or_default();
        let whose = if of_a.is_some() { "A" } else { "B" };
        let _ = write!(
            why,
            "; and {} more like it, up to n {up_to} of {whose}",
            group.like.len()
        );
    }
    let _ = writeln!(out);
    let mut lines = broken(&why, COLUMNS - INDENT - first.aspect.name().len()).into_iter();
    let head = paint.on(colour, first.aspect.name());
    let _ = writeln!(out, "{head}  {}", lines.next().unwrap_or_default());
    for line in lines {
        let _ = writeln!(out, "{:INDENT$}{line}", "");
    }
    around(out, sides, comparison, first, context, paint);
    if let Some(mask) = &first.mask {
        let quoted = format!("'{}'", safe(mask).replace('\'', "'\\''"));
        let _ = writeln!(
            out,
            "{:INDENT$}{}",
            "",
            paint.on("2", &format!("no difference with --mask {quoted}"))
        );
    }
}

/// The rows around a difference: those of its namespace, or of its connection's facts.
fn around(
    out: &mut String,
    [a, b]: [&Side; 2],
    comparison: &Comparison,
    difference: &Difference,
    context: usize,
    paint: Paint,
) {
    let of_a = difference.a.and_then(|place| a.lines.get(place));
    let of_b = difference.b.and_then(|place| b.lines.get(place));
    let Some(line) = of_a.or(of_b) else {
        return;
    };
    if line.what == What::Headers || line.what == What::Handshake {
        return; // the sentence says it all
    }
    let line_of = |row: &Row| {
        let of_a = row.a.and_then(|place| a.lines.get(place));
        of_a.or_else(|| row.b.and_then(|place| b.lines.get(place)))
    };
    let near = |row: &&Row| {
        line_of(row).is_some_and(|near| match near.what {
            What::Headers | What::Handshake | What::Websocket => false,
            What::End => true,
            // Around an end stands what was said last, wherever.
            _ => line.what == What::End || near.nsp == line.nsp,
        })
    };
    let rows = &comparison.rows;
    let place = difference.row.min(rows.len());
    let mut before: Vec<&Row> = rows
        .iter()
        .take(place)
        .rev()
        .filter(near)
        .take(context)
        .collect();
    before.reverse();
    let own = rows.get(place);
    let after = rows
        .iter()
        .skip(place.saturating_add(1))
        .filter(near)
        .take(context);
    for row in before.into_iter().chain(own).chain(after) {
        let of_a = row.a.and_then(|place| a.lines.get(place));
        let of_b = row.b.and_then(|place| b.lines.get(place));
        match (of_a, of_b, row.differs) {
            (Some(line), Some(other), false) => {
                let text = format!(
                    "{:INDENT$}  {:>6} {:>6}  {}",
                    "",
                    line.n,
                    other.n,
                    told(line)
                );
                let _ = writeln!(out, "{}", paint.on("2", &cut(&text)));
            }
            (of_a, of_b, differs) => {
                let skip = match (of_a, of_b) {
                    (Some(one), Some(other)) if differs => {
                        common(&covered(&one.form, None), &covered(&other.form, None))
                    }
                    _ => 0,
                };
                if let Some(line) = of_a {
                    let text = format!(
                        "{:INDENT$}A {:>6} {:>6}  {}",
                        "",
                        line.n,
                        "",
                        shown_from(line, skip)
                    );
                    let _ = writeln!(
                        out,
                        "{}",
                        paint.on(if differs { "31" } else { "2" }, &cut(&text))
                    );
                }
                if let Some(line) = of_b {
                    let text = format!(
                        "{:INDENT$}B {:>6} {:>6}  {}",
                        "",
                        "",
                        line.n,
                        shown_from(line, skip)
                    );
                    let _ = writeln!(
                        out,
                        "{}",
                        paint.on(if differs { "32" } else { "2" }, &cut(&text))
                    );
                }
            }
        }
    }
}

/// How many characters two forms have in common at their begin, less a few that tell where one is;
/// 0 where that is not worth it.
fn common(one: &str, other: &str) -> usize {
    const KEPT: usize = 16;
    let alike = (one.chars().zip(other.chars()))
        .take_while(|(one, other)| one == other)
        .count();
    if alike > 2 * KEPT { alike - KEPT } else { 0 }
}

/// As [`told`], with the first `skip` characters of its data left out.
fn shown_from(line: &Line, skip: usize) -> String {
    let plain = matches!(
        line.what,
        What::Event | What::Reply | What::Welcome | What::Refusal
    );
    if skip == 0 || !plain {
        return told(line);
    }
    let rest: String = covered(&line.form, None).chars().skip(skip).collect();
    let form = format!("…{rest}");
    told(&Line {
        form,
        ..line.clone()
    })
}

/// A line in columns.
fn told(line: &Line) -> String {
    let (way, name, data) = line.shown();
    let nsp = line.nsp.as_deref().unwrap_or("");
    let text = format!("{way} {nsp:<8} {name:<20} {data}");
    safe(&text).trim_end().to_owned()
}

fn cut(line: &str) -> String {
    let mut shown: String = line.chars().take(COLUMNS).collect();
    if shown.len() < line.len() {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// Words in lines of at most so many columns.
fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else {
            continue;
        };
        let full = !line.is_empty() && line.chars().count() + 1 + word.chars().count() > columns;
        if full {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

fn masked(a: &Loaded, b: &Loaded, plan: &Plan, paint: Paint) -> String {
    let mut said: Vec<String> = Vec::new();
    for (what, in_a) in &a.side.covered.0 {
        let in_b = b.side.covered.0.get(what).copied().unwrap_or_default();
        said.push(format!("{what} {in_a} and {in_b} times"));
    }
    for (what, in_b) in &b.side.covered.0 {
        if !a.side.covered.0.contains_key(what) {
            said.push(format!("{what} 0 and {in_b} times"));
        }
    }
    let mut out = String::new();
    if !said.is_empty() {
        let hint = if plan.masks.exact {
            ""
        } else {
            " (--exact compares ids and times)"
        };
        let line = format!("Masked in payloads of A and B: {}{hint}.", said.join(", "));
        let _ = writeln!(out, "\n{}", paint.on("2", &line));
    }
    let left_out: Vec<&str> = plan
        .rules
        .ignore
        .iter()
        .map(|aspect| aspect.name())
        .collect();
    if !left_out.is_empty() {
        let _ = writeln!(
            out,
            "{}",
            paint.on("2", &format!("Left out: {}.", left_out.join(", ")))
        );
    }
    out
}
