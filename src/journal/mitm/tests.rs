//! Flow files, put together as mitmproxy writes them.

use super::*;
use crate::journal::record::Body;
use proptest::prelude::*;

/// A value as a tnetstring.
enum T {
    B(&'static str),
    S(&'static str),
    I(i64),
    F(f64),
    Yes,
    No,
    Null,
    L(Vec<T>),
    D(Vec<(&'static str, T)>),
}

fn write(value: &T) -> Vec<u8> {
    let (payload, tag) = match value {
        T::B(text) => (text.as_bytes().to_vec(), b','),
        T::S(text) => (text.as_bytes().to_vec(), b';'),
        T::I(number) => (number.to_string().into_bytes(), b'#'),
        T::F(number) => (number.to_string().into_bytes(), b'^'),
        T::Yes => (b"true".to_vec(), b'!'),
        T::No => (b"false".to_vec(), b'!'),
        T::Null => (Vec::new(), b'~'),
        T::L(list) => (list.iter().flat_map(write).collect(), b']'),
        T::D(dict) => (
            dict.iter()
                .flat_map(|(key, value)| [write(&T::S(key)), write(value)].concat())
                .collect(),
            b'}',
        ),
    };
    let mut out = format!("{}:", payload.len()).into_bytes();
    out.extend(payload);
    out.push(tag);
    out
}

fn request(method: &'static str, path: &'static str, at: f64, body: &'static str) -> T {
    T::D(vec![
        ("method", T::B(method)),
        ("scheme", T::B("http")),
        ("host", T::S("10.0.0.1")),
        ("port", T::I(3000)),
        ("path", T::B(path)),
        (
            "headers",
            T::L(vec![T::L(vec![T::B("Host"), T::B("h:3000")])]),
        ),
        ("content", T::B(body)),
        ("timestamp_start", T::F(at)),
    ])
}

fn response(status: i64, at: f64, body: &'static str) -> T {
    T::D(vec![
        ("status_code", T::I(status)),
        ("headers", T::L(Vec::new())),
        ("content", T::B(body)),
        ("timestamp_start", T::F(at)),
        ("timestamp_end", T::F(at)),
    ])
}

fn flow(request: T, response: T, websocket: T) -> Vec<u8> {
    write(&T::D(vec![
        ("version", T::I(21)),
        ("type", T::S("http")),
        ("error", T::Null),
        ("request", request),
        ("response", response),
        ("websocket", websocket),
    ]))
}

fn message(opcode: i64, from_client: T, data: &'static str, at: f64, dropped: T, injected: T) -> T {
    T::L(vec![
        T::I(opcode),
        from_client,
        T::B(data),
        T::F(at),
        dropped,
        injected,
    ])
}

fn file() -> Vec<u8> {
    let handshake = flow(
        request("GET", "/socket.io/?EIO=4&transport=polling", 1000.5, ""),
        response(200, 1000.51, r#"0{"sid":"one","upgrades":["websocket"]}"#),
        T::Null,
    );
    let page = flow(
        request("GET", "/", 999.0, ""),
        response(200, 999.1, "hi"),
        T::Null,
    );
    let socket = flow(
        request(
            "GET",
            "/socket.io/?EIO=4&transport=websocket&sid=one",
            1000.6,
            "",
        ),
        response(101, 1000.61, ""),
        T::D(vec![
            (
                "messages",
                T::L(vec![
                    message(1, T::Yes, "2probe", 1000.62, T::No, T::No),
                    message(1, T::No, "42[\"a\"]", 1000.63, T::No, T::Yes),
                    message(2, T::Yes, "x", 1000.64, T::Yes, T::No),
                ]),
            ),
            ("closed_by_client", T::No),
            ("close_code", T::I(1001)),
            ("close_reason", T::S("bye")),
            ("timestamp_end", T::F(1000.7)),
        ]),
    );
    [page, handshake, socket].concat()
}

#[test]
fn flows_become_connections_with_frames_and_close_codes() {
    let imported = import(&file()).unwrap();
    assert_eq!(imported.header.target, "http://h:3000");
    let told: Vec<(u64, Option<u32>, String)> = imported
        .records
        .iter()
        .map(|record| {
            let what = match &record.body {
                Body::Request(request) => format!("{} {}", request.method, request.x),
                Body::Response(response) => response.status.to_string(),
                Body::Frame(frame) => {
                    format!("{} {} {:?}", frame.dir, frame.op, frame.code)
                }
                Body::Fault(fault) => fault.fault.clone(),
                other => format!("{other:?}"),
            };
            (record.t, record.c, what)
        })
        .collect();
    let row = |t, what: &str| (t, Some(1), what.to_owned());
    assert_eq!(
        told,
        [
            row(0, "GET 1"),
            row(10_000, "200"),
            row(100_000, "GET 2"),
            row(110_000, "101"),
            row(120_000, "to_server text None"),
            row(130_000, "inject"),
            row(130_000, "to_client text None"),
            row(140_000, "to_server binary None"),
            row(140_000, "drop"),
            row(200_000, "to_client close Some(1001)"),
        ]
    );
}

#[test]
fn a_file_is_recognised_and_a_cut_end_is_left_out() {
    let whole = file();
    assert!(looks_like(&whole));
    assert!(!looks_like(b"{\"log\""));
    assert!(!looks_like(b"12:hello"));
    let cut = whole.get(..whole.len() - 10).unwrap();
    let imported = import(cut).unwrap();
    let kinds: Vec<&str> = (imported.records.iter())
        .map(|record| record.body.kind())
        .collect();
    assert_eq!(kinds, ["request", "response", "mark"]);
    assert_eq!(
        imported.lacks.as_deref(),
        Some("its last flow was cut off and is left out")
    );
    assert_eq!(import(&whole).unwrap().lacks, None);
    let error = import(b"12:hello").unwrap_err().to_string();
    assert_eq!(
        error,
        "it is no mitmproxy flow file: byte 0: it ends within a value"
    );
    let newer = write(&T::D(vec![("version", T::I(99))]));
    assert!(
        import(&newer)
            .unwrap_err()
            .to_string()
            .contains("format 99")
    );
}

proptest! {
    #[test]
    fn nothing_panics_on_what_a_file_may_hold(at in 0usize..2000, byte in any::<u8>(), short in 0usize..2000) {
        let mut bytes = file();
        if let Some(place) = bytes.get_mut(at) { *place = byte; }
        bytes.truncate(bytes.len().saturating_sub(short));
        let _ = import(&bytes);
    }

    #[test]
    fn depth_is_bounded(depth in 1usize..3000) {
        let mut value = b"0:~".to_vec();
        for _ in 0..depth { value = [format!("{}:", value.len()).into_bytes(), value, b"]".to_vec()].concat(); }
        let _ = import(&value);
    }
}
