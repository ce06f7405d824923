use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::*;
use crate::net::dial::DialOptions;
use crate::net::stub::{request as read_request, serve};

fn client(limit: usize) -> HttpClient {
    let options = DialOptions {
        proxy_from_env: false,
        ..DialOptions::default()
    };
    HttpClient::new(Dialer::new(options).unwrap(), limit)
}

fn get(url: &str) -> Request {
    let url = Url::parse(url).unwrap();
    let headers = request_headers(&url, &[], None, None);
    Request {
        method: "GET".into(),
        url,
        headers,
        body: Bytes::new(),
    }
}

fn post(url: &str, body: &str) -> Request {
    let url = Url::parse(url).unwrap();
    let headers = request_headers(
        &url,
        &[],
        None,
        Some(("text/plain;charset=UTF-8", body.len())),
    );
    Request {
        method: "POST".into(),
        url,
        headers,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// A server that answers each request of each connection with the same bytes.
async fn answering(answer: impl Into<Vec<u8>>) -> String {
    let answer: Arc<[u8]> = answer.into().into();
    let address = serve(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            while read_request(&mut stream).await.is_some() {
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    format!("http://{address}/socket.io/?EIO=4")
}

#[test]
fn the_usual_headers_yield_to_ones_own() {
    let url = Url::parse("http://h.test:80/x").unwrap();
    let own = [
        ("uSeR-aGeNt".to_owned(), "me".to_owned()),
        ("Content-Length".to_owned(), "99".to_owned()),
        ("Cookie".to_owned(), "mine=1".to_owned()),
    ];
    let got = request_headers(&url, &own, Some("jar=2"), Some(("text/plain", 3)));
    let want = [
        ("Host", "h.test"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Content-Type", "text/plain"),
        ("uSeR-aGeNt", "me"),
        ("Cookie", "mine=1; jar=2"),
        ("Content-Length", "3"),
    ];
    let want: Headers = want
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(got, want);
    let url = Url::parse("ws://[::1]:3000/").unwrap();
    assert_eq!(request_headers(&url, &[], None, None)[0].1, "[::1]:3000");
}

#[tokio::test]
async fn heads_cross_the_wire_word_for_word_in_both_directions() {
    let (sender, mut seen) = mpsc::channel(4);
    let address = serve(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                sender.send(request).await.unwrap();
                let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\nX-One: 1\r\n\
                     content-LENGTH: 2\r\nSet-Cookie: a=1\r\nx-one: 2\r\nSet-Cookie: b=2\r\n\r\nok";
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let client = client(1000);
    let mut request = post(&format!("http://{address}/a?b=c"), "40");
    request.headers.insert(1, ("x-LOWER".into(), "ä".into()));
    request
        .headers
        .insert(2, ("X-lower".into(), "again".into()));
    for round in 0..2 {
        let response = client.exchange(&request).await.unwrap();
        assert_eq!(
            seen.recv().await.unwrap(),
            format!(
                "POST /a?b=c HTTP/1.1\r\nHost: {address}\r\nx-LOWER: ä\r\nX-lower: again\r\n\
                 User-Agent: {USER_AGENT}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\
                 Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 2\r\n\r\n40"
            )
        );
        let names: Vec<&str> = response
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "X-One",
                "content-LENGTH",
                "Set-Cookie",
                "x-one",
                "Set-Cookie"
            ]
        );
        assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
        assert_eq!(response.connection.reused, round == 1);
        assert_eq!(response.connection.number, 1);
        let timing = response.timing;
        assert!(timing.first_byte.is_some() && timing.total.is_some());
        assert_eq!(timing.connect.is_some(), round == 0);
        assert_eq!(timing.dns, None);
    }
    assert_eq!(client.idle(), 1);
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let url = answering("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").await;
    let response = client(1000).exchange(&get(&url)).await.unwrap();
    assert_eq!(response.status, 301);
    assert_eq!(header(&response.headers, "location"), Some("/x"));
}

#[tokio::test]
async fn bodies_are_read_whatever_their_framing_and_encoding() {
    let mut packed = Vec::new();
    std::io::Read::read_to_end(
        &mut GzEncoder::new(&b"0{}"[..], Compression::fast()),
        &mut packed,
    )
    .unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let gzip = [head.as_bytes(), &packed].concat();
    let cases: [(&str, Vec<u8>, u64); 3] = [
        ("gzip", gzip, packed.len() as u64),
        (
            "chunked",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n2;x\r\n{}\r\n0\r\n\r\n"
                .to_vec(),
            3,
        ),
        ("length", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n0{}".to_vec(), 3),
    ];
    for (name, answer, wire) in cases {
        let url = answering(answer).await;
        let client = client(1000);
        for _ in 0..2 {
            let response = client.exchange(&get(&url)).await.unwrap();
            assert_eq!(response.body, "0{}", "{name}");
            assert_eq!(response.wire_body, wire, "{name}");
        }
        assert_eq!(
            client.0.count.load(Ordering::Relaxed),
            1,
            "{name}: one connection"
        );
    }
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_read() {
    let address = serve(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0{}")
            .await
            .unwrap();
    })
    .await;
    let client = client(1000);
    let response = client
        .exchange(&get(&format!("http://{address}/")))
        .await
        .unwrap();
    assert_eq!(response.body, "0{}");
    assert_eq!(client.idle(), 0);
}

#[tokio::test]
async fn bad_answers_are_told_with_what_came_of_them() {
    use ExchangeErrorKind as Kind;
    type Is = fn(&Kind) -> bool;
    let corrupt = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
    let big = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n".to_owned() + &"x".repeat(2000);
    let cases: [(&str, &str, Option<u16>, Is); 3] = [
        ("corrupt gzip", corrupt, Some(200), |kind| {
            matches!(kind, Kind::Content(_))
        }),
        ("too big", &big, Some(200), |kind| {
            matches!(kind, Kind::TooBig(1000))
        }),
        (
            "not HTTP",
            "SSH-2.0-OpenSSH\r\n\r\n",
            None,
            |kind| matches!(kind, Kind::NotHttp(start) if start.starts_with("SSH-2.0")),
        ),
    ];
    for (name, answer, status, is) in cases {
        let url = answering(answer).await;
        let error = client(1000).exchange(&get(&url)).await.unwrap_err();
        assert!(is(&error.kind), "{name}: {error:?}");
        assert_eq!(error.status, status, "{name}");
        assert!(error.timing.total.is_some());
    }
    let address = serve(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            .await
            .unwrap();
    })
    .await;
    let error = client(1000)
        .exchange(&get(&format!("http://{address}/")))
        .await
        .unwrap_err();
    assert!(matches!(*error.kind, Kind::Body(_)), "{error:?}");
    assert_eq!((error.status, &error.body[..]), (Some(200), &b"half"[..]));
}

#[tokio::test]
async fn a_dead_port_is_a_dial_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = client(1000).exchange(&get(&url)).await.unwrap_err();
    assert!(
        matches!(*error.kind, ExchangeErrorKind::Dial(_)),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("refused the connection"),
        "{error}"
    );
}

#[tokio::test]
async fn a_request_that_would_be_two_is_not_sent() {
    for (name, value) in [("X", "a\r\nY: b"), ("X Y", "a"), ("", "a")] {
        let mut request = get("http://127.0.0.1:1/");
        request.headers.push((name.into(), value.into()));
        let error = client(1000).exchange(&request).await.unwrap_err();
        assert!(
            matches!(*error.kind, ExchangeErrorKind::Request(_)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_announced_wrongly_is_not_sent() {
    let good = post("http://127.0.0.1:1/", "body");
    let cases: [fn(&mut Request); 4] = [
        |request| drop(request.headers.pop()),
        |request| request.body = "longer".into(),
        |request| request.headers.push(("content-length".into(), "5".into())),
        |request| {
            request
                .headers
                .push(("Transfer-Encoding".into(), "chunked".into()))
        },
    ];
    for change in cases {
        let mut request = good.clone();
        change(&mut request);
        let error = client(1000).exchange(&request).await.unwrap_err();
        assert!(
            matches!(*error.kind, ExchangeErrorKind::Request(_)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_post_goes_out_while_a_get_hangs_and_connections_are_kept_for_the_next() {
    let (posted, wait) = mpsc::channel::<()>(9);
    let wait = Arc::new(tokio::sync::Mutex::new(wait));
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    let address = serve(move |mut stream, number| {
        count.fetch_max(number, Ordering::Relaxed);
        let (posted, wait) = (posted.clone(), wait.clone());
        async move {
            while let Some(request) = read_request(&mut stream).await {
                // A GET is answered only once a POST came in beside it.
                if request.starts_with("GET") {
                    wait.lock().await.recv().await.unwrap();
                } else {
                    posted.send(()).await.unwrap();
                }
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    .await
                    .unwrap();
            }
        }
    })
    .await;
    let url = format!("http://{address}/");
    let client = client(1000);
    for _ in 0..3 {
        let (get, post) = (get(&url), post(&url, "42[\"a\"]"));
        let (get, post) = tokio::join!(client.exchange(&get), client.exchange(&post));
        assert_eq!((get.unwrap().status, post.unwrap().status), (200, 200));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 2);
    assert_eq!(client.idle(), 2);
    client.close_idle();
    assert_eq!(client.idle(), 0);
}

/// Answers the first request of the first connection, swallows the second, answers all later.
async fn dying(seen: mpsc::Sender<String>) -> String {
    let address = serve(move |mut stream, number| {
        let seen = seen.clone();
        async move {
            for round in 1.. {
                let Some(request) = read_request(&mut stream).await else {
                    return;
                };
                seen.send(request).await.unwrap();
                if number == 1 && round == 2 {
                    return;
                }
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    .await
                    .unwrap();
            }
        }
    })
    .await;
    format!("http://{address}/")
}

#[tokio::test]
async fn a_request_is_never_sent_twice_when_its_kept_connection_dies_under_it() {
    for make in [
        (|url, _| get(url)) as fn(&str, &str) -> Request,
        |url, body| post(url, body),
    ] {
        let (sender, mut seen) = mpsc::channel(9);
        let url = dying(sender).await;
        let client = client(1000);
        client.exchange(&make(&url, "a")).await.unwrap();
        let error = client.exchange(&make(&url, "b")).await.unwrap_err();
        assert!(
            matches!(*error.kind, ExchangeErrorKind::NoResponse(_)),
            "{error:?}"
        );
        assert!(error.connection.unwrap().reused);
        seen.recv().await.unwrap();
        seen.recv().await.unwrap();
        assert!(seen.try_recv().is_err(), "no third request");
        let response = client.exchange(&make(&url, "c")).await.unwrap();
        assert_eq!(
            (response.connection.number, response.connection.reused),
            (2, false)
        );
    }
}

#[tokio::test]
async fn a_kept_connection_that_has_ended_is_replaced_before_anything_is_sent() {
    for make in [
        (|url, _| get(url)) as fn(&str, &str) -> Request,
        |url, body| post(url, body),
    ] {
        let (sender, mut seen) = mpsc::channel(9);
        let (gone, mut wait) = mpsc::channel(9);
        let address = serve(move |mut stream, number| {
            let (sender, gone) = (sender.clone(), gone.clone());
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    sender.send((number, request)).await.unwrap();
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        .await
                        .unwrap();
                    if number == 1 {
                        drop(stream);
                        return gone.send(()).await.unwrap();
                    }
                }
            }
        })
        .await;
        let url = format!("http://{address}/");
        let client = client(1000);
        client.exchange(&make(&url, "a")).await.unwrap();
        wait.recv().await.unwrap();
        let response = client.exchange(&make(&url, "b")).await.unwrap();
        assert_eq!(
            (response.connection.number, response.connection.reused),
            (2, false)
        );
        assert!(response.timing.connect.is_some());
        assert_eq!(seen.recv().await.unwrap().0, 1);
        assert_eq!(seen.recv().await.unwrap().0, 2);
        assert!(seen.try_recv().is_err(), "each was sent once");
    }
}

#[tokio::test]
async fn dropping_an_exchange_closes_its_connection() {
    let (ended, mut wait) = mpsc::channel(1);
    let address = serve(move |mut stream, _| {
        let ended = ended.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            let end = stream.read(&mut [0]).await;
            ended
                .send(end.is_err() || end.is_ok_and(|read| read == 0))
                .await
                .unwrap();
        }
    })
    .await;
    let client = client(1000);
    let request = get(&format!("http://{address}/"));
    let hanging = client.exchange(&request);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), hanging)
            .await
            .is_err()
    );
    assert_eq!(wait.recv().await, Some(true));
    assert_eq!(client.idle(), 0);
}
