//! How a session is opened, and what can come in its place.

use std::time::Duration;

use sioscope::client::options::Eio;
use sioscope::journal::record::{Body, ConnectionState};

use super::server::Server;
use super::session::{JOINED, OPEN, OPEN_WS, Session, only_ws, options, reconnect};

// HS-01, HS-09
#[tokio::test]
async fn a_polling_session_opens_and_every_request_differs() {
    let mut session = Session::start(|_| {}).await;
    let first = session.get().await;
    assert!(first.target.starts_with("/socket.io/?EIO=4&transport=polling&t="));
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
