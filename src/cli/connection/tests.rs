//! Connection options: what they mean, what overrides what, what is refused and how.

use std::time::Duration;

use clap::Parser;

use super::ConnectionArgs;
use crate::client::Options;
#[cfg(feature = "driver-rust-socketio")]
use crate::client::options::Driver;
use crate::client::options::{Auth, Eio, NamespaceAuth, Parser as Packets, Profile};
use crate::journal::record::TransportName;

#[derive(Debug, Parser)]
struct Line {
    url: String,
    #[command(flatten)]
    connection: ConnectionArgs,
}

fn options(args: &[&str]) -> Options {
    build(args).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

fn build(args: &[&str]) -> Result<Options, String> {
    let line = Line::try_parse_from(std::iter::once("x").chain(args.iter().copied()))
        .map_err(|error| error.to_string())?;
    line.connection
        .options(&line.url)
        .map(|(options, _)| options)
        .map_err(|error| error.0)
}

/// The mistake, which must name each of `parts`.
#[track_caller]
fn refused(args: &[&str], parts: &[&str]) {
    let error = build(args)
        .err()
        .unwrap_or_else(|| panic!("{args:?} was taken"));
    for part in parts {
        assert!(
            error.contains(part),
            "{args:?}: {part:?} is not in: {error}"
        );
    }
}

fn names(options: &Options) -> Vec<&str> {
    options
        .namespaces
        .iter()
        .map(|one| one.nsp.as_str())
        .collect()
}

#[test]
fn urls_of_every_form_are_taken() {
    for (text, url, nsp) in [
        ("http://h:3000", "http://h:3000/", "/"),
        ("https://h", "https://h/", "/"),
        ("ws://h:1/chat", "http://h:1/chat", "/chat"),
        ("WSS://h/chat?token=1", "https://h/chat?token=1", "/chat"),
        ("localhost:3000", "http://localhost:3000/", "/"),
        ("localhost", "http://localhost/", "/"),
        ("10.0.0.1:80/a/b", "http://10.0.0.1/a/b", "/a/b"),
        ("[::1]:3000", "http://[::1]:3000/", "/"),
        (
            "host:3000/caf%C3%A9#top",
            "http://host:3000/caf%C3%A9",
            "/café",
        ),
        ("http://user:pw@h/", "http://user:pw@h/", "/"),
    ] {
        let options = options(&[text]);
        assert_eq!(options.url.as_str(), url, "{text}");
        assert_eq!(names(&options), [nsp], "{text}");
    }
}

#[test]
fn urls_that_mean_nothing_are_refused_with_the_way_out() {
    refused(&["ftp://h"], &["ftp", "http, https, ws or wss"]);
    refused(&["streem"], &["neither a command nor a URL", "--help"]);
    refused(&["http://h:99999"], &["http://h:99999", "port"]);
    refused(
        &["http://h/socket.io/?EIO=4&transport=polling"],
        &["/socket.io", "--path", "-n"],
    );
    refused(&["http://h/a,b"], &["comma"]);
    refused(&[""], &["empty"]);
}

#[test]
fn named_namespaces_replace_the_path() {
    let options = options(&[
        "http://h/chat",
        "-n",
        "/admin={\"token\":\"a=b\"}",
        "-n",
        "news",
        "-n",
        "/v2?room=1",
    ]);
    assert_eq!(
        options.namespaces,
        [
            NamespaceAuth {
                nsp: "/admin".to_owned(),
                auth: Some(Auth::Json("{\"token\":\"a=b\"}".to_owned())),
            },
            NamespaceAuth {
                nsp: "/news".to_owned(),
                auth: None
            },
            NamespaceAuth {
                nsp: "/v2?room=1".to_owned(),
                auth: None
            },
        ]
    );
}

#[test]
fn a_namespace_with_a_query_can_have_auth_too() {
    let options = options(&["http://h", "-n", "/v2?room=1={\"a\":1}"]);
    assert_eq!(options.namespaces[0].nsp, "/v2?room=1");
    assert_eq!(
        options.namespaces[0].auth,
        Some(Auth::Json("{\"a\":1}".to_owned()))
    );
}

#[test]
fn namespaces_are_checked() {
    refused(&["http://h", "-n", "/a", "-n", "a"], &["/a", "twice"]);
    refused(&["http://h", "-n", "/a,/b"], &["comma", "repeat"]);
    refused(
        &["http://h", "-n", "/a={\"token\":}"],
        &["-n /a", "column 10"],
    );
}

#[test]
fn auth_is_json_a_file_or_a_command() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"token\":\"x\"}\n").unwrap();
    let at = format!("@{}", file.path().display());
    assert_eq!(
        options(&["http://h", "--auth", &at]).auth,
        Some(Auth::File(file.path().to_path_buf()))
    );
    assert_eq!(
        options(&["http://h", "--auth", "!pass show api"]).auth,
        Some(Auth::Command("pass show api".to_owned()))
    );
    assert_eq!(
        options(&["http://h", "--auth", "{\"a\":1e999}"]).auth,
        Some(Auth::Json("{\"a\":1e999}".to_owned())),
        "what a parser can't hold is still JSON"
    );
}

#[test]
fn bad_auth_is_refused_with_column_and_text() {
    refused(
        &["http://h", "--auth", "{token:1}"],
        &["--auth", "line 1, column 2", "{token:1}", "@FILE"],
    );
    refused(
        &["http://h", "--auth", "@/no/such/file"],
        &["--auth", "/no/such/file"],
    );
    refused(&["http://h", "--auth", "! "], &["--auth", "command"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\n\"a\": }").unwrap();
    let at = format!("@{}", file.path().display());
    refused(
        &["http://h", "--auth", &at],
        &["line 2, column 6", &at[1..]],
    );
    refused(&["http://h", "--auth", "5"], &["--auth", "JSON object"]);
    refused(&["http://h", "-n", "/a=[1]"], &["-n /a", "JSON object"]);
}

#[test]
fn what_an_auth_file_holds_is_not_repeated_in_a_mistake() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "s3cret-token").unwrap();
    let at = format!("@{}", file.path().display());
    let error = build(&["http://h", "--auth", &at]).unwrap_err();
    assert!(error.contains("not JSON"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn headers_queries_and_cookies_keep_their_order_and_spelling() {
    let options = options(&[
        "http://h",
        "-H",
        "X-One:  a: b ",
        "-H",
        "authorization: Bearer x",
        "-H",
        "X-Empty;",
        "-q",
        "k=v=w",
        "-q",
        "e=",
        "-b",
        "a=1; b=2",
        "-b",
        "c=3",
    ]);
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        options.headers,
        [
            pair("X-One", "a: b"),
            pair("authorization", "Bearer x"),
            pair("X-Empty", "")
        ]
    );
    assert_eq!(options.query, [pair("k", "v=w"), pair("e", "")]);
    assert_eq!(
        options.cookies,
        [pair("a", "1"), pair("b", "2"), pair("c", "3")]
    );
}

#[test]
fn malformed_headers_queries_and_cookies_are_refused_by_name() {
    refused(
        &["http://h", "-H", "no colon"],
        &["-H", "no colon", "'Name: value'"],
    );
    refused(&["http://h", "-H", "bad name: v"], &["-H", "name"]);
    refused(&["http://h", "-H", "n: v\nInjected: x"], &["-H", "control"]);
    refused(&["http://h", "-q", "k"], &["-q", "key=value"]);
    refused(&["http://h", "-b", "k"], &["-b", "name=value"]);
}

#[test]
fn transports_are_a_list_in_order_of_preference() {
    use TransportName::{Polling, Websocket};
    assert_eq!(options(&["http://h"]).transports, [Polling, Websocket]);
    assert_eq!(
        options(&["http://h", "--transports", "websocket"]).transports,
        [Websocket]
    );
    assert_eq!(
        options(&["http://h", "--transports", "websocket,polling"]).transports,
        [Websocket, Polling]
    );
    refused(
        &["http://h", "--transports", "smoke"],
        &["smoke", "polling, websocket"],
    );
    refused(&["http://h", "--transports", "polling,polling"], &["twice"]);
}

#[test]
fn times_take_units_and_mean_milliseconds_without_one() {
    for (text, ms) in [
        ("250", 250),
        ("250ms", 250),
        ("2s", 2_000),
        ("1.5s", 1_500),
        ("1m", 60_000),
    ] {
        let options = options(&["http://h", "--connect-timeout", text]);
        assert_eq!(options.connect_timeout, Duration::from_millis(ms), "{text}");
    }
    for text in [
        "",
        "s",
        "1x",
        "1e3",
        "inf",
        "1.2.3",
        "99999999999999999999999h",
    ] {
        let arg = format!("--connect-timeout={text}");
        refused(&["http://h", &arg], &["--connect-timeout"]);
    }
    assert_eq!(
        options(&["http://h", "--probe-rtt", "2"]).probe_rtt,
        Some(Duration::from_secs(2))
    );
}

#[test]
fn reconnection_is_chosen_in_every_part() {
    let reconnection = options(&[
        "http://h",
        "--reconnection-delay",
        "100",
        "--reconnection-delay-max",
        "250",
        "--randomization-factor",
        "0",
        "--reconnection-attempts",
        "3",
    ])
    .reconnection;
    assert!(reconnection.enabled);
    assert_eq!(reconnection.delay, Duration::from_millis(100));
    assert_eq!(reconnection.delay_max, Duration::from_millis(250));
    assert_eq!(reconnection.factor, 0.0);
    assert_eq!(reconnection.attempts, Some(3));
    assert!(
        !options(&["http://h", "--no-reconnect"])
            .reconnection
            .enabled
    );
    assert_eq!(
        options(&["http://h", "--reconnection-attempts", "inf"])
            .reconnection
            .attempts,
        None
    );
}

#[test]
fn a_profile_is_a_table_of_defaults() {
    let secs = Duration::from_secs;
    for (name, profile, eio, connect, ack) in [
        ("js4", Profile::Js4, Eio::V4, secs(20), None),
        ("js2", Profile::Js2, Eio::V3, secs(20), None),
        ("java1", Profile::Java1, Eio::V3, secs(20), None),
        ("java2", Profile::Java2, Eio::V4, secs(20), None),
        ("python", Profile::Python, Eio::V4, secs(5), Some(secs(60))),
        ("rust", Profile::Rust, Eio::V4, secs(30), None),
    ] {
        let options = options(&["http://h", "--profile", name]);
        assert_eq!(options.profile, profile, "{name}");
        assert_eq!(options.eio, eio, "{name}");
        assert_eq!(options.connect_timeout, connect, "{name}");
        assert_eq!(options.ack_timeout, ack, "{name}");
        assert_eq!(
            options.reconnection,
            Options::new(options.url.clone()).reconnection,
            "{name}"
        );
    }
    let none = options(&["http://h"]);
    assert_eq!((none.profile, none.eio), (Profile::Js4, Eio::Auto));
}

#[test]
fn explicit_options_override_the_profile_whatever_their_order() {
    for args in [
        [
            "http://h",
            "--profile",
            "python",
            "--eio",
            "3",
            "--connect-timeout",
            "1s",
            "--ack-timeout",
            "2s",
        ],
        [
            "http://h",
            "--ack-timeout",
            "2s",
            "--connect-timeout",
            "1s",
            "--eio",
            "3",
            "--profile",
            "python",
        ],
    ] {
        let options = options(&args);
        assert_eq!(options.profile, Profile::Python);
        assert_eq!(options.eio, Eio::V3);
        assert_eq!(options.connect_timeout, Duration::from_secs(1));
        assert_eq!(options.ack_timeout, Some(Duration::from_secs(2)));
    }
}

#[test]
fn the_rest_goes_where_it_belongs() {
    let options = options(&[
        "https://h",
        "--path",
        "ws/",
        "--no-upgrade",
        "--parser",
        "msgpack",
        "-k",
        "-x",
        "proxy:3128",
        "--resolve",
        "h:443:127.0.0.1",
        "--resolve",
        "h:443:[::1]",
        "--readonly",
    ]);
    assert_eq!(options.path, "/ws/");
    assert!(!options.upgrade);
    assert_eq!(options.parser, Packets::Msgpack);
    assert!(options.tls.insecure);
    assert_eq!(options.proxy.as_deref(), Some("http://proxy:3128"));
    assert_eq!(options.resolve, ["h:443:127.0.0.1", "h:443:[::1]"]);
    assert!(options.readonly);
}

#[test]
fn network_options_are_checked_before_anything_is_connected() {
    refused(&["http://h", "-x", "gopher://h"], &["gopher", "socks5h"]);
    refused(
        &["http://h", "--resolve", "h:443:nowhere"],
        &["--resolve", "host:port:address"],
    );
    refused(&["http://h", "--resolve", "h"], &["--resolve"]);
    refused(
        &["http://h", "--cacert", "/no/such.pem"],
        &["--cacert", "/no/such.pem"],
    );
    refused(&["http://h", "--path", "/a?b"], &["--path"]);
}

#[cfg(feature = "driver-rust-socketio")]
#[test]
fn the_driver_is_taken_and_what_it_can_not_do_is_refused() {
    let driver =
        |more: &[&'static str]| [&["http://h", "--driver", "rust_socketio"], more].concat();
    let options = build(&driver(&["--profile", "rust"])).unwrap();
    assert_eq!(options.driver, Driver::RustSocketio);
    for (more, words) in [
        (&["--eio", "3"][..], "Engine.IO 4 only"),
        (&["--profile", "js2"], "--profile"),
        (&["--profile", "java1"], "--profile"),
        (&["--profile", "js4"], "--profile"),
        (&["-n", "/a", "-n", "/b"], "one namespace"),
        (&["--parser", "msgpack"], "msgpack"),
        (&["--probe-rtt", "5"], "--probe-rtt"),
        (&["--randomization-factor", "0.1"], "--randomization-factor"),
        (&["--reconnection-attempts", "256"], "255"),
        (&["--transports", "websocket,polling"], "fall back"),
    ] {
        refused(&driver(more), &["--driver rust_socketio: ", words]);
    }
    let options = build(&["http://h", "--driver", "native"]).unwrap();
    assert_eq!(options.driver, Driver::Native);
}

#[cfg(not(feature = "driver-rust-socketio"))]
#[test]
fn a_build_without_the_driver_says_how_to_get_it() {
    refused(
        &["http://h", "--driver", "rust_socketio"],
        &["driver-rust-socketio", "default features", "--profile rust"],
    );
}
