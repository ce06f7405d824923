//! UP: from polling to WebSocket.

use super::bed::Bed;
use crate::client::options::Eio;
use crate::journal::record::TransportName;

/// `3probe` has come, a GET is under way.
fn pausing() -> Bed {
    let mut bed = Bed::upgrading();
    bed.play("< ws open\n> 2probe\n< ws: 3probe");
    bed
}

// UP-01 (protocol, golden opening)
#[test]
fn the_upgrade_takes_probe_noop_and_5() {
    let mut bed = pausing();
    bed.play(
        r#"< get: 6
        > 5
        = transport websocket open
        = transport polling closed
        ! emit / ["x"]
        > 42["x"]"#,
    );
}

// UP-02
#[test]
fn generation_2_upgrades_the_same_way() {
    let mut bed = Bed::of(|options| options.eio = Eio::V3);
    bed.play(
        r#"start
        > GET
        < get v3: OPEN3+ws␞40
        > WS EIO=3 transport=websocket sid=E
        > GET sid=E
        < ws open
        > 2probe
        < ws: 3probe
        < get v3: 6
        > 5
        ! emit / ["x"]
        > 42["x"]"#,
    );
}

// UP-03
#[test]
fn the_5_waits_for_the_get() {
    let mut bed = pausing();
    bed.play("+ 250\n=! transport websocket open\n< get: 2\n> 5\n> 3");
}

// UP-04
#[test]
fn the_5_waits_for_the_post() {
    let mut bed = Bed::upgrading();
    bed.play(
        r#"< ws open
        > 2probe
        ! emit / ["x"]
        > POST 42["x"]
        < ws: 3probe
        < get: 6
        =! transport websocket open
        < post: ok
        > 5
        = transport websocket open"#,
    );
}

// UP-05
#[test]
fn packets_of_the_last_poll_come_before_the_websocket() {
    pausing().play(
        r#"< get: 421["a"]␞422["b"]
        > 5
        = ack / 1 theirs
        = ack / 2 theirs
        = transport websocket open"#,
    );
}

// UP-06, UP-07
#[test]
fn emits_while_polling_is_paused_go_out_behind_the_5() {
    pausing().play(
        r#"! emit / ["x"]
        ! emit / ["y"]
        < get: 6
        > 5
        > 42["x"]
        > 42["y"]"#,
    );
}

// UP-08
#[test]
fn a_wrong_answer_to_the_probe_leaves_polling_as_it_is() {
    for wrong in ["3other", "4x", "3", "9"] {
        let mut bed = Bed::upgrading();
        bed.play(&format!(
            r#"< ws open
            > 2probe
            < ws: {wrong}
            > CLOSE
            = transport websocket closed error: probe error
            < get: 6
            > GET
            ! emit / ["x"]
            > POST 42["x"]
            =! connection closed"#
        ));
    }
}

// UP-09, PX-01, PX-03, PX-05
#[test]
fn a_refused_probe_leaves_the_session_on_polling_for_good() {
    Bed::upgrading().play(
        "< ws fail: HTTP 400: Bad request (code 3)
        = transport websocket closed error: probe error: websocket error: HTTP 400: Bad request
        < get: 6
        > GET
        + 100
        < get: 6
        > GET
        =! connection closed",
    );
}

// UP-11
#[test]
fn a_probe_that_is_never_answered_does_not_hold_polling_up() {
    Bed::upgrading().play(
        r#"< ws open
        > 2probe
        + 290
        < get: 2
        > POST 3
        > GET
        < post: ok
        ! emit / ["x"]
        > POST 42["x"]
        < ws close:
        = transport websocket closed error: probe error: websocket closed with code 1005
        < get: 6
        > GET
        =! connection closed"#,
    );
}

// UP-12
#[test]
fn an_upgrade_that_is_not_wanted_is_not_tried() {
    for disabled in [true, false] {
        let mut bed = Bed::of(|options| {
            if disabled {
                options.upgrade = false;
            } else {
                options.transports = vec![TransportName::Polling];
            }
        });
        bed.play("start\n> GET\n< get: OPEN4+ws\n> POST 40\n> GET\n+ 100");
    }
}

// UP-13
#[test]
fn only_the_websocket_among_the_offers_is_tried() {
    let mut bed = Bed::of(|_| {});
    bed.play(
        r#"start
        > GET
        < get: 0{"sid":"E","upgrades":["webtransport","foo","websocket"],"pingInterval":9,"pingTimeout":9}
        > POST 40
        > WS transport=websocket
        > GET"#,
    );
    let mut bed = Bed::of(|_| {});
    bed.play(
        r#"start
        > GET
        < get: 0{"sid":"E","upgrades":["webtransport","foo"],"pingInterval":9,"pingTimeout":9}
        > POST 40
        > GET"#,
    );
}

// UP-14
#[test]
fn a_disconnect_waits_for_the_upgrade() {
    pausing().play(
        r#"! emit / ["last"]
        ! disconnect
        =! connection closed
        < get: 6
        > 5
        > 42["last"]
        > 41
        > CLOSE
        < ws close:
        = connection closed reason: io client disconnect"#,
    );
}

// UP-14
#[test]
fn a_disconnect_waits_for_the_failure_of_the_upgrade_too() {
    pausing().play(
        "! disconnect
        < ws cut
        > POST 41
        = transport websocket closed error: probe error
        < post: ok
        > POST 1
        < post: ok
        < get: 6
        = connection closed reason: io client disconnect",
    );
}

// UP-17
#[test]
fn a_websocket_lost_right_after_the_upgrade_is_a_transport_close() {
    pausing().play(
        "< get: 6
        > 5
        < ws cut
        = connection closed reason: transport close | websocket closed with code 1006
        + 1000
        > GET !sid=",
    );
}

// BI-04
#[test]
fn an_attachment_may_come_on_the_other_transport() {
    pausing().play(
        r#"< get: 451-3["b",{"_placeholder":true,"num":0}]
        > 5
        =! ack / 3 theirs
        < ws bin: 01 02
        = ack / 3 theirs pending"#,
    );
}

// Not a case of its own: an end while the probe runs leaves no WebSocket behind.
#[test]
fn a_parse_error_during_the_upgrade_closes_the_probe() {
    Bed::upgrading().play(
        "< ws open
        > 2probe
        < get: 47bad
        > POST 1
        > CLOSE
        = connection closed reason: parse error",
    );
}
