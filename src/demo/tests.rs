//! The demo server from the outside, over raw HTTP: no code of our client takes part.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::value::{Args, Value};
use super::*;

/// One HTTP exchange on a connection of its own; returns status line and body.
async fn exchange(demo: &Demo, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(demo.address()).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: demo\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

async fn handshake(demo: &Demo, eio: u8) -> (String, serde_json::Value) {
    let path = format!("/socket.io/?EIO={eio}&transport=polling");
    let (status, body) = exchange(demo, "GET", &path, "").await;
    assert!(status.contains("200"), "{status}: {body}");
    let json = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
    let open: serde_json::Value = serde_json::from_str(json).unwrap();
    let sid = open["sid"].as_str().unwrap().to_owned();
    (format!("{path}&sid={sid}"), open)
}

/// Posts a packet and polls until what comes holds `until`.
async fn say(demo: &Demo, session: &str, packet: &str, until: &str) -> String {
    let (status, body) = exchange(demo, "POST", session, packet).await;
    assert!(status.contains("200"), "{status}: {body}");
    let mut all = String::new();
    while !all.contains(until) {
        let (status, body) = exchange(demo, "GET", session, "").await;
        assert!(status.contains("200"), "after {all}: {status}: {body}");
        all.push_str(&body);
    }
    all
}

#[tokio::test]
async fn an_engine_io_4_client_gets_a_handshake_and_is_welcomed() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, open) = handshake(&demo, 4).await;
    assert_eq!(open["pingInterval"], 25_000);
    assert_eq!(open["upgrades"], serde_json::json!(["websocket"]));
    let came = say(&demo, &session, "40", "welcome").await;
    // A first ping may come before it.
    assert!(came.contains("40{\"sid\":"), "{came}");
}

#[tokio::test]
async fn an_engine_io_3_client_gets_a_handshake_too() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (_, open) = handshake(&demo, 3).await;
    assert!(open["sid"].is_string());
}

#[tokio::test]
async fn echo_answers_every_argument_in_order() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    say(&demo, &session, "40", "welcome").await;
    let came = say(
        &demo,
        &session,
        "427[\"echo\",1,\"zwei €\",{\"b\":[null,-3,1.5]}]",
        "437",
    )
    .await;
    assert!(
        came.contains("437[1,\"zwei €\",{\"b\":[null,-3,1.5]}]"),
        "{came}"
    );
    assert!(
        came.contains("42[\"echo\",1,\"zwei €\",{\"b\":[null,-3,1.5]}]"),
        "{came}"
    );
}

#[tokio::test]
async fn echo_without_arguments_answers_without_any() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    say(&demo, &session, "40", "welcome").await;
    let came = say(&demo, &session, "420[\"echo\"]", "430").await;
    assert!(came.contains("430[]"), "{came}");
}

#[tokio::test]
async fn binary_is_echoed_as_an_attachment() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    say(&demo, &session, "40", "welcome").await;
    let packet = "451-3[\"binary\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQID";
    let came = say(&demo, &session, packet, "461-3").await;
    assert!(came.contains("[\"binary-sizes\",3]"), "{came}");
    assert!(
        came.contains("461-3[{\"_placeholder\":true,\"num\":0}]"),
        "{came}"
    );
    assert_eq!(
        came.matches("bAQID").count(),
        2,
        "event and ack carry the bytes: {came}"
    );
}

#[tokio::test]
async fn admin_is_refused_without_the_token_and_open_with_it() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    let came = say(&demo, &session, "40/admin,", "44/admin").await;
    assert!(came.contains("not authorized"), "{came}");
    let came = say(
        &demo,
        &session,
        "40/admin,{\"token\":\"sesame\"}",
        "40/admin,",
    )
    .await;
    assert!(came.contains("\"sid\""), "{came}");
    let came = say(&demo, &session, "42/admin,1[\"stats\"]", "43/admin,1").await;
    assert!(came.contains("\"/admin\":1"), "{came}");
}

#[tokio::test]
async fn ask_reports_what_the_client_answered() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    say(&demo, &session, "40", "welcome").await;
    let came = say(&demo, &session, "42[\"ask\"]", "question").await;
    let id = came
        .split_once("[\"question\"")
        .unwrap()
        .0
        .rsplit_once("42")
        .unwrap()
        .1
        .to_owned();
    let came = say(
        &demo,
        &session,
        &format!("43{id}[42,\"surely\"]"),
        "answer-report",
    )
    .await;
    assert!(came.contains("{\"answered\":[42,\"surely\"]}"), "{came}");
}

#[tokio::test]
async fn chat_reaches_the_sender_too_and_counts_whom_it_reached() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    say(&demo, &session, "40/chat,", "40/chat,").await;
    let came = say(&demo, &session, "42/chat,5[\"say\",\"hi\"]", "43/chat,5").await;
    assert!(came.contains("{\"reached\":1}"), "{came}");
    assert!(came.contains("\"text\":\"hi\""), "{came}");
}

#[tokio::test]
async fn the_ticker_starts_and_stops() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    say(&demo, &session, "40", "welcome").await;
    say(&demo, &session, "42[\"tick-start\",1]", "[\"tick\",3]").await;
    let came = say(&demo, &session, "429[\"tick-stop\"]", "439").await;
    assert!(came.contains("\"ticks\":"), "{came}");
}

#[tokio::test]
async fn a_kick_is_a_disconnect_packet() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    say(&demo, &session, "40", "welcome").await;
    let came = say(&demo, &session, "42[\"kick\"]", "41").await;
    assert!(came.split('\u{1e}').any(|packet| packet == "41"), "{came}");
}

#[tokio::test]
async fn an_event_that_nobody_knows_is_named() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let (session, _) = handshake(&demo, 4).await;
    say(&demo, &session, "40", "welcome").await;
    let came = say(&demo, &session, "42[\"ehco\",1]", "unknown-event").await;
    assert!(came.contains("{\"unknown\":\"ehco\"}"), "{came}");
}

#[tokio::test]
async fn a_taken_port_is_said_with_the_address_and_the_way_out() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let listen = demo.address().to_string();
    let error = Demo::start(Settings {
        listen: listen.clone(),
        msgpack: false,
    })
    .await
    .err()
    .unwrap();
    let said = error.to_string();
    assert!(
        said.contains(&listen) && said.contains("--listen"),
        "{said}"
    );
}

#[tokio::test]
async fn after_a_stop_nobody_listens() {
    let demo = Demo::start(Settings::default()).await.unwrap();
    let address = demo.address();
    handshake(&demo, 4).await;
    demo.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn arguments_keep_their_types_through_a_round_trip() {
    let text = r#"[null,true,-1,18446744073709551615,1.5,"x",[1,[2]],{"b":1,"a":{"c":null}}]"#;
    let args: Args = serde_json::from_str(text).unwrap();
    assert_eq!(args.0[3], Value::Uint(u64::MAX));
    assert_eq!(serde_json::to_string(&args).unwrap(), text);
}
