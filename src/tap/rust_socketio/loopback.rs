//! Keeps proxies away from the loopback address. Pure: the environment is passed in.
//!
//! The library polls with `reqwest`, which asks `HTTP_PROXY` and `ALL_PROXY` for every target,
//! 127.0.0.1 too, and offers no way to say otherwise from outside but `NO_PROXY`. A process can't
//! change its environment safely once threads run, so the program is started again with a
//! `NO_PROXY` that names the loopback address, before it does anything else.

use std::net::{IpAddr, Ipv4Addr};

/// Where the library is always sent.
pub(super) const HOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The variables that send a plain HTTP request through a proxy.
const PROXIES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// The variables that make exceptions; the first one that is set counts.
pub const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// What the variables of [`EXCEPTIONS`] have to say so that the library reaches its tap; `None`
/// where it does already. `get` looks up a variable.
pub fn exception(get: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &&str| get(name).filter(|value| !value.trim().is_empty());
    PROXIES.iter().find_map(set)?;
    // A first variable that is set but empty hides the second one.
    let given = EXCEPTIONS
        .iter()
        .find_map(|name| get(name))
        .unwrap_or_default();
    if given.split(',').map(str::trim).any(covers) {
        return None;
    }
    Some(match given.trim() {
        "" => HOST.to_string(),
        given => format!("{given},{HOST}"),
    })
}

/// Whether an entry of `NO_PROXY` surely means our address; one more than needed does no harm.
fn covers(entry: &str) -> bool {
    entry == "127.0.0.0/8" || entry.parse() == Ok(IpAddr::V4(HOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(variables: &[(&str, &str)]) -> Option<String> {
        exception(|name| {
            let found = variables.iter().find(|(given, _)| *given == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_a_proxy_there_is_nothing_to_do() {
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[("http_proxy", "")]), None);
        assert_eq!(asked(&[("https_proxy", "http://p:1")]), None);
        assert_eq!(asked(&[("NO_PROXY", "example.org")]), None);
    }

    #[test]
    fn a_proxy_gets_the_loopback_address_as_an_exception() {
        for name in PROXIES {
            assert_eq!(asked(&[(name, "http://p:1")]).as_deref(), Some("127.0.0.1"));
        }
        let proxy = ("http_proxy", "http://p:1");
        for (exceptions, wanted) in [
            (&[("NO_PROXY", "a.org")][..], "a.org,127.0.0.1"),
            (&[("no_proxy", "a.org, b.org ")], "a.org, b.org,127.0.0.1"),
            (&[("NO_PROXY", "localhost")], "localhost,127.0.0.1"),
            // The library looks at the second one only where the first is not set.
            (&[("NO_PROXY", ""), ("no_proxy", "127.0.0.1")], "127.0.0.1"),
            (
                &[("NO_PROXY", "a.org"), ("no_proxy", "b.org")],
                "a.org,127.0.0.1",
            ),
        ] {
            assert_eq!(
                asked(&[&[proxy], exceptions].concat()).as_deref(),
                Some(wanted),
                "{exceptions:?}"
            );
        }
    }

    #[test]
    fn an_exception_that_is_there_is_enough_and_so_the_second_start_is_the_last() {
        for covered in ["127.0.0.1", "a.org, 127.0.0.1", "127.0.0.0/8"] {
            let variables = [("http_proxy", "http://p:1"), ("NO_PROXY", covered)];
            assert_eq!(asked(&variables), None, "{covered}");
        }
        let wanted = asked(&[("ALL_PROXY", "socks5://p:1"), ("no_proxy", "x")]).unwrap();
        for name in EXCEPTIONS {
            assert_eq!(
                asked(&[("ALL_PROXY", "socks5://p:1"), (name, &wanted)]),
                None
            );
        }
    }
}
