//! The connect dialog's fields as options, and back. Mistakes come with their byte offset.

use std::path::PathBuf;

use serde_json::value::RawValue;
use url::Url;

use crate::client::Options;
use crate::client::options::{Auth, NamespaceAuth};
use crate::tui::json;

type Result<T> = std::result::Result<T, (usize, String)>;

/// A target; without a scheme it is `http`.
pub fn url(typed: &str) -> Result<Url> {
    let trimmed = typed.trim();
    if trimmed.is_empty() {
        return Err((0, "write a URL, such as http://localhost:3000".to_owned()));
    }
    let whole = match trimmed.contains("://") {
        true => trimmed.to_owned(),
        false => format!("http://{trimmed}"),
    };
    let url = Url::parse(&whole).map_err(|e| (0, format!("this is no URL: {e}")))?;
    if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
        let what = format!(
            "{} is no scheme for it: http, https, ws or wss",
            url.scheme()
        );
        return Err((0, what));
    }
    match url.host() {
        Some(_) => Ok(url),
        None => Err((0, "this URL has no host".to_owned())),
    }
}

/// The namespace that a URL's path names.
pub fn namespace_of(url: &Url) -> Vec<NamespaceAuth> {
    let path = url.path();
    vec![NamespaceAuth {
        nsp: if path.is_empty() { "/" } else { path }.to_owned(),
        auth: None,
    }]
}

/// JSON, `@FILE` or `!COMMAND`; nothing is none.
pub fn auth(typed: &str) -> Result<Option<Auth>> {
    let trimmed = typed.trim();
    let start = typed.len() - typed.trim_start().len();
    if trimmed.is_empty() {
        return Ok(None);
    }
    if let Some(path) = trimmed.strip_prefix('@') {
        return match path.is_empty() {
            true => Err((start, "write a file's path after @".to_owned())),
            false => Ok(Some(Auth::File(PathBuf::from(path)))),
        };
    }
    if let Some(command) = trimmed.strip_prefix('!') {
        return match command.trim().is_empty() {
            true => Err((start, "write a command after !".to_owned())),
            false => Ok(Some(Auth::Command(command.trim().to_owned()))),
        };
    }
    let json = json::value(typed).map_err(|e| (e.at, e.what))?;
    Ok(Some(Auth::Json(json)))
}

/// An auth as [`auth`] reads it.
pub fn written_auth(auth: &Auth) -> String {
    match auth {
        Auth::Json(json) => json.clone(),
        Auth::File(path) => format!("@{}", path.display()),
        Auth::Command(command) => format!("!{command}"),
    }
}

/// Namespaces with commas between them, each with its own auth after `=` where it has one.
pub fn namespaces(typed: &str) -> Result<Vec<NamespaceAuth>> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = typed.get(at..).unwrap_or_default();
        let skipped = rest.trim_start_matches([' ', ',']);
        at += rest.len() - skipped.len();
        if skipped.is_empty() {
            return Ok(found);
        }
        let end = skipped.find([',', ' ', '=']).unwrap_or(skipped.len());
        let name = skipped.get(..end).unwrap_or_default();
        if name.is_empty() {
            return Err((at, "write a namespace before the =".to_owned()));
        }
        let slash = if name.starts_with('/') { "" } else { "/" };
        let nsp = format!("{slash}{name}");
        at += end;
        let Some(value) = skipped.get(end..).and_then(|r| r.strip_prefix('=')) else {
            found.push(NamespaceAuth { nsp, auth: None });
            continue;
        };
        at += 1;
        let length = match value.chars().next() {
            // A command may hold commas, so it takes the rest.
            Some('!') => value.len(),
            Some('@') => value.find(',').unwrap_or(value.len()),
            _ => {
                let mut values = serde_json::Deserializer::from_str(value).into_iter::<&RawValue>();
                match values.next() {
                    Some(Ok(_)) => values.byte_offset(),
                    _ => value.len(),
                }
            }
        };
        let own = auth(value.get(..length).unwrap_or_default())
            .map_err(|(inside, what)| (at + inside, what))?;
        if own.is_none() {
            return Err((at, "write JSON, @FILE or !COMMAND after the =".to_owned()));
        }
        found.push(NamespaceAuth { nsp, auth: own });
        at += length;
    }
}

/// The namespaces as [`namespaces`] reads them; nothing where they are what the URL says.
pub fn written_namespaces(options: &Options) -> String {
    if options.namespaces == namespace_of(&options.url) {
        return String::new();
    }
    // A command takes all that follows, so it comes last.
    let mut sorted: Vec<&NamespaceAuth> = options.namespaces.iter().collect();
    sorted.sort_by_key(|n| matches!(n.auth, Some(Auth::Command(_))));
    let written: Vec<String> = sorted
        .into_iter()
        .map(|n| match &n.auth {
            Some(auth) => format!("{}={}", n.nsp, written_auth(auth)),
            None => n.nsp.clone(),
        })
        .collect();
    written.join(", ")
}

/// `Name: value`, one a line.
pub fn headers(typed: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in typed.split('\n') {
        if !line.trim().is_empty() {
            let Some((name, value)) = line.split_once(':') else {
                let what = "a header is written Name: value".to_owned();
                return Err((at + line.len(), what));
            };
            let name = name.trim();
            if name.is_empty() || http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                let what = "a header's name has letters, digits and - only".to_owned();
                return Err((at, what));
            }
            if let Some(bad) = value.find(|c: char| c.is_control() && c != '\t') {
                let what = "a header's value has no control characters".to_owned();
                return Err((at + line.len() - value.len() + bad, what));
            }
            found.push((name.to_owned(), value.trim().to_owned()));
        }
        at += line.len() + 1;
    }
    Ok(found)
}

/// Headers as [`headers`] reads them.
pub fn written_headers(headers: &[(String, String)]) -> String {
    let lines: Vec<String> = headers.iter().map(|(n, v)| format!("{n}: {v}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_with_and_without_a_scheme() {
        let cases = [
            ("localhost:3000", Some("http://localhost:3000/")),
            (
                " https://a.example/chat?x=1 ",
                Some("https://a.example/chat?x=1"),
            ),
            ("ws://[::1]:80", Some("ws://[::1]/")),
            ("127.0.0.1", Some("http://127.0.0.1/")),
            ("", None),
            ("ftp://a", None),
            ("http://", None),
            ("a b", None),
        ];
        for (typed, read) in cases {
            assert_eq!(url(typed).ok().as_ref().map(Url::as_str), read, "{typed}");
        }
    }

    #[test]
    fn namespaces_are_read_and_written_back() {
        let cases = [
            ("", ""),
            (
                "/chat, /admin={\"token\":\"a, b\"}",
                "/chat, /admin={\"token\":\"a, b\"}",
            ),
            ("chat /x", "/chat, /x"),
            ("/a=@/tmp/t, /b", "/a=@/tmp/t, /b"),
            ("/b=!get token, please", "/b=!get token, please"),
            ("/a={\"x\" : [1,2]} /b", "/a={\"x\":[1,2]}, /b"),
        ];
        for (typed, written) in cases {
            let mut options = Options::new(Url::parse("http://h/none").unwrap());
            options.namespaces = namespaces(typed).unwrap_or_else(|e| panic!("{typed}: {e:?}"));
            let shown = written_namespaces(&options);
            assert_eq!(shown, written);
            assert_eq!(namespaces(&shown).unwrap(), options.namespaces);
        }
        for (typed, at) in [("/a={x}", 4), ("/a=", 3), ("={}", 0), ("/a=@", 3)] {
            let wrong = namespaces(typed)
                .map(|n| format!("{n:?}"))
                .expect_err(typed);
            assert_eq!(wrong.0, at, "{typed}: {}", wrong.1);
        }
    }

    #[test]
    fn headers_are_one_a_line() {
        let read = headers("Cookie: a=b; c=d\n\nX-Time: 12:30").unwrap();
        assert_eq!(
            read,
            [
                ("Cookie".into(), "a=b; c=d".into()),
                ("X-Time".into(), "12:30".into())
            ]
        );
        assert_eq!(headers(&written_headers(&read)).unwrap(), read);
        assert_eq!(headers("A: b\nnonsense").map_err(|e| e.0), Err(13));
        assert_eq!(headers("A b: c").map_err(|e| e.0), Err(0));
        assert_eq!(headers("A: c\u{1b}d").map_err(|e| e.0), Err(4));
    }
}
