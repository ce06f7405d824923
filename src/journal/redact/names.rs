//! Which names speak of a secret, and which of them are excepted.

/// Parts of names, in lower case and without separators.
const PARTS: [&str; 19] = [
    "token",
    "secret",
    "passw",
    "passphrase",
    "passcode",
    "pwd",
    "apikey",
    "accesskey",
    "privatekey",
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
const WHOLE: [&str; 6] = ["pin", "otp", "sig", "pass", "auth", "hmac"];

/// Whether a name (of a header, cookie, query parameter or JSON member) speaks of a secret:
/// `token`, `X-Api-Key`, `user_password`, `authToken` …
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|one| one.to_ascii_lowercase())
        .collect();
    if PARTS.iter().any(|part| plain.contains(part)) || WHOLE.contains(&plain.as_str()) {
        return true;
    }
    // `auth`, `xauth`, `authorization`, `oauth_code`, and neither `author` nor `authenticated`.
    plain.match_indices("auth").any(|(at, _)| {
        let rest = plain.get(at + 4..).unwrap_or_default();
        rest.starts_with("oriz") || !(rest.starts_with("or") || rest.starts_with("entic"))
    })
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

    /// Whether `name` is excepted, by itself or with its place (`cookie.io`). Notes that it was met.
    pub(super) fn holds(&mut self, place: &str, name: &str) -> bool {
        let mut found = false;
        for (wanted, met) in &mut self.names {
            let whole = wanted.split_once('.').is_some_and(|(a, b)| {
                a.eq_ignore_ascii_case(place) && b.eq_ignore_ascii_case(name)
            });
            if whole || wanted.eq_ignore_ascii_case(name) {
                *met = true;
                found = true;
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
