use super::*;

fn event(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
    KeyEvent::new(code, modifiers)
}

#[test]
fn key_strings_are_read_and_written_back() {
    let cases = [
        ("ctrl+u", "ctrl+u"),
        ("Ctrl+U", "ctrl+u"),
        ("alt+enter", "alt+enter"),
        ("shift+tab", "shift+tab"),
        ("F1", "F1"),
        ("f12", "F12"),
        ("space", "space"),
        ("esc", "esc"),
        ("G", "G"),
        ("shift+g", "G"),
        ("+", "+"),
        ("ctrl++", "ctrl++"),
        ("f", "f"),
        ("?", "?"),
        ("ä", "ä"),
        ("PageUp", "pageup"),
    ];
    for (text, written) in cases {
        let key = Key::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(key.to_string(), written, "{text}");
        assert_eq!(Key::parse(written), Ok(key), "{written}");
    }
}

#[test]
fn what_is_no_key_is_refused_with_what_is_one() {
    for text in [
        "", "ctrl+", "hyper+x", "F13", "F0", "enterr", " ", "ab", "\u{1b}",
    ] {
        let error = Key::parse(text).map(|k| k.to_string()).expect_err(text);
        assert!(error.to_string().contains("pageup"), "{error}");
    }
}

#[test]
fn terminals_that_report_shift_differently_mean_the_same_key() {
    let g = Key::parse("G").unwrap();
    assert_eq!(Key::of(event(KeyCode::Char('G'), KeyModifiers::NONE)), g);
    assert_eq!(Key::of(event(KeyCode::Char('G'), KeyModifiers::SHIFT)), g);
    assert_eq!(Key::of(event(KeyCode::Char('g'), KeyModifiers::SHIFT)), g);
    let back = Key::parse("shift+tab").unwrap();
    assert_eq!(Key::of(event(KeyCode::BackTab, KeyModifiers::NONE)), back);
    assert_eq!(Key::of(event(KeyCode::BackTab, KeyModifiers::SHIFT)), back);
    assert_eq!(Key::of(event(KeyCode::Tab, KeyModifiers::SHIFT)), back);
    let question = Key::parse("?").unwrap();
    assert_eq!(
        Key::of(event(KeyCode::Char('?'), KeyModifiers::SHIFT)),
        question
    );
}

#[test]
fn the_tables_keys_are_readable_and_bound_once() {
    for spec in TABLE {
        for key in spec.keys {
            Key::parse(key).unwrap_or_else(|e| panic!("{}: {e}", spec.name));
        }
    }
    let keys = Keymap::default().keys;
    assert_eq!(bind(&keys, &[]).err(), None);
    assert!(Keymap::default().bound.len() >= TABLE.len());
}

#[test]
fn each_context_finds_its_own_action_and_the_global_ones() {
    let map = Keymap::default();
    let press = |c, text: &str| {
        let key = Key::parse(text).unwrap();
        map.resolve(c, event(key.code, key.modifiers))
    };
    let cases = [
        (Context::Frames, "enter", Some(Action::Enter)),
        (Context::Findings, "enter", Some(Action::Why)),
        (Context::Compose, "enter", Some(Action::SendLine)),
        (Context::Compose, "ctrl+j", Some(Action::Send)),
        (Context::Frames, "d", Some(Action::Disconnect)),
        (Context::Frames, "ctrl+d", Some(Action::HalfDown)),
        (Context::Compose, "d", None),
        (Context::Compose, "ctrl+d", None),
        (Context::Compose, "?", None),
        (Context::Compose, "F1", Some(Action::Help)),
        (Context::Compose, "q", None),
        (Context::Compose, "esc", Some(Action::Back)),
        (Context::Compose, "ctrl+c", Some(Action::Quit)),
        (Context::Namespaces, "n", Some(Action::NextHit)),
        (Context::Detail, "p", Some(Action::NextView)),
        (Context::Connection, "p", None),
    ];
    for (context, key, action) in cases {
        assert_eq!(press(context, key), action, "{} {key}", context.name());
    }
}

#[test]
fn the_table_of_keys_is_this() {
    insta::assert_snapshot!(Keymap::default().as_text());
}

#[test]
fn remapping_replaces_all_keys_of_an_action() {
    let map = Keymap::remapped(&[
        ("pause".into(), vec!["ctrl+s".into()]),
        ("secrets".into(), vec![]),
    ])
    .unwrap();
    assert_eq!(map.written(Action::Pause), ["ctrl+s"]);
    assert!(map.keys(Action::Secrets).is_empty());
    let space = event(KeyCode::Char(' '), KeyModifiers::NONE);
    assert_eq!(map.resolve(Context::Frames, space), None);
    let s = event(KeyCode::Char('s'), KeyModifiers::CONTROL);
    assert_eq!(map.resolve(Context::Frames, s), Some(Action::Pause));
}

#[test]
fn a_key_that_two_actions_gave_each_other_is_no_double_binding() {
    let map = Keymap::remapped(&[
        ("connect".into(), vec!["d".into()]),
        ("disconnect".into(), vec!["c".into()]),
    ])
    .unwrap();
    assert_eq!(map.hint(Action::Connect), "d");
}

#[test]
fn mistakes_in_remappings_name_what_is_wrong() {
    let cases: [(&str, &[&str], &[&str]); 5] = [
        ("puase", &["p"], &["puase", "pause", "disconnect"]),
        ("pause", &["q"], &["back and pause", "global", "q is bound"]),
        ("pause", &["p"], &["next_view and pause", "p is bound"]),
        ("send", &["s"], &["s can't be bound to send", "printable"]),
        ("pause", &["hyper+x"], &["hyper+x", "ctrl+"]),
    ];
    for (name, keys, said) in cases {
        let keys = keys.iter().map(|k| (*k).to_owned()).collect();
        let error = Keymap::remapped(&[(name.to_owned(), keys)]).expect_err(name);
        let error = error.to_string();
        for part in said {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }
}
