//! From polling to WebSocket on real sockets: what waits for what.

use sioscope::client::Command;
use sioscope::journal::record::{ConnectionState, TransportName, TransportState};

use super::server::Exchange;
use super::session::{OPEN_WS, Session, reconnect};
use super::socket::Ws;

/// A session over polling with `/` joined, its WebSocket open and `2probe` read from it; and the
/// poll that hangs.
async fn probed(session: &mut Session) -> (Ws, Exchange) {
    session.get().await.ok(OPEN_WS).await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.expect("2probe").await;
    session.join().await;
    (ws, session.get().await)
}

async fn upgrade_failed(session: &Session) -> String {
    let failed = session
        .transport("the upgrade to fail", |transport| {
            transport.name == TransportName::Websocket && transport.state == TransportState::Closed
        })
        .await;
    failed.error.unwrap_or_default()
}

// UP-01, UP-03, UP-06
#[tokio::test]
async fn the_switch_waits_for_the_poll_and_emits_wait_for_the_switch() {
    let mut session = Session::start(|_| {}).await;
    let (mut ws, get) = probed(&mut session).await;
    ws.text("3probe").await;
    session.saw("3probe").await;
    session.emit(r#"["x"]"#);
    session.emit(r#"["y"]"#);
    assert!(ws.silent().await, "{}", session.transcript());
    assert!(session.server.untaken().is_empty());
    get.ok("6").await;
    for text in ["5", r#"42["x"]"#, r#"42["y"]"#] {
        ws.expect(text).await;
    }
    ws.text(r#"42["hello"]"#).await;
    session.heard(&[r#"["hello"]"#]).await;
    // No poll and no post after it.
    assert!(session.server.untaken().is_empty());
}

// UP-04
#[tokio::test]
async fn the_switch_waits_for_the_post() {
    let mut session = Session::start(|_| {}).await;
    let (mut ws, get) = probed(&mut session).await;
    session.emit(r#"["x"]"#);
    let post = session.post().await;
    ws.text("3probe").await;
    get.ok("6").await;
    assert!(ws.silent().await, "{}", session.transcript());
    post.ok("ok").await;
    ws.expect("5").await;
    assert!(ws.silent().await, "the event came twice");
}

// UP-05, BI-04
#[tokio::test]
async fn the_last_poll_is_delivered_before_what_comes_by_the_socket() {
    let mut session = Session::start(|_| {}).await;
    let (mut ws, get) = probed(&mut session).await;
    ws.text("3probe").await;
    get.ok("42[\"a\"]\u{1e}451-[\"b\",{\"_placeholder\":true,\"num\":0}]")
        .await;
    ws.expect("5").await;
    // The attachment of what came by the poll.
    ws.raw(super::socket::frame(super::socket::BINARY, &[1, 2]))
        .await;
    session
        .heard(&[r#"["a"]"#, r#"["b",{"$binary":"AQI="}]"#])
        .await;
}

// UP-08
#[tokio::test]
async fn a_wrong_answer_to_the_probe_leaves_polling_alone() {
    for answer in ["3other", "4x"] {
        let mut session = Session::start(|_| {}).await;
        let (mut ws, get) = probed(&mut session).await;
        ws.text(answer).await;
        let error = upgrade_failed(&session).await;
        assert!(
            error.contains("probe error") && error.contains(answer),
            "{error}"
        );
        assert_eq!(ws.expect_close().await, None);
        get.ok(r#"42["still here"]"#).await;
        session.heard(&[r#"["still here"]"#]).await;
        session.get().await;
    }
}

// UP-09: neither an answer nor an end helps.
#[tokio::test]
async fn a_probe_whose_connection_is_cut_leaves_polling_alone() {
    let mut session = Session::start(|_| {}).await;
    session.get().await.ok(OPEN_WS).await;
    session.upgrade().await.reset();
    let error = upgrade_failed(&session).await;
    assert!(error.contains("probe error"), "{error}");
    session.join().await;
}

// UP-11
#[tokio::test]
async fn a_probe_that_is_never_answered_leaves_polling_alone_until_the_server_closes_it() {
    let mut session = Session::start(|_| {}).await;
    let (mut ws, get) = probed(&mut session).await;
    get.ok(r#"42["1"]"#).await;
    session.emit(r#"["x"]"#);
    session.post().await.ok("ok").await;
    session.heard(&[r#"["1"]"#]).await;
    ws.close(None, "").await;
    let error = upgrade_failed(&session).await;
    assert!(error.contains("1005"), "{error}");
    session.get().await.ok(r#"42["2"]"#).await;
    session.heard(&[r#"["1"]"#, r#"["2"]"#]).await;
}

// UP-12
#[tokio::test]
async fn no_upgrade_is_tried_where_none_is_wanted() {
    for (upgrade, transports) in [
        (
            false,
            vec![TransportName::Polling, TransportName::Websocket],
        ),
        (true, vec![TransportName::Polling]),
    ] {
        let mut session = Session::start(|options| {
            options.upgrade = upgrade;
            options.transports = transports;
        })
        .await;
        session.get().await.ok(OPEN_WS).await;
        session.join().await;
        session.get().await;
        assert!(session.server.untaken().is_empty());
    }
}

// UP-13
#[tokio::test]
async fn upgrades_of_other_names_are_passed_over() {
    let mut session = Session::start(|_| {}).await;
    let open = OPEN_WS.replace(r#"["websocket"]"#, r#"["webtransport","foo","websocket"]"#);
    session.get().await.ok(open).await;
    let upgrade = session.upgrade().await;
    assert_eq!(upgrade.query("transport"), Some("websocket"));
    assert_eq!(upgrade.query("sid"), Some("E1"));
    let mut ws = upgrade.upgrade().await;
    ws.expect("2probe").await;
    session.join().await;
}

// UP-14
#[tokio::test]
async fn a_disconnect_during_the_upgrade_is_written_after_it() {
    let mut session = Session::start(|_| {}).await;
    let (mut ws, get) = probed(&mut session).await;
    ws.text("3probe").await;
    session.saw("3probe").await;
    session.command(Command::Disconnect);
    assert!(ws.silent().await);
    get.ok("6").await;
    ws.expect("5").await;
    ws.expect("41").await;
    assert_eq!(ws.expect_close().await, None);
    ws.close(None, "").await;
    session.end().await.says("io client disconnect", &[]);
}

// UP-17
#[tokio::test]
async fn a_socket_that_drops_right_after_the_switch_means_a_new_handshake() {
    let mut session = Session::start(reconnect).await;
    let (mut ws, get) = probed(&mut session).await;
    ws.text("3probe").await;
    get.ok("6").await;
    ws.expect("5").await;
    ws.cut().await;
    session.end().await.says("transport close", &["1006"]);
    let get = session.get().await;
    assert_eq!(get.query("sid"), None);
    get.ok(format!("{OPEN_WS}\u{1e}6")).await;
    session.connection(ConnectionState::Open, 1).await;
}

// HB-14
#[tokio::test]
async fn a_ping_during_the_probe_is_answered_by_polling() {
    let mut session = Session::start(|_| {}).await;
    let (mut ws, get) = probed(&mut session).await;
    get.ok("2").await;
    let post = session.post().await;
    assert_eq!(post.text(), "3");
    post.ok("ok").await;
    // And one in the last poll by the socket, right behind the switch.
    ws.text("3probe").await;
    session.get().await.ok("2").await;
    ws.expect("5").await;
    ws.expect("3").await;
}
