use std::path::PathBuf;

use crossterm::event::KeyEvent;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{answer, confirm, connect, copy, join, open};
use crate::client::Options;
use crate::client::options::{Auth, Eio, NamespaceAuth};
use crate::journal::record::TransportName;
use crate::tui::theme::Theme;
use crate::tui::{any_key, screen};

/// Presses keys and gives what came of the last one.
fn press<T, O>(part: &mut T, keys: &str, mut update: impl FnMut(&mut T, KeyEvent) -> O) -> O {
    let mut last = None;
    crate::tui::press(part, keys, |part, key| last = Some(update(part, key)));
    last.expect("at least one key")
}

macro_rules! shown {
    ($dialog:expr, $width:expr, $height:expr) => {
        screen($width, $height, |area, buf| {
            $dialog.draw(area, buf, &Theme::embedded("dark"));
            $dialog.cursor(area)
        })
    };
}

fn known() -> Vec<String> {
    ["/", "/chat", "/admin"].map(str::to_owned).to_vec()
}

fn given() -> Options {
    let mut options = Options::new("https://a.example/chat".parse().unwrap());
    options.namespaces = vec![
        NamespaceAuth {
            nsp: "/chat".into(),
            auth: None,
        },
        NamespaceAuth {
            nsp: "/admin".into(),
            auth: Some(Auth::Json("{\"token\":\"x\"}".into())),
        },
    ];
    options.headers = vec![("Cookie".into(), "a=b".into()), ("X-B".into(), "c".into())];
    options.transports = vec![TransportName::Websocket];
    options.eio = Eio::V3;
    options.readonly = true;
    options
}

fn saved() -> Vec<open::Saved> {
    let one = |name: &str, target: &str, about: &str| open::Saved {
        path: PathBuf::from("/data").join(name),
        target: target.into(),
        about: about.into(),
    };
    vec![
        one(
            "b.sio.jsonl",
            "http://localhost:3000",
            "today 12:03, 1.2 MB",
        ),
        one("a.sio.jsonl", "https://staging.example", "yesterday, 9 kB"),
    ]
}

fn row() -> copy::Row {
    copy::Row {
        target: "http://localhost:3000".into(),
        path: "/socket.io".into(),
        raw: "42/chat,7[\"say\",\"room1\",\"\u{1b}[31mhi\"]".into(),
        nsp: "/chat".into(),
        event: Some("say".into()),
        args: Some("[\"room1\",\"hi\"]".into()),
        wants_ack: true,
        ..copy::Row::default()
    }
}

#[test]
fn a_question_is_answered_by_yes_or_no_only() {
    let ask = || confirm::Confirm::new("Disconnect from localhost:3000?", "disconnect");
    for (key, outcome) in [
        ("y", confirm::Outcome::Yes),
        ("enter", confirm::Outcome::Yes),
        ("n", confirm::Outcome::Cancelled),
        ("esc", confirm::Outcome::Cancelled),
        ("ctrl+c", confirm::Outcome::Cancelled),
        ("d", confirm::Outcome::Ignored),
        ("space", confirm::Outcome::Ignored),
        ("ctrl+y", confirm::Outcome::Ignored),
    ] {
        assert_eq!(
            press(&mut ask(), key, confirm::Confirm::update),
            outcome,
            "{key}"
        );
    }
}

#[test]
fn a_namespace_is_joined_with_its_auth() {
    let mut dialog = join::Join::new("", known());
    let keys = "'/ad tab tab '{\"token\":_1} enter";
    let outcome = press(&mut dialog, keys, join::Join::update);
    let wanted = join::Outcome::Join {
        nsp: "/admin".into(),
        auth: Some("{\"token\":1}".into()),
    };
    assert_eq!(outcome, wanted);
    let mut dialog = join::Join::new("/admin", known());
    let outcome = press(&mut dialog, "'{x} enter", join::Join::update);
    assert_eq!(outcome, join::Outcome::Changed, "what is wrong is not sent");
    let outcome = press(&mut dialog, "ctrl+a ctrl+k enter", join::Join::update);
    let wanted = join::Outcome::Join {
        nsp: "/admin".into(),
        auth: None,
    };
    assert_eq!(outcome, wanted);
    let mut dialog = join::Join::new("", known());
    assert_eq!(
        press(&mut dialog, "enter", join::Join::update),
        join::Outcome::Changed
    );
}

#[test]
fn an_answer_is_an_array_of_what_was_typed() {
    let mut dialog = answer::Answer::new("/chat", 3, "ask", "[\"really?\"]");
    let outcome = press(&mut dialog, "'true,_[1] enter", answer::Answer::update);
    let wanted = answer::Outcome::Answer {
        nsp: "/chat".into(),
        id: 3,
        args: "[true,[1]]".into(),
        again: false,
    };
    assert_eq!(outcome, wanted);
    let mut dialog = answer::Answer::new("/", 0, "ask", "[]");
    let outcome = press(&mut dialog, "enter", answer::Answer::update);
    assert!(matches!(outcome, answer::Outcome::Answer { args, .. } if args == "[]"));
}

#[test]
fn a_bare_host_is_enough_to_connect() {
    let mut dialog = connect::Connect::new(None);
    let outcome = press(
        &mut dialog,
        "'localhost:3000/chat enter",
        connect::Connect::update,
    );
    let connect::Outcome::Connect(options) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(options.url.as_str(), "http://localhost:3000/chat");
    assert_eq!(options.namespaces[0].nsp, "/chat");
    assert_eq!(options.eio, Eio::Auto);
}

#[test]
fn every_field_reaches_the_options() {
    let mut dialog = connect::Connect::new(None);
    let keys = "'ws://h tab '/a,_/b={\"t\":1} tab '@/run/token tab 'A:_1 shift+enter 'B:_2 \
                tab right tab space enter";
    let outcome = press(&mut dialog, keys, connect::Connect::update);
    let connect::Outcome::Connect(options) = outcome else {
        panic!("{}", shown!(dialog, 100, 20));
    };
    assert_eq!(options.auth, Some(Auth::File("/run/token".into())));
    assert_eq!(options.namespaces.len(), 2);
    assert_eq!(options.headers.len(), 2);
    assert_eq!(options.transports, [TransportName::Websocket]);
    assert_eq!(options.eio, Eio::V4);
}

#[test]
fn what_was_given_stays_unless_it_is_changed() {
    let given = given();
    let mut dialog = connect::Connect::new(Some(&given));
    let outcome = press(&mut dialog, "enter", connect::Connect::update);
    let connect::Outcome::Connect(options) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(format!("{options:?}"), format!("{:?}", Box::new(given)));
}

#[test]
fn a_mistake_in_the_connect_dialog_is_shown_at_its_field() {
    let mut dialog = connect::Connect::new(None);
    press(
        &mut dialog,
        "'ftp://x tab '/a={x} enter",
        connect::Connect::update,
    );
    let url = shown!(dialog, 80, 24);
    press(
        &mut dialog,
        "end ctrl+u 'localhost enter",
        connect::Connect::update,
    );
    insta::assert_snapshot!(format!("{url}----\n{}", shown!(dialog, 80, 24)));
}

#[test]
fn a_row_is_copied_in_the_form_that_was_chosen() {
    let mut menu = copy::CopyMenu::new(&row());
    let copied = |what, text: &str| copy::Outcome::Copy {
        what,
        text: text.into(),
    };
    let raw = row().raw;
    assert_eq!(
        press(&mut menu, "y", copy::CopyMenu::update),
        copied("raw", &raw)
    );
    assert_eq!(
        press(&mut menu, "down enter", copy::CopyMenu::update),
        copied("JSON", "[\"room1\",\"hi\"]")
    );
    assert_eq!(
        press(&mut menu, "e", copy::CopyMenu::update),
        copied(
            "sioscope emit",
            "sioscope emit -n /chat --ack http://localhost:3000 say '\"room1\"' '\"hi\"'"
        )
    );
    assert_eq!(
        press(&mut menu, "c", copy::CopyMenu::update),
        copy::Outcome::Changed,
        "a packet has no curl line"
    );
}

#[test]
fn a_session_is_found_by_words_or_opened_by_path() {
    let mut dialog = open::Open::new(saved());
    let opened = |path: &str| open::Outcome::Open(PathBuf::from(path));
    assert_eq!(
        press(&mut dialog, "enter", open::Open::update),
        opened("/data/b.sio.jsonl")
    );
    assert_eq!(
        press(&mut dialog, "'stag enter", open::Open::update),
        opened("/data/a.sio.jsonl")
    );
    assert_eq!(
        press(&mut dialog, "ctrl+u '/tmp/other enter", open::Open::update),
        opened("/tmp/other")
    );
    let mut empty = open::Open::new(Vec::new());
    assert_eq!(
        press(&mut empty, "enter", open::Open::update),
        open::Outcome::Ignored
    );
}

#[test]
fn the_dialogs_look_like_this() {
    let mut join = join::Join::new("", known());
    press(&mut join, "'/ch", join::Join::update);
    let mut refused = join::Join::new("/admin", known());
    press(&mut refused, "'{\"token\":}", join::Join::update);
    let mut answer = answer::Answer::new("/chat", 3, "ask", "[\"really\\u001b?\",{\"a\":1}]");
    press(
        &mut answer,
        "'true,_\"x\" shift+enter '7",
        answer::Answer::update,
    );
    let mut connect = connect::Connect::new(Some(&given()));
    connect.set_error("this is a saved session\u{1b}[2J");
    let mut fresh = connect::Connect::new(None);
    press(&mut fresh, "tab tab tab tab", connect::Connect::update);
    let confirm = confirm::Confirm::new(
        "Break the connection with `drop`? The server sees the socket vanish.",
        "break",
    );
    let copy = copy::CopyMenu::new(&row());
    let open = open::Open::new(saved());
    for (size, (w, h)) in [("wide", (120, 36)), ("narrow", (80, 24))] {
        let all = [
            shown!(join, w, h),
            shown!(refused, w, h),
            shown!(answer, w, h),
            shown!(connect, w, h),
            shown!(fresh, w, h),
            shown!(confirm, w, h),
            shown!(copy, w, h),
            shown!(open, w, h),
        ];
        // The rows that hold something are enough to judge.
        let all: Vec<String> = all
            .iter()
            .map(|s| {
                s.lines()
                    .filter(|l| !l.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n")
            })
            .collect();
        insta::assert_snapshot!(size, all.join("\n----\n"));
    }
}

fn holds(area: Rect, draw: impl Fn(Rect, &mut Buffer) -> Option<Position>) {
    let mut buf = Buffer::empty(area);
    if let Some(at) = draw(area, &mut buf) {
        assert!(area.contains(at), "{at:?} is not in {area:?}");
    }
    let hidden = |c: char| crate::visible::is_hidden(c);
    assert!(
        !buf.content
            .iter()
            .any(|cell| cell.symbol().chars().any(hidden))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_keys_on_any_screen_never_panic(
        text: String,
        keys in prop::collection::vec((0usize..26, 0u8..4, any::<char>()), 0..30),
        (w, h) in (0u16..130, 0u16..30),
    ) {
        let area = Rect::new(0, 0, w, h);
        let theme = Theme::embedded("dark");
        let mut join = join::Join::new(&text, known());
        let mut answer = answer::Answer::new(&text, 1, &text, &text);
        let mut connect = connect::Connect::new(Some(&given()));
        connect.set_error(&text);
        let mut confirm = confirm::Confirm::new(&text, &text);
        let mut copy = copy::CopyMenu::new(&copy::Row { raw: text.clone(), ..row() });
        let mut open = open::Open::new(saved());
        join.paste(&text);
        answer.paste(&text);
        connect.paste(&text);
        open.paste(&text);
        for (kind, modifiers, c) in keys {
            let key = any_key(kind, modifiers, c);
            join.update(key);
            answer.update(key);
            connect.update(key);
            confirm.update(key);
            copy.update(key);
            open.update(key);
            holds(area, |a, b| { join.draw(a, b, &theme); join.cursor(a) });
            holds(area, |a, b| { answer.draw(a, b, &theme); answer.cursor(a) });
            holds(area, |a, b| { connect.draw(a, b, &theme); connect.cursor(a) });
            holds(area, |a, b| { confirm.draw(a, b, &theme); confirm.cursor(a) });
            holds(area, |a, b| { copy.draw(a, b, &theme); copy.cursor(a) });
            holds(area, |a, b| { open.draw(a, b, &theme); open.cursor(a) });
        }
    }
}
