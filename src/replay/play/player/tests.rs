//! Virtual time: the live session is written down as the recording is, and every deed is shown
//! with the moment at which it was done.

use super::super::bed::{facts, script};
use super::*;

const TALK: &str = r#"
    # 1
    10 < 0{"sid":"E"}
    11 > 40
    100 < 40{"sid":"S"}
    110 < 42["hello",{"token":"old"}]
    200 > 420["login","old"]
    300 < 430["ok"]
    310 < 427["ask",1]
    350 > 437["yes"]
    600 > 42["bye"]
    700 > 41
    701 = left
"#;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Leaves while it still waits for nothing, comes back and goes on.
const BACK: &str = r#"
    # 1
    10 < 0{"sid":"E"}
    11 > 40
    100 < 40{"sid":"S"}
    200 > 420["ask","x"]
    300 < 421["ask","x"]
    310 > 431["fine"]
    320 < 42["answered"]
    330 < 430["ok"]
    340 > 41
    350 = left
    # 2
    600 < 0{"sid":"F"}
    601 > 40
    610 < 40{"sid":"T"}
    700 > 421["greet"]
    710 < 431["hello"]
"#;

struct Run {
    player: Player,
    done: Vec<String>,
}

impl Run {
    fn new(pace: Pace, values: Values) -> Run {
        Run::of(TALK, pace, values)
    }

    fn of(text: &str, pace: Pace, values: Values) -> Run {
        let settings = Settings {
            pace,
            patience: ms(5_000),
        };
        Run {
            player: Player::new(script(text), settings, values),
            done: Vec::new(),
        }
    }

    /// Everything that is due at a time; returns what it then waits for.
    fn turns(&mut self, now: Duration) -> Turn {
        loop {
            match self.player.turn(now) {
                Turn::Do(command) => {
                    let what = match command {
                        Command::Emit(emit) => format!("emit {}", emit.args),
                        Command::Answer { id, args, .. } => format!("answer {id} {args}"),
                        other => format!("{other:?}"),
                    };
                    self.done.push(format!("{} {what}", now.as_millis()));
                }
                other => return other,
            }
        }
    }

    /// Plays the live session until nothing more happens; returns the last turn and its time.
    fn live(&mut self, live: &str) -> (Turn, Duration) {
        let mut facts = facts(live).into_iter().peekable();
        let mut now = Duration::ZERO;
        loop {
            let turn = self.turns(now);
            let Turn::Wait(until) = turn else {
                return (turn, now);
            };
            let heard = facts.peek().map(|(at, _)| *at);
            let next = [until, heard].into_iter().flatten().min();
            let Some(next) = next else {
                return (turn, now);
            };
            now = now.max(next);
            while let Some((_, fact)) = facts.next_if(|(at, _)| *at <= now) {
                self.player.hear(now, &fact);
            }
        }
    }
}

/// The same server, slower, with ids of its own.
const SLOWER: &str = r#"
    # 1
    50 < 0{"sid":"X"}
    51 > 40
    1000 < 40{"sid":"Y"}
    1400 < 42["hello",{"token":"new"}]
    1401 > 420["login","old"]
    1800 < 430["ok"]
    1900 < 4299["ask",1]
"#;

#[test]
fn steps_go_at_their_recorded_times_from_the_first_answer_on() {
    let mut run = Run::new(Pace::Timed(1.0), Values::default());
    let (turn, at) = run.live(SLOWER);
    assert_eq!(turn, Turn::Done);
    assert_eq!(
        run.done,
        [
            "1100 emit [\"login\",\"old\"]",
            "1500 emit [\"bye\"]",
            // As long after the question as then, with the id that it has now.
            "1940 answer 99 [\"yes\"]",
        ]
    );
    // The last emit never showed on the wire of this session: it was waited for.
    assert_eq!(at, ms(1940 + 5_000));
    assert_eq!(run.player.progress().replies, (4, 4));
}

#[test]
fn speed_scales_every_time() {
    let mut run = Run::new(Pace::Timed(10.0), Values::default());
    run.live(SLOWER);
    assert_eq!(
        run.done,
        [
            "1010 emit [\"login\",\"old\"]",
            "1050 emit [\"bye\"]",
            "1904 answer 99 [\"yes\"]",
        ]
    );
}

#[test]
fn match_waits_for_what_preceded_each_and_for_nothing_else() {
    let mut run = Run::new(Pace::Match, Values::default());
    run.live(SLOWER);
    assert_eq!(
        run.done,
        [
            "1400 emit [\"login\",\"old\"]",
            "1900 answer 99 [\"yes\"]",
            "1900 emit [\"bye\"]",
        ]
    );
}

#[test]
fn match_gives_up_with_a_word() {
    let mut run = Run::new(Pace::Match, Values::default());
    let (turn, at) = run.live("# 1\n50 < 0{\"sid\":\"X\"}\n60 < 40{\"sid\":\"Y\"}");
    assert_eq!(at, ms(5_060));
    let Turn::Failed(failure) = turn else {
        panic!("{turn:?}");
    };
    assert_eq!(
        failure.to_string(),
        "waited 5000 ms for event \"hello\" on / (record 5), which came before emit \"login\" on \
         /, in vain"
    );
    assert!(run.done.is_empty());
}

#[test]
fn a_captured_value_is_waited_for_and_sent() {
    let values = || {
        let mut values = Values::default();
        values.capture("t=hello[0].token").unwrap();
        values.set("login[0]={{t}}").unwrap();
        values.check(&script(TALK)).unwrap();
        values
    };
    let mut run = Run::new(Pace::Timed(1.0), values());
    run.live(SLOWER);
    assert_eq!(run.done[0], "1400 emit [\"login\",\"new\"]");
    let mut run = Run::new(Pace::Timed(1.0), values());
    let (turn, at) = run.live("# 1\n50 < 0{\"sid\":\"X\"}\n60 < 40{\"sid\":\"Y\"}");
    assert_eq!(at, ms(160 + 5_000));
    let Turn::Failed(failure) = turn else {
        panic!("{turn:?}");
    };
    assert!(
        failure.to_string().contains("--capture t") && failure.to_string().contains("\"login\""),
        "{failure}"
    );
}

#[test]
fn a_value_that_can_never_be_is_told_before_anything_is_sent() {
    for (set, capture, word) in [
        (Some("nobody[0]=1"), None, "login"),
        (Some("login[0]={{x}}"), None, "--capture x=EVENT.path"),
        (None, Some("x=nobody[0]"), "hello"),
    ] {
        let mut values = Values::default();
        set.iter().for_each(|set| values.set(set).unwrap());
        capture
            .iter()
            .for_each(|capture| values.capture(capture).unwrap());
        let error = values.check(&script(TALK)).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn step_waits_for_the_person_who_may_skip_or_let_it_run() {
    let mut run = Run::new(Pace::Step, Values::default());
    let mut live = facts(SLOWER).into_iter();
    live.by_ref()
        .take(2)
        .for_each(|(at, fact)| run.player.hear(at, &fact));
    assert_eq!(run.turns(ms(2_000)), Turn::Ask(0));
    assert_eq!(run.turns(ms(9_000)), Turn::Ask(0), "no time is up");
    run.player.next();
    assert_eq!(run.turns(ms(9_001)), Turn::Ask(1));
    assert_eq!(run.done, ["9001 emit [\"login\",\"old\"]"]);
    // Answers are not asked about.
    live.for_each(|(_, fact)| run.player.hear(ms(9_100), &fact));
    assert_eq!(run.turns(ms(9_100)), Turn::Ask(1));
    assert_eq!(run.done.len(), 2);
    run.player.skip(ms(9_200));
    assert!(matches!(run.turns(ms(9_200)), Turn::Done | Turn::Wait(_)));
    assert_eq!(run.done.len(), 2);
    assert_eq!(run.player.skipped(), [1]);

    let mut run = Run::new(Pace::Step, Values::default());
    for (_, fact) in facts(SLOWER) {
        run.player.hear(ms(1), &fact);
    }
    run.turns(ms(2));
    run.player.set_pace(ms(50_000), Pace::Timed(1.0));
    run.turns(ms(50_000));
    run.turns(ms(50_399));
    assert_eq!(run.done.len(), 2, "answer and login: {:?}", run.done);
    run.turns(ms(50_400));
    assert_eq!(run.done.last().unwrap(), "50400 emit [\"bye\"]");
}

#[test]
fn what_comes_is_matched_with_what_was_recorded_and_the_rest_counted() {
    let mut run = Run::new(Pace::Timed(1.0), Values::default());
    run.live(
        r#"
        # 1
        50 < 0{"sid":"X"}
        60 < 40{"sid":"Y"}
        61 < 42["hello",{"token":"new"}]
        62 < 42["hello",{"token":"twice"}]
        63 < 42["other"]
        "#,
    );
    let came: Vec<String> = run
        .player
        .beside()
        .map(|(expected, came)| format!("{}: {}", expected.reply, came.is_some()))
        .collect();
    assert_eq!(
        came,
        [
            "the way into namespace /: true",
            "event \"hello\" on /: true",
            "the ack of \"login\" on /: false",
            "event \"ask\" on /: false",
        ]
    );
    let extra: Vec<String> = (run.player.extra().iter())
        .map(|came| came.reply.to_string())
        .collect();
    assert_eq!(extra, ["event \"hello\" on /", "event \"other\" on /"]);
}

#[test]
fn a_refusal_where_the_recording_was_let_in_ends_it() {
    let mut run = Run::new(Pace::Timed(1.0), Values::default());
    let (turn, _) = run.live("# 1\n50 < 0{\"sid\":\"X\"}\n60 < 44{\"message\":\"no\"}");
    let Turn::Failed(Failure::Refused { nsp, .. }) = turn else {
        panic!("{turn:?}");
    };
    assert_eq!(nsp, "/");
    assert!(run.done.is_empty());
}

/// The server of `BACK`, far slower than `--speed 100` plays.
const BACK_SLOWER: &str = r#"
    # 1
    10 < 0{"sid":"X"}
    11 > 40
    100 < 40{"sid":"Y"}
    102 > 420["ask","x"]
    400 < 427["ask","x"]
    500 < 42["answered"]
    600 < 430["ok"]
"#;

#[test]
fn a_leave_waits_for_what_came_before_it_however_fast_it_is_played() {
    for pace in [Pace::Timed(100.0), Pace::Match] {
        let mut run = Run::of(BACK, pace, Values::default());
        run.live(BACK_SLOWER);
        let said = |what: &str| {
            let found = run.done.iter().position(|done| done.contains(what));
            found.unwrap_or_else(|| panic!("{pace:?} {what}: {:?}", run.done))
        };
        assert!(said("answer 7") < said("Leave"), "{:?}", run.done);
        assert!(
            run.done[said("Leave")].starts_with("600 "),
            "{pace:?}: {:?}",
            run.done
        );
        assert!(said("Leave") < said("Disconnect") && said("Disconnect") < said("Connect"));
    }
}

#[test]
fn a_leave_waits_no_longer_than_the_patience() {
    let mut run = Run::of(BACK, Pace::Timed(100.0), Values::default());
    run.live("# 1\n10 < 0{\"sid\":\"X\"}\n11 > 40\n100 < 40{\"sid\":\"Y\"}");
    let left: Vec<&String> = (run.done.iter())
        .filter(|done| done.contains("Leave"))
        .collect();
    assert_eq!(left.len(), 1, "{:?}", run.done);
    assert!(left[0].starts_with("5102 "), "{:?}", run.done);
}

/// Two namespaces; nothing is emitted to the second one, which greets.
const TWO: &str = r#"
    # 1
    10 < 0{"sid":"E"}
    11 > 40
    12 > 40/admin,{"token":"t"}
    100 < 40{"sid":"S"}
    101 < 40/admin,{"sid":"A"}
    102 < 42/admin,["hello"]
    200 > 420["login"]
    210 < 430["ok"]
"#;

const TWO_REFUSED: &str = r#"
    # 1
    10 < 0{"sid":"X"}
    11 > 40
    12 > 40/admin,
    100 < 40{"sid":"Y"}
    101 < 44/admin,{"message":"no"}
    201 > 420["login"]
    210 < 430["ok"]
"#;

#[test]
fn a_refused_namespace_that_no_step_needs_does_not_stop_the_rest() {
    for pace in [Pace::Timed(1.0), Pace::Match] {
        let mut run = Run::of(TWO, pace, Values::default());
        let (turn, at) = run.live(TWO_REFUSED);
        assert_eq!(turn, Turn::Done, "{pace:?}");
        assert_eq!(run.done.len(), 1, "{pace:?}: {:?}", run.done);
        // What it never says is not waited for.
        assert!(at < ms(1_000), "{pace:?} {at:?}");
        let refusals = [("/admin".to_owned(), "{\"message\":\"no\"}".to_owned())];
        assert_eq!(run.player.refusals(), refusals);
    }
}

#[test]
fn a_refused_namespace_that_a_step_needs_is_named_with_the_way_out() {
    let needed = TWO.replace("420[\"login\"]", "42/admin,[\"login\"]");
    let mut run = Run::of(&needed, Pace::Timed(1.0), Values::default());
    let (Turn::Failed(failure), _) = run.live(TWO_REFUSED) else {
        panic!("{:?}", run.done);
    };
    let said = failure.to_string();
    for word in ["/admin refuses", "\"login\"", "--allow-target", "--auth"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(run.done.is_empty());
}
