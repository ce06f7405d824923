use tokio::net::TcpStream;

use super::*;
use crate::net::dial::DialOptions;
use crate::net::stub::{request, serve};
use crate::protocol::websocket::ViolationKind;
use crate::protocol::websocket::handshake::response_headers;

fn dialer() -> Dialer {
    let options = DialOptions {
        proxy_from_env: false,
        ..DialOptions::default()
    };
    Dialer::new(options).unwrap()
}

/// Reads an upgrade request and answers it, then writes `more` in the same breath.
async fn upgrade(stream: &mut TcpStream, deflate: bool, more: &[u8]) -> Option<DeflateParams> {
    let asked = request(stream).await.unwrap();
    let headers: Headers = asked
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let (answer, params) = response_headers(&headers, deflate).unwrap();
    let mut head = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
    for (name, value) in answer {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream
        .write_all(&[head.as_bytes(), more].concat())
        .await
        .unwrap();
    params
}

async fn open(address: std::net::SocketAddr, offer: bool) -> Result<Upgraded, UpgradeError> {
    let url = Url::parse(&format!(
        "ws://{address}/socket.io/?EIO=4&transport=websocket"
    ))
    .unwrap();
    let offer = offer.then(DeflateOffer::default);
    let headers = request_headers(&url, &[], Some("LB=1"), offer.as_ref());
    connect(&dialer(), &url, &headers, Limits::default()).await
}

#[tokio::test]
async fn what_comes_with_the_101_is_read_and_messages_go_both_ways() {
    let address = serve(|mut stream, _| async move {
        upgrade(&mut stream, true, b"\x81\x020{").await;
        let (read, write) = stream.into_split();
        let limits = Limits::default();
        let mut reader = WsReader::new(read, BytesMut::new(), Role::Server, None, limits);
        let mut writer = WsWriter::new(write, Role::Server, None);
        while reader.next_batch().await.unwrap() == Batch::Data {
            while let Some(message) = reader.try_next().unwrap() {
                assert!(message.quirks.is_empty());
                writer.feed(&message.op, &message.data).unwrap();
            }
            writer.flush().await.unwrap();
        }
    })
    .await;
    let mut socket = open(address, false).await.unwrap();
    assert_eq!((socket.response.status, socket.deflate), (101, None));
    let timing = socket.timing;
    assert!(timing.connect.is_some() && timing.first_byte.is_some() && timing.total.is_some());
    assert_eq!(socket.reader.try_next().unwrap().unwrap().data, "0{");
    socket.writer.feed(&Op::Text, b"2probe").unwrap();
    socket.writer.feed(&Op::Ping, b"p").unwrap();
    assert!(socket.writer.pending() > 0);
    socket
        .writer
        .send(&Op::Binary, &[7; 100_000])
        .await
        .unwrap();
    assert_eq!(socket.writer.pending(), 0);
    let close = Op::Close {
        code: Some(1000),
        reason: Some("bye".into()),
    };
    socket.writer.send(&close, b"").await.unwrap();
    socket.writer.shutdown().await.unwrap();
    let mut got = Vec::new();
    while socket.reader.next_batch().await.unwrap() == Batch::Data {
        while let Some(message) = socket.reader.try_next().unwrap() {
            got.push((message.op, message.data.len()));
        }
    }
    assert_eq!(
        got,
        [
            (Op::Text, 6),
            (Op::Ping, 1),
            (Op::Binary, 100_000),
            (close, 0)
        ]
    );
    assert_eq!(
        socket.reader.next_batch().await.unwrap(),
        Batch::End { cut: false }
    );
}

#[tokio::test]
async fn compression_is_agreed_on_and_used() {
    let address = serve(|mut stream, _| async move {
        let params = upgrade(&mut stream, true, b"").await;
        let mut writer = WsWriter::new(stream, Role::Server, params.as_ref());
        for _ in 0..3 {
            let wire = writer.feed(&Op::Text, "4".repeat(5000).as_bytes()).unwrap();
            assert!(wire.is_some_and(|wire| wire < 100));
        }
        writer.feed(&Op::Text, b"short").unwrap();
        writer.shutdown().await.unwrap();
    })
    .await;
    let mut socket = open(address, true).await.unwrap();
    assert_eq!(socket.deflate, Some(DeflateParams::default()));
    let mut got = Vec::new();
    while socket.reader.next_batch().await.unwrap() == Batch::Data {
        while let Some(message) = socket.reader.try_next().unwrap() {
            got.push((message.data.len(), message.wire.is_some()));
        }
    }
    assert_eq!(got, [(5000, true), (5000, true), (5000, true), (5, false)]);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_body_however_it_is_framed() {
    let answers = [
        // Node's Engine.IO server: no length, the connection ends.
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nSession ID unknown",
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 18\r\n\r\nSession ID unknown+",
        "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nSession\r\nb;x\r\n ID \
         unknown\r\n0\r\n\r\n",
    ];
    for (round, answer) in answers.into_iter().enumerate() {
        let address = serve(move |mut stream, _| async move {
            request(&mut stream).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            // With a length or chunks the end is known although the connection stays.
            if round > 0 {
                let _ = stream.read(&mut [0]).await;
            }
        })
        .await;
        match open(address, true).await {
            Err(UpgradeError::Refused {
                why,
                response,
                timing,
            }) => {
                assert_eq!(why, HandshakeError::Status(400));
                assert_eq!((response.status, response.headers.len()), (400, 1));
                assert_eq!(response.body, "Session ID unknown", "{answer}");
                assert!(timing.first_byte.is_some() && timing.total.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn answers_that_are_none_are_told_apart() {
    let cases = [
        ("", "closed the connection without an answer"),
        ("HTTP/1.1 101 Sw", "in the middle of its answer"),
        ("SSH-2.0-x\r\n", "is not HTTP: `SSH-2.0-x"),
    ];
    for (answer, words) in cases {
        let address = serve(move |mut stream, _| async move {
            request(&mut stream).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let error = open(address, false).await.unwrap_err();
        assert!(matches!(error, UpgradeError::NoResponse { .. }));
        assert!(error.to_string().contains(words), "{error}");
    }
    let address = serve(|mut stream, _| async move {
        request(&mut stream).await.unwrap();
        let answer = "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: AAAA\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let error = open(address, false).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("wrong Sec-WebSocket-Accept (AAAA"),
        "{error}"
    );
}

#[tokio::test]
async fn plain_http_after_the_101_is_a_violation_with_its_text() {
    let http = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nUnsupported protocol version";
    let address = serve(move |mut stream, _| async move {
        upgrade(&mut stream, false, http.as_bytes()).await;
    })
    .await;
    let mut socket = open(address, true).await.unwrap();
    let violation = socket.reader.try_next().unwrap_err();
    assert_eq!(violation.kind, ViolationKind::HttpAfterUpgrade);
    assert_eq!(
        (&violation.bytes[..], violation.close_code()),
        (http.as_bytes(), 1002)
    );
}

#[tokio::test]
async fn a_stream_that_ends_inside_a_message_is_called_cut() {
    for more in [&b"\x81\x05ab"[..], b"\x01\x01a"] {
        let address = serve(move |mut stream, _| async move {
            upgrade(&mut stream, false, more).await;
        })
        .await;
        let mut socket = open(address, false).await.unwrap();
        while let Batch::Data = {
            assert_eq!(socket.reader.try_next(), Ok(None));
            let batch = socket.reader.next_batch().await.unwrap();
            assert!(matches!(batch, Batch::Data | Batch::End { cut: true }));
            batch
        } {}
    }
}

#[test]
fn the_request_names_host_client_and_cookies() {
    let url = Url::parse("wss://h.test:443/socket.io/").unwrap();
    let own = [("Cookie".to_owned(), "mine=1".to_owned())];
    let headers = request_headers(&url, &own, Some("LB=1"), Some(&DeflateOffer::default()));
    assert_eq!(headers[0], ("Host".to_owned(), "h.test".to_owned()));
    assert_eq!(header(&headers, "user-agent"), Some(USER_AGENT));
    assert_eq!(header(&headers, "cookie"), Some("mine=1; LB=1"));
    assert!(header(&headers, "sec-websocket-extensions").is_some());
}
