use super::*;
use crate::tui::theme::Theme;
use crate::tui::{any_key, screen};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn palette(readonly: bool) -> Palette {
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
    Palette::new(Context::Frames, &Keymap::default(), readonly).with_words(
        words(&["dark", "light", "plain"]),
        words(&["/", "/chat", "/admin"]),
    )
}

fn press(palette: &mut Palette, keys: &str) -> Outcome {
    let mut last = Outcome::Ignored;
    crate::tui::press(palette, keys, |p, key| last = p.update(key));
    last
}

fn shown(palette: &Palette, width: u16, height: u16) -> String {
    screen(width, height, |area, buf| {
        palette.draw(area, buf, &Theme::embedded("dark"));
        palette.cursor(area)
    })
}

#[test]
fn every_action_of_the_pane_is_found_by_its_name() {
    for spec in TABLE.iter().filter(|s| s.action.works_in(Context::Frames)) {
        if spec.action == Action::Command || spec.name == "filter" {
            continue;
        }
        let mut palette = palette(false);
        palette.paste(spec.name);
        let typed = Typed::Action(spec.action);
        assert_eq!(
            press(&mut palette, "enter"),
            Outcome::Command(typed),
            "{}",
            spec.name
        );
    }
}

#[test]
fn what_is_chosen_asks_and_what_is_typed_out_does_not() {
    let mut chosen = palette(false);
    assert_eq!(
        press(&mut chosen, "'discon enter"),
        Outcome::Run(Action::Disconnect)
    );
    let mut typed = palette(false);
    assert_eq!(
        press(&mut typed, "'disconnect enter"),
        Outcome::Command(Typed::Action(Action::Disconnect))
    );
}

#[test]
fn arrows_choose_and_tab_completes() {
    let mut list = palette(false);
    assert_eq!(press(&mut list, "down enter"), Outcome::Run(Action::Help));
    let mut list = palette(false);
    press(&mut list, "'thm tab");
    assert_eq!(list.text(), "theme ");
    press(&mut list, "down down tab");
    assert_eq!(list.text(), "theme light");
    assert_eq!(
        press(&mut list, "enter"),
        Outcome::Command(Typed::Theme("light".into()))
    );
    let mut list = palette(false);
    press(&mut list, "'leave_/c down enter enter");
    assert_eq!(list.text(), "leave /chat");
}

#[test]
fn words_of_the_description_find_too() {
    let mut list = palette(false);
    assert_eq!(
        press(&mut list, "'on_purpose enter"),
        Outcome::Run(Action::Break)
    );
    let mut list = palette(false);
    press(&mut list, "'next_err");
    assert_eq!(press(&mut list, "enter"), Outcome::Run(Action::NextError));
}

#[test]
fn esc_and_backspace_on_nothing_close_it() {
    assert_eq!(press(&mut palette(false), "'a esc"), Outcome::Cancelled);
    assert_eq!(press(&mut palette(false), "'a backspace"), Outcome::Changed);
    assert_eq!(
        press(&mut palette(false), "'a backspace backspace"),
        Outcome::Cancelled
    );
}

#[test]
fn read_only_leaves_out_what_acts_on_the_server() {
    let list = palette(true);
    let acting = |e: &Entry| match e {
        Entry::Action { action, .. } => action.acts_on_server(),
        Entry::Command(usage) => usage.acts_on_server,
        Entry::Word(_) => false,
    };
    assert!(!list.entries.iter().any(acting));
    assert!(palette(false).entries.iter().any(acting));
}

#[test]
fn it_looks_like_this() {
    let mut list = palette(false);
    press(&mut list, "'nerr down");
    insta::assert_snapshot!("found", shown(&list, 120, 36));
    insta::assert_snapshot!("all", shown(&palette(false), 80, 24));
    let mut list = palette(false);
    press(&mut list, "'join_/a_{token} enter");
    insta::assert_snapshot!("wrong", shown(&list, 80, 24));
    let mut list = palette(false);
    press(&mut list, "'nonsense enter");
    assert!(shown(&list, 80, 24).contains("no action or command"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_keys_on_any_screen_never_panic(
        keys in prop::collection::vec((0usize..26, 0u8..4, any::<char>()), 0..40),
        (w, h) in (0u16..130, 0u16..30),
    ) {
        let mut list = palette(false);
        for (kind, modifiers, c) in keys {
            list.update(any_key(kind, modifiers, c));
            let area = Rect::new(0, 0, w, h);
            let mut buf = Buffer::empty(area);
            list.draw(area, &mut buf, &Theme::embedded("light"));
            if let Some(at) = list.cursor(area) {
                prop_assert!(area.contains(at));
            }
        }
    }
}
