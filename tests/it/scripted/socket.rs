//! The server's end of a WebSocket, frame by frame: nothing is answered by itself.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::server::{Io, Log, PATIENCE};

/// First byte of a whole text message.
pub const TEXT: u8 = 0x81;
/// First byte of a whole binary message.
pub const BINARY: u8 = 0x82;
/// First byte of a close frame.
pub const CLOSE: u8 = 0x88;
/// First byte of a ping.
pub const PING: u8 = 0x89;
/// First byte of a pong.
pub const PONG: u8 = 0x8a;

/// The server's end.
pub struct Ws {
    io: Box<dyn Io>,
    bytes: Vec<u8>,
    log: Log,
}

/// A frame from the client.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Its first byte: final bit, reserved bits, opcode.
    pub first: u8,
    /// Its payload, unmasked.
    pub data: Vec<u8>,
}

impl Ws {
    /// `bytes` were read already.
    pub fn new(io: Box<dyn Io>, bytes: Vec<u8>, log: Log) -> Ws {
        Ws { io, bytes, log }
    }

    /// Writes bytes as they are.
    pub async fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.log.say(&format!("S> ws {}", bytes.escape_ascii()));
        // The client may have gone away already; that shows in what it records.
        let _ = self.io.write_all(bytes).await;
        let _ = self.io.flush().await;
    }

    /// Writes much without logging it.
    pub async fn quietly(&mut self, bytes: &[u8]) {
        let _ = self.io.write_all(bytes).await;
    }

    /// Writes a text message.
    pub async fn text(&mut self, text: &str) {
        self.raw(frame(TEXT, text.as_bytes())).await;
    }

    /// Writes a close frame.
    pub async fn close(&mut self, code: Option<u16>, reason: &str) {
        let mut data = code.map(u16::to_be_bytes).map_or(Vec::new(), Vec::from);
        data.extend_from_slice(reason.as_bytes());
        self.raw(frame(CLOSE, &data)).await;
    }

    /// The next frame; `None` at the end of the connection.
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = Option<Frame>> {
        let caller = std::panic::Location::caller();
        async move {
            match timeout(PATIENCE, self.read()).await {
                Ok(frame) => frame,
                Err(_) => panic!("{caller}: no frame came\n{}", self.log.text()),
            }
        }
    }

    async fn read(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = take(&mut self.bytes) {
                let data = frame.data.escape_ascii();
                self.log.say(&format!("C> ws {:02x} {data}", frame.first));
                return Some(frame);
            }
            match self.io.read_buf(&mut self.bytes).await {
                Ok(0) | Err(_) => {
                    self.log.say("C> ws end");
                    return None;
                }
                Ok(_) => {}
            }
        }
    }

    /// The next frame, which must be this text.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        let wanted = Frame {
            first: TEXT,
            data: text.as_bytes().to_vec(),
        };
        async move {
            let log = self.log.clone();
            let got = self.next().await;
            assert_eq!(got, Some(wanted), "at {caller}\n{}", log.text());
        }
    }

    /// The next frame, which must be a close frame; its code.
    #[track_caller]
    pub fn expect_close(&mut self) -> impl Future<Output = Option<u16>> {
        let caller = std::panic::Location::caller();
        async move {
            let log = self.log.clone();
            let got = self.next().await.unwrap_or_else(|| {
                panic!("{caller}: an end without a close frame\n{}", log.text())
            });
            assert_eq!(got.first, CLOSE, "at {caller}: {got:?}\n{}", log.text());
            let code = got.data.get(..2)?;
            Some(u16::from_be_bytes([code[0], code[1]]))
        }
    }

    /// The frames up to the end of the connection.
    pub async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }

    /// Whether nothing comes for a moment. Only for what must not come at all.
    pub async fn silent(&mut self) -> bool {
        timeout(Duration::from_millis(150), self.read())
            .await
            .is_err()
    }

    /// Whether the client lets go of the socket at last: nothing is read from it here, and what is
    /// written fails.
    pub async fn is_let_go(&mut self) -> bool {
        let block = vec![0; 1 << 16];
        let fails = async { while self.io.write_all(&block).await.is_ok() {} };
        timeout(PATIENCE, fails).await.is_ok()
    }

    /// Ends the connection without a close frame (FIN).
    pub async fn cut(mut self) {
        self.log.say("S> ws cut");
        let _ = self.io.shutdown().await;
    }

    /// Resets the connection (RST).
    pub fn reset(self) {
        self.log.say("S> ws reset");
        self.io.tcp().set_zero_linger().expect("a linger of zero");
    }
}

/// A frame as a server writes it, without a mask.
pub fn frame(first: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match data.len() {
        len @ 0..=125 => out.push(len as u8),
        len @ 126..=65_535 => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(data);
    out
}

/// A whole masked frame, taken off the front.
fn take(bytes: &mut Vec<u8>) -> Option<Frame> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    assert!(second & 0x80 != 0, "a client's frame must be masked");
    let (len, at) = match second & 0x7f {
        126 => {
            let len = bytes.get(2..4)?;
            (usize::from(u16::from_be_bytes(len.try_into().ok()?)), 4)
        }
        127 => {
            let len = bytes.get(2..10)?;
            (u64::from_be_bytes(len.try_into().ok()?) as usize, 10)
        }
        len => (usize::from(len), 2),
    };
    let mask: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    let mut data = bytes.get(at + 4..at + 4 + len)?.to_vec();
    for (index, byte) in data.iter_mut().enumerate() {
        *byte ^= mask[index % 4];
    }
    bytes.drain(..at + 4 + len);
    Some(Frame { first, data })
}
