//! Every text of a record.

use bytes::Bytes;

use super::spots::Kind;
use crate::journal::record::{Body, Direction, Headers};

/// Looks at a text; `Some` is what it becomes.
type Touch<'t> = dyn FnMut(Kind<'_>, &[u8]) -> Option<Vec<u8>> + 't;

/// Shows each text of a record to `touch`.
pub(super) fn texts(body: &mut Body, touch: &mut Touch<'_>) {
    match body {
        Body::Request(request) => {
            text(&mut request.url, Kind::Url, touch);
            headers(&mut request.headers, touch);
            bytes(&mut request.body, Kind::Payload(Direction::ToServer), touch);
        }
        Body::Response(response) => {
            headers(&mut response.headers, touch);
            bytes(
                &mut response.body,
                Kind::Payload(Direction::ToClient),
                touch,
            );
            maybe(&mut response.error, Kind::Words, touch);
        }
        Body::Frame(frame) => {
            bytes(&mut frame.data, Kind::Payload(frame.dir), touch);
            maybe(&mut frame.reason, Kind::Words, touch);
        }
        Body::Transport(transport) => maybe(&mut transport.error, Kind::Words, touch),
        Body::Connection(connection) => {
            maybe(&mut connection.reason, Kind::Words, touch);
            maybe(&mut connection.detail, Kind::Words, touch);
        }
        Body::Namespace(namespace) => {
            text(&mut namespace.nsp, Kind::Namespace, touch);
            maybe(&mut namespace.sid, Kind::Words, touch);
            maybe(&mut namespace.reason, Kind::Words, touch);
            maybe(&mut namespace.data, Kind::Words, touch);
        }
        Body::Ack(ack) => text(&mut ack.nsp, Kind::Namespace, touch),
        Body::Buffer(buffer) => {
            text(&mut buffer.nsp, Kind::Namespace, touch);
            text(
                &mut buffer.packet,
                Kind::Payload(Direction::ToServer),
                touch,
            );
        }
        Body::Fault(fault) => {
            text(&mut fault.did, Kind::Words, touch);
            maybe(&mut fault.rule, Kind::Words, touch);
        }
        Body::Gap(_) => {}
        Body::Mark(mark) => text(&mut mark.text, Kind::Words, touch),
        Body::Finding(finding) => {
            text(&mut finding.title, Kind::Words, touch);
            text(&mut finding.why, Kind::Words, touch);
            text(&mut finding.fix, Kind::Words, touch);
        }
        Body::Unknown(unknown) => text(&mut unknown.line, Kind::Words, touch),
    }
}

fn headers(headers: &mut Headers, touch: &mut Touch<'_>) {
    for (name, value) in headers {
        let name: &str = name;
        text(value, Kind::Header(name), touch);
    }
}

fn maybe(value: &mut Option<String>, kind: Kind<'_>, touch: &mut Touch<'_>) {
    if let Some(value) = value {
        text(value, kind, touch);
    }
}

fn text(value: &mut String, kind: Kind<'_>, touch: &mut Touch<'_>) {
    if let Some(new) = touch(kind, value.as_bytes()) {
        *value = match String::from_utf8(new) {
            Ok(new) => new,
            Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
        };
    }
}

fn bytes(value: &mut Bytes, kind: Kind<'_>, touch: &mut Touch<'_>) {
    if let Some(new) = touch(kind, value) {
        *value = new.into();
    }
}
