//! The view, by keys and by snapshot.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::journal::Record;
use crate::journal::file::{Header, Source};
use crate::journal::record::{Body, Direction, Frame, Opcode};
use crate::replay::diff::{Masks, Reader, Rules, compare};
use crate::tui::keymap::Keymap;
use crate::tui::theme::Theme;

/// A session of text frames: `>` to the server, `<` to the client.
fn side(frames: &[String]) -> Side {
    let header = Header::now(Source::Client, "http://h/");
    let masks = Masks::default();
    let mut reader = Reader::new(&header, &masks);
    for (n, frame) in (1..).zip(frames) {
        let (way, text) = frame.split_at(1);
        let dir = match way {
            ">" => Direction::ToServer,
            _ => Direction::ToClient,
        };
        reader.take(&Record {
            n,
            t: n * 10_000,
            c: Some(1),
            body: Body::Frame(Frame {
                dir,
                op: Opcode::Text,
                data: bytes::Bytes::copy_from_slice(text.as_bytes()),
                code: None,
                reason: None,
                wire: None,
            }),
        });
    }
    reader.finish()
}

fn frames(status: &str, news: bool) -> Vec<String> {
    let mut frames = vec![
        ">40{\"token\":\"x\"}".to_owned(),
        "<40{\"sid\":\"lv_VI97HAXpY6yYWAAAC\"}".to_owned(),
        "<42[\"hello\",{\"node\":\"A\"}]".to_owned(),
        ">420[\"say\",\"room1\",{\"text\":\"hi there\"}]".to_owned(),
        format!("<430[{{\"status\":\"{status}\",\"n\":1}}]"),
    ];
    frames.extend((0..30).map(|i| format!("<42/chat,[\"tick\",{i}]")));
    if news {
        frames.push("<42[\"news\",\"of today \\u001b[31m\"]".to_owned());
    }
    frames.push("<42[\"bye\"]".to_owned());
    frames
}

fn view() -> View {
    let (a, b) = (side(&frames("ok", true)), side(&frames("error", false)));
    let comparison = compare(&a, &b, &Rules::default());
    let names = ["monday.sio.jsonl", "tuesday.sio.jsonl"].map(str::to_owned);
    View::new(names, [a, b], comparison)
}

fn screen(view: &mut View, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    view.fit(draw::list_height(area));
    draw::draw(
        view,
        &Keymap::default(),
        &Theme::embedded("dark"),
        area,
        &mut buf,
    );
    let lines = (0..height).map(|y| {
        let cells = (0..width).map(|x| buf[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn it_begins_at_the_difference_that_matters_most_on_a_wide_screen() {
    insta::assert_snapshot!(screen(&mut view(), 120, 36));
}

#[test]
fn an_ordinary_terminal_has_one_column() {
    let mut view = view();
    view.act(Action::NextHit);
    insta::assert_snapshot!(screen(&mut view, 80, 24));
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    assert!(screen(&mut view(), 39, 9).starts_with("sioscope needs 40 x 10 cells"));
}

#[test]
fn the_keys_go_through_the_differences_and_the_rows() {
    let mut view = view();
    view.fit(10);
    let why = |view: &View| {
        view.difference()
            .map(|(_, found)| found.why.clone())
            .unwrap_or_default()
    };
    assert!(why(&view).contains("\"news\""), "{}", why(&view));
    view.act(Action::NextHit);
    assert!(
        why(&view).contains("the reply to \"say\""),
        "{}",
        why(&view)
    );
    view.act(Action::NextHit);
    assert!(
        why(&view).contains("\"news\""),
        "after the last comes the first"
    );
    view.act(Action::PreviousError);
    assert!(why(&view).contains("the reply to \"say\""));
    view.act(Action::PreviousError);
    assert!(
        why(&view).contains("the reply to \"say\""),
        "there is none above"
    );
    view.act(Action::ToggleFilter);
    assert_eq!(view.shown.len(), 2);
    assert!(why(&view).contains("the reply to \"say\""), "the row stays");
    view.act(Action::ToggleFilter);
    view.act(Action::Bottom);
    assert_eq!(view.selected, view.shown.len() - 1);
    view.fit(10);
    assert_eq!(view.top, view.shown.len() - 10);
    view.act(Action::Top);
    view.act(Action::Up);
    view.act(Action::Down);
    assert_eq!(view.selected, 1);
    assert_eq!(view.act(Action::Back), After::Leave);
}

#[test]
fn two_differences_of_one_row_are_both_gone_to() {
    // Another place in the order, and after that another reply.
    let with = |first: &str, reply: &str| {
        let rest = ["<42[\"a\"]", "<42[\"b\"]", "<42[\"c\"]"].map(str::to_owned);
        let mut frames = vec!["<427[\"you?\"]".to_owned(), format!(">437[{reply}]")];
        let at = if first == "you?" { 2 } else { 0 };
        frames.splice(at..at, rest);
        side(&frames)
    };
    let (a, b) = (with("you?", "1"), with("a", "2"));
    let comparison = compare(&a, &b, &Rules::default());
    let count = comparison.differences.len();
    let mut view = View::new([String::new(), String::new()], [a, b], comparison);
    let mut seen = Vec::new();
    for _ in 0..count {
        seen.extend(view.difference().map(|(number, _)| number));
        view.act(Action::NextHit);
    }
    assert_eq!(seen, (0..count).collect::<Vec<_>>());
}

#[test]
fn nothing_at_all_is_drawn_and_walked_too() {
    let empty = side(&[]);
    let comparison = compare(&empty, &empty, &Rules::default());
    let mut view = View::new(
        [String::new(), String::new()],
        [empty.clone(), empty],
        comparison,
    );
    for action in [
        Action::Down,
        Action::NextHit,
        Action::NextError,
        Action::ToggleFilter,
        Action::Bottom,
        Action::PageDown,
    ] {
        view.act(action);
    }
    assert!(screen(&mut view, 120, 36).contains("✓ no difference"));
}
