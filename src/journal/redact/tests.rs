//! What is masked, in every form in which it may stand, and what is not.

use proptest::prelude::*;

use super::*;
use crate::journal::file::{Header, Source};
use crate::journal::line::{parse_line, write_line};
use crate::journal::record::{Body, Direction, Record};

fn header(target: &str) -> Header {
    Header {
        started: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        source: Source::Client,
        target: target.to_owned(),
        tool: "0.1.0".to_owned(),
        parser: None,
    }
}

fn records(lines: &str) -> Vec<Record> {
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| parse_line(line.as_bytes(), 0).unwrap())
        .collect()
}

struct Redacted {
    header: Header,
    records: Vec<Record>,
    masked: Vec<(String, u64)>,
    unmet: Vec<String>,
    also_kept: Vec<(String, String)>,
}

fn redact_keeping(before: &[Record], keep: &[&str]) -> Redacted {
    redact_of("http://h:3000/", before, keep)
}

fn redact_of(target: &str, before: &[Record], keep: &[&str]) -> Redacted {
    let header = header(target);
    let keep: Vec<String> = keep.iter().map(|&name| name.to_owned()).collect();
    let mut secrets = Secrets::new(&keep);
    secrets.learn_header(&header);
    before.iter().for_each(|record| secrets.learn(record));
    let mut redactor = secrets.redactor();
    Redacted {
        header: redactor.header(&header),
        records: before.iter().map(|one| redactor.record(one)).collect(),
        masked: redactor
            .masked()
            .into_iter()
            .map(|one| (one.name, one.places))
            .collect(),
        unmet: redactor.unmet(),
        also_kept: redactor.also_kept(),
    }
}

fn redact(lines: &str) -> Redacted {
    redact_keeping(&records(lines), &[])
}

fn text_of(record: &Record) -> String {
    let mut out = Vec::new();
    write_line(&mut out, record);
    String::from_utf8(out).unwrap()
}

fn frame(dir: &str, data: &str) -> String {
    let data = serde_json::to_string(data).unwrap();
    format!(
        "{{\"n\":1,\"t\":0.1,\"c\":1,\"k\":\"frame\",\"dir\":\"{dir}\",\"op\":\"text\",\"data\":{data}}}\n"
    )
}

fn data_of(record: &Record) -> String {
    match &record.body {
        Body::Frame(frame) => String::from_utf8(frame.data.to_vec()).unwrap(),
        Body::Request(request) => String::from_utf8(request.body.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_are_masked_by_their_name_and_place() {
    for (dir, before, after) in [
        // Auth payloads: every value.
        (
            "to_server",
            r#"40{"token":"abcdef","n":[12,"ab",{"x":true}]}"#,
            r#"40{"token":"*1****","n":[92,"**",{"x":true}]}"#,
        ),
        (
            "to_server",
            r#"40/admin,{"user":"ann"}"#,
            r#"40/admin,{"user":"*1*"}"#,
        ),
        (
            "to_server",
            "40/admin?a=b&token=xyz,",
            "40/admin?a=*&token=*2*,",
        ),
        // In generation 3 the server says nothing else that is secret.
        (
            "to_client",
            r#"40{"sid":"abc","pid":"secretpid"}"#,
            r#"40{"sid":"abc","pid":"*1*******"}"#,
        ),
        // By name anywhere else, also in JSON within JSON, and in queries.
        (
            "to_client",
            r#"42["login",{"password":"a\"b\\c","to":"x"}]"#,
            r#"42["login",{"password":"*1*****","to":"x"}]"#,
        ),
        (
            "to_client",
            r#"42["s","{\"apiKey\":\"k1k1\"}"]"#,
            r#"42["s","{\"apiKey\":\"*1**\"}"]"#,
        ),
        (
            "to_client",
            r#"42["s","https://u:pw@h/x?token=a%2Bb&y=1"]"#,
            r#"42["s","https://u:**@h/x?token=*1***&y=1"]"#,
        ),
        (
            "to_client",
            r#"42["s",{"pin":-12.50,"author":"me"}]"#,
            r#"42["s",{"pin":-99.99,"author":"me"}]"#,
        ),
        // By shape.
        (
            "to_client",
            r#"42["x","Bearer abcdefgh"]"#,
            r#"42["x","Bearer *1******"]"#,
        ),
        (
            "to_client",
            r#"42["x","eyJhbGciOiJI.eyJzdWIi.abcdefg"]"#,
            r#"42["x","*1***************************"]"#,
        ),
        // Nothing to hide.
        ("to_client", "2probe", "2probe"),
        (
            "to_client",
            r#"42["authored",{"key":"k","author":"a"}]"#,
            r#"42["authored",{"key":"k","author":"a"}]"#,
        ),
    ] {
        let redacted = redact(&frame(dir, before));
        assert_eq!(data_of(&redacted.records[0]), after, "{before}");
        assert_eq!(before.len(), after.len(), "as long as before");
    }
}

const TOKEN: &str = "tøk/en+1 \"x\"\\";

#[test]
fn a_known_value_is_masked_wherever_it_stands_in_whatever_form() {
    let quoted = serde_json::to_string(TOKEN).unwrap();
    let twice = serde_json::to_string(&quoted).unwrap();
    let ascii: String = TOKEN
        .chars()
        .map(|one| match one {
            'ø' => "\\u00f8".to_owned(),
            '/' => "\\/".to_owned(),
            '"' | '\\' => format!("\\{one}"),
            one => one.to_string(),
        })
        .collect();
    let percent: String = url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect();
    let component = percent.replace('+', "%20");
    use base64::Engine as _;
    let standard = base64::engine::general_purpose::STANDARD;
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let doubled: String = quoted.bytes().map(char::from).collect();
    for (what, form) in [
        ("as it is", TOKEN.to_owned()),
        ("JSON", format!("42[\"a\",{quoted}]")),
        ("JSON in JSON", format!("42[\"a\",{twice}]")),
        (
            "JSON as python and PHP write it",
            format!("42[\"{ascii}\"]"),
        ),
        ("a form", format!("https://x/?q={percent}")),
        ("a URI component", format!("https://x/{component}/y")),
        ("a URI component in JSON", format!("42[\"x?{component}\"]")),
        (
            "base64",
            format!("b{}", standard.encode(format!("x{TOKEN}"))),
        ),
        (
            "base64 of generation 3",
            format!("b4{}", standard.encode(format!("xy{TOKEN}z"))),
        ),
        (
            "base64 for URLs",
            format!("42[\"{}\"]", url_safe.encode(TOKEN)),
        ),
        (
            "base64 of JSON",
            format!("b{}", standard.encode(format!("[{quoted}]"))),
        ),
        ("Socket.IO 1", format!("42[{doubled}]")),
    ] {
        let auth = frame("to_server", &format!("40{{\"token\":{quoted}}}"));
        let redacted = redact(&format!("{auth}{}", frame("to_client", &form)));
        let after = data_of(&redacted.records[1]);
        assert_ne!(after, form, "{what}");
        assert_eq!(after.len(), form.len(), "{what}");
        assert_eq!(redacted.masked, [("auth.token".to_owned(), 2)], "{what}");
        for part in ["en+1", "en%2B1", "en%2b1"] {
            assert!(!after.contains(part), "{what}: {after}");
        }
    }
}

#[test]
fn short_and_common_values_are_masked_at_their_place_only() {
    let redacted = redact(&format!(
        "{}{}",
        frame(
            "to_server",
            r#"40{"a":"42","b":"polling","c":"room","d":1234,"e":98765}"#
        ),
        frame(
            "to_client",
            r#"42["42","polling","room","classroom",1234,12345,98765,198765]"#
        ),
    ));
    assert_eq!(
        data_of(&redacted.records[1]),
        r#"42["42","polling","*3**","classroom",1234,12345,99995,198765]"#
    );
}

#[test]
fn lengths_of_generation_3_stay_true() {
    let body = r#"16:40{"token":"äö"}25:42["äö and äöäö 16:","x"]"#;
    let line = format!(
        "{{\"n\":1,\"t\":0.1,\"c\":1,\"k\":\"request\",\"x\":1,\"method\":\"POST\",\"url\":\"http://h/socket.io/?EIO=3&transport=polling\",\"headers\":[],\"body\":{}}}",
        serde_json::to_string(body).unwrap()
    );
    let redacted = redact(&line);
    // Two characters are masked at their place only: as many bytes, as many UTF-16 units.
    assert_eq!(
        data_of(&redacted.records[0]),
        r#"16:40{"token":"××"}25:42["äö and äöäö 16:","x"]"#
    );
}

#[test]
fn cookies_and_headers_are_masked_and_known_elsewhere() {
    let before = records(
        r#"
{"n":1,"t":0.1,"c":1,"k":"request","x":1,"method":"GET","url":"http://h:3000/socket.io/?EIO=4&transport=polling&apikey=qwertz&user=s%3Ahunter2x.y","headers":[["Host","h:3000"],["Cookie","io=engine-sid-1; lang=de"],["Authorization","Basic YW5uOmdlaGVpbTk5"],["X-Api-Key","qwertz"]]}
{"n":2,"t":0.2,"c":1,"k":"response","x":1,"status":200,"headers":[["Set-Cookie","sess=s%3Ahunter2x.y; Path=/; HttpOnly"]],"body":"0{\"sid\":\"engine-sid-1\"}"}
{"n":3,"t":0.3,"c":1,"k":"connection","state":"closed","reason":"xhr poll error","detail":"GET http://h:3000/?sid=engine-sid-1 said s:hunter2x.y"}
{"n":4,"t":0.4,"k":"of-later","deep":["qwertz"]}"#,
    );
    let redacted = redact_of("http://ann:geheim99@h:3000/", &before, &[]);
    let lines: Vec<String> = redacted.records.iter().map(text_of).collect();
    // User and password stand in the Authorization header too, as one value.
    assert_eq!(redacted.header.target, "http://*6**********@h:3000/");
    for (line, wanted) in [
        (0, "apikey=*2****&user=*"),
        (0, "io=*3**********; lang=**"),
        (0, "Basic *"),
        (0, "[\"Host\",\"h:3000\"]"),
        (1, "sess=*"),
        (1, "; Path=/; HttpOnly"),
        (1, "0{\\\"sid\\\":\\\"*3**********\\\"}"),
        (2, "?sid=*3********** said *"),
        (3, "\"deep\":[\"*2****\"]"),
    ] {
        assert!(lines[line].contains(wanted), "{wanted} in {}", lines[line]);
    }
    for secret in ["engine-sid", "hunter2x", "qwertz", "geheim99", "YW5uOm"] {
        assert!(!lines.concat().contains(secret), "{secret}: {lines:#?}");
    }
}

#[test]
fn msgpack_stays_msgpack() {
    let mut auth = Vec::new();
    let packet = |kind: u64, data: rmpv::Value| {
        rmpv::Value::Map(vec![
            ("type".into(), kind.into()),
            ("data".into(), data),
            ("nsp".into(), "/".into()),
        ])
    };
    let payload = rmpv::Value::Map(vec![
        ("token".into(), "sesame-open".into()),
        ("pin".into(), 4711_u64.into()),
        ("to".into(), "me".into()),
    ]);
    rmpv::encode::write_value(&mut auth, &packet(0, payload)).unwrap();
    let mut event = vec![4];
    let args = rmpv::Value::Array(vec!["say".into(), "it is sesame-open".into()]);
    rmpv::encode::write_value(&mut event, &packet(2, args)).unwrap();
    let line = |dir: &str, bytes: &[u8]| {
        use base64::Engine as _;
        let b64 = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!(
            "{{\"n\":1,\"t\":0.1,\"c\":1,\"k\":\"frame\",\"dir\":\"{dir}\",\"op\":\"binary\",\"b64\":\"{b64}\"}}\n"
        )
    };
    let redacted = redact(&(line("to_server", &auth) + &line("to_client", &event)));
    let read = |place: usize, skip: usize| {
        let Body::Frame(frame) = &redacted.records[place].body else {
            panic!("no frame");
        };
        rmpv::decode::read_value(&mut &frame.data[skip..]).unwrap()
    };
    let auth_after = read(0, 0);
    assert_eq!(auth_after["data"]["token"].as_str(), Some("*1*********"));
    assert_eq!(auth_after["data"]["pin"].as_u64(), Some(9999));
    assert_eq!(auth_after["data"]["to"].as_str(), Some("**"));
    assert_eq!(auth_after["nsp"].as_str(), Some("/"));
    assert_eq!(read(1, 1)["data"][1].as_str(), Some("it is *1*********"));
}

#[test]
fn what_can_not_be_searched_is_covered_whole() {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"{\"token\":\"sesame-open\"}").unwrap();
    let packed = packed.finish().unwrap();
    use base64::Engine as _;
    let b64 = base64::engine::general_purpose::STANDARD.encode(&packed);
    let redacted = redact(&format!(
        "{{\"n\":1,\"t\":0.1,\"c\":1,\"k\":\"frame\",\"dir\":\"to_client\",\"op\":\"binary\",\"b64\":\"{b64}\"}}
{{\"n\":2,\"t\":0.1,\"c\":1,\"k\":\"frame\",\"dir\":\"to_client\",\"op\":\"text\",\"b64\":\"qlYqLU4tKAQ=\"}}"
    ));
    let data: Vec<Vec<u8>> = redacted
        .records
        .iter()
        .map(|record| match &record.body {
            Body::Frame(frame) => frame.data.to_vec(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(data, [vec![b'*'; packed.len()], vec![0xff; 8]]);
}

#[test]
fn what_is_to_be_kept_is_kept_by_its_name_or_place() {
    let lines = frame("to_server", r#"40{"token":"abcdef","room":"lobby"}"#);
    let before = records(&lines);
    for (keep, after) in [
        (["room"], r#"40{"token":"*1****","room":"lobby"}"#),
        (["auth.token"], r#"40{"token":"abcdef","room":"*1***"}"#),
        (["cookie.token"], r#"40{"token":"*1****","room":"*2***"}"#),
    ] {
        let redacted = redact_keeping(&before, &keep);
        assert_eq!(data_of(&redacted.records[0]), after, "{keep:?}");
        let unmet = if keep == ["cookie.token"] { 1 } else { 0 };
        assert_eq!(redacted.unmet.len(), unmet, "{keep:?}");
    }
}

#[test]
fn equal_values_get_equal_masks_and_masks_are_left_alone() {
    let lines = format!(
        "{}{}{}",
        frame("to_server", r#"40{"token":"first"}"#),
        frame("to_server", r#"40{"token":"other"}"#),
        frame("to_server", r#"40{"token":"first"}"#),
    );
    let once = redact(&lines);
    let data: Vec<String> = once.records.iter().map(data_of).collect();
    assert_eq!(data[0], data[2]);
    assert_ne!(data[0], data[1]);
    let again = redact_keeping(&once.records, &[]);
    assert_eq!(again.records, once.records);
}

#[test]
fn a_large_payload_full_of_secrets_takes_no_time_to_speak_of() {
    let many = "sesame-open ".repeat(50_000);
    let began = std::time::Instant::now();
    let redacted = redact(&format!(
        "{}{}",
        frame("to_server", r#"40{"token":"sesame-open"}"#),
        frame("to_client", &format!("42[\"x\",\"{many}\"]")),
    ));
    assert_eq!(redacted.masked, [("auth.token".to_owned(), 50_001)]);
    // Quadratic work would take minutes.
    assert!(began.elapsed() < std::time::Duration::from_secs(60));
}

#[test]
fn names_of_secrets_are_known_in_every_spelling() {
    for name in [
        "token",
        "accessToken",
        "X-Api-Key",
        "api_key",
        "PASSWORD",
        "user_passwd",
        "Authorization",
        "auth",
        "xAuth",
        "oauth_code",
        "client-secret",
        "PHPSESSID",
        "connect.sid.signature",
        "pin",
    ] {
        assert!(is_secret_name(name), "{name}");
    }
    for name in [
        "author",
        "authenticated",
        "spinner",
        "key",
        "sid",
        "EIO",
        "id",
        "keyboard",
        "",
    ] {
        assert!(!is_secret_name(name), "{name}");
    }
}

#[test]
fn a_header_that_only_speaks_of_secrets_and_a_key_that_happens_to_spell_one_stay() {
    let lines = r#"
{"n":1,"t":1.0,"c":1,"k":"request","x":1,"method":"GET","url":"http://h:3000/socket.io/?EIO=4&transport=websocket","headers":[["Sec-WebSocket-Key","MNjwtHhjJdskLVKl2F7AKQ=="]]}
{"n":2,"t":1.1,"c":1,"k":"response","x":1,"status":101,"headers":[["Access-Control-Allow-Credentials","true"],["Sec-WebSocket-Accept","TwtOkenjwtHhjJdskLVKl2F7AKQ="]],"timing":{}}"#;
    let redacted = redact(lines);
    assert_eq!(redacted.masked, []);
    assert_eq!(redacted.records, records(lines));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_each_stays_as_long_as_it_was(
        data in proptest::collection::vec(any::<u8>(), 0..200),
        text in r#"(40|42|/|\?|=|:|"|\\|\{|\}|\[|\]|,|token|auth|%2|eyJ|\.|earer |[a-zé]){0,60}"#,
    ) {
        use base64::Engine as _;
        let b64 = base64::engine::general_purpose::STANDARD.encode(&data);
        let binary = format!("{{\"n\":1,\"t\":0.1,\"c\":1,\"k\":\"frame\",\"dir\":\"to_server\",\"op\":\"binary\",\"b64\":\"{b64}\"}}");
        let lines = [frame("to_server", &text), frame("to_client", &text), binary].concat();
        let redacted = redact(&lines);
        for (before, after) in records(&lines).iter().zip(&redacted.records) {
            let (Body::Frame(before), Body::Frame(after)) = (&before.body, &after.body) else {
                panic!("frames");
            };
            prop_assert_eq!(before.data.len(), after.data.len());
        }
    }

    #[test]
    fn no_token_survives_and_the_json_stays_json(token in "[ -~äß€🔒]{8,30}", other in "[a-z ]{0,9}") {
        prop_assume!(!is_mask(&token));
        let value = serde_json::to_string(&format!("{other}{token}{other}")).unwrap();
        let auth = format!("40{{\"token\":{}}}", serde_json::to_string(&token).unwrap());
        let event = format!("42[\"x\",{value}]");
        let lines = [frame("to_server", &auth), frame("to_client", &event)].concat();
        let redacted = redact(&lines);
        for record in &redacted.records {
            let data = data_of(record);
            let json: serde_json::Value = serde_json::from_str(&data[2..]).unwrap();
            let inside = json.to_string();
            prop_assert!(!inside.contains(serde_json::to_string(&token).unwrap().trim_matches('"')), "{}", inside);
        }
    }
}

#[test]
fn what_is_shown_is_covered_by_the_same_names_and_json_stays_json() {
    use Direction::{ToClient, ToServer};
    for (dir, before, after) in [
        (
            None,
            r#"[{"user":{"passwd":"PassWd99x","name":"ann"}}]"#,
            r#"[{"user":{"passwd":"•••","name":"ann"}}]"#,
        ),
        (
            None,
            r#"{"pin":1234,"auth":{"k":[1,"a"]},"author":"me"}"#,
            r#"{"pin":"•••","auth":{"k":["•••","•••"]},"author":"me"}"#,
        ),
        // JSON within JSON stays a string.
        (
            None,
            r#"["{\"pin\":1234,\"apiKey\":\"k1\"}"]"#,
            r#"["{\"pin\":•••,\"apiKey\":\"•••\"}"]"#,
        ),
        (
            None,
            r#"["x",{"token":"cut off in the mi"#,
            r#"["x",{"token":"•••"#,
        ),
        (
            None,
            "GET http://u:pw@h/?EIO=4&key=k1&ticket=t1&access_key=a&page=2",
            "GET http://u:•••@h/?EIO=4&key=•••&ticket=•••&access_key=•••&page=2",
        ),
        (
            None,
            r#"{"key":"k","ticket":"7"}"#,
            r#"{"key":"k","ticket":"7"}"#,
        ),
        (None, "Bearer abcdefgh", "Bearer •••"),
        (
            Some(ToServer),
            r#"40/a,{"user":"ann"}"#,
            r#"40/a,{"user":"•••"}"#,
        ),
        (
            Some(ToClient),
            r#"40{"sid":"s1","pid":"p1p1"}"#,
            r#"40{"sid":"s1","pid":"•••"}"#,
        ),
        (Some(ToClient), "42[\"é\",1]", "42[\"é\",1]"),
    ] {
        let shown = covered(before, dir);
        assert_eq!(shown, after, "{before}");
        assert_eq!(covered(&shown, dir), shown, "twice is as once: {before}");
    }
    let long = format!(r#"["{}",{{"secret":"sesame-1"}}]"#, "x".repeat(300 << 10));
    assert!(!covered(&long, None).contains("sesame-1"));
    let bytes = covered_bytes(long.as_bytes(), ToServer).unwrap();
    assert_eq!(bytes.len(), long.len());
    assert!(!String::from_utf8(bytes).unwrap().contains("sesame-1"));
    assert_eq!(covered_bytes(b"42[1]", ToServer), None);
    let short = br#"42["a",{"secret":"sesame-1"}]"#;
    let bytes = covered_bytes(short, ToServer).unwrap();
    assert_eq!(bytes, br#"42["a",{"secret":"*1******"}]"#);
    for (place, secret) in [
        ("[0].user.passwd", true),
        ("[0].\"api-key\"[1]", true),
        ("[0].author.name", false),
        ("", false),
    ] {
        assert_eq!(is_secret_place(place), secret, "{place}");
    }
}

#[test]
fn what_is_kept_by_one_name_is_kept_wherever_it_stands_and_that_is_told() {
    let lines = frame("to_server", r#"40{"token":"abcdef-1","room":"lobby-2"}"#)
        + &frame(
            "to_client",
            r#"42["in",{"token":"abcdef-1","secret":"other-3"},"abcdef-1 lobby-2"]"#,
        );
    let before = records(&lines);
    let redacted = redact_keeping(&before, &["auth.token"]);
    let shown: Vec<String> = redacted.records.iter().map(data_of).collect();
    assert!(shown[0].contains("abcdef-1"), "{shown:?}");
    assert!(shown[1].contains(r#"{"token":"abcdef-1""#), "{shown:?}");
    assert!(shown[1].contains("\"abcdef-1 *"), "{shown:?}");
    assert!(
        !shown[1].contains("other-3") && !shown[1].contains("lobby-2"),
        "{shown:?}"
    );
    assert_eq!(
        redacted.also_kept,
        [("auth.token".to_owned(), "payload.token".to_owned())]
    );
    assert!(redacted.unmet.is_empty());
}

#[test]
fn a_key_in_a_query_is_masked_wherever_it_stands() {
    let url = r#"{"n":1,"t":0.1,"c":1,"k":"request","x":1,"method":"GET","url":"http://h/socket.io/?EIO=4&key=AIzaSy12345&room=a","headers":[]}"#;
    let lines = format!("{url}\n{}", frame("to_client", r#"42["a","AIzaSy12345"]"#));
    let redacted = redact(&lines);
    let text: String = redacted.records.iter().map(text_of).collect();
    assert!(
        !text.contains("AIzaSy12345") && text.contains("room=a"),
        "{text}"
    );
    assert_eq!(redacted.masked, [("query.key".to_owned(), 2)]);
}
