//! What a record costs: `cargo bench --bench journal`. Prints nanoseconds for each append (to a
//! file, while it is written) and for each scanned record, and index bytes for each record.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use sioscope::journal::file::{Header, Source};
use sioscope::journal::record::{Body, Direction, Frame, Opcode};
use sioscope::journal::{Journal, Record, line};

const RECORDS: u64 = 1_000_000;

fn say(what: &str, took: Duration) {
    println!(
        "{what:<40}{:>8.1} ns",
        took.as_nanos() as f64 / RECORDS as f64
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = format!(
        "42[\"price\",{{\"id\":12345,\"name\":\"{}\",\"bid\":1.25,\"ask\":1.5}}]",
        "x".repeat(140)
    );
    println!("{RECORDS} text frames of {} bytes", text.len());
    let body = Body::Frame(Frame {
        dir: Direction::ToClient,
        op: Opcode::Text,
        data: text.into_bytes().into(),
        code: None,
        reason: None,
        wire: None,
    });
    let record = Record {
        n: 123_456,
        t: 1_234_567,
        c: Some(1),
        body: body.clone(),
    };
    let mut out = Vec::new();
    let began = Instant::now();
    for _ in 0..RECORDS {
        out.clear();
        line::write_line(&mut out, std::hint::black_box(&record));
    }
    say("write a line", began.elapsed());
    let began = Instant::now();
    for _ in 0..RECORDS {
        std::hint::black_box(line::parse_line(std::hint::black_box(&out), 1)?);
    }
    say("parse a line", began.elapsed());

    let dir = tempfile::tempdir()?;
    let path = dir.path().join("bench.sio.jsonl");
    let header = Header::now(Source::Client, "http://localhost:3000");
    let journal = Journal::create(header, Instant::now(), &path)?;
    let began = Instant::now();
    for _ in 0..RECORDS {
        journal.append(Instant::now(), Some(1), &body);
    }
    say("append (file)", began.elapsed());
    let count = |journal: &Journal| {
        let mut count = 0u64;
        journal.scan(1, |record| {
            count += u64::from(record.c == Some(1));
            ControlFlow::Continue(())
        });
        assert_eq!(count, RECORDS);
    };
    journal.close();
    let began = Instant::now();
    count(&journal);
    say("scan (file)", began.elapsed());
    let began = Instant::now();
    for n in 1..=RECORDS {
        std::hint::black_box(journal.get((n * 7919) % RECORDS + 1));
    }
    say("get at random", began.elapsed());
    let began = Instant::now();
    let opened = Journal::open(&path)?;
    println!(
        "{:<40}{:>8.1} ms",
        "open until the first records",
        began.elapsed().as_secs_f64() * 1e3
    );
    while opened.status().indexed < 1.0 {
        std::thread::yield_now();
    }
    println!(
        "{:<40}{:>8.1} ms",
        "open until indexed",
        began.elapsed().as_secs_f64() * 1e3
    );
    println!(
        "{:<40}{:>8.1} bytes",
        "index for each record",
        journal.index_bytes() as f64 / RECORDS as f64
    );
    Ok(())
}
