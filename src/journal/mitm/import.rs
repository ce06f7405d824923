//! Flows as the records of a session.

use std::collections::HashMap;
use std::io::Read as _;

use bytes::Bytes;
use jiff::Timestamp;

use super::tnetstring::{self, Value};
use crate::journal::file::{Header, Source};
use crate::journal::har::{Imported, query_value, sid_of};
use crate::journal::record::{
    Body, Direction, Fault, Frame, Headers, Mark, Opcode, Record, Request, Response, Timing,
};

/// The newest version of the format of which its meaning here is known.
const NEWEST: f64 = 21.0;
/// A compressed body that unpacks to more is left as it is.
const LARGEST: u64 = 64 << 20;

/// What is wrong with a flow file.
#[derive(Debug, thiserror::Error)]
pub enum MitmError {
    /// It can't be read.
    #[error("it is no mitmproxy flow file: byte {at}: {what}")]
    Broken {
        /// Offset in the file.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// It has no Socket.IO in it.
    #[error(
        "it is a mitmproxy flow file without Socket.IO: none of its {flows} flows has EIO and \
         transport in its query"
    )]
    Nothing {
        /// Flows in it.
        flows: usize,
    },
    /// A newer mitmproxy wrote it.
    #[error(
        "a newer mitmproxy wrote it (format {version}, known up to 21): export it there as HAR \
         (save.har) and open that"
    )]
    Newer {
        /// Its version.
        version: f64,
    },
}

/// Reads a flow file. A flow that is cut at the file's end is left out, as mitmproxy itself does,
/// and that is said.
///
/// # Errors
/// See [`MitmError`].
pub fn import(bytes: &[u8]) -> Result<Imported, MitmError> {
    let mut flows = Vec::new();
    let mut cut = false;
    let mut at = 0;
    while at < bytes.len() {
        match tnetstring::read(bytes, at) {
            Ok((flow, next)) => {
                flows.push(flow);
                at = next;
            }
            Err(mistake) if mistake.cut && !flows.is_empty() => {
                cut = true;
                break;
            }
            Err(mistake) => {
                return Err(MitmError::Broken {
                    at: mistake.at,
                    what: mistake.what,
                });
            }
        }
    }
    if let Some(version) = flows
        .iter()
        .filter_map(|flow| flow.get("version").number())
        .find(|version| *version > NEWEST)
    {
        return Err(MitmError::Newer { version });
    }
    let mut wanted: Vec<(f64, String, &Value<'_>)> = flows
        .iter()
        .filter_map(|flow| {
            let request = flow.get("request");
            let url = url_of(request)?;
            let ours =
                query_value(&url, "EIO").is_some() && query_value(&url, "transport").is_some();
            let started = request.get("timestamp_start").number()?;
            ours.then_some((started, url, flow))
        })
        .collect();
    wanted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some((first, url, _)) = wanted.first() else {
        return Err(MitmError::Nothing { flows: flows.len() });
    };
    let began = Timestamp::from_millisecond((first * 1e3) as i64).unwrap_or_default();
    let zero = began.as_millisecond() as f64 / 1e3;
    let path = url
        .find("://")
        .and_then(|at| url.get(at + 3..))
        .and_then(|rest| rest.find('/'));
    let origin = path.map_or(url.as_str(), |path| {
        let from = url.find("://").map_or(0, |at| at + 3);
        url.get(..from + path).unwrap_or(url)
    });
    let header = Header {
        started: began,
        source: Source::Mitm,
        target: origin.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        parser: None,
    };
    let mut records = Vec::new();
    let mut connections: HashMap<String, u32> = HashMap::new();
    let mut count = 0;
    for (x, (started, url, flow)) in (1..).zip(&wanted) {
        let told = told_sid(flow);
        let sid = query_value(url, "sid").map(str::to_owned).or(told);
        let known = sid.as_ref().and_then(|sid| connections.get(sid).copied());
        let c = known.unwrap_or_else(|| {
            count += 1;
            if let Some(sid) = sid {
                connections.insert(sid, count);
            }
            count
        });
        take_flow(x, c, zero, *started, url, flow, &mut records);
    }
    records.sort_by_key(|record| record.t);
    let lacks = cut.then(|| "its last flow was cut off and is left out".to_owned());
    if let Some(lacks) = &lacks {
        records.push(Record {
            n: 0,
            t: records.last().map_or(0, |last| last.t),
            c: None,
            body: Body::Mark(Mark {
                text: format!("the file ends here: {lacks}"),
            }),
        });
    }
    for (n, record) in (1..).zip(&mut records) {
        record.n = n;
    }
    Ok(Imported {
        header,
        records,
        lacks,
    })
}

fn take_flow(
    x: u64,
    c: u32,
    zero: f64,
    started: f64,
    url: &str,
    flow: &Value<'_>,
    records: &mut Vec<Record>,
) {
    // A cast from float saturates.
    let micros = |at: f64| ((at - zero) * 1e6).round() as u64;
    let mut add = |at: f64, body| {
        records.push(Record {
            n: 0,
            t: micros(at),
            c: Some(c),
            body,
        });
    };
    let request = flow.get("request");
    add(
        started,
        Body::Request(Request {
            x,
            method: request.get("method").text().unwrap_or_default(),
            url: url.to_owned(),
            headers: headers(request),
            body: content(request),
        }),
    );
    let response = flow.get("response");
    let failed = flow.get("error");
    let ended = response
        .get("timestamp_end")
        .number()
        .or_else(|| response.get("timestamp_start").number())
        .or_else(|| failed.get("timestamp").number())
        .unwrap_or(started);
    let error = failed.get("msg").text();
    let status = response
        .get("status_code")
        .number()
        .map_or(0, |status| status as u16);
    let websocket = flow.get("websocket");
    let answered = if *websocket == Value::Null {
        ended
    } else {
        response.get("timestamp_start").number().unwrap_or(started)
    };
    if status > 0 || error.is_some() {
        add(
            answered,
            Body::Response(Response {
                x,
                status,
                headers: headers(response),
                body: content(response),
                timing: Timing {
                    first_byte: response
                        .get("timestamp_start")
                        .number()
                        .map(|first| (first - started) * 1e3),
                    total: Some((answered - started) * 1e3),
                    ..Timing::default()
                },
                // After a 101 an error belongs to the WebSocket.
                error: error.filter(|_| status != 101),
            }),
        );
    }
    for message in websocket.get("messages").list() {
        let [opcode, from_client, data, at, rest @ ..] = message.list() else {
            continue;
        };
        let (Some(data), Some(at)) = (data.bytes(), at.number()) else {
            continue;
        };
        if rest.get(1).is_some_and(Value::is_true) {
            add(
                at,
                made("inject", "the next frame was made up in mitmproxy"),
            );
        }
        add(
            at,
            Body::Frame(Frame {
                dir: direction(from_client.is_true()),
                op: if opcode.number() == Some(1.0) {
                    Opcode::Text
                } else {
                    Opcode::Binary
                },
                data: Bytes::copy_from_slice(data),
                code: None,
                reason: None,
                wire: None,
            }),
        );
        if rest.first().is_some_and(Value::is_true) {
            add(
                at,
                made("drop", "mitmproxy did not hand the frame before this on"),
            );
        }
    }
    if let (Some(code), Some(at)) = (
        websocket.get("close_code").number(),
        websocket.get("timestamp_end").number(),
    ) {
        let code = code as u16;
        // 1005 and 1006 never cross the wire: no code, and no close frame at all.
        if code != 1006 {
            add(
                at,
                Body::Frame(Frame {
                    dir: direction(websocket.get("closed_by_client").is_true()),
                    op: Opcode::Close,
                    data: Bytes::new(),
                    code: (code != 1005).then_some(code),
                    reason: websocket
                        .get("close_reason")
                        .text()
                        .filter(|text| !text.is_empty()),
                    wire: None,
                }),
            );
        }
    }
}

fn made(fault: &str, did: &str) -> Body {
    Body::Fault(Fault {
        fault: fault.to_owned(),
        rule: None,
        did: did.to_owned(),
    })
}

fn direction(from_client: bool) -> Direction {
    if from_client {
        Direction::ToServer
    } else {
        Direction::ToClient
    }
}

fn url_of(request: &Value<'_>) -> Option<String> {
    let scheme = request.get("scheme").text()?;
    let path = request.get("path").text()?;
    let host = headers(request)
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.clone());
    let authority = match host {
        Some(host) => host,
        None => format!(
            "{}:{}",
            request.get("host").text()?,
            request.get("port").number()? as u16
        ),
    };
    Some(format!("{scheme}://{authority}{path}"))
}

fn headers(message: &Value<'_>) -> Headers {
    message
        .get("headers")
        .list()
        .iter()
        .filter_map(|pair| match pair.list() {
            [name, value] => Some((name.text()?, value.text()?)),
            _ => None,
        })
        .collect()
}

/// The body without its content coding, where that is one that can be undone here.
fn content(message: &Value<'_>) -> Bytes {
    let raw = message.get("content").bytes().unwrap_or_default();
    let coding = headers(message)
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))
        .map(|(_, value)| value.to_ascii_lowercase());
    let mut plain = Vec::new();
    let done = match coding.as_deref() {
        Some("gzip") => flate2::read::GzDecoder::new(raw)
            .take(LARGEST)
            .read_to_end(&mut plain),
        Some("deflate") => flate2::read::ZlibDecoder::new(raw)
            .take(LARGEST)
            .read_to_end(&mut plain),
        _ => return Bytes::copy_from_slice(raw),
    };
    match done {
        Ok(length) if (length as u64) < LARGEST => plain.into(),
        _ => Bytes::copy_from_slice(raw),
    }
}

/// The sid that a handshake over polling or WebSocket tells.
fn told_sid(flow: &Value<'_>) -> Option<String> {
    let messages = flow.get("websocket").get("messages").list();
    sid_of(&content(flow.get("response"))).or_else(|| {
        messages
            .iter()
            .filter_map(|message| message.list().get(2)?.bytes())
            .find_map(sid_of)
    })
}
