//! The client: as little work as a Socket.IO client can do, so that what it talks through is what
//! is measured. It checks that all came through.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Bytes of one read.
const READ: usize = 256 * 1024;
/// Bytes of one write or of the body of one post, where messages are smaller.
const CHUNK: usize = 64 * 1024;
/// Between two packets of a polling body.
const SEPARATOR: u8 = 0x1e;

/// A connection that is open and has joined the main namespace.
pub(super) trait Client {
    /// Lets the server send so many events of so many bytes; returns how long that took.
    fn receive(&mut self, count: usize, size: usize) -> Duration;
    /// Sends so many events of so many bytes; returns how long it took until all were handled.
    fn send(&mut self, count: usize, size: usize) -> Duration;
    /// One event with an ack.
    fn echo(&mut self) -> Duration;
}

/// Opens a TCP connection whose reads end in time.
fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout");
    stream.set_nodelay(true).expect("no delay");
    stream
}

/// An event packet of about `size` bytes.
fn tock(size: usize) -> String {
    let head = r#"42["tock",{"user":"anna","seq":1234,"text":""#;
    let tail = r#""}]"#;
    let fill = size.saturating_sub(head.len() + tail.len());
    format!("{head}{}{tail}", "x".repeat(fill))
}

const ECHO: &str = r#"421["echo",{"user":"anna","seq":1234}]"#;

/// Over WebSocket from the start.
pub(super) struct WebSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What of the buffer was read and not taken.
    start: usize,
    end: usize,
}

impl WebSocket {
    pub(super) fn open(address: SocketAddr) -> WebSocket {
        let mut stream = connect(address);
        write!(
            stream,
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        .expect("the request is written");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("the head comes");
            head.extend_from_slice(&byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "no WebSocket");
        let mut client = WebSocket {
            stream,
            buffer: vec![0; READ],
            start: 0,
            end: 0,
        };
        client.expect(b"0{");
        client.write(&masked(b"40"));
        client.expect(b"40{");
        client
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it is taken");
    }

    /// Waits for the next message, which has to begin like this.
    fn expect(&mut self, start: &[u8]) {
        let message = self.next();
        assert!(
            message.starts_with(start),
            "{} came",
            message.escape_ascii()
        );
    }

    /// The payload of the next frame.
    fn next(&mut self) -> &[u8] {
        loop {
            if let Some((head, whole)) = frame(&self.buffer[self.start..self.end]) {
                let start = self.start;
                self.start += whole;
                return &self.buffer[start + head..start + whole];
            }
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let read = self.stream.read(&mut self.buffer[self.end..]);
            let read = read.expect("bytes come");
            assert!(read > 0, "the server ended the connection");
            self.end += read;
        }
    }
}

impl Client for WebSocket {
    fn receive(&mut self, count: usize, size: usize) -> Duration {
        let ask = format!(r#"42["blast",{count},{size}]"#);
        let started = Instant::now();
        self.write(&masked(ask.as_bytes()));
        for _ in 0..count {
            let message = self.next();
            assert!(message.starts_with(b"42[\"tick"), "another event came");
        }
        self.expect(b"42[\"blasted");
        started.elapsed()
    }

    fn send(&mut self, count: usize, size: usize) -> Duration {
        let one = masked(tock(size).as_bytes());
        let at_once = (CHUNK / one.len()).clamp(1, count);
        let chunk = one.repeat(at_once);
        let started = Instant::now();
        let mut left = count;
        while left > 0 {
            let now = at_once.min(left);
            self.write(&chunk[..now * one.len()]);
            left -= now;
        }
        self.write(&masked(br#"420["count"]"#));
        self.expect(format!("430[{count}]").as_bytes());
        started.elapsed()
    }

    fn echo(&mut self) -> Duration {
        let ask = masked(ECHO.as_bytes());
        let started = Instant::now();
        self.write(&ask);
        self.expect(b"431[");
        started.elapsed()
    }
}

/// Sizes of the head and of the whole of the frame that `bytes` begin with, if it is whole.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let (head, len) = match *bytes.get(1)? {
        126 => (
            4,
            u64::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        ),
        127 => {
            let len: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
            (10, u64::from_be_bytes(len))
        }
        len => (2, u64::from(len)),
    };
    let whole = head + usize::try_from(len).ok()?;
    (bytes.len() >= whole).then_some((head, whole))
}

/// A client's text frame.
fn masked(text: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut out = vec![0x81];
    match text.len() {
        len @ 0..=125 => out.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out.extend(
        text.iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    out
}

/// Over long-polling: one TCP connection for the polls, one for the posts, as browsers have it.
pub(super) struct Polling {
    polls: Http,
    posts: Http,
}

impl Polling {
    pub(super) fn open(address: SocketAddr) -> Polling {
        let target = "/socket.io/?EIO=4&transport=polling";
        let mut polls = Http::new(address, target.to_owned());
        let handshake = polls.get().to_vec();
        let handshake = String::from_utf8_lossy(&handshake);
        let sid = handshake
            .split_once(r#""sid":""#)
            .and_then(|(_, rest)| rest.split_once('"'))
            .expect("a sid")
            .0;
        polls.target = format!("{target}&sid={sid}");
        let posts = Http::new(address, polls.target.clone());
        let mut client = Polling { polls, posts };
        client.posts.post(b"40");
        assert!(client.polls.get().starts_with(b"40{"));
        client
    }
}

impl Client for Polling {
    fn receive(&mut self, count: usize, size: usize) -> Duration {
        let ask = format!(r#"42["blast",{count},{size}]"#);
        let started = Instant::now();
        self.posts.post(ask.as_bytes());
        // The events, and "blasted".
        let mut left = count + 1;
        while left > 0 {
            let body = self.polls.get();
            assert!(body.starts_with(b"42[\""), "another packet came");
            left -= memchr::memchr_iter(SEPARATOR, body).count() + 1;
        }
        started.elapsed()
    }

    fn send(&mut self, count: usize, size: usize) -> Duration {
        let one = tock(size) + "\u{1e}";
        let at_once = (CHUNK / one.len()).clamp(1, count);
        let chunk = one.repeat(at_once);
        let started = Instant::now();
        let mut left = count;
        while left > 0 {
            let now = at_once.min(left);
            self.posts.post(&chunk.as_bytes()[..now * one.len() - 1]);
            left -= now;
        }
        self.posts.post(br#"420["count"]"#);
        let answer = format!("430[{count}]");
        assert_eq!(self.polls.get(), answer.as_bytes());
        started.elapsed()
    }

    fn echo(&mut self) -> Duration {
        let started = Instant::now();
        self.polls.ask(None);
        self.posts.post(ECHO.as_bytes());
        assert!(self.polls.answer().starts_with(b"431["));
        started.elapsed()
    }
}

/// One kept-alive connection.
struct Http {
    stream: TcpStream,
    host: SocketAddr,
    target: String,
    buffer: Vec<u8>,
}

impl Http {
    fn new(host: SocketAddr, target: String) -> Http {
        Http {
            stream: connect(host),
            host,
            target,
            buffer: Vec::new(),
        }
    }

    fn get(&mut self) -> &[u8] {
        self.ask(None);
        self.answer()
    }

    fn post(&mut self, body: &[u8]) {
        self.ask(Some(body));
        assert_eq!(self.answer(), b"ok");
    }

    fn ask(&mut self, body: Option<&[u8]>) {
        let (target, host) = (&self.target, self.host);
        let request = match body {
            None => format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes(),
            Some(body) => {
                let mut request = format!(
                    "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                )
                .into_bytes();
                request.extend_from_slice(body);
                request
            }
        };
        self.stream.write_all(&request).expect("it is taken");
    }

    /// Body of the answer.
    fn answer(&mut self) -> &[u8] {
        self.buffer.clear();
        let head = loop {
            if let Some(at) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.read(16 * 1024);
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200 "), "{text}");
        let length: usize = text
            .split("\r\n")
            .find_map(|line| line.strip_prefix("content-length: "))
            .and_then(|value| value.trim().parse().ok())
            .expect("a Content-Length");
        while self.buffer.len() < head + length {
            self.read(READ);
        }
        &self.buffer[head..head + length]
    }

    fn read(&mut self, most: usize) {
        let before = self.buffer.len();
        self.buffer.resize(before + most, 0);
        let read = self.stream.read(&mut self.buffer[before..]);
        let read = read.expect("bytes come");
        assert!(read > 0, "the server ended the connection");
        self.buffer.truncate(before + read);
    }
}
