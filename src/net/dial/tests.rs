use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpListener;

use super::*;
use crate::net::stub::{Authority, Identity, file, request, serve};

fn options() -> DialOptions {
    DialOptions {
        proxy_from_env: false,
        ..DialOptions::default()
    }
}

async fn dial(options: DialOptions, url: &str) -> Result<Dialed, DialError> {
    Dialer::new(options)?.dial(&Url::parse(url).unwrap()).await
}

/// A server that sends back what it gets.
async fn echo() -> SocketAddr {
    serve(|mut stream, _| async move {
        let (mut read, mut write) = stream.split();
        let _ = tokio::io::copy(&mut read, &mut write).await;
    })
    .await
}

async fn assert_echoes(dialed: &mut Dialed) {
    dialed.stream.write_all(b"hello").await.unwrap();
    dialed.stream.flush().await.unwrap();
    let mut got = [0; 5];
    dialed.stream.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hello");
}

#[test]
fn resolve_rules_are_read_as_curl_writes_them() {
    let rule = |host: &str, port, addr: &str| {
        Ok(Resolve {
            host: host.to_owned(),
            port,
            addr: addr.parse().unwrap(),
        })
    };
    assert_eq!(
        "Api.test:443:127.0.0.1".parse(),
        rule("api.test", 443, "127.0.0.1")
    );
    assert_eq!("h:80:[::1]".parse(), rule("h", 80, "::1"));
    assert_eq!("h:80:::1".parse(), rule("h", 80, "::1"));
    for bad in ["h", "h:80", "h:x:1.2.3.4", "h:80:nohost"] {
        assert!(bad.parse::<Resolve>().unwrap_err().contains(bad), "{bad}");
    }
}

#[tokio::test]
async fn a_plain_connection_is_made_and_timed() {
    let address = echo().await;
    let mut dialed = dial(options(), &format!("ws://{address}/x")).await.unwrap();
    assert_echoes(&mut dialed).await;
    assert_eq!(dialed.peer, Some(address));
    assert!(dialed.timing.connect.is_some());
    assert_eq!((dialed.timing.dns, dialed.timing.tls), (None, None));
    assert_eq!((dialed.tls, dialed.proxy), (None, None));
}

#[tokio::test]
async fn a_name_is_looked_up_unless_a_rule_gives_its_address() {
    let address = echo().await;
    let url = format!("http://localhost:{}/", address.port());
    assert!(dial(options(), &url).await.unwrap().timing.dns.is_some());
    let rule = format!("api.test:{}:127.0.0.1", address.port())
        .parse()
        .unwrap();
    let ruled = DialOptions {
        resolve: vec![rule],
        ..options()
    };
    let mut dialed = dial(ruled, &format!("http://API.test:{}/", address.port()))
        .await
        .unwrap();
    assert_eq!(dialed.timing.dns, None);
    assert_echoes(&mut dialed).await;
}

#[tokio::test]
async fn refusals_say_the_phase_the_cause_and_what_to_do() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = dial(options(), &format!("http://{closed}/"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Tcp, DialErrorKind::Refused)
    );
    let text = error.to_string();
    assert!(
        text.contains(&format!("{closed} refused the connection (")),
        "{text}"
    );
    assert!(text.contains("check that the server runs"), "{text}");
    assert!(error.os.is_some() && error.timing.connect.is_some());

    let error = dial(options(), "http://no-such-host.invalid/")
        .await
        .unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Dns, DialErrorKind::UnknownHost)
    );
    assert!(
        error
            .to_string()
            .contains("`no-such-host.invalid` cannot be found"),
        "{error}"
    );

    let error = dial(options(), "ftp://127.0.0.1/").await.unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Setup, DialErrorKind::Usage)
    );
}

#[tokio::test]
async fn a_silent_server_runs_into_the_timeout_of_its_phase() {
    let address = serve(|stream, _| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let short = DialOptions {
        connect_timeout: Duration::from_millis(50),
        ..options()
    };
    let error = dial(short.clone(), &format!("https://{address}/"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Tls, DialErrorKind::TimedOut)
    );
    let proxied = DialOptions {
        proxy: address.to_string().parse().ok(),
        ..short
    };
    let error = dial(proxied, "http://h.test/").await.unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Proxy, DialErrorKind::TimedOut)
    );
}

#[test]
fn proxies_are_written_as_for_curl_and_never_show_their_password() {
    let cases = [
        ("h:3128", "http://h:3128"),
        ("http://h", "http://h:80"),
        ("https://u:p@h", "https://h:443"),
        ("socks5h://u:p%40ss@127.0.0.1", "socks5h://127.0.0.1:1080"),
        ("socks4://[::1]:9", "socks4://[::1]:9"),
    ];
    for (text, shown) in cases {
        let proxy: ProxyUrl = text.parse().unwrap();
        assert_eq!(proxy.to_string(), shown);
        assert!(!format!("{proxy:?}").contains("p@"), "{proxy:?}");
    }
    assert!("ftp://h".parse::<ProxyUrl>().unwrap_err().contains("ftp"));
}

#[test]
fn the_environment_chooses_but_never_for_loopback() {
    let matcher = Matcher::builder()
        .all("socks5h://u:p@all.test:1")
        .https("http://me:secret@https.test:2")
        .no("direct.test")
        .build();
    let proxies = Proxies::from_matcher(matcher);
    let choose = |url: &str| {
        let url = Url::parse(url).unwrap();
        proxies.choose(&url, &Endpoint::of(&url, None).unwrap())
    };
    let shown = |url: &str| choose(url).map(|proxy| proxy.to_string());
    assert_eq!(
        shown("ws://h.test/").as_deref(),
        Some("socks5h://all.test:1")
    );
    assert_eq!(
        shown("wss://h.test/").as_deref(),
        Some("http://https.test:2")
    );
    assert_eq!(
        choose("ws://h.test/"),
        "socks5h://u:p@all.test:1".parse().ok()
    );
    assert_eq!(
        choose("https://h.test/"),
        "http://me:secret@https.test:2".parse().ok()
    );
    for direct in [
        "https://a.direct.test/",
        "ws://localhost/",
        "http://127.0.0.9/",
        "ws://[::1]/",
    ] {
        assert_eq!(shown(direct), None, "{direct}");
    }
}

#[tokio::test]
async fn an_http_proxy_opens_a_tunnel() {
    let target = echo().await;
    let proxy = serve(move |mut stream, _| async move {
        let asked = request(&mut stream).await.unwrap();
        assert!(asked.starts_with(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n")));
        if !asked.contains("Proxy-Authorization: Basic dTpw\r\n") {
            let _ = stream.write_all(b"HTTP/1.1 407 Who are you\r\n\r\n").await;
            return;
        }
        let mut upstream = TcpStream::connect(target).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n")
            .await
            .unwrap();
        let _ = copy_bidirectional(&mut stream, &mut upstream).await;
    })
    .await;
    let url = format!("http://{target}/");
    let with = |proxy: String| DialOptions {
        proxy: Some(proxy.parse().unwrap()),
        ..options()
    };
    let mut dialed = dial(with(format!("http://u:p@{proxy}")), &url)
        .await
        .unwrap();
    assert_echoes(&mut dialed).await;
    assert_eq!(dialed.peer, Some(proxy));
    assert_eq!(dialed.proxy, Some(format!("http://{proxy}")));

    let error = dial(with(proxy.to_string()), &url).await.unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Proxy, DialErrorKind::Proxy)
    );
    assert!(
        error
            .to_string()
            .contains("407 Who are you; it wants a login"),
        "{error}"
    );

    let strict = serve(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let error = dial(with(format!("socks5://{strict}")), &url)
        .await
        .unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Proxy, DialErrorKind::Proxy)
    );
    assert!(
        error.to_string().contains("check that it is a SOCKS proxy"),
        "{error}"
    );
    let no_proxy = echo().await;
    let error = dial(with(no_proxy.to_string()), &url).await.unwrap_err();
    assert!(
        error.to_string().contains("no HTTP answer to CONNECT"),
        "{error}"
    );
}

/// A SOCKS5 server without login (RFC 1928); it tells what address it was asked for.
async fn socks5(target: SocketAddr, asked: tokio::sync::mpsc::Sender<Vec<u8>>) -> SocketAddr {
    serve(move |mut stream, _| {
        let asked = asked.clone();
        async move {
            let mut hello = [0; 2];
            stream.read_exact(&mut hello).await.unwrap();
            stream
                .read_exact(&mut vec![0; hello[1].into()])
                .await
                .unwrap();
            stream.write_all(&[5, 0]).await.unwrap();
            let mut command = [0; 4];
            stream.read_exact(&mut command).await.unwrap();
            let length = match command[3] {
                1 => 4,
                _ => usize::from(stream.read_u8().await.unwrap()),
            };
            let mut address = vec![0; length];
            stream.read_exact(&mut address).await.unwrap();
            assert_eq!(stream.read_u16().await.unwrap(), target.port());
            asked.send(address).await.unwrap();
            stream
                .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
                .await
                .unwrap();
            let mut upstream = TcpStream::connect(target).await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut upstream).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_socks5_proxy_resolves_names_only_when_it_is_asked_to() {
    let target = echo().await;
    let (sender, mut asked) = tokio::sync::mpsc::channel(4);
    let proxy = socks5(target, sender).await;
    let rule: Resolve = format!("api.test:{}:127.0.0.1", target.port())
        .parse()
        .unwrap();
    for (scheme, want) in [("socks5h", &b"api.test"[..]), ("socks5", &[127, 0, 0, 1])] {
        let options = DialOptions {
            proxy: format!("{scheme}://{proxy}").parse().ok(),
            resolve: vec![rule.clone()],
            ..options()
        };
        let url = format!("ws://api.test:{}/", target.port());
        let mut dialed = dial(options, &url).await.unwrap();
        assert_echoes(&mut dialed).await;
        assert_eq!(asked.recv().await.as_deref(), Some(want));
    }
}

/// A TLS server that sends back what it gets, for connections to `localhost`.
async fn secure(identity: &Identity, clients: Option<&Authority>) -> String {
    let acceptor = identity.server(clients);
    let address = serve(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let (mut read, mut write) = tokio::io::split(stream);
            let _ = tokio::io::copy(&mut read, &mut write).await;
        }
    })
    .await;
    format!("https://localhost:{}/", address.port())
}

fn with_tls(tls: TlsOptions) -> DialOptions {
    DialOptions { tls, ..options() }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test Authority");
    let url = secure(&authority.issue(&["localhost"], |_| {}), None).await;
    let ca = Some(file(&dir, "ca.pem", &authority.pem));
    let mut dialed = dial(
        with_tls(TlsOptions {
            ca,
            ..TlsOptions::default()
        }),
        &url,
    )
    .await
    .unwrap();
    assert_echoes(&mut dialed).await;
    assert!(dialed.timing.tls.is_some());
    let tls = dialed.tls.unwrap();
    assert_eq!(
        (tls.version.as_str(), tls.alpn.as_deref()),
        ("TLS 1.3", Some("http/1.1"))
    );
    assert_eq!(tls.would_have_failed, None);
    assert_eq!(tls.chain.len(), 1);
    assert!(
        tls.chain[0].issuer.contains("CN=Test Authority"),
        "{:?}",
        tls.chain
    );
}

#[tokio::test]
async fn certificates_that_are_not_trusted_are_refused_in_words_or_let_pass_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test Authority");
    let ca = Some(file(&dir, "ca.pem", &authority.pem));
    let expired = authority.issue(&["localhost"], |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let early = authority.issue(&["localhost"], |params| {
        params.not_before = rcgen::date_time_ymd(3019, 1, 1);
    });
    let cases = [
        (
            Identity::self_signed(&["localhost"]),
            "it is self-signed by CN=",
        ),
        // As `openssl req -x509` makes them.
        (
            Identity::self_signed_authority(&["localhost"]),
            "it is self-signed by CN=",
        ),
        (
            Authority::new("Foreign").issue(&["localhost"], |_| {}),
            "its issuer, CN=Foreign, is not known",
        ),
        (
            Authority::new("Test Authority").issue(&["localhost"], |_| {}),
            "its signature was not made by the CN=Test Authority that is known here",
        ),
        (
            authority.issue(&["other.test"], |_| {}),
            "it is for another host: ",
        ),
        (
            expired,
            "has expired (its own last moment: 2020-01-01 00:00:00 UTC)",
        ),
        (early, "not valid before 3019-01-01"),
    ];
    for (identity, words) in cases {
        let url = secure(&identity, None).await;
        let tls = TlsOptions {
            ca: ca.clone(),
            ..TlsOptions::default()
        };
        let error = dial(with_tls(tls.clone()), &url).await.unwrap_err();
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Tls, DialErrorKind::Certificate),
            "{error}"
        );
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("--insecure"), "{error}");
        assert!(!error.to_string().contains("CaUsed"), "{error}");
        let insecure = TlsOptions {
            insecure: true,
            ..tls
        };
        let mut dialed = dial(with_tls(insecure), &url).await.unwrap();
        assert_echoes(&mut dialed).await;
        let why = dialed.tls.unwrap().would_have_failed.unwrap();
        assert!(why.contains(words), "{why}");
    }
}

#[tokio::test]
async fn an_authoritys_certificate_as_a_servers_is_trusted_where_it_was_named() {
    let dir = tempfile::tempdir().unwrap();
    let trusting = |identity: &Identity| {
        with_tls(TlsOptions {
            ca: Some(file(&dir, "own.pem", &identity.cert_pem)),
            ..TlsOptions::default()
        })
    };
    let own = Identity::self_signed_authority(&["localhost"]);
    let url = secure(&own, None).await;
    let mut dialed = dial(trusting(&own), &url).await.unwrap();
    assert_echoes(&mut dialed).await;
    assert_eq!(dialed.tls.unwrap().would_have_failed, None);

    let other = Identity::self_signed_authority(&["localhost"]);
    let refused = dial(trusting(&other), &url).await.unwrap_err();
    assert!(refused.to_string().contains("self-signed"), "{refused}");
    let elsewhere = Identity::self_signed_authority(&["other.test"]);
    let url = secure(&elsewhere, None).await;
    let refused = dial(trusting(&elsewhere), &url).await.unwrap_err();
    assert!(refused.to_string().contains("another host"), "{refused}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_who_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test Authority");
    let client = authority.issue(&["me"], |_| {});
    let url = secure(&authority.issue(&["localhost"], |_| {}), Some(&authority)).await;
    let ca = Some(file(&dir, "ca.pem", &authority.pem));
    let cert = Some(file(&dir, "me.pem", &client.cert_pem));
    let key = Some(file(&dir, "me.key", &client.key_pem));
    let both = Some(file(
        &dir,
        "both.pem",
        &format!("{}{}", client.cert_pem, client.key_pem),
    ));
    let base = TlsOptions {
        ca,
        ..TlsOptions::default()
    };
    for tls in [
        TlsOptions {
            cert,
            key,
            ..base.clone()
        },
        TlsOptions {
            cert: both,
            ..base.clone()
        },
    ] {
        assert_echoes(&mut dial(with_tls(tls), &url).await.unwrap()).await;
    }
    // In TLS 1.3 the refusal comes after our side of the handshake is done.
    let mut dialed = dial(with_tls(base), &url).await.unwrap();
    let error = dialed.stream.read_u8().await.unwrap_err();
    let words = error::plain_io(&error);
    assert!(
        words.contains("the server wants a client certificate"),
        "{words}"
    );
}

#[tokio::test]
async fn a_port_without_tls_is_named_as_such() {
    let address = serve(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let error = dial(options(), &format!("wss://{address}/"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    assert!(
        error.to_string().contains("use http:// or ws://"),
        "{error}"
    );
}

#[test]
fn bad_files_are_named_with_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (Identity::self_signed(&["a"]), Identity::self_signed(&["b"]));
    let cert = file(&dir, "cert.pem", &one.cert_pem);
    let key = file(&dir, "key.pem", &two.key_pem);
    let text = file(&dir, "text.txt", "hello");
    let der = file(&dir, "cert.der", "0\u{1}\u{2}");
    let locked = file(
        &dir,
        "locked.pem",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let none = dir.path().join("none.pem");
    let tls = TlsOptions::default;
    let cases = [
        (
            TlsOptions {
                ca: Some(none),
                ..tls()
            },
            "none.pem (--cacert)",
        ),
        (
            TlsOptions {
                ca: Some(text),
                ..tls()
            },
            "text.txt (--cacert) holds no certificate",
        ),
        (
            TlsOptions {
                ca: Some(der),
                ..tls()
            },
            "openssl x509 -inform der",
        ),
        (
            TlsOptions {
                cert: Some(cert.clone()),
                ..tls()
            },
            "name the key's file with --key",
        ),
        (
            TlsOptions {
                key: Some(key.clone()),
                ..tls()
            },
            "--key was given without --cert",
        ),
        (
            TlsOptions {
                cert: Some(cert.clone()),
                key: Some(locked),
                ..tls()
            },
            "it is encrypted: decrypt it with `openssl pkey",
        ),
        (
            TlsOptions {
                cert: Some(cert),
                key: Some(key),
                ..tls()
            },
            "does not go with the certificate",
        ),
    ];
    for (tls, words) in cases {
        let error = Dialer::new(with_tls(tls)).unwrap_err();
        assert_eq!(error.phase, Phase::Setup);
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}
