//! The stories of the README, told by the very commands that it shows: each ends in a finding that
//! names the cause and the line to change.

use std::path::Path;
use std::process::Command;

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));

/// What a story printed, and how it ended.
struct Told {
    code: Option<i32>,
    text: String,
}

impl Told {
    /// Tells a story by its command; the program is the one that is tested.
    fn by(words: &[&str]) -> Told {
        let command = format!("./tests/story {}", words.join(" "));
        assert!(
            README.contains(&command),
            "the README does not show {command}"
        );
        let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/story"))
            .args(words)
            .env("SIOSCOPE", env!("CARGO_BIN_EXE_sioscope"))
            .output()
            .expect("bash runs tests/story");
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Told {
            code: output.status.code(),
            text,
        }
    }

    /// It ended with `code`, and in one finding of this rule, whose fix has these words.
    #[track_caller]
    fn ends_in(&self, code: i32, rule: &str, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        let (_, findings) = self.text.split_once("\nFindings\n").expect(&self.text);
        assert!(findings.contains(&format!("({rule})")), "{findings}");
        assert_eq!(findings.matches(" why ").count(), 1, "{findings}");
        // Lines are broken at words.
        let (_, fix) = findings.split_once(" fix ").expect(findings);
        let fix = fix.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(fix.contains(word), "{word} is not in: {fix}");
        }
    }
}

#[test]
fn a_client_that_loops_between_two_servers_is_told_to_stick_to_one() {
    Told::by(&["loop"]).ends_in(0, "no-sticky-session", &["nginx: `ip_hash;`"]);
}

#[test]
fn the_doctor_sees_the_two_servers_too() {
    Told::by(&["loop", "doctor"]).ends_in(1, "no-sticky-session", &["nginx: `ip_hash;`"]);
}

#[test]
fn the_line_that_the_finding_names_cures_it() {
    let told = Told::by(&["loop", "cured"]);
    assert_eq!(told.code, Some(0), "{}", told.text);
    assert!(told.text.contains("    ip_hash;\n"), "{}", told.text);
    assert!(!told.text.contains("\nFindings\n"), "{}", told.text);
}

#[test]
fn a_websocket_that_is_cut_when_idle_is_told_of_the_proxys_time() {
    let fix = ["`proxy_read_timeout 120s;", "pingInterval"];
    Told::by(&["idle"]).ends_in(0, "proxy-idle-timeout", &fix);
}

#[test]
fn a_second_worker_is_told_to_be_sticky() {
    Told::by(&["workers"]).ends_in(0, "no-sticky-session", &["@socket.io/sticky"]);
}
