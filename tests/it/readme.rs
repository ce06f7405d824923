//! What the README repeats is made from the tables in the code, and stays equal to them.

use sioscope::model::filter;
use sioscope::tui::keymap::Keymap;

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));

fn holds(table: &str, what: &str) {
    assert!(
        README.contains(table.trim()),
        "README.md has another {what} than the code; it should be:\n\n{table}"
    );
}

#[test]
fn its_keys_are_those_of_the_keymap() {
    holds(&Keymap::default().as_markdown(), "table of keys");
}

#[test]
fn its_filter_keys_are_those_of_the_language() {
    holds(&filter::as_markdown(), "table of filter keys");
}

#[test]
fn its_faults_are_those_of_the_catalogue() {
    holds(&sioscope::faults::as_markdown(), "table of faults");
}

#[test]
fn its_rules_are_those_of_the_diagnosis() {
    holds(&sioscope::diagnosis::rules::as_markdown(), "table of rules");
}

#[test]
fn its_findings_of_the_doctor_are_those_that_only_the_doctor_has() {
    holds(
        &sioscope::doctor::own::as_markdown(),
        "table of the doctor's findings",
    );
}

#[test]
fn its_themes_are_those_that_are_built_in() {
    let names: Vec<String> = sioscope::tui::theme::Theme::names(None)
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    holds(&names.join(", "), "list of themes");
}

#[test]
fn its_commands_are_offered_by_the_program() {
    let help = crate::lab::Sioscope::run(&["--help"]).stdout;
    for command in [
        "stream",
        "emit",
        "run",
        "replay",
        "open",
        "sessions",
        "export",
        "demo",
        "doctor",
        "tap",
        "diff",
        "mock",
        "completions",
        "man",
        "themes",
        "keys",
    ] {
        assert!(
            help.contains(command),
            "--help does not name {command}:\n{help}"
        );
        assert!(
            README.contains(&format!("sioscope {command}")),
            "README.md does not show `sioscope {command}`"
        );
    }
}

#[test]
fn its_plan_of_faults_is_one() {
    let (_, rest) = README.split_once("```toml\n").expect("a plan");
    let (plan, _) = rest.split_once("```").expect("its end");
    assert!(plan.contains("[[rule]]"), "{plan}");
    sioscope::faults::Plan::parse(plan).unwrap();
}

#[test]
fn its_drafts_are_a_collection() {
    let (_, rest) = README
        .split_once("```toml\n[[draft]]")
        .expect("some drafts");
    let (drafts, _) = rest.split_once("```").expect("their end");
    let drafts = sioscope::collection::parse(&format!("[[draft]]{drafts}")).unwrap();
    assert_eq!(drafts.len(), 2);
    assert_eq!(drafts[0].mentions(), ["user", "password"]);
    assert_eq!(drafts[1].within_ms, Some(2000));
}
