//! Configurations of nginx, as people write them. Each takes the ports of the servers.

use std::fmt::Write as _;

use crate::lab::Site;

/// What the documentation of Socket.IO recommends for a WebSocket to pass.
const UPGRADE: &str = "
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $http_host;";

/// `Connection: upgrade` where the client wants one, `close` where not.
const CONNECTION: &str =
    "    map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n";

/// An upstream of `ports` whose first line is `policy`.
fn upstream(policy: &str, parameters: &str, ports: &[u16]) -> String {
    let mut text = format!("    upstream nodes {{\n        {policy}\n");
    for port in ports {
        let _ = writeln!(text, "        server 127.0.0.1:{port}{parameters};");
    }
    text + "    }\n"
}

/// A `location /` that passes everything on to `nodes`, upgrades too, with further lines.
fn everything(lines: &str) -> String {
    format!(
        "        location / {{
            proxy_pass http://nodes;{UPGRADE}
            {lines}
        }}"
    )
}

fn site(upstream: &str, server: String) -> Site {
    Site {
        http: format!("{CONNECTION}{upstream}"),
        server,
    }
}

/// As the documentation recommends: one policy for an upstream, everything else by default.
fn balanced(policy: &str, ports: &[u16]) -> Site {
    site(&upstream(policy, "", ports), everything(""))
}

/// Everything as it should be, in front of one server.
pub fn plain(ports: &[u16]) -> Site {
    balanced("", ports)
}

/// Several servers in turn: nothing keeps a client at one of them.
pub fn round_robin(ports: &[u16]) -> Site {
    balanced("", ports)
}

/// Each client address at one server. On one machine all clients are at the same.
pub fn ip_hash(ports: &[u16]) -> Site {
    balanced("ip_hash;", ports)
}

/// Each client at the server that its cookie `route` says. nginx sets the cookie where it is missing.
pub fn hash_by_cookie(ports: &[u16]) -> Site {
    hash_by_cookie_with("Path=/; HttpOnly", ports)
}

/// As [`hash_by_cookie`], with other attributes of the cookie.
pub fn hash_by_cookie_with(attributes: &str, ports: &[u16]) -> Site {
    let maps = format!(
        "    map $cookie_route $route {{ '' $request_id; default $cookie_route; }}
    map $cookie_route $new_route {{ '' 'route=$request_id; {attributes}'; default ''; }}\n"
    );
    Site {
        http: format!("{CONNECTION}{maps}{}", upstream("hash $route;", "", ports)),
        server: everything("add_header Set-Cookie $new_route always;"),
    }
}

/// The answer to an upgrade loses what it says of compression.
pub fn without_extensions_header(ports: &[u16]) -> Site {
    site(
        &upstream("", "", ports),
        everything("proxy_hide_header Sec-WebSocket-Extensions;"),
    )
}

/// `Upgrade` and `Connection` stay behind: they belong to one hop, and nobody passes them on.
pub fn without_upgrade_headers(ports: &[u16]) -> Site {
    site(
        &upstream("", "", ports),
        "        location / { proxy_pass http://nodes; proxy_http_version 1.1; }".to_owned(),
    )
}

/// As [`without_upgrade_headers`], but `Connection: upgrade` is sent.
pub fn with_connection_and_no_upgrade(ports: &[u16]) -> Site {
    site(
        &upstream("", "", ports),
        "        location / {
            proxy_pass http://nodes;
            proxy_http_version 1.1;
            proxy_set_header Connection upgrade;
        }"
        .to_owned(),
    )
}

/// Whatever says nothing for this long is cut.
pub fn read_timeout(time: &str, ports: &[u16]) -> Site {
    site(
        &upstream("", "", ports),
        everything(&format!("proxy_read_timeout {time};")),
    )
}

/// A server is asked whatever became of the requests before, and nobody else instead of it.
pub fn without_failover(ports: &[u16]) -> Site {
    site(
        &upstream("", " max_fails=0", ports),
        everything("proxy_next_upstream off;"),
    )
}

/// The prefix of the location is replaced: `/socket.io/` becomes `/`.
pub fn rewritten_prefix(ports: &[u16]) -> Site {
    site(
        &upstream("", "", ports),
        format!(
            "        location /socket.io/ {{\n            proxy_pass http://nodes/;{UPGRADE}\n        }}"
        ),
    )
}

/// The application lives under `/app/`, and the location is the only one.
pub fn under_a_prefix(ports: &[u16]) -> Site {
    site(
        &upstream("", "", ports),
        format!(
            "        location /app/ {{\n            proxy_pass http://nodes/;{UPGRADE}\n        }}"
        ),
    )
}

/// Bodies of one kilobyte and no more.
pub fn small_bodies(ports: &[u16]) -> Site {
    site(
        &upstream("", "", ports),
        everything("client_max_body_size 1k;"),
    )
}

/// Responses are passed on as they come (`off`) or when they are whole (`on`).
pub fn buffering(on: bool, ports: &[u16]) -> Site {
    let word = if on { "on" } else { "off" };
    site(
        &upstream("", "", ports),
        everything(&format!(
            "proxy_buffering {word};\n            proxy_request_buffering {word};"
        )),
    )
}
