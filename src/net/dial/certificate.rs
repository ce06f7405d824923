//! Reads from a certificate what a person wants to see: subject, issuer, validity. **Floor 1.**
//!
//! Only as much DER (X.690) and X.509 (RFC 5280, section 4.1) as that needs. Trust is decided
//! elsewhere, by the TLS library; a certificate that this reader does not understand is shown
//! as such and nothing more depends on it.

/// What stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// Whom it names, as `CN=…, O=…`.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// First moment of its validity, as `2026-01-02 03:04:05 UTC`.
    pub not_before: String,
    /// Last moment of its validity.
    pub not_after: String,
}

impl Certificate {
    /// Reads a certificate in DER. `None` where it is none.
    pub fn read(der: &[u8]) -> Option<Certificate> {
        let (certificate, _) = expect(der, 0x30)?;
        let (mut fields, _) = expect(certificate, 0x30)?;
        // The version is optional; then serial number and signature algorithm.
        if let Some((_, rest)) = expect(fields, 0xa0) {
            fields = rest;
        }
        let (_, fields) = expect(fields, 0x02)?;
        let (_, fields) = expect(fields, 0x30)?;
        let (issuer, fields) = expect(fields, 0x30)?;
        let (validity, fields) = expect(fields, 0x30)?;
        let (subject, _) = expect(fields, 0x30)?;
        let (not_before, rest) = time(validity)?;
        let (not_after, _) = time(rest)?;
        Some(Certificate {
            subject: name(subject),
            issuer: name(issuer),
            not_before,
            not_after,
        })
    }

    /// Whether it names itself as its signer.
    pub fn is_self_signed(&self) -> bool {
        !self.subject.is_empty() && self.subject == self.issuer
    }
}

/// One element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let len = bytes
                .iter()
                .fold(0u64, |len, byte| (len << 8) | u64::from(*byte));
            (usize::try_from(len).ok()?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((*tag, content, rest))
}

/// The element's content and what follows, if it has the tag.
fn expect(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(der)?;
    (found == tag).then_some((content, rest))
}

fn name(mut der: &[u8]) -> String {
    let mut parts = Vec::new();
    while let Some((mut set, rest)) = expect(der, 0x31) {
        der = rest;
        while let Some((pair, rest)) = expect(set, 0x30) {
            set = rest;
            let Some((oid, value)) = expect(pair, 0x06) else {
                continue;
            };
            let Some((tag, text, _)) = element(value) else {
                continue;
            };
            // Attribute types of RFC 4519.
            let key = match oid {
                [0x55, 0x04, 0x03] => "CN",
                [0x55, 0x04, 0x06] => "C",
                [0x55, 0x04, 0x07] => "L",
                [0x55, 0x04, 0x08] => "ST",
                [0x55, 0x04, 0x0a] => "O",
                [0x55, 0x04, 0x0b] => "OU",
                _ => continue,
            };
            // BMPString is UTF-16; all others are near enough to UTF-8.
            let text = if tag == 0x1e {
                let units: Vec<u16> = text
                    .chunks_exact(2)
                    .filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)))
                    .collect();
                String::from_utf16_lossy(&units)
            } else {
                String::from_utf8_lossy(text).into_owned()
            };
            parts.push(format!("{key}={text}"));
        }
    }
    parts.join(", ")
}

/// A UTCTime or GeneralizedTime, made readable.
fn time(der: &[u8]) -> Option<(String, &[u8])> {
    let (tag, content, rest) = element(der)?;
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let text = match tag {
        // Years 50 to 99 are of the last century (RFC 5280, section 4.1.2.5.1).
        0x17 if text.as_bytes().first() >= Some(&b'5') => format!("19{text}"),
        0x17 => format!("20{text}"),
        0x18 => text.to_owned(),
        _ => return None,
    };
    if text.len() < 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to);
    let readable = format!(
        "{}-{}-{} {}:{}:{} UTC",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    Some((readable, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_certificate_is_read() {
        let mut params = rcgen::CertificateParams::new(vec!["example.test".into()]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::OrganizationName, "Tést");
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "example.test");
        params.not_before = rcgen::date_time_ymd(2020, 2, 3);
        params.not_after = rcgen::date_time_ymd(2051, 4, 5);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = Certificate::read(params.self_signed(&key).unwrap().der()).unwrap();
        assert!(
            certificate.subject.contains("CN=example.test"),
            "{certificate:?}"
        );
        assert!(certificate.subject.contains("O=Tést"), "{certificate:?}");
        assert_eq!(certificate.not_before, "2020-02-03 00:00:00 UTC");
        assert_eq!(certificate.not_after, "2051-04-05 00:00:00 UTC");
        assert!(certificate.is_self_signed());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(der in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Certificate::read(&der);
            let _ = Certificate::read(&[&[0x30, 0x81, 0xc8, 0x30, 0x81, 0xc4], &der[..]].concat());
        }
    }
}
