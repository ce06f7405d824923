//! V2: generation 2, and finding out which generation answers.

use super::bed::Bed;
use crate::client::options::{Auth, Eio, NamespaceAuth};
use crate::journal::record::TransportName;

/// `--eio auto` on these transports, the first request made.
fn auto(transport: TransportName) -> Bed {
    let mut bed = Bed::of(|options| {
        options.transports = vec![transport];
        options.eio = Eio::Auto;
    });
    bed.play(match transport {
        TransportName::Polling => "start\n> GET EIO=4",
        TransportName::Websocket => "start\n> WS EIO=4\n< ws open",
    });
    bed
}

// V2-02
#[test]
fn the_default_namespace_is_joined_when_the_server_says_so() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Polling];
        options.eio = Eio::V3;
    });
    bed.play(
        "start
        > GET EIO=3
        < get v3: OPEN3
        > GET
        = nsp / joining
        =! nsp / connected
        < get v3: 40
        > GET
        = nsp / connected sid=E",
    );
}

// V2-01, V2-14: a namespace carries the URL's query, its reply does not.
#[test]
fn a_namespace_carries_the_query_and_is_found_without_it() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Websocket];
        options.eio = Eio::V3;
        options.query = vec![("token".into(), "a b".into())];
        options.namespaces = vec![NamespaceAuth {
            nsp: "/admin".to_owned(),
            auth: None,
        }];
    });
    bed.play(
        r#"start
        > WS EIO=3 token=a%20b
        < ws open
        < ws: OPEN3
        > 40/admin?token=a%20b,
        < ws: 40
        = nsp / connected sid=E
        < ws: 40/admin,
        = nsp /admin connected sid=/admin#E
        ! emit /admin ["x"]
        > 42/admin,["x"]"#,
    );
}

// V2-14
#[test]
fn a_query_given_with_the_namespace_stays_out_of_its_events() {
    Bed::old_ws().play(
        r#"! join /admin?token=x
        > 40/admin?token=x,
        < ws: 40/admin,
        = nsp /admin connected
        ! emit /admin?token=x ["e"]
        > 42/admin,["e"]
        < ws: 42/admin,7["q"]
        ! answer /admin?token=x 7 []
        > 43/admin,7[]
        ! leave /admin?token=x
        > 41/admin,"#,
    );
}

// V2-04, V2-05
#[test]
fn errors_of_generation_2_are_refusals() {
    for (data, told) in [
        (r#""Invalid namespace""#, "reason: Invalid namespace"),
        (r#"{"code":1}"#, r#"data={"code":1}"#),
        (r#"{"message":"m"}"#, "reason: m"),
    ] {
        Bed::old_ws().play(&format!(
            "! join /nope\n> 40/nope,\n< ws: 44/nope,{data}\n= nsp /nope refused .. {told}\n=! closed"
        ));
    }
}

// V2-06
#[test]
fn an_error_for_the_default_namespace_is_one_for_all() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Websocket];
        options.eio = Eio::V3;
        options.namespaces.push(NamespaceAuth {
            nsp: "/a".to_owned(),
            auth: None,
        });
    });
    bed.play(
        r#"start
        > WS
        < ws open
        < ws: OPEN3
        > 40/a,
        < ws: 44"bad auth"
        > CLOSE
        = nsp / refused reason: bad auth
        = nsp /a refused reason: bad auth
        < ws close:
        = connection closed reason: forced close"#,
    );
}

// V2-07
#[test]
fn a_disconnect_is_read_with_and_without_comma() {
    for packet in ["41/admin", "41/admin,"] {
        Bed::old_ws().play(&format!(
            "! join /admin
            > 40/admin,
            < ws: 40/admin,
            < ws: {packet}
            = nsp /admin disconnected reason: io server disconnect
            =! closed"
        ));
    }
}

// V2-09
#[test]
fn an_unknown_type_is_ignored_as_the_2_x_client_does() {
    Bed::old_ws().play("< ws: 49x\n= notice unknown Socket.IO packet type\n=! closed");
}

// V2-10
#[test]
fn malformed_json_of_generation_2_is_a_parse_error() {
    Bed::old_ws().play("< ws: 42[\"a\"\n> CLOSE\n= connection closed reason: parse error");
}

// V2-13
#[test]
fn a_generation_4_server_that_allows_engine_io_3_is_taken_at_its_word() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Polling];
        options.eio = Eio::V3;
    });
    bed.play(
        "start
        > GET EIO=3
        < get v3: OPEN4
        > GET EIO=3 sid=E
        < get v3: 40
        > GET
        = nsp / connected sid=E",
    );
}

// V2-15, V2-16
#[test]
fn a_forced_version_4_says_that_the_server_speaks_3() {
    for body in ["OPEN3␞40", "OPEN3"] {
        let mut bed = Bed::of(|options| options.transports = vec![TransportName::Polling]);
        bed.play(&format!(
            "start
            > GET EIO=4
            < get v3: {body}
            = connection closed reason: server error | the server speaks Engine.IO 3 .. Use --eio 3
            = connection waiting"
        ));
    }
}

// V2-17
#[test]
fn a_forced_version_4_on_the_websocket_says_it_too() {
    Bed::ws().play("=! v2.x");
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play(
        "start
        > WS EIO=4
        < ws open
        < ws: OPEN3
        > 40
        < ws: 40
        > CLOSE
        = notice It seems you are trying to reach a Socket.IO server in v2.x .. --eio 3
        = nsp / refused reason: It seems you are trying to reach a Socket.IO server in v2.x
        < ws close:
        = connection closed reason: forced close",
    );
}

// V2-19 on polling
#[test]
fn auto_switches_with_a_fresh_handshake_and_leaves_no_ghost() {
    auto(TransportName::Polling).play(
        "< get v3: OPEN3␞40
        > POST 1:1
        > GET EIO=3 !sid=
        = notice the server speaks Engine.IO 3
        = connection closed reason: server error | the server speaks Engine.IO 3 .. trying again
        = connection connecting
        < get v3: OPEN3␞40
        > GET sid=E
        = nsp / connected sid=E
        < post: ok
        =! connection closed",
    );
}

// V2-19 on WebSocket
#[test]
fn auto_switches_on_the_websocket_and_joins_everything_again() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Websocket];
        options.eio = Eio::Auto;
        options.namespaces.push(NamespaceAuth {
            nsp: "/a".to_owned(),
            auth: None,
        });
    });
    bed.play(
        "start
        > WS EIO=4
        < ws open
        < ws: OPEN3
        > 40
        > 40/a,
        < ws: 40
        > CLOSE
        > WS EIO=3 !sid=
        < ws open
        < ws: OPEN3
        > 40/a,
        < ws: 40
        = nsp / connected sid=E
        < ws: 40/a,
        = nsp /a connected",
    );
}

// V2-19: the found version is kept.
#[test]
fn a_recognised_generation_is_kept_for_the_next_connections() {
    auto(TransportName::Polling).play(
        "< get v3: OPEN3␞40
        > POST 1:1
        > GET EIO=3
        < post: ok
        < get fail: refused
        + 1000
        > GET EIO=3",
    );
}

// V2-18, V2-19: a server that contradicts itself is not asked in a circle.
#[test]
fn a_contradicting_server_is_tried_at_the_pace_of_the_backoff() {
    auto(TransportName::Polling).play(
        r#"< get v3: OPEN3
        > POST 1:1
        > GET EIO=3
        < post: ok
        < get 400 application/json: {"code":5,"message":"Unsupported protocol version"}
        = connection closed reason: server error
        = connection waiting"#,
    );
}

// V2-19: what generation 2 can't do is said.
#[test]
fn an_auth_that_engine_io_3_cannot_carry_is_told() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Polling];
        options.eio = Eio::Auto;
        options.auth = Some(Auth::Json("{}".to_owned()));
    });
    bed.play(
        "start
        > GET EIO=4
        < get v3: OPEN3
        > POST 1:1
        > GET EIO=3
        < get v3: OPEN3
        = notice .. no auth payload
        > GET EIO=3",
    );
}

// V2-20
#[test]
fn binary_comes_as_base64_or_as_an_octet_stream() {
    Bed::old_polling().play(
        r#"< get v3: 451-1["b",{"_placeholder":true,"num":0}]␞b4AQI=
        > GET
        = ack / 1 theirs pending
        < get v3: 451-2["b",{"_placeholder":true,"num":0}]
        > GET
        < get bytes: 01 03 ff 04 01 02
        > GET
        = ack / 2 theirs pending"#,
    );
}

// NS-09 for generation 2, where a query is no part of the name.
#[test]
fn a_namespace_with_and_without_query_is_joined_once() {
    Bed::old_ws().play(
        "! join /a
        > 40/a,
        ! join /a?x=1
        = notice /a?x=1 is being joined already",
    );
}
