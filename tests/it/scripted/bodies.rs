//! Bodies of polls and posts: how they are framed, encoded and announced.

use std::io::Write as _;

use sioscope::client::options::Eio;
use sioscope::journal::record::{Body, Direction, Response};

use super::session::{JOINED, OPEN, Session};

/// The handshake of Engine.IO 3.
const OPEN3: &str = r#"0{"sid":"E1","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Text in the framing of Engine.IO 3, for ASCII.
fn v3(packet: &str) -> String {
    format!("{}:{packet}", packet.len())
}

// P4-02, P4-08, P4-14
#[tokio::test]
async fn what_is_emitted_during_a_post_goes_out_in_one_further_post() {
    let mut session = Session::polling(|_| {}).await;
    let get = session.get().await;
    session.emit(r#"["first"]"#);
    let first = session.post().await;
    assert_eq!(first.text(), r#"42["first"]"#);
    assert_eq!(first.header("content-type"), "text/plain;charset=UTF-8");
    session.emit("[\"a\",\"€ é 😀 \u{2028}\"]");
    session.emit(r#"["b",{"$binary":"AQIDBA=="}]"#);
    first.ok("ok").await;
    // The poll hangs beside it on another connection.
    let second = session.post().await;
    let wanted = "42[\"a\",\"€ é 😀 \u{2028}\"]\u{1e}\
                  451-[\"b\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==";
    assert_eq!(second.text(), wanted);
    assert_eq!(second.header("content-length"), wanted.len().to_string());
    second.ok("ok").await;
    get.ok(r#"42["back"]"#).await;
    session.heard(&[r#"["back"]"#]).await;
}

// P4-03, P4-04, P4-13
#[tokio::test]
async fn one_poll_at_a_time_and_all_of_its_packets_in_order() {
    let mut session = Session::polling(|_| {}).await;
    let get = session.get().await;
    assert!(session.server.untaken().is_empty());
    let body = "42[\"1\"]\u{1e}451-[\"2\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==\u{1e}42[\"3\"]";
    get.ok(body).await;
    let wanted = [r#"["1"]"#, r#"["2",{"$binary":"AQIDBA=="}]"#, r#"["3"]"#];
    session.heard(&wanted).await;
    session.get().await;
    assert!(session.server.untaken().is_empty());
}

// P4-19, PX-17, PX-20
#[tokio::test]
async fn bodies_are_read_however_they_are_framed() {
    let packed = gzip(br#"42["gzip"]"#);
    let chunked = b"a\r\n42[\"chunke\r\n3;x=y\r\nd\"]\r\n0\r\n\r\n".to_vec();
    let split = packed.split_at(packed.len() / 2);
    let mut packed_chunks = format!("{:x}\r\n", split.0.len()).into_bytes();
    packed_chunks.extend_from_slice(split.0);
    packed_chunks.extend_from_slice(format!("\r\n{:x}\r\n", split.1.len()).as_bytes());
    packed_chunks.extend_from_slice(split.1);
    packed_chunks.extend_from_slice(b"\r\n0\r\n\r\n");
    let length = format!(
        "Content-Length: {}\r\nContent-Encoding: gzip\r\n",
        packed.len()
    );
    for (head, body, cut) in [
        ("Transfer-Encoding: chunked\r\n", chunked, false),
        (&length, packed, false),
        (
            "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n",
            packed_chunks,
            false,
        ),
        ("", br#"42["until the end"]"#.to_vec(), true),
        ("Connection: close\r\n", br#"42["close"]"#.to_vec(), true),
        (
            "Content-Length: 10\r\nContent-Type: text/html\r\n",
            br#"42["html"]"#.to_vec(),
            false,
        ),
        ("content-length:9\r\n", br#"42["low"]"#.to_vec(), false),
    ] {
        let mut session = Session::polling(|_| {}).await;
        let mut get = session.get().await;
        get.raw(format!("HTTP/1.1 200 OK\r\n{head}\r\n")).await;
        get.raw(&body).await;
        if cut {
            get.cut().await;
        } else {
            get.keep();
        }
        let next = session.get().await;
        assert_eq!(next.query("sid"), Some("E1"));
        assert_eq!(session.events().len(), 1, "{}", session.transcript());
    }
}

// P4-11, CL-13
#[tokio::test]
async fn a_message_over_max_payload_is_sent_and_its_413_is_the_reason() {
    let mut session = Session::start(|_| {}).await;
    let open = OPEN.replace("1000000", "20");
    session.get().await.ok(&open).await;
    session.join().await;
    session.emit(r#"["far more than twenty bytes"]"#);
    let post = session.post().await;
    assert!(post.bytes().len() > 20);
    post.answer("413 Payload Too Large", &["Connection: close"], "")
        .await;
    let parts = ["xhr post error", "HTTP 413", "empty body"];
    session.end().await.says("transport error", &parts);
}

// P4-10
#[tokio::test]
async fn posts_stay_under_max_payload() {
    let mut session = Session::start(|_| {}).await;
    let open = OPEN.replace("1000000", "24");
    session.get().await.ok(&open).await;
    session.join().await;
    session.emit(r#"["0"]"#);
    let first = session.post().await;
    for text in [r#"["aaaa"]"#, r#"["bbbb"]"#, r#"["c"]"#] {
        session.emit(text);
    }
    first.ok("ok").await;
    let second = session.post().await;
    assert_eq!(second.text(), "42[\"aaaa\"]\u{1e}42[\"bbbb\"]");
    second.ok("ok").await;
    assert_eq!(session.post().await.text(), r#"42["c"]"#);
}

// P4-15, P4-16: what stands before the bad packet is delivered, what follows is not.
#[tokio::test]
async fn a_bad_packet_in_a_poll_ends_the_session_after_what_stood_before_it() {
    for body in [
        "42[\"good\"]\u{1e}",
        "42[\"good\"]\u{1e}9x\u{1e}42[\"late\"]",
    ] {
        let mut session = Session::polling(|_| {}).await;
        session.get().await.ok(body).await;
        let parts = ["server error", "parser error"];
        session.end().await.says("transport error", &parts);
        assert_eq!(session.events().first().unwrap(), r#"["good"]"#);
        // MF-21: the server is told.
        assert_eq!(session.post().await.text(), "1");
    }
}

// HS-03, P3-01, P3-06, P3-09, V2-01
#[tokio::test]
async fn engine_io_3_is_framed_by_length_both_ways() {
    let mut session = Session::start(|options| options.eio = Eio::V3).await;
    let get = session.get().await;
    assert_eq!(get.query("EIO"), Some("3"));
    get.ok(format!("{}2:40", v3(OPEN3))).await;
    session.joined("/").await;
    session.emit(r#"["x","€😀"]"#);
    let post = session.post().await;
    assert_eq!(post.text(), r#"13:42["x","€😀"]"#);
    post.ok("ok").await;
    session.emit(r#"["b",{"$binary":"AQIDBA=="}]"#);
    session.post().await.ok("ok").await;
    let kind = ["Content-Type: application/octet-stream"];
    // A text packet of nine bytes, framed in binary: lengths count bytes there.
    let body = b"\x00\x09\xff42[\"\xe2\x82\xac\"]";
    let get = session.get().await;
    get.answer("200 OK", &kind, body).await;
    session.heard(&[r#"["€"]"#]).await;
}

// P3-10, P3-20: the same bytes as text are no payload.
#[tokio::test]
async fn binary_framing_counts_only_with_its_content_type() {
    let mut session = Session::start(|options| options.eio = Eio::V3).await;
    session.get().await.ok(format!("{}2:40", v3(OPEN3))).await;
    session.joined("/").await;
    session.get().await.ok(b"\x00\x04\xff4\xe2\x82\xac").await;
    let parts = ["parser error", "text/plain"];
    session.end().await.says("transport error", &parts);
}

// P3-11, V2-20
#[tokio::test]
async fn a_handshake_in_binary_framing_is_read() {
    let mut session = Session::start(|options| options.eio = Eio::V3).await;
    let kind = ["Content-Type: application/octet-stream"];
    let mut body = vec![0];
    body.extend(OPEN3.len().to_string().bytes().map(|digit| digit - b'0'));
    body.push(0xff);
    body.extend_from_slice(OPEN3.as_bytes());
    session.get().await.answer("200 OK", &kind, &body).await;
    let get = session.get().await;
    get.answer("200 OK", &kind, b"\x00\x02\xff40").await;
    session.joined("/").await;
    let header = br#"451-["b",{"_placeholder":true,"num":0}]"#;
    let mut body = vec![0, 3, 9, 0xff];
    body.extend_from_slice(header);
    body.extend_from_slice(b"\x01\x03\xff\x04\x01\x02");
    session.get().await.answer("200 OK", &kind, &body).await;
    session.heard(&[r#"["b",{"$binary":"AQI="}]"#]).await;
}

// P3-14, P3-16, P3-18
#[tokio::test]
async fn broken_lengths_end_the_session_with_the_body_quoted() {
    for body in ["10:4abc", "5", "x:4a", "99999999999999999999:4a"] {
        let mut session = Session::start(|options| options.eio = Eio::V3).await;
        session.get().await.ok(format!("{}2:40", v3(OPEN3))).await;
        session.joined("/").await;
        session.get().await.ok(body).await;
        let parts = ["parser error", body];
        session.end().await.says("transport error", &parts);
    }
}

// V2-15, V2-16, V2-19
#[tokio::test]
async fn a_server_of_the_older_generation_is_recognised_and_left_without_a_ghost() {
    for (open, bundled) in [
        (OPEN3.to_owned(), "2:40"),
        (
            OPEN3.replace("E1", "a-much-longer-session-id-that-needs-three-digits"),
            "",
        ),
    ] {
        let mut session = Session::start(|_| {}).await;
        let get = session.get().await;
        assert_eq!(get.query("EIO"), Some("4"));
        get.ok(format!("{}{bundled}", v3(&open))).await;
        let ghost = session.post().await;
        assert_eq!(ghost.text(), "1:1");
        assert!(ghost.query("sid").is_some());
        let again = session.get().await;
        assert_eq!((again.query("EIO"), again.query("sid")), (Some("3"), None));
        session.end().await.says("server error", &["Engine.IO 3"]);
        again.ok(format!("{}2:40", v3(OPEN3))).await;
        session.joined("/").await;
    }
}

// OS-02, P4-05
#[tokio::test]
async fn posts_announce_their_length_and_are_never_chunked() {
    let mut session = Session::polling(|_| {}).await;
    session.emit(&format!("[\"big\",\"{}\"]", "x".repeat(300_000)));
    let post = session.post().await;
    assert_eq!(post.header("transfer-encoding"), "");
    assert_eq!(
        post.header("content-length"),
        post.bytes().len().to_string()
    );
    assert_eq!(post.bytes().len(), 300_012);
}

// OS-03
#[tokio::test]
async fn a_post_carries_at_most_sixteen_packets() {
    let mut session = Session::polling(|_| {}).await;
    session.emit(r#"["first"]"#);
    let first = session.post().await;
    for number in 0..20 {
        session.emit(&format!("[\"n\",{number}]"));
    }
    first.ok("ok").await;
    let second = session.post().await;
    assert_eq!(second.text().split('\u{1e}').count(), 16);
    second.ok("ok").await;
    assert_eq!(session.post().await.text().split('\u{1e}').count(), 4);
}

// A kept connection that the server has closed meanwhile is no failure: nothing was sent on it.
#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_replaced() {
    let mut session = Session::polling(|_| {}).await;
    let _hanging = session.get().await;
    session.emit(r#"["a"]"#);
    let mut post = session.post().await;
    post.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    assert!(post.cut_by_both().await);
    session.emit(r#"["b"]"#);
    let second = session.post().await;
    assert_eq!(second.text(), r#"42["b"]"#);
    second.ok("ok").await;
    session.response(3).await;
    assert!(session.server.untaken().is_empty());
    assert!(failed(&session).is_none(), "{}", session.transcript());
    assert_eq!(session.attempts(), 1);
}

/// The first exchange that failed.
fn failed(session: &Session) -> Option<Response> {
    let records = session.records().into_iter();
    let mut responses = records.filter_map(|record| match record.body {
        Body::Response(response) => Some(response),
        _ => None,
    });
    responses.find(|response| response.error.is_some())
}

/// Requests that the server has read.
fn requests(session: &Session) -> usize {
    let log = session.server.log.text();
    let asked = |line: &&str| line.starts_with("C> GET") || line.starts_with("C> POST");
    log.lines().filter(asked).count()
}

// A poll or a post whose connection breaks after it was sent is an error, as in the reference:
// it is not sent again, although the session on the server may still be alive.
#[tokio::test]
async fn a_request_that_is_cut_on_a_kept_connection_is_an_error_and_not_sent_again() {
    for eio in [Eio::V4, Eio::V3] {
        for (what, fin) in [
            ("poll", true),
            ("poll", false),
            ("post", true),
            ("post", false),
        ] {
            let (mut session, framed): (Session, fn(&str) -> String) = match eio {
                Eio::V3 => {
                    let mut session = Session::start(|options| options.eio = Eio::V3).await;
                    let open = format!("{}2:40", v3(OPEN3));
                    session.get().await.ok(open).await;
                    session.joined("/").await;
                    (session, v3)
                }
                _ => (Session::polling(|_| {}).await, str::to_owned),
            };
            // Both kinds of request have been answered on the connections that carry the next.
            let poll = session.get().await;
            session.emit(r#"["a"]"#);
            session.post().await.ok("ok").await;
            poll.ok(framed(r#"42["b"]"#)).await;
            session.heard(&[r#"["b"]"#]).await;
            let poll = session.get().await;
            let (cut, detail) = match what {
                "poll" => (poll, "xhr poll error"),
                _ => {
                    session.emit(r#"["c"]"#);
                    (session.post().await, "xhr post error")
                }
            };
            let sent = requests(&session);
            match fin {
                true => cut.cut().await,
                false => cut.reset(),
            }
            let name = format!("{eio:?} {what} fin {fin}: {}", session.transcript());
            session.end().await.says("transport error", &[detail]);
            assert_eq!(failed(&session).expect(&name).status, 0, "{name}");
            assert_eq!(requests(&session), sent, "{name}");
            let again = session.server.untaken();
            assert!(again.is_empty(), "{again:?} {name}");
        }
    }
}

// A server that says how long it keeps a connection is believed: a post that meets the end of
// its connection is lost, because it must not be sent twice.
#[tokio::test]
async fn a_connection_that_is_about_to_be_closed_is_not_used_for_a_post() {
    let mut session = Session::polling(|_| {}).await;
    let _hanging = session.get().await;
    session.emit(r#"["a"]"#);
    let post = session.post().await;
    let brief = ["Keep-Alive: timeout=1"];
    let before = session.server.log.text().matches("accepted").count();
    post.answer("200 OK", &brief, "ok").await;
    session.response(3).await;
    session.emit(r#"["b"]"#);
    session.post().await.ok("ok").await;
    let after = session.server.log.text().matches("accepted").count();
    assert_eq!(after, before + 1, "{}", session.transcript());
}

// The records hold exactly what was on the wire.
#[tokio::test]
async fn requests_are_recorded_as_they_were_sent() {
    let mut session = Session::start(|_| {}).await;
    let get = session.get().await;
    let records = session.records();
    let recorded = records
        .iter()
        .find_map(|record| match &record.body {
            Body::Request(request) => Some(request),
            _ => None,
        })
        .unwrap();
    assert!(recorded.url.ends_with(&get.target));
    assert_eq!(recorded.headers, get.headers());
    get.ok(format!("{OPEN}\u{1e}{JOINED}")).await;
    let to_client = session.response(0).await;
    assert_eq!(to_client.body, format!("{OPEN}\u{1e}{JOINED}"));
    assert!(!session.records().iter().any(
        |record| matches!(&record.body, Body::Frame(frame) if frame.dir == Direction::ToServer)
    ));
}
