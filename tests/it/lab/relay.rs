//! A TCP relay: the recorder that a client's bytes go through, and the network that can fail.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::PATIENCE;

/// What crossed the wire of one TCP connection.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// The bytes of the client.
    pub to_server: Vec<u8>,
    /// The bytes of the server.
    pub to_client: Vec<u8>,
}

#[derive(Default)]
struct State {
    wires: Vec<Wire>,
    /// Both ends of each connection, to be cut.
    ends: Vec<(TcpStream, TcpStream)>,
    stalled: bool,
}

/// What becomes of some bytes on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They cross.
    Pass,
    /// They are lost, and nobody is told.
    Lost,
    /// The connection ends instead.
    Cut,
    /// They cross after this time, and so does what follows on the same connection.
    Late(Duration),
}

/// Decides on bytes: what crossed before, whether they are for the client, and the bytes.
type Rule = Box<dyn Fn(&Wire, bool, &[u8]) -> Fate + Send + Sync>;

#[derive(Default)]
struct Shared {
    rule: Option<Rule>,
    state: Mutex<State>,
    changed: Condvar,
    over: AtomicBool,
}

/// A relay from a free port of 127.0.0.1 to another port, until this is dropped.
pub struct Relay {
    shared: Arc<Shared>,
    port: u16,
}

impl Relay {
    /// Relays to `port` of 127.0.0.1.
    pub fn to(port: u16) -> Self {
        Self::start(port, None)
    }

    /// Relays to `port` what `rule` lets pass: a middlebox with ideas of its own.
    pub fn meddling(
        port: u16,
        rule: impl Fn(&Wire, bool, &[u8]) -> Fate + Send + Sync + 'static,
    ) -> Self {
        Self::start(port, Some(Box::new(rule)))
    }

    fn start(port: u16, rule: Option<Rule>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let own = listener
            .local_addr()
            .expect("the address of a listener")
            .port();
        let shared = Arc::new(Shared {
            rule,
            ..Shared::default()
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.over.load(Ordering::SeqCst) {
                    return;
                }
                // A server that is not there: the client sees its connection closed.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                    accepting.relay(client, server);
                }
            }
        });
        Self { shared, port: own }
    }

    /// `http://127.0.0.1:PORT` of the relay.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What crossed so far, one entry for each TCP connection in the order of their making.
    pub fn wires(&self) -> Vec<Wire> {
        self.shared.state().wires.clone()
    }

    /// Waits until what crossed satisfies `enough`; panics with the sizes when it never does.
    #[track_caller]
    pub fn wait_until(&self, enough: impl Fn(&[Wire]) -> bool) -> Vec<Wire> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.state();
        while !enough(&state.wires) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let sizes: Vec<_> = state
                    .wires
                    .iter()
                    .map(|wire| (wire.to_server.len(), wire.to_client.len()))
                    .collect();
                drop(state);
                panic!(
                    "the wire never showed what was waited for; bytes to server and to client: {sizes:?}"
                );
            }
            state = self.shared.wait(state, left);
        }
        state.wires.clone()
    }

    /// Nothing crosses any more, and nobody is told: a cable pulled out.
    pub fn stall(&self) {
        self.shared.state().stalled = true;
    }

    /// What was held back crosses now, and what comes after it.
    pub fn resume(&self) {
        self.shared.state().stalled = false;
        self.shared.changed.notify_all();
    }

    /// Ends every connection that is there; new ones are relayed.
    pub fn cut(&self) {
        self.shared.cut();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.resume();
        self.shared.cut();
        // Wakes the accepting thread, which then ends.
        let own = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let _ = TcpStream::connect_timeout(&own, Duration::from_secs(1));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, left: Duration) -> MutexGuard<'a, State> {
        self.changed
            .wait_timeout(state, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn cut(&self) {
        for (client, server) in self.state().ends.drain(..) {
            // An end that is closed already is what is wanted.
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    fn relay(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let (Ok(to_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else {
            return;
        };
        let (Ok(client_end), Ok(server_end)) = (client.try_clone(), server.try_clone()) else {
            return;
        };
        let mut state = self.state();
        let number = state.wires.len();
        state.wires.push(Wire::default());
        state.ends.push((client_end, server_end));
        drop(state);
        let up = Arc::clone(self);
        thread::spawn(move || up.pump(client, to_server, number, false));
        let down = Arc::clone(self);
        thread::spawn(move || down.pump(server, to_client, number, true));
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, number: usize, to_client: bool) {
        let mut chunk = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            let bytes = &chunk[..read];
            let mut state = self.state();
            while state.stalled {
                state = self.wait(state, PATIENCE);
            }
            let wire = &mut state.wires[number];
            let fate = self
                .rule
                .as_ref()
                .map_or(Fate::Pass, |rule| rule(wire, to_client, bytes));
            let side = if to_client {
                &mut wire.to_client
            } else {
                &mut wire.to_server
            };
            side.extend_from_slice(bytes);
            drop(state);
            self.changed.notify_all();
            match fate {
                Fate::Pass => {}
                Fate::Lost => continue,
                Fate::Late(time) => thread::sleep(time),
                Fate::Cut => {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                    break;
                }
            }
            if to.write_all(bytes).is_err() {
                break;
            }
        }
        // The other side learns of the end as it would without a relay.
        let _ = to.shutdown(Shutdown::Write);
    }
}
