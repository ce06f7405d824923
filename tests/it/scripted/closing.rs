//! Every way in which a session ends on the wire.

use sioscope::client::Command;
use sioscope::journal::record::{ConnectionState, NamespaceState};

use super::session::{OPEN, Session, reconnect};
use super::socket::{TEXT, frame};

/// What `/` says about its end.
async fn left(session: &Session) -> String {
    let left = session
        .namespace("/ to be left", |namespace| {
            namespace.state == NamespaceState::Disconnected
        })
        .await;
    left.reason.unwrap_or_default()
}

// CL-01
#[tokio::test]
async fn a_disconnect_over_websocket_leaves_and_closes_without_a_code() {
    let (mut session, mut ws) = Session::websocket(reconnect).await;
    session.command(Command::Disconnect);
    ws.expect("41").await;
    assert_eq!(ws.expect_close().await, None);
    ws.close(None, "").await;
    assert!(ws.rest().await.is_empty());
    session.end().await.says("io client disconnect", &[]);
    assert_eq!(left(&session).await, "io client disconnect");
    assert!(session.server.untaken().is_empty());
    assert_eq!(session.attempts(), 1);
}

// CL-01: a server that does not answer the close frame is not waited for.
#[tokio::test]
async fn a_close_frame_without_an_answer_is_no_obstacle() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    session.command(Command::Disconnect);
    ws.expect("41").await;
    assert_eq!(ws.expect_close().await, None);
    session.end().await.says("io client disconnect", &[]);
    assert!(ws.rest().await.is_empty());
}

// CL-02
#[tokio::test]
async fn a_disconnect_over_polling_posts_leave_and_close_one_after_the_other() {
    let mut session = Session::polling(reconnect).await;
    let get = session.get().await;
    session.command(Command::Disconnect);
    for text in ["41", "1"] {
        let post = session.post().await;
        assert_eq!(post.text(), text);
        post.ok("ok").await;
    }
    get.ok("6").await;
    session.end().await.says("io client disconnect", &[]);
    assert_eq!(session.attempts(), 1);
    assert!(session.server.untaken().is_empty());
}

// CL-05
#[tokio::test]
async fn a_server_that_disconnects_is_left_for_good() {
    for body in ["41", "41\u{1e}6\u{1e}1"] {
        let mut session = Session::polling(reconnect).await;
        session.get().await.ok(body).await;
        if body == "41" {
            let post = session.post().await;
            assert_eq!(post.text(), "1");
            post.ok("ok").await;
        }
        session.end().await.says("io server disconnect", &[]);
        assert_eq!(left(&session).await, "io server disconnect");
        assert_eq!(session.attempts(), 1);
    }
}

// CL-05
#[tokio::test]
async fn a_server_that_disconnects_over_websocket_is_left_for_good() {
    let (session, mut ws) = Session::websocket(reconnect).await;
    ws.raw([frame(TEXT, b"41"), frame(0x88, b"")].concat())
        .await;
    session.end().await.says("io server disconnect", &[]);
    assert_eq!(left(&session).await, "io server disconnect");
    ws.expect_close().await;
    assert_eq!(session.attempts(), 1);
}

// CL-06
#[tokio::test]
async fn a_disconnect_packet_counts_even_with_a_reset_right_behind_it() {
    let (mut session, mut ws) = Session::websocket(reconnect).await;
    ws.text("41").await;
    ws.reset();
    session.end().await.says("io server disconnect", &[]);
    assert_eq!(left(&session).await, "io server disconnect");
    assert_eq!(session.attempts(), 1);
    assert!(session.server.untaken().is_empty());
}

// CL-07, CL-18, OS-06
#[tokio::test]
async fn a_close_frame_without_a_code_is_1005() {
    let (mut session, mut ws) = Session::websocket(reconnect).await;
    ws.close(None, "").await;
    session.end().await.says("transport close", &["1005"]);
    assert_eq!(ws.expect_close().await, None);
    session.upgrade().await;
}

// CL-08, CL-14, OS-06
#[tokio::test]
async fn every_close_code_is_kept_and_tried_again() {
    for code in [1000, 1001, 1008, 1009, 1011, 1012, 1013, 3000, 4999] {
        let (mut session, mut ws) = Session::websocket(reconnect).await;
        ws.close(Some(code), "why").await;
        let end = session.end().await;
        end.says("transport close", &[&format!("code {code}"), "\"why\""]);
        assert_eq!(ws.expect_close().await, Some(code));
        session.upgrade().await;
    }
}

// CL-09, PX-10
#[tokio::test]
async fn a_websocket_that_is_cut_or_reset_is_1006() {
    for reset in [false, true] {
        let (mut session, ws) = Session::websocket(reconnect).await;
        if reset {
            ws.reset();
            session
                .end()
                .await
                .says("transport close", &["1006", "reset the connection"]);
        } else {
            ws.cut().await;
            session
                .end()
                .await
                .says("transport close", &["1006", "cut"]);
        }
        session.upgrade().await;
    }
}

// CL-09, MF-19: half a frame, half a message.
#[tokio::test]
async fn a_websocket_that_is_cut_in_the_middle_of_a_message_is_1006() {
    for bytes in [
        &frame(TEXT, b"42[\"never\"]")[..6],
        &frame(0x01, b"42[")[..],
    ] {
        let (mut session, mut ws) = Session::websocket(reconnect).await;
        ws.raw(bytes).await;
        ws.cut().await;
        session.end().await.says("transport close", &["1006"]);
        assert!(session.events().is_empty());
        let mut ws = session.open_ws_again().await;
        ws.text(r#"42["x"]"#).await;
        session.heard(&[r#"["x"]"#]).await;
    }
}

// CL-10, MF-40
#[tokio::test]
async fn a_close_packet_in_a_poll_ends_the_session_without_further_requests() {
    let mut session = Session::polling(reconnect).await;
    session.get().await.ok("1\u{1e}42[\"late\"]").await;
    let parts = ["transport closed by the server"];
    session.end().await.says("transport close", &parts);
    let next = session.get().await;
    assert_eq!(next.query("sid"), None);
    assert!(session.server.untaken().is_empty());
}

// CL-13, RC-18
#[tokio::test]
async fn a_post_that_fails_is_told_with_status_and_words() {
    let mut session = Session::polling(reconnect).await;
    let get = session.get().await;
    session.emit(r#"["x"]"#);
    let body = r#"{"code":3,"message":"Bad request"}"#;
    session
        .post()
        .await
        .answer("400 Bad Request", &[], body)
        .await;
    let parts = ["xhr post error", "HTTP 400", "Bad request", "code 3"];
    session.end().await.says("transport error", &parts);
    assert!(get.ended().await, "the poll was not given up");
    assert_eq!(session.get().await.query("sid"), None);
}

// CL-15, RC-18
#[tokio::test]
async fn a_poll_that_is_cut_or_reset_is_a_transport_error() {
    for (reset, says) in [(false, "closed the connection"), (true, "reset")] {
        let mut session = Session::polling(reconnect).await;
        // A poll on a fresh connection: a kept one that dies is tried once more.
        let mut get = session.get().await;
        get.raw("HTTP/1.1 200 OK\r\n").await;
        if reset {
            get.reset();
        } else {
            get.cut().await;
        }
        let parts = ["xhr poll error", says];
        session.end().await.says("transport error", &parts);
        assert_eq!(session.get().await.query("sid"), None);
    }
}

// CL-15: a post is never sent twice.
#[tokio::test]
async fn a_post_whose_connection_is_cut_is_not_repeated() {
    let mut session = Session::polling(|_| {}).await;
    session.emit(r#"["once"]"#);
    session.post().await.cut().await;
    let parts = ["xhr post error", "closed the connection"];
    session.end().await.says("transport error", &parts);
    let log = session.server.log.text();
    assert_eq!(log.matches("once").count(), 1, "{log}");
}

// CL-17, RC-12: the end of the program.
#[tokio::test]
async fn a_shutdown_leaves_politely() {
    let (session, mut ws) = Session::websocket(reconnect).await;
    let scope = session.scope.clone();
    let shutdown = tokio::spawn(async move { scope.shutdown().await });
    ws.expect("41").await;
    assert_eq!(ws.expect_close().await, None);
    ws.close(None, "").await;
    shutdown.await.unwrap();
    assert!(session.scope.ended());
    session.end().await.says("io client disconnect", &[]);
}

// RC-10, RC-09
#[tokio::test]
async fn a_server_that_accepts_and_drops_is_tried_at_the_base_delay_each_time() {
    let mut session = Session::start(|options| {
        reconnect(options);
        options.reconnection.delay_max = std::time::Duration::from_secs(60);
    })
    .await;
    for _ in 0..4 {
        session.get().await.ok(OPEN).await;
        session.get().await.ok("1").await;
    }
    session.get().await;
    for nth in 0..4 {
        let waiting = session.connection(ConnectionState::Waiting, nth).await;
        assert_eq!((waiting.attempt, waiting.delay_ms), (Some(1), Some(10)));
    }
}
