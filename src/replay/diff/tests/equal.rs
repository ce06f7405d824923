//! What is no difference.

use proptest::prelude::*;

use super::session::{FIRST, Ids, Session};
use crate::replay::diff::{Aspect, Masks, Rules, compare};

const SECOND: Ids = Ids {
    engine: "Xk9aZ2bQ7LrT0mNpAAAZ",
    socket: "b7RtZ2bQ7LrT0mNpAABA",
    pid: "private-id-of-run-2!",
};

/// A session with everything that differs from run to run.
fn talk(ids: Ids, first_id: u64, offset: &str, now: u64) -> Session {
    let Ids { socket, .. } = ids;
    let (one, two) = (first_id, first_id + 1);
    Session::connected(ids)
        .down("2")
        .up("3")
        .ms(now % 70)
        .down(&format!(
            "42[\"hello\",{{\"id\":\"{socket}\",\"at\":{}}},\"{offset}\"]",
            1_750_000_000_000 + now
        ))
        .up(&format!("42{one}[\"say\",\"room\",{{\"text\":\"hi\"}}]"))
        .up(&format!("42{two}[\"say\",\"room\",{{\"text\":\"there\"}}]"))
        .down(&format!("43{two}[\"ok\",2]"))
        .down(&format!("43{one}[\"ok\",1]"))
        .down(&format!(
            "42[\"users\",{{\"{socket}\":{{\"since\":\"2025-06-15T15:06:4{}Z\"}}}}]",
            now % 10
        ))
        .left()
}

#[test]
fn ids_offsets_times_and_pings_are_no_difference() {
    let a = talk(FIRST, 0, "Q7zC6jk", 3);
    let b = talk(SECOND, 40, "Q7zC7ab.1", 68).ms(3);
    let comparison = compare(&a.read(), &b.read(), &Rules::default());
    assert_eq!(comparison.differences, []);
    assert!(comparison.rows.iter().all(|row| !row.differs));
}

#[test]
fn the_letter_counts_where_that_is_asked_for() {
    let masks = Masks {
        exact: true,
        ..Masks::default()
    };
    let a = talk(FIRST, 0, "Q7zC6jk", 3).read_masked(&masks);
    let b = talk(SECOND, 40, "Q7zC7ab.1", 68).read_masked(&masks);
    let comparison = compare(&a, &b, &Rules::default());
    let about: Vec<Aspect> = comparison
        .differences
        .iter()
        .map(|found| found.aspect)
        .collect();
    assert_eq!(about, [Aspect::Event, Aspect::Event], "hello and users");
}

#[test]
fn the_spelling_of_json_is_no_difference() {
    let a = Session::connected(FIRST).down(r#"42["x",{"a":1,"b":[1.0,"é"]}]"#);
    let b = Session::connected(SECOND).down(r#"42["x", {"b": [1, "\u00e9"], "a": 1}]"#);
    assert!(compare(&a.read(), &b.read(), &Rules::default()).is_equal());
}

#[test]
fn what_a_path_masks_is_no_difference() {
    let a = Session::connected(FIRST)
        .down(r#"42["x",{"user":{"key":"one"},"n":1}]"#)
        .up(r#"420["ask"]"#)
        .down(r#"430[{"session":"s1"}]"#);
    let b = Session::connected(SECOND)
        .down(r#"42["x",{"user":{"key":"two"},"n":1}]"#)
        .up(r#"420["ask"]"#)
        .down(r#"430[{"session":"s2"}]"#);
    let left = |paths: &[&str]| {
        let paths = paths.iter().map(|path| path.parse().unwrap()).collect();
        let masks = Masks::new(paths);
        compare(
            &a.read_masked(&masks),
            &b.read_masked(&masks),
            &Rules::default(),
        )
        .differences
        .len()
    };
    assert_eq!(left(&[]), 2);
    assert_eq!(left(&["x.user.key"]), 1);
    assert_eq!(left(&["x.user.key", "reply:ask.session"]), 0);
    assert_eq!(left(&["$..key", "$..session"]), 0);
    assert_eq!(left(&["/chat,x.user.key", "ask.session"]), 2, "of others");
}

#[test]
fn the_number_of_attempts_is_chance() {
    let series = |attempts: u32| {
        let mut session =
            Session::connected(FIRST).ends("transport close", Some("close code 1006"));
        for c in 0..attempts {
            session = session
                .on(c + 2)
                .connection(
                    crate::journal::record::ConnectionState::Connecting,
                    None,
                    None,
                )
                .ends("xhr poll error", Some("refused"));
        }
        session
            .on(attempts + 2)
            .opens(SECOND)
            .joins("/", SECOND)
            .left()
    };
    let comparison = compare(&series(2).read(), &series(5).read(), &Rules::default());
    assert_eq!(comparison.differences, []);
}

#[test]
fn clients_of_a_tap_are_found_again_in_another_order() {
    let client = |session: Session, c: u32, ids: Ids, event: &str| {
        session
            .on(c)
            .opens(ids)
            .joins("/", ids)
            .down(&format!("42[\"{event}\",1]"))
    };
    let a = client(
        client(Session::empty().tapped(), 1, FIRST, "first"),
        2,
        SECOND,
        "second",
    );
    let b = client(
        client(Session::empty().tapped(), 1, FIRST, "second"),
        2,
        SECOND,
        "first",
    );
    let close = |session: Session| {
        session
            .on(1)
            .ends("io client disconnect", None)
            .on(2)
            .ends("io client disconnect", None)
    };
    let comparison = compare(&close(a).read(), &close(b).read(), &Rules::default());
    assert_eq!(comparison.differences, []);
}

/// What may happen in a session, by a number.
fn step(session: Session, number: u8, id: u64) -> Session {
    match number % 8 {
        0 => session
            .up(&format!("42{id}[\"ask\",{number}]"))
            .down(&format!("43{id}[{number}]")),
        1 => session.up(&format!("42{id}[\"ask\",{number}]")),
        2 => session.down(&format!("42[\"news\",{number}]")),
        3 => session.down(&format!("42/chat,[\"said\",{number}]")),
        4 => session.up(&format!("42/chat,[\"say\",{number}]")),
        5 => session
            .down(&format!("42{id}[\"you?\",1]"))
            .up(&format!("43{id}[{number}]")),
        6 => session.down("2").up("3"),
        _ => session.down("42[broken"),
    }
}

fn random(steps: &[u8], ids: Ids, first_id: u64) -> Session {
    let start = Session::connected(ids).joins("/chat", ids);
    (steps.iter().zip(first_id..)).fold(start, |session, (step_number, id)| {
        step(session, *step_number, id)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_session_equals_itself_whatever_the_ids(steps in prop::collection::vec(any::<u8>(), 0..60), first in 0u64..1000) {
        let a = random(&steps, FIRST, 0).read();
        let itself = compare(&a, &a, &Rules::default());
        prop_assert_eq!(&itself.differences, &[]);
        prop_assert_eq!(itself.rows.len(), a.lines.len());
        let other = random(&steps, SECOND, first).read();
        prop_assert_eq!(&compare(&a, &other, &Rules::default()).differences, &[]);
    }

    #[test]
    fn every_line_is_in_one_row_whatever_differs(
        one in prop::collection::vec(any::<u8>(), 0..60),
        other in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let (a, b) = (random(&one, FIRST, 0).read(), random(&other, SECOND, 7).read());
        let comparison = compare(&a, &b, &Rules::default());
        let back = compare(&b, &a, &Rules::default());
        let mut of_a: Vec<usize> = comparison.rows.iter().filter_map(|row| row.a).collect();
        let mut of_b: Vec<usize> = comparison.rows.iter().filter_map(|row| row.b).collect();
        of_a.sort_unstable();
        of_b.sort_unstable();
        prop_assert_eq!(of_a, (0..a.lines.len()).collect::<Vec<_>>());
        prop_assert_eq!(of_b, (0..b.lines.len()).collect::<Vec<_>>());
        prop_assert_eq!(comparison.is_equal(), back.is_equal());
        // Rows follow the order of the first session.
        let order: Vec<(u64, Option<u32>)> = comparison.rows.iter()
            .filter_map(|row| row.a)
            .map(|place| (a.lines[place].n, a.lines[place].index))
            .collect();
        prop_assert!(order.is_sorted());
    }
}
