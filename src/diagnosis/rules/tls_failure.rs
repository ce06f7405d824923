//! The TLS handshake fails, in plain words: the certificate, the versions, or the wrong port.

use super::{Entry, Rule};
use crate::diagnosis::moment::{Moment, Moments};
use crate::diagnosis::speech::{Conclusion, Scene, Severity, Speech};
use crate::diagnosis::story::Exchange;

pub(super) const ENTRY: Entry = Entry {
    name: "tls-failure",
    about: "TLS fails: certificate, version, or http and https mixed up",
    on: Moments::EXCHANGE,
    gives_way_to: &[],
    make: || Box::new(TlsFailure::default()),
};

/// Connections that are named at most.
const CONNECTIONS: usize = 50;

#[derive(Default)]
struct TlsFailure {
    connections: Vec<u32>,
    evidence: Vec<u64>,
}

impl Rule for TlsFailure {
    fn look(&mut self, moment: &Moment<'_>, scene: &Scene<'_>, speech: &mut Speech<'_>) {
        let Moment::Exchange(exchange) = moment else {
            return;
        };
        let Some(c) = exchange.c else { return };
        if exchange.is_given_up() || scene.story.is_faulted(c) {
            return;
        }
        let Some(failure) = of_error(exchange).or_else(|| of_page(exchange)) else {
            return;
        };
        if self.connections.len() < CONNECTIONS && !self.connections.contains(&c) {
            self.connections.push(c);
        }
        if self.evidence.len() < 6 {
            self.evidence.extend(exchange.response.map(|place| place.n));
        }
        speech.say(Conclusion {
            subject: exchange.origin(),
            connections: self.connections.clone(),
            severity: Severity::Error,
            title: failure.title,
            evidence: self.evidence.clone(),
            why: failure.why,
            fix: failure.fix.to_owned(),
        });
    }
}

struct Failure {
    title: String,
    why: String,
    fix: &'static str,
}

/// What an error text names: our own words first, then those of browsers and Node in HAR files.
const SIGNS: [(&[&str], &str, &str); 8] = [
    (
        &["self-signed", "authority's certificate", "SELF_SIGNED"],
        "the server's certificate is self-signed",
        "A certificate that everybody trusts (`certbot --nginx -d HOST`). For development name \
         the certificate to the client: sioscope `--cacert FILE`, Node `ca: \
         fs.readFileSync(FILE)`, python `ssl_verify=False`; or don't check: sioscope \
         `--insecure`, Node `rejectUnauthorized: false`.",
    ),
    (
        &["has expired", "ERR_CERT_DATE_INVALID", "CERT_HAS_EXPIRED"],
        "the server's certificate has expired",
        "Renew it (`certbot renew`) and reload the server that holds it (`nginx -s reload`): it \
         reads the file only then. Check this machine's clock, too.",
    ),
    (
        &["not valid before", "not valid yet", "CERT_NOT_YET_VALID"],
        "the server's certificate is not valid yet",
        "Check this machine's clock (`timedatectl`), then the certificate's first day.",
    ),
    (
        &[
            "another host",
            "it names no host",
            "ERR_CERT_COMMON_NAME_INVALID",
            "ERR_TLS_CERT_ALTNAME_INVALID",
        ],
        "the server's certificate is for another host name",
        "Connect by a name that the certificate holds, or get one for this name (`certbot --nginx \
         -d HOST`). Behind a proxy with several sites: nginx takes the first `server` block when \
         no `server_name` fits.",
    ),
    (
        &[
            "issuer",
            "ERR_CERT_AUTHORITY_INVALID",
            "UNABLE_TO_VERIFY_LEAF",
            "signature was not made",
        ],
        "the server's certificate comes from an authority that is not known here",
        "If the authority is public, the server does not send its chain: nginx: `ssl_certificate` \
         has to name fullchain.pem. If it is your own, name it: sioscope `--cacert FILE`, Node \
         `ca`, NODE_EXTRA_CA_CERTS.",
    ),
    (
        &["client certificate", "ERR_SSL_CLIENT_AUTH"],
        "the server wants a client certificate",
        "sioscope `--cert FILE --key FILE`; Node: `cert` and `key` in the options.",
    ),
    (
        &[
            "does not speak TLS",
            "ERR_SSL_PROTOCOL_ERROR",
            "wrong version number",
        ],
        "https to a port that speaks plain http",
        "Use http:// (or ws://), or the port on which TLS is served; nginx: `listen 443 ssl;`.",
    ),
    (
        &["in common", "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"],
        "client and server have no TLS version or cipher in common",
        "Server: allow TLS 1.2 and 1.3 (nginx: `ssl_protocols TLSv1.2 TLSv1.3;`).",
    ),
];

fn of_error(exchange: &Exchange) -> Option<Failure> {
    if exchange.status != 0 {
        return None;
    }
    let error = exchange.error.as_deref()?;
    let about_tls = [
        "TLS",
        "certificate",
        "ERR_CERT",
        "ERR_SSL",
        "SELF_SIGNED",
        "CERT_HAS",
    ];
    if !about_tls.iter().any(|word| error.contains(word)) {
        return None;
    }
    let (what, fix) = SIGNS
        .iter()
        .find(|(signs, ..)| signs.iter().any(|sign| error.contains(sign)))
        .map_or(
            (
                "the TLS handshake failed",
                "See what stands at that port: `openssl s_client -connect HOST:PORT -servername \
                 HOST`.",
            ),
            |(_, what, fix)| (*what, *fix),
        );
    Some(Failure {
        title: format!("{what} ({})", exchange.origin()),
        why: format!("No request was sent: {error}."),
        fix,
    })
}

/// What servers answer to plain HTTP on a port for TLS.
fn of_page(exchange: &Exchange) -> Option<Failure> {
    const PAGES: [&str; 3] = [
        "The plain HTTP request was sent to HTTPS port",
        "speaking plain HTTP to an SSL-enabled server port",
        "Client sent an HTTP request to an HTTPS server",
    ];
    if exchange.status != 400 {
        return None;
    }
    let body = String::from_utf8_lossy(&exchange.body);
    let said = PAGES.iter().find(|page| body.contains(**page))?;
    Some(Failure {
        title: format!("http to a port that speaks https ({})", exchange.origin()),
        why: format!("The answer says so: {said:?}."),
        fix: "Use https:// (or wss://). nginx can send lost browsers there: `error_page 497 \
              https://$http_host$request_uri;`; Socket.IO clients follow no redirect.",
    })
}
