//! A row as text in other languages.
//!
//! **Floor 5**, pure. Each gives the text, or says why the row has none of that form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Row;
use super::quote::word;
use crate::tui::json;

/// What there is.
pub type Form = Result<String, &'static str>;

/// The JSON that the row carries, laid out over lines where it is long.
pub fn json(row: &Row) -> Form {
    let raw = row.args.as_deref().ok_or("it carries no JSON")?;
    if raw.len() <= 72 {
        return Ok(raw.to_owned());
    }
    let compact = json::value(raw).unwrap_or_default();
    let value = serde_json::from_str::<serde_json::Value>(raw).ok();
    // What serde_json can't hold to the letter is given as it came.
    let pretty = value
        .filter(|value| serde_json::to_string(value).is_ok_and(|again| again == compact))
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    Ok(pretty.unwrap_or_else(|| raw.to_owned()))
}

/// A curl line that makes the same HTTP request.
pub fn curl(row: &Row) -> Form {
    let request = row
        .request
        .as_ref()
        .ok_or("curl speaks HTTP: only an exchange has it")?;
    let mut line = String::from("curl");
    let body = &request.body;
    let get = request.method.is_empty() || request.method == "GET";
    let post = request.method == "POST" && !body.is_empty();
    if !(post || (get && body.is_empty())) {
        line.push_str(&format!(" -X {}", word(&request.method)));
    }
    line.push(' ');
    line.push_str(&word(&request.url));
    for (name, value) in &request.headers {
        if name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        if name.eq_ignore_ascii_case("accept-encoding") {
            line.push_str(" --compressed");
            continue;
        }
        // curl reads `Name:` as "leave it out", and `Name;` as "send it empty".
        let header = match value.is_empty() {
            true => format!("{name};"),
            false => format!("{name}: {value}"),
        };
        line.push_str(&format!(" -H {}", word(&header)));
    }
    if body.is_empty() {
        return Ok(line);
    }
    match std::str::from_utf8(body) {
        // A shell's word can't hold a zero byte.
        Ok(text) if !text.contains('\0') => {
            line.push_str(&format!(" --data-raw {}", word(text)));
            Ok(line)
        }
        _ => Ok(format!(
            "printf %s {} | base64 -d | {line} --data-binary @-",
            STANDARD.encode(body)
        )),
    }
}

/// A line for the official JavaScript client that emits the same event.
pub fn javascript(row: &Row) -> Form {
    let event = row.event.as_deref().ok_or("only an event can be emitted")?;
    let mut options = Vec::new();
    if !row.path.is_empty() && row.path.trim_end_matches('/') != "/socket.io" {
        options.push(format!("path: {}", string(&row.path)));
    }
    if let Some(auth) = &row.auth {
        options.push(format!("auth: {auth}"));
    }
    if !row.headers.is_empty() {
        let each = row
            .headers
            .iter()
            .map(|(name, value)| format!("{}: {}", string(name), string(value)));
        let each: Vec<String> = each.collect();
        options.push(format!("extraHeaders: {{{}}}", each.join(", ")));
    }
    let options = match options.is_empty() {
        true => String::new(),
        false => format!(", {{{}}}", options.join(", ")),
    };
    let nsp = if row.nsp == "/" { "" } else { &row.nsp };
    let url = format!("{}{nsp}", row.target.trim_end_matches('/'));
    let mut args = vec![string(event)];
    args.extend(arguments(row)?.iter().map(|value| buffers(value)));
    if row.wants_ack {
        args.push("(...answer) => console.log(answer)".to_owned());
    }
    Ok(format!(
        "io({}{options}).emit({});",
        string(&url),
        args.join(", ")
    ))
}

/// A line that emits the same event with this program.
pub fn emit(row: &Row) -> Form {
    let event = row.event.as_deref().ok_or("only an event can be emitted")?;
    let args = arguments(row)?;
    let mut line = String::from("sioscope emit");
    match &row.auth {
        Some(auth) => line.push_str(&format!(" -n {}", word(&format!("{}={auth}", row.nsp)))),
        None if row.nsp != "/" => line.push_str(&format!(" -n {}", word(&row.nsp))),
        None => {}
    }
    for (name, value) in &row.headers {
        line.push_str(&format!(" -H {}", word(&format!("{name}: {value}"))));
    }
    if !row.path.is_empty() && row.path.trim_end_matches('/') != "/socket.io" {
        line.push_str(&format!(" --path {}", word(&row.path)));
    }
    if row.wants_ack {
        line.push_str(" --ack");
    }
    if event.starts_with('-') || args.iter().any(|a| a.starts_with('-')) {
        line.push_str(" --");
    }
    line.push_str(&format!(" {} {}", word(&row.target), word(event)));
    for arg in &args {
        line.push(' ');
        line.push_str(&word(arg));
    }
    Ok(line)
}

fn arguments(row: &Row) -> Result<Vec<String>, &'static str> {
    let Some(raw) = row.args.as_deref() else {
        return Ok(Vec::new());
    };
    match json::value(raw).and_then(|array| json::values(&array)) {
        Ok(values) => Ok(values),
        Err(_) => Err("its arguments are no JSON"),
    }
}

/// A text as a JSON string, which is a JavaScript string as well.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Compact JSON with its binary leaves as JavaScript makes them.
fn buffers(value: &str) -> String {
    const MARK: &str = "{\"$binary\":";
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    // Within a string the quotes have backslashes, so the mark is a real leaf.
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        match after.split_once('}') {
            Some((data, tail)) if data.starts_with('"') => {
                let bytes = format!("Uint8Array.from(atob({data}), (c) => c.charCodeAt(0))");
                out.push_str(&bytes);
                rest = tail;
            }
            _ => {
                out.push_str(MARK);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::Request;

    fn row(event: &str, args: &str) -> Row {
        Row {
            target: "http://localhost:3000/".into(),
            path: "/socket.io".into(),
            raw: "42".into(),
            nsp: "/chat".into(),
            event: Some(event.into()),
            args: Some(args.into()),
            ..Row::default()
        }
    }

    #[test]
    fn javascript_emits_the_same() {
        let mut r = row("say", "[\"it's\",{\"$binary\":\"AQI=\"},[1]]");
        r.wants_ack = true;
        assert_eq!(
            javascript(&r).unwrap(),
            "io(\"http://localhost:3000/chat\").emit(\"say\", \"it's\", \
             Uint8Array.from(atob(\"AQI=\"), (c) => c.charCodeAt(0)), [1], \
             (...answer) => console.log(answer));"
        );
        r = row("e\"x", "[]");
        r.nsp = "/".into();
        r.path = "/ws/".into();
        r.auth = Some("{\"token\":\"t\"}".into());
        r.headers = vec![("X-A".into(), "b\"c".into())];
        assert_eq!(
            javascript(&r).unwrap(),
            "io(\"http://localhost:3000\", {path: \"/ws/\", auth: {\"token\":\"t\"}, \
             extraHeaders: {\"X-A\": \"b\\\"c\"}}).emit(\"e\\\"x\");"
        );
        // One argument that is an array stays one argument.
        assert!(
            javascript(&row("e", "[[1,2]]"))
                .unwrap()
                .ends_with("emit(\"e\", [1,2]);")
        );
    }

    #[test]
    fn sioscope_emits_the_same() {
        let mut r = row("say", "[\"it's\",-1]");
        r.wants_ack = true;
        r.headers = vec![("Cookie".into(), "a=b; c".into())];
        assert_eq!(
            emit(&r).unwrap(),
            "sioscope emit -n /chat -H 'Cookie: a=b; c' --ack -- http://localhost:3000/ say \
             '\"it'\\''s\"' -1"
        );
        r = row("e", "[]");
        r.nsp = "/admin".into();
        r.path = "/ws".into();
        r.auth = Some("{\"t\":1}".into());
        assert_eq!(
            emit(&r).unwrap(),
            "sioscope emit -n '/admin={\"t\":1}' --path /ws http://localhost:3000/ e"
        );
    }

    #[test]
    fn curl_makes_the_same_request() {
        let header = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        let mut r = Row {
            request: Some(Request {
                x: 1,
                method: "POST".into(),
                url: "http://h/socket.io/?EIO=4&sid=a".into(),
                headers: vec![
                    header("Host", "h"),
                    header("Content-Length", "3"),
                    header("Accept-Encoding", "gzip"),
                    header("Cookie", "it's"),
                    header("X-Empty", ""),
                ],
                body: "42\u{1e}3".into(),
            }),
            ..Row::default()
        };
        assert_eq!(
            curl(&r).unwrap(),
            "curl 'http://h/socket.io/?EIO=4&sid=a' --compressed -H 'Cookie: it'\\''s' \
             -H 'X-Empty;' --data-raw \"$(printf '%b' '42\\00363')\""
        );
        if let Some(request) = r.request.as_mut() {
            request.method = "GET".into();
            request.headers.clear();
            request.body = Default::default();
        }
        assert_eq!(curl(&r).unwrap(), "curl 'http://h/socket.io/?EIO=4&sid=a'");
        if let Some(request) = r.request.as_mut() {
            request.method = "OPTIONS".into();
            request.body = vec![0, 0xff].into();
        }
        assert_eq!(
            curl(&r).unwrap(),
            "printf %s AP8= | base64 -d | curl -X OPTIONS 'http://h/socket.io/?EIO=4&sid=a' \
             --data-binary @-"
        );
    }

    #[test]
    fn json_keeps_what_a_parser_would_lose() {
        assert_eq!(json(&row("e", "[1]")).unwrap(), "[1]");
        let long = format!("[\"{}\"]", "x".repeat(80));
        assert!(json(&row("e", &long)).unwrap().contains("\n  \""));
        let huge = format!("[{}]", "9".repeat(80));
        assert_eq!(json(&row("e", &huge)).unwrap(), huge);
    }

    #[test]
    fn what_a_row_has_not_is_said() {
        let ping = Row::default();
        for form in [json, curl, javascript, emit] {
            assert!(form(&ping).is_err());
        }
        assert!(emit(&row("e", "[1,")).is_err());
    }
}
