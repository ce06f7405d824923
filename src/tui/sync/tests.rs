//! Long sessions: what is done in many steps ends as if it had been done in one.

use super::*;
use crate::journal::record::Direction::ToClient;
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
