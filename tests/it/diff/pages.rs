//! What is said to people: the page, and what can't be read or understood.

use std::fs;

use serde_json::json;

use super::{Folder, talk};
use crate::lab::{Generation, Lab, Sioscope};

#[test]
fn the_page_names_the_sessions_the_first_difference_and_the_lines_around_it() {
    let folder = Folder::new();
    let server = Lab::server(Generation::V4, json!({}));
    let [a, b] = [1, 2].map(|run| {
        let mut commands = talk();
        commands.truncate(4);
        commands.insert(2, json!({ "emit": ["echo", { "run": run }], "ack": true }));
        let name = format!("run{run}");
        let file = folder.record(
            &name,
            &server.url(),
            &["--transports", "websocket"],
            &commands,
        );
        file.to_str().expect("a path of text").to_owned()
    });
    let page = Sioscope::run(&["diff", &a, &b]);
    assert_eq!(page.code, Some(1), "{page:?}");
    let text = &page.stdout;
    for said in [
        a.as_str(),
        b.as_str(),
        "✗ 3 differences",
        "sent  the client sent another \"echo\" (2nd of 3): [0].run is 1 in A and 2 in B",
        "no difference with --mask 'echo[0].run'",
        "[{\"run\":1}]",
        "[{\"run\":2}]",
        "The rest:",
        "reply  the reply to \"echo\" (2nd of 3) differs",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    // No colours where stdout is no terminal.
    assert!(!text.contains('\x1b'), "{text}");
    let same = Sioscope::run(&["diff", &a, &a]);
    assert_eq!(same.code, Some(0));
    assert!(same.stdout.contains("✓ No difference"), "{}", same.stdout);
}

#[test]
fn what_is_no_session_or_no_path_gets_a_clear_word_and_code_2() {
    let folder = Folder::new();
    let text = folder.0.path().join("notes.txt");
    fs::write(&text, "milk\nbread\n").expect("a file");
    let text = text.to_str().expect("a path of text");
    let sound = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/demo.sio.jsonl");
    for (args, word) in [
        (
            &["diff", sound, text][..],
            "notes.txt: it is no session file",
        ),
        (&["diff", "nowhere.sio.jsonl", sound], "nowhere.sio.jsonl"),
        (&["diff", sound], "<B>"),
        (
            &["diff", sound, sound, "--mask", "say."],
            "--mask: a member's name is missing after the dot, at column 5",
        ),
        (&["diff", sound, sound, "--ignore", "colour"], "headers"),
    ] {
        let finished = Sioscope::run(args);
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert!(
            finished.stderr.contains(word),
            "{args:?}: {}",
            finished.stderr
        );
        assert_eq!(finished.stdout, "", "{args:?}");
    }
}

#[test]
fn a_cut_session_is_compared_as_far_as_it_goes_and_that_is_said() {
    let folder = Folder::new();
    let sound = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/demo.sio.jsonl");
    let whole = fs::read(sound).expect("the demo's session");
    let cut = folder.0.path().join("cut.sio.jsonl");
    fs::write(&cut, &whole[..whole.len() - 20]).expect("a file");
    let cut = cut.to_str().expect("a path of text");
    let page = Sioscope::run(&["diff", sound, cut]);
    assert!(
        page.stdout.contains("its last line was cut off"),
        "{}",
        page.stdout
    );
    let json = Sioscope::run(&["diff", sound, cut, "--json"]);
    assert!(
        json.stderr.contains("its last line was cut off"),
        "{}",
        json.stderr
    );
}
