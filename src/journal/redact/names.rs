//! Which names speak of a secret, and which of them are excepted.

/// Parts of names, in lower case and without separators.
const PARTS: [&str; 22] = [
    "token",
    "secret",
    "passw",
    "passphrase",
    "passcode",
    "pwd",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "masterkey",
    "encryptionkey",
    "credential",
    "jwt",
    "bearer",
    "cookie",
    "signature",
    "csrf",
    "xsrf",
    "sessid",
    "sessionid",
    "sessionkey",
];

/// Whole names, in lower case and without separators.
const WHOLE: [&str; 7] = ["pin", "otp", "totp", "sig", "pass", "auth", "hmac"];

/// Whole names of query parameters only: in a payload they say nothing, in a query they let one in.
const IN_QUERIES: [&str; 2] = ["key", "ticket"];

/// Whether a name (of a header, cookie, query parameter or JSON member) speaks of a secret:
/// `token`, `X-Api-Key`, `user_password`, `authToken` …
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let plain = plain(name);
    if PARTS.iter().any(|part| plain.contains(part)) || WHOLE.contains(&plain.as_str()) {
        return true;
    }
    // `auth`, `xauth`, `authorization`, `oauth_code`, and neither `author` nor `authenticated`.
    plain.match_indices("auth").any(|(at, _)| {
        let rest = plain.get(at + 4..).unwrap_or_default();
        rest.starts_with("oriz") || !(rest.starts_with("or") || rest.starts_with("entic"))
    })
}

/// Whether a query parameter of this name is secret: `key=…` and `ticket=…` are, too.
#[must_use]
pub fn is_secret_parameter(name: &str) -> bool {
    is_secret_name(name) || IN_QUERIES.contains(&plain(name).as_str())
}

/// Whether any name in a path speaks of a secret: `[0].user.passwd`.
#[must_use]
pub fn is_secret_place(path: &str) -> bool {
    path.split(['.', '[', ']', '"']).any(is_secret_name)
}

/// A name in lower case, without separators.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|one| one.to_ascii_lowercase())
        .collect()
}

/// The names that are left as they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Keep {
    names: Vec<(String, bool)>,
}

impl Keep {
    pub(super) fn new(names: &[String]) -> Keep {
        let names = names.iter().map(|name| (name.clone(), false)).collect();
        Keep { names }
    }

    /// What excepts `name`, by itself or with its place (`cookie.io`). Notes that it was met.
    pub(super) fn holds(&mut self, place: &str, name: &str) -> Option<String> {
        let mut found = None;
        for (wanted, met) in &mut self.names {
            let whole = wanted.split_once('.').is_some_and(|(a, b)| {
                a.eq_ignore_ascii_case(place) && b.eq_ignore_ascii_case(name)
            });
            if whole || wanted.eq_ignore_ascii_case(name) {
                *met = true;
                found.get_or_insert_with(|| wanted.clone());
            }
        }
        found
    }

    /// The names that never came up.
    pub(super) fn unmet(&self) -> Vec<String> {
        let unmet = self.names.iter().filter(|(_, met)| !met);
        unmet.map(|(name, _)| name.clone()).collect()
    }
}
