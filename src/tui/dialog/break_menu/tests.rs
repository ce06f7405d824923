//! Keys in, outcomes out; and what is seen at the sizes that count.

use super::*;
use crate::tui::theme::Theme;
use crate::tui::{any_key, press, screen};
use proptest::prelude::*;

fn over(name: TransportName) -> Around {
    Around {
        tap: false,
        several: false,
        open: Some((Some(name), Some(Version::V4))),
        active: Vec::new(),
    }
}

fn websocket() -> Around {
    over(TransportName::Websocket)
}

fn keys(menu: &mut BreakMenu, keys: &str) -> Outcome {
    let mut last = Outcome::Ignored;
    press(menu, keys, |menu, key| last = menu.update(key));
    last
}

fn shown(menu: &BreakMenu, width: u16, height: u16) -> String {
    screen(width, height, |area, buf| {
        menu.draw(area, buf, &Theme::embedded("dark"));
        menu.cursor(area)
    })
}

#[test]
fn each_fault_stands_under_the_reason_that_it_brings() {
    let menu = BreakMenu::new(websocket());
    insta::assert_snapshot!("wide", shown(&menu, 120, 36));
    insta::assert_snapshot!("narrow", shown(&menu, 80, 24));
    let text = shown(&menu, 120, 40);
    for entry in crate::faults::CATALOGUE {
        assert!(text.contains(entry.form), "{}:\n{text}", entry.form);
    }
}

#[test]
fn it_is_asked_once_and_says_what_it_will_do() {
    let mut menu = BreakMenu::new(websocket());
    assert_eq!(keys(&mut menu, "'drop enter"), Outcome::Changed);
    insta::assert_snapshot!("asked", shown(&menu, 120, 36));
    assert_eq!(keys(&mut menu, "enter"), Outcome::Break(Fault::Drop));
    let mut menu = BreakMenu::new(websocket());
    assert_eq!(
        keys(&mut menu, "'drop enter y"),
        Outcome::Break(Fault::Drop)
    );
    // No goes back to the list, and from there out.
    let mut menu = BreakMenu::new(websocket());
    assert_eq!(keys(&mut menu, "'drop enter n"), Outcome::Changed);
    assert_eq!(keys(&mut menu, "esc"), Outcome::Cancelled);
}

#[test]
fn a_value_has_a_field_with_a_sensible_beginning() {
    let mut menu = BreakMenu::new(websocket());
    assert_eq!(
        keys(&mut menu, "'close enter enter"),
        Outcome::Break(Fault::Close(1011))
    );
    let mut menu = BreakMenu::new(websocket());
    keys(&mut menu, "'delay enter backspace backspace backspace '70");
    insta::assert_snapshot!("value", shown(&menu, 80, 24));
    assert_eq!(keys(&mut menu, "enter"), Outcome::Break(Fault::Delay(70)));
    // A bad value is refused with what it should look like, and nothing is done.
    let mut menu = BreakMenu::new(websocket());
    assert_eq!(
        keys(&mut menu, "'close enter ctrl+u 'close:7 enter"),
        Outcome::Ignored
    );
    assert!(shown(&menu, 80, 24).contains("write close:CODE, as in close:1011"));
}

#[test]
fn a_spelling_that_is_typed_out_is_taken_as_it_stands() {
    let mut menu = BreakMenu::new(websocket());
    assert_eq!(
        keys(&mut menu, "'delay:1200 enter enter"),
        Outcome::Break(Fault::Delay(1_200))
    );
}

#[test]
fn the_list_is_narrowed_by_name_reason_and_what_it_does() {
    for (typed, chosen) in [
        ("ping timeout", "freeze"),
        ("ack", "drop-ack"),
        ("pong", "no-pong"),
        ("413", "oversize"),
        ("proxy", "status"),
    ] {
        let mut menu = BreakMenu::new(websocket());
        keys(&mut menu, &format!("'{}", typed.replace(' ', "_")));
        assert!(
            matches!(menu.row(), Some(Row::Fault(entry)) if entry.name == chosen),
            "{typed}: {:?}",
            menu.row()
        );
        assert!(menu.rows.len() < 12, "{typed}: {:?}", menu.rows);
    }
    let mut menu = BreakMenu::new(websocket());
    keys(&mut menu, "'zzz enter");
    assert!(shown(&menu, 80, 24).contains("no fault fits"));
}

#[test]
fn what_is_active_is_shown_and_can_be_ended() {
    let mut menu = BreakMenu::new(Around {
        active: vec![Fault::Delay(200), Fault::NoPong],
        ..websocket()
    });
    let text = shown(&menu, 100, 40);
    assert!(text.contains("clear: end delay:200, no-pong"), "{text}");
    assert_eq!(text.matches("⚡ active").count(), 2, "{text}");
    assert_eq!(keys(&mut menu, "enter enter"), Outcome::Clear);
}

#[test]
fn what_can_not_be_done_here_says_why() {
    let mut menu = BreakMenu::new(websocket());
    assert_eq!(keys(&mut menu, "'split-101 enter enter"), Outcome::Ignored);
    assert!(
        shown(&menu, 100, 30).contains("sioscope tap"),
        "{}",
        shown(&menu, 100, 30)
    );
    let mut menu = BreakMenu::new(Around {
        tap: true,
        ..websocket()
    });
    assert_eq!(
        keys(&mut menu, "'split-101 enter enter"),
        Outcome::Break(Fault::Split101)
    );
}

#[test]
fn it_says_when_it_will_act_and_what_comes_of_it_here() {
    let said = |around: Around, fault: &str| {
        let mut menu = BreakMenu::new(around);
        keys(&mut menu, &format!("'{fault} enter"));
        shown(&menu, 100, 30)
    };
    let text = said(over(TransportName::Polling), "drop");
    assert!(text.contains("will be transport error"), "{text}");
    let text = said(websocket(), "stall-poll");
    assert!(text.contains("acts over polling only"), "{text}");
    let text = said(
        Around {
            several: true,
            tap: true,
            ..over(TransportName::Polling)
        },
        "drop",
    );
    assert!(text.contains("first of the open connections"), "{text}");
    let text = said(Around::default(), "delay");
    assert!(text.contains("it waits for the next"), "{text}");
    assert!(text.contains("It goes on until it is"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_keys_on_any_screen_never_panic(
        keys in prop::collection::vec((0usize..24, 0u8..4, any::<char>()), 0..24),
        (w, h) in (0u16..130, 0u16..40),
        active in any::<bool>(),
    ) {
        let mut menu = BreakMenu::new(Around {
            active: if active { vec![Fault::Deaf] } else { Vec::new() },
            ..websocket()
        });
        for (kind, modifiers, c) in keys {
            let _ = menu.update(any_key(kind, modifiers, c));
            menu.set_around(websocket());
            let _ = shown(&menu, w, h);
        }
    }
}
