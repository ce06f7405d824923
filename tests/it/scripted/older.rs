//! Engine.IO 3 on real sockets.

use sioscope::client::options::Eio;

use super::session::{Session, only_ws};
use super::socket::{BINARY, frame};

/// The handshake of Engine.IO 3.
const OPEN3: &str =
    r#"0{"sid":"E1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;

/// A packet in the polling frame of Engine.IO 3, for ASCII.
fn framed(packet: &str) -> String {
    format!("{}:{packet}", packet.len())
}

// UP-02
#[tokio::test]
async fn an_upgrade_goes_the_same_way_with_framed_noops() {
    let mut session = Session::start(|options| options.eio = Eio::V3).await;
    let open = format!("{}2:40", framed(OPEN3));
    session.get().await.ok(open).await;
    let upgrade = session.upgrade().await;
    assert_eq!(upgrade.query("EIO"), Some("3"));
    let mut ws = upgrade.upgrade().await;
    ws.expect("2probe").await;
    let get = session.get().await;
    ws.text("3probe").await;
    session.saw("3probe").await;
    session.emit(r#"["x"]"#);
    assert!(ws.silent().await);
    get.ok("1:6").await;
    ws.expect("5").await;
    ws.expect(r#"42["x"]"#).await;
    assert!(session.server.untaken().is_empty());
}

// WC-04, WC-06
#[tokio::test]
async fn binary_messages_carry_their_type_both_ways() {
    let mut session = Session::start(|options| {
        only_ws(options);
        options.eio = Eio::V3;
    })
    .await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.text(OPEN3).await;
    ws.text("40").await;
    session.joined("/").await;
    session.emit(r#"["b",{"$binary":"AQID"}]"#);
    ws.expect(r#"451-["b",{"_placeholder":true,"num":0}]"#)
        .await;
    let sent = ws.next().await.unwrap();
    assert_eq!((sent.first, &sent.data[..]), (BINARY, &[4, 1, 2, 3][..]));
    ws.text(r#"451-["b",{"_placeholder":true,"num":0}]"#).await;
    ws.raw(frame(BINARY, &[4, 1, 2])).await;
    ws.text(r#"451-["t",{"_placeholder":true,"num":0}]"#).await;
    ws.text("b4AQI=").await;
    let wanted = [r#"["b",{"$binary":"AQI="}]"#, r#"["t",{"$binary":"AQI="}]"#];
    session.heard(&wanted).await;
}

// HB-08
#[tokio::test]
async fn the_client_pings_on_both_transports() {
    let open = OPEN3
        .replace("25000", "100")
        .replace(r#"["websocket"]"#, "[]");
    let mut session = Session::start(|options| options.eio = Eio::V3).await;
    session
        .get()
        .await
        .ok(format!("{}2:40", framed(&open)))
        .await;
    for _ in 0..2 {
        let post = session.post().await;
        assert_eq!(post.text(), "1:2");
        post.ok("ok").await;
        session.get().await.ok("1:3").await;
    }

    let mut session = Session::start(|options| {
        only_ws(options);
        options.eio = Eio::V3;
    })
    .await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.text(&open).await;
    for _ in 0..2 {
        ws.expect("2").await;
        ws.text("3").await;
    }
}

// CL-01, CL-02, V2-07
#[tokio::test]
async fn a_server_that_disconnects_is_left_for_good() {
    let mut session = Session::start(|options| options.eio = Eio::V3).await;
    let open = OPEN3.replace(r#"["websocket"]"#, "[]");
    session
        .get()
        .await
        .ok(format!("{}2:40", framed(&open)))
        .await;
    session.joined("/").await;
    session.get().await.ok("2:41").await;
    let post = session.post().await;
    assert_eq!(post.text(), "1:1");
    post.ok("ok").await;
    session.end().await.says("io server disconnect", &[]);
}
