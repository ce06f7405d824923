use super::*;
#[cfg(feature = "driver-rust-socketio")]
use crate::client::options::Auth as Source;
use crate::client::options::NamespaceAuth;

fn options() -> Options {
    let mut options = Options::new("http://h:3000".parse().unwrap());
    options.namespaces = vec![namespace("/chat")];
    options
}

fn namespace(nsp: &str) -> NamespaceAuth {
    NamespaceAuth {
        nsp: nsp.to_owned(),
        auth: None,
    }
}

#[cfg(not(feature = "driver-rust-socketio"))]
#[test]
fn a_build_without_it_says_so_and_how_to_get_it() {
    let error = check(&options()).unwrap_err();
    for words in ["driver-rust-socketio", "default features", "--profile rust"] {
        assert!(error.contains(words), "{error}");
    }
}

/// A change to the options, and words that the refusal must hold.
#[cfg(feature = "driver-rust-socketio")]
type Unable = (fn(&mut Options), &'static str);

#[cfg(feature = "driver-rust-socketio")]
#[test]
fn what_the_library_can_not_do_is_said() {
    use TransportName::{Polling, Websocket};
    assert_eq!(check(&options()), Ok(()));
    let table: [Unable; 16] = [
        (|o| o.namespaces.push(namespace("/b")), "one namespace"),
        (|o| o.namespaces = vec![namespace("/a?b=1")], "-q"),
        (|o| o.eio = Eio::V3, "Engine.IO 4 only"),
        (|o| o.profile = Profile::Js2, "--profile"),
        (|o| o.profile = Profile::Java1, "--profile"),
        (|o| o.profile = Profile::Java2, "--profile"),
        (|o| o.profile = Profile::Python, "--profile"),
        (|o| o.parser = Parser::Msgpack, "msgpack"),
        (
            |o| o.probe_rtt = Some(Duration::from_secs(1)),
            "--probe-rtt",
        ),
        (|o| o.reconnection.factor = 0.4, "--randomization-factor"),
        (|o| o.reconnection.attempts = Some(256), "255"),
        (|o| o.path = "/".to_owned(), "--path"),
        (
            |o| o.transports = vec![Websocket, Polling],
            "--transports polling,websocket",
        ),
        (|o| o.transports = Vec::new(), "--transports"),
        (
            |o| {
                o.headers = vec![("X-A".into(), "1".into()), ("x-a".into(), "2".into())];
            },
            "x-a is given twice",
        ),
        (
            |o| {
                o.headers = vec![("Cookie".into(), "a=1".into())];
                o.cookies = vec![("b".into(), "2".into())];
            },
            "cookie is given twice",
        ),
    ];
    for (change, words) in table {
        let mut options = options();
        change(&mut options);
        let error = check(&options).expect_err(words);
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[cfg(feature = "driver-rust-socketio")]
#[tokio::test]
async fn what_it_can_do_is_passed_on() {
    use TransportName::{Polling, Websocket};
    let mut options = options();
    options.url = "https://me:s%20cret@h/?x=1".parse().unwrap();
    options.query = vec![("y".into(), "2".into())];
    options.headers = vec![("X-A".into(), "1".into())];
    options.cookies = vec![("a".into(), "1".into()), ("b".into(), "2".into())];
    options.auth = Some(Source::Json("{\"token\":1}".to_owned()));
    options.reconnection.attempts = Some(3);
    let settings = settings(&options).unwrap();
    assert_eq!(settings.nsp, "/chat");
    assert_eq!(settings.path, "/socket.io/");
    assert_eq!(
        settings.query,
        [("x".into(), "1".into()), ("y".into(), "2".into())]
    );
    assert_eq!(
        settings.headers,
        [
            ("X-A".to_owned(), "1".to_owned()),
            ("Authorization".to_owned(), "Basic bWU6cyBjcmV0".to_owned()),
            ("Cookie".to_owned(), "a=1; b=2".to_owned()),
        ]
    );
    assert!(settings.reconnect);
    assert_eq!(settings.attempts, Some(3));
    assert_eq!(upstream(&options).unwrap().as_str(), "https://h/");
    for (names, upgrade, wanted) in [
        (vec![Polling, Websocket], true, Transports::Any),
        (vec![Polling, Websocket], false, Transports::Polling),
        (vec![Polling], true, Transports::Polling),
        (vec![Websocket], false, Transports::Websocket),
    ] {
        options.transports = names;
        options.upgrade = upgrade;
        assert_eq!(super::settings(&options).unwrap().transports, wanted);
    }
    options.reconnection.attempts = Some(0);
    assert!(!super::settings(&options).unwrap().reconnect);
}

#[test]
fn commands_that_it_can_not_carry_out_are_refused_in_words() {
    use crate::client::Command as Asked;
    use crate::client::command::Emit as Event;
    let options = options();
    let emit = |change: fn(&mut Event)| {
        let mut event = Event {
            nsp: "/chat".to_owned(),
            args: "[\"a\",1]".to_owned(),
            ..Event::default()
        };
        change(&mut event);
        Asked::Emit(event)
    };
    for (asked, words) in [
        (emit(|event| event.volatile = true), "volatile"),
        (
            emit(|event| event.nsp = "/".to_owned()),
            "this one is /chat",
        ),
        (
            emit(|event| event.args = "[\"a\",1,{\"$binary\":\"AQ==\"}]".to_owned()),
            "binary only as the one and only argument",
        ),
        (
            Asked::Join {
                nsp: "/b".to_owned(),
                auth: None,
            },
            "one namespace",
        ),
        (
            Asked::Leave {
                nsp: "/chat".to_owned(),
            },
            "disconnect",
        ),
        (
            Asked::Answer {
                nsp: "/chat".to_owned(),
                id: 1,
                args: "[]".to_owned(),
            },
            "can't be answered",
        ),
    ] {
        let refused = command(asked, &options).expect_err(words).to_string();
        assert!(refused.contains(words), "{words}: {refused}");
    }
    for asked in [emit(|_| {}), Asked::Connect, Asked::Disconnect] {
        assert!(command(asked.clone(), &options).is_ok(), "{asked:?}");
    }
}
