//! The findings that only a doctor's visit can have, because they follow from requests of its own
//! that no session holds: their names and what they mean. All others bear the name of a rule of
//! [`crate::diagnosis::rules`]. Plain data.

/// Name and meaning of each, in the order of the checks.
pub const FINDINGS: [(&str, &str); 5] = [
    (
        "no-answer",
        "the port is open, and HTTP requests there get no answer",
    ),
    (
        "handshake-refused",
        "the server itself refuses the handshake: `allowRequest`, or a request that it calls bad",
    ),
    (
        "transport-not-offered",
        "the server takes no polling, with which clients begin",
    ),
    (
        "session-lost",
        "requests of a session on other connections are refused, and missing stickiness is not proven",
    ),
    (
        "connection-lifetime",
        "connections are closed after a time, however busy they are (`--idle`)",
    ),
];

/// The table of them, for the README.
pub fn as_markdown() -> String {
    let mut text = String::from("| finding | what it means |\n|---|---|\n");
    for (name, about) in FINDINGS {
        text.push_str(&format!("| `{name}` | {about} |\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::diagnosis::rules::RULES;

    /// The names with which the doctor's files make findings: the text that follows `finding(`.
    fn said(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                said(&path, names);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for after in code.split("finding(").skip(1) {
                if let Some(rest) = after.trim_start().strip_prefix('"') {
                    names.insert(rest.split('"').next().unwrap().to_owned());
                }
            }
        }
    }

    #[test]
    fn each_finding_of_the_doctor_is_a_rules_or_is_listed_as_its_own() {
        let mut names = BTreeSet::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/doctor");
        said(&source, &mut names);
        let own: BTreeSet<String> = names
            .into_iter()
            .filter(|name| !RULES.iter().any(|rule| rule.name == name))
            .collect();
        let listed: BTreeSet<String> = FINDINGS.map(|(name, _)| name.to_owned()).into();
        assert_eq!(own, listed);
    }
}
