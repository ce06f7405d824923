use super::*;
use crate::tui::theme::Theme;
use crate::tui::{any_key, screen};
use proptest::prelude::*;

/// A stand-in for the encoder: namespace, ack id 8 where one is asked for, the arguments.
fn preview(emit: &Emit) -> Result<Preview, PreviewError> {
    if emit.args.contains("{\"$binary\":\"!") {
        return Err(PreviewError("$binary is not base64: \"!\"".into()));
    }
    let nsp = match emit.nsp.as_str() {
        "/" => String::new(),
        nsp => format!("{nsp},"),
    };
    let id = if emit.ack { "8" } else { "" };
    let text = format!("42{nsp}{id}{}", emit.args);
    Ok(Preview {
        bytes: text.len() as u64,
        text,
        attachments: emit.args.matches("$binary").count(),
    })
}

struct World {
    keymap: Keymap,
    events: Vec<String>,
    namespaces: Vec<String>,
    readonly: bool,
    client: Option<u32>,
    max_payload: Option<u64>,
    online: bool,
}

impl Default for World {
    fn default() -> World {
        let names = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        World {
            keymap: Keymap::default(),
            events: names(&["message", "hello", "say", "say all", "essay"]),
            namespaces: names(&["/", "/chat", "/admin"]),
            readonly: false,
            client: None,
            max_payload: None,
            online: true,
        }
    }
}

impl World {
    fn look<T>(&self, f: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        f(&Surroundings {
            preview: &preview,
            max_payload: self.max_payload,
            online: &|_| self.online,
            events: &self.events,
            namespaces: &self.namespaces,
            keymap: &self.keymap,
            readonly: self.readonly,
            client: self.client,
        })
    }
    fn press(&self, composer: &mut Composer, keys: &str) -> Outcome {
        let mut last = Outcome::Ignored;
        self.look(|around| {
            crate::tui::press(composer, keys, |c, key| last = c.update(key, around));
        });
        last
    }
    fn shown(&self, composer: &Composer, width: u16, height: u16) -> String {
        let theme = Theme::embedded("dark");
        screen(width, height, |all, buf| {
            let rows = composer.height(width, height);
            let area = Rect::new(0, height - rows, width, rows);
            self.look(|around| composer.draw(area, buf, &theme, around, true));
            composer.draw_popup(area, all, buf, &theme);
            composer.cursor(area)
        })
    }
}

fn said(text: &str) -> Emit {
    Emit {
        nsp: "/chat".into(),
        args: text.into(),
        ..Emit::default()
    }
}

#[test]
fn a_draft_of_one_line_is_sent_with_enter() {
    let world = World::default();
    let mut composer = Composer::new("/chat");
    let outcome = world.press(
        &mut composer,
        "'say tab '\"room1\",_{\"text\":_\"hi\"} enter",
    );
    assert_eq!(
        outcome,
        Outcome::Emit(said("[\"say\",\"room1\",{\"text\":\"hi\"}]"))
    );
    assert_eq!(composer.draft().event, "say", "the draft stays");
}

#[test]
fn no_arguments_and_an_ack_with_a_timeout() {
    let world = World::default();
    let mut composer = Composer::new("/chat");
    let outcome = world.press(&mut composer, "'hello shift+tab shift+tab '5 enter");
    let emit = Emit {
        ack: true,
        timeout_ms: Some(5_000),
        ..said("[\"hello\"]")
    };
    assert_eq!(outcome, Outcome::Emit(emit));
    assert_eq!(
        world.press(&mut composer, "alt+a ctrl+j"),
        Outcome::Emit(said("[\"hello\"]"))
    );
    world.press(&mut composer, "space");
    assert!(composer.draft().ack, "a space ticks the box");
}

#[test]
fn a_draft_of_many_lines_is_sent_with_the_sending_keys_only() {
    let world = World::default();
    let mut composer = Composer::new("/chat");
    world.press(&mut composer, "'say esc tab '1, shift+enter '2");
    assert_eq!(world.press(&mut composer, "enter"), Outcome::Changed);
    assert_eq!(composer.draft().args, "1,\n2\n");
    for keys in ["ctrl+enter", "alt+enter", "ctrl+j"] {
        assert_eq!(
            world.press(&mut composer, keys),
            Outcome::Emit(said("[\"say\",1,2]"))
        );
    }
}

#[test]
fn a_mistake_is_not_sent_and_gets_the_cursor() {
    let world = World::default();
    let mut composer = Composer::new("/chat");
    world.press(&mut composer, "'say esc tab '1,_x shift+tab");
    assert_eq!(world.press(&mut composer, "enter"), Outcome::Changed);
    assert_eq!(composer.focus(), Field::Args);
    assert_eq!(composer.args.at(), 3);
    let mut composer = Composer::new("/chat");
    world.press(&mut composer, "'b esc tab '{\"$binary\":\"!\"}");
    assert_eq!(world.press(&mut composer, "enter"), Outcome::Changed);
    assert!(composer.history().is_empty());
}

#[test]
fn names_that_were_seen_are_completed() {
    let world = World::default();
    let mut composer = Composer::new("/chat");
    world.press(&mut composer, "'SA tab");
    assert_eq!(composer.draft().event, "say");
    world.press(&mut composer, "ctrl+u 's 'a down down down enter");
    assert_eq!(
        composer.draft().event,
        "message",
        "it holds sa, so it comes last"
    );
    world.press(&mut composer, "shift+tab ctrl+u '/ad tab");
    assert_eq!(composer.draft().nsp, "/admin");
}

#[test]
fn drafts_that_were_sent_come_back() {
    let world = World::default();
    let mut composer = Composer::new("/chat");
    world.press(&mut composer, "'one enter ctrl+u 'two tab '[2] enter enter");
    assert_eq!(composer.history().len(), 2, "the same twice counts once");
    world.press(&mut composer, "ctrl+u '99 up up");
    assert_eq!(composer.draft().event, "one");
    world.press(&mut composer, "down down");
    assert_eq!(composer.draft().args, "99");
    world.press(&mut composer, "ctrl+r 'on");
    assert_eq!(composer.draft().event, "one");
    world.press(&mut composer, "esc");
    assert_eq!(composer.draft().args, "99");
}

#[test]
fn editor_leaving_and_foreign_actions_go_out() {
    let world = World::default();
    let mut composer = Composer::new("/");
    assert_eq!(
        world.press(&mut composer, "tab '1 ctrl+e"),
        Outcome::Editor("1".into())
    );
    composer.edited("{\n \"a\": 1\n}\n");
    assert_eq!(composer.draft().args, "{\n \"a\": 1\n}");
    assert_eq!(world.press(&mut composer, "esc"), Outcome::Left);
    assert_eq!(
        world.press(&mut composer, "F1"),
        Outcome::Action(Action::Help)
    );
    assert_eq!(
        world.press(&mut composer, "ctrl+c"),
        Outcome::Action(Action::Quit)
    );
}

#[test]
fn every_printable_key_is_text_in_it() {
    let world = World::default();
    let mut composer = Composer::new("/");
    world.press(&mut composer, "'q?dx:/!FnN1[]Q");
    assert_eq!(composer.draft().event, "q?dx:/!FnN1[]Q");
}

#[test]
fn nothing_is_sent_when_read_only() {
    let world = World {
        readonly: true,
        ..World::default()
    };
    let mut composer = Composer::new("/");
    assert_eq!(
        world.press(&mut composer, "'say esc enter"),
        Outcome::Changed
    );
    assert!(world.shown(&composer, 120, 3).contains("read-only"));
}

fn example() -> Composer {
    let mut composer = Composer::new("/chat");
    composer.load(Draft {
        nsp: "/chat".into(),
        event: "say".into(),
        args: "\"room1\", {\"text\": \"hi\"}".into(),
        ack: true,
        timeout: "5".into(),
    });
    composer
}

#[test]
fn it_shows_the_bytes_before_they_are_sent() {
    let world = World::default();
    let wide = world.shown(&example(), 116, 2);
    let narrow = world.shown(&example(), 78, 3);
    insta::assert_snapshot!(format!("{wide}----\n{narrow}"));
}

#[test]
fn it_says_what_is_wrong_and_where() {
    let world = World::default();
    let mut composer = example();
    composer.edited("\"room1\", {text: 1}");
    let wide = world.shown(&composer, 116, 2);
    let narrow = world.shown(&composer, 40, 3);
    composer.edited("{\n  \"a\": 1\n  \"b\": 2\n}");
    let lines = world.shown(&composer, 116, 6);
    insta::assert_snapshot!(format!("{wide}----\n{narrow}----\n{lines}"));
}

#[test]
fn it_says_what_to_know_before_sending() {
    let mut world = World {
        online: false,
        max_payload: Some(20),
        ..World::default()
    };
    let mut composer = example();
    let both = world.shown(&composer, 140, 2);
    world.max_payload = None;
    composer.edited("{\"$binary\":\"AQI=\"}");
    let offline = world.shown(&composer, 116, 2);
    world.online = true;
    composer.edited("{\"$binary\":\"!\"}");
    let refused = world.shown(&composer, 116, 2);
    composer.edited("{\"$file\":\"/tmp/x\"}");
    let file = world.shown(&composer, 116, 2);
    let empty = world.shown(&Composer::new("/"), 116, 2);
    world.press(&mut composer, "shift+tab ctrl+u 'disconnect");
    let reserved = world.shown(&composer, 116, 2);
    let all = [both, offline, refused, file, empty, reserved];
    insta::assert_snapshot!(all.join("----\n"));
}

#[test]
fn completions_stand_above_the_field() {
    let world = World::default();
    let mut composer = Composer::new("/chat");
    world.press(&mut composer, "'sa down");
    let shown = format!(
        "{}----\n{}",
        world.shown(&composer, 120, 8),
        world.shown(&composer, 80, 8)
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn a_click_focuses_the_field_that_is_there() {
    let mut composer = example();
    let area = Rect::new(0, 0, 116, 2);
    for (x, field) in [
        (14, Field::Namespace),
        (32, Field::Event),
        (110, Field::Ack),
    ] {
        assert!(composer.click(area, Position::new(x, 0)), "{x}");
        assert_eq!(composer.focus(), field);
    }
    assert!(!composer.click(area, Position::new(50, 1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_keys_in_any_area_never_panic(
        args: String,
        keys in prop::collection::vec((0usize..24, 0u8..4, any::<char>()), 0..50),
        (w, h) in (0u16..130, 0u16..7),
    ) {
        let world = World::default();
        let mut composer = example();
        composer.edited(&args);
        composer.set_history(vec![composer.draft()]);
        let theme = Theme::embedded("dark");
        let area = Rect::new(0, 0, w, h);
        for (kind, modifiers, c) in keys {
            world.look(|around| {
                composer.update(any_key(kind, modifiers, c), around);
                let mut buf = ratatui::buffer::Buffer::empty(area);
                composer.draw(area, &mut buf, &theme, around, true);
                composer.draw_popup(area, area, &mut buf, &theme);
                if let Some(at) = composer.cursor(area) {
                    assert!(area.contains(at));
                }
            });
        }
    }
}

#[test]
fn in_a_tap_it_injects_to_either_side_and_never_asks_for_an_ack() {
    let world = World {
        client: Some(3),
        ..World::default()
    };
    let mut composer = Composer::new("/");
    composer.inject(Direction::ToClient);
    world.press(&mut composer, "'hello tab '1");
    let shown = world.shown(&composer, 110, 2);
    assert!(
        shown.contains("will inject to the client of c3:"),
        "{shown}"
    );
    assert!(shown.contains("to ↓ client"), "{shown}");
    world.press(&mut composer, "alt+a");
    let shown = world.shown(&composer, 110, 2);
    assert!(
        shown.contains("will inject to the server of c3:"),
        "{shown}"
    );
    assert_eq!(composer.injects(), Some(Direction::ToServer));
    let Outcome::Emit(emit) = world.press(&mut composer, "enter") else {
        panic!("nothing was sent")
    };
    assert!(!emit.ack);
    // Without a connection it waits as a draft.
    let nobody = World::default();
    assert_eq!(nobody.press(&mut composer, "enter"), Outcome::Changed);
    let shown = nobody.shown(&composer, 110, 2);
    assert!(shown.contains("no connection to inject into"), "{shown}");
}
