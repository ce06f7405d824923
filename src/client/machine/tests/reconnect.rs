//! RC: when the next attempt comes, and when none does. The delays' arithmetic is tabled in
//! `backoff.rs`; here it is seen on the wire.

use std::time::Duration;

use super::bed::{Bed, options};
use crate::client::options::Profile;
use crate::journal::record::TransportName;

/// A failed attempt.
const FAIL: &str = "< get fail: connection refused";

// RC-01, RC-02
#[test]
fn delays_double_up_to_the_cap() {
    for (delay, max, want) in [
        (1_000, 5_000, [1_000, 2_000, 4_000, 5_000, 5_000]),
        (100, 250, [100, 200, 250, 250, 250]),
    ] {
        let mut bed = Bed::of(|options| {
            options.reconnection.delay = Duration::from_millis(delay);
            options.reconnection.delay_max = Duration::from_millis(max);
        });
        bed.play("start\n> GET");
        for (attempt, wait) in (1..).zip(want) {
            let early = wait - 1;
            bed.play(&format!(
                "{FAIL}
                = connection waiting attempt={attempt} delay={wait}
                + {early}
                =! connecting
                + 1
                > GET !sid=
                = connection connecting attempt={attempt}"
            ));
        }
    }
}

// RC-03
#[test]
fn the_draw_decides_the_jitter() {
    for (draw, want) in [
        (0.85, [575, 1_150, 2_300, 4_600, 5_000]),
        (0.35, [1_175, 2_350, 4_700, 5_000, 5_000]),
        (0.999, [1_499, 2_999, 5_000, 5_000, 5_000]),
    ] {
        let mut options = options();
        options.reconnection.factor = 0.5;
        let mut bed = Bed::with_draw(options, draw);
        bed.play("start\n> GET");
        for wait in want {
            bed.play(&format!("{FAIL}\n= delay={wait}\n+ {wait}\n> GET"));
        }
    }
}

// RC-05
#[test]
fn a_very_long_outage_keeps_its_delay() {
    let mut bed = Bed::of(|_| {});
    bed.play("start\n> GET");
    for _ in 0..1_100 {
        bed.play(&format!("{FAIL}\n+ 5000\n> GET"));
    }
    bed.play(&format!(
        "{FAIL}\n= connection waiting attempt=1101 delay=5000"
    ));
}

// RC-06, RC-15
#[test]
fn a_limit_of_attempts_is_kept() {
    let mut bed = Bed::of(|options| options.reconnection.attempts = Some(2));
    bed.play(&format!(
        "start
        > GET
        {FAIL}
        + 1000
        > GET
        {FAIL}
        + 2000
        > GET
        {FAIL}
        = connection gaveup attempt=2 reason: reconnect failed | 2 attempts failed
        + 600000
        =! connection"
    ));
    let mut bed = Bed::of(|options| {
        options.reconnection.attempts = Some(2);
        options.connect_timeout = Duration::from_millis(200);
    });
    bed.play(
        "start
        > GET
        + 200
        > ABORT GET
        = connection closed reason: timeout
        + 1000
        > GET
        + 200
        > ABORT GET
        + 2000
        > GET
        + 200
        > ABORT GET
        = connection gaveup attempt=2",
    );
}

// RC-08, RC-09
#[test]
fn an_open_engine_starts_the_count_again() {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Polling]);
    bed.play(&format!(
        "start
        > GET
        {FAIL}
        + 1000
        > GET
        {FAIL}
        = connection waiting attempt=2 delay=2000
        + 2000
        > GET
        < get: OPEN4
        > POST 40
        > GET
        = connection open attempt=2
        < post: ok
        < get fail: reset
        = connection waiting attempt=1 delay=1000"
    ));
}

// RC-10
#[test]
fn a_server_that_accepts_and_drops_is_tried_at_the_base_delay() {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play("start\n> WS");
    for _ in 0..5 {
        bed.play(
            "< ws open
            < ws: OPEN4
            > 40
            < ws close:
            = connection waiting attempt=1 delay=1000
            + 1000
            > WS",
        );
    }
}

// RC-11
#[test]
fn a_server_disconnect_waits_for_connect() {
    Bed::ws().play(
        "< ws: 41
        > CLOSE
        < ws close:
        + 600000
        =! connecting
        ! connect
        > WS !sid=
        < ws open
        < ws: OPEN4
        > 40",
    );
}

// RC-12
#[test]
fn a_disconnect_ends_the_waiting() {
    Bed::ws().play(
        "< ws cut
        = connection waiting
        ! disconnect
        = connection closed attempt=1 reason: io client disconnect
        + 600000
        =! connection",
    );
}

// RC-13: `connect` means "now" here; never two handshakes at once.
#[test]
fn a_connect_while_waiting_takes_the_place_of_the_planned_attempt() {
    Bed::ws().play(
        "< ws cut
        = connection waiting
        + 10
        ! connect
        > WS !sid=
        ! connect
        + 5000
        =! waiting",
    );
}

// RC-14
#[test]
fn the_steps_of_a_reconnect_come_in_order() {
    Bed::ws().play(
        r#"< ws cut
        = nsp / disconnected
        = connection closed
        = connection waiting attempt=1
        + 1000
        > WS
        = connection connecting attempt=1
        < ws open
        < ws: OPEN4
        > 40
        = connection open attempt=1
        = nsp / joining
        < ws: 40{"sid":"N2"}
        = nsp / connected sid=N2"#,
    );
}

// RC-17
#[test]
fn a_refusal_after_a_reconnect_ends_the_series() {
    Bed::ws().play(
        r#"< ws cut
        + 1000
        > WS
        < ws open
        < ws: OPEN4
        > 40
        < ws: 44{"message":"expired"}
        > CLOSE
        = nsp / refused reason: expired
        < ws close:
        = connection closed reason: forced close
        + 600000
        =! connection"#,
    );
}

// RC-18
#[test]
fn every_end_against_our_will_is_followed_by_an_attempt() {
    for (steps, reason) in [
        ("+ 500\n> CLOSE", "ping timeout"),
        ("< ws close: 1000", "transport close"),
        ("< ws: 9\n> CLOSE", "transport error"),
        ("< ws: 49\n> CLOSE", "parse error"),
    ] {
        Bed::ws().play(&format!(
            "{steps}\n= connection closed reason: {reason}\n= waiting\n+ 1000\n> WS !sid="
        ));
    }
}

// RC-07 (options): reconnection off, and the python habit.
#[test]
fn no_attempt_follows_where_none_is_wanted() {
    let mut bed = Bed::of(|options| options.reconnection.enabled = false);
    bed.play(&format!(
        "start\n> GET\n{FAIL}\n= connection gaveup reason: reconnect failed | reconnection is off\n+ 60000"
    ));
    let mut bed = Bed::of(|options| options.profile = Profile::Python);
    bed.play(&format!(
        "start\n> GET\n{FAIL}\n= connection gaveup .. python\n+ 60000"
    ));
}
