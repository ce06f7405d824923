//! What a session holds as a flow file, in the form in which mitmproxy writes one: a tnetstring
//! for each exchange, with the messages of a WebSocket at its exchange.

use serde_json::Value;
use sioscope::protocol::engine::base64;

fn tagged(payload: impl AsRef<[u8]>, tag: u8) -> Vec<u8> {
    let payload = payload.as_ref();
    [format!("{}:", payload.len()).as_bytes(), payload, &[tag]].concat()
}

fn text(text: &str) -> Vec<u8> {
    tagged(text, b';')
}

fn number(number: impl ToString) -> Vec<u8> {
    tagged(number.to_string(), b'#')
}

fn time(seconds: f64) -> Vec<u8> {
    tagged(format!("{seconds:.6}"), b'^')
}

fn truth(truth: bool) -> Vec<u8> {
    tagged(truth.to_string(), b'!')
}

fn null() -> Vec<u8> {
    tagged("", b'~')
}

fn list(items: Vec<Vec<u8>>) -> Vec<u8> {
    tagged(items.concat(), b']')
}

fn dict(members: Vec<(&str, Vec<u8>)>) -> Vec<u8> {
    let members = members.into_iter();
    let members: Vec<Vec<u8>> = members
        .map(|(key, value)| [text(key), value].concat())
        .collect();
    tagged(members.concat(), b'}')
}

fn bytes(record: &Value, plain: &str, coded: &str) -> Vec<u8> {
    let bytes = match (record[plain].as_str(), record[coded].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(coded)) => base64::decode_strict(coded).expect("base64"),
        (None, None) => Vec::new(),
    };
    tagged(bytes, b',')
}

fn headers(record: &Value) -> Vec<u8> {
    let pairs = record["headers"].as_array().expect("headers").iter();
    let word = |value: &Value| tagged(value.as_str().expect("text"), b',');
    list(
        pairs
            .map(|pair| list(vec![word(&pair[0]), word(&pair[1])]))
            .collect(),
    )
}

/// The flows of a session file of one connection.
pub fn of_session(session: &str) -> Vec<u8> {
    let mut lines = session.lines().map(|line| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    let header = lines.next().expect("a header");
    let started = header["started"].as_str().expect("a time");
    let started: jiff::Timestamp = started.parse().expect("a time");
    let started = started.as_millisecond() as f64 / 1e3;
    let records: Vec<Value> = lines.collect();
    let at = |record: &Value| time(started + record["t"].as_f64().expect("a time"));
    let of_kind = |kind: &str| -> Vec<&Value> {
        let found = records.iter().filter(|record| record["k"] == kind);
        found.collect()
    };
    let (answers, frames) = (of_kind("response"), of_kind("frame"));
    let flow = |request: &&Value| {
        let url = request["url"].as_str().expect("a URL");
        let (authority, path) = url
            .trim_start_matches("http://")
            .split_once('/')
            .expect("a path");
        let (host, port) = authority.split_once(':').expect("a port");
        let answer = answers
            .iter()
            .find(|answer| answer["x"] == request["x"])
            .expect("an answer");
        let websocket = match answer["status"] == 101 {
            true => websocket(&frames, &at),
            false => null(),
        };
        dict(vec![
            ("version", number(21)),
            ("type", text("http")),
            ("error", null()),
            (
                "request",
                dict(vec![
                    ("method", bytes(request, "method", "")),
                    ("scheme", tagged("http", b',')),
                    ("host", text(host)),
                    ("port", number(port)),
                    ("path", tagged(format!("/{path}"), b',')),
                    ("headers", headers(request)),
                    ("content", bytes(request, "body", "body_b64")),
                    ("timestamp_start", at(request)),
                ]),
            ),
            (
                "response",
                dict(vec![
                    ("status_code", number(&answer["status"])),
                    ("headers", headers(answer)),
                    ("content", bytes(answer, "body", "body_b64")),
                    ("timestamp_start", at(answer)),
                    ("timestamp_end", at(answer)),
                ]),
            ),
            ("websocket", websocket),
        ])
    };
    of_kind("request").iter().flat_map(flow).collect()
}

fn websocket(frames: &[&Value], at: &dyn Fn(&Value) -> Vec<u8>) -> Vec<u8> {
    let from_client = |frame: &Value| truth(frame["dir"] == "to_server");
    let messages = frames.iter().filter_map(|frame| {
        let opcode = match frame["op"].as_str()? {
            "text" => 1,
            "binary" => 2,
            _ => return None,
        };
        Some(list(vec![
            number(opcode),
            from_client(frame),
            bytes(frame, "data", "b64"),
            at(frame),
            truth(false),
            truth(false),
        ]))
    });
    let mut members = vec![("messages", list(messages.collect()))];
    if let Some(close) = frames.iter().find(|frame| frame["op"] == "close") {
        members.extend([
            ("closed_by_client", from_client(close)),
            ("close_code", number(close["code"].as_u64().unwrap_or(1005))),
            ("timestamp_end", at(close)),
        ]);
    }
    dict(members)
}
