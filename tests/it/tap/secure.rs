//! An upstream that speaks TLS: its clients need no certificate for the tap.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use super::stage::{Tapped, connection};
use crate::interop::records::all;
use crate::lab::{Generation, Lab, Server};

/// TLS in front of a server, with a certificate that it has signed itself.
struct Front {
    url: String,
    pem: String,
    _runtime: Runtime,
}

impl Front {
    fn of(server: &Server) -> Front {
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let cert = params.self_signed(&key).expect("a certificate");
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], der)
            .expect("a configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("its address");
        let port = server.port();
        runtime.spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Who does not trust the certificate breaks off here.
                    let Ok(mut outside) = acceptor.accept(tcp).await else {
                        return;
                    };
                    let inside = TcpStream::connect(("127.0.0.1", port)).await;
                    let mut inside = inside.expect("the server listens");
                    let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Front {
            url: format!("https://{address}"),
            pem: cert.pem(),
            _runtime: runtime,
        }
    }
}

#[test]
fn clients_reach_an_upstream_over_tls_by_plain_http() {
    let server = Lab::server(Generation::V4, json!({}));
    let front = Front::of(&server);
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &front.pem).expect("a file");
    let file = file.display().to_string();
    for (args, ways) in [
        (&["--cacert", &file][..], &["polling"][..]),
        (&["--cacert", &file], &["websocket"]),
        (&["--insecure"], &["polling", "websocket"]),
    ] {
        let tapped = Tapped::before(&front.url, &[&["--no-record"], args].concat());
        let options = json!({ "options": { "transports": ways } });
        let client = Lab::client(Generation::V4, &tapped.url(), options);
        client.expect(|line| line["saw"] == "connect");
        if ways.len() == 2 {
            client.expect(|line| line["saw"] == "upgrade");
        }
        client.say(json!({ "emit": ["echo", { "$binary": "AAEC" }], "ack": true }));
        client.say(json!({ "wait": { "ack": true } }));
        assert_eq!(client.finish().code, Some(0), "{ways:?}");
        tapped.run.wait_for(connection(1, "closed"));
        let records = tapped.stop();
        let secured = all(&records, |record| record["timing"]["tls"].is_number());
        assert!(!secured.is_empty(), "{ways:?}: no TLS was timed");
        let asked = all(&records, |record| {
            let url = record["url"].as_str().unwrap_or_default();
            record["k"] == "request" && !url.starts_with(&front.url)
        });
        assert!(asked.is_empty(), "{ways:?}: {asked:#?}");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_to_the_client_and_in_the_session() {
    let server = Lab::server(Generation::V4, json!({}));
    let front = Front::of(&server);
    let tapped = Tapped::before(&front.url, &["--no-record"]);
    let client = Lab::client(
        Generation::V4,
        &tapped.url(),
        json!({ "options": { "transports": ["polling"], "reconnection": false } }),
    );
    client.expect(|line| line["saw"] == "connect_error");
    let failed = tapped.run.wait_for(|record| record["k"] == "response");
    let error = failed["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("certificate") && error.contains("502"),
        "{failed}"
    );
}
