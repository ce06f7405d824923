//! HS: the handshake and what may come in its place.

use super::bed::{Bed, options};
use crate::client::options::{Eio, NamespaceAuth};
use crate::journal::record::TransportName;

fn polling() -> Bed {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Polling]);
    bed.play("start\n> GET EIO=4 transport=polling t= !sid=");
    bed
}

// HS-01
#[test]
fn a_session_opens_on_polling_and_its_id_is_on_every_later_request() {
    let bed = Bed::upgrading();
    let urls = bed.urls();
    assert!(urls[0].starts_with("http://h:1/socket.io/?EIO=4&transport=polling&t="));
    assert!(urls[1..].iter().all(|url| url.contains("sid=E")));
}

// HS-01: the watchdog comes from the handshake.
#[test]
fn the_watchdog_is_the_sum_of_the_handshakes_figures() {
    Bed::polling().play(
        "+ 499
        =! closed
        + 1
        > POST 1
        > ABORT GET
        = connection closed reason: ping timeout",
    );
}

// HS-02
#[test]
fn a_websocket_session_opens_without_a_probe() {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play(
        "start
        > WS EIO=4 transport=websocket !t= !sid=
        < ws open
        < ws: OPEN4+ws
        > 40
        = transport websocket open
        = connection open
        =! upgrading",
    );
}

// HS-03, V2-01
#[test]
fn generation_2_joins_the_default_namespace_by_itself() {
    let mut bed = Bed::old_polling();
    bed.play("< get v3: 2␞6\n> POST 1:3\n> GET sid=E\n=! connection closed");
}

// HS-06
#[test]
fn a_custom_path_gets_one_trailing_slash() {
    for path in ["/realtime", "realtime", "/realtime/", "realtime/"] {
        let mut bed = Bed::of(|options| options.path = path.to_owned());
        bed.play("start\n> GET http://h:1/realtime/?EIO=4");
    }
}

// HS-07
#[test]
fn the_urls_query_is_on_every_request_and_not_in_connect() {
    let mut bed = Bed::of(|options| {
        options.url = "http://h/admin?x=1".parse().unwrap();
        options.namespaces = vec![NamespaceAuth {
            nsp: "/admin".to_owned(),
            auth: None,
        }];
    });
    bed.play(
        "start
        > GET http://h/socket.io/?x=1&EIO=4
        < get: OPEN4+ws
        > POST 40/admin,
        > WS ws://h/socket.io/?x=1&EIO=4&transport=websocket
        > GET x=1",
    );
    assert!(bed.urls().iter().all(|url| url.contains("?x=1&")));
}

// HS-08
#[test]
fn a_query_is_written_as_encode_uri_component_does() {
    let mut bed = Bed::of(|options| {
        options.query = vec![("a b".into(), "é&=".into()), ("n".into(), "1".into())];
    });
    bed.play("start\n> GET ?a%20b=%C3%A9%26%3D&n=1&EIO=4");
}

// HS-09
#[test]
fn each_poll_has_another_cache_buster() {
    let mut bed = Bed::polling();
    bed.play("< get: 6\n> GET\n< get: 6\n> GET");
    let mut stamps: Vec<&str> = bed
        .urls()
        .iter()
        .filter_map(|url| url.split_once("&t=")?.1.split('&').next())
        .collect();
    let all = stamps.len();
    stamps.sort_unstable();
    stamps.dedup();
    assert_eq!(stamps.len(), all);
}

// HS-10
#[test]
fn urls_name_the_port_only_where_it_is_not_the_default() {
    for (target, want, ws) in [
        ("http://h", "http://h/socket.io/", "ws://h/socket.io/"),
        ("https://h", "https://h/socket.io/", "wss://h/socket.io/"),
        ("ws://h", "http://h/socket.io/", "ws://h/socket.io/"),
        ("wss://h", "https://h/socket.io/", "wss://h/socket.io/"),
        (
            "http://[::1]:3000",
            "http://[::1]:3000/socket.io/",
            "ws://[::1]:3000/socket.io/",
        ),
    ] {
        let mut options = options();
        options.url = target.parse().unwrap();
        let mut bed = Bed::new(options.clone());
        bed.play(&format!("start\n> GET {want}?EIO=4"));
        options.transports = vec![TransportName::Websocket];
        let mut bed = Bed::new(options);
        bed.play(&format!("start\n> WS {ws}?EIO=4"));
    }
}

// HS-12
#[test]
fn unknown_and_missing_fields_of_the_handshake_are_no_error() {
    polling().play(
        r#"< get: 0{"sid":"E","pingInterval":1000,"pingTimeout":500,"foo":{"bar":1}}
        > POST 40
        > GET sid=E
        = notice handshake: .. upgrades
        = connection open"#,
    );
}

// HS-14
#[test]
fn packets_before_the_handshake_are_ignored_and_the_timer_runs_out() {
    for body in ["4hello", "6"] {
        polling().play(&format!(
            "< get: {body}
            = notice .. before the handshake
            + 19999
            =! connection closed
            + 1
            = connection closed reason: timeout
            = connection waiting"
        ));
    }
}

// HS-15, HS-16, MF-28 (at the handshake), MF-39
#[test]
fn a_body_that_is_no_engine_io_is_a_server_error_with_its_first_words() {
    for (head, body, quoted) in [
        ("get text/html", "<!doctype html><p>hi", "<!doctype html>"),
        ("get", "", "empty body"),
        ("get application/json", r#"{"error":"x"}"#, "error"),
        ("get", "ok", "ok"),
    ] {
        polling().play(&format!(
            "< {head}: {body}
            = connection closed reason: server error | parser error: .. {quoted}
            = connection waiting attempt=1 delay=1000"
        ));
    }
}

// HS-15
#[test]
fn a_body_that_is_no_engine_io_is_told_with_its_type() {
    polling().play("< get text/html: <html>\n= server error .. (text/html)");
}

// HS-17, HS-20, HS-23, PX-11, PX-16, PX-19, OS-01, OS-07
#[test]
fn a_refused_handshake_keeps_status_and_body_and_is_tried_again() {
    for (head, body, told) in [
        (
            "get 404",
            "Cannot GET /socket.io/",
            "HTTP 404 .. Cannot GET",
        ),
        (
            "get 400 application/json",
            r#"{"code":0,"message":"Transport unknown"}"#,
            "HTTP 400: Transport unknown (code 0)",
        ),
        (
            "get 403 application/json",
            r#"{"code":4,"message":"nope"}"#,
            "HTTP 403: nope (code 4)",
        ),
        (
            "get 400 application/json",
            r#"{"code":"1","message":"Session ID unknown"}"#,
            "HTTP 400: Session ID unknown (code 1)",
        ),
        (
            "get 502 text/html",
            "<h1>Bad Gateway</h1>",
            "HTTP 502 .. Bad Gateway",
        ),
        (
            "get 401 text/html www-authenticate=Basic",
            "<h1>no</h1>",
            "HTTP 401 .. asks for Basic",
        ),
        ("get 503 retry-after=120", "", "HTTP 503 .. retry after 120"),
        (
            "get 400",
            r#""Invalid session abc""#,
            "HTTP 400 .. Invalid session abc",
        ),
    ] {
        polling().play(&format!(
            "< {head}: {body}
            = connection closed reason: xhr poll error | {told}
            = connection waiting attempt=1 delay=1000
            + 1000
            > GET !sid="
        ));
    }
}

// HS-18, V2-18
#[test]
fn an_unsupported_version_says_which_one_the_server_needs() {
    let mut bed = Bed::of(|options| options.eio = Eio::V3);
    bed.play(
        r#"start
        > GET EIO=3
        < get 400 application/json: {"code":5,"message":"Unsupported protocol version"}
        = connection closed .. the server speaks Engine.IO 4 .. Use --eio 4
        = connection waiting"#,
    );
}

// HS-19
#[test]
fn http_text_behind_the_switch_is_a_websocket_error_with_that_text() {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play(
        "start
        > WS
        < ws open
        < ws violation: the server switched to WebSocket and then answered HTTP 400: Unsupported
        > CLOSE
        = connection closed reason: websocket error | .. HTTP 400: Unsupported
        = connection waiting",
    );
}

// HS-24, PX-04
#[test]
fn an_unknown_session_is_a_transport_error_and_a_new_handshake() {
    Bed::polling().play(
        r#"< get 400 application/json: {"code":1,"message":"Session ID unknown"}
        = nsp / disconnected reason: transport error
        = connection closed reason: transport error | xhr poll error: HTTP 400: Session ID unknown
        + 1000
        > GET !sid="#,
    );
}

// HS-25, PX-15
#[test]
fn a_redirect_is_not_followed_and_its_target_is_told() {
    polling().play(
        "< get 301 location=https://h/socket.io/: x
        = connection closed reason: xhr poll error | HTTP 301 .. redirects to https://h/socket.io/",
    );
}

// HS-26
#[test]
fn a_refused_connection_is_a_connect_error_and_tried_again() {
    polling().play(
        "< get fail: connection refused
        = connection closed reason: xhr poll error | connection refused
        = connection waiting",
    );
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play(
        "start
        > WS
        < ws fail: connection refused
        = connection closed reason: websocket error | connection refused
        = connection waiting
        + 1000
        > WS !sid=",
    );
}

// HS-27
#[test]
fn a_silent_server_fails_at_the_connect_timeout() {
    let mut bed = Bed::of(|options| {
        options.connect_timeout = std::time::Duration::from_millis(500);
    });
    bed.play(
        "start
        > GET
        + 499
        =! closed
        + 1
        > ABORT GET
        = connection closed reason: timeout | no Engine.IO handshake within 0.5 s
        = connection waiting attempt=1",
    );
}

// HS-28
#[test]
fn a_websocket_closed_before_the_handshake_is_told_at_once() {
    let mut bed = Bed::of(|options| options.transports = vec![TransportName::Websocket]);
    bed.play(
        "start
        > WS
        < ws open
        < ws close: 1011 boom
        = connection closed reason: websocket error | .. 1011 .. boom .. before the Engine.IO
        = connection waiting attempt=1 delay=1000",
    );
}

// HS-29, PX-02, PX-03
#[test]
fn a_failed_websocket_does_not_fall_back_to_polling() {
    let mut bed = Bed::of(|options| {
        options.transports = vec![TransportName::Websocket, TransportName::Polling];
    });
    bed.play(
        "start
        > WS
        < ws fail: HTTP 426: upgrade required
        = connection closed reason: websocket error | HTTP 426
        + 1000
        > WS !sid=",
    );
}

// HS-30
#[test]
fn packets_behind_the_handshake_in_one_body_are_read_after_it() {
    polling().play(
        r#"< get: OPEN4␞40{"sid":"N"}␞420["q"]
        > POST 40
        > GET sid=E
        = connection open
        = nsp / connected sid=N
        = ack / 0 theirs pending"#,
    );
}

// MF-36
#[test]
fn a_handshake_of_wrong_types_is_refused_or_mended() {
    for json in ["0{", "0[]", r#"0{"sid":null}"#, "0"] {
        polling().play(&format!(
            "< get: {json}\n= connection closed reason: server error | parser error\n= waiting"
        ));
    }
    for (field, pass) in [
        ("\"abc\"", 1_000),
        ("-5", 1_000),
        ("null", 1_000),
        ("1e12", 1_000),
    ] {
        let mut bed = polling();
        bed.play(&format!(
            r#"< get: 0{{"sid":5,"upgrades":[],"pingInterval":{field},"pingTimeout":20000}}
            > POST 40
            > GET sid=5
            = notice handshake
            + {pass}
            =! connection closed"#
        ));
    }
}
