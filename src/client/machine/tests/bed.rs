//! A test bed: the machine, a clock that only the test moves, and a scripted server.
//!
//! A case is a script of one step a line:
//!
//! ```text
//! start                      the first connection begins
//! > GET EIO=4 !sid=          next on the wire: a GET whose URL has the words, or lacks them (!)
//! > POST 40                  a POST with that body; `POST bytes 00 ff` for an octet-stream
//! > WS sid=E                 a WebSocket is opened
//! > 42["x"]                  a WebSocket message is written; `> bin 01 02` for a binary one
//! > CLOSE                    a WebSocket is closed
//! > ABORT GET                an exchange is given up
//! > AUTH /                   an auth is asked for
//! < get: BODY                the exchange under way is answered with status 200; `< post: ok`
//! < get 400 text/html location=/x: BODY    another status, type or header
//! < get v3: A␞B              the packets framed as Engine.IO 3 does
//! < get bytes: 00 ff         an octet-stream
//! < get fail: WHY            no response
//! < ws: TEXT                 the latest WebSocket says something; `< ws bin: 01 02`
//! < ws open                  … or opens; `< ws fail: WHY`, `< ws cut`, `< ws close: 1000`
//! ! emit / ["x"]             a command; `ask 50 / ["x"]`, `volatile`, `answer / 12 []`, `join /a`
//! + 300                      300 ms pass; every deadline is kept
//! ~ 300                      300 ms pass while the process sleeps
//! = nsp / connected          the next record or notice with these words (`..` is anything)
//! =! closed                  no record since has them
//! ```
//!
//! Nothing may be on the wire unasked: before every `<`, `!`, `+` and at the end all of it must
//! have been expected. `␞` is the byte 0x1e; `OPEN4`, `OPEN4+ws`, `OPEN3`, `OPEN3+ws` are
//! handshakes of 300 ms interval and 200 ms timeout with the session id `E`.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use url::Url;

use super::laws::Laws;
use super::show::{hex, record_text, unhex};
use crate::client::command::{Command, Emit};
use crate::client::machine::{ExchangeId, Input, Machine, Message, Output, WsEnd};
use crate::client::options::{Eio, NamespaceAuth, Options};
use crate::journal::record::Headers;

const OPEN4: &str =
    r#"0{"sid":"E","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000}"#;
const OPEN4_WS: &str = concat!(
    r#"0{"sid":"E","upgrades":["websocket"],"pingInterval":300,"#,
    r#""pingTimeout":200,"maxPayload":1000}"#
);
const OPEN3: &str = r#"0{"sid":"E","upgrades":[],"pingInterval":300,"pingTimeout":200}"#;
const OPEN3_WS: &str =
    r#"0{"sid":"E","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200}"#;

/// Options of a test: namespace `/`, no jitter, the version fixed.
pub(super) fn options() -> Options {
    let mut options = Options::new(Url::parse("http://h:1").unwrap());
    options.namespaces = vec![NamespaceAuth {
        nsp: "/".to_owned(),
        auth: None,
    }];
    options.eio = Eio::V4;
    options.reconnection.factor = 0.0;
    options
}

/// The machine on its test bed.
pub(super) struct Bed {
    machine: Machine,
    now: Instant,
    start: Instant,
    wire: VecDeque<String>,
    records: VecDeque<String>,
    log: Vec<String>,
    laws: Laws,
    urls: Vec<String>,
    /// The driver reports what it has written at once.
    pub(super) writes: bool,
}

impl Bed {
    /// A machine that has not started, its random draws all `0.0`.
    pub(super) fn new(options: Options) -> Bed {
        Bed::with_draw(options, 0.0)
    }

    /// The same with another random draw.
    pub(super) fn with_draw(options: Options, draw: f64) -> Bed {
        let start = Instant::now();
        Bed {
            machine: Machine::new(options, start, 1_000_000, Box::new(move || draw)),
            now: start,
            start,
            wire: VecDeque::new(),
            records: VecDeque::new(),
            log: Vec::new(),
            laws: Laws::default(),
            urls: Vec::new(),
            writes: true,
        }
    }

    /// Options changed by `change`, nothing played.
    pub(super) fn of(change: impl FnOnce(&mut Options)) -> Bed {
        let mut options = options();
        change(&mut options);
        Bed::new(options)
    }

    /// Plays a script; see the table at the top.
    pub(super) fn play(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
            self.log.push(format!("        {line}"));
            self.step(line);
        }
        self.nothing_left("the script's end");
    }

    fn step(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            ">" => return self.expect_wire(rest),
            "=" => return self.expect_record(rest),
            "=!" => {
                if let Some(found) = self.records.iter().find(|r| matches_words(r, rest)) {
                    self.fail(&format!(
                        "there should be no {rest:?}, but there is {found:?}"
                    ));
                }
                return;
            }
            _ => self.nothing_left(line),
        }
        match word {
            "start" => {
                self.machine.start(self.now);
                self.collect();
            }
            "<" => self.server(rest),
            "!" => self.command(rest),
            "+" => self.pass(rest.parse().expect("milliseconds")),
            "~" => self.now += Duration::from_millis(rest.parse().expect("milliseconds")),
            _ => self.fail(&format!("unknown step {line:?}")),
        }
    }

    /// Lets time pass, keeping every deadline.
    pub(super) fn pass(&mut self, ms: u64) {
        let target = self.now + Duration::from_millis(ms);
        for _ in 0..10_000 {
            let at = self.machine.deadline().filter(|at| *at <= target);
            self.now = at.unwrap_or(target).max(self.now);
            self.machine.tick(self.now);
            self.collect();
            if self.machine.deadline().is_some_and(|at| at <= self.now) {
                self.fail("the deadline is not after the tick that served it");
            }
            if at.is_none() {
                return;
            }
        }
        self.fail("time does not pass: 10,000 ticks");
    }

    /// Gives the machine an input.
    pub(super) fn feed(&mut self, input: Input<'_>) {
        // The machine does the same; the account has to know what passed before.
        self.machine.tick(self.now);
        self.collect();
        self.laws.input(&input);
        self.machine.handle(self.now, input);
        self.collect();
    }

    /// Answers the poll with raw bytes.
    pub(super) fn get_body(&mut self, body: &[u8]) {
        let x = self.exchange("GET");
        let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        self.feed(Input::HttpResponse {
            x,
            status: 200,
            headers: &headers,
            body,
        });
    }

    /// Virtual milliseconds since the start.
    pub(super) fn ms(&self) -> u128 {
        (self.now - self.start).as_millis()
    }

    /// What is on the wire and not expected yet; expects it all.
    pub(super) fn take_wire(&mut self) -> Vec<String> {
        self.wire.drain(..).collect()
    }

    /// URLs of all requests so far.
    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// What is under way.
    pub(super) fn laws(&self) -> &Laws {
        &self.laws
    }

    /// Works so many deadlines off: each has to be later than the one before.
    pub(super) fn work_off(&mut self, deadlines: usize) {
        for _ in 0..deadlines {
            let Some(at) = self.machine.deadline() else {
                return;
            };
            // One that is due already, from an input with a time of 0, may come first.
            self.now = self.now.max(at);
            self.machine.tick(self.now);
            self.collect();
            self.wire.clear();
            if self.machine.deadline().is_some_and(|at| at <= self.now) {
                self.fail("the deadline is not after the tick that served it");
            }
        }
    }

    /// Time passes while the process sleeps.
    pub(super) fn sleep(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    /// The first connection begins.
    pub(super) fn begin(&mut self) {
        self.machine.start(self.now);
        self.collect();
    }

    /// Emits so many events; gives the number of messages that went to the driver for them.
    pub(super) fn emit_many(&mut self, events: usize) -> usize {
        for _ in 0..events {
            self.command("emit / [\"x\"]");
        }
        self.take_wire().len()
    }

    fn collect(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            let aborted = match &output {
                Output::AbortHttp { x } => self
                    .laws
                    .exchanges
                    .iter()
                    .find(|exchange| exchange.x == *x)
                    .map(|exchange| exchange.method),
                _ => None,
            };
            if let Err(law) = self.laws.output(&output) {
                self.fail(&format!("{law}: {output:?}"));
            }
            let shown = match &output {
                Output::Record { body, .. } => {
                    self.told(record_text(body));
                    continue;
                }
                Output::Notice(text) => {
                    self.told(format!("notice {text}"));
                    continue;
                }
                Output::Http {
                    method: "POST",
                    body,
                    content_type,
                    url,
                    ..
                } => {
                    self.urls.push(url.clone());
                    match content_type {
                        Some("application/octet-stream") => format!("POST bytes {}", hex(body)),
                        _ => format!(
                            "POST {}",
                            String::from_utf8_lossy(body).replace('\u{1e}', "␞")
                        ),
                    }
                }
                Output::Http { url, .. } => {
                    self.urls.push(url.clone());
                    format!("GET {url}")
                }
                Output::OpenWs { url, .. } => {
                    self.urls.push(url.clone());
                    format!("WS {url}")
                }
                Output::SendWs { message, .. } => match message {
                    Message::Text(text) => text.replace('\u{1e}', "␞"),
                    Message::Binary(data) => format!("bin {}", hex(data)),
                },
                Output::AbortHttp { .. } => format!("ABORT {}", aborted.unwrap_or("?")),
                Output::CloseWs { .. } => "CLOSE".to_owned(),
                Output::PingWs { .. } => "WSPING".to_owned(),
                Output::ReadAuth { nsp, .. } => format!("AUTH {nsp}"),
            };
            self.log.push(format!("{:>6}  -> {shown}", self.ms()));
            self.wire.push_back(shown);
            if let Output::SendWs { x, .. } = output
                && self.writes
            {
                self.machine
                    .handle(self.now, Input::WsWritten { x, messages: 1 });
            }
        }
    }

    fn told(&mut self, text: String) {
        self.log.push(format!("{:>6}  == {text}", self.ms()));
        self.records.push_back(text);
    }

    fn expect_wire(&mut self, want: &str) {
        let want = expand(want).replace('\u{1e}', "␞");
        let Some(got) = self.wire.pop_front() else {
            self.fail(&format!(
                "expected {want:?} on the wire, but there is nothing"
            ));
        };
        let (kind, words) = want.split_once(' ').unwrap_or((want.as_str(), ""));
        let fits = match kind {
            "GET" | "WS" => {
                got.starts_with(&format!("{kind} "))
                    && words
                        .split(' ')
                        .filter(|word| !word.is_empty())
                        .all(|word| match word.strip_prefix('!') {
                            Some(word) => {
                                !got.contains(&format!("?{word}"))
                                    && !got.contains(&format!("&{word}"))
                            }
                            None => got.contains(word),
                        })
            }
            _ => got == want,
        };
        if !fits {
            self.fail(&format!(
                "expected {want:?} on the wire, but there is {got:?}"
            ));
        }
    }

    fn expect_record(&mut self, words: &str) {
        let Some(at) = self.records.iter().position(|r| matches_words(r, words)) else {
            self.fail(&format!("no record has {words:?}"));
        };
        self.records.drain(..=at);
    }

    fn nothing_left(&self, before: &str) {
        if !self.wire.is_empty() {
            self.fail(&format!(
                "before {before:?}: unexpected on the wire: {:?}",
                self.wire
            ));
        }
    }

    fn fail(&self, why: &str) -> ! {
        panic!("{why}\n\nso far (virtual ms):\n{}\n", self.log.join("\n"));
    }

    fn exchange(&self, method: &str) -> ExchangeId {
        match self.laws.exchanges.iter().find(|e| e.method == method) {
            Some(exchange) => exchange.x,
            None => self.fail(&format!("no {method} is under way")),
        }
    }

    fn server(&mut self, line: &str) {
        let (head, body) = match line.split_once(": ") {
            Some(parts) => parts,
            None => (line.trim_end_matches(':'), ""),
        };
        let body = expand(body);
        let mut words = head.split(' ');
        match words.next() {
            Some("ws") => self.socket(words.next(), &body),
            Some(method @ ("get" | "post")) => self.respond(method, words, &body),
            _ => self.fail(&format!("unknown server step {line:?}")),
        }
    }

    fn respond<'a>(&mut self, method: &str, words: impl Iterator<Item = &'a str>, body: &str) {
        let x = self.exchange(&method.to_uppercase());
        let mut status = 200;
        let mut kind = Some("text/plain; charset=UTF-8".to_owned());
        let mut headers = Headers::new();
        let mut bytes = body.as_bytes().to_vec();
        for word in words {
            match word {
                "fail" => {
                    return self.feed(Input::HttpFailed {
                        x,
                        error: body.to_owned(),
                    });
                }
                "v3" => {
                    bytes = body
                        .split('\u{1e}')
                        .map(|packet| format!("{}:{packet}", packet.encode_utf16().count()))
                        .collect::<String>()
                        .into_bytes();
                }
                "bytes" => {
                    bytes = unhex(body);
                    kind = Some("application/octet-stream".to_owned());
                }
                "untyped" => kind = None,
                _ if word.contains('=') => {
                    let (name, value) = word.split_once('=').expect("checked");
                    headers.push((name.to_owned(), value.to_owned()));
                }
                _ if word.contains('/') => kind = Some(word.to_owned()),
                _ => status = word.parse().expect("an HTTP status"),
            }
        }
        headers.extend(kind.map(|kind| ("Content-Type".to_owned(), kind)));
        self.feed(Input::HttpResponse {
            x,
            status,
            headers: &headers,
            body: &bytes,
        });
    }

    fn socket(&mut self, what: Option<&str>, body: &str) {
        let Some(x) = self.laws.sockets.last().map(|ws| ws.x) else {
            self.fail("no WebSocket is under way");
        };
        match what {
            None => self.feed(Input::WsText { x, text: body }),
            Some("open") => self.feed(Input::WsOpened { x }),
            Some("bin") => self.feed(Input::WsBinary {
                x,
                data: &unhex(body),
            }),
            Some("fail") => self.feed(Input::WsFailed {
                x,
                error: body.to_owned(),
            }),
            Some("cut") => self.feed(Input::WsClosed {
                x,
                end: WsEnd::Cut(None),
            }),
            Some("violation") => self.feed(Input::WsClosed {
                x,
                end: WsEnd::Violation(body.to_owned()),
            }),
            Some("close") => {
                let (code, reason) = body.split_once(' ').unwrap_or((body, ""));
                self.feed(Input::WsClosed {
                    x,
                    end: WsEnd::Frame {
                        code: code.parse().ok(),
                        reason: reason.to_owned(),
                    },
                });
            }
            Some(other) => self.fail(&format!("unknown WebSocket step {other:?}")),
        }
    }

    fn command(&mut self, line: &str) {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let emit = |nsp: &str, args: &str| Emit {
            nsp: nsp.to_owned(),
            args: args.to_owned(),
            ..Emit::default()
        };
        let command = match words[..] {
            ["emit", nsp, args] => Command::Emit(emit(nsp, args)),
            ["volatile", nsp, args] => Command::Emit(Emit {
                volatile: true,
                ..emit(nsp, args)
            }),
            ["ask", first, rest] => {
                let (timeout_ms, nsp, args) = match first.parse() {
                    Ok(ms) => {
                        let (nsp, args) = rest.split_once(' ').expect("namespace and arguments");
                        (Some(ms), nsp, args)
                    }
                    Err(_) => (None, first, rest),
                };
                Command::Emit(Emit {
                    ack: true,
                    timeout_ms,
                    ..emit(nsp, args)
                })
            }
            ["answer", nsp, rest] => {
                let (id, args) = rest.split_once(' ').expect("id and arguments");
                Command::Answer {
                    nsp: nsp.to_owned(),
                    id: id.parse().expect("an id"),
                    args: args.to_owned(),
                }
            }
            ["again", nsp, rest] => {
                let (id, args) = rest.split_once(' ').expect("id and arguments");
                Command::AnswerAgain {
                    nsp: nsp.to_owned(),
                    id: id.parse().expect("an id"),
                    args: args.to_owned(),
                }
            }
            ["hold"] => Command::Hold,
            ["flush"] => Command::Flush,
            ["unbuffer", nsp, packet] => Command::Unbuffer {
                nsp: nsp.to_owned(),
                packet: packet.to_owned(),
            },
            ["rebuffer", nsp, rest] => {
                let (packet, args) = rest.split_once(" => ").expect("packet => arguments");
                Command::Rebuffer {
                    nsp: nsp.to_owned(),
                    packet: packet.to_owned(),
                    args: args.to_owned(),
                }
            }
            ["join", nsp, auth] => Command::Join {
                nsp: nsp.to_owned(),
                auth: Some(auth.to_owned()),
            },
            ["join", nsp] => Command::Join {
                nsp: nsp.to_owned(),
                auth: None,
            },
            ["leave", nsp] => Command::Leave {
                nsp: nsp.to_owned(),
            },
            ["connect"] => Command::Connect,
            ["disconnect"] => Command::Disconnect,
            ["auth", nsp, auth] => {
                return self.feed(Input::AuthRead {
                    nsp: nsp.to_owned(),
                    auth: Ok(Some(auth.to_owned())),
                });
            }
            ["noauth", nsp, error] => {
                return self.feed(Input::AuthRead {
                    nsp: nsp.to_owned(),
                    auth: Err(error.to_owned()),
                });
            }
            _ => self.fail(&format!("unknown command {line:?}")),
        };
        self.feed(Input::Command(command));
    }
}

fn expand(text: &str) -> String {
    let text = text.replace('␞', "\u{1e}");
    let text = text.replace("OPEN4+ws", OPEN4_WS).replace("OPEN4", OPEN4);
    text.replace("OPEN3+ws", OPEN3_WS).replace("OPEN3", OPEN3)
}

/// `..` stands for anything.
fn matches_words(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    pattern.split(" .. ").all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}
