//! Bytes that no server should send.

use std::io::Write as _;

use sioscope::journal::record::ConnectionState;

use super::session::{OPEN, Session, only_ws, reconnect};
use super::socket::{TEXT, frame};

// MF-28, MF-39, OS-09, MF-30
#[tokio::test]
async fn a_200_that_is_no_payload_ends_the_session_with_the_body_quoted() {
    for (body, says) in [
        (r#"{"error":"x"}"#, "error"),
        ("ok", "ok"),
        ("<html><title>Log in</title></html>", "Log in"),
        ("", "empty body"),
        ("\u{feff}4a", "parser error"),
    ] {
        let mut session = Session::polling(|_| {}).await;
        session.get().await.ok(body).await;
        let parts = ["server error", "parser error", says];
        session.end().await.says("transport error", &parts);
        let mut session = Session::start(|_| {}).await;
        session.get().await.ok(body).await;
        let parts = ["parser error", says];
        session.end().await.says("server error", &parts);
    }
}

// MF-21, MF-01
#[tokio::test]
async fn a_good_event_in_front_of_a_bad_packet_is_delivered() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    let good = frame(TEXT, br#"42["good"]"#);
    ws.raw([good, frame(TEXT, b"47bad")].concat()).await;
    session.end().await.says("parse error", &[]);
    assert_eq!(session.events(), [r#"["good"]"#]);
    ws.expect_close().await;

    let mut session = Session::polling(|_| {}).await;
    session.get().await.ok("42[\"good\"]\u{1e}47bad").await;
    session.end().await.says("parse error", &[]);
    assert_eq!(session.events(), [r#"["good"]"#]);
    assert_eq!(session.post().await.text(), "1");
}

// MF-29
#[tokio::test]
async fn a_poll_that_is_no_utf_8_is_read_with_replacements() {
    let mut session = Session::polling(|_| {}).await;
    session.get().await.ok(b"42[\"\xc3(\"]").await;
    session.heard(&["[\"\u{fffd}(\"]"]).await;
    session.get().await.ok(b"\x34\xc3\x28").await;
    session.end().await.says("parse error", &[]);
}

// MF-31
#[tokio::test]
async fn a_body_over_the_limit_is_refused_by_its_announcement() {
    let mut session = Session::polling(|_| {}).await;
    let mut get = session.get().await;
    get.raw("HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n\r\n42[\"big")
        .await;
    let parts = ["xhr poll error", "larger than", "raise the limit"];
    session.end().await.says("transport error", &parts);
    assert!(get.ended().await, "the connection was left open");
}

// MF-31: without an announcement the limit counts what came.
#[tokio::test]
async fn a_body_without_an_end_is_refused_at_the_limit() {
    let mut session = Session::polling(|_| {}).await;
    let mut get = session.get().await;
    get.raw("HTTP/1.1 200 OK\r\n\r\n").await;
    let writing = tokio::spawn(async move {
        let megabyte = vec![b'x'; 1024 * 1024];
        for _ in 0..80 {
            get.quietly(&megabyte).await;
        }
        get
    });
    let parts = ["xhr poll error", "larger than"];
    session.end().await.says("transport error", &parts);
    assert!(writing.await.unwrap().ended().await);
}

// MF-32
#[tokio::test]
async fn a_body_that_does_not_come_to_its_end_is_ended_by_the_watchdog() {
    let mut session = Session::start(|_| {}).await;
    let open = OPEN.replace("25000", "150").replace("20000", "100");
    session.get().await.ok(open).await;
    session.join().await;
    let mut get = session.get().await;
    get.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n4")
        .await;
    session.end().await.says("ping timeout", &[]);
    assert!(get.ended().await, "the poll was not given up");
}

// MF-33: garbage that says it is gzip, gzip that ends early.
#[tokio::test]
async fn a_body_that_is_not_what_its_encoding_says_is_refused() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&[b'4'; 100_000]).unwrap();
    let gzip = gzip.finish().unwrap();
    for body in [&b"42[\"x\"]"[..], &gzip[..gzip.len() / 2]] {
        let mut session = Session::polling(|_| {}).await;
        let headers = ["Content-Encoding: gzip"];
        session.get().await.answer("200 OK", &headers, body).await;
        let parts = ["xhr poll error", "says it is gzip"];
        session.end().await.says("transport error", &parts);
        let broken = session.broken_response().unwrap();
        assert_eq!((broken.status, &broken.body[..]), (200, body));
    }
}

// MF-33
#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_named() {
    let mut session = Session::start(|_| {}).await;
    let get = session.get().await;
    assert_eq!(get.header("accept-encoding"), "gzip, deflate");
    let headers = ["Content-Encoding: br"];
    get.answer("200 OK", &headers, "whatever").await;
    session.end().await.says("xhr poll error", &["`br`"]);
}

// MF-28: what is no HTTP at all, on both transports.
#[tokio::test]
async fn an_answer_that_is_no_http_is_quoted() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.6\r\n\r\n"[..],
        // A TLS alert: the port wants https.
        b"\x15\x03\x03\x00\x02\x02\x46\r\n\r\n",
    ] {
        let start = bytes[..4].escape_ascii().to_string();
        let mut session = Session::start(|_| {}).await;
        let mut get = session.get().await;
        get.raw(bytes).await;
        let parts = ["not HTTP", &start];
        session.end().await.says("xhr poll error", &parts);

        let mut session = Session::start(only_ws).await;
        let mut upgrade = session.upgrade().await;
        upgrade.raw(bytes).await;
        session.end().await.says("websocket error", &parts);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_with_what_came_of_it() {
    let mut session = Session::polling(reconnect).await;
    let mut get = session.get().await;
    get.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n42[\"cut")
        .await;
    get.cut().await;
    let parts = ["xhr poll error", "broke off"];
    session.end().await.says("transport error", &parts);
    let (status, body, error) = session
        .wait("the broken response", |_| {
            let response = session.broken_response()?;
            Some((response.status, response.body, response.error))
        })
        .await;
    assert_eq!((status, &body[..]), (200, &b"42[\"cut"[..]));
    assert!(error.unwrap().contains("broke off"));
    session.get().await;
}

#[tokio::test]
async fn chunks_that_are_none_are_told() {
    let mut session = Session::polling(|_| {}).await;
    let mut get = session.get().await;
    get.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n42[\"x\"]\r\n")
        .await;
    let parts = ["xhr poll error", "broke off"];
    session.end().await.says("transport error", &parts);
}

// MF-38
#[tokio::test]
async fn a_flood_of_noops_leaves_room_for_commands() {
    let mut session = Session::polling(|_| {}).await;
    session.emit(r#"["first"]"#);
    for number in 0..300 {
        session.get().await.ok("6").await;
        if number == 150 {
            session.emit(r#"["x"]"#);
        }
    }
    let first = session.post().await;
    assert_eq!(first.text(), r#"42["first"]"#);
    first.ok("ok").await;
    assert_eq!(session.post().await.text(), r#"42["x"]"#);
    session.connection(ConnectionState::Open, 0).await;
}

// MF-36
#[tokio::test]
async fn a_handshake_of_wrong_types_neither_panics_nor_spins() {
    for (from, to) in [
        ("25000", "\"abc\""),
        ("25000", "-5"),
        ("25000", "null"),
        ("25000", "1e12"),
        ("\"E1\"", "5"),
        ("[]", "7"),
    ] {
        let mut session = Session::start(|_| {}).await;
        session.get().await.ok(OPEN.replace(from, to)).await;
        // Either it is refused, or it is open and polls.
        let opened = session
            .wait("an end or an open session", |records| {
                let text = format!("{records:?}");
                let open = text.contains("state: Open, reason: None");
                (open || text.contains("state: GaveUp")).then_some(open)
            })
            .await;
        if opened {
            session.join().await;
            session.get().await;
            assert!(session.server.untaken().is_empty());
        } else {
            let end = session.end().await;
            end.says("server error", &["unreadable handshake"]);
        }
    }
}
