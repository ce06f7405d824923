//! Whatever the threads do, what comes is what one look at a time would find.

use std::time::Duration;

use super::*;
use crate::journal::file::{Header, Source};
use crate::journal::record::{Direction, Frame, Opcode};
use crate::model::filter;

/// More than two slices.
const RECORDS: u64 = 2 * SLICE + 100;

/// A session of events, a binary one among each ten: header and attachment are two records.
fn session() -> (Journal, Decoder, BTreeMap<u64, u32>, Model) {
    let header = Header::now(Source::Client, "http://localhost:3000/");
    let started = Instant::now();
    let journal = Journal::in_memory(header, started, 64 << 20);
    let frame = |op, data: String| {
        Body::Frame(Frame {
            dir: Direction::ToClient,
            op,
            data: data.into_bytes().into(),
            code: None,
            reason: None,
            wire: None,
        })
    };
    for n in 1..=RECORDS {
        let body = match n % 10 {
            8 => frame(
                Opcode::Text,
                format!(r#"451-["file",{n},{{"_placeholder":true,"num":0}}]"#),
            ),
            9 => frame(Opcode::Binary, "Pineapple".to_owned()),
            _ => frame(Opcode::Text, format!(r#"42["tick",{{"seq":{n}}}]"#)),
        };
        journal.append(started, Some(1), &body);
    }
    let (mut decoder, mut model) = (Decoder::new(None), Model::default());
    let mut backs = BTreeMap::new();
    journal.scan(1, |record| {
        let packets = decoder.decode(&record);
        if decoder.back() > 0 {
            backs.insert(record.n, decoder.back());
        }
        model.apply(&record, &packets);
        ControlFlow::Continue(())
    });
    (journal, decoder, backs, model)
}

fn look(text: &str, level: Level) -> Look {
    let (journal, decoder, backs, model) = session();
    Look {
        journal,
        decoder,
        backs,
        now: model.now,
        model: model.acks_of_rows(),
        level,
        filter: (!text.is_empty()).then(|| filter::parse(text).unwrap()),
    }
}

/// Everything that a sweep brings, with where it stood after each slice.
fn all(mut sweep: Sweep) -> (Vec<Found>, Vec<u64>) {
    let (mut found, mut reached) = (Vec::new(), Vec::new());
    let until = Instant::now() + Duration::from_secs(60);
    while let Some(more) = sweep.next(until) {
        found.extend(more);
        reached.push(sweep.reached());
    }
    assert!(sweep.is_over());
    (found, reached)
}

#[test]
fn threads_find_what_one_look_finds_and_in_the_journal_s_order() {
    for (text, level) in [
        ("", Level::Packets),
        ("", Level::Frames),
        ("", Level::Raw),
        ("ev:file", Level::Packets),
        ("at:.seq=5000", Level::Packets),
        ("!ev:tick", Level::Frames),
        ("nowhere", Level::Packets),
    ] {
        let never = AtomicBool::new(false);
        let alone = look(text, level).through(1..RECORDS + 1, &never);
        let sweep = Sweep::start(look(text, level), 1..RECORDS + 1);
        assert!(sweep.yields.is_some(), "this is worth threads");
        let (found, reached) = all(sweep);
        assert_eq!(found, alone, "{text}");
        assert!(found.is_sorted_by_key(|found| found.id), "{text}");
        assert_eq!(reached, [SLICE + 1, 2 * SLICE + 1, RECORDS + 1]);
        let expected = match text {
            "ev:file" => Some(RECORDS / 10),
            "at:.seq=5000" => Some(1),
            "nowhere" => Some(0),
            _ => None,
        };
        assert_eq!(expected.unwrap_or(found.len() as u64), found.len() as u64);
    }
}

#[test]
fn few_records_need_no_thread() {
    let sweep = Sweep::start(look("ev:file", Level::Packets), 5..25);
    assert!(sweep.yields.is_none());
    let (found, reached) = all(sweep);
    let numbers: Vec<u64> = found.iter().map(|found| found.id.n()).collect();
    assert_eq!((numbers, reached), (vec![9, 19], vec![25]));
    let (found, reached) = all(Sweep::start(look("", Level::Packets), 7..7));
    assert_eq!((found, reached), (Vec::new(), Vec::new()));
}

#[test]
fn a_sweep_that_is_dropped_ends_its_threads() {
    let sweep = Sweep::start(look("", Level::Packets), 1..RECORDS + 1);
    let work = Arc::downgrade(&sweep.work);
    drop(sweep);
    let deadline = Instant::now() + Duration::from_secs(60);
    while work.strong_count() > 0 {
        assert!(Instant::now() < deadline, "the threads go on");
        std::thread::sleep(Duration::from_millis(1));
    }
}
