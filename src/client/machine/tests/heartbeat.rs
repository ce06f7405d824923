//! HB: pings, pongs and the watchdog of both generations.

use super::bed::Bed;
use crate::client::options::{Eio, Profile};
use crate::journal::record::TransportName;

// HB-01
#[test]
fn a_ping_is_answered_at_once_on_the_websocket() {
    let mut bed = Bed::ws();
    for _ in 0..5 {
        bed.play("+ 300\n< ws: 2\n> 3");
    }
    bed.play("=! connection closed");
}

// HB-02
#[test]
fn a_ping_is_answered_by_post_on_polling() {
    let mut bed = Bed::polling();
    for _ in 0..3 {
        bed.play("+ 300\n< get: 2\n> POST 3\n> GET\n< post: ok");
    }
    bed.play("=! connection closed");
}

// HB-03
#[test]
fn the_data_of_a_ping_is_echoed() {
    Bed::ws().play("< ws: 2abc\n> 3abc");
}

// HB-04
#[test]
fn a_server_that_stops_pinging_is_given_up_after_interval_and_timeout() {
    Bed::ws().play(
        "+ 100
        < ws: 2
        > 3
        + 499
        =! closed
        + 1
        > CLOSE
        = nsp / disconnected reason: ping timeout
        = connection closed reason: ping timeout
        = connection waiting attempt=1 delay=1000",
    );
}

// HB-05
#[test]
fn other_traffic_winds_the_watchdog_up_only_for_the_clients_that_do_so() {
    for (profile, stays) in [
        (Profile::Js4, false),
        (Profile::Rust, false),
        (Profile::Java2, true),
        (Profile::Python, true),
    ] {
        let mut bed = Bed::ws_of(|options| options.profile = profile);
        for _ in 0..4 {
            bed.play("+ 100\n< ws: 42[\"x\"]");
        }
        bed.pass(100);
        match stays {
            true => bed.play("=! closed"),
            false => bed.play("> CLOSE\n= connection closed reason: ping timeout"),
        }
    }
}

// HB-08
#[test]
fn a_generation_3_client_pings_at_the_interval() {
    let mut bed = Bed::old_ws();
    for _ in 0..3 {
        bed.play("+ 299\n+ 1\n> 2\n< ws: 3");
    }
    Bed::old_polling().play("+ 300\n> POST 1:2\n< post: ok\n< get v3: 3\n> GET\n+ 300\n> POST 1:2");
}

// HB-09
#[test]
fn a_generation_3_server_that_does_not_answer_is_given_up() {
    Bed::old_ws().play(
        "+ 300
        > 2
        + 199
        =! closed
        + 1
        > CLOSE
        = connection closed reason: ping timeout
        = connection waiting",
    );
}

// HB-09: the timeouts of 1.x and of early 2.x are longer than their intervals.
#[test]
fn a_timeout_longer_than_the_interval_runs_out_too() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Websocket];
        options.eio = Eio::V3;
    });
    bed.play(
        r#"start
        > WS
        < ws open
        < ws: 0{"sid":"E","upgrades":[],"pingInterval":25000,"pingTimeout":60000}
        < ws: 40
        + 25000
        > 2
        + 59999
        =! closed
        + 1
        > CLOSE
        = connection closed reason: ping timeout"#,
    );
}

// HB-10
#[test]
fn any_packet_is_a_sign_of_life_in_generation_3() {
    Bed::old_ws().play(
        r#"+ 300
        > 2
        + 150
        < ws: 42["x"]
        + 450
        < ws: 42["x"]
        + 450
        =! closed"#,
    );
}

// HB-11
#[test]
fn a_ping_of_a_generation_3_server_is_answered() {
    Bed::old_ws().play("< ws: 2\n> 3\n=! closed");
}

// HB-12
#[test]
fn after_a_sleep_nothing_is_written_on_the_dead_connection() {
    Bed::ws().play(
        r#"~ 60000
        ! emit / ["x"]
        > CLOSE
        = connection closed reason: ping timeout
        = buffer / queued 2["x"]
        + 1000
        > WS !sid=
        < ws open
        < ws: OPEN4
        > 40
        < ws: 40{"sid":"N2"}
        > 42["x"]"#,
    );
}

// HB-13
#[test]
fn an_interval_of_zero_neither_spins_nor_storms() {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play(
        r#"start
        > WS
        < ws open
        < ws: 0{"sid":"E","upgrades":[],"pingInterval":0,"pingTimeout":200}
        > 40
        + 199
        =! closed
        + 1
        > CLOSE
        = connection closed reason: ping timeout"#,
    );
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Websocket];
        options.eio = Eio::V3;
    });
    bed.play(
        r#"start
        > WS
        < ws open
        < ws: 0{"sid":"E","upgrades":[],"pingInterval":0,"pingTimeout":200}
        < ws: 40
        + 999
        =! closed
        + 1
        > 2
        < ws: 3
        + 1000
        > 2"#,
    );
}

// HB-14
#[test]
fn a_ping_during_the_upgrade_is_answered_where_writing_is_allowed() {
    Bed::upgrading().play("< ws open\n> 2probe\n< get: 2\n> POST 3\n> GET");
    Bed::upgrading().play("< ws open\n> 2probe\n< ws: 3probe\n< get: 2\n> 5\n> 3");
}

// HB-15
#[test]
fn a_new_handshake_brings_its_own_figures() {
    Bed::ws().play(
        r#"< ws cut
        + 1000
        > WS
        < ws open
        < ws: 0{"sid":"F","upgrades":[],"pingInterval":1000,"pingTimeout":1000}
        > 40
        = connection open
        + 1999
        =! closed
        + 1
        > CLOSE
        = connection closed reason: ping timeout"#,
    );
}

// MF-35
#[test]
fn a_second_handshake_takes_over_its_figures_and_nothing_else() {
    Bed::ws().play(
        r#"< ws: 0{"sid":"F","upgrades":[],"pingInterval":1000,"pingTimeout":1000}
        = notice .. second OPEN
        + 1999
        =! closed
        + 1
        > CLOSE
        = connection closed reason: ping timeout"#,
    );
}
