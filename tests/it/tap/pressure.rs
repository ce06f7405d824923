//! A peer that does not read, and a disk that does not take: who has to wait, and what is lost.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::stage::Tapped;
use crate::interop::records::all;

const SWITCHED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const UPGRADE: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// Whoever takes this much without reading on has no bound.
const TOO_MUCH: usize = 192 * 1024 * 1024;
const MEGABYTE: usize = 1 << 20;

/// Reads to the end of a head.
fn head(stream: &mut TcpStream) {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a whole head");
        read.extend(byte);
    }
}

/// A server that answers one upgrade and goes on as `then` says.
fn upstream<T: Send + 'static>(
    then: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the tap comes");
        head(&mut stream);
        stream.write_all(SWITCHED).expect("the tap reads");
        then(stream)
    });
    (url, server)
}

fn connect(tapped: &Tapped) -> TcpStream {
    let mut stream = TcpStream::connect(tapped.authority()).expect("the tap listens");
    stream.write_all(UPGRADE).expect("the tap reads");
    head(&mut stream);
    stream
}

/// A binary message of a client (under a mask of zeros) or of a server.
fn message(size: usize, masked: bool) -> Vec<u8> {
    let mut bytes = vec![0x82, if masked { 0xff } else { 0x7f }];
    bytes.extend((size as u64).to_be_bytes());
    if masked {
        bytes.extend([0; 4]);
    }
    bytes.extend((0..size).map(|at| b'a' + u8::try_from(at % 23).expect("small")));
    bytes
}

/// The first `size` bytes of the same message again and again.
fn stream_of(message: &[u8], size: usize) -> impl Iterator<Item = &u8> {
    message.iter().cycle().take(size)
}

/// Writes the same message again and again until nobody takes more for a second; how many bytes
/// went out.
fn write_until_stopped(stream: &mut TcpStream, message: &[u8]) -> usize {
    let timeout = Some(Duration::from_secs(1));
    stream.set_write_timeout(timeout).expect("a timeout");
    let mut sent = 0;
    while sent < TOO_MUCH {
        let from = sent % message.len();
        match stream.write(&message[from..]) {
            Ok(written) => sent += written,
            Err(error) => {
                let kind = error.kind();
                let stopped = matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(stopped, "{error}");
                break;
            }
        }
    }
    sent
}

#[test]
fn a_server_that_does_not_read_stops_its_client_and_loses_nothing() {
    let (go, wait) = mpsc::channel::<()>();
    let (url, server) = upstream(move |mut stream| {
        wait.recv().expect("the word to read");
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("everything");
        all
    });
    let tapped = Tapped::before(&url, &["--no-record", "--quiet"]);
    let mut client = connect(&tapped);
    let frame = message(64 * 1024, true);
    let sent = write_until_stopped(&mut client, &frame);
    assert!(
        sent < TOO_MUCH,
        "the tap took {sent} bytes for a server that reads none"
    );
    go.send(()).expect("the server waits");
    client.shutdown(std::net::Shutdown::Write).expect("a FIN");
    let got = server.join().expect("the server read on");
    assert_eq!(got.len(), sent);
    assert!(got.iter().eq(stream_of(&frame, sent)), "other bytes came");
}

#[test]
fn a_client_that_does_not_read_stops_its_server_and_loses_nothing() {
    let (stopped, wait) = mpsc::channel();
    let frame = message(64 * 1024, false);
    let sent = frame.clone();
    let (url, server) = upstream(move |mut stream| {
        let count = write_until_stopped(&mut stream, &sent);
        stopped.send(count).expect("the test waits");
        // Only now the end: dropping the stream is a FIN behind it all.
        drop(stream);
    });
    let tapped = Tapped::before(&url, &["--no-record", "--quiet"]);
    let mut client = connect(&tapped);
    let patience = Duration::from_secs(60);
    let sent = wait.recv_timeout(patience).expect("the server is stopped");
    assert!(
        sent < TOO_MUCH,
        "the tap took {sent} bytes for a client that reads none"
    );
    let mut got = Vec::new();
    client.read_to_end(&mut got).expect("everything");
    assert_eq!(got.len(), sent);
    assert!(got.iter().eq(stream_of(&frame, sent)), "other bytes came");
    server.join().expect("the server ended");
}

/// A pipe that is the slowest disk there is until somebody reads it.
struct Disk {
    path: PathBuf,
    reader: std::fs::File,
    _folder: tempfile::TempDir,
}

impl Disk {
    fn stuck() -> Disk {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("session.sio.jsonl");
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo");
        // Open for both, it opens without a writer, and its writer never waits for a reader.
        let reader = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .expect("the pipe");
        Disk {
            path,
            reader,
            _folder: folder,
        }
    }

    fn path(&self) -> &Path {
        &self.path
    }

    /// Takes everything from now on; the records up to [`THE_END`].
    fn drain(self) -> JoinHandle<Vec<Value>> {
        std::thread::spawn(move || {
            // Its folder stays as long as it is read.
            let disk = self;
            let lines = std::io::BufRead::lines(std::io::BufReader::new(&disk.reader));
            let mut records = Vec::new();
            for line in lines {
                let record: Value = serde_json::from_str(&line.expect("a line")).expect("a record");
                if record["text"] == THE_END {
                    break;
                }
                // Kept without its bulk.
                records.push(serde_json::json!({
                    "k": record["k"], "lost": record["lost"],
                    "size": record["b64"].as_str().map(str::len),
                }));
            }
            records
        })
    }
}

/// What the test itself writes behind the last record.
const THE_END: &str = "the end";
const MESSAGES: usize = 60;

/// A server sends 60 messages of 1 MiB past a disk that takes nothing; how many bytes the client
/// has read is counted.
struct Flood {
    tapped: Tapped,
    read: Arc<AtomicUsize>,
    client: JoinHandle<()>,
    server: JoinHandle<()>,
    total: usize,
}

impl Flood {
    fn past(disk: &Disk, overflow: &str) -> Flood {
        let frame = message(MEGABYTE, false);
        let total = MESSAGES * frame.len();
        let (url, server) = upstream(move |mut stream| {
            for _ in 0..MESSAGES {
                stream.write_all(&frame).expect("the tap reads");
            }
        });
        let file = disk.path().display().to_string();
        let args = ["--quiet", "--record", &file, "--on-overflow", overflow];
        let tapped = Tapped::before(&url, &args);
        let mut stream = connect(&tapped);
        let read = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&read);
        let client = std::thread::spawn(move || {
            let mut chunk = vec![0; MEGABYTE];
            while let Ok(some @ 1..) = stream.read(&mut chunk) {
                count.fetch_add(some, Ordering::SeqCst);
            }
        });
        Flood {
            tapped,
            read,
            client,
            server,
            total,
        }
    }

    fn read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    /// Everything is through; the records of the disk.
    fn end(self, path: &Path, draining: impl FnOnce() -> JoinHandle<Vec<Value>>) -> Vec<Value> {
        self.client.join().expect("the client read to the end");
        self.server.join().expect("the server sent all");
        assert_eq!(self.read.load(Ordering::SeqCst), self.total);
        let draining = draining();
        self.tapped.stop();
        let line = format!("{}\n", serde_json::json!({ "text": THE_END }));
        std::fs::write(path, line).expect("the pipe");
        draining.join().expect("the records")
    }
}

fn frames(records: &[Value]) -> usize {
    all(records, |record| {
        record["k"] == "frame" && record["size"].is_u64()
    })
    .len()
}

#[test]
fn what_the_disk_does_not_take_is_a_gap_and_never_a_delay() {
    let disk = Disk::stuck();
    let flood = Flood::past(&disk, "drop");
    // The client has all of it before the disk has taken a line.
    let path = disk.path().to_owned();
    let records = flood.end(&path, || disk.drain());
    let gaps = all(&records, |record| record["k"] == "gap");
    let count = |what: &str| {
        gaps.iter()
            .filter_map(|gap| gap["lost"][what].as_u64())
            .sum::<u64>()
    };
    assert!(!gaps.is_empty(), "{records:#?}");
    let lost = usize::try_from(count("bytes")).expect("a size") / MEGABYTE;
    assert_eq!(frames(&records) + lost, MESSAGES, "{gaps:#?}");
    assert!(count("records") >= lost as u64 && lost > 0, "{gaps:#?}");
}

#[test]
fn with_block_the_application_waits_for_the_disk_and_nothing_is_lost() {
    let disk = Disk::stuck();
    let flood = Flood::past(&disk, "block");
    // It stands still: the same count over a second, and not all of it.
    let mut before = usize::MAX;
    while flood.read() != before || before == 0 {
        before = flood.read();
        std::thread::sleep(Duration::from_secs(1));
    }
    assert!(before < flood.total, "nothing waited for the disk");
    let path = disk.path().to_owned();
    let draining = disk.drain();
    let records = flood.end(&path, || draining);
    assert_eq!(frames(&records), MESSAGES);
    let gaps = all(&records, |record| record["k"] == "gap");
    assert!(gaps.is_empty(), "{gaps:#?}");
}
