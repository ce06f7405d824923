//! Whether what was cut lost its server: a process that was killed or restarted is no idle time.

use super::super::case::{Case, finding, is_unknown_session};
use super::super::probe::Answer;
use super::super::voice::Hello;
use super::{Fate, NAME};
use crate::journal::record::Finding;

/// What became of the server when something was cut.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gone {
    /// How that shows, in words.
    pub(super) how: String,
    /// Records that show it.
    pub(super) evidence: [u64; 2],
}

/// Where something was cut: whether the server itself went away. A poll that was waiting may have
/// been told so; else a new handshake is.
pub(super) async fn gone(case: &Case<'_>, socket: &Fate, poll: &Fate) -> Option<Gone> {
    if let Fate::Cut {
        gone: true,
        how,
        evidence,
        ..
    } = poll
    {
        let [.., asked, answered] = evidence[..] else {
            return None;
        };
        return Some(Gone {
            how: format!("the poll that waited was answered with {how}"),
            evidence: [asked, answered],
        });
    }
    if !matches!(
        (socket, poll),
        (Fate::Cut { .. }, _) | (_, Fate::Cut { .. })
    ) || !case.polls
    {
        return None;
    }
    let mut visit = case.look(NAME);
    let (answer, hello) = visit.open("whether the server is still there").await;
    match hello {
        Hello::Open(opened) => {
            visit.release(&opened).await;
            None
        }
        _ => Some(Gone {
            how: format!("a handshake right after it got {}", answer.told()),
            evidence: answer.records(),
        }),
    }
}

/// Whether an answer to a poll says that nobody is there who knows of the session: the proxy
/// reaches no server, the server is another one, or none listens. A proxy whose patience is over
/// says 504 (or 408, 524), or just hangs up.
pub(super) fn says_gone(answer: &Answer) -> bool {
    matches!(answer.status, 502 | 503 | 521 | 523) || is_unknown_session(answer)
}

/// The server went away while it was watched.
pub(super) fn died(told: &str, gone: &Gone, socket: &Fate, poll: &Fate) -> Finding {
    let cuts = [socket, poll].into_iter().filter_map(|fate| match fate {
        Fate::Cut { evidence, .. } => evidence.last().copied(),
        _ => None,
    });
    finding(
        "restarted-or-killed-session",
        "error",
        "The server went away while its connections were kept: it was killed or restarted",
        cuts.chain(gone.evidence),
        format!(
            "{told}. That is no idle time of a proxy: {}, so the process that held the sessions \
             is not there any more. Sessions live in its memory and are lost with it; every \
             client has to connect anew.",
            gone.how
        ),
        "look why it ended (exit code, out of memory, a deployment, a health check that failed), \
         and let it go in good order: `io.close()` on SIGTERM tells the clients, which come back \
         by themselves. With several nodes, nginx: `proxy_next_upstream error timeout;`, so that \
         they come back to one that lives",
    )
}
