//! A fix taken apart: the words, and the very lines to change. **Pure.**
//!
//! Lines that are indented by two columns or more, or stand between fences of three backticks,
//! are lines to be written somewhere; everything else is words. Where a fix has no such line,
//! what it puts in backticks is what can be copied.

/// A part of a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A paragraph for the reader.
    Words(String),
    /// Lines as they have to be written, their common indent taken away.
    Lines(Vec<String>),
}

/// The parts of a fix in order.
pub fn parts(fix: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut fenced = false;
    for line in fix.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let indented = line.starts_with("  ") || line.starts_with('\t');
        let blank = line.trim().is_empty();
        if fenced || (indented && !blank) {
            lines.push(line);
            continue;
        }
        flush(&mut lines, &mut parts);
        if !blank {
            parts.push(Part::Words(line.trim().to_owned()));
        }
    }
    flush(&mut lines, &mut parts);
    parts
}

fn flush(lines: &mut Vec<&str>, parts: &mut Vec<Part>) {
    if lines.is_empty() {
        return;
    }
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| indent(line))
        .min()
        .unwrap_or(0);
    let block = lines
        .iter()
        .map(|line| line.get(common..).unwrap_or("").trim_end().to_owned())
        .collect();
    parts.push(Part::Lines(block));
    lines.clear();
}

/// The lines of a fix that are to be written somewhere; empty where it has none.
pub fn lines(fix: &str) -> Vec<String> {
    let blocks: Vec<String> = parts(fix)
        .into_iter()
        .filter_map(|part| match part {
            Part::Lines(lines) => Some(lines),
            Part::Words(_) => None,
        })
        .flatten()
        .collect();
    if !blocks.is_empty() {
        return blocks;
    }
    // Every second piece stands between two backticks; the last one only where it is closed.
    let pieces: Vec<&str> = fix.split('`').collect();
    let closed = pieces.len().saturating_sub(1) / 2;
    pieces
        .iter()
        .skip(1)
        .step_by(2)
        .take(closed)
        .map(|piece| piece.trim().to_owned())
        .filter(|piece| is_line(piece))
        .collect()
}

/// Whether something in backticks can be written somewhere as it stands, and is not just a name.
fn is_line(piece: &str) -> bool {
    piece.contains([' ', ';', ':', '=', '(', '{', '['])
}

/// The lines of a fix that stand in the middle of its words, to be shown as a block of their own.
pub fn inline_lines(fix: &str) -> Vec<String> {
    let has_block = parts(fix).iter().any(|part| matches!(part, Part::Lines(_)));
    if has_block { Vec::new() } else { lines(fix) }
}

/// The whole fix as one line.
pub fn in_one_line(fix: &str) -> String {
    fix.lines()
        .filter(|line| !line.trim_start().starts_with("```"))
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_lines_are_told_apart() {
        let cases = [
            ("raise the timeout", vec![], "raise the timeout"),
            (
                "in nginx:\n  upstream app {\n    ip_hash;\n  }\nthen reload",
                vec!["upstream app {", "  ip_hash;", "}"],
                "in nginx: upstream app { ip_hash; } then reload",
            ),
            (
                "set `ip_hash;` in `upstream` and `keepalive 1;`",
                vec!["ip_hash;", "keepalive 1;"],
                "set `ip_hash;` in `upstream` and `keepalive 1;`",
            ),
            ("an `open end", vec![], "an `open end"),
            (
                "so:\n```nginx\na;\n\nb;\n```",
                vec!["a;", "", "b;"],
                "so: a; b;",
            ),
            ("", vec![], ""),
        ];
        for (fix, wanted, line) in cases {
            assert_eq!(lines(fix), wanted, "{fix:?}");
            assert_eq!(in_one_line(fix), line, "{fix:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken_apart(fix: String) {
            let _ = (parts(&fix), lines(&fix), in_one_line(&fix));
        }
    }
}
