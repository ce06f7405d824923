//! What is secret is sent, and shown nowhere.

use serde_json::Value;

use super::stage::{Project, servers};
use crate::lab::Sioscope;

const DRAFTS: &str = r#"
[[draft]]
name = "wrong on purpose"
event = "echo"
args = [{ user = "{{user}}", word = "{{password}}", pin = "{{pin}}" }, "say {{password}}!"]
expect = { ack = [{ word = "other" }, "{{*}}"] }

[[draft]]
name = "whole"
event = "echo"
args = [{ word = "{{password}}", pin = "{{pin}}" }]
expect = { ack = ["{{password}}"] }

[[draft]]
name = "captured and shown by the server"
event = "login"
args = ["ann"]
capture = { ticket = "reply:login[0].ticket" }
secret = ["ticket"]

[[draft]]
name = "in the reply"
event = "use"
args = [{ ticket = "{{ticket}}" }]
expect = { ack = ["welcome", "another ticket"] }

[[draft]]
name = "in its own reply"
event = "login"
args = ["eve"]
capture = { own = "reply:login[0].ticket" }
secret = ["own"]
expect = { ack = ["nothing like it"] }
"#;

const ENVIRONMENT: &str =
    "[vars]\nuser = 'ann'\n[secrets]\npassword = 'hun\"ter2 é'\npin = 481516\n";

#[test]
fn no_secret_is_printed_or_reported() {
    for server in servers() {
        let project = Project::new(&[("d.toml", DRAFTS), ("e.toml", ENVIRONMENT)]);
        let (env, junit) = (project.path("e.toml"), project.path("junit.xml"));
        let mut said = String::new();
        for args in [
            &["--env", &env, "--junit", &junit][..],
            &["--env", &env, "--json"],
        ] {
            let finished = project.run("d.toml", &server.url(), args);
            assert_eq!(finished.code, Some(1), "{finished:?}");
            said += &finished.stdout;
            said += &finished.stderr;
        }
        said += &project.text("junit.xml");
        assert!(said.contains(r#"got "***""#), "{said}");

        let seen = server.lines();
        let sent: Vec<&Value> = seen.iter().filter(|line| line["saw"] == "event").collect();
        assert_eq!(
            sent[0]["args"][0]["word"], "hun\"ter2 é",
            "it is sent as it is"
        );
        assert_eq!(sent[0]["args"][0]["pin"], 481_516);
        let mut secrets = vec!["ter2".to_owned(), "481516".to_owned(), "eve-".to_owned()];
        for line in sent.iter().filter(|line| line["event"] == "use") {
            let ticket = line["args"][0]["ticket"].as_str().expect("a ticket");
            secrets.push(ticket.to_owned());
        }
        assert_eq!(secrets.len(), 5, "{seen:?}");
        for secret in secrets {
            assert!(!said.contains(&secret), "{secret} shows up:\n{said}");
        }
    }
}

#[test]
fn emit_sends_a_draft_and_masks_what_comes_back() {
    for server in servers() {
        let project = Project::new(&[("d.toml", DRAFTS), ("e.toml", ENVIRONMENT)]);
        let (file, env, url) = (project.path("d.toml"), project.path("e.toml"), server.url());
        let base = ["emit", &url, "--no-record", "--from", &file];
        let finished = Sioscope::run(&[&base[..], &["whole", "--env", &env]].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(finished.stdout, "[{\"word\":\"***\",\"pin\":\"***\"}]\n");
        let seen = server.expect(|line| line["saw"] == "event");
        assert_eq!(seen["args"][0]["word"], "hun\"ter2 é");

        for (args, word) in [
            (&["whole"][..], "nothing sets {{password}}"),
            (&["who?", "--env", &env], "there is no draft \"who?\""),
            (&["--env", &env], "there are several drafts"),
        ] {
            let finished = Sioscope::run(&[&base[..], args].concat());
            assert_eq!(finished.code, Some(2), "{finished:?}");
            assert!(finished.stderr.contains(word), "{finished:?}");
        }
    }
}

#[test]
fn a_draft_s_namespace_is_the_one_that_emit_joins() {
    for server in servers() {
        let text = "[[draft]]\nname='room'\nnsp='/chat'\nevent='join'\nargs=['{{room}}']\nack=true";
        let project = Project::new(&[("one.toml", text)]);
        let file = project.path("one.toml");
        let finished = Sioscope::run(&[
            "emit",
            &server.url(),
            "--no-record",
            "--from",
            &file,
            "--var",
            "room=7",
        ]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(finished.stdout, "[7]\n");
    }
}
