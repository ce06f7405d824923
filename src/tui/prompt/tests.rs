use super::*;
use crate::tui::{any_key, screen};
use proptest::prelude::*;

fn press(prompt: &mut Prompt, keys: &str) -> Outcome {
    let mut last = Outcome::Ignored;
    crate::tui::press(prompt, keys, |p, key| last = p.update(key));
    last
}

fn candidate(text: &str, about: &str, replace: Range<usize>) -> Candidate {
    Candidate {
        text: text.to_owned(),
        about: about.to_owned(),
        replace,
    }
}

fn filter() -> Prompt {
    let mut prompt = Prompt::new("filter").with_text("ns:/chat is:ev");
    prompt.offer(vec![
        candidate("is:event", "an event", 9..14),
        candidate("is:error", "anything that went wrong", 9..14),
    ]);
    prompt
}

#[test]
fn every_printable_key_is_text() {
    let mut prompt = Prompt::new("filter");
    assert_eq!(press(&mut prompt, "'q?!/:1_[]"), Outcome::Edited);
    assert_eq!(prompt.text(), "q?!/:1 []");
    assert_eq!(
        press(&mut prompt, "enter"),
        Outcome::Submitted("q?!/:1 []".into())
    );
    assert_eq!(press(&mut prompt, "esc"), Outcome::Cancelled);
}

#[test]
fn tab_takes_the_chosen_completion_and_enter_does_not() {
    let mut prompt = filter();
    assert_eq!(press(&mut prompt, "tab"), Outcome::Edited);
    assert_eq!(prompt.text(), "ns:/chat is:event");
    let mut prompt = filter();
    press(&mut prompt, "down down tab");
    assert_eq!(prompt.text(), "ns:/chat is:error");
    let mut prompt = filter();
    press(&mut prompt, "down down down tab");
    assert_eq!(prompt.text(), "ns:/chat is:event", "it goes round");
    let mut prompt = filter();
    press(&mut prompt, "up tab");
    assert_eq!(prompt.text(), "ns:/chat is:error", "upwards too");
    let mut prompt = filter();
    assert_eq!(press(&mut prompt, "down esc"), Outcome::Moved);
    assert_eq!(
        press(&mut prompt, "enter"),
        Outcome::Submitted("ns:/chat is:ev".into())
    );
}

#[test]
fn history_is_walked_and_gives_back_what_was_being_typed() {
    let entries = vec!["one".to_owned(), "two".to_owned(), "two".to_owned()];
    let mut prompt = Prompt::new("search").with_history(entries);
    press(&mut prompt, "'new up");
    assert_eq!(prompt.text(), "two");
    press(&mut prompt, "up");
    assert_eq!(prompt.text(), "one");
    assert_eq!(press(&mut prompt, "up"), Outcome::Ignored);
    press(&mut prompt, "down down");
    assert_eq!(prompt.text(), "new");
    assert_eq!(press(&mut prompt, "down"), Outcome::Ignored);
}

#[test]
fn ctrl_r_searches_the_history() {
    let entries = ["ns:/a", "is:event", "ns:/b"].map(str::to_owned).to_vec();
    let mut prompt = Prompt::new("filter").with_history(entries);
    press(&mut prompt, "'x ctrl+r 'ns");
    assert_eq!(prompt.text(), "ns:/b");
    press(&mut prompt, "ctrl+r");
    assert_eq!(prompt.text(), "ns:/a");
    assert_eq!(press(&mut prompt, "esc"), Outcome::Edited);
    assert_eq!(prompt.text(), "x");
    press(&mut prompt, "ctrl+r 'even");
    assert_eq!(
        press(&mut prompt, "enter"),
        Outcome::Submitted("is:event".into())
    );
}

#[test]
fn a_mistake_is_pointed_at_and_the_popup_stands_above() {
    let mut prompt = filter();
    prompt.set_wrong(Some(Wrong {
        at: 9..14,
        what: "unknown kind \"ev\"".into(),
    }));
    let theme = Theme::embedded("dark");
    let shown = screen(50, 5, |area, buf| {
        prompt.draw(area, buf, &theme);
        prompt.cursor(area)
    });
    insta::assert_snapshot!(shown);
}

#[test]
fn a_text_longer_than_the_screen_is_scrolled_to_the_cursor() {
    let prompt = Prompt::new("filter").with_text("日本語 and much more than fits");
    let theme = Theme::embedded("plain");
    let shown = screen(20, 1, |area, buf| {
        prompt.draw(area, buf, &theme);
        prompt.cursor(area)
    });
    assert_eq!(shown.trim_end(), "filter re than fits▏");
}

proptest! {
    #[test]
    fn any_keys_in_any_area_never_panic(
        keys in prop::collection::vec((0usize..24, 0u8..4, any::<char>()), 0..60),
        (w, h) in (0u16..40, 0u16..6),
    ) {
        let mut prompt = filter().with_history(vec!["a\u{1b}b".into(), "日本".into()]);
        let theme = Theme::embedded("dark");
        for (i, (kind, modifiers, c)) in keys.into_iter().enumerate() {
            prompt.update(any_key(kind, modifiers, c));
            if i % 7 == 0 {
                let at = prompt.at();
                prompt.offer(vec![candidate("x\u{202e}", "", at..at)]);
                prompt.set_wrong(Some(Wrong { at: at..at + 1, what: c.to_string() }));
            }
            let area = Rect::new(0, 0, w, h);
            let mut buf = Buffer::empty(area);
            prompt.draw(area, &mut buf, &theme);
            if let Some(at) = prompt.cursor(area) {
                prop_assert!(area.contains(at));
            }
        }
    }
}
