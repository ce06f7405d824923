use super::super::bed::{V3, read};
use super::*;
use crate::journal::file::Source;

const TALK: &str = r#"
    # 1
    10 < 0{"sid":"E"}
    11 > 40{"token":"t"}
    12 > 40/chat,
    20 < 40{"sid":"S"}
    30 > 40/late,{"token":"l"}
    31 < 40/late,{"sid":"L"}
    32 > 42/late,["x"]
"#;

fn options(url: &str) -> Options {
    Options::new(url.parse().unwrap())
}

fn auths(options: &Options) -> Vec<(String, Option<Auth>)> {
    options
        .namespaces
        .iter()
        .map(|one| (one.nsp.clone(), one.auth.clone()))
        .collect()
}

fn json(text: &str) -> Option<Auth> {
    Some(Auth::Json(text.to_owned()))
}

#[test]
fn the_recorded_host_gets_what_it_got() {
    let mut script = super::super::bed::script(TALK);
    assert!(script.setup.is_of(&"http://h:1/x".parse().unwrap()));
    assert!(script.setup.is_of(&"https://h:1".parse().unwrap()));
    for other in ["http://h:2", "http://other:1", "http://h"] {
        assert!(!script.setup.is_of(&other.parse().unwrap()), "{other}");
    }
    let mut options = options("http://h:1");
    let withheld = script.prepare(&mut options, Given::default(), true);
    assert!(withheld.is_empty(), "{withheld}");
    assert_eq!(
        auths(&options),
        [
            ("/".to_owned(), json("{\"token\":\"t\"}")),
            ("/chat".to_owned(), None)
        ]
    );
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    assert_eq!(options.query, pairs(&[("room", "1")]));
    assert_eq!(
        options.headers,
        pairs(&[("Authorization", "Bearer b"), ("X-Own", "o")])
    );
    assert_eq!(options.cookies, pairs(&[("a", "1"), ("b", "2")]));
    assert_eq!(options.transports, [TransportName::Websocket]);
    assert_eq!(options.eio, Eio::V4);
    assert_eq!(options.path, "/socket.io");
}

#[test]
fn another_host_gets_nothing_of_it() {
    let mut script = super::super::bed::script(TALK);
    let mut options = options("http://h:2");
    let withheld = script.prepare(&mut options, Given::default(), false);
    assert_eq!(
        withheld.to_string(),
        "the auth of /, /late; the query room; the headers Authorization, X-Own; the cookies a, b"
    );
    assert!(options.query.is_empty() && options.headers.is_empty() && options.cookies.is_empty());
    assert!(options.namespaces.iter().all(|one| one.auth.is_none()));
    assert!(!format!("{:?}", script.steps).contains("token"));
}

#[test]
fn what_is_given_again_is_used_and_goes_before_the_recording() {
    let mut script = super::super::bed::script(TALK);
    let mut options = options("http://h:2?room=9");
    options.auth = json("{\"mine\":1}");
    options.headers.push(("x-own".to_owned(), "p".to_owned()));
    options.cookies.push(("a".to_owned(), "7".to_owned()));
    let withheld = script.prepare(&mut options, Given::default(), false);
    assert_eq!(
        withheld.to_string(),
        "the headers Authorization; the cookies b"
    );
    assert!(!format!("{:?}", script.steps).contains("token"));
    // To the recorded host, too.
    let mut script = super::super::bed::script(TALK);
    let mut again = self::options("http://h:1");
    again.auth = json("{\"mine\":1}");
    script.prepare(&mut again, Given::default(), true);
    assert!(again.namespaces.iter().all(|one| one.auth.is_none()));
    // Each namespace its own.
    let mut script = super::super::bed::script(TALK);
    let mut own = self::options("http://h:2");
    own.namespaces = ["/", "/late"]
        .map(|nsp| NamespaceAuth {
            nsp: nsp.to_owned(),
            auth: json(&format!("{{\"for\":\"{nsp}\"}}")),
        })
        .to_vec();
    let given = Given {
        namespaces: true,
        ..Given::default()
    };
    let withheld = script.prepare(&mut own, given, false);
    assert!(withheld.auth.is_empty(), "{withheld}");
    assert_eq!(
        auths(&own),
        [
            ("/".to_owned(), json("{\"for\":\"/\"}")),
            ("/late".to_owned(), json("{\"for\":\"/late\"}"))
        ]
    );
}

#[test]
fn what_was_masked_is_not_sent_even_there() {
    let masked = TALK.replace("\"t\"", "\"*12****\"");
    let mut script = super::super::bed::script(&masked);
    let mut options = options("http://h:1");
    let withheld = script.prepare(&mut options, Given::default(), true);
    assert_eq!(withheld.to_string(), "the auth of /");
}

#[test]
fn generation_path_and_transports_are_those_of_the_recording_unless_given() {
    let talk = "# 1\n10 < 0{\"sid\":\"E\"}\n11 < 40\n12 > 42[\"x\"]";
    let script = read(talk, V3, Source::Client, None, &[]).unwrap();
    let mut own = options("http://h:1");
    script.setup.apply(&mut own, Given::default(), true);
    assert_eq!((own.eio, own.path.as_str()), (Eio::V3, "/own/path"));
    let mut given = options("http://h:1");
    let all = Given {
        eio: true,
        path: true,
        transports: true,
        ..Given::default()
    };
    script.setup.apply(&mut given, all, true);
    assert_eq!((given.eio, given.path.as_str()), (Eio::Auto, "/socket.io"));
    assert_eq!(given.transports.len(), 2);
}

#[test]
fn masks_of_every_kind_are_known_and_a_wildcard_is_none() {
    for (auth, masked) in [
        (r#"{"token":"*12****"}"#, true),
        (r#"{"pin":"**"}"#, true),
        (r#"{"name":"••×*"}"#, true),
        (r#"{"rooms":["*"],"pin":12}"#, false),
        (r#"{"glob":"src/**"}"#, false),
    ] {
        assert_eq!(is_masked(auth), masked, "{auth}");
    }
}
