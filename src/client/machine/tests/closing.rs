//! CL: every way to end.

use super::bed::Bed;

// CL-01
#[test]
fn a_disconnect_on_the_websocket_writes_41_and_a_close_frame() {
    Bed::ws().play(
        "! disconnect
        > 41
        > CLOSE
        = nsp / disconnected reason: io client disconnect
        =! connection closed
        < ws close:
        = connection closed reason: io client disconnect
        + 60000
        =! connection",
    );
}

// CL-01: the other side does not answer the close.
#[test]
fn a_close_that_is_not_answered_is_cut() {
    Bed::ws().play(
        "! disconnect
        > 41
        > CLOSE
        + 2000
        = connection closed reason: io client disconnect",
    );
}

// CL-02
#[test]
fn a_disconnect_on_polling_posts_41_and_then_1() {
    Bed::polling().play(
        "! disconnect
        > POST 41
        < post: ok
        > POST 1
        < post: ok
        < get: 6
        = connection closed reason: io client disconnect
        + 60000
        =! connection",
    );
}

// CL-02
#[test]
fn no_poll_starts_once_the_close_packet_is_on_the_way() {
    Bed::polling().play(
        "! disconnect
        > POST 41
        < post: ok
        > POST 1
        < get: 6
        < post: ok
        = connection closed reason: io client disconnect",
    );
}

// CL-02
#[test]
fn a_poll_that_stays_open_after_the_close_is_given_up() {
    Bed::polling().play(
        "! disconnect
        > POST 41
        < post: ok
        > POST 1
        < post: ok
        + 2000
        > ABORT GET
        = connection closed reason: io client disconnect",
    );
}

// Not a case of its own: nothing is written behind the close frame.
#[test]
fn a_ping_behind_the_close_frame_is_not_answered() {
    Bed::ws().play("! disconnect\n> 41\n> CLOSE\n< ws: 2\n< ws close:\n= connection closed");
}

// CL-04
#[test]
fn a_server_disconnect_leaves_the_other_namespaces_alone() {
    Bed::two().play(
        "< ws: 41
        = nsp / disconnected reason: io server disconnect
        + 300
        < ws: 2
        > 3
        =! connection closed",
    );
}

// CL-05, RC-11
#[test]
fn a_server_that_disconnects_everything_is_not_tried_again() {
    Bed::two().play(
        "< ws: 41
        < ws: 41/a,
        > CLOSE
        < ws close:
        = nsp / disconnected reason: io server disconnect
        = nsp /a disconnected reason: io server disconnect
        = connection closed reason: io server disconnect
        + 60000
        =! connection",
    );
    Bed::polling().play(
        "< get: 41
        > POST 1
        = nsp / disconnected reason: io server disconnect
        < post: ok
        = connection closed reason: io server disconnect
        + 60000
        =! connection",
    );
}

// CL-06
#[test]
fn a_server_disconnect_stays_one_when_the_connection_is_cut_behind_it() {
    Bed::ws().play(
        "< ws: 41
        > CLOSE
        < ws cut
        = nsp / disconnected reason: io server disconnect
        = connection closed reason: io server disconnect
        + 60000
        =! connection",
    );
}

// CL-07, CL-08, CL-14, OS-06
#[test]
fn every_close_code_is_a_transport_close_and_tried_again() {
    for (body, told) in [
        ("", "1005"),
        ("1000", "1000"),
        ("1001 bye", "1001 .. bye"),
        ("1008", "1008"),
        ("1009", "1009"),
        ("1011", "1011"),
        ("1012", "1012"),
        ("1013", "1013"),
    ] {
        Bed::ws().play(&format!(
            "< ws close: {body}
            = nsp / disconnected reason: transport close
            = connection closed reason: transport close | websocket closed with code {told}
            = connection waiting attempt=1 delay=1000"
        ));
    }
}

// CL-09, PX-12
#[test]
fn a_cut_is_a_transport_close_of_1006() {
    Bed::ws().play(
        "< ws cut
        = connection closed reason: transport close | websocket closed with code 1006
        = connection waiting",
    );
}

// CL-10, CL-18
#[test]
fn a_close_packet_on_polling_ends_the_session() {
    Bed::polling().play(
        "< get: 1
        = nsp / disconnected reason: transport close
        = connection closed reason: transport close | transport closed by the server
        = connection waiting",
    );
}

// CL-11
#[test]
fn a_close_packet_on_the_websocket_is_ignored() {
    Bed::ws().play(
        r#"< ws: 1
        =! closed
        < ws: 421["after"]
        = ack / 1 theirs pending"#,
    );
}

// CL-13: see `polling.rs` for 413.
#[test]
fn a_failed_post_is_a_transport_error() {
    Bed::polling().play(
        r#"! emit / ["x"]
        > POST 42["x"]
        < post 400 application/json: {"code":3,"message":"Bad request"}
        > ABORT GET
        = connection closed reason: transport error | xhr post error: HTTP 400: Bad request
        = waiting"#,
    );
}

// CL-15
#[test]
fn a_connection_lost_on_polling_is_a_transport_error() {
    Bed::polling().play(
        "< get fail: connection reset by peer
        = connection closed reason: transport error | xhr poll error: connection reset by peer
        = waiting",
    );
}

// CL-19
#[test]
fn a_disconnect_before_the_namespace_is_joined_writes_no_41() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![crate::journal::record::TransportName::Websocket];
    });
    bed.play(
        "start
        > WS
        < ws open
        < ws: OPEN4
        > 40
        ! disconnect
        > CLOSE
        < ws close:
        = connection closed reason: io client disconnect
        =! waiting",
    );
}

// CL-19
#[test]
fn a_disconnect_before_the_handshake_gives_the_request_up() {
    let mut bed = Bed::of(|_| {});
    bed.play(
        "start
        > GET
        ! disconnect
        > ABORT GET
        = connection closed reason: io client disconnect
        + 60000
        =! connection",
    );
}

// CL-20
#[test]
fn a_new_connection_brings_a_new_id() {
    Bed::ws().play(
        r#"< ws cut
        + 1000
        > WS
        < ws open
        < ws: OPEN4
        > 40
        < ws: 40{"sid":"N2"}
        = nsp / connected sid=N2"#,
    );
}
