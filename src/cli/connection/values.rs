//! Single values of the command line: times, headers, lists.

use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::{Attempts, Transports};
use crate::cli::UsageError;
use crate::journal::record::TransportName;

/// A time in milliseconds, or with its unit: `500`, `500ms`, `2s`, `1.5m`.
pub fn milliseconds(text: &str) -> Result<Duration, String> {
    duration(text, 0.001)
}

/// A time in seconds, or with its unit: `10`, `10s`, `500ms`, `2m`, `1h`.
pub fn seconds(text: &str) -> Result<Duration, String> {
    duration(text, 1.0)
}

fn duration(text: &str, bare: f64) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" => bare,
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        other => return Err(format!("unknown unit {other}; use ms, s, m or h")),
    };
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match digits.parse::<f64>() {
        Ok(number) if plain => {
            Duration::try_from_secs_f64(number * unit).map_err(|_| "too long a time".to_owned())
        }
        _ => Err("not a time; write it as in 500ms, 10s, 2m or 1h".to_owned()),
    }
}

/// `polling,websocket` in the order of preference.
pub fn transports(text: &str) -> Result<Transports, String> {
    let mut list = Vec::new();
    for name in text.split(',').map(str::trim) {
        let transport = match name {
            "polling" => TransportName::Polling,
            "websocket" | "ws" => TransportName::Websocket,
            "webtransport" => {
                return Err("webtransport is not supported; use polling, websocket".to_owned());
            }
            other => {
                return Err(format!(
                    "unknown transport {other:?}; use polling, websocket or both with a comma"
                ));
            }
        };
        if list.contains(&transport) {
            return Err(format!("{name} is named twice"));
        }
        list.push(transport);
    }
    Ok(Transports(list))
}

/// A jitter factor, 0 to 1.
pub fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (0.0..=1.0).contains(&factor) => Ok(factor),
        _ => Err("not a number from 0 to 1".to_owned()),
    }
}

/// A number of attempts, or `inf`.
pub fn attempts(text: &str) -> Result<Attempts, String> {
    match text.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Ok(Attempts(None)),
        number => number
            .parse()
            .map(|number| Attempts(Some(number)))
            .map_err(|_| "not a whole number from 0, nor inf".to_owned()),
    }
}

/// A header as with curl: `Name: value`; `Name;` sends it empty.
pub fn header(text: &str) -> Result<(String, String), UsageError> {
    let fail = |why: &str| {
        UsageError(format!(
            "-H {text:?}: {why}; write it as in -H 'Name: value'"
        ))
    };
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name.trim(), value.trim()),
        None => (
            text.strip_suffix(';')
                .ok_or_else(|| fail("no colon"))?
                .trim(),
            "",
        ),
    };
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| fail("the name holds a character that a header name can't have"))?;
    HeaderValue::from_str(value)
        .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
        .map_err(|_| fail("the value holds a control character"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A query parameter `key=value`.
pub fn query(text: &str) -> Result<(String, String), UsageError> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(UsageError(format!(
            "-q {text:?}: write it as in -q key=value"
        ))),
    }
}

/// Cookies as in a `Cookie` header: `a=1; b=2`.
pub fn cookies(text: &str) -> Result<Vec<(String, String)>, UsageError> {
    let fail = || {
        UsageError(format!(
            "-b {text:?}: write it as in -b 'name=value' or -b 'a=1; b=2'"
        ))
    };
    let mut cookies = Vec::new();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (name, value) = part.split_once('=').ok_or_else(fail)?;
        if name.is_empty() || text.chars().any(char::is_control) {
            return Err(fail());
        }
        cookies.push((name.to_owned(), value.to_owned()));
    }
    if cookies.is_empty() {
        Err(fail())
    } else {
        Ok(cookies)
    }
}

/// The HTTP path, with its leading slash.
pub fn path(text: &str) -> Result<String, UsageError> {
    if text.is_empty() || text.contains(['?', '#', ' ']) || text.chars().any(char::is_control) {
        return Err(UsageError(format!(
            "--path {text:?}: a path as in /socket.io, without query or blanks"
        )));
    }
    Ok(if text.starts_with('/') {
        text.to_owned()
    } else {
        format!("/{text}")
    })
}

/// A proxy URL; without a scheme it is an HTTP proxy, as with curl.
pub fn proxy(text: &str) -> Result<String, UsageError> {
    const SCHEMES: [&str; 5] = ["http", "https", "socks4", "socks5", "socks5h"];
    let fail = |why: &str| {
        UsageError(format!(
            "--proxy {text}: {why}; write it as in http://host:port or socks5://host:port"
        ))
    };
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = Url::parse(&full).map_err(|error| fail(&error.to_string()))?;
    if !SCHEMES.contains(&url.scheme()) {
        return Err(fail(&format!(
            "unknown scheme {}; use one of {}",
            url.scheme(),
            SCHEMES.join(", ")
        )));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(fail("no host"));
    }
    Ok(full)
}

/// `host:port:addr`, checked; curl's form.
pub fn resolve(text: &str) -> Result<String, UsageError> {
    let mut parts = text.splitn(3, ':');
    let well = match (parts.next(), parts.next(), parts.next()) {
        (Some(host), Some(port), Some(address)) => {
            let address = address.trim_start_matches('[').trim_end_matches(']');
            !host.is_empty() && port.parse::<u16>().is_ok() && address.parse::<IpAddr>().is_ok()
        }
        _ => false,
    };
    if well {
        Ok(text.to_owned())
    } else {
        Err(UsageError(format!(
            "--resolve {text}: write it as in host:port:address, e.g. example.com:443:127.0.0.1"
        )))
    }
}
