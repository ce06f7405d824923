//! Whether the auth that was given is taken.

use super::case::Case;
use super::report::{Check, Outcome, Verdict};
use crate::journal::record::NamespaceState;
use crate::protocol::engine::Version;

const NAME: &str = "auth";

/// Judges the namespaces that got an auth payload.
pub(super) fn check(case: &Case<'_>) -> Outcome {
    let options = &case.probe.options;
    let given = options.auth.is_some() || options.namespaces.iter().any(|nsp| nsp.auth.is_some());
    if let Some(error) = &case.auth_error {
        return Check::new(NAME, Verdict::Fail, format!("it cannot be read: {error}"))
            .fixed_by("correct the file or command of --auth or -n NSP=…")
            .into();
    }
    if !given {
        return Check::skipped(NAME, "none was given (--auth, or -n NSP=AUTH)").into();
    }
    if case.joins.is_empty() {
        return Check::skipped(NAME, "no session got as far as a CONNECT").into();
    }
    if case.tongue().0 == Version::V3 {
        let detail = "Engine.IO 3 carries no auth payload: what was given was not sent";
        return Check::new(NAME, Verdict::Warn, detail)
            .fixed_by("give it as query or header: --query token=…, --header 'Authorization: …'")
            .into();
    }
    let with: Vec<_> = case.joins.iter().filter(|join| join.with_auth).collect();
    let seen = with.iter().flat_map(|join| join.evidence.clone());
    let names = |state: NamespaceState| -> Vec<&str> {
        with.iter()
            .filter(|join| join.state == state)
            .map(|join| join.nsp.as_str())
            .collect()
    };
    let refused = names(NamespaceState::Refused);
    if !refused.is_empty() {
        let detail = format!(
            "it was sent, and {} refused all the same",
            refused.join(" and ")
        );
        let mut check = Check::new(NAME, Verdict::Fail, detail)
            .seen_in(seen)
            .fixed_by("compare the payload with what the namespace's middleware looks for");
        check.rule = Some("namespace-refused".to_owned());
        return check.into();
    }
    let taken = names(NamespaceState::Connected);
    match taken.is_empty() {
        true => Check::skipped(NAME, "no namespace answered").seen_in(seen),
        false => {
            Check::ok(NAME, format!("sent, and {} let us in", taken.join(" and "))).seen_in(seen)
        }
    }
    .into()
}
