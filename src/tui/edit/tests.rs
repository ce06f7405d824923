use super::*;
use crate::tui::keymap::Key;
use proptest::prelude::*;

fn press(edit: &mut Edit, keys: &str) {
    crate::tui::press(edit, keys, |e, key| {
        e.update(key);
    });
}

#[test]
fn keys_edit_as_in_a_shell() {
    let cases = [
        ("'abc left backspace", "a|c"),
        ("'one_two_three ctrl+w", "one two |"),
        ("'one_two ctrl+w ctrl+w", "|"),
        ("'one_two ctrl+a ctrl+k", "|"),
        ("'one_two alt+b ctrl+u", "|two"),
        ("'one_two alt+b ctrl+u ctrl+e ctrl+y", "twoone |"),
        ("'one_two home alt+f", "one| two"),
        ("'a.b/c ctrl+left ctrl+left", "|a.b/c"),
        ("'abc home delete", "|bc"),
        ("'abc home right ctrl+d end", "ac|"),
        ("'🇩🇪é left backspace", "|é"),
        ("'ab ctrl+_", "|"),
        ("'ab left left 'x ctrl+_ ctrl+_", "|"),
        ("'one ctrl+u ctrl+_", "one|"),
        ("'a alt+z ctrl+q F5", "a|"),
    ];
    for (keys, result) in cases {
        let mut edit = Edit::line();
        press(&mut edit, keys);
        let mut shown = edit.text().to_owned();
        shown.insert(edit.at(), '|');
        assert_eq!(shown, result, "{keys}");
    }
}

#[test]
fn a_field_of_one_line_takes_no_line_breaks() {
    let mut edit = Edit::line();
    edit.insert("a\r\nb\n");
    assert_eq!(edit.text(), "a b");
}

#[test]
fn up_and_down_keep_the_column_and_stop_at_the_edges() {
    let mut edit = Edit::lines().with_text("first line\nx\nthird");
    assert_eq!(
        edit.update(Key::parse("up").unwrap().event()),
        Change::Moved
    );
    assert_eq!(edit.row_and_column(), (1, 1));
    press(&mut edit, "up");
    assert_eq!(edit.row_and_column(), (0, 1));
    assert_eq!(
        edit.update(Key::parse("up").unwrap().event()),
        Change::Nothing
    );
    press(&mut edit, "end down down");
    assert_eq!(edit.row_and_column().0, 2);
    assert_eq!(
        edit.update(Key::parse("down").unwrap().event()),
        Change::Nothing
    );
}

#[test]
fn pasted_control_characters_are_kept_but_drawn_visibly() {
    let mut edit = Edit::line();
    edit.insert("a\u{1b}[31m");
    assert_eq!(edit.text(), "a\u{1b}[31m");
    assert_eq!(edit.row_and_column(), (0, 6));
    let area = ratatui::layout::Rect::new(0, 0, 8, 1);
    let mut buf = ratatui::buffer::Buffer::empty(area);
    view::line(&mut buf, (0, 0), 8, edit.text(), 0, &|_| Default::default());
    let row: String = buf.content.iter().map(|c| c.symbol()).collect();
    assert_eq!(row, "a␛[31m  ");
}

#[test]
fn a_long_line_is_scrolled_so_that_the_cursor_is_seen() {
    assert_eq!(view::scroll(3, 5), 0);
    assert_eq!(view::scroll(5, 5), 1);
    let area = ratatui::layout::Rect::new(0, 0, 4, 1);
    let mut buf = ratatui::buffer::Buffer::empty(area);
    view::line(&mut buf, (0, 0), 4, "日本語x", 1, &|_| {
        Default::default()
    });
    let row: String = buf.content.iter().map(|c| c.symbol()).collect();
    assert_eq!(row.trim_end(), " 本", "half a character is not drawn");
}

proptest! {
    #[test]
    fn any_keys_on_any_text_keep_the_cursor_in_it(
        text: String,
        many in any::<bool>(),
        keys in prop::collection::vec((0usize..22, 0u8..4, any::<char>()), 0..60),
    ) {
        let mut edit = if many { Edit::lines() } else { Edit::line() };
        edit.insert(&text);
        for (kind, modifiers, c) in keys {
            edit.update(crate::tui::any_key(kind, modifiers, c));
            prop_assert!(edit.text().is_char_boundary(edit.at()));
            let _ = edit.row_and_column();
        }
    }
}
