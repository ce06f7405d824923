//! TLS: trust, client certificates, and what a handshake showed. **Floor 1.**
//!
//! The only place that names the TLS library's types. Our verifier stands before the
//! platform's: it keeps the chain and the verdict, and with `insecure` it goes on where the
//! verdict is no, so that the person still learns what would have failed. Sessions are never
//! resumed: each handshake is whole, so its time and its chain are true.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::Host;

use super::certificate::Certificate;
use super::error::{DialError, DialErrorKind, Phase, plain_io};
use super::{Endpoint, Stream, ms};
use crate::journal::record::Timing;

/// Whom to trust and who to be.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// Go on with a certificate that is not trusted.
    pub insecure: bool,
    /// PEM file of further certificate authorities, beside the platform's.
    pub ca: Option<PathBuf>,
    /// PEM file of the client certificate (with its chain, and with the key unless `key` is
    /// given).
    pub cert: Option<PathBuf>,
    /// PEM file of the client certificate's key.
    pub key: Option<PathBuf>,
}

/// What a TLS handshake showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLS 1.3` or `TLS 1.2`.
    pub version: String,
    /// The application protocol that was agreed on, if any.
    pub alpn: Option<String>,
    /// The server's certificates as it sent them, its own first. One that cannot be read has
    /// empty fields.
    pub chain: Vec<Certificate>,
    /// With `insecure`: why the certificate would have been refused, if so.
    pub would_have_failed: Option<String>,
}

/// TLS as it is set up for all connections of a dialer.
#[derive(Debug)]
pub(super) struct TlsSetup {
    options: TlsOptions,
    roots: Vec<CertificateDer<'static>>,
    base: ClientConfig,
    provider: Arc<CryptoProvider>,
    // Loading the platform's roots takes a while; plain HTTP never needs them.
    platform: OnceLock<Result<Arc<Verifier>, String>>,
}

impl TlsSetup {
    pub(super) fn new(options: TlsOptions) -> Result<Self, DialError> {
        let provider = Arc::new(ring::default_provider());
        let roots = match &options.ca {
            Some(path) => certificates(path, "--cacert")?,
            None => Vec::new(),
        };
        let placeholder = Arc::new(Recording {
            inner: Err("TLS was not set up".to_owned()),
            insecure: false,
            provider: provider.clone(),
            roots: Vec::new(),
            seen: Mutex::default(),
        });
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| DialError::setup("TLS cannot be set up", "").os(error))?
            .dangerous()
            .with_custom_certificate_verifier(placeholder);
        let mut base = match (&options.cert, &options.key) {
            (None, None) => builder.with_no_client_auth(),
            (None, Some(_)) => {
                return Err(DialError::setup(
                    "--key was given without --cert",
                    "give the client certificate too",
                ));
            }
            (Some(cert), key) => {
                let chain = certificates(cert, "--cert")?;
                let key_path = key.as_deref().unwrap_or(cert);
                let key = private_key(key_path)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    DialError::setup(
                        format!(
                            "the key in {} does not go with the certificate in {}",
                            key_path.display(),
                            cert.display()
                        ),
                        "give the key that the certificate was made for",
                    )
                    .os(error)
                })?
            }
        };
        base.alpn_protocols = vec![b"http/1.1".to_vec()];
        base.resumption = rustls::client::Resumption::disabled();
        Ok(TlsSetup {
            options,
            roots,
            base,
            provider,
            platform: OnceLock::new(),
        })
    }

    fn platform(&self) -> Result<Arc<Verifier>, String> {
        let load = || {
            Verifier::new_with_extra_roots(self.roots.iter().cloned(), self.provider.clone())
                .map(Arc::new)
                .map_err(|error| error.to_string())
        };
        self.platform.get_or_init(load).clone()
    }

    /// Shakes hands with `target`; sets `timing.tls`.
    pub(super) async fn handshake(
        &self,
        target: &Endpoint,
        stream: Stream,
        deadline: Instant,
        timing: &mut Timing,
    ) -> Result<(Stream, TlsInfo), DialError> {
        let verifier = Arc::new(Recording {
            inner: self.platform(),
            insecure: self.options.insecure,
            provider: self.provider.clone(),
            roots: self.roots.clone(),
            seen: Mutex::default(),
        });
        let started = Instant::now();
        let shaking = self.shake(target, stream, verifier.clone());
        let result = timeout_at(deadline, shaking).await;
        timing.tls = Some(ms(started));
        let stream = result.map_err(|_| DialError::timeout(Phase::Tls, &target.to_string()))??;
        let seen = verifier.take();
        let session = stream.get_ref().1;
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
            other => format!("{other:?}"),
        };
        let alpn = session
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned());
        let info = TlsInfo {
            version,
            alpn,
            chain: seen.chain,
            would_have_failed: seen.failure,
        };
        Ok((Box::new(stream), info))
    }

    /// Shakes hands with an `https` proxy.
    pub(super) async fn to_proxy(
        &self,
        proxy: &Endpoint,
        stream: Stream,
    ) -> Result<Stream, DialError> {
        let verifier = Arc::new(Recording {
            inner: self.platform(),
            insecure: self.options.insecure,
            provider: self.provider.clone(),
            roots: self.roots.clone(),
            seen: Mutex::default(),
        });
        let stream = self
            .shake(proxy, stream, verifier)
            .await
            .map_err(|mut error| {
                error.phase = Phase::Proxy;
                error.message = format!("TLS with the proxy: {}", error.message);
                error
            })?;
        Ok(Box::new(stream))
    }

    async fn shake(
        &self,
        target: &Endpoint,
        stream: Stream,
        verifier: Arc<Recording>,
    ) -> Result<tokio_rustls::client::TlsStream<Stream>, DialError> {
        let mut config = self.base.clone();
        config
            .dangerous()
            .set_certificate_verifier(verifier.clone());
        let name = match &target.host {
            Host::Ipv4(ip) => ServerName::IpAddress(std::net::IpAddr::V4(*ip).into()),
            Host::Ipv6(ip) => ServerName::IpAddress(std::net::IpAddr::V6(*ip).into()),
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
                .map_err(|_| {
                    DialError::setup(format!("`{name}` is no name that TLS can check"), "")
                })?,
        };
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|error| refusal(target, &error, &verifier.take()))
    }
}

/// What the verifier saw of one handshake.
#[derive(Debug, Default)]
struct Seen {
    chain: Vec<Certificate>,
    failure: Option<String>,
}

/// Stands before the platform's verifier: keeps chain and verdict.
#[derive(Debug)]
struct Recording {
    inner: Result<Arc<Verifier>, String>,
    insecure: bool,
    provider: Arc<CryptoProvider>,
    /// The certificates of `--cacert`.
    roots: Vec<CertificateDer<'static>>,
    seen: Mutex<Seen>,
}

impl Recording {
    fn take(&self) -> Seen {
        self.seen
            .lock()
            .map(|mut seen| std::mem::take(&mut *seen))
            .unwrap_or_default()
    }

    /// Lets a server's certificate pass that is an authority's, as `openssl req -x509` makes
    /// them, where the person has named this very one; its host and its time are looked at.
    fn named(
        &self,
        error: Error,
        end_entity: &CertificateDer<'_>,
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_ca = matches!(
            &error,
            Error::InvalidCertificate(CertificateError::Other(other)) if is_ca_as_server(other)
        );
        let named = || {
            self.roots
                .iter()
                .any(|root| root.as_ref() == end_entity.as_ref())
        };
        if !is_ca || !named() {
            return Err(error);
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        let own = Certificate::read(end_entity).unwrap_or_default();
        let now = i64::try_from(now.as_secs())
            .ok()
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
            .map(|now| now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
            .ok_or_else(|| error.clone())?;
        match () {
            () if now < own.not_before => {
                Err(Error::InvalidCertificate(CertificateError::NotValidYet))
            }
            () if now > own.not_after => Err(Error::InvalidCertificate(CertificateError::Expired)),
            () => Ok(ServerCertVerified::assertion()),
        }
    }

    fn judged<T>(&self, verdict: Result<T, Error>, pass: T) -> Result<T, Error> {
        match verdict {
            Err(error) if self.insecure => {
                if let Ok(mut seen) = self.seen.lock() {
                    let words = certificate_words(&error, &seen.chain);
                    seen.failure.get_or_insert(words);
                }
                Ok(pass)
            }
            verdict => verdict,
        }
    }
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Ok(mut seen) = self.seen.lock() {
            seen.chain = std::iter::once(end_entity)
                .chain(intermediates)
                .map(|der| Certificate::read(der).unwrap_or_default())
                .collect();
        }
        let verdict = match &self.inner {
            Err(why) => Err(Error::General(why.clone())),
            Ok(verifier) => verifier.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
        };
        let verdict = verdict.or_else(|error| self.named(error, end_entity, server_name, now));
        self.judged(verdict, ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let verdict = verify_tls12_signature(message, cert, dss, algorithms);
        self.judged(verdict, HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let verdict = verify_tls13_signature(message, cert, dss, algorithms);
        self.judged(verdict, HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A failed handshake as an error for a person.
fn refusal(target: &Endpoint, error: &std::io::Error, seen: &Seen) -> DialError {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    let Some(tls) = tls else {
        return DialError::new(
            Phase::Tls,
            DialErrorKind::Tls,
            format!("{target} broke off the TLS handshake: {}", plain_io(error)),
            "check that the port speaks TLS; if it is plain HTTP, use http:// or ws://",
        );
    };
    let untrusted = matches!(tls, Error::InvalidCertificate(_));
    if untrusted || (matches!(tls, Error::General(_)) && !seen.chain.is_empty()) {
        let words = certificate_words(tls, &seen.chain);
        let hint = match tls {
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => "use a host name from the certificate, or go on with --insecure",
            Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => "name the authority's PEM file with --cacert, or go on with --insecure",
            Error::InvalidCertificate(CertificateError::Other(other)) if is_ca_as_server(other) => {
                "name the certificate's PEM file with --cacert, or go on with --insecure"
            }
            Error::General(_) => {
                "install the package ca-certificates, or name the authorities with --cacert"
            }
            _ => "renew the certificate, or go on with --insecure",
        };
        let message = format!("the certificate of {target} is not trusted: {words}");
        let refusal = DialError::new(Phase::Tls, DialErrorKind::Certificate, message, hint);
        // Of an error without a name of its own the library shows nothing but its insides.
        return match tls {
            Error::InvalidCertificate(CertificateError::Other(_)) => refusal,
            _ => refusal.os(tls),
        };
    }
    let (message, hint) = match tls {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            format!("{target} does not speak TLS"),
            "if it is plain HTTP, use http:// or ws://",
        ),
        Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::ProtocolVersion) => (
            format!("{target} and sioscope have no version or cipher of TLS in common"),
            "TLS 1.2 is the oldest that is spoken here",
        ),
        other => match alert_words(other) {
            Some(words) => (format!("{target}: {words}"), "see --cert and --key"),
            None => (format!("the TLS handshake with {target} failed"), ""),
        },
    };
    DialError::new(Phase::Tls, DialErrorKind::Tls, message, hint).os(tls)
}

/// What an alert of the server means, where it is about our certificate.
pub(super) fn alert_words(error: &Error) -> Option<&'static str> {
    let Error::AlertReceived(alert) = error else {
        return None;
    };
    match alert {
        AlertDescription::CertificateRequired => Some("the server wants a client certificate"),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => {
            Some("the server does not accept the client certificate")
        }
        AlertDescription::HandshakeFailure => {
            Some("the server refused the handshake; it may want a client certificate")
        }
        AlertDescription::UnrecognisedName => Some("the server does not know the host name"),
        _ => None,
    }
}

/// Why a certificate is not trusted, in plain words.
fn certificate_words(error: &Error, chain: &[Certificate]) -> String {
    let own = chain.first();
    let certificate = match error {
        Error::InvalidCertificate(error) => error,
        Error::General(why) => return format!("there is nothing to trust it by: {why}"),
        other => return other.to_string(),
    };
    match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => match own {
            // The expired one may be an intermediate; the date helps where it is the server's.
            Some(own) if !own.not_after.is_empty() => {
                format!(
                    "it, or one above it, has expired (its own last moment: {})",
                    own.not_after
                )
            }
            _ => "it has expired".to_owned(),
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => match own {
            Some(own) if !own.not_before.is_empty() => {
                format!(
                    "it is not valid before {}; check this machine's clock",
                    own.not_before
                )
            }
            _ => "it is not valid yet; check this machine's clock".to_owned(),
        },
        // What `openssl req -x509` makes is an authority's, too.
        CertificateError::Other(other) if is_ca_as_server(other) => match own {
            Some(own) if own.is_self_signed() => {
                format!("it is self-signed by {}", own.subject)
            }
            _ => "it is an authority's certificate, used as a server's".to_owned(),
        },
        CertificateError::UnknownIssuer => match own {
            Some(own) if own.is_self_signed() => {
                format!("it is self-signed by {}", own.subject)
            }
            Some(own) if !own.issuer.is_empty() => {
                format!("its issuer, {}, is not known here", own.issuer)
            }
            _ => "its issuer is not known here".to_owned(),
        },
        CertificateError::NotValidForName => "it is for another host".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            format!("it is for another host: {}", presented.join(", "))
        }
        CertificateError::NotValidForNameContext { .. } => "it names no host".to_owned(),
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::BadSignature => match own {
            Some(own) if !own.issuer.is_empty() => {
                format!(
                    "its signature was not made by the {} that is known here",
                    own.issuer
                )
            }
            _ => "its signature is wrong".to_owned(),
        },
        CertificateError::BadEncoding => "it is damaged".to_owned(),
        other => other.to_string(),
    }
}

/// The certificate may sign others, and the server shows it as its own.
fn is_ca_as_server(error: &rustls::OtherError) -> bool {
    error.to_string().contains("CaUsedAsEndEntity")
}

fn read(path: &Path, option: &str) -> Result<Vec<u8>, DialError> {
    std::fs::read(path).map_err(|error| {
        DialError::setup(
            format!("cannot read {} ({option})", path.display()),
            "check the path and its permissions",
        )
        .os(error)
    })
}

fn certificates(path: &Path, option: &str) -> Result<Vec<CertificateDer<'static>>, DialError> {
    let bytes = read(path, option)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let shown = path.display();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(DialError::setup(
            format!("{shown} ({option}) holds no certificate in PEM form"),
            not_pem(&bytes),
        )),
        Err(error) => Err(DialError::setup(
            format!("{shown} ({option}) is damaged"),
            not_pem(&bytes),
        )
        .os(error)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, DialError> {
    let bytes = read(path, "--key")?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let hint = if find(&bytes, b"ENCRYPTED") {
            "it is encrypted: decrypt it with `openssl pkey -in FILE -out plain.pem`"
        } else if find(&bytes, b"-----BEGIN CERTIFICATE") {
            "it holds a certificate only: name the key's file with --key"
        } else {
            not_pem(&bytes)
        };
        DialError::setup(
            format!("{} holds no usable private key", path.display()),
            hint,
        )
        .os(error)
    })
}

fn not_pem(bytes: &[u8]) -> &'static str {
    if find(bytes, b"-----BEGIN ") {
        "check what stands after -----BEGIN in it"
    } else if bytes.first() == Some(&0x30) {
        "it looks like DER or PKCS#12: convert it with `openssl x509 -inform der` or \
         `openssl pkcs12 -nodes`"
    } else {
        "PEM begins with -----BEGIN"
    }
}

fn find(bytes: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(bytes, what).is_some()
}
