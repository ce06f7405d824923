//! Heartbeats in real time, auth that is read again, and a peer that does not read.

use sioscope::client::Command;
use sioscope::client::command::Emit;
use sioscope::client::options::Auth;
use sioscope::journal::record::NamespaceState;
use sioscope::scope::Refused;

use super::session::{JOINED, OPEN, Session, only_ws, reconnect};
use super::socket::{PING, frame};

/// A handshake with a short heartbeat.
fn brisk() -> String {
    OPEN.replace("25000", "150").replace("20000", "100")
}

// HB-01
#[tokio::test]
async fn pings_over_websocket_are_answered_and_keep_the_session() {
    let mut session = Session::start(only_ws).await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.text(&brisk()).await;
    ws.expect("40").await;
    ws.text(JOINED).await;
    for _ in 0..4 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        ws.text("2").await;
        ws.expect("3").await;
    }
    // HB-03: what a ping carries comes back.
    ws.text("2abc").await;
    ws.expect("3abc").await;
    assert_eq!(session.attempts(), 1);
}

// HB-02
#[tokio::test]
async fn pings_over_polling_are_answered_by_a_post() {
    let mut session = Session::polling(|_| {}).await;
    for _ in 0..3 {
        session.get().await.ok("2").await;
        let post = session.post().await;
        assert_eq!(post.text(), "3");
        post.ok("ok").await;
    }
    session.get().await;
}

// HB-04, RC-18
#[tokio::test]
async fn silence_is_a_ping_timeout_and_the_server_is_told() {
    let mut session = Session::start(|options| {
        only_ws(options);
        reconnect(options);
    })
    .await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.text(&brisk()).await;
    ws.expect("40").await;
    assert_eq!(ws.expect_close().await, None);
    session.end().await.says("ping timeout", &["0.25 s"]);
    session.upgrade().await;

    let mut session = Session::start(reconnect).await;
    session.get().await.ok(brisk()).await;
    session.join().await;
    let hanging = session.get().await;
    session.end().await.says("ping timeout", &["0.25 s"]);
    assert_eq!(session.post().await.text(), "1");
    assert!(hanging.ended().await, "the poll was not given up");
    assert_eq!(session.get().await.query("sid"), None);
}

// AU-02
#[tokio::test]
async fn auth_from_a_file_and_from_a_command_is_read_at_each_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.json");
    let command = format!("cat '{}'", file.display());
    for auth in [Auth::File(file.clone()), Auth::Command(command)] {
        std::fs::write(&file, "{ \"n\": 1 }\n").unwrap();
        let mut session = Session::start(|options| {
            only_ws(options);
            reconnect(options);
            options.auth = Some(auth.clone());
        })
        .await;
        for n in 1..=3 {
            let mut ws = session.upgrade().await.upgrade().await;
            ws.text(OPEN).await;
            ws.expect(&format!("40{{\"n\":{n}}}")).await;
            ws.text(JOINED).await;
            session.saw(JOINED).await;
            std::fs::write(&file, format!("{{\"n\":{}}}", n + 1)).unwrap();
            ws.cut().await;
        }
    }
}

// AU-02: what can't be read is said, and nothing is sent in its place.
#[tokio::test]
async fn auth_that_cannot_be_read_is_told_and_not_sent() {
    for (auth, says) in [
        (Auth::File("/nonexistent/auth.json".into()), "auth.json"),
        (Auth::Command("echo oh no >&2; exit 3".to_owned()), "oh no"),
        (Auth::Command("echo '[1]'".to_owned()), "JSON object"),
        (Auth::Command("echo token".to_owned()), "no JSON"),
    ] {
        let mut session = Session::start(|options| {
            only_ws(options);
            options.auth = Some(auth);
        })
        .await;
        let mut ws = session.upgrade().await.upgrade().await;
        ws.text(OPEN).await;
        let refused = session
            .namespace("/ to fail", |namespace| {
                matches!(
                    namespace.state,
                    NamespaceState::Refused | NamespaceState::Disconnected
                )
            })
            .await;
        let reason = refused.reason.unwrap_or_default();
        assert!(reason.contains(says), "{reason}");
        ws.expect_close().await;
    }
}

// BF-10
#[tokio::test]
async fn a_peer_that_does_not_read_holds_up_neither_reading_nor_commands() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    let args = format!("[\"x\",\"{}\"]", "x".repeat(2_000));
    let mut emitted = 0;
    while emitted < 4_000 {
        let emit = Emit {
            nsp: "/".to_owned(),
            args: args.clone(),
            ..Emit::default()
        };
        match session.scope.command(Command::Emit(emit)) {
            Ok(()) => emitted += 1,
            Err(Refused::Busy) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
    // Not a byte of this was read, and yet what the server says is heard.
    ws.text(r#"42["are you there"]"#).await;
    session.saw(r#"42["are you there"]"#).await;
    // What is written is recorded when it is handed over: far from everything is.
    let written = session
        .records()
        .iter()
        .filter(|record| format!("{:?}", record.body).contains("dir: ToServer, op: Text"))
        .count();
    assert!(written < 3_500, "{written} frames went into a full socket");
    session.command(Command::Disconnect);
    session.end().await.says("io client disconnect", &[]);
    assert!(ws.is_let_go().await, "the socket stayed with its writer");
}

// BF-10: pings of a peer that does not read are answered by the latest only.
#[tokio::test]
async fn a_flood_of_websocket_pings_does_not_pile_up_answers() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    let flood = frame(PING, &[b'p'; 120]).repeat(1_000);
    for _ in 0..40 {
        ws.quietly(&flood).await;
    }
    ws.raw(frame(PING, b"last")).await;
    ws.text(r#"42["after"]"#).await;
    session.saw(r#"42["after"]"#).await;
    let mut answers = 1;
    while ws.next().await.unwrap().data != b"last" {
        answers += 1;
    }
    assert!(answers < 30_000, "{answers} answers had piled up");
}

// BF-10, BF-06: over polling one post hangs, and nothing else does.
#[tokio::test]
async fn a_post_that_is_never_answered_holds_up_neither_polls_nor_commands() {
    let mut session = Session::polling(|_| {}).await;
    session.emit(r#"["first"]"#);
    let hanging = session.post().await;
    for number in 0..100 {
        session.emit(&format!("[\"n\",{number}]"));
    }
    session.get().await.ok(r#"42["hello"]"#).await;
    session.heard(&[r#"["hello"]"#]).await;
    session.command(Command::Emit(Emit {
        nsp: "/".to_owned(),
        args: r#"["volatile"]"#.to_owned(),
        volatile: true,
        ..Emit::default()
    }));
    session.command(Command::Disconnect);
    session.end().await.says("io client disconnect", &[]);
    assert!(hanging.ended().await, "the post was not given up");
    let log = session.server.log.text();
    assert!(!log.contains("volatile"), "{log}");
}

// RC-12, RC-13
#[tokio::test]
async fn a_connect_while_waiting_tries_at_once_and_only_once() {
    let mut session = Session::start(|options| {
        reconnect(options);
        options.reconnection.delay = std::time::Duration::from_secs(600);
        options.reconnection.delay_max = options.reconnection.delay;
    })
    .await;
    session.get().await.cut().await;
    session.end().await.says("xhr poll error", &["closed"]);
    session.command(Command::Connect);
    session.get().await.ok(OPEN).await;
    session.join().await;
    session.get().await;
    assert!(session.server.untaken().is_empty());
    assert_eq!(session.attempts(), 2);
}
