//! WebSocket frames: cut up, compressed, too large, broken.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use sioscope::client::command::{Command, Emit};
use sioscope::journal::record::{Body, Direction, Frame, Opcode};

use super::session::{JOINED, OPEN, Session, only_ws};
use super::socket::{BINARY, PING, PONG, TEXT, frame};

/// Frames from the server, as recorded.
fn came(session: &Session) -> Vec<Frame> {
    let frame = |body| match body {
        Body::Frame(frame) if frame.dir == Direction::ToClient => Some(frame),
        _ => None,
    };
    let records = session.records().into_iter();
    records.filter_map(|record| frame(record.body)).collect()
}

// WC-01, WC-03, BI-01, BI-07
#[tokio::test]
async fn text_and_binary_go_both_ways_frame_by_frame() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    session.emit(r#"["b",{"$binary":"AQID"},"€"]"#);
    ws.expect(r#"451-["b",{"_placeholder":true,"num":0},"€"]"#)
        .await;
    let binary = ws.next().await.unwrap();
    assert_eq!((binary.first, &binary.data[..]), (BINARY, &[1, 2, 3][..]));
    ws.text(r#"451-["b",{"_placeholder":true,"num":0}]"#).await;
    ws.raw(frame(BINARY, &[1, 2])).await;
    session.heard(&[r#"["b",{"$binary":"AQI="}]"#]).await;
}

// WC-07
#[tokio::test]
async fn base64_text_counts_as_binary() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    ws.text(r#"451-["b",{"_placeholder":true,"num":0}]"#).await;
    ws.text("bAQI=").await;
    session.heard(&[r#"["b",{"$binary":"AQI="}]"#]).await;
}

// WC-10, and the same cut anywhere on the wire
#[tokio::test]
async fn a_message_in_fragments_with_a_ping_between_is_one_message() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    ws.raw(frame(0x01, b"42[")).await;
    ws.raw(frame(PING, b"are you there")).await;
    let pong = ws.next().await.unwrap();
    assert_eq!((pong.first, &pong.data[..]), (PONG, &b"are you there"[..]));
    ws.raw(frame(0x00, b"\"\xe2\x82")).await;
    for byte in frame(0x80, b"\xac\"]") {
        ws.raw([byte]).await;
        tokio::task::yield_now().await;
    }
    session.heard(&[r#"["€"]"#]).await;
    let ops: Vec<Opcode> = came(&session).iter().map(|frame| frame.op).collect();
    assert_eq!(ops[2..], [Opcode::Ping, Opcode::Text]);
}

// WC-02
#[tokio::test]
async fn a_record_separator_does_not_cut_a_frame() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    ws.text("42[\"a\u{1e}b\"]").await;
    // A raw control character is no JSON, but the frame is one message nonetheless.
    ws.text(r#"42["after"]"#).await;
    session.end().await;
    let texts = came(&session);
    assert_eq!(texts[2].data, "42[\"a\u{1e}b\"]");
}

// WC-08, WC-09
#[tokio::test]
async fn an_empty_or_unknown_packet_ends_the_session() {
    for text in ["", "9foo"] {
        let (session, mut ws) = Session::websocket(|_| {}).await;
        ws.text(text).await;
        let parts = ["server error", "parser error"];
        session.end().await.says("transport error", &parts);
        ws.expect_close().await;
        assert_eq!(came(&session).last().unwrap().data, text);
    }
}

// WC-11
#[tokio::test]
async fn text_that_is_no_utf_8_closes_with_1007_and_is_kept() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    ws.raw(frame(TEXT, b"4\xff")).await;
    let parts = ["websocket error", "Invalid WebSocket frame", "UTF-8"];
    session.end().await.says("transport error", &parts);
    assert_eq!(ws.expect_close().await, Some(1007));
    let last = came(&session).pop().unwrap();
    assert_eq!((last.op, &last.data[..]), (Opcode::Text, &b"4\xff"[..]));
}

// WC-12: compression that was not agreed on, an unknown opcode, a continuation of nothing, a control
// frame that is too long.
#[tokio::test]
async fn frames_against_the_protocol_close_with_1002() {
    for bytes in [
        frame(0xc1, b"\x32\x89\x56\x4a\x04\x00"),
        frame(0x83, b"x"),
        frame(0x80, b"a continuation of nothing"),
        frame(PING, &[b'x'; 126]),
    ] {
        let (session, mut ws) = Session::websocket(|_| {}).await;
        ws.raw(&bytes).await;
        let parts = ["websocket error", "Invalid WebSocket frame"];
        session.end().await.says("transport error", &parts);
        assert_eq!(ws.expect_close().await, Some(1002));
    }
}

// WC-12
#[tokio::test]
async fn compression_that_was_agreed_on_works_both_ways() {
    let mut session = Session::start(only_ws).await;
    let upgrade = session.upgrade().await;
    let offer = upgrade.header("sec-websocket-extensions");
    assert!(offer.starts_with("permessage-deflate"), "{offer}");
    let agreed = ["Sec-WebSocket-Extensions: permessage-deflate"];
    let mut ws = upgrade.upgrade_with(&agreed).await;
    ws.text(OPEN).await;
    // Short messages are not worth it.
    ws.expect("40").await;
    ws.text(JOINED).await;
    let long = format!("42[\"{}\"]", "long ".repeat(400));
    let mut deflate = Compress::new(Compression::default(), false);
    // The second one refers back to the first.
    for _ in 0..2 {
        let mut packed = Vec::with_capacity(4_000);
        deflate
            .compress_vec(long.as_bytes(), &mut packed, FlushCompress::Sync)
            .unwrap();
        packed.truncate(packed.len() - 4);
        ws.raw(frame(0xc1, &packed)).await;
    }
    session.heard(&[&long[2..], &long[2..]]).await;
    let last = came(&session).pop().unwrap();
    assert!(last.wire.unwrap() < 60, "{:?}", last.wire);
    session.emit(&long[2..]);
    let mut sent = ws.next().await.unwrap();
    assert_eq!(sent.first, 0xc1);
    sent.data.extend_from_slice(&[0, 0, 0xff, 0xff]);
    let mut plain = Vec::with_capacity(4_000);
    Decompress::new(false)
        .decompress_vec(&sent.data, &mut plain, FlushDecompress::Sync)
        .unwrap();
    assert_eq!(String::from_utf8(plain).unwrap(), long);
}

// WC-12: an answer that nobody offered.
#[tokio::test]
async fn an_extension_that_was_not_offered_is_refused() {
    let mut session = Session::start(only_ws).await;
    let odd = ["Sec-WebSocket-Extensions: x-unheard-of"];
    let _ws = session.upgrade().await.upgrade_with(&odd).await;
    session
        .end()
        .await
        .says("websocket error", &["x-unheard-of"]);
}

// WC-13
#[tokio::test]
async fn twenty_megabytes_in_one_frame_come_whole() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    let big = format!("42[\"{}\"]", "x".repeat(20 * 1024 * 1024));
    ws.text(&big).await;
    session
        .wait("the big frame", |_| {
            let last = came(&session).pop()?;
            (last.data.len() == big.len()).then_some(())
        })
        .await;
    ws.text("2").await;
    ws.expect("3").await;
}

// WC-13, MF-31
#[tokio::test]
async fn a_frame_over_the_limit_is_refused_by_its_announcement() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    let mut head = vec![TEXT, 127];
    head.extend_from_slice(&(200 * 1024 * 1024_u64).to_be_bytes());
    ws.raw(&head).await;
    let parts = ["websocket error", "more than", "raise the limit"];
    session.end().await.says("transport error", &parts);
    assert_eq!(ws.expect_close().await, Some(1009));
}

// CL-11, MF-37: nothing of this is more than a row in the log.
#[tokio::test]
async fn engine_packets_without_a_meaning_here_are_inert() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    for text in ["6", "3", "5", "1"] {
        ws.text(text).await;
    }
    ws.text("2probe").await;
    ws.expect("3").await;
    ws.text(r#"42["after"]"#).await;
    session.heard(&[r#"["after"]"#]).await;
    assert_eq!(session.attempts(), 1);
    assert!(ws.silent().await);
}

// MF-17, MF-20
#[tokio::test]
async fn a_ping_between_header_and_attachment_does_no_harm_and_a_second_attachment_ends_it() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    ws.text(r#"451-["b",{"_placeholder":true,"num":0}]"#).await;
    ws.text("2").await;
    ws.expect("3").await;
    ws.raw(frame(BINARY, &[1, 2])).await;
    session.heard(&[r#"["b",{"$binary":"AQI="}]"#]).await;
    ws.raw(frame(BINARY, &[3])).await;
    session.end().await.says("parse error", &[]);
    ws.expect_close().await;
}

// BF-06, BF-07: a volatile event that finds the way free goes out.
#[tokio::test]
async fn a_volatile_event_goes_out_while_the_socket_is_free() {
    let (session, mut ws) = Session::websocket(|_| {}).await;
    session.command(Command::Emit(Emit {
        nsp: "/".to_owned(),
        args: r#"["v"]"#.to_owned(),
        volatile: true,
        ..Emit::default()
    }));
    ws.expect(r#"42["v"]"#).await;
}
