//! The offline buffer in a person's hands: held back, changed, dropped, let go.

use super::bed::Bed;
use crate::journal::record::TransportName;

/// A client whose CONNECT of / is unanswered.
fn asked() -> Bed {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play("start\n> WS\n< ws open\n< ws: OPEN4\n> 40");
    bed
}

#[test]
fn what_is_held_back_waits_although_the_namespace_is_joined() {
    Bed::two().play(
        r#"! hold
        = mark events are held back from here on
        ! emit / ["a"]
        = buffer / queued 2["a"]
        ! emit /a ["b"]
        = buffer /a queued 2/a,["b"]
        ! volatile / ["v"]
        = buffer / dropped 2["v"]
        = notice volatile event dropped: events are held back
        ! flush
        = mark events are let go again
        = buffer / flushed 2["a"]
        > 42["a"]
        > 42/a,["b"]
        ! emit / ["c"]
        > 42["c"]"#,
    );
}

#[test]
fn a_namespace_that_is_joined_while_events_are_held_back_gets_them_at_the_flush() {
    asked().play(
        r#"! emit / ["a"]
        ! hold
        < ws: 40{"sid":"N"}
        =! flushed
        ! flush
        > 42["a"]"#,
    );
}

#[test]
fn a_flush_says_what_goes_on_waiting() {
    asked().play(
        r#"! emit / ["a"]
        ! flush
        = notice 1 event still wait
        < ws: 40{"sid":"N"}
        > 42["a"]"#,
    );
}

#[test]
fn what_waits_can_be_dropped_and_its_question_with_it() {
    asked().play(
        r#"! ask 60 / ["x"]
        = buffer / queued 20["x"]
        ! emit / ["y"]
        ! unbuffer / 20["x"]
        = buffer / dropped 20["x"]
        = ack / 0 ours lost
        < ws: 40{"sid":"N"}
        > 42["y"]
        + 100
        =! timeout"#,
    );
}

#[test]
fn what_waits_can_be_changed_and_keeps_its_place_and_its_id() {
    asked().play(
        r#"! ask / ["x"]
        ! emit / ["y"]
        ! rebuffer / 20["x"] => ["z",1]
        = buffer / dropped 20["x"]
        = buffer / queued 20["z",1]
        ! rebuffer / 2["y"] => {"no":"array"}
        = notice not changed
        < ws: 40{"sid":"N"}
        > 420["z",1]
        > 42["y"]"#,
    );
}

#[test]
fn what_does_not_wait_any_more_can_be_neither_changed_nor_dropped() {
    Bed::two().play(
        r#"! unbuffer / 2["x"]
        = notice 2["x"] does not wait for / any more
        ! rebuffer /a 2/a,["x"] => ["y"]
        = notice 2/a,["x"] does not wait for /a any more"#,
    );
}

#[test]
fn a_question_of_the_server_can_be_answered_twice_on_purpose() {
    Bed::two().play(
        r#"< ws: 4212["q"]
        ! answer / 12 [1]
        > 4312[1]
        ! again / 12 [2]
        > 4312[2]
        < ws: 4213["q"]
        ! again / 13 [1]
        > 4313[1]
        = ack / 13 theirs answered"#,
    );
}
