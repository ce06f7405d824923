//! How a session is opened, and what can come in its place.

use std::time::Duration;

use sioscope::client::options::Eio;
use sioscope::journal::record::{ConnectionState, TransportName};

use super::server::Server;
use super::session::{
    JOINED, OPEN, OPEN_WS, Session, only_ws, reconnect, without_waiting_long as soon,
};
use super::socket::{CLOSE, frame};

// HS-01, HS-09
#[tokio::test]
async fn a_polling_session_opens_and_every_request_differs() {
    let mut session = Session::start(|_| {}).await;
    let first = session.get().await;
    let start = "/socket.io/?EIO=4&transport=polling&t=";
    assert!(first.target.starts_with(start), "{}", first.target);
    assert_eq!((first.query("sid"), first.query("b64")), (None, None));
    let mut stamps = vec![first.query("t").unwrap().to_owned()];
    first.ok(OPEN).await;
    for _ in 0..2 {
        let poll = session.get().await;
        assert_eq!(poll.query("sid"), Some("E1"));
        stamps.push(poll.query("t").unwrap().to_owned());
        poll.ok("6").await;
    }
    let post = session.post().await;
    assert_eq!((post.text(), post.query("sid")), ("40", Some("E1")));
    stamps.push(post.query("t").unwrap().to_owned());
    stamps.sort();
    stamps.dedup();
    assert_eq!(stamps.len(), 4, "{}", session.transcript());
}

// HS-02
#[tokio::test]
async fn a_websocket_session_opens_without_session_id_and_stamp() {
    let mut session = Session::start(only_ws).await;
    let upgrade = session.upgrade().await;
    assert_eq!(upgrade.target, "/socket.io/?EIO=4&transport=websocket");
    assert_eq!(upgrade.header("sec-websocket-version"), "13");
    assert_eq!(upgrade.header("connection"), "Upgrade");
    let mut ws = upgrade.upgrade().await;
    ws.text(OPEN_WS).await;
    ws.expect("40").await;
    ws.text(JOINED).await;
    session.joined("/").await;
    // What the handshake offers is not probed: this is the WebSocket already.
    assert!(ws.silent().await);
    assert!(session.server.untaken().is_empty());
}

// HS-06, HS-08
#[tokio::test]
async fn path_and_query_stand_in_every_request() {
    let mut session = Session::start(|options| {
        options.path = "/realtime".to_owned();
        options.query = vec![("a b".to_owned(), "é&=".to_owned())];
    })
    .await;
    let start = "/realtime/?a%20b=%C3%A9%26%3D&EIO=4&transport=";
    let get = session.get().await;
    assert!(get.target.starts_with(start), "{}", get.target);
    get.ok(OPEN_WS).await;
    let (post, upgrade) = (session.post().await, session.upgrade().await);
    assert!(post.target.starts_with(start), "{}", post.target);
    assert!(upgrade.target.starts_with(start), "{}", upgrade.target);
}

// HS-11, PX-07, PX-08, UP-18
#[tokio::test]
async fn headers_and_the_latest_cookie_go_out_on_both_transports() {
    let mut session = Session::start(|options| {
        options.headers = vec![("authorization".to_owned(), "x".to_owned())];
        options.cookies = vec![("own".to_owned(), "7".to_owned())];
    })
    .await;
    let get = session.get().await;
    assert_eq!(get.header("cookie"), "own=7");
    let first = ["Set-Cookie: LB=1; Path=/; HttpOnly"];
    get.answer("200 OK", &first, OPEN).await;
    let (get, post) = (session.get().await, session.post().await);
    for exchange in [&get, &post] {
        assert_eq!(exchange.header("authorization"), "x");
        assert!(exchange.header("cookie").contains("LB=1"));
        assert!(exchange.header("cookie").contains("own=7"));
    }
    // A load balancer that gives a new value with each answer.
    post.answer("200 OK", &["Set-Cookie: LB=2; Path=/"], "ok")
        .await;
    session.response(1).await;
    get.ok(format!("6\u{1e}{OPEN_WS}")).await;
    let get = session.get().await;
    assert!(
        get.header("cookie").contains("LB=2"),
        "{}",
        get.header("cookie")
    );
    assert!(!get.header("cookie").contains("LB=1"));
}

// HS-11, PX-08, UP-18
#[tokio::test]
async fn the_upgrade_carries_headers_and_the_cookie_of_the_handshake() {
    let mut session = Session::start(|options| {
        options.headers = vec![("authorization".to_owned(), "x".to_owned())];
    })
    .await;
    let cookies = ["Set-Cookie: LB=1; Path=/", "Set-Cookie: LB=2; Path=/"];
    session
        .get()
        .await
        .answer("200 OK", &cookies, OPEN_WS)
        .await;
    let upgrade = session.upgrade().await;
    assert_eq!(upgrade.header("authorization"), "x");
    assert_eq!(upgrade.header("cookie"), "LB=2");
}

// HS-14
#[tokio::test]
async fn a_packet_before_the_handshake_is_ignored_until_the_timeout() {
    let mut session = Session::start(soon).await;
    session.get().await.ok("4hello").await;
    session.end().await.says("timeout", &["handshake"]);
    let notices = session.scope.notices().join("\n");
    assert!(notices.contains("before the handshake"), "{notices}");
}

// HS-15
#[tokio::test]
async fn a_page_in_place_of_a_handshake_is_quoted() {
    let mut session = Session::start(|_| {}).await;
    let kind = ["Content-Type: text/html"];
    let page = "<!doctype html><title>My app</title>";
    session.get().await.answer("200 OK", &kind, page).await;
    let parts = ["parser error", "text/html", "<!doctype html>"];
    session.end().await.says("server error", &parts);
}

// HS-16
#[tokio::test]
async fn an_empty_answer_is_a_server_error_and_is_tried_again() {
    let mut session = Session::start(reconnect).await;
    session.get().await.ok("").await;
    let parts = ["parser error", "empty body"];
    session.end().await.says("server error", &parts);
    assert_eq!(session.get().await.query("sid"), None);
}

// HS-17, PX-14
#[tokio::test]
async fn a_404_is_told_with_its_words_and_tried_again() {
    let mut session = Session::start(reconnect).await;
    let words = "Cannot GET /socket.io/";
    session
        .get()
        .await
        .answer("404 Not Found", &[], words)
        .await;
    let parts = ["HTTP 404", words];
    session.end().await.says("xhr poll error", &parts);
    let response = session.response(0).await;
    assert_eq!(
        (response.status, &response.body[..]),
        (404, words.as_bytes())
    );
    session.get().await.ok(OPEN).await;
    session.connection(ConnectionState::Open, 0).await;
}

// HS-18, V2-18
#[tokio::test]
async fn an_unsupported_version_over_polling_says_which_to_use() {
    let mut session = Session::start(|options| options.eio = Eio::V3).await;
    let get = session.get().await;
    assert_eq!(get.query("EIO"), Some("3"));
    let kind = ["Content-Type: application/json"];
    let body = r#"{"code":5,"message":"Unsupported protocol version"}"#;
    get.answer("400 Bad Request", &kind, body).await;
    let end = session.end().await;
    for part in ["Unsupported protocol version", "--eio 4"] {
        assert!(end.detail.contains(part), "{end:?}");
    }
    assert_eq!(session.response(0).await.status, 400);
}

// HS-19, V2-18
#[tokio::test]
async fn plain_http_after_the_switch_is_told_with_its_words() {
    let mut session = Session::start(|options| {
        only_ws(options);
        options.eio = Eio::V3;
    })
    .await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.raw("HTTP/1.1 400 Bad Request\r\nContent-Length: 28\r\n\r\nUnsupported protocol version")
        .await;
    let parts = ["HTTP 400", "Unsupported protocol version"];
    session.end().await.says("websocket error", &parts);
}

// HS-20
#[tokio::test]
async fn an_unknown_transport_is_told_with_its_code() {
    let mut session = Session::start(|_| {}).await;
    let body = r#"{"code":0,"message":"Transport unknown"}"#;
    session
        .get()
        .await
        .answer("400 Bad Request", &[], body)
        .await;
    let parts = ["HTTP 400", "Transport unknown", "code 0"];
    session.end().await.says("xhr poll error", &parts);
}

// HS-23, OS-10
#[tokio::test]
async fn a_refusal_by_the_server_shows_its_words_on_both_transports() {
    let json = r#"{"code":4,"message":"nope"}"#;
    let mut session = Session::start(|_| {}).await;
    session
        .get()
        .await
        .answer("403 Forbidden", &["Content-Type: application/json"], json)
        .await;
    let parts = ["HTTP 403", "nope", "code 4"];
    session.end().await.says("xhr poll error", &parts);
    for (status, kind, body) in [
        ("400 Bad Request", "Content-Type: text/html", "nope"),
        ("403 Forbidden", "Content-Type: application/json", json),
    ] {
        let mut session = Session::start(only_ws).await;
        let headers = [kind, "Connection: close"];
        session.upgrade().await.answer(status, &headers, body).await;
        let parts = [&format!("HTTP {}", &status[..3])[..], "nope"];
        session.end().await.says("websocket error", &parts);
    }
}

// HS-24, PX-04
#[tokio::test]
async fn an_unknown_session_is_opened_anew_without_its_id() {
    let mut session = Session::polling(reconnect).await;
    let body = r#"{"code":1,"message":"Session ID unknown"}"#;
    session
        .get()
        .await
        .answer("400 Bad Request", &["Content-Type: application/json"], body)
        .await;
    let parts = ["xhr poll error", "HTTP 400", "Session ID unknown", "code 1"];
    session.end().await.says("transport error", &parts);
    assert_eq!(session.get().await.query("sid"), None);
}

// HS-25, PX-15
#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let mut session = Session::start(|_| {}).await;
    let to = format!("http://127.0.0.1:{}/elsewhere", session.server.port);
    let location = format!("Location: {to}");
    session
        .get()
        .await
        .answer("301 Moved Permanently", &[&location], "")
        .await;
    let parts = ["HTTP 301", "redirects to", &to];
    session.end().await.says("xhr poll error", &parts);
    session.connection(ConnectionState::GaveUp, 0).await;
    assert!(session.server.untaken().is_empty());
}

// HS-25
#[tokio::test]
async fn a_redirected_upgrade_is_told_and_not_followed() {
    let mut session = Session::start(only_ws).await;
    let location = ["Location: https://elsewhere.example/socket.io/"];
    session
        .upgrade()
        .await
        .answer("307 Temporary Redirect", &location, "")
        .await;
    let parts = ["HTTP 307", "https://elsewhere.example/socket.io/"];
    session.end().await.says("websocket error", &parts);
}

// HS-26
#[tokio::test]
async fn a_port_where_nobody_listens_is_told_and_tried_again() {
    for (ws, reason) in [(false, "xhr poll error"), (true, "websocket error")] {
        let port = Server::closed_port().await;
        let session = Session::start(|options| {
            options.url.set_port(Some(port)).unwrap();
            reconnect(options);
            options.reconnection.attempts = Some(2);
            if ws {
                only_ws(options);
            }
        })
        .await;
        let refused = format!("127.0.0.1:{port} refused the connection");
        session.end().await.says(reason, &[&refused]);
        // RC-06: the first connection and two retries.
        session.connection(ConnectionState::GaveUp, 0).await;
        assert_eq!(session.attempts(), 3);
    }
}

// HS-26
#[tokio::test]
async fn a_name_without_an_address_is_told() {
    // A label of more than 63 characters is no name: no name server has to be asked.
    let name = "a".repeat(64);
    let session = Session::start(|options| {
        options.url.set_host(Some(&name)).unwrap();
    })
    .await;
    let parts = [&name[..], "cannot be found"];
    session.end().await.says("xhr poll error", &parts);
}

// HS-27, RC-15
#[tokio::test]
async fn a_silent_server_is_given_up_after_the_timeout_each_time() {
    let mut session = Session::start(|options| {
        soon(options);
        reconnect(options);
        options.reconnection.attempts = Some(2);
    })
    .await;
    for nth in 0..3 {
        let get = session.get().await;
        session.nth_end(nth).await.says("timeout", &["0.1 s"]);
        assert!(get.ended().await, "the request was not given up");
    }
    let end = session.connection(ConnectionState::GaveUp, 0).await;
    assert_eq!(end.reason.as_deref(), Some("reconnect failed"));
}

// HS-27
#[tokio::test]
async fn an_upgrade_without_an_answer_is_given_up_after_the_timeout() {
    let mut session = Session::start(|options| {
        soon(options);
        only_ws(options);
    })
    .await;
    let upgrade = session.upgrade().await;
    session.end().await.says("timeout", &[]);
    assert!(upgrade.ended().await, "the request was not given up");
}

// HS-28
#[tokio::test]
async fn a_websocket_that_closes_before_the_handshake_says_how() {
    let mut session = Session::start(only_ws).await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.close(Some(1013), "busy").await;
    let parts = ["1013", "busy", "before the Engine.IO handshake"];
    session.end().await.says("websocket error", &parts);

    let mut session = Session::start(only_ws).await;
    session.upgrade().await.upgrade().await.cut().await;
    let parts = ["1006", "before the Engine.IO handshake"];
    session.end().await.says("websocket error", &parts);
}

// HS-28: the close frame lies in one segment with the 101.
#[tokio::test]
async fn a_close_right_behind_the_switch_is_not_lost() {
    let mut session = Session::start(only_ws).await;
    let upgrade = session.upgrade().await;
    let ws = upgrade
        .upgrade_followed_by(&frame(CLOSE, b"\x03\xf0no"))
        .await;
    session.end().await.says("websocket error", &["1008", "no"]);
    drop(ws);
}

// HS-29
#[tokio::test]
async fn a_refused_first_transport_is_not_replaced_by_the_second() {
    let mut session = Session::start(|options| {
        options.transports = vec![TransportName::Websocket, TransportName::Polling];
    })
    .await;
    session
        .upgrade()
        .await
        .answer("400 Bad Request", &[], "")
        .await;
    session.end().await.says("websocket error", &["HTTP 400"]);
    session.connection(ConnectionState::GaveUp, 0).await;
    assert!(session.server.untaken().is_empty());
}

// RC-08
#[tokio::test]
async fn a_server_that_starts_later_is_reached() {
    let port = Server::closed_port().await;
    let mut session = Session::start(|options| {
        options.url.set_port(Some(port)).unwrap();
        reconnect(options);
        options.reconnection.delay_max = Duration::from_millis(50);
    })
    .await;
    session.nth_end(1).await;
    session.server = Server::listen(&format!("127.0.0.1:{port}"), None).await;
    session.get().await.ok(OPEN).await;
    session.join().await;
    let opened = session.connection(ConnectionState::Open, 0).await;
    assert!(opened.attempt.is_some_and(|attempt| attempt >= 2));
}
