//! What `Sec-WebSocket-Extensions` says about permessage-deflate (RFC 7692, section 7.1).
//! **Floor 0, pure.**

use super::Role;

const NAME: &str = "permessage-deflate";

/// One extension of a `Sec-WebSocket-Extensions` header, with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its name, as written.
    pub name: String,
    /// Parameters in order; those without `=` have no value, quotes are taken off.
    pub params: Vec<(String, Option<String>)>,
}

/// Reads the value of a `Sec-WebSocket-Extensions` header. Empty items are skipped.
pub fn parse_extensions(value: &str) -> Vec<Extension> {
    split_outside_quotes(value, ',')
        .filter_map(|item| {
            let mut parts = split_outside_quotes(item, ';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?;
            let params = parts
                .filter(|part| !part.is_empty())
                .map(|part| match part.split_once('=') {
                    None => (part.to_owned(), None),
                    Some((key, value)) => (
                        key.trim().to_owned(),
                        Some(value.trim().trim_matches('"').to_owned()),
                    ),
                })
                .collect();
            Some(Extension {
                name: name.to_owned(),
                params,
            })
        })
        .collect()
}

fn split_outside_quotes(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == at && !quoted
    })
}

/// What a client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflateOffer {
    /// Asks the server to compress each message afresh.
    pub server_no_context_takeover: bool,
    /// Says that the client may compress each message afresh.
    pub client_no_context_takeover: bool,
    /// Asks the server for a window of at most this many bits (8 to 15).
    pub server_max_window_bits: Option<u8>,
    /// Lets the server choose the client's window.
    pub client_max_window_bits: bool,
}

impl Default for DeflateOffer {
    /// What `ws` for Node offers: `permessage-deflate; client_max_window_bits`.
    fn default() -> Self {
        DeflateOffer {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: None,
            client_max_window_bits: true,
        }
    }
}

impl DeflateOffer {
    /// As the value of `Sec-WebSocket-Extensions`.
    pub fn header(&self) -> String {
        let mut value = NAME.to_owned();
        if self.server_no_context_takeover {
            value.push_str("; server_no_context_takeover");
        }
        if self.client_no_context_takeover {
            value.push_str("; client_no_context_takeover");
        }
        if let Some(bits) = self.server_max_window_bits {
            value.push_str(&format!("; server_max_window_bits={bits}"));
        }
        if self.client_max_window_bits {
            value.push_str("; client_max_window_bits");
        }
        value
    }
}

/// What both ends agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflateParams {
    /// The server compresses each message afresh.
    pub server_no_context_takeover: bool,
    /// The client compresses each message afresh.
    pub client_no_context_takeover: bool,
    /// The server's window, 8 to 15 bits.
    pub server_max_window_bits: u8,
    /// The client's window, 8 to 15 bits.
    pub client_max_window_bits: u8,
}

impl Default for DeflateParams {
    fn default() -> Self {
        DeflateParams {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
        }
    }
}

/// Why a `Sec-WebSocket-Extensions` header cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionError {
    /// The server turned on something that was not offered.
    #[error("the server turned on the extension `{0}`, which was not offered")]
    NotOffered(String),
    /// permessage-deflate stands there twice.
    #[error("the server turned on permessage-deflate twice")]
    Twice,
    /// A parameter that is not defined, stands twice, was not allowed, or has a bad value.
    #[error("permessage-deflate came with the wrong parameter `{0}`")]
    Param(String),
}

impl DeflateParams {
    /// Whether `sender` compresses each message afresh.
    pub fn no_takeover(&self, sender: Role) -> bool {
        match sender {
            Role::Client => self.client_no_context_takeover,
            Role::Server => self.server_no_context_takeover,
        }
    }

    /// The window that `sender` compresses with.
    pub fn bits(&self, sender: Role) -> u8 {
        match sender {
            Role::Client => self.client_max_window_bits,
            Role::Server => self.server_max_window_bits,
        }
    }

    /// For the client: what the server's answer (the values of its `Sec-WebSocket-Extensions`
    /// headers) turns on.
    ///
    /// # Errors
    /// The client must fail the connection then (RFC 6455, section 4.1; RFC 7692, section 7.1).
    pub fn accept<'v>(
        offer: Option<&DeflateOffer>,
        values: impl IntoIterator<Item = &'v str>,
    ) -> Result<Option<DeflateParams>, ExtensionError> {
        let mut agreed = None;
        for extension in values.into_iter().flat_map(parse_extensions) {
            let offer = offer
                .filter(|_| extension.name.eq_ignore_ascii_case(NAME))
                .ok_or_else(|| ExtensionError::NotOffered(extension.name.clone()))?;
            if agreed.is_some() {
                return Err(ExtensionError::Twice);
            }
            let given = Given::read(&extension)?;
            if given.client_max_window_bits.is_some() && !offer.client_max_window_bits {
                return Err(ExtensionError::Param("client_max_window_bits".to_owned()));
            }
            let params = given.params(false)?;
            if let Some(most) = offer.server_max_window_bits
                && given
                    .server_max_window_bits
                    .flatten()
                    .is_none_or(|bits| bits > most)
            {
                return Err(ExtensionError::Param("server_max_window_bits".to_owned()));
            }
            if offer.server_no_context_takeover && !params.server_no_context_takeover {
                return Err(ExtensionError::Param(
                    "server_no_context_takeover".to_owned(),
                ));
            }
            agreed = Some(params);
        }
        Ok(agreed)
    }

    /// For who only watches: what the answer turned on, without asking whether it was right.
    pub fn observed<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<DeflateParams> {
        let extension = values
            .into_iter()
            .flat_map(parse_extensions)
            .find(|extension| extension.name.eq_ignore_ascii_case(NAME))?;
        let has = |name: &str| extension.params.iter().any(|(key, _)| key == name);
        Some(DeflateParams {
            server_no_context_takeover: has("server_no_context_takeover"),
            client_no_context_takeover: has("client_no_context_takeover"),
            ..DeflateParams::default()
        })
    }

    /// For a server: the first of the client's offers that can be met, and the header value
    /// that accepts it. `None` where there is none: no extension then.
    pub fn answer<'v>(
        values: impl IntoIterator<Item = &'v str>,
    ) -> Option<(DeflateParams, String)> {
        values
            .into_iter()
            .flat_map(parse_extensions)
            .filter(|extension| extension.name.eq_ignore_ascii_case(NAME))
            .find_map(|extension| {
                let given = Given::read(&extension).ok()?;
                let params = given.params(true).ok()?;
                // zlib cannot write a window of 8 bits: look at the next offer.
                if params.server_max_window_bits == 8 {
                    return None;
                }
                let mut value = NAME.to_owned();
                if given.server_no_context_takeover {
                    value.push_str("; server_no_context_takeover");
                }
                if given.client_no_context_takeover {
                    value.push_str("; client_no_context_takeover");
                }
                if given.server_max_window_bits.is_some() {
                    let bits = params.server_max_window_bits;
                    value.push_str(&format!("; server_max_window_bits={bits}"));
                }
                if let Some(Some(bits)) = given.client_max_window_bits {
                    value.push_str(&format!("; client_max_window_bits={bits}"));
                }
                Some((params, value))
            })
    }
}

/// The parameters as they were given. Of the windows, the outer `Option` says whether the
/// parameter is there, the inner one whether it has a value.
#[derive(Default)]
struct Given {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<Option<u8>>,
    client_max_window_bits: Option<Option<u8>>,
}

impl Given {
    fn read(extension: &Extension) -> Result<Given, ExtensionError> {
        let mut given = Given::default();
        for (key, value) in &extension.params {
            let wrong = || {
                ExtensionError::Param(match value {
                    None => key.clone(),
                    Some(value) => format!("{key}={value}"),
                })
            };
            match key.as_str() {
                "server_no_context_takeover" if value.is_none() => {
                    if std::mem::replace(&mut given.server_no_context_takeover, true) {
                        return Err(wrong());
                    }
                }
                "client_no_context_takeover" if value.is_none() => {
                    if std::mem::replace(&mut given.client_no_context_takeover, true) {
                        return Err(wrong());
                    }
                }
                "server_max_window_bits" | "client_max_window_bits" => {
                    let bits = value
                        .as_deref()
                        .map(bits)
                        .transpose()
                        .map_err(|()| wrong())?;
                    let slot = if key.starts_with('s') {
                        &mut given.server_max_window_bits
                    } else {
                        &mut given.client_max_window_bits
                    };
                    if slot.replace(bits).is_some() {
                        return Err(wrong());
                    }
                }
                _ => return Err(wrong()),
            }
        }
        Ok(given)
    }

    /// `offered`: in an offer `client_max_window_bits` may stand without a value.
    fn params(&self, offered: bool) -> Result<DeflateParams, ExtensionError> {
        let window = |given: Option<Option<u8>>, name: &str, bare: bool| match given {
            None => Ok(15),
            Some(Some(bits)) => Ok(bits),
            Some(None) if bare => Ok(15),
            Some(None) => Err(ExtensionError::Param(name.to_owned())),
        };
        Ok(DeflateParams {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: window(
                self.server_max_window_bits,
                "server_max_window_bits",
                false,
            )?,
            client_max_window_bits: window(
                self.client_max_window_bits,
                "client_max_window_bits",
                offered,
            )?,
        })
    }
}

/// 8 to 15, without leading zeros.
fn bits(value: &str) -> Result<u8, ()> {
    match value.parse() {
        Ok(bits @ 8..=15) if !value.starts_with(['0', '+']) => Ok(bits),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(server_no: bool, client_no: bool, server: u8, client: u8) -> DeflateParams {
        DeflateParams {
            server_no_context_takeover: server_no,
            client_no_context_takeover: client_no,
            server_max_window_bits: server,
            client_max_window_bits: client,
        }
    }

    #[test]
    fn a_client_accepts_what_it_offered_and_nothing_else() {
        let offer = DeflateOffer::default();
        assert_eq!(offer.header(), "permessage-deflate; client_max_window_bits");
        let good = [
            ("permessage-deflate", params(false, false, 15, 15)),
            (
                "Permessage-Deflate ; server_no_context_takeover",
                params(true, false, 15, 15),
            ),
            (
                "permessage-deflate; client_max_window_bits=\"9\"",
                params(false, false, 15, 9),
            ),
            (
                "permessage-deflate;client_no_context_takeover;server_max_window_bits=8",
                params(false, true, 8, 15),
            ),
        ];
        for (value, want) in good {
            assert_eq!(
                DeflateParams::accept(Some(&offer), [value]),
                Ok(Some(want)),
                "{value}"
            );
        }
        let bad = [
            "x-webkit-deflate-frame",
            "permessage-deflate, permessage-deflate",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=09",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; foo",
        ];
        for value in bad {
            assert!(
                DeflateParams::accept(Some(&offer), [value]).is_err(),
                "{value}"
            );
        }
        assert_eq!(DeflateParams::accept(Some(&offer), []), Ok(None));
        let not = DeflateParams::accept(None, ["permessage-deflate"]);
        assert_eq!(
            not,
            Err(ExtensionError::NotOffered("permessage-deflate".into()))
        );
    }

    #[test]
    fn a_client_holds_the_server_to_its_demands() {
        let offer = DeflateOffer {
            server_no_context_takeover: true,
            server_max_window_bits: Some(10),
            client_max_window_bits: false,
            ..Default::default()
        };
        let full = "permessage-deflate; server_no_context_takeover; server_max_window_bits=10";
        assert_eq!(offer.header(), full);
        assert_eq!(
            DeflateParams::accept(Some(&offer), [full]),
            Ok(Some(params(true, false, 10, 15)))
        );
        for value in [
            "permessage-deflate; server_max_window_bits=10",
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=11",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; \
             client_max_window_bits=9",
        ] {
            assert!(
                DeflateParams::accept(Some(&offer), [value]).is_err(),
                "{value}"
            );
        }
    }

    #[test]
    fn a_server_takes_the_first_offer_that_it_can_meet() {
        let cases = [
            (
                "permessage-deflate; client_max_window_bits",
                Some("permessage-deflate"),
            ),
            (
                "permessage-deflate; client_max_window_bits=10",
                Some("permessage-deflate; client_max_window_bits=10"),
            ),
            (
                "permessage-deflate; server_max_window_bits=8, permessage-deflate; \
                 server_no_context_takeover",
                Some("permessage-deflate; server_no_context_takeover"),
            ),
            (
                "foo; bar=\"a,b;c\", permessage-deflate; client_no_context_takeover",
                Some("permessage-deflate; client_no_context_takeover"),
            ),
            ("permessage-deflate; bar", None),
            ("permessage-deflate; server_max_window_bits=7", None),
            ("", None),
        ];
        for (offer, want) in cases {
            let got = DeflateParams::answer([offer]);
            assert_eq!(
                got.as_ref().map(|(_, value)| value.as_str()),
                want,
                "{offer}"
            );
            if let Some((params, value)) = got {
                let client = DeflateOffer {
                    server_no_context_takeover: false,
                    ..DeflateOffer::default()
                };
                assert_eq!(
                    DeflateParams::accept(Some(&client), [&*value]),
                    Ok(Some(params))
                );
            }
        }
    }

    #[test]
    fn who_watches_reads_the_answer_whatever_it_says() {
        let value = "permessage-deflate; server_no_context_takeover; nonsense=1";
        assert_eq!(
            DeflateParams::observed([value]),
            Some(params(true, false, 15, 15))
        );
        assert_eq!(DeflateParams::observed(["other"]), None);
    }
}
