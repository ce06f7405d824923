//! AK, BF: questions, their timeouts, and what waits while offline.

use super::bed::Bed;
use crate::client::options::Eio;
use crate::journal::record::TransportName;

/// A WebSocket session whose CONNECT is unanswered.
fn asked() -> Bed {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play("start\n> WS\n< ws open\n< ws: OPEN4\n> 40");
    bed
}

/// What follows a lost connection until CONNECT is written again.
const AGAIN: &str = "+ 1000\n> WS\n< ws open\n< ws: OPEN4\n> 40";

// AK-01, AK-04
#[test]
fn an_answer_settles_only_its_own_namespace() {
    Bed::two().play(
        r#"! ask / ["x"]
        > 420["x"]
        ! ask /a ["x"]
        > 42/a,0["x"]
        < ws: 430[]
        = ack / 0 ours answered
        =! ack /a 0 ours answered
        < ws: 43/a,0[]
        = ack /a 0 ours answered"#,
    );
}

// AK-02, AK-03
#[test]
fn unknown_and_repeated_answers_are_ignored() {
    Bed::ws().play(
        r#"< ws: 4399["x"]
        =! ack
        ! ask / ["x"]
        > 420["x"]
        < ws: 430["a"]
        = ack / 0 ours answered
        < ws: 430["b"]
        =! ack
        =! closed"#,
    );
}

// AK-06
#[test]
fn a_question_times_out_and_a_later_answer_is_late() {
    Bed::ws().play(
        r#"! ask 50 / ["x"]
        > 420["x"]
        + 49
        =! timeout
        + 1
        = ack / 0 ours timeout ms=50
        + 10
        < ws: 430[]
        = ack / 0 ours late ms=60"#,
    );
}

// AK-07
#[test]
fn a_question_that_times_out_in_the_buffer_is_never_sent() {
    asked().play(
        r#"! ask 50 / ["x"]
        = buffer / queued 20["x"]
        + 50
        = buffer / dropped 20["x"]
        = ack / 0 ours timeout
        < ws: 40{"sid":"N"}
        = nsp / connected"#,
    );
}

// AK-09
#[test]
fn a_timeout_of_zero_runs_out_at_the_next_tick() {
    Bed::ws().play("! ask 0 / [\"x\"]\n> 420[\"x\"]\n+ 0\n= ack / 0 ours timeout ms=0");
}

// AK-10, AK-11
#[test]
fn a_lost_connection_takes_its_questions_along() {
    Bed::ws().play(
        r#"! ask 1000 / ["x"]
        > 420["x"]
        ! ask / ["y"]
        > 421["y"]
        < ws: 424["q"]
        + 20
        < ws cut
        = ack / 0 ours lost ms=20
        = ack / 1 ours lost ms=20
        = ack / 4 theirs lost ms=20
        + 900
        =! timeout"#,
    );
}

// AK-12, BF-03
#[test]
fn what_was_not_sent_survives_the_reconnect_in_order() {
    Bed::ws().play(&format!(
        r#"< ws cut
        ! ask / ["x"]
        ! emit / ["y"]
        = buffer / queued 20["x"]
        = buffer / queued 2["y"]
        {AGAIN}
        < ws: 40{{"sid":"N2"}}
        > 420["x"]
        > 42["y"]
        = buffer / flushed 20["x"]
        < ws: 430[]
        = ack / 0 ours answered"#
    ));
}

// AK-13
#[test]
fn ack_ids_go_on_across_connections() {
    Bed::ws().play(&format!(
        r#"! ask / ["x"]
        > 420["x"]
        ! ask / ["x"]
        > 421["x"]
        < ws cut
        {AGAIN}
        < ws: 40{{"sid":"N2"}}
        ! ask / ["x"]
        > 422["x"]
        < ws: 430[]
        =! answered"#
    ));
}

// AK-18
#[test]
fn a_late_answer_of_ours_is_sent_all_the_same() {
    Bed::ws().play("< ws: 420[\"q\"]\n+ 490\n! answer / 0 [1]\n> 430[1]\n=! closed");
}

// BF-01, BF-02
#[test]
fn emits_before_the_connect_reply_wait_for_it() {
    asked().play(
        r#"! emit / ["a"]
        ! emit / ["b"]
        < ws: 40{"sid":"N"}
        > 42["a"]
        > 42["b"]
        ! emit / ["c"]
        > 42["c"]"#,
    );
}

// BF-04, CR-04
#[test]
fn events_before_the_connect_reply_are_delivered() {
    asked().play(
        r#"< ws: 421["early"]
        = ack / 1 theirs pending
        < ws: 40{"sid":"N"}
        = nsp / connected"#,
    );
}

// BF-05
#[test]
fn a_volatile_event_is_dropped_when_not_connected() {
    asked().play(
        r#"! volatile / ["v"]
        = buffer / dropped 2["v"]
        = notice volatile event dropped: not connected
        < ws: 40{"sid":"N"}
        = nsp / connected"#,
    );
}

// BF-06
#[test]
fn a_volatile_event_is_dropped_when_the_transport_is_busy() {
    Bed::polling().play(
        r#"! volatile / ["v"]
        > POST 42["v"]
        ! volatile / ["w"]
        = notice volatile event dropped: the transport is busy
        < post: ok"#,
    );
    Bed::upgrading().play(
        r#"< ws open
        > 2probe
        < ws: 3probe
        ! volatile / ["v"]
        = buffer / dropped 2["v"]"#,
    );
}

// BF-08
#[test]
fn the_buffer_survives_disconnect_and_connect() {
    asked().play(
        r#"! emit / ["a"]
        ! disconnect
        > CLOSE
        < ws close:
        ! connect
        > WS !sid=
        < ws open
        < ws: OPEN4
        > 40
        < ws: 40{"sid":"N"}
        > 42["a"]"#,
    );
}

// BF-09
#[test]
fn a_buffered_binary_event_goes_out_without_a_gap() {
    asked().play(
        r#"! emit / ["b",{"$binary":"AQ=="}]
        ! emit / ["c"]
        < ws: 40{"sid":"N"}
        > 451-["b",{"_placeholder":true,"num":0}]
        > bin 01
        > 42["c"]"#,
    );
}

// BF-10
#[test]
fn a_peer_that_does_not_read_gets_a_bounded_number_of_messages() {
    let mut bed = Bed::ws();
    bed.writes = false;
    let before = bed.emit_many(10_000);
    assert!(before <= 256, "{before} messages in flight");
}

// Deliberate: not an official behaviour, there an emit needs a socket of its namespace.
#[test]
fn an_emit_to_a_namespace_that_nobody_joined_waits_with_a_notice() {
    Bed::ws().play(
        r#"! emit /b ["x"]
        = buffer /b queued 2/b,["x"]
        = notice /b is not joined: the event waits until it is
        ! connect
        =! nsp /b
        ! join /b
        > 40/b,
        < ws: 40/b,{"sid":"B"}
        > 42/b,["x"]"#,
    );
}

// V2-08
#[test]
fn generation_2_asks_and_answers_the_same_way() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Websocket];
        options.eio = Eio::V3;
    });
    bed.play(
        r#"start
        > WS
        < ws open
        < ws: OPEN3
        < ws: 40
        ! ask / ["hi",{"$binary":"AQ=="}]
        > 451-0["hi",{"_placeholder":true,"num":0}]
        > bin 04 01
        < ws: 451-["b",{"_placeholder":true,"num":0}]
        < ws bin: 04 01 02
        < ws: 430["ok"]
        = ack / 0 ours answered"#,
    );
}
