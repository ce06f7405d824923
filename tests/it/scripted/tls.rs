//! TLS on both transports: trusted, not trusted, waved through.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sioscope::client::options::Options;
use sioscope::journal::record::Body;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::server::Server;
use super::session::{OPEN, OPEN_WS, Session, only_ws};

/// A server with a certificate that it has signed itself, and the certificate as PEM.
async fn server() -> (Server, String) {
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], der)
        .unwrap();
    let server = Server::start_tls(TlsAcceptor::from(Arc::new(config))).await;
    (server, cert.pem())
}

fn secure(options: &mut Options) {
    let port = options.url.port().unwrap();
    options.url = format!("https://127.0.0.1:{port}").parse().unwrap();
}

// HS-10, HS-26: a certificate that nobody vouches for.
#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_the_reason_on_both_transports() {
    for (ws, reason) in [(false, "xhr poll error"), (true, "websocket error")] {
        let session = Session::with(server().await.0, |options| {
            secure(options);
            if ws {
                only_ws(options);
            }
        });
        let end = session.end().await;
        end.says(reason, &["certificate"]);
        assert!(end.detail.contains("--insecure") || end.detail.contains("--cacert"));
    }
}

#[tokio::test]
async fn a_certificate_that_is_waved_through_is_told_once() {
    let mut session = Session::with(server().await.0, |options| {
        secure(options);
        options.tls.insecure = true;
    });
    session.get().await.ok(OPEN_WS).await;
    let mut ws = session.upgrade().await.upgrade().await;
    ws.expect("2probe").await;
    session.join().await;
    let marks = |body: &Body| matches!(body, Body::Mark(mark) if mark.text.contains("TLS"));
    let records = session.records();
    let told = records.iter().filter(|record| marks(&record.body)).count();
    assert_eq!(told, 1);
    assert!(session.scope.notices().join("\n").contains("--insecure"));
}

#[tokio::test]
async fn a_certificate_of_ones_own_authority_is_trusted() {
    let (server, pem) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, pem).unwrap();
    let mut session = Session::with(server, |options| {
        secure(options);
        options.tls.cacert = Some(file);
    });
    session.get().await.ok(OPEN).await;
    session.join().await;
    assert!(session.response(0).await.timing.tls.is_some());
}

// HS-10: TLS where the server speaks none.
#[tokio::test]
async fn a_port_without_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut hello = [0; 4096];
        let _ = tcp.read(&mut hello).await;
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let session = Session::start(|options| {
        options.url.set_port(Some(port)).unwrap();
        secure(options);
    })
    .await;
    session.end().await.says("xhr poll error", &["TLS", "http"]);
}
