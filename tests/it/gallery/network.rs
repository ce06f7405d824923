//! What happens before the first byte of HTTP, and how bytes are packed.

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use super::take::Take;
use super::{Exhibit, silent, speaks};
use crate::lab::Generation::V4;
use crate::lab::{Lab, Nginx, Server, free_port};
use crate::nginx::configurations as conf;
use crate::nginx::stage::Stage;

const ONCE: &[&str] = &["--reconnection-attempts", "1"];

pub const EXHIBITS: &[Exhibit] = &[
    speaks(
        "tls-failure",
        "a certificate that the server has signed itself",
        |take| {
            let server = secure("127.0.0.1");
            take.stream(&https(&server, "127.0.0.1"), ONCE)
                .ends_itself();
        },
    ),
    speaks("tls-failure", "a certificate for another name", |take| {
        let server = secure("shop.example");
        take.stream(&https(&server, "127.0.0.1"), ONCE)
            .ends_itself();
    }),
    speaks(
        "tls-failure",
        "`https://` to a server that speaks plain HTTP",
        |take| {
            let server = Lab::server(V4, json!({}));
            take.stream(&https(&server, "127.0.0.1"), ONCE)
                .ends_itself();
        },
    ),
    silent(
        "tls-failure",
        "the same self-signed certificate, waved through with `--insecure`",
        |take| {
            let server = secure("127.0.0.1");
            let run = take.stream(&https(&server, "127.0.0.1"), &["--insecure"]);
            run.joins(1);
            run.echoes("one");
            run.leaves();
        },
    ),
    speaks("dns-failure", "a name that does not exist", |take| {
        take.stream("http://no-such-host.invalid:3000", ONCE)
            .ends_itself();
    }),
    silent("dns-failure", "the same name with `--resolve`", |take| {
        let server = Lab::server(V4, json!({}));
        let name = format!("no-such-host.invalid:{}", server.port());
        let run = take.stream(
            &format!("http://{name}"),
            &["--resolve", &format!("{name}:127.0.0.1")],
        );
        run.joins(1);
        run.leaves();
    }),
    silent(
        "dns-failure",
        "an address where nobody listens: the name was not the trouble",
        |take| {
            take.stream(&format!("http://localhost:{}", free_port()), ONCE)
                .ends_itself();
        },
    ),
    speaks(
        "refused-connection",
        "a port on which nobody listens",
        |take| {
            take.stream(&format!("http://127.0.0.1:{}", free_port()), ONCE)
                .ends_itself();
        },
    ),
    speaks(
        "refused-connection",
        "a server that goes away for good in the middle of a session",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(
                &server.url(),
                &["--transports", "websocket", "--reconnection-attempts", "2"],
            );
            run.joins(1);
            server.kill();
            run.ends_itself();
        },
    ),
    silent(
        "refused-connection",
        "502: somebody listens, but the server behind is not there",
        |take| {
            let nginx = Nginx::start(&conf::plain(&[free_port()]));
            take.stream(&nginx.url(), ONCE).ends_itself();
        },
    ),
    speaks(
        "compression",
        "the server compresses, and nginx hides from the client that it was agreed on (`proxy_hide_header Sec-WebSocket-Extensions`): no frame can be read",
        |take| {
            let options = json!({ "perMessageDeflate": { "threshold": 0 } });
            let stage = Stage::new(V4, 1, &options, conf::without_extensions_header);
            let args = ["--transports", "websocket", "--reconnection-attempts", "1"];
            let run = take.stream(&stage.nginx.url(), &args);
            run.ends(2);
            run.interrupted();
        },
    ),
    silent(
        "compression",
        "`permessage-deflate` is offered and accepted: large messages are smaller on the wire",
        |take| {
            let server = Lab::server(V4, json!({ "perMessageDeflate": true }));
            compressed(take, &server);
        },
    ),
    silent(
        "compression",
        "`permessage-deflate` is offered and not accepted, as by default, and little is sent",
        |take| {
            compressed(take, &Lab::server(V4, json!({})));
        },
    ),
    silent(
        "compression",
        "no WebSocket, nothing to negotiate",
        |take| {
            let server = Lab::server(V4, json!({}));
            let run = take.stream(&server.url(), &["--transports", "polling"]);
            run.joins(1);
            run.echoes("one");
            run.leaves();
        },
    ),
];

fn compressed(take: &Take, server: &Server) {
    let run = take.stream(&server.url(), &["--transports", "websocket"]);
    run.joins(1);
    run.echoes(&"all work and no play ".repeat(100));
    run.leaves();
}

/// A server with a certificate for `name` that nobody vouches for.
fn secure(name: &str) -> Server {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let cert = params.self_signed(&key).expect("a certificate");
    let tls: Value = json!({ "key": key.serialize_pem(), "cert": cert.pem() });
    Lab::server(V4, json!({ "tls": tls }))
}

fn https(server: &Server, host: &str) -> String {
    format!("https://{host}:{}", server.port())
}
