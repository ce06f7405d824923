//! `--from FILE [NAME]`: the event is a draft.

use std::path::Path;
use std::time::Duration;

use super::{ACK_TIMEOUT, EmitArgs, Plan};
use crate::cli::UsageError;
use crate::cli::drafts::{self, Sheet};
use crate::cli::stream::command::check_binary;
use crate::client::command::Emit;
use crate::client::options::NamespaceAuth;
use crate::collection::Draft;

impl EmitArgs {
    /// What to do with a draft of this file.
    pub(super) fn draft_plan(&self, file: &Path) -> Result<Plan, UsageError> {
        let (mut options, record) = self.connection.options(&self.url)?;
        if self.connection.reconnection_attempts.is_none() {
            options.reconnection.enabled = false;
        }
        let sheet = drafts::sheet(file)?;
        let mut draft = chosen(&sheet, self.event.as_deref())?.clone();
        // What it expects is not looked at, and may speak of what is not known here.
        draft.groups.clear();
        let variables = self.variables.variables()?;
        let masked = |error: UsageError| UsageError(variables.masks().text(&error.0));
        let alone = Sheet {
            file: sheet.file.clone(),
            drafts: vec![draft.clone()],
        };
        drafts::check(&[alone], &variables).map_err(masked)?;
        let wrong = |error: String| {
            let (file, name) = (file.display(), &draft.name);
            masked(UsageError(format!("{file}: draft {name:?}: {error}")))
        };
        let filled = draft
            .fill(&variables)
            .map_err(|error| wrong(error.to_string()))?;
        check_binary(&filled.array).map_err(wrong)?;
        let first = options.namespaces.first().map(|first| first.nsp.clone());
        let nsp = match (filled.nsp, first) {
            (Some(nsp), first) => {
                // Nothing named another namespace: only the draft's is joined.
                if self.connection.namespaces.is_empty() && first.as_deref() == Some("/") {
                    options.namespaces.clear();
                }
                if !options.namespaces.iter().any(|one| one.nsp == nsp) {
                    let nsp = nsp.clone();
                    options.namespaces.push(NamespaceAuth { nsp, auth: None });
                }
                nsp
            }
            (None, first) => first.unwrap_or_else(|| "/".to_owned()),
        };
        let of_draft = draft.timeout_ms.map(Duration::from_millis);
        let timeout = of_draft.or(options.ack_timeout).unwrap_or(ACK_TIMEOUT);
        let ack = self.ack || draft.ack;
        Ok(Plan {
            options,
            record,
            event: filled.event,
            emit: Emit {
                nsp,
                args: filled.array,
                ack,
                timeout_ms: ack.then(|| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
                volatile: false,
            },
            wait: self.wait.clone(),
            timeout,
            masks: variables.masks().clone(),
        })
    }
}

fn chosen<'s>(sheet: &'s Sheet, name: Option<&str>) -> Result<&'s Draft, UsageError> {
    let found = match (name, sheet.drafts.as_slice()) {
        (Some(name), drafts) => drafts.iter().find(|draft| draft.name == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        let names: Vec<String> = sheet
            .drafts
            .iter()
            .map(|draft| format!("{:?}", draft.name))
            .collect();
        let what = match name {
            Some(name) => format!("there is no draft {name:?}"),
            None => "there are several drafts; name one".to_owned(),
        };
        UsageError(format!(
            "{}: {what}: {}",
            sheet.file.display(),
            names.join(", ")
        ))
    })
}
