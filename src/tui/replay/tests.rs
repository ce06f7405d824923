use std::sync::Arc;

use super::*;
use crate::replay::play::player::Progress;
use crate::tui::any_key::press;
use crate::tui::bench::connected;
use crate::tui::effect::Effect;

/// Words, and a payload where there is a list in it.
fn saying(text: &str) -> Saying {
    let (words, json) = text.split_at(text.find(" [").unwrap_or(text.len()));
    Saying {
        words: words.to_owned(),
        json: json.trim_start().to_owned(),
    }
}

fn row(ms: u64, up: bool, recorded: &str, live: Live) -> Row {
    Row {
        at: ms * 1_000,
        up,
        recorded: Some((ms, saying(recorded))),
        live,
    }
}

fn view() -> View {
    let came = |text: &str, likeness| Live::Came(9, saying(text), likeness);
    let mut rows = vec![
        row(0, false, "/ connected", came("/ connected", Likeness::Same)),
        row(5, true, "emit login [\"ann\"]", Live::Sent),
        row(
            25,
            false,
            "ack of login [{\"token\":\"a1\",\"at\":1}]",
            came(
                "ack of login [{\"token\":\"b2\",\"at\":2}]",
                Likeness::Alike,
            ),
        ),
        row(
            30,
            false,
            "event motd [\"hello\"]",
            came("event motd [\"good day\"]", Likeness::Differs),
        ),
        row(900, true, "emit noise []", Live::Skipped),
        row(
            1_200,
            true,
            "emit say [\"room\",\"hi\u{1b}[31m\"]",
            Live::Open,
        ),
        row(1_250, false, "event said [\"hi\"]", Live::Open),
    ];
    rows.push(Row {
        at: u64::MAX,
        up: false,
        recorded: None,
        live: came("event motd [\"maintenance at noon\"]", Likeness::Differs),
    });
    View {
        progress: Progress {
            steps: (2, 3),
            skipped: 1,
            answers: (0, 0),
            replies: (2, 3),
            extra: 1,
        },
        rows,
        hidden: (0, 0),
        now: Some(5),
        asks: true,
        ended: None,
        well: true,
    }
}

#[test]
fn recorded_and_live_stand_side_by_side_with_how_far_it_is() {
    for (width, height, name) in [(120, 36, "replay_wide"), (80, 24, "replay_narrow")] {
        let mut bench = connected(width, height);
        bench.settle(38_000);
        bench.state.tabs[0].replay = Some(Arc::new(view()));
        bench.keys("R");
        let screen = bench.screen();
        assert!(!screen.contains('\u{1b}'), "{screen}");
        insta::assert_snapshot!(name, screen);
    }
}

#[test]
fn keys_go_to_the_player_while_it_asks() {
    let mut bench = connected(120, 36);
    bench.state.tabs[0].replay = Some(Arc::new(view()));
    bench.keys("R");
    let said = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Replay(0, said)] => Some(*said),
        _ => None,
    };
    assert_eq!(said(bench.keys("enter")), Some(Said::Next));
    assert_eq!(said(bench.keys("s")), Some(Said::Skip));
    assert_eq!(said(bench.keys("a")), Some(Said::All));
    assert_eq!(said(bench.keys("x")), Some(Said::Quit));
    let mut over = view();
    over.ended = Some("no difference".to_owned());
    bench.state.tabs[0].replay = Some(Arc::new(over));
    assert_eq!(said(bench.keys("enter")), None);
    assert!(bench.screen().contains("✓ no difference"));
    bench.keys("esc");
    assert!(!bench.screen().contains("Replay"));
}

#[test]
fn it_can_be_scrolled_to_its_ends_and_drawn_at_any_size() {
    let mut replay = Replay::default();
    let view = view();
    for key in ["G", "G", "g", "j", "k"] {
        press(&mut replay, key, |replay, key| {
            replay.update(key, &view);
        });
        for (width, height) in [(1, 1), (10, 3), (40, 10), (150, 50)] {
            let screen = Rect::new(0, 0, width, height);
            let mut buf = Buffer::empty(screen);
            replay.draw(&view, false, screen, &mut buf, &Theme::embedded("dark"));
        }
    }
}

#[test]
fn secrets_are_covered_in_both_columns_until_they_are_asked_for() {
    let mut bench = connected(120, 36);
    bench.state.tabs[0].replay = Some(Arc::new(view()));
    bench.keys("R");
    let screen = bench.screen();
    assert!(!screen.contains("a1") && !screen.contains("b2"), "{screen}");
    assert!(screen.contains("\"token\":\"•••\",\"at\":1"), "{screen}");
    bench.state.secrets = true;
    let screen = bench.screen();
    assert!(screen.contains("a1") && screen.contains("b2"), "{screen}");
}

#[test]
fn what_is_said_at_the_end_is_read_to_its_end() {
    let words = "reply: the reply to \"greet\" on / differs: [0].text was \"hello ann\" and is \
                 \"good day ann\" (record 12, live 14) (and 2 more)";
    for (width, height) in [(120, 36), (80, 24)] {
        let mut bench = connected(width, height);
        let mut over = view();
        (over.ended, over.well) = (Some(words.to_owned()), false);
        bench.state.tabs[0].replay = Some(Arc::new(over));
        bench.keys("R");
        let screen = bench.screen();
        for word in ["✗ reply:", "hello ann", "live 14)", "more)"] {
            assert!(screen.contains(word), "{width} {word}: {screen}");
        }
    }
}
