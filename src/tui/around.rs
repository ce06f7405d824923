//! What the composer needs to know of the world, taken from a session. **Pure.**

use super::composer::{Preview, PreviewError, Surroundings};
use super::mask;
use super::state::{State, Tab};
use crate::client::command::Emit;
use crate::client::options::Driver;
use crate::journal::record::{Direction, NamespaceState};

/// Event names offered for completion, the most frequent first.
const EVENTS: usize = 200;

/// Calls `use_it` with the surroundings of a session.
pub fn with<T>(state: &State, tab: &Tab, use_it: impl FnOnce(&Surroundings<'_>) -> T) -> T {
    let mut events: Vec<(&String, &u64)> = tab.model.events.iter().take(5_000).collect();
    events.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let events: Vec<String> = events
        .into_iter()
        .take(EVENTS)
        .map(|(name, _)| name.clone())
        .collect();
    let joined = tab.namespaces();
    let namespaces: Vec<String> = joined
        .iter()
        .map(|namespace| namespace.nsp.clone())
        .collect();
    let preview = |emit: &Emit| {
        let mut made = preview(tab, emit)?;
        if !state.secrets {
            made.text = mask::text(&made.text).into_owned();
        }
        Ok(made)
    };
    let online = |nsp: &str| {
        joined
            .iter()
            .any(|namespace| namespace.nsp == nsp && namespace.state == NamespaceState::Connected)
    };
    use_it(&Surroundings {
        preview: &preview,
        max_payload: tab
            .connection()
            .and_then(|connection| connection.max_payload),
        online: &online,
        events: &events,
        namespaces: &namespaces,
        keymap: &state.keymap,
        readonly: state.readonly || !tab.live,
        client: tab
            .tap
            .as_ref()
            .and(tab.connection())
            .map(|connection| connection.c),
    })
}

/// The bytes that an emit would become: the Engine.IO message digit, then the Socket.IO packet.
fn preview(tab: &Tab, emit: &Emit) -> Result<Preview, PreviewError> {
    let (args, sizes) = attachments(&emit.args)?;
    let mut text = String::with_capacity(args.len() + 24);
    text.push('4');
    if sizes.is_empty() {
        text.push('2');
    } else {
        text.push_str(&format!("5{}-", sizes.len()));
    }
    if emit.nsp != "/" && !emit.nsp.is_empty() {
        text.push_str(&emit.nsp);
        text.push(',');
    }
    if emit.ack {
        match draws_ids(tab) {
            // As wide as most of them: three digits.
            true => text.push_str("???"),
            false => text.push_str(&next_ack(tab, &emit.nsp).to_string()),
        }
    }
    text.push_str(&args);
    let bytes = text.len() as u64 + sizes.iter().sum::<u64>();
    Ok(Preview {
        text,
        bytes,
        attachments: sizes.len(),
    })
}

/// Whether the client draws its ack ids by lot (rust_socketio: 0 to 998).
fn draws_ids(tab: &Tab) -> bool {
    let options = tab.options.as_ref();
    options.is_some_and(|options| options.driver == Driver::RustSocketio)
}

/// The ack id that the next question on a namespace gets: ids count up from 0.
fn next_ack(tab: &Tab, nsp: &str) -> u64 {
    tab.model
        .acks
        .iter()
        .rev()
        .find(|ack| ack.nsp == nsp && ack.dir == Direction::ToServer)
        .map_or(0, |ack| ack.id + 1)
}

/// The arguments with each `{"$binary":"…"}` leaf as a placeholder, and the attachments' sizes.
fn attachments(args: &str) -> Result<(String, Vec<u64>), PreviewError> {
    const OPEN: &str = "{\"$binary\":\"";
    let mut out = String::with_capacity(args.len());
    let mut sizes = Vec::new();
    let mut rest = args;
    while let Some(at) = rest.find(OPEN) {
        out.push_str(rest.get(..at).unwrap_or(""));
        let inner = rest.get(at + OPEN.len()..).unwrap_or("");
        let Some(end) = inner.find("\"}") else {
            return Err(PreviewError("a {\"$binary\":…} is not closed".to_owned()));
        };
        let base64 = inner.get(..end).unwrap_or("");
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, base64)
            .map_err(|error| PreviewError(format!("$binary holds no base64: {error}")))?;
        out.push_str(&format!(
            "{{\"_placeholder\":true,\"num\":{}}}",
            sizes.len()
        ));
        sizes.push(bytes.len() as u64);
        rest = inner.get(end + 2..).unwrap_or("");
    }
    out.push_str(rest);
    Ok((out, sizes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_are_taken_out_and_counted() {
        let (text, sizes) =
            attachments(r#"["a",{"$binary":"AQID"},{"b":{"$binary":""}}]"#).unwrap();
        assert_eq!(
            text,
            r#"["a",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1}}]"#
        );
        assert_eq!(sizes, [3, 0]);
        assert!(attachments(r#"["a",{"$binary":"?"}]"#).is_err());
        assert!(attachments(r#"["a",{"$binary":"AQID"#).is_err());
    }

    #[test]
    fn a_preview_is_the_packets_text() {
        let tab = Tab::new("http://h", true, jiff::Timestamp::UNIX_EPOCH);
        let emit = Emit {
            nsp: "/chat".into(),
            args: r#"["say",1]"#.into(),
            ack: true,
            ..Emit::default()
        };
        let made = preview(&tab, &emit).unwrap();
        assert_eq!(made.text, r#"42/chat,0["say",1]"#);
        assert_eq!(made.bytes, 18);
    }

    #[test]
    fn a_secret_is_covered_in_the_preview_and_counted_as_it_is() {
        let mut bench = crate::tui::bench::connected(80, 24);
        let emit = Emit {
            nsp: "/".into(),
            args: r#"["login",{"passwd":"PassWd99x"}]"#.into(),
            ..Emit::default()
        };
        let see = |state: &State| {
            let made = with(state, &state.tabs[0], |around| (around.preview)(&emit));
            let made = made.unwrap();
            (made.text, made.bytes)
        };
        assert_eq!(
            see(&bench.state),
            (r#"42["login",{"passwd":"•••"}]"#.to_owned(), 34)
        );
        bench.keys("S");
        assert_eq!(
            see(&bench.state),
            (r#"42["login",{"passwd":"PassWd99x"}]"#.to_owned(), 34)
        );
    }

    #[test]
    fn no_id_is_foretold_of_a_client_that_draws_them_by_lot() {
        let mut tab = Tab::new("http://h", true, jiff::Timestamp::UNIX_EPOCH);
        let mut options =
            crate::client::options::Options::new(url::Url::parse("http://h").unwrap());
        options.driver = Driver::RustSocketio;
        tab.options = Some(options);
        let emit = Emit {
            args: r#"["say",1]"#.into(),
            ack: true,
            ..Emit::default()
        };
        assert_eq!(preview(&tab, &emit).unwrap().text, r#"42???["say",1]"#);
    }
}
