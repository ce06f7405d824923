//! Facts of connections as lines: handshake, upgrade, compression, headers, end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::form::canonical;
use super::ids::{BUSTER, SID};
use super::line::{Line, What};
use super::reader::{Link, Reader, fact};
use crate::journal::Record;
use crate::journal::record::{Body, Direction, Headers, Request, Response};
use crate::journal::redact::is_secret_name;
use crate::model::Packet;
use crate::model::decode::Kind;

/// Exchanges that may wait for their response.
const EXCHANGES: usize = 1_000;

/// What must be kept between records to tell the facts.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Exchanges without a response that are looked at.
    asked: BTreeMap<u64, Asked>,
    /// Connections that began with polling, and the line of their handshake.
    polling: BTreeMap<u32, usize>,
    /// Connections that tried to upgrade.
    tried: BTreeSet<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Handshake,
    Websocket,
    Upgrade,
}

impl Reader<'_> {
    /// What a record tells of its connection, but for its end.
    pub(super) fn take_facts(&mut self, record: &Record, packets: &[Packet]) {
        let Some(c) = record.c else {
            return;
        };
        match &record.body {
            Body::Request(request) => self.take_request(record, c, request),
            Body::Response(response) => self.take_response(record, c, response),
            _ => {}
        }
        for packet in packets {
            if let Kind::Engine { name: "open", data } = &packet.kind
                && packet.dir == Direction::ToClient
            {
                self.take_handshake(record, c, data);
            }
        }
        self.take_upgrade(record, c);
    }

    fn link(&mut self, c: u32) -> &mut Link {
        self.side.links.entry(c).or_default()
    }

    fn take_request(&mut self, record: &Record, c: u32, request: &Request) {
        let parameter = |wanted: &str| {
            let query = request.url.split_once('?')?.1;
            query.split('&').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                (name == wanted).then_some(value)
            })
        };
        let sid = parameter("sid");
        if let Some(sid) = sid {
            self.ids.learn(sid, SID);
        } else if let Some(buster) = parameter("t") {
            self.ids.learn(buster, BUSTER);
        }
        let asked = match (parameter("transport"), sid) {
            (Some("websocket"), None) => Asked::Websocket,
            (Some("websocket"), Some(_)) => Asked::Upgrade,
            (_, None) => Asked::Handshake,
            _ => return,
        };
        let mut headers = request.headers.iter();
        if let Some((_, key)) =
            headers.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        {
            self.ids.learn(key, BUSTER);
        }
        if self.facts.asked.len() >= EXCHANGES {
            self.facts.asked.pop_first();
        }
        self.facts.asked.insert(request.x, asked);
        if asked == Asked::Upgrade {
            self.facts.tried.insert(c);
        } else {
            self.add_headers(record, c, "handshake request", &request.headers);
        }
    }

    fn take_response(&mut self, record: &Record, c: u32, response: &Response) {
        let Some(asked) = self.facts.asked.remove(&response.x) else {
            return;
        };
        if response.error.is_some() || !matches!(response.status, 101 | 200) {
            return; // the end, or the upgrade's failure, says it
        }
        let name = match asked {
            Asked::Upgrade => "upgrade response",
            Asked::Handshake | Asked::Websocket => "handshake response",
        };
        self.add_headers(record, c, name, &response.headers);
        if response.status == 101 {
            let agreed = response.headers.iter().find_map(|(name, value)| {
                let extension = name.eq_ignore_ascii_case("sec-websocket-extensions");
                (extension && value.contains("permessage-deflate")).then_some("permessage-deflate")
            });
            let line = Line {
                name: self.named("websocket"),
                form: canonical(&json!({ "compression": agreed })),
                ..fact(record, What::Websocket)
            };
            let place = self.push(line);
            self.link(c).websocket = Some(place);
        }
    }

    fn add_headers(&mut self, record: &Record, c: u32, name: &str, headers: &Headers) {
        if headers.is_empty() {
            return; // an imported session need not have them
        }
        let line = Line {
            name: self.named(name),
            form: canonical(&headers_form(headers)),
            ..fact(record, What::Headers)
        };
        let place = self.push(line);
        self.link(c).headers.push(place);
    }

    fn take_handshake(&mut self, record: &Record, c: u32, data: &str) {
        let mut form: Map<String, Value> = serde_json::from_str(data).unwrap_or_default();
        if let Some(sid) = form.remove("sid").as_ref().and_then(Value::as_str) {
            self.ids.learn(sid, SID);
        }
        let polling = !matches!(record.body, Body::Frame(_));
        let eio = self.model.connections.get(&c).and_then(|c| c.eio);
        let transport = if polling { "polling" } else { "websocket" };
        form.insert("EIO".to_owned(), json!(eio));
        form.insert("transport".to_owned(), json!(transport));
        let line = Line {
            dir: Some(Direction::ToClient),
            name: self.named("handshake"),
            data: Some(data.to_owned()),
            form: canonical(&Value::Object(form)),
            ..fact(record, What::Handshake)
        };
        let place = self.push(line);
        self.link(c).handshake.get_or_insert(place);
        if polling {
            self.facts.polling.insert(c, place);
        }
    }

    fn take_upgrade(&mut self, record: &Record, c: u32) {
        // Whoever leaves while it upgrades has not failed to.
        let over = self
            .side
            .links
            .get(&c)
            .is_some_and(|link| link.end.is_some());
        if over || !self.facts.polling.contains_key(&c) {
            return;
        }
        let Some(upgrade) = self.model.connections.get(&c).map(|c| &c.upgrade) else {
            return;
        };
        if upgrade.began.is_some() {
            self.facts.tried.insert(c);
        }
        let line = match (upgrade.done, &upgrade.error) {
            (Some(_), _) => Line {
                form: json!("upgraded to WebSocket").to_string(),
                ..fact(record, What::Upgrade)
            },
            // Whoever gives up because the connection ended has not failed to upgrade.
            (None, Some(error)) if error.starts_with("given up") => return,
            (None, Some(error)) => Line {
                form: json!("the upgrade to WebSocket failed").to_string(),
                data: Some(error.clone()),
                ..fact(record, What::Upgrade)
            },
            (None, None) => return,
        };
        self.facts.polling.remove(&c);
        let place = self.push(line);
        self.link(c).upgrade = Some(place);
    }

    /// The end of a connection, once the model knows of it.
    pub(super) fn take_end(&mut self, record: &Record) {
        let Some(c) = record.c else {
            return;
        };
        let Some(connection) = self.model.connections.get(&c) else {
            return;
        };
        let told = (self.side.links.get(&c)).is_some_and(|link| link.end.is_some());
        if connection.closed.is_none() || told {
            return;
        }
        let reason = connection.reason.clone().unwrap_or_default();
        let detail = connection.detail.clone();
        let form = json!({ "reason": reason, "under it": detail.as_deref().and_then(code_in) });
        let line = Line {
            name: self.named(&reason),
            form: canonical(&form),
            data: detail,
            ..fact(record, What::End)
        };
        let place = self.push(line);
        self.link(c).end = Some(place);
    }

    /// What is known only at the end: who never tried to upgrade.
    pub(super) fn last_facts(&mut self) {
        let stayed: Vec<(u32, usize)> = (self.facts.polling.iter())
            .filter(|(c, _)| !self.facts.tried.contains(c))
            .map(|(c, place)| (*c, *place))
            .collect();
        for (c, handshake) in stayed {
            let Some(handshake) = self.side.lines.get(handshake) else {
                continue;
            };
            let line = Line {
                what: What::Upgrade,
                dir: None,
                data: None,
                name: std::sync::Arc::from(""),
                form: json!("stayed on polling").to_string(),
                ..handshake.clone()
            };
            let place = self.push(line);
            self.link(c).upgrade = Some(place);
        }
    }
}

/// The close code or HTTP status that a detail names.
fn code_in(detail: &str) -> Option<String> {
    ["code ", "HTTP "].iter().find_map(|word| {
        let rest = detail.split_once(word)?.1;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then(|| format!("{word}{digits}"))
    })
}

/// Headers as they are compared: by lower-case name; those that differ each time left out.
fn headers_form(headers: &Headers) -> Value {
    let mut form = Map::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let value = match name.as_str() {
            "date"
            | "age"
            | "etag"
            | "host"
            | "content-length"
            | "sec-websocket-key"
            | "sec-websocket-accept"
            | "x-request-id"
            | "x-correlation-id"
            | "traceparent"
            | "cf-ray"
            | "x-amzn-trace-id"
            | "x-amz-cf-id"
            | "x-cloud-trace-context" => continue,
            // Which cookies, not what they say.
            "cookie" => value
                .split(';')
                .map(cookie_name)
                .collect::<Vec<_>>()
                .join("; "),
            "set-cookie" => cookie_name(value),
            // Words whose case means nothing.
            "connection" | "upgrade" => value.trim().to_ascii_lowercase(),
            name if is_secret_name(name) || name.contains("key") => "‹masked›".to_owned(),
            _ => value.trim().to_owned(),
        };
        match form.get_mut(&name) {
            Some(Value::String(before)) => {
                before.push_str(", ");
                before.push_str(&value);
            }
            _ => {
                form.insert(name, Value::String(value));
            }
        }
    }
    Value::Object(form)
}

fn cookie_name(cookie: &str) -> String {
    let name = cookie.split_once('=').map_or(cookie, |(name, _)| name);
    format!("{}=…", name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_differ_each_time_and_secrets_are_left_out() {
        let headers = [
            ("Date", "now"),
            ("Host", "h:1"),
            ("Cookie", "io=x1; route=b"),
            ("Set-Cookie", "a=1; Path=/"),
            ("Set-Cookie", "b=2"),
            ("Authorization", "Bearer x"),
            ("Server", "nginx"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            headers_form(&headers.to_vec()),
            json!({"cookie": "io=…; route=…", "set-cookie": "a=…, b=…", "authorization": "‹masked›", "server": "nginx"})
        );
    }

    #[test]
    fn the_code_under_a_reason_is_found() {
        assert_eq!(code_in("close code 1006").as_deref(), Some("code 1006"));
        assert_eq!(code_in("HTTP 400 {}").as_deref(), Some("HTTP 400"));
        assert_eq!(code_in("after 20 s"), None);
    }
}
