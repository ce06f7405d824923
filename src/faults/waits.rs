//! What an armed fault waits for, in words: said where it can't act on what is there now.
//! **Floor 1, pure.**

use super::Fault;
use crate::journal::record::TransportName;

/// The connection that a fault is meant for, as far as its moment depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    /// None is open.
    Nothing,
    /// One is open over this transport.
    Open(TransportName),
}

/// What a fault waits for that was armed for what is there: `None` where it acts at once or on
/// the next thing of its kind that crosses there.
pub fn waits_for(fault: Fault, there: There) -> Option<String> {
    let step = match fault {
        Fault::NoUpgrade => Some("the next handshake over polling"),
        Fault::AbortUpgrade => Some("the next upgrade from polling to WebSocket"),
        Fault::Split101 => Some("the next 101 of a WebSocket"),
        _ => None,
    };
    let over = match fault.entry().over {
        [only] => Some(*only),
        _ => None,
    };
    match (step, over, there) {
        (Some(step), _, There::Nothing) => Some(format!("{step}; no connection is open")),
        (Some(step), _, There::Open(now)) => Some(match (fault, now) {
            (Fault::NoUpgrade, _) => format!("{step}; that of the connection here is over"),
            (_, TransportName::Websocket) => {
                format!("{step}; the connection here is over WebSocket already")
            }
            _ => step.to_owned(),
        }),
        (None, Some(over), There::Nothing) => Some(format!(
            "a connection over {}; none is open",
            transport(over)
        )),
        (None, None, There::Nothing) => Some("a connection; none is open".to_owned()),
        (None, Some(over), There::Open(now)) if over != now => Some(format!(
            "a connection over {}; the one here is over {}",
            transport(over),
            transport(now)
        )),
        (None, _, There::Open(_)) => None,
    }
}

/// What has to be said where a session ends and some of the faults that were armed in it have
/// never acted.
pub fn never_struck(faults: &[Fault]) -> Option<String> {
    let words: Vec<String> = faults
        .iter()
        .map(|fault| match waits_for(*fault, There::Nothing) {
            // What it waits for has the reason why there was none behind a semicolon.
            Some(what) if fault.entry().over.len() == 1 || *fault == Fault::Split101 => {
                let what = what.split(';').next().unwrap_or_default();
                format!("{fault} (it waited for {what})")
            }
            _ => fault.to_string(),
        })
        .collect();
    (!words.is_empty()).then(|| format!("armed and never struck: {}", words.join(", ")))
}

fn transport(name: TransportName) -> &'static str {
    match name {
        TransportName::Polling => "polling",
        TransportName::Websocket => "WebSocket",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_act_here_says_what_it_waits_for() {
        let polling = There::Open(TransportName::Polling);
        let websocket = There::Open(TransportName::Websocket);
        for (fault, there, words) in [
            ("drop", polling, None),
            ("duplicate", websocket, None),
            ("drop", There::Nothing, Some("a connection; none is open")),
            ("close:4321", websocket, None),
            (
                "close:4321",
                polling,
                Some("a connection over WebSocket; the one here is over polling"),
            ),
            ("stall-poll", polling, None),
            (
                "stall-poll",
                websocket,
                Some("a connection over polling; the one here is over WebSocket"),
            ),
            (
                "status:502@1",
                There::Nothing,
                Some("a connection over polling; none is open"),
            ),
            (
                "abort-upgrade",
                polling,
                Some("the next upgrade from polling to WebSocket"),
            ),
            (
                "abort-upgrade",
                websocket,
                Some(
                    "the next upgrade from polling to WebSocket; the connection here is over WebSocket already",
                ),
            ),
            (
                "no-upgrade",
                polling,
                Some("the next handshake over polling; that of the connection here is over"),
            ),
        ] {
            let said = waits_for(fault.parse().expect("a fault"), there);
            assert_eq!(said.as_deref(), words, "{fault} {there:?}");
        }
    }

    #[test]
    fn what_never_struck_is_listed_with_what_it_waited_for() {
        assert_eq!(never_struck(&[]), None);
        assert_eq!(
            never_struck(&[Fault::Close(4321), Fault::Duplicate, Fault::AbortUpgrade]).as_deref(),
            Some(
                "armed and never struck: close:4321 (it waited for a connection over WebSocket), duplicate, abort-upgrade (it waited for the next upgrade from polling to WebSocket)"
            )
        );
    }
}
