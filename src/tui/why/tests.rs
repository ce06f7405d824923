//! From the finding to its proofs, by keys, and what is seen of it at the sizes that count.

use crate::journal::record::Finding;
use crate::tui::bench::{Bench, connected};
use crate::tui::effect::Effect;
use crate::tui::layout::Pane;
use crate::tui::state::{Overlay, Tone};

/// Two findings about [`connected`]: a refusal, and a thing for information.
fn findings() -> Vec<Finding> {
    vec![
        Finding {
            rule: "compression".into(),
            severity: "info".into(),
            title: "the WebSocket carries messages uncompressed".into(),
            evidence: vec![3],
            why: "The server did not take up permessage-deflate.".into(),
            fix: String::new(),
        },
        Finding {
            rule: "namespace-refused".into(),
            severity: "error".into(),
            title: "the server refuses /admin: authentication error".into(),
            evidence: vec![9, 14, 2],
            why: "The server answered CONNECT with CONNECT_ERROR. Its message comes from a \
                  middleware of that namespace: io.of(\"/admin\").use(…) called next(new Error(…))."
                .into(),
            fix: "Give the token that the middleware asks for:\n  sioscope URL -n \
                  '/admin={\"token\":\"…\"}'\n  io(\"/admin\", { auth: { token } })"
                .into(),
        },
    ]
}

fn found(width: u16, height: u16) -> Bench {
    let mut bench = connected(width, height);
    bench.settle(38_000);
    bench.state.tabs[0].take_findings(&findings());
    bench.state.tell_of_findings(0);
    bench.settle(38_000);
    bench
}

fn selected(bench: &Bench) -> u64 {
    bench.tab().log.selected().unwrap().n()
}

fn said(bench: &Bench) -> String {
    let notice = bench.state.notice.as_ref();
    notice.map(|notice| notice.text.clone()).unwrap_or_default()
}

#[test]
fn the_pane_shows_the_worst_first_with_its_fix() {
    let mut bench = found(120, 36);
    insta::assert_snapshot!("pane_wide", bench.screen());
    bench.resize(80, 24);
    bench.settle(38_000);
    insta::assert_snapshot!("told_narrow", bench.screen());
    bench.keys("4");
    insta::assert_snapshot!("pane_narrow", bench.screen());
}

#[test]
fn the_close_look_shows_why_the_proofs_and_the_lines_to_change() {
    let mut bench = found(120, 36);
    bench.keys("4 enter");
    insta::assert_snapshot!("why_wide", bench.screen());
    bench.resize(80, 24);
    insta::assert_snapshot!("why_narrow", bench.screen());
    bench.resize(40, 10);
    bench.keys("down");
    let screen = bench.screen();
    assert!(screen.contains("▸ #14"), "{screen}");
}

#[test]
fn a_new_finding_is_told_and_moves_nothing_that_is_read() {
    let mut bench = connected(80, 24);
    bench.settle(38_000);
    bench.keys("k k k");
    let before = (bench.tab().log.seen().0, selected(&bench));
    bench.state.tabs[0].take_findings(&findings());
    bench.state.tell_of_findings(0);
    bench.settle(38_000);
    assert_eq!((bench.tab().log.seen().0, selected(&bench)), before);
    let screen = bench.screen();
    assert!(screen.contains("✗ 1 new"), "{screen}");
    assert!(
        said(&bench).contains("the server refuses /admin"),
        "{}",
        said(&bench)
    );
    assert_eq!(bench.state.notice.as_ref().unwrap().tone, Tone::Bad);
    bench.keys("4");
    let screen = bench.screen();
    assert!(
        !screen.contains("new"),
        "looked at, it is new no more: {screen}"
    );
}

#[test]
fn what_was_told_goes_with_its_finding_and_is_said_anew_when_it_changes() {
    let mut bench = found(120, 36);
    let mut later = findings();
    later[1].title = "the server refuses /admin: authentication error (twice)".into();
    bench.state.tabs[0].take_findings(&later);
    assert!(bench.state.tell_of_findings(0));
    assert!(said(&bench).contains("(twice)"), "{}", said(&bench));
    bench.state.tabs[0].take_findings(&later[..1]);
    assert!(bench.state.tell_of_findings(0));
    assert!(bench.state.notice.is_none(), "{}", said(&bench));
    // What was said of a key stays.
    bench.state.say(Tone::Good, "copied");
    bench.state.tabs[0].take_findings(&later);
    bench.state.tell_of_findings(0);
    assert_eq!(said(&bench), "copied");
}

#[test]
fn what_is_for_information_raises_no_alarm() {
    let mut bench = connected(80, 24);
    bench.state.tabs[0].take_findings(&findings()[..1]);
    bench.state.tell_of_findings(0);
    bench.settle(38_000);
    assert!(bench.state.notice.is_none());
    let screen = bench.screen();
    assert!(!screen.contains("i 1"), "{screen}");
}

#[test]
fn enter_goes_to_the_proof_and_n_walks_on_and_esc_comes_back() {
    let mut bench = found(120, 36);
    bench.keys("4 k enter enter");
    assert!(bench.state.overlays.is_empty());
    assert_eq!((bench.state.focus, selected(&bench)), (Pane::Frames, 9));
    assert!(bench.screen().contains("evidence 1 of 3"));
    bench.keys("n");
    assert_eq!(selected(&bench), 14);
    bench.keys("n");
    let words = said(&bench);
    assert!(
        words.contains("#2 has no row at this level; v shows more"),
        "{words}"
    );
    bench.keys("v");
    assert_eq!(
        selected(&bench),
        2,
        "the wanted row is selected as soon as it is there"
    );
    bench.keys("N");
    assert_eq!(selected(&bench), 14);
    bench.keys("esc");
    assert!(matches!(bench.state.overlays.last(), Some(Overlay::Why(why)) if why.chosen == 1));
    bench.keys("esc");
    assert_eq!(
        (bench.state.focus, bench.state.overlays.len()),
        (Pane::Findings, 0)
    );
}

#[test]
fn a_proof_behind_the_filter_is_said_to_be_and_shown_without_it() {
    let mut bench = found(120, 36);
    bench.keys("f 'is:ping' enter 4 k enter enter");
    let words = said(&bench);
    assert!(
        words.contains("#9 is held back by the filter is:ping; ! switches it off"),
        "{words}"
    );
    bench.keys("!");
    assert_eq!(selected(&bench), 9);
}

#[test]
fn n_in_the_pane_begins_the_walk_and_a_search_ends_it() {
    let mut bench = found(120, 36);
    bench.keys("4 k n");
    assert_eq!(selected(&bench), 9);
    bench.keys("/ 'room1' enter");
    assert!(bench.tab().walk.is_none());
    bench.keys("g n");
    assert_ne!(selected(&bench), 14);
}

#[test]
fn a_finding_is_copied_as_markdown_and_its_lines_alone() {
    let mut bench = found(120, 36);
    let effects = bench.keys("4 k enter y");
    let [
        Effect::Copy {
            what: "finding",
            text,
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    insta::assert_snapshot!("markdown", text);
    let effects = bench.keys("Y");
    let [Effect::Copy { text, .. }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(
        text,
        "sioscope URL -n '/admin={\"token\":\"…\"}'\nio(\"/admin\", { auth: { token } })"
    );
    bench.keys("esc");
    let effects = bench.keys("y");
    let [
        Effect::Copy {
            what: "finding",
            text,
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    assert!(text.contains("- #14"), "{text}");
}

#[test]
fn what_is_looked_at_stays_in_sight_whatever_the_diagnosis_says_anew() {
    let mut bench = found(120, 36);
    bench.keys("4 enter down");
    let mut now = findings();
    now[1].title = "the server refuses /admin (3 times)".into();
    now.insert(
        0,
        Finding {
            rule: "another".into(),
            title: "something else".into(),
            severity: "error".into(),
            ..now[0].clone()
        },
    );
    bench.state.tabs[0].take_findings(&now);
    bench.settle(38_000);
    let screen = bench.screen();
    assert!(screen.contains("(3 times)"), "{screen}");
    assert!(screen.contains("▸ #14"), "{screen}");
    assert_eq!(bench.tab().finding, 2);
    // One that gave way to another is closed.
    bench.state.tabs[0].take_findings(&now[..1]);
    bench.settle(38_000);
    assert!(bench.state.overlays.is_empty());
}

#[test]
fn evidence_that_grows_is_read_while_it_is_looked_at() {
    let mut bench = found(120, 36);
    bench.keys("4 k enter");
    bench.state.tabs[0].findings[1].evidence.push(17);
    bench.settle(38_000);
    let screen = bench.screen();
    assert!(
        screen.contains("4 records") && screen.contains("room1"),
        "{screen}"
    );
}

#[test]
fn secrets_in_the_proofs_are_covered_on_the_screen_and_in_the_copy() {
    let mut bench = connected(120, 36);
    bench.state.tabs[0].take_findings(&[Finding {
        evidence: (1..=22).collect(),
        ..findings().remove(0)
    }]);
    bench.settle(38_000);
    let effects = bench.keys("4 enter y");
    assert!(!bench.screen().contains("verysecret"), "{}", bench.screen());
    assert!(
        !format!("{effects:?}").contains("verysecret"),
        "{effects:?}"
    );
}

#[test]
fn no_size_and_no_key_makes_it_panic() {
    let mut bench = found(120, 36);
    bench.keys("4 enter");
    for (width, height) in [(1, 1), (40, 10), (41, 11), (80, 24), (200, 60)] {
        bench.resize(width, height);
        for key in [
            "j", "j", "j", "j", "pagedown", "G", "k", "pageup", "g", "l", "h", "ctrl+d",
        ] {
            bench.keys(key);
            let _ = bench.screen();
        }
    }
}

#[test]
fn of_a_poll_with_many_packets_the_one_that_proves_it_is_shown_and_selected() {
    use crate::journal::record::{Body, Request, Response};
    let mut bench = connected(120, 36);
    bench.add(
        38_500,
        Body::Request(Request {
            x: 900,
            method: "GET".into(),
            url: "http://localhost:3000/socket.io/?EIO=4&transport=polling&sid=s".into(),
            ..Request::default()
        }),
    );
    let n = bench.add(
        38_501,
        Body::Response(Response {
            x: 900,
            status: 200,
            body: "42[\"hello\"]\u{1e}44/deny,{\"message\":\"closed\"}".into(),
            ..Response::default()
        }),
    );
    bench.settle(39_000);
    let mut finding = findings().remove(1);
    finding.evidence = vec![n];
    bench.state.tabs[0].take_findings(&[finding]);
    bench.keys("4 enter");
    bench.settle(39_000);
    let screen = bench.screen();
    let line = screen
        .lines()
        .find(|line| line.contains(&format!("▸ #{n}")));
    assert!(line.is_some_and(|line| line.contains("/deny")), "{screen}");
    bench.keys("enter");
    bench.settle(39_000);
    let screen = bench.screen();
    let id = bench.tab().log.selected().unwrap();
    assert_eq!((id.n(), id.index()), (n, 2), "its second packet: {screen}");
}
