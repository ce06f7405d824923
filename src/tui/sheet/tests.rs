//! The sheets by keys, and as they look at the sizes that count.

use crate::client::Command;
use crate::journal::record::*;
use crate::tui::bench::{Bench, connected};
use crate::tui::effect::Effect;
use crate::tui::layout::Pane;
use crate::tui::state::Overlay;
use Direction::{ToClient, ToServer};

fn busy(width: u16, height: u16) -> Bench {
    let mut bench = connected(width, height);
    bench.text(30_000, ToClient, r#"424["who","are you"]"#);
    bench.text(31_000, ToClient, r#"425["where"]"#);
    bench.text(31_100, ToServer, r#"435["here"]"#);
    bench.text(32_000, ToServer, r#"428["slow",{"a":1}]"#);
    for (ms, packet) in [(33_000, r#"2["later",1]"#), (34_000, r#"29["and",[2]]"#)] {
        bench.add(
            ms,
            Body::Buffer(Buffer {
                nsp: "/".into(),
                op: BufferOp::Queued,
                packet: packet.into(),
            }),
        );
    }
    bench.settle(38_000);
    bench
}

fn commands(effects: Vec<Effect>) -> Vec<Command> {
    let commands = effects.into_iter().map(|effect| match effect {
        Effect::Command(0, command) => command,
        other => panic!("{other:?}"),
    });
    commands.collect()
}

#[test]
fn each_sheet_is_seen_whole_on_a_wide_screen_and_cut_on_an_ordinary_one() {
    for (width, height) in [(120, 36), (80, 24)] {
        let mut bench = busy(width, height);
        bench.keys("A");
        for name in [
            "acks",
            "asks",
            "buffer",
            "recovery",
            "timeline",
            "statistics",
        ] {
            insta::assert_snapshot!(format!("{name}_{width}"), bench.screen());
            bench.keys("right");
        }
        assert!(bench.screen().contains("▸Acks"), "round the end");
    }
}

#[test]
fn an_empty_session_has_a_word_on_each_sheet_and_the_smallest_screen_takes_them() {
    for (width, height) in [(120, 36), (40, 10)] {
        let mut bench = Bench::new(width, height);
        bench.keys("T");
        assert!(bench.screen().contains("no connection yet"));
        for words in [
            "no event was seen yet",
            "no event of ours has asked for",
            "the server has asked for no ack",
            "nothing waits to be sent",
            "no namespace was joined yet",
        ] {
            bench.keys("right");
            assert!(
                bench.screen().contains(words),
                "{words}\n{}",
                bench.screen()
            );
            bench.keys("enter y G g pagedown a e D s +");
        }
    }
}

#[test]
fn enter_goes_to_the_record_in_the_log() {
    let mut bench = busy(120, 36);
    bench.keys("T enter");
    assert!(bench.state.overlays.is_empty());
    assert_eq!(bench.state.focus, Pane::Frames);
    assert_eq!(bench.tab().log.selected().unwrap().n(), 6, "its opening");
}

#[test]
fn a_waiting_event_is_dropped_held_back_flushed_and_changed() {
    let mut bench = busy(120, 36);
    let waits = |packet: &str| ("/".to_owned(), packet.to_owned());
    let (nsp, packet) = waits(r#"2["later",1]"#);
    assert_eq!(commands(bench.keys("B D")), [], "what is lost is asked for");
    assert!(bench.screen().contains("Drop this event?"));
    assert_eq!(commands(bench.keys("n D")), []);
    assert_eq!(
        commands(bench.keys("y")),
        [Command::Unbuffer { nsp, packet }]
    );
    assert_eq!(commands(bench.keys("H F")), [Command::Hold, Command::Flush]);
    bench.keys("down e");
    assert!(bench.screen().contains(r#""and",[2]"#));
    let (nsp, packet) = waits(r#"29["and",[2]]"#);
    assert_eq!(
        commands(bench.keys("',3' enter")),
        [Command::Rebuffer {
            nsp,
            packet,
            args: r#"["and",[2],3]"#.to_owned()
        }]
    );
    assert!(matches!(
        bench.state.overlays.last(),
        Some(Overlay::Sheet(_))
    ));
}

#[test]
fn a_changed_event_that_is_no_event_is_not_taken() {
    let mut bench = busy(120, 36);
    bench.keys("B e ctrl+u");
    assert!(bench.keys("'{' enter").is_empty());
    assert!(bench.keys("ctrl+u '1,2' enter").is_empty());
    assert!(matches!(
        bench.state.overlays.last(),
        Some(Overlay::Prompt(..))
    ));
}

#[test]
fn a_question_is_answered_and_an_answered_one_once_more() {
    let mut bench = busy(120, 36);
    bench.keys("A right");
    assert_eq!(
        commands(bench.keys("a '1' enter")),
        [Command::Answer {
            nsp: "/".to_owned(),
            id: 4,
            args: "[1]".to_owned()
        }]
    );
    assert_eq!(
        commands(bench.keys("down a enter")),
        [Command::AnswerAgain {
            nsp: "/".to_owned(),
            id: 5,
            args: "[]".to_owned()
        }]
    );
}

#[test]
fn nothing_acts_in_a_saved_session_or_read_only() {
    for readonly in [true, false] {
        let mut bench = busy(120, 36);
        bench.state.readonly = readonly;
        bench.state.tabs[0].live = readonly;
        for keys in ["B D", "H", "F", "e"] {
            assert!(bench.keys(keys).is_empty(), "{keys}");
            assert!(bench.state.notice.take().is_some(), "{keys}");
        }
    }
}

#[test]
fn a_sheet_is_copied_as_lines() {
    let mut bench = busy(120, 36);
    let effects = bench.keys("B y");
    let [Effect::Copy { what, text }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(*what, "Buffer");
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains(r#"2["later",1]"#));
}
