//! Proxies and load balancers that answer in the server's place.

use sioscope::journal::record::{TransportName, TransportState};

use super::session::{JOINED, OPEN, OPEN_WS, Session, only_ws, reconnect};

// PX-11, PX-16, PX-19, OS-01
#[tokio::test]
async fn status_pages_are_told_with_status_and_words() {
    for (status, headers, body, says) in [
        (
            "502 Bad Gateway",
            vec!["Content-Type: text/html"],
            "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
            vec!["HTTP 502", "502 Bad Gateway"],
        ),
        (
            "504 Gateway Time-out",
            vec![],
            "upstream timed out",
            vec!["HTTP 504", "upstream timed out"],
        ),
        (
            "524 A Timeout Occurred",
            vec!["Content-Type: text/html"],
            "<title>example.com | 524: A timeout occurred</title>",
            vec!["HTTP 524", "524: A timeout occurred"],
        ),
        (
            "520 Unknown",
            vec![],
            "error code: 520",
            vec!["HTTP 520", "error code: 520"],
        ),
        (
            "503 Service Unavailable",
            vec!["Retry-After: 30"],
            "",
            vec!["HTTP 503", "retry after 30"],
        ),
        (
            "401 Unauthorized",
            vec![
                "WWW-Authenticate: Basic realm=\"staff\"",
                "Content-Type: text/html",
            ],
            "<title>401 Authorization Required</title>",
            vec![
                "HTTP 401",
                "asks for Basic realm=\"staff\"",
                "Authorization Required",
            ],
        ),
        (
            "403 Forbidden",
            vec!["Content-Type: text/html"],
            "<title>403 Forbidden</title>",
            vec!["HTTP 403", "403 Forbidden"],
        ),
        (
            "400 Bad Request",
            vec!["Content-Type: text/plain"],
            "\"Invalid session abc\"",
            vec!["HTTP 400", "Invalid session abc"],
        ),
        (
            "400 Bad Request",
            vec!["Content-Type: application/json"],
            r#"{"code":"1","message":"Session ID unknown"}"#,
            vec!["HTTP 400", "Session ID unknown", "code 1"],
        ),
    ] {
        let mut session = Session::start(|_| {}).await;
        session.get().await.answer(status, &headers, body).await;
        let end = session.end().await;
        end.says("xhr poll error", &says);
        // An HTML page is no refusal by the Engine.IO server.
        assert!(
            !body.starts_with('<') || !end.detail.contains("(code"),
            "{end:?}"
        );
        assert_eq!(session.response(0).await.body, body);
    }
}

// PX-01, PX-03, PX-05, UP-09
#[tokio::test]
async fn a_refused_upgrade_is_told_and_polling_goes_on() {
    for (status, body, says) in [
        (
            "400 Bad Request",
            r#"{"code":3,"message":"Bad request"}"#,
            "Bad request",
        ),
        (
            "400 Bad Request",
            "Session ID unknown",
            "Session ID unknown",
        ),
        ("426 Upgrade Required", "use a WebSocket", "use a WebSocket"),
        (
            "501 Not Implemented",
            "<title>no such thing</title>",
            "no such thing",
        ),
        ("502 Bad Gateway", "<title>502</title>", "502"),
        ("200 OK", "ok", "ok"),
    ] {
        let mut session = Session::start(|_| {}).await;
        session.get().await.ok(OPEN_WS).await;
        session.upgrade().await.answer(status, &[], body).await;
        let failed = session
            .transport("the upgrade to fail", |transport| {
                transport.name == TransportName::Websocket
                    && transport.state == TransportState::Closed
            })
            .await;
        let error = failed.error.unwrap();
        let number = format!("HTTP {}", &status[..3]);
        for part in ["probe error", &number, says] {
            assert!(error.contains(part), "{part:?} is missing in {error:?}");
        }
        session.join().await;
        session.get().await.ok(r#"42["still here"]"#).await;
        session.heard(&[r#"["still here"]"#]).await;
        assert!(
            session
                .server
                .untaken()
                .iter()
                .all(|line| !line.contains("websocket"))
        );
    }
}

// PX-02, PX-03, PX-11
#[tokio::test]
async fn a_refused_websocket_is_told_and_tried_again() {
    for (status, body, says) in [
        (
            "400 Bad Request",
            r#"{"code":3,"message":"Bad request"}"#,
            "Bad request",
        ),
        ("426 Upgrade Required", "wrong protocol", "wrong protocol"),
        ("501 Not Implemented", "", "HTTP 501"),
        ("200 OK", "<title>My app</title>", "My app"),
        (
            "502 Bad Gateway",
            "<title>502 Bad Gateway</title>",
            "502 Bad Gateway",
        ),
    ] {
        let mut session = Session::start(|options| {
            only_ws(options);
            reconnect(options);
        })
        .await;
        session.upgrade().await.answer(status, &[], body).await;
        let number = format!("HTTP {}", &status[..3]);
        let end = session.end().await;
        end.says("websocket error", &[&number, says]);
        assert_eq!(session.response(0).await.body, body);
        session.upgrade().await;
    }
}

// PX-03: a 101 that is none.
#[tokio::test]
async fn a_switch_with_a_wrong_key_is_refused() {
    let mut session = Session::start(only_ws).await;
    let mut upgrade = session.upgrade().await;
    upgrade
        .raw(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        )
        .await;
    let end = session.end().await;
    end.says("websocket error", &["Sec-WebSocket-Accept"]);
}

// PX-12
#[tokio::test]
async fn a_backend_that_dies_during_a_poll_is_a_transport_error() {
    let mut session = Session::polling(reconnect).await;
    let page = "<title>502 Bad Gateway</title>";
    session
        .get()
        .await
        .answer("502 Bad Gateway", &["Content-Type: text/html"], page)
        .await;
    let parts = ["xhr poll error", "HTTP 502", "502 Bad Gateway"];
    session.end().await.says("transport error", &parts);
    assert_eq!(session.get().await.query("sid"), None);
}

// PX-13
#[tokio::test]
async fn a_413_of_a_proxy_is_told_apart_from_an_empty_one() {
    let mut session = Session::polling(|_| {}).await;
    session.emit(&format!("[\"big\",\"{}\"]", "x".repeat(5_000)));
    let page = "<html><head><title>413 Request Entity Too Large</title></head>\
                <body><center>nginx</center></body></html>";
    session
        .post()
        .await
        .answer(
            "413 Request Entity Too Large",
            &["Content-Type: text/html"],
            page,
        )
        .await;
    let parts = ["xhr post error", "HTTP 413", "Request Entity Too Large"];
    let end = session.end().await;
    end.says("transport error", &parts);
    assert!(!end.detail.contains("empty body"));
}

// PX-17
#[tokio::test]
async fn a_proxy_that_closes_after_each_answer_is_no_obstacle() {
    let mut session = Session::start(|_| {}).await;
    let close = ["Connection: close"];
    session.get().await.answer("200 OK", &close, OPEN).await;
    session.post().await.answer("200 OK", &close, "ok").await;
    session.get().await.answer("200 OK", &close, JOINED).await;
    session.joined("/").await;
    session
        .get()
        .await
        .answer("200 OK", &close, r#"42["x"]"#)
        .await;
    session.heard(&[r#"["x"]"#]).await;
    session.get().await;
}
