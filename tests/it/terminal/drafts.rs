//! Drafts in files, by keys: a row is saved as one, loaded again and sent, and the server sees it.

use std::path::Path;

use portable_pty::CommandBuilder;
use serde_json::json;
use tempfile::TempDir;

use super::screen::{NARROW, Screen, Size, WIDE};
use crate::lab::{Generation, Server, Sioscope};

/// The screen on a server, in a project's folder with these files.
fn start(folder: &Path, files: &[(&str, &str)], args: &[&str], size: Size) -> Screen {
    for (name, text) in files {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sioscope"));
    command.args(args);
    command.cwd(folder);
    let screen = Screen::spawn(command, size);
    // In the pane of the namespaces, or on a narrow screen in the first line.
    screen.wait_for(|text| text.contains("│ ● /  ") || text.contains("1/1 ns"));
    screen
}

/// Esc alone: with a key right behind it, it would be alt and that key.
fn escape(screen: &Screen) {
    screen.after("\x1b", &["? help"]);
}

fn server() -> Server {
    Server::node(Generation::V4, json!({}))
}

#[test]
fn a_row_is_saved_as_a_draft_loaded_by_its_name_and_sent_again() {
    for size in [WIDE, NARROW] {
        let server = server();
        let project = TempDir::new().unwrap();
        let file = project.path().join("sioscope/chat.toml");
        let before = "# mine\n[[draft]]\nname = 'other'\nevent = 'e'\n";
        let files = [("sioscope/chat.toml", before)];
        let mut screen = start(project.path(), &files, &[&server.url()], size);
        let sent = |line: &serde_json::Value| line["saw"] == "event" && line["event"] == "echo";
        screen.type_keys("iecho\t\"it's\", {\"n\":1.5,\"ü\":{\"$binary\":\"AQI=\"}}");
        screen.wait_for_text(&["will send"]);
        screen.type_keys("\r");
        let first = server.expect_next(sent);
        escape(&screen);
        screen.after("fev:echo is:event dir:out\r", &["1 of "]);
        screen.after(
            ":save_draft once more\r",
            &["\"once more\" saved to sioscope/chat.toml"],
        );
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(before), "{text}");
        let drafts = sioscope::collection::parse(&text).unwrap();
        assert_eq!(drafts.len(), 2, "{text}");
        assert_eq!(drafts[1].event, "echo", "{text}");

        // A name that is taken changes nothing.
        screen.after(
            ":save_draft other\r",
            &["sioscope/chat.toml:2:1: there is a draft"],
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

        screen.after(":draft ", &["once more", "other"]);
        screen.after("onc\t\r", &["draft \"once more\""]);
        screen.type_keys("\r");
        let again = server.expect_next(sent);
        assert_eq!(again["args"], first["args"]);
        assert_eq!(again["args"][0], "it's");
        // The command line finds it in the same place.
        let from = file.to_str().unwrap();
        let finished = Sioscope::run(&[
            "emit",
            &server.url(),
            "--from",
            from,
            "once more",
            "--no-record",
        ]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(server.expect_next(sent)["args"], first["args"]);
        escape(&screen);
        screen.type_keys("Q");
        assert_eq!(screen.wait_exit().exit_code(), 0);
    }
}

#[test]
fn variables_are_filled_in_and_a_secret_only_when_it_is_sent() {
    let server = server();
    let project = TempDir::new().unwrap();
    let files = [
        (
            "sioscope/chat.toml",
            "[[draft]]\nname = 'log in'\nevent = 'login'\nargs = ['{{user}}', { p = '{{word}}' }]\n[[draft]]\nname = 'who'\nevent = 'who'\nargs = ['{{nobody}}']\n",
        ),
        (
            "sioscope/lab.env.toml",
            "[vars]\nuser = 'ann'\n[secrets]\nword = 'open-sesame'\n",
        ),
    ];
    let url = server.url();
    let screen = start(project.path(), &files, &[&url, "--env", "lab"], WIDE);
    screen.after(
        ":draft log in\r",
        &[
            "will send 42[\"login\",\"ann\",{\"p\":\"{{word}}\"}]",
            "will be filled in when",
        ],
    );
    assert!(!String::from_utf8_lossy(&screen.raw()).contains("open-sesame"));
    screen.type_keys("\r");
    let seen = server.expect(|line| line["saw"] == "event");
    assert_eq!(seen["args"], json!(["ann", { "p": "open-sesame" }]));
    escape(&screen);
    screen.after(
        ":draft who\r",
        &["nothing sets {{nobody}}: ", "42[\"who\",\"{{nobody}}\"]"],
    );
    escape(&screen);
    // What was sent is kept without its secret.
    screen.after("fev:login is:event\r", &["1 of "]);
    screen.after(":save_draft kept\r", &["with {{word}} as a variable"]);
    let text = std::fs::read_to_string(project.path().join("sioscope/chat.toml")).unwrap();
    assert!(!text.contains("open-sesame"), "{text}");
}

#[test]
fn what_is_not_there_or_wrong_is_said_with_its_place() {
    let server = server();
    let project = TempDir::new().unwrap();
    let url = server.url();
    let screen = start(project.path(), &[], &[&url], WIDE);
    screen.after(
        ":draft greet\r",
        &["there are no drafts yet in sioscope and"],
    );
    screen.type_keys("\x1b");
    screen.wait_for(|text| !text.contains("no drafts yet"));
    let own = "config/collections/drafts.toml";
    screen.after("ihi\t1\r", &["event", "hi"]);
    server.expect(|line| line["event"] == "hi");
    escape(&screen);
    screen.after("fev:hi is:event\r", &["1 of "]);
    screen.after(":save_draft greet\r", &["\"greet\" saved to", own]);
    screen.after(
        ":draft nobody\r",
        &["there is no draft of this name", "greet"],
    );
    screen.type_keys("\x1b");
    screen.wait_for(|text| !text.contains("of this name"));
    let folder = project.path().join("sioscope");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.toml"), "[[draft]]\nname = 'x'\nevnt = 'e'\n").unwrap();
    screen.after(":draft x\r", &["sioscope/a.toml:3:1: unknown key \"evnt\""]);
    screen.after("f\x15is:connect\r", &["is:connect ─"]);
    screen.after(":save_draft x\r", &["only an event can be saved"]);
}
