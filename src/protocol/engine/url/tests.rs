use super::*;

fn target(url: &str) -> Target {
    Target::parse(url, SOCKET_IO_PATH, true).unwrap()
}

fn request(transport: Transport) -> Request<'static> {
    Request {
        version: Version::V4,
        transport,
        cache_buster: None,
        b64: false,
        sid: None,
    }
}

#[test]
fn the_urls_path_is_the_namespace() {
    let cases = [
        ("http://h", "/"),
        ("http://h/", "/"),
        ("http://h?x=1", "/"),
        ("http://h/admin?x=1", "/admin"),
        ("http://h/a/b#frag", "/a/b"),
        ("http://h/ü x", "/ü x"),
    ];
    for (url, namespace) in cases {
        let target = target(url);
        assert_eq!(target.namespace, namespace, "{url}");
        assert_eq!(target.endpoint.path, "/socket.io/", "{url}");
    }
}

#[test]
fn writes_the_requests_of_a_session() {
    let endpoint = target("http://h/admin?x=1").endpoint;
    let polling = request(Transport::Polling);
    assert_eq!(
        endpoint.request_url(&Request {
            cache_buster: Some(("t", "abc")),
            ..polling
        }),
        "http://h/socket.io/?x=1&EIO=4&transport=polling&t=abc"
    );
    assert_eq!(
        endpoint.request_url(&Request {
            version: Version::V3,
            cache_buster: Some(("t", "abc")),
            b64: true,
            sid: Some("ES ID"),
            ..polling
        }),
        "http://h/socket.io/?x=1&EIO=3&transport=polling&t=abc&b64=1&sid=ES%20ID"
    );
    assert_eq!(
        endpoint.request_url(&Request {
            sid: Some("ESID"),
            ..request(Transport::Websocket)
        }),
        "ws://h/socket.io/?x=1&EIO=4&transport=websocket&sid=ESID"
    );
}

#[test]
fn the_http_path_gets_one_slash_unless_told_otherwise() {
    let cases = [
        ("/realtime", true, "/realtime/"),
        ("realtime/", true, "/realtime/"),
        ("/realtime//", true, "/realtime/"),
        ("/realtime/", false, "/realtime"),
        ("/a/b", true, "/a/b/"),
        ("/", true, "/"),
        ("", false, "/"),
        (ENGINE_IO_PATH, true, "/engine.io/"),
    ];
    for (path, slash, expected) in cases {
        let target = Target::parse("http://h", path, slash).unwrap();
        assert_eq!(target.endpoint.path, expected, "{path}");
    }
}

#[test]
fn query_values_are_encoded_as_javascript_encodes_them() {
    let mut endpoint = target("http://h").endpoint;
    endpoint.query = vec![
        ("a b".to_owned(), "é&=".to_owned()),
        ("n".to_owned(), "1".to_owned()),
        ("k".to_owned(), "-_.!~*'()+".to_owned()),
    ];
    assert_eq!(
        endpoint.request_target(&request(Transport::Polling)),
        "/socket.io/?a%20b=%C3%A9%26%3D&n=1&k=-_.!~*'()%2B&EIO=4&transport=polling"
    );
}

#[test]
fn a_query_of_the_url_is_decoded_once_and_encoded_once() {
    let endpoint = target("http://h/?a%20b=%C3%A9&plus=1+1&bad=%zz&flag&=x").endpoint;
    let pairs: Vec<_> = endpoint
        .query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("a b", "é"),
            ("plus", "1+1"),
            ("bad", "%zz"),
            ("flag", ""),
            ("", "x")
        ]
    );
    assert!(
        endpoint
            .request_target(&request(Transport::Polling))
            .starts_with("/socket.io/?a%20b=%C3%A9&plus=1%2B1&bad=%25zz&flag=&=x&EIO=4")
    );
}

#[test]
fn the_clients_own_parameters_win() {
    let endpoint = target("http://h/?EIO=3&sid=x&t=y&ok=1").endpoint;
    let request = Request {
        cache_buster: Some(("t", "z")),
        ..request(Transport::Polling)
    };
    assert_eq!(
        endpoint.request_target(&request),
        "/socket.io/?ok=1&EIO=4&transport=polling&t=z"
    );
}

#[test]
fn schemes_hosts_and_ports() {
    let cases = [
        ("http://h", "http://h/", "ws://h/"),
        ("https://h", "https://h/", "wss://h/"),
        ("ws://h", "http://h/", "ws://h/"),
        ("wss://h:443", "https://h/", "wss://h/"),
        ("http://h:80", "http://h/", "ws://h/"),
        ("http://h:443", "http://h:443/", "ws://h:443/"),
        (
            "http://[::1]:3000",
            "http://[::1]:3000/",
            "ws://[::1]:3000/",
        ),
        (
            "localhost:3000",
            "http://localhost:3000/",
            "ws://localhost:3000/",
        ),
        ("//h:1", "http://h:1/", "ws://h:1/"),
        ("HTTP://H", "http://h/", "ws://h/"),
        ("h/admin?next=http://x", "http://h/", "ws://h/"),
    ];
    for (url, polling, websocket) in cases {
        let endpoint = target(url).endpoint;
        let polled = endpoint.request_url(&request(Transport::Polling));
        let socket = endpoint.request_url(&request(Transport::Websocket));
        assert!(
            polled.starts_with(&format!("{polling}socket.io/?")),
            "{polled}"
        );
        assert!(
            socket.starts_with(&format!("{websocket}socket.io/?")),
            "{socket}"
        );
    }
}

#[test]
fn user_and_password_are_kept_apart() {
    let endpoint = target("http://u:p@h:1/x").endpoint;
    assert_eq!(endpoint.userinfo.as_deref(), Some("u:p"));
    assert_eq!(endpoint.authority(), "h:1");
}

#[test]
fn refuses_what_is_no_address() {
    for url in [
        "ftp://h",
        "http://",
        "http:///x",
        "http://h:99999",
        "http://[::1",
        "",
        "http://a b",
    ] {
        assert!(Target::parse(url, SOCKET_IO_PATH, true).is_err(), "{url}");
    }
}

#[test]
fn a_2_x_namespace_may_carry_a_query() {
    assert_eq!(split_namespace_query("/admin?a=b"), ("/admin", Some("a=b")));
    assert_eq!(split_namespace_query("/admin"), ("/admin", None));
}
