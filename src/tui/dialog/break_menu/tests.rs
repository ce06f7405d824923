//! Keys in, outcomes out; and what is seen at the sizes that count.

use super::*;
use crate::tui::theme::Theme;
use crate::tui::{any_key, press, screen};
use proptest::prelude::*;

fn over(name: TransportName) -> Around {
    Around {
        tap: false,
        open: vec![open(1, name)],
        chosen: Some(1),
        active: Vec::new(),
    }
}

fn open(c: u32, name: TransportName) -> Open {
    Open {
        c,
        over: Some(name),
        eio: Some(Version::V4),
    }
}

/// A tap with two clients, the first over polling; `chosen` is looked at.
fn two(chosen: u32) -> Around {
    Around {
        tap: true,
        open: vec![
            open(1, TransportName::Polling),
            open(2, TransportName::Websocket),
        ],
        chosen: Some(chosen),
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
    keys(&mut menu, "'delay enter '70");
    insta::assert_snapshot!("value", shown(&menu, 80, 24));
    assert_eq!(keys(&mut menu, "enter"), Outcome::Break(Fault::Delay(70)));
    // The value that stands there is replaced by what is typed or pasted, or taken away.
    for (typed, fault) in [
        ("'close enter '4000 enter", Fault::Close(4000)),
        ("'close enter backspace '3000 enter", Fault::Close(3000)),
        (
            "'close enter left right backspace '0 enter",
            Fault::Close(1010),
        ),
        ("'close enter 'close:4001 enter", Fault::Close(4001)),
        (
            "'status enter '504@2 enter",
            Fault::Status { code: 504, nth: 2 },
        ),
    ] {
        let mut menu = BreakMenu::new(websocket());
        assert_eq!(keys(&mut menu, typed), Outcome::Break(fault), "{typed}");
    }
    let mut menu = BreakMenu::new(websocket());
    keys(&mut menu, "'close enter");
    assert_eq!(menu.paste("4002"), Outcome::Changed);
    assert_eq!(keys(&mut menu, "enter"), Outcome::Break(Fault::Close(4002)));
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
    assert!(
        text.contains("It waits for a connection over polling"),
        "{text}"
    );
    assert!(text.contains("the one here is over WebSocket"), "{text}");
    let text = said(over(TransportName::Polling), "abort-upgrade");
    assert!(text.contains("waits for the next upgrade"), "{text}");
    // None of them is looked at.
    let text = said(
        Around {
            chosen: None,
            ..two(1)
        },
        "drop",
    );
    assert!(text.contains("first of the open connections"), "{text}");
    let text = said(Around::default(), "delay");
    assert!(
        text.contains("It waits for a connection; none is"),
        "{text}"
    );
    assert!(text.contains("It goes on until it is"), "{text}");
}

#[test]
fn among_several_clients_it_acts_on_the_one_that_is_looked_at_and_says_so() {
    for (c, reason) in [(1, "transport error"), (2, "transport close")] {
        let mut menu = BreakMenu::new(two(c));
        assert!(shown(&menu, 100, 40).contains(&format!("Break c{c} on purpose")));
        keys(&mut menu, "'drop enter");
        let text = shown(&menu, 100, 30);
        assert!(text.contains(&format!("on c{c}.")), "{text}");
        assert!(text.contains(&format!("Break c{c}: drop")), "{text}");
        assert!(text.contains(reason), "{text}");
        // Another one that is looked at meanwhile is not hit in its place.
        menu.set_around(two(3 - c));
        assert_eq!(keys(&mut menu, "enter"), Outcome::BreakOn(Fault::Drop, c));
    }
    // Nor is one that is left when the one that was meant has ended.
    let mut menu = BreakMenu::new(two(2));
    keys(&mut menu, "'drop enter");
    menu.set_around(Around {
        open: vec![open(1, TransportName::Polling)],
        ..two(2)
    });
    assert_eq!(keys(&mut menu, "enter"), Outcome::Ignored);
    assert!(shown(&menu, 100, 30).contains("has ended"));
    keys(&mut menu, "esc");
    assert!(shown(&menu, 100, 40).contains("c2 has ended"));
    // What acts on a handshake or an upgrade is for whoever comes next.
    let mut menu = BreakMenu::new(two(2));
    keys(&mut menu, "'abort-upgrade enter");
    let text = shown(&menu, 100, 30);
    assert!(text.contains("to WebSocket. It acts once,"), "{text}");
    let mut menu = BreakMenu::new(two(2));
    assert_eq!(
        keys(&mut menu, "'no-upgrade enter enter"),
        Outcome::Break(Fault::NoUpgrade)
    );
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
