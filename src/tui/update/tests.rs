//! Keys in, state and effects out.

use super::*;
use crate::client::Command;
use crate::journal::record::Direction;
use crate::tui::bench::{Bench, connected};
use crate::tui::config::Level;
use crate::tui::remembered::Remembered;
use crate::tui::state::Overlay;

fn bench() -> Bench {
    let mut bench = connected(120, 36);
    bench.settle(38_000);
    bench
}

fn selected(bench: &Bench) -> u64 {
    bench.tab().log.selected().unwrap().n()
}

#[test]
fn moving_up_stops_following_and_the_end_follows_again() {
    let mut bench = bench();
    let last = selected(&bench);
    assert!(bench.tab().log.follows());
    bench.keys("k k");
    assert!(!bench.tab().log.follows());
    assert!(selected(&bench) < last);
    bench.keys("G");
    assert!(bench.tab().log.follows());
    assert_eq!(selected(&bench), last);
    bench.keys("g");
    assert_eq!(bench.tab().log.selected_at(), Some(0));
}

#[test]
fn an_event_and_its_ack_point_to_each_other() {
    let mut bench = bench();
    bench.keys("f 'is:event dir:out' enter");
    let question = selected(&bench);
    bench.keys("!");
    bench.keys("5 k");
    bench.state.tabs[0].log.select_record(question);
    bench.settle(38_000);
    bench.keys("enter");
    assert_eq!(bench.state.focus, Pane::Detail);
    bench.keys("enter");
    let answer = selected(&bench);
    assert!(answer > question, "{answer} is the ack's frame");
    bench.settle(38_000);
    bench.keys("enter");
    assert_eq!(selected(&bench), question);
}

#[test]
fn a_filter_is_put_in_force_switched_off_and_a_mistake_keeps_the_one_before() {
    let mut bench = bench();
    let all = bench.tab().log.len();
    bench.keys("f 'is:event' enter");
    let events = bench.tab().log.len();
    assert_eq!(events, 2);
    bench.keys("!");
    assert_eq!(bench.tab().log.len(), all);
    bench.keys("!");
    assert_eq!(bench.tab().log.len(), events);
    bench.keys("f ctrl+u 'is:nonsense' enter");
    assert!(
        matches!(bench.state.overlays.last(), Some(Overlay::Prompt(..))),
        "the prompt stays open"
    );
    assert_eq!(bench.tab().log.len(), events);
    bench.keys("esc esc");
    assert_eq!(bench.tab().filter.active().unwrap().source(), "is:event");
}

#[test]
fn a_search_goes_from_hit_to_hit_and_esc_ends_it() {
    let mut bench = bench();
    bench.keys("g / 'room1' enter");
    let hit = selected(&bench);
    assert_eq!(bench.tab().log.count(crate::tui::log::Spot::Hit), 1);
    bench.keys("g n");
    assert_eq!(selected(&bench), hit);
    bench.keys("esc");
    assert!(bench.tab().search.is_none());
}

#[test]
fn what_acts_on_the_server_asks_once() {
    let mut bench = bench();
    assert!(bench.keys("d").is_empty());
    assert!(matches!(
        bench.state.overlays.last(),
        Some(Overlay::Confirm(..))
    ));
    assert!(bench.keys("esc").is_empty());
    let effects = bench.keys("d y");
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Command(0, Command::Disconnect)]
        ),
        "{effects:?}"
    );
    let effects = bench.keys(": 'disconnect' enter");
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Command(0, Command::Disconnect)]
        ),
        "{effects:?}"
    );
    assert!(bench.state.overlays.is_empty());
}

#[test]
fn breaking_asks_once_and_a_typed_fault_is_its_own_answer() {
    use crate::faults::Fault;
    let mut bench = bench();
    assert!(bench.keys("x 'drop' enter").is_empty());
    assert!(matches!(
        bench.state.overlays.last(),
        Some(Overlay::Break(..))
    ));
    let effects = bench.keys("enter");
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Command(0, Command::Fault(Fault::Drop))]
        ),
        "{effects:?}"
    );
    assert!(bench.state.overlays.is_empty());
    let effects = bench.keys(": 'break delay:200' enter");
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Command(0, Command::Fault(Fault::Delay(200)))]
        ),
        "{effects:?}"
    );
    let effects = bench.keys(": 'break clear' enter");
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Command(0, Command::ClearFaults)]
        ),
        "{effects:?}"
    );
    bench.state.readonly = true;
    assert!(bench.keys(": 'break drop' enter esc").is_empty());
}

#[test]
fn read_only_takes_those_keys_away_and_says_so() {
    let mut bench = bench();
    bench.state.readonly = true;
    for key in ["d", "i", "r", "a", "J", "L", "x"] {
        assert!(bench.keys(key).is_empty(), "{key}");
        assert!(bench.state.overlays.is_empty(), "{key}");
        assert_eq!(bench.state.focus, Pane::Frames, "{key}");
        assert!(
            bench
                .state
                .notice
                .take()
                .unwrap()
                .text
                .contains("read-only"),
            "{key}"
        );
    }
    for effect in bench.keys("c : 'leave /chat' enter") {
        assert!(!matches!(effect, Effect::Command(..)), "{effect:?}");
    }
}

#[test]
fn an_event_is_composed_sent_and_kept_as_the_next_draft() {
    let mut bench = bench();
    let effects = bench.keys("i 'say' tab '\"room\", 1' enter");
    let [Effect::Command(0, Command::Emit(emit))] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(emit.nsp, "/");
    assert_eq!(
        emit.args,
        r#"["say","room", 1]"#.replace(", ", ","),
        "as it stands"
    );
    assert_eq!(bench.state.focus, Pane::Compose);
    bench.keys("esc");
    assert_eq!(bench.state.focus, Pane::Frames);
}

#[test]
fn any_event_becomes_a_draft() {
    let mut bench = bench();
    bench.keys("f 'ev:say' enter r");
    assert_eq!(bench.state.focus, Pane::Compose);
    let draft = bench.tab().composer.draft();
    assert_eq!((draft.nsp.as_str(), draft.event.as_str()), ("/chat", "say"));
    assert!(draft.ack);
}

#[test]
fn a_question_of_the_server_is_answered() {
    let mut bench = connected(120, 36);
    bench.text(
        31_000,
        Direction::ToClient,
        r#"42/chat,3["ask","how are you?"]"#,
    );
    bench.settle(38_000);
    bench.keys("k a");
    let effects = bench.keys("ctrl+j");
    let effects = if effects.is_empty() {
        bench.keys("enter")
    } else {
        effects
    };
    assert!(
        matches!(effects.as_slice(), [Effect::Command(0, Command::Answer { nsp, id: 3, .. })] if nsp == "/chat"),
        "{effects:?}"
    );
}

#[test]
fn a_mark_is_made_and_found_again() {
    let mut bench = bench();
    let effects = bench.keys("m 'deploy began' enter");
    assert!(
        matches!(effects.as_slice(), [Effect::Command(0, Command::Mark { text })] if text == "deploy began"),
        "{effects:?}"
    );
    let n = bench.add_on(
        39_000,
        None,
        crate::journal::record::Body::Mark(crate::journal::record::Mark {
            text: "deploy began".into(),
        }),
    );
    bench.settle(40_000);
    bench.keys("g u");
    assert_eq!(selected(&bench), n);
}

#[test]
fn each_level_shows_more_and_keeps_the_selection() {
    let mut bench = bench();
    bench.keys("f 'is:event dir:out' enter !");
    let n = selected(&bench);
    bench.state.tabs[0].log.select_record(n);
    let mut rows = vec![bench.tab().log.len()];
    bench.keys("v");
    assert_eq!(bench.state.level, Level::Frames);
    rows.push(bench.tab().log.len());
    bench.keys("v");
    assert_eq!(
        bench.tab().log.len() as u64,
        bench.readers[0].1.len(),
        "raw: a row each record"
    );
    assert_eq!(selected(&bench), n);
    assert!(rows[1] > rows[0], "{rows:?}");
}

#[test]
fn the_last_step_back_asks_before_it_closes_a_connection() {
    let mut bench = bench();
    bench.keys("6 z");
    assert!(bench.keys("q").is_empty());
    assert!(!bench.state.zoom);
    assert!(bench.keys("q").is_empty());
    assert_eq!(bench.state.focus, Pane::Frames);
    assert!(bench.keys("q").is_empty(), "asked first");
    assert!(matches!(bench.keys("y").as_slice(), [Effect::Quit(0)]));
    assert!(matches!(bench.keys("Q").as_slice(), [Effect::Quit(0)]));
}

#[test]
fn tab_walks_the_panes_both_ways() {
    let mut bench = bench();
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(bench.state.focus);
        bench.keys(if bench.state.focus == Pane::Compose {
            "esc 1"
        } else {
            "tab"
        });
    }
    assert_eq!(
        seen,
        [
            Pane::Frames,
            Pane::Detail,
            Pane::Compose,
            Pane::Connection,
            Pane::Namespaces,
            Pane::Reconnects
        ]
    );
}

#[test]
fn a_click_focuses_and_selects_and_the_wheel_scrolls() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mut bench = bench();
    let slot = *bench.state.layout().slot(Pane::Frames).unwrap();
    let event = |kind, column, row| {
        Event::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: crossterm::event::KeyModifiers::NONE,
        })
    };
    update(
        &mut bench.state,
        event(
            MouseEventKind::Down(MouseButton::Left),
            slot.inner.x + 5,
            slot.inner.y + 1,
        ),
    );
    let (top, _) = bench.tab().log.seen();
    assert_eq!(bench.tab().log.selected_at(), Some(top + 1));
    update(
        &mut bench.state,
        event(MouseEventKind::Down(MouseButton::Left), 3, 8),
    );
    assert_ne!(bench.state.focus, Pane::Frames);
    let side = bench.state.layout().divide.unwrap();
    update(
        &mut bench.state,
        event(MouseEventKind::Down(MouseButton::Left), side, 5),
    );
    update(
        &mut bench.state,
        event(MouseEventKind::Drag(MouseButton::Left), side + 8, 5),
    );
    update(
        &mut bench.state,
        event(MouseEventKind::Up(MouseButton::Left), side + 8, 5),
    );
    assert_eq!(bench.state.layout().divide, Some(side + 8));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]
    #[test]
    fn no_row_of_keys_makes_it_panic(
        keys in proptest::collection::vec(0usize..60, 1..40),
        width in 1u16..160,
        height in 1u16..50,
    ) {
        const KEYS: [&str; 60] = [
            "j", "k", "h", "l", "g", "G", "tab", "shift+tab", "enter", "esc", "1", "2", "3", "4", "5", "6",
            "/", "f", "!", "F", "space", "i", "r", "a", "J", "L", "c", "d", "x", "m", "u", "U", "e", "E",
            "y", "w", "z", "t", "v", ":", "?", "p", "P", "S", "n", "N", "up", "down", "left", "right",
            "pageup", "pagedown", "ctrl+u", "ctrl+d", "backspace", "alt+enter", "ctrl+r", "'{['", "'say'", "[",
        ];
        let mut bench = connected(width, height);
        bench.settle(38_000);
        for key in keys {
            bench.keys(KEYS[key]);
            let _ = bench.screen();
        }
    }
}

#[test]
fn a_packet_is_pinned_beside_the_next_ones() {
    let mut bench = connected(120, 36);
    bench.settle(38_000);
    bench.keys("g b down");
    let (pinned, now) = (
        bench.tab().pinned.as_ref().unwrap().id,
        bench.tab().detail.id,
    );
    assert_ne!(pinned, now);
    insta::assert_snapshot!("pinned", bench.screen());
    bench.keys("up b");
    assert!(bench.tab().pinned.is_none());
}

#[test]
fn goto_finds_records_and_times() {
    let mut bench = connected(120, 36);
    bench.settle(38_000);
    for (place, n) in [("#9", 9), ("+1.5s", 17), ("12:03:02.4", 17), ("+0s", 5)] {
        bench.keys(&format!(": 'goto {place}' enter"));
        assert_eq!(bench.tab().log.selected().unwrap().n(), n, "{place}");
    }
    for place in ["#9999", "+9h", "11:00"] {
        bench.keys(&format!(": 'goto {place}' enter"));
        assert_eq!(
            bench.state.notice.take().unwrap().tone,
            crate::tui::state::Tone::Bad,
            "{place}"
        );
    }
}

#[test]
fn a_saved_session_takes_marks_that_are_not_in_its_file() {
    let mut bench = connected(120, 36);
    bench.state.tabs[0].live = false;
    bench.settle(38_000);
    assert!(bench.keys("g down down m 'here it began' enter").is_empty());
    bench.settle(38_000);
    assert!(
        bench.screen().contains("◆ here it began"),
        "{}",
        bench.screen()
    );
    let marked = bench.tab().log.selected();
    bench.keys("G u");
    assert_eq!(bench.tab().log.selected(), marked);
    bench.keys("m enter");
    assert!(bench.tab().marks.is_empty());
}

#[test]
fn a_view_comes_back_as_it_was_left() {
    let mut bench = connected(120, 36);
    bench.state.tabs[0].live = false;
    bench.settle(38_000);
    bench.keys("f 'ev:say' enter ! g m 'seen' enter v 5 p t");
    let view = Remembered::of(&bench.state, bench.tab());
    let text = serde_json::to_string(&view).unwrap();
    assert!(view.is_worth_keeping());
    let before = bench.screen();

    let mut again = connected(120, 36);
    again.state.tabs[0].live = false;
    let read: Remembered = serde_json::from_str(&text).unwrap();
    read.restore(&mut again.state, 0);
    again.settle(38_000);
    again.keys("5");
    assert_eq!(Remembered::of(&again.state, again.tab()), view);
    let rows = |screen: &str| {
        screen
            .lines()
            .skip(1)
            .take(14)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&again.screen()), rows(&before));
}

#[test]
fn a_view_of_another_version_does_no_harm() {
    let text = r#"{"filter":"nosuch:key","level":"?","view":7,"selected":99999999,"new":{}}"#;
    assert!(
        serde_json::from_str::<Remembered>(text).is_err(),
        "view is no text"
    );
    let text = text.replace("\"view\":7,", "");
    let mut bench = connected(120, 36);
    serde_json::from_str::<Remembered>(&text)
        .unwrap()
        .restore(&mut bench.state, 0);
    bench.settle(38_000);
    assert!(bench.tab().filter.active().is_none());
    assert!(bench.screen().contains("hello"));
}

/// The screen with the row of `/chat`'s "say" selected.
fn at_the_event() -> Bench {
    let mut bench = bench();
    bench.keys("f 'ev:say is:event' enter g");
    bench
}

#[test]
fn a_row_becomes_a_draft_with_all_its_arguments_on_any_screen() {
    for (width, height) in [(120, 36), (80, 24), (60, 16)] {
        let mut bench = connected(width, height);
        bench.settle(38_000);
        bench.keys("f 'ev:say is:event' enter g");
        assert!(bench.keys("r").is_empty());
        let draft = bench.tab().composer.draft();
        assert_eq!((draft.nsp.as_str(), draft.event.as_str()), ("/chat", "say"));
        assert_eq!(draft.args, r#""room1", {"text":"hi"}"#);
        assert!(draft.ack);
    }
}

#[test]
fn a_row_is_saved_as_a_draft_by_name_and_file() {
    let mut bench = at_the_event();
    let effects = bench.keys(": 'save_draft say hi chat.toml' enter");
    let [Effect::SaveDraft { draft, file }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(file.as_deref(), Some("chat.toml"));
    assert_eq!(
        (draft.name.as_str(), draft.event.as_str()),
        ("say hi", "say")
    );
    assert_eq!(draft.nsp.as_deref(), Some("/chat"));
    assert_eq!(draft.args, r#"["room1",{"text":"hi"}]"#);
    assert!(draft.ack);
    // A file of one's own is no server: it works read-only, too.
    bench.state.readonly = true;
    let effects = bench.keys(": 'save_draft x' enter");
    assert!(
        matches!(effects.as_slice(), [Effect::SaveDraft { file: None, .. }]),
        "{effects:?}"
    );
}

#[test]
fn a_row_that_is_no_event_is_no_draft() {
    let mut bench = bench();
    bench.keys("f 'is:connect' enter g");
    for keys in [": 'save_draft x' enter", "r"] {
        assert!(bench.keys(keys).is_empty(), "{keys}");
        let said = &bench.state.notice.as_ref().unwrap().text;
        assert!(said.contains("only an event"), "{keys}: {said}");
    }
    let mut empty = Bench::new(80, 24);
    assert!(empty.keys(": 'save_draft x' enter").is_empty());
    let said = &empty.state.notice.as_ref().unwrap().text;
    assert!(said.contains("no row"), "{said}");
}

#[test]
fn drafts_are_listed_when_a_name_is_to_be_typed_and_loaded_by_it() {
    let mut bench = bench();
    assert!(bench.keys(": 'draft'").is_empty());
    let effects = bench.keys("space");
    assert!(
        matches!(effects.as_slice(), [Effect::ListDrafts]),
        "{effects:?}"
    );
    let Some(Overlay::Palette(palette)) = bench.state.overlays.last_mut() else {
        panic!("the palette is open")
    };
    palette.set_drafts(vec!["log in".to_owned(), "log out".to_owned()]);
    insta::assert_snapshot!("drafts_in_the_palette", bench.screen());
    assert!(bench.keys("'out' tab").is_empty(), "they are read once");
    let effects = bench.keys("enter");
    assert!(
        matches!(effects.as_slice(), [Effect::LoadDraft(0, name)] if name == "log out"),
        "{effects:?}"
    );
    let effects = bench.keys(": 'draft ' enter");
    assert!(
        matches!(effects.as_slice(), [Effect::ListDrafts, Effect::LoadDraft(0, name)] if name.is_empty()),
        "{effects:?}"
    );
    bench.state.readonly = true;
    assert!(
        bench
            .keys(": 'draft log out' enter")
            .iter()
            .all(|effect| matches!(effect, Effect::ListDrafts))
    );
}

#[test]
fn a_draft_that_is_not_there_is_asked_for_again_beside_those_that_are() {
    let mut bench = connected(80, 24);
    bench.settle(38_000);
    let names = vec!["log in".to_owned(), "say hello".to_owned()];
    let why = "there is no draft of this name; there are these";
    drafts::ask_again(&mut bench.state, "draft", "lgo in", why, names);
    insta::assert_snapshot!("a_draft_that_is_not_there", bench.screen());
    let effects = bench.keys("down down enter enter");
    assert!(
        matches!(effects.as_slice(), [Effect::LoadDraft(0, name)] if name == "say hello"),
        "{effects:?}"
    );
}
