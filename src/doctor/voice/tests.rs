use super::*;

const OPEN: &str =
    r#"{"sid":"ESID","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;

fn headers(list: &[(&str, &str)]) -> Headers {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Who answered, in one word and the name.
fn told(status: u16, list: &[(&str, &str)], body: &str) -> String {
    match hello(status, &headers(list), body.as_bytes(), Version::V4) {
        Hello::Open(opened) => format!("open {:?}", opened.version),
        Hello::Refused(error) => format!("refused {:?}", error.code),
        Hello::Redirect { location, .. } => format!("redirect {location}"),
        Hello::Proxy(page) => format!("proxy {}", page.by),
        Hello::Other(page) => format!("other {}", page.by),
    }
}

#[test]
fn an_open_session_is_read_in_the_framing_that_it_has() {
    let html = ("Content-Type", "text/html");
    assert_eq!(told(200, &[], &format!("0{OPEN}")), "open V4");
    let old = format!("{}:0{OPEN}2:40", OPEN.len() + 1);
    assert_eq!(told(200, &[html], &old), "open V3");
    assert_eq!(told(404, &[], &format!("0{OPEN}")), "other the application");
}

#[test]
fn the_servers_own_refusals_are_told_from_pages() {
    let json = ("Content-Type", "application/json");
    let html = ("Content-Type", "text/html");
    let nginx = ("Server", "nginx/1.22.1");
    type Row<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: &[Row<'_>] = &[
        (
            400,
            &[json],
            r#"{"code":5,"message":"Unsupported protocol version"}"#,
            "refused Some(5)",
        ),
        (
            400,
            &[json, nginx],
            r#"{"code":1,"message":"Session ID unknown"}"#,
            "refused Some(1)",
        ),
        (400, &[], r#""Invalid session x""#, "refused Some(1)"),
        (400, &[], r#""Invalid websocket upgrade""#, "refused None"),
        (400, &[html], "Session ID unknown", "refused Some(1)"),
        (413, &[], "", "refused None"),
        (
            413,
            &[nginx],
            "<html><head><title>413 Request Entity Too Large</title></head><center>nginx/1.22.1</center>",
            "proxy nginx",
        ),
        (
            502,
            &[nginx],
            "<html><head><title>502 Bad Gateway</title></head><center>nginx</center>",
            "proxy nginx",
        ),
        (
            503,
            &[],
            "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>",
            "proxy HAProxy",
        ),
        (
            504,
            &[("Server", "envoy")],
            "upstream request timeout",
            "proxy envoy",
        ),
        (
            404,
            &[nginx, html],
            "<pre>Cannot GET /socket.io/</pre>",
            "other the application (Express)",
        ),
        (
            404,
            &[],
            "404 page not found\n",
            "other Traefik or a Go application",
        ),
        (
            404,
            &[],
            "404: Not Found",
            "other the application (aiohttp)",
        ),
        (
            404,
            &[],
            r#"{"code":404,"message":"no route"}"#,
            "other the application",
        ),
        (
            200,
            &[html],
            "<!doctype html><title>Shop</title>",
            "other a web page",
        ),
        (200, &[], "", "other the application"),
        (
            301,
            &[("Location", "https://h/socket.io/")],
            "",
            "redirect https://h/socket.io/",
        ),
    ];
    for (status, list, body, want) in cases {
        assert_eq!(told(*status, list, body), *want, "{status} {body}");
    }
}

#[test]
fn a_page_is_quoted_by_its_title_and_never_at_length() {
    let Who::Other(page) = who(
        200,
        &headers(&[]),
        b"<!doctype html><html><title>The  Shop</title>",
    ) else {
        panic!("a page");
    };
    assert_eq!(page.told(), "HTTP 200 from a web page, “The Shop”");
    let Who::Other(page) = who(404, &headers(&[]), "ü".repeat(500).as_bytes()) else {
        panic!("a page");
    };
    assert_eq!(page.words.chars().count(), 81);
}
