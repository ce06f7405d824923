//! Long sessions: what is done in many steps ends as if it had been done in one.

use super::*;
use crate::journal::record::Direction::{ToClient, ToServer};
use crate::tui::bench::Bench;
use crate::tui::log::Spot;

const MANY: u64 = 20_000;

/// A session with an event `nine` among each ten, all of them taken in.
fn long() -> Bench {
    let mut bench = Bench::new(120, 36);
    more(&mut bench, 1..=MANY);
    bench.settle(1_000);
    bench
}

fn more(bench: &mut Bench, numbers: std::ops::RangeInclusive<u64>) {
    for n in numbers {
        let name = if n % 10 == 9 { "nine" } else { "tick" };
        bench.text(1, ToClient, &format!(r#"42["{name}",{n}]"#));
    }
}

fn shown(bench: &Bench) -> Vec<u64> {
    let log = &bench.tab().log;
    (0..log.len())
        .filter_map(|at| log.row(at))
        .map(RowId::n)
        .collect()
}

fn nines(upto: u64) -> Vec<u64> {
    (1..=upto).filter(|n| n % 10 == 9).collect()
}

/// Presses keys without doing any of the work that they ask for.
fn press(bench: &mut Bench, keys: &str) {
    for letter in keys.chars() {
        let code = match letter {
            '\n' => crossterm::event::KeyCode::Enter,
            letter => crossterm::event::KeyCode::Char(letter),
        };
        let key = crossterm::event::KeyEvent::new(code, crossterm::event::KeyModifiers::NONE);
        crate::tui::update::update(&mut bench.state, crossterm::event::Event::Key(key));
    }
}

#[test]
fn a_filter_that_is_changed_on_the_way_ends_as_the_last_one_says() {
    let mut bench = long();
    press(&mut bench, "fev:tick\n");
    bench.advance();
    press(&mut bench, "f");
    for _ in 0.."ev:tick".len() {
        let back = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Backspace);
        crate::tui::update::update(&mut bench.state, crossterm::event::Event::Key(back));
    }
    press(&mut bench, "ev:nine\n");
    bench.settle(1_000);
    assert_eq!(shown(&bench), nines(MANY));
}

#[test]
fn what_comes_while_the_list_is_made_anew_is_in_it_once() {
    let mut bench = long();
    press(&mut bench, "fev:nine\n");
    bench.advance();
    more(&mut bench, MANY + 1..=MANY + 9_000);
    bench.advance();
    more(&mut bench, MANY + 9_001..=MANY + 9_100);
    bench.settle(1_000);
    assert_eq!(shown(&bench), nines(MANY + 9_100));
}

#[test]
fn a_search_finds_every_hit_of_a_long_list_and_of_what_comes_later() {
    let mut bench = long();
    press(&mut bench, "/nine\n");
    bench.advance();
    more(&mut bench, MANY + 1..=MANY + 30);
    bench.settle(1_000);
    let log = &bench.tab().log;
    let is_hit = |at: &usize| log.has_spot(Spot::Hit, *at, at + 1);
    let hits: Vec<u64> = (0..log.len())
        .filter(is_hit)
        .filter_map(|at| log.row(at))
        .map(RowId::n)
        .collect();
    assert_eq!(hits, nines(MANY + 30));
    assert_eq!(bench.tab().log.selected().map(RowId::n), Some(9));
}

#[test]
fn a_search_in_a_filtered_list_finds_only_what_is_shown() {
    let mut bench = long();
    press(&mut bench, "fev:tick\n");
    press(&mut bench, "/99\n");
    bench.settle(1_000);
    let has = |n: &u64| n.to_string().contains("99") && n % 10 != 9;
    let expected = (1..=MANY).filter(has).count();
    assert_eq!(bench.tab().log.count(Spot::Hit), expected);
    assert!(expected > 100, "{expected}");
}

#[test]
fn a_filter_for_what_changes_later_is_kept_true() {
    let mut bench = Bench::new(120, 36);
    bench.text(1, ToServer, r#"421["ask","a"]"#);
    bench.text(1, ToServer, r#"422["ask","b"]"#);
    bench.settle(1);
    press(&mut bench, "fack:pending\n");
    bench.settle(2);
    assert_eq!(shown(&bench), [1, 2]);
    bench.text(3, ToClient, "431[]");
    bench.settle(3);
    // Not at once, so that a flood of acks costs little.
    assert!(bench.tab().stale);
    bench.readers[0].0.renewal.due = None;
    bench.settle(4);
    assert_eq!(shown(&bench), [2]);
    assert!(!bench.tab().stale);
}

#[test]
fn what_proves_a_finding_can_be_filtered_for() {
    let mut bench = Bench::new(120, 36);
    let (reader, _) = &mut bench.readers[0];
    *reader = Reader::new(None).diagnosing(Source::Client, "http://localhost:3000");
    more(&mut bench, 1..=5);
    bench.text(2, ToClient, "44/admin,{\"message\":\"no\"}");
    more(&mut bench, 7..=9);
    bench.settle(3);
    let evidence: Vec<u64> = bench.tab().findings[0].evidence.clone();
    press(&mut bench, "fis:finding\n");
    bench.settle(3);
    assert_eq!(shown(&bench), evidence);
    assert!(evidence.contains(&6), "{evidence:?}");
}

#[test]
fn a_part_of_a_binary_packet_is_no_mistake_when_it_is_read_again() {
    let mut bench = Bench::new(120, 36);
    let header = r#"452-["two",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    bench.text(1, ToClient, header);
    for bytes in [b"first", b"other"] {
        bench.add(1, crate::tui::bench::binary(ToClient, bytes));
    }
    bench.settle(2);
    let at_first = shown(&bench);
    press(&mut bench, "fc:1\n");
    bench.settle(2);
    assert_eq!(shown(&bench), at_first);
    assert_eq!(at_first, [3], "one row, at the record that completes it");
    assert_eq!(bench.tab().log.count(Spot::Error), 0);
}

#[test]
fn a_search_begins_anew_when_the_list_changes_while_it_looks() {
    let mut bench = long();
    for n in 1..=3_000 {
        bench.text(1, ToServer, &format!(r#"42{n}["ask",{n}]"#));
    }
    bench.settle(1);
    press(&mut bench, "fack:pending\n");
    bench.settle(2);
    let first = bench.tab().log.row(0).unwrap().n();
    press(&mut bench, "/ask\n");
    bench.text(3, ToClient, "431[]");
    let level = bench.state.level;
    let (reader, journal) = &mut bench.readers[0];
    let tab = &mut bench.state.tabs[0];
    let budget = |time| Budget {
        until: Instant::now() + time,
        records: 0,
    };
    tab.records = journal.len();
    let minute = Duration::from_secs(60);
    assert!(!fold(tab, reader, journal, level, &mut budget(minute)));
    // Under way when the list loses its first row.
    let none = Duration::ZERO;
    assert!(search::search(
        tab,
        reader,
        journal,
        level,
        &mut budget(none)
    ));
    assert!(reader.search.is_some());
    reader.renewal.due = None;
    assert!(!list::renew(tab, reader, journal, level, &budget(minute)));
    assert!(reader.search.is_none(), "it counts by the places of before");
    bench.settle(4);
    assert!(!shown(&bench).contains(&first));
    assert_eq!(bench.tab().log.count(Spot::Hit), 2_999);
}
