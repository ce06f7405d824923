//! How fast frames are received, decoded and recorded, against the official JavaScript client
//! (which records nothing) on the same stream; and what a million frames cost in memory.
//!
//! A raw server writes prepared WebSocket frames as fast as the client takes them in. The time
//! runs from the first blasted byte to the last one that the client's socket has accepted.
//! Rounds are interleaved and the median is compared, so that only ratios within one run count.
//!
//! Run with `cargo bench --bench intake`; `tests/install` must have run once.

#![expect(clippy::expect_used, reason = "a benchmark may stop where it stands")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Frames of one blast.
const FRAMES: usize = 1_000_000;
/// Rounds of each client.
const ROUNDS: usize = 3;

fn main() {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab");
    assert!(
        lab.join("node_modules").is_dir(),
        "run ./tests/install first: the JavaScript client is missing"
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (label, size) in [
        ("small events (50 bytes)", 50),
        ("events of 200 bytes", 200),
        ("events of 1,000 bytes", 1_000),
    ] {
        let frames = if size > 500 { FRAMES / 4 } else { FRAMES };
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        let mut resident = 0;
        for round in 0..ROUNDS {
            let file = folder.path().join(format!("{size}-{round}.sio.jsonl"));
            let (rate, memory) = blast(frames, size, |url| sioscope(url, &file));
            ours.push(rate);
            resident = resident.max(memory);
            let _ = std::fs::remove_file(file);
            theirs.push(blast(frames, size, |url| javascript(&lab, url)).0);
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        println!(
            "{label}: sioscope, recording {ours:>9.0} frames/s | JavaScript client {theirs:>9.0} frames/s | ratio {:.2} | resident at {frames} frames: {:.1} MiB",
            ours / theirs,
            resident as f64 / 1024.0
        );
    }
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn sioscope(url: &str, file: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sioscope"))
        .args([
            "stream",
            url,
            "--transports",
            "websocket",
            "--quiet",
            "--no-reconnect",
            "--for",
            "120s",
            "--record",
        ])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("sioscope starts")
}

fn javascript(lab: &Path, url: &str) -> Child {
    const PROGRAM: &str = r#"
        const { io } = require("socket.io-client-4");
        let count = 0;
        const socket = io(process.argv[1], { transports: ["websocket"], reconnection: false });
        socket.on("tick", () => count++);
        socket.on("disconnect", () => process.exit(0));
    "#;
    Command::new("node")
        .current_dir(lab)
        .args(["-e", PROGRAM, url])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("node starts")
}

/// Serves one client; returns frames a second and its resident KiB while all is still held.
fn blast(frames: usize, size: usize, client: impl FnOnce(&str) -> Child) -> (f64, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let mut child = client(&url);
    let (mut stream, _) = listener.accept().expect("the client connects");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout");
    stream.set_nodelay(true).expect("no delay");
    upgrade(&mut stream);
    stream
        .write_all(&frame(r#"0{"sid":"S","upgrades":[],"pingInterval":600000,"pingTimeout":600000,"maxPayload":1000000}"#))
        .expect("the handshake is written");
    // The CONNECT packet: a masked frame of 2 to 8 bytes.
    let mut connect = [0u8; 64];
    assert!(stream.read(&mut connect).expect("CONNECT comes") > 0);
    stream
        .write_all(&frame(r#"40{"sid":"N"}"#))
        .expect("the reply is written");
    let event = frame(&event(size));
    let per_chunk = (64 * 1024 / event.len()).max(1);
    let chunk = event.repeat(per_chunk);
    let chunks = frames / per_chunk;
    let started = Instant::now();
    for _ in 0..chunks {
        stream.write_all(&chunk).expect("the client takes it in");
    }
    // The client has taken in all but what lies in the socket's buffers: wait for those, too.
    stream.write_all(&frame("2")).expect("a ping");
    loop {
        let mut answer = [0u8; 1024];
        let read = stream.read(&mut answer).expect("the pong comes");
        assert!(read > 0, "the client left");
        if read >= 7 {
            break;
        }
    }
    let took = started.elapsed();
    std::thread::sleep(Duration::from_millis(300));
    let resident = resident(child.id());
    drop(stream);
    finish(&mut child);
    ((chunks * per_chunk) as f64 / took.as_secs_f64(), resident)
}

fn finish(child: &mut Child) {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if child.try_wait().expect("its state").is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0)
}

/// An event packet of about `size` bytes.
fn event(size: usize) -> String {
    let head = r#"42["tick",{"user":"anna","seq":1234,"text":""#;
    let tail = r#""}]"#;
    format!(
        "{head}{}{tail}",
        "x".repeat(size.saturating_sub(head.len() + tail.len()))
    )
}

/// An unmasked text frame.
fn frame(text: &str) -> Vec<u8> {
    let mut out = vec![0x81];
    match text.len() {
        len @ 0..=125 => out.push(len as u8),
        len => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
    out
}

fn upgrade(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut byte = [0u8; 1];
    while !request.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).expect("the request comes"), 1);
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request);
    let key = request
        .lines()
        .find_map(|line| {
            line.split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        })
        .map(|(_, value)| value.to_owned())
        .expect("a key");
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .expect("the 101 is written");
}
