//! Every way in which a session ends on the wire.

use super::session::{Session, reconnect};

// CL-08
#[tokio::test]
async fn every_close_code_is_kept_and_tried_again() {
    for code in [1000, 1001, 1008, 1009, 1011, 1012, 1013] {
        let (mut session, mut ws) = Session::websocket(reconnect).await;
        ws.close(Some(code), "why").await;
        let end = session.end().await;
        end.says("transport close", &[&format!("code {code}"), "\"why\""]);
        assert_eq!(ws.expect_close().await, Some(code));
        session.upgrade().await;
    }
}
