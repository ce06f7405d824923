//! `--driver rust_socketio` where only a server of our own making shows what becomes of it.

use std::ops::ControlFlow;

use sioscope::client::options::Driver;
use sioscope::journal::record::{Body, ConnectionState};
use tokio::time::timeout;

use super::server::PATIENCE;
use super::session::{JOINED, OPEN, Session, only_ws, reconnect};

/// Waits until a record's body is accepted.
async fn wait_for(session: &Session, wanted: impl Fn(&Body) -> bool) {
    let journal = session.scope.journal().clone();
    let found = async {
        let mut next = 1;
        loop {
            let mut met = false;
            next = journal.scan(next, |record| {
                met = wanted(&record.body);
                if met {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            if met {
                return;
            }
            journal.changed(next.saturating_sub(1)).await;
        }
    };
    assert!(
        timeout(PATIENCE, found).await.is_ok(),
        "{}",
        session.transcript()
    );
}

// The library unwraps the end of the connection where it waits for an attachment.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_library_is_told_and_ends_only_the_library() {
    let mut session = Session::start(|options| {
        reconnect(options);
        options.reconnection.factor = 0.5;
        options.driver = Driver::RustSocketio;
        only_ws(options);
    })
    .await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.text(OPEN).await;
    ws.expect("3").await;
    ws.expect("40").await;
    ws.text(JOINED).await;
    ws.text(r#"451-["a",{"_placeholder":true,"num":0}]"#).await;
    ws.close(Some(1000), "").await;
    ws.cut().await;
    wait_for(&session, |body| {
        matches!(body, Body::Mark(mark) if mark.text.starts_with("rust_socketio: it panicked"))
    })
    .await;
    wait_for(
        &session,
        |body| matches!(body, Body::Connection(said) if said.state == ConnectionState::GaveUp),
    )
    .await;
    session.scope.shutdown().await;
    assert!(session.scope.ended());
}
