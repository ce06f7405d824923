//! For tests: a screen on hand-made sessions, driven by keys, without a terminal or a clock.

use std::time::{Duration, Instant};

use bytes::Bytes;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::config::Config;
use super::effect::Effect;
use super::state::{State, Tab};
use super::sync::{self, Reader};
use super::theme::Theme;
use super::{draw, update};
use crate::journal::Journal;
use crate::journal::file::{Header, Source};
use crate::journal::record::*;

/// A screen with one live session.
pub struct Bench {
    /// The state.
    pub state: State,
    /// Readers of the sessions.
    pub readers: Vec<(Reader, Journal)>,
    started: Instant,
}

/// 2026-01-02 12:03:01 UTC.
const STARTED: i64 = 1_767_355_381;

impl Bench {
    /// A live session on a screen of this size.
    pub fn new(width: u16, height: u16) -> Bench {
        let started = Instant::now();
        let at = jiff::Timestamp::from_second(STARTED).unwrap();
        let header = Header {
            started: at,
            source: Source::Client,
            target: "http://localhost:3000".to_owned(),
            tool: "0.0.0".to_owned(),
            parser: None,
        };
        let journal = Journal::in_memory(header, started, 64 << 20);
        let mut state = State::new(Config::default(), Theme::embedded("dark"), false);
        let mut tab = Tab::new("http://localhost:3000", true, at);
        tab.zone = jiff::tz::TimeZone::UTC;
        tab.connect_hint = Some("c tries now".to_owned());
        state.add(tab);
        let mut bench = Bench {
            state,
            readers: vec![(Reader::new(None), journal)],
            started,
        };
        bench.resize(width, height);
        bench
    }

    /// Another size.
    pub fn resize(&mut self, width: u16, height: u16) {
        update::update(&mut self.state, Event::Resize(width, height));
    }

    /// Appends a record that happened so many milliseconds after the start.
    pub fn add(&mut self, ms: u64, body: Body) -> u64 {
        self.add_on(ms, Some(1), body)
    }

    /// The same on another connection.
    pub fn add_on(&mut self, ms: u64, c: Option<u32>, body: Body) -> u64 {
        let at = self.started + Duration::from_millis(ms);
        self.readers[0].1.append(at, c, &body)
    }

    /// A WebSocket text frame.
    pub fn text(&mut self, ms: u64, dir: Direction, data: &str) -> u64 {
        self.add(ms, frame(dir, Opcode::Text, data.as_bytes()))
    }

    /// Takes everything in, and sets the clock of the screen.
    pub fn settle(&mut self, now_ms: u64) {
        for _ in 0..10_000 {
            let more = self.advance();
            if !more {
                break;
            }
        }
        self.state.tabs[0].now = now_ms * 1_000;
        sync::prepare(&mut self.state, &self.readers);
    }

    /// One frame's worth of work.
    pub fn advance(&mut self) -> bool {
        let level = self.state.level;
        let (reader, journal) = &mut self.readers[0];
        sync::advance(&mut self.state.tabs[0], reader, journal, level)
    }

    /// Presses keys: names and characters with blanks between them, text to type in `'quotes'`.
    pub fn keys(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in parse(keys) {
            effects.extend(update::update(&mut self.state, Event::Key(key)));
            while self.advance() {}
            sync::prepare(&mut self.state, &self.readers);
        }
        effects
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        let area = self.state.screen;
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        terminal
            .draw(|frame| {
                let cursor = draw::draw(&self.state, area, frame.buffer_mut());
                if let Some(cursor) = cursor {
                    frame.set_cursor_position(cursor);
                }
            })
            .unwrap();
        terminal.backend().to_string()
    }

    /// The session.
    pub fn tab(&self) -> &Tab {
        &self.state.tabs[0]
    }
}

fn frame(dir: Direction, op: Opcode, data: &[u8]) -> Body {
    Body::Frame(Frame {
        dir,
        op,
        data: Bytes::copy_from_slice(data),
        code: None,
        reason: None,
        wire: None,
    })
}

/// A binary frame.
pub fn binary(dir: Direction, data: &[u8]) -> Body {
    frame(dir, Opcode::Binary, data)
}

/// A close frame.
pub fn close(dir: Direction, code: u16) -> Body {
    Body::Frame(Frame {
        dir,
        op: Opcode::Close,
        data: Bytes::new(),
        code: Some(code),
        reason: Some(String::new()),
        wire: None,
    })
}

/// A change of the connection's state.
pub fn connection(state: ConnectionState) -> Connection {
    Connection {
        state,
        reason: None,
        detail: None,
        attempt: None,
        delay_ms: None,
    }
}

/// A change of a namespace's state.
pub fn namespace(nsp: &str, state: NamespaceState) -> Namespace {
    Namespace {
        nsp: nsp.to_owned(),
        state,
        sid: None,
        reason: None,
        recovered: None,
        data: None,
    }
}

/// A session that has connected over WebSocket, joined `/` and `/chat`, was refused on `/admin`,
/// and has emitted with an ack.
pub fn connected(width: u16, height: u16) -> Bench {
    use Direction::{ToClient, ToServer};
    let mut bench = Bench::new(width, height);
    bench.add(0, Body::Connection(connection(ConnectionState::Connecting)));
    bench.add(
        1,
        Body::Request(Request {
            x: 1,
            method: "GET".to_owned(),
            url: "ws://localhost:3000/socket.io/?EIO=4&transport=websocket&token=verysecret"
                .to_owned(),
            headers: vec![("Cookie".to_owned(), "sid=verysecret".to_owned())],
            body: Bytes::new(),
        }),
    );
    bench.add(
        9,
        Body::Response(Response {
            x: 1,
            status: 101,
            ..Response::default()
        }),
    );
    bench.add(
        9,
        Body::Transport(Transport {
            name: TransportName::Websocket,
            state: TransportState::Open,
            error: None,
        }),
    );
    bench.text(
        12,
        ToClient,
        r#"0{"sid":"hnHDsx81","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
    );
    bench.add(12, Body::Connection(connection(ConnectionState::Open)));
    bench.text(13, ToServer, "40");
    bench.text(13, ToServer, r#"40/chat,{"token":"verysecret"}"#);
    bench.text(14, ToServer, "40/admin,");
    bench.text(20, ToClient, r#"40{"sid":"aaaa"}"#);
    bench.add(
        20,
        Body::Namespace(Namespace {
            sid: Some("aaaa".into()),
            ..namespace("/", NamespaceState::Connected)
        }),
    );
    bench.text(21, ToClient, r#"40/chat,{"sid":"bbbb"}"#);
    bench.add(
        21,
        Body::Namespace(Namespace {
            sid: Some("bbbb".into()),
            ..namespace("/chat", NamespaceState::Connected)
        }),
    );
    bench.text(
        22,
        ToClient,
        r#"44/admin,{"message":"authentication error","data":{"code":401}}"#,
    );
    bench.add(
        22,
        Body::Namespace(Namespace {
            reason: Some("authentication error".into()),
            data: Some(r#"{"code":401}"#.into()),
            ..namespace("/admin", NamespaceState::Refused)
        }),
    );
    bench.text(123, ToClient, r#"42["hello",{"node":"A","id":"x81"}]"#);
    bench.text(1_511, ToServer, r#"42/chat,7["say","room1",{"text":"hi"}]"#);
    bench.add(
        1_511,
        Body::Ack(Ack {
            nsp: "/chat".into(),
            id: 7,
            dir: ToServer,
            state: AckState::Pending,
            ms: None,
        }),
    );
    bench.text(1_529, ToClient, r#"43/chat,7["ok"]"#);
    bench.add(
        1_529,
        Body::Ack(Ack {
            nsp: "/chat".into(),
            id: 7,
            dir: ToServer,
            state: AckState::Answered,
            ms: Some(18.0),
        }),
    );
    bench.text(25_010, ToClient, "2");
    bench.text(25_010, ToServer, "3");
    bench
}

/// Reads the test language of [`Bench::keys`].
fn parse(keys: &str) -> Vec<KeyEvent> {
    let mut events = Vec::new();
    for (at, part) in keys.split('\'').enumerate() {
        if at % 2 == 1 {
            events.extend(
                part.chars()
                    .map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)),
            );
        } else {
            events.extend(part.split_whitespace().map(one));
        }
    }
    events
}

fn one(name: &str) -> KeyEvent {
    let (modifiers, name) = match name.split_once('+') {
        Some(("ctrl", rest)) => (KeyModifiers::CONTROL, rest),
        Some(("alt", rest)) => (KeyModifiers::ALT, rest),
        Some(("shift", rest)) => (KeyModifiers::SHIFT, rest),
        _ => (KeyModifiers::NONE, name),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "backspace" => KeyCode::Backspace,
        "space" => KeyCode::Char(' '),
        other => KeyCode::Char(other.chars().next().unwrap_or(' ')),
    };
    KeyEvent::new(code, modifiers)
}
