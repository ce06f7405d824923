//! Whether a Socket.IO server answers at the HTTP path; if not, where it is.

use super::case::{Case, finding};
use super::probe::Answer;
use super::report::{Check, Outcome, Verdict};
use super::visit::{PATIENCE, Wires};
use super::voice::{self, Hello, Page};
use crate::journal::record::Finding;
use crate::protocol::engine::url::SOCKET_IO_PATH;

const NAME: &str = "path";
/// Other paths that are tried where the given one is wrong.
const GUESSES: usize = 5;

/// Judges the first answer; looks elsewhere where it came from no Socket.IO server.
pub(super) async fn check(case: &mut Case<'_>) -> Outcome {
    if case.first.dial.is_some() {
        return Check::skipped(NAME, "the server was not reached").into();
    }
    let seen = case.first.records();
    match &case.hello {
        Hello::Open(_) | Hello::Refused(_) => right(case).await,
        Hello::Redirect { status, location } => {
            let finding = redirected(&case.endpoint.path, *status, location, seen);
            let detail = format!(
                "HTTP {status}, a redirect to {}; no client follows it",
                place(location)
            );
            Outcome::found(NAME, Verdict::Fail, detail, finding)
        }
        // A proxy that has no route there says so with a 404 of its own.
        Hello::Proxy(page) if !matches!(page.status, 200 | 404 | 405) => {
            let finding = refused_by_proxy(page, seen);
            Outcome::found(NAME, Verdict::Fail, page.told(), finding)
        }
        Hello::Other(_) if case.first.error.is_some() => no_http(case),
        Hello::Other(page) if matches!(page.status, 401 | 403 | 429) => {
            let finding = refused_by_proxy(page, seen);
            Outcome::found(NAME, Verdict::Fail, page.told(), finding)
        }
        Hello::Other(page) if page.words.contains("plain HTTP request was sent to HTTPS") => {
            let finding = finding(
                "tls-failure",
                "error",
                "The port speaks TLS, and the URL says http",
                seen,
                format!("{} tells so: “{}”.", page.by, page.words),
                "write https:// (or wss://) instead of http:// in the client's URL",
            );
            Outcome::found(NAME, Verdict::Fail, page.told(), finding)
        }
        Hello::Other(page) | Hello::Proxy(page) => {
            let page = page.clone();
            wrong(case, &page).await
        }
    }
}

/// The server is there: what becomes of those who leave the trailing slash out?
async fn right(case: &mut Case<'_>) -> Outcome {
    let mut endpoint = case.endpoint.clone();
    let path = endpoint.path.clone();
    let bare = path.trim_end_matches('/').to_owned();
    if bare.is_empty() {
        let detail = format!("a Socket.IO server answers at {path}");
        return Check::ok(NAME, detail).seen_in(case.first.records()).into();
    }
    endpoint.path.clone_from(&bare);
    let (answer, hello) = look(case, endpoint, "the path without its trailing slash").await;
    let told = match hello {
        Hello::Open(_) | Hello::Refused(_) => {
            format!("{bare} without the slash works, too")
        }
        // What a proxy says in the server's place tells nothing of the path.
        Hello::Proxy(_) => format!("without the trailing slash the answer is {}", answer.told()),
        _ => format!(
            "without the trailing slash the answer is {}, so clients must keep it",
            answer.told()
        ),
    };
    let detail = format!("a Socket.IO server answers at {path}; {told}");
    Check::ok(NAME, detail)
        .seen_in(case.first.records())
        .seen_in(answer.records())
        .into()
}

/// One handshake elsewhere, as no client would make it; a session that it opens is ended.
async fn look(
    case: &Case<'_>,
    endpoint: crate::protocol::engine::url::Endpoint,
    what: &str,
) -> (Answer, Hello) {
    let mut visit = case.visit(NAME, Wires::Fresh).aside();
    visit.endpoint = endpoint;
    let answer = visit.get(what, PATIENCE).await;
    let hello = voice::hello(answer.status, &answer.headers, &answer.body, visit.version);
    if let Hello::Open(opened) = &hello {
        visit.release(opened).await;
    }
    (answer, hello)
}

/// Nobody speaks Socket.IO at the path: looks where the server may be.
async fn wrong(case: &mut Case<'_>, page: &Page) -> Outcome {
    let asked = case.endpoint.path.clone();
    let mut evidence = case.first.records().to_vec();
    let mut tried = Vec::new();
    for path in guesses(&asked, case.probe.options.url.path()) {
        let mut endpoint = case.endpoint.clone();
        endpoint.path.clone_from(&path);
        let what = format!("is the server at {path}?");
        let (answer, hello) = look(case, endpoint.clone(), &what).await;
        evidence.extend(answer.records());
        if matches!(hello, Hello::Open(_) | Hello::Refused(_)) {
            let finding = moved(&asked, &path, page, case.probe.options.url.path(), evidence);
            let detail = format!(
                "at {asked}: {}; the server is at {path}, where the other checks were made",
                page.told()
            );
            // The other checks go where the server is.
            case.endpoint = endpoint;
            let mut visit = case.look("path");
            let (first, hello) = visit.open("the handshake at the right path").await;
            case.notice(&first);
            case.first = first;
            case.hello = hello;
            case.visit = Some(visit);
            return Outcome::found(NAME, Verdict::Fail, detail, finding);
        }
        tried.push(path);
    }
    let finding = finding(
        "wrong-path",
        "error",
        format!("No Socket.IO server answers at {asked}"),
        evidence,
        format!(
            "{}. A Socket.IO server would have opened a session or refused with a code of its \
             own. Nor does it answer at {}.",
            page.told(),
            tried.join(", ")
        ),
        format!(
            "find the server's path (`new Server(httpServer, {{ path: \"{SOCKET_IO_PATH}/\" }})`) \
             and give clients the same: `io(URL, {{ path: \"…\" }})`, here --path. A proxy must \
             hand the path on unchanged, nginx: `location {SOCKET_IO_PATH}/ {{ proxy_pass \
             http://backend; }}` without a path or slash behind the name"
        ),
    );
    Outcome::found(NAME, Verdict::Fail, page.told(), finding)
}

fn moved(asked: &str, path: &str, page: &Page, given: &str, evidence: Vec<u64>) -> Finding {
    let bare = path.trim_end_matches('/');
    let slashless = !path.ends_with('/');
    let prefix = bare.strip_suffix(SOCKET_IO_PATH).unwrap_or_default();
    let meant = !prefix.is_empty() && given.starts_with(prefix);
    let why = match (slashless, meant) {
        (true, _) => format!(
            "At {asked} {}; without the trailing slash a Socket.IO server answers.",
            page.told()
        ),
        (_, true) => format!(
            "At {asked} {}. The path of a client's URL names a namespace, not the place of the \
             server, so {prefix} in it never reaches the HTTP path.",
            page.told()
        ),
        _ => format!(
            "At {asked} {}, and at {path} a Socket.IO server answers.",
            page.told()
        ),
    };
    let fix = match slashless {
        true => format!(
            "client option: `io(URL, {{ path: \"{bare}\", addTrailingSlash: false }})`; or let \
             proxy and server take {bare}/, nginx: `location {bare}/ {{ … }}`"
        ),
        false => format!(
            "client option: `io(ORIGIN, {{ path: \"{bare}\" }})`, here --path {bare}; or move the \
             server: `new Server(httpServer, {{ path: \"{asked}\" }})`"
        ),
    };
    finding(
        "wrong-path",
        "error",
        format!("The server is at {path}, not at {asked}"),
        evidence,
        why,
        fix,
    )
}

/// Where the server may be instead: the default, below each part of the URL's path, without the
/// trailing slash, bare Engine.IO.
fn guesses(asked: &str, given: &str) -> Vec<String> {
    let mut list = vec![format!("{SOCKET_IO_PATH}/")];
    let mut prefix = given.trim_end_matches('/');
    while !prefix.is_empty() {
        list.push(format!("{prefix}{SOCKET_IO_PATH}/"));
        prefix = prefix.rsplit_once('/').map_or("", |(before, _)| before);
    }
    let parent = asked.trim_end_matches('/');
    if let Some((parent, _)) = parent.rsplit_once('/')
        && !parent.is_empty()
    {
        list.push(format!("{parent}{SOCKET_IO_PATH}/"));
        list.push(format!("{parent}/"));
    }
    list.push(asked.trim_end_matches('/').to_owned());
    list.push("/engine.io/".to_owned());
    list.push("/api/socket.io/".to_owned());
    let mut seen = std::collections::BTreeSet::from([asked.to_owned(), String::new()]);
    list.retain(|path| seen.insert(path.clone()));
    list.truncate(GUESSES);
    list
}

/// A location without its query, which repeats our own parameters and may be secret.
fn place(location: &str) -> String {
    voice::excerpt(location.split('?').next().unwrap_or_default())
}

/// A redirect stands before the server.
pub(super) fn redirected(
    path: &str,
    status: u16,
    location: &str,
    evidence: impl IntoIterator<Item = u64>,
) -> Finding {
    let fix = if location.starts_with("https://") {
        "give clients the https:// URL (wss:// for WebSocket), or leave the path out of the \
         redirect, nginx: `location /socket.io/ { proxy_pass http://backend; }` in the server \
         block of port 80"
            .to_owned()
    } else if location.contains("login") || location.contains("auth") {
        "somebody must be logged in first: send the cookie or header that the login gives \
         (--cookie, --header), or exclude the path from the login"
            .to_owned()
    } else {
        format!(
            "give clients the URL and path of {}, or exclude the path from the redirect",
            place(location)
        )
    };
    finding(
        "proxy-status-page",
        "error",
        format!("{path} is redirected"),
        evidence,
        format!(
            "The answer is HTTP {status} with the location {}. Socket.IO clients do not follow \
             redirects: they report `xhr poll error` or `websocket error`.",
            place(location)
        ),
        fix,
    )
}

/// A proxy (or whoever guards the server) answers in its place.
pub(super) fn refused_by_proxy(page: &Page, evidence: impl IntoIterator<Item = u64>) -> Finding {
    let (title, why, fix) = match page.status {
        401 | 403 => (
            format!("{} lets nobody in without credentials", page.by),
            "The refusal comes from before the Socket.IO server, which answers with a code of \
             its own.",
            "send what it asks for (--header 'Authorization: …', --cookie), or exclude the path, \
             nginx: `auth_basic off;` and `allow all;` in the location of /socket.io/",
        ),
        429 => (
            format!("{} limits the rate of requests", page.by),
            "Polling makes many small requests, which rate limits take for an attack.",
            "exclude the path from the limit, or use WebSocket alone: \
             `transports: [\"websocket\"]`",
        ),
        502 | 521 | 523 => (
            format!("{} does not reach the Socket.IO server", page.by),
            "It got no connection to the server behind it, or the server hung up.",
            "start the server and compare address and port with the proxy's, nginx: \
             `proxy_pass http://127.0.0.1:3000;`, `server 127.0.0.1:3000;` in the upstream block",
        ),
        503 => (
            format!("{} has no server to send us to", page.by),
            "No healthy server is behind it.",
            "look at its health checks: they must ask for something that answers 200, such as \
             /socket.io/?EIO=4&transport=polling",
        ),
        504 | 522 | 524 => (
            format!("{} waited in vain for the Socket.IO server", page.by),
            "The server behind it accepted the request and did not answer in time.",
            "look whether the server's event loop is blocked, and raise the proxy's time, nginx: \
             `proxy_read_timeout 120s;`",
        ),
        413 => (
            format!("{} takes no bodies of this size", page.by),
            "The refusal comes from the proxy; the server's own has an empty body.",
            super::fix::BODY,
        ),
        _ => (
            format!("{} answers in the server's place", page.by),
            "The page is none that a Socket.IO server sends.",
            "look at the proxy's error log for this request",
        ),
    };
    finding(
        "proxy-status-page",
        "error",
        title,
        evidence,
        format!("{}. {why}", page.told()),
        fix,
    )
}

/// TCP (and TLS) work, and what answers is no HTTP.
fn no_http(case: &Case<'_>) -> Outcome {
    let told = case.first.told();
    let fix = match (case.first.not_http, case.first.late, case.endpoint.secure) {
        (true, ..) => "check the port: another service listens on it",
        (_, true, _) => {
            "look whether the server's event loop is blocked, or the proxy's upstream hangs"
        }
        (_, _, false) => "check the port; if it speaks TLS, write https:// instead of http://",
        (_, _, true) => "look at the server's log for this request",
    };
    let finding = finding(
        "no-answer",
        "error",
        "The connection is made, and no HTTP answer comes",
        case.first.records(),
        told.clone(),
        fix,
    );
    Outcome::found(NAME, Verdict::Fail, told, finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_and_the_urls_own_path_are_looked_at_first() {
        let cases: &[(&str, &str, &[&str])] = &[
            (
                "/ws/",
                "/",
                &["/socket.io/", "/ws", "/engine.io/", "/api/socket.io/"],
            ),
            (
                "/socket.io/",
                "/app/chat",
                &[
                    "/app/chat/socket.io/",
                    "/app/socket.io/",
                    "/socket.io",
                    "/engine.io/",
                    "/api/socket.io/",
                ],
            ),
            (
                "/app/io/",
                "/",
                &[
                    "/socket.io/",
                    "/app/socket.io/",
                    "/app/",
                    "/app/io",
                    "/engine.io/",
                ],
            ),
        ];
        for (asked, given, want) in cases {
            assert_eq!(guesses(asked, given), *want, "{asked} {given}");
        }
    }

    #[test]
    fn a_redirect_to_https_is_told_with_the_url_to_use() {
        let finding = redirected("/socket.io/", 301, "https://h/socket.io/?EIO=4", [1, 2]);
        assert!(finding.fix.contains("https:// URL"), "{}", finding.fix);
        assert_eq!(finding.rule, "proxy-status-page");
        let login = redirected("/socket.io/", 302, "/login?next=x", [1]);
        assert!(login.fix.contains("logged in"), "{}", login.fix);
    }

    #[test]
    fn a_path_of_the_url_that_was_meant_as_place_is_told() {
        let page = Page {
            status: 404,
            by: "the application".to_owned(),
            words: "no".to_owned(),
        };
        let meant = moved("/socket.io/", "/app/socket.io/", &page, "/app", vec![3]);
        assert!(meant.why.contains("names a namespace"), "{}", meant.why);
        assert!(meant.fix.contains("--path /app/socket.io"), "{}", meant.fix);
        let bare = moved("/socket.io/", "/socket.io", &page, "/", vec![3]);
        assert!(bare.fix.contains("addTrailingSlash: false"), "{}", bare.fix);
    }
}
