//! What the library can be told, and nothing else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

/// How a client of the library is set up. Whatever lies between the tap and the server (TLS,
/// proxy, overrides of name resolution) is the tap's.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one namespace, with its leading `/`.
    pub nsp: String,
    /// Where the payload of its CONNECT comes from, asked at each attempt.
    pub auth: Auth,
    /// Headers of every request, in order.
    pub headers: Vec<(String, String)>,
    /// HTTP path, with slashes around it; never `/` alone, which the library replaces.
    pub path: String,
    /// Query parameters of every request.
    pub query: Vec<(String, String)>,
    /// Which transports it may use.
    pub transports: Transports,
    /// Try again after a loss.
    pub reconnect: bool,
    /// First delay.
    pub delay: Duration,
    /// Longest delay (its jitter comes on top).
    pub delay_max: Duration,
    /// Attempts before giving up; `None` is without limit. At most 255.
    pub attempts: Option<u32>,
    /// Time for its first connect.
    pub connect_timeout: Duration,
}

/// Transports as the library knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transports {
    /// Polling first, then WebSocket where that works.
    Any,
    /// Polling only.
    Polling,
    /// WebSocket only.
    Websocket,
}

/// Reads an auth payload.
type Read = dyn Fn() -> BoxFuture<'static, Result<Option<Value>, String>> + Send + Sync;

/// Where an auth payload comes from.
#[derive(Clone, Default)]
pub struct Auth(Option<Arc<Read>>);

impl Auth {
    /// Asks `read` whenever a payload is needed. It gives `None` where there is none, and the
    /// reason where it can't be had.
    pub fn new(
        read: impl Fn() -> BoxFuture<'static, Result<Option<Value>, String>> + Send + Sync + 'static,
    ) -> Auth {
        Auth(Some(Arc::new(read)))
    }

    /// The payload for one attempt.
    #[cfg(feature = "driver-rust-socketio")]
    pub(super) async fn read(&self) -> Result<Option<Value>, String> {
        match &self.0 {
            Some(read) => read().await,
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Auth(…)"
        } else {
            "Auth"
        })
    }
}

impl Settings {
    /// The library's address for a tap on the loopback address at `port`.
    #[cfg(any(test, feature = "driver-rust-socketio"))]
    pub(super) fn base(&self, port: u16) -> String {
        let mut base = format!("http://{}:{port}{}", super::loopback::HOST, self.path);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        let query = query.finish();
        if !query.is_empty() {
            base.push('?');
            base.push_str(&query);
        }
        base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_carries_path_and_query() {
        let mut settings = Settings {
            nsp: "/".to_owned(),
            auth: Auth::default(),
            headers: Vec::new(),
            path: "/socket.io/".to_owned(),
            query: Vec::new(),
            transports: Transports::Any,
            reconnect: true,
            delay: Duration::from_secs(1),
            delay_max: Duration::from_secs(5),
            attempts: None,
            connect_timeout: Duration::from_secs(20),
        };
        assert_eq!(settings.base(81), "http://127.0.0.1:81/socket.io/");
        settings.query = vec![("a b".to_owned(), "ü&".to_owned()), ("c".into(), "".into())];
        assert_eq!(
            settings.base(81),
            "http://127.0.0.1:81/socket.io/?a+b=%C3%BC%26&c="
        );
    }
}
