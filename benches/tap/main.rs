//! What `sioscope tap` costs the application that it taps: the same load on the same Socket.IO
//! server direct, through the tap, and through mitmproxy in reverse mode.
//!
//! In each round each way gets its turn, so that what else the machine does falls on all alike;
//! what is printed is the median of the rounds' ratios. How many events one measurement takes is
//! found for each way, so that each lasts about as long.
//!
//! Run with `cargo bench --bench tap` (`-- polling` measures only what has that in its name,
//! `-- 15` makes so many rounds, `-- --without-mitmproxy` leaves the comparison out);
//! `tests/install` must have run once. mitmproxy is installed by the benchmark itself, into
//! `target/`, by the versions in `benches/tap/requirements.txt`.

#![expect(clippy::expect_used, reason = "a benchmark may stop where it stands")]

mod load;
mod peers;

use std::path::{Path, PathBuf};
use std::time::Duration;

use load::{Client, Polling, WebSocket};
use peers::Peer;

/// Rounds, unless a number is given.
const ROUNDS: usize = 7;
/// How long one measurement is meant to take.
const TURN: Duration = Duration::from_millis(800);
/// Events with an ack in one measurement.
const ECHOES: usize = 2_000;

/// A way from the client to the server.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Direct,
    /// The tap, recording.
    Quiet,
    /// The tap, recording and printing.
    Printing,
    Mitmproxy,
}

const TAPS: [(Way, &str); 2] = [
    (Way::Quiet, "tap --headless --quiet"),
    (Way::Printing, "tap --headless"),
];

#[derive(Clone, Copy)]
enum Direction {
    ToClient,
    ToServer,
}

fn main() {
    let mut rounds = ROUNDS;
    let mut only = None;
    let mut with_mitmproxy = true;
    for argument in std::env::args().skip(1) {
        match argument.parse() {
            Ok(number) => rounds = number,
            Err(_) if argument == "--without-mitmproxy" => with_mitmproxy = false,
            Err(_) if argument.starts_with('-') => {}
            Err(_) => only = Some(argument),
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mitmproxy = with_mitmproxy.then(|| match peers::install_mitmproxy(root) {
        Ok(program) => program,
        Err(error) => {
            eprintln!(
                "mitmproxy can't be installed: {error}\nwhat to do: see that python3 (3.10 or newer) can make a virtual environment and that pip reaches its index, or run with `-- --without-mitmproxy`"
            );
            std::process::exit(1);
        }
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bench = Bench {
        server: peers::server(root),
        file: folder.path().join("tap.sio.jsonl"),
        mitmproxy,
        rounds,
    };
    let wanted = |name: &str| only.as_ref().is_none_or(|only| name.contains(only));
    println!("{}", machine());
    for polling in [false, true] {
        let transport = if polling { "polling" } else { "WebSocket" };
        for size in [100, 1_000, 10_000] {
            for (to, direction) in [
                ("client", Direction::ToClient),
                ("server", Direction::ToServer),
            ] {
                let name = format!("{transport}, events of {size} bytes to the {to}");
                if wanted(&name) {
                    bench.throughput(&name, polling, direction, size);
                }
            }
        }
        let name = format!("{transport}, an event and its ack");
        if wanted(&name) {
            bench.latency(&name, polling);
        }
    }
    println!("{}", machine());
}

struct Bench {
    server: Peer,
    file: PathBuf,
    mitmproxy: Option<PathBuf>,
    rounds: usize,
}

/// A way with its process and its client.
struct Lane {
    way: Way,
    peer: Option<Peer>,
    client: Box<dyn Client>,
    /// Events of one measurement.
    count: usize,
    rates: Vec<f64>,
    /// Processor time of the peer for an event, in seconds.
    cpu: Vec<f64>,
    /// The same of the server, which is what limits an undisturbed machine.
    served: Vec<f64>,
}

impl Bench {
    fn lanes(&self, polling: bool) -> Vec<Lane> {
        let server = self.server.address;
        let mut ways = vec![Way::Direct, Way::Quiet, Way::Printing];
        ways.extend(self.mitmproxy.is_some().then_some(Way::Mitmproxy));
        ways.into_iter()
            .map(|way| {
                let peer = match way {
                    Way::Direct => None,
                    Way::Quiet => Some(peers::tap(server, self.file.clone(), true)),
                    Way::Printing => {
                        let file = self.file.with_extension("2.jsonl");
                        Some(peers::tap(server, file, false))
                    }
                    Way::Mitmproxy => self
                        .mitmproxy
                        .as_ref()
                        .map(|program| peers::mitmproxy(program, server)),
                };
                let address = peer.as_ref().map_or(server, |peer| peer.address);
                let client: Box<dyn Client> = match polling {
                    true => Box::new(Polling::open(address)),
                    false => Box::new(WebSocket::open(address)),
                };
                Lane {
                    way,
                    peer,
                    client,
                    count: 0,
                    rates: Vec::new(),
                    cpu: Vec::new(),
                    served: Vec::new(),
                }
            })
            .collect()
    }

    fn throughput(&self, name: &str, polling: bool, direction: Direction, size: usize) {
        let mut lanes = self.lanes(polling);
        for lane in &mut lanes {
            // Twice: the first time warms up.
            lane.count = 200;
            for _ in 0..4 {
                let took = lane.run(direction, size);
                let fits = lane.count as f64 * TURN.as_secs_f64() / took.as_secs_f64();
                lane.count = (fits as usize).clamp(50, lane.count * 20);
            }
        }
        for _ in 0..self.rounds {
            for lane in &mut lanes {
                let used = |peer: Option<&Peer>| peer.map_or(0.0, Peer::cpu);
                let before = (used(lane.peer.as_ref()), used(Some(&self.server)));
                let took = lane.run(direction, size);
                let after = (used(lane.peer.as_ref()), used(Some(&self.server)));
                let events = lane.count as f64;
                lane.rates.push(events / took.as_secs_f64());
                lane.cpu.push((after.0 - before.0) / events);
                lane.served.push((after.1 - before.1) / events);
            }
        }
        println!(
            "\n{name}: direct {:.0} events/s | server {:.2} µs of processor an event",
            rate(&lanes, Way::Direct),
            served(&lanes, Way::Direct)
        );
        for (way, words) in TAPS {
            println!(
                "  {words:<23} {:>8.0} events/s | {:.3} of direct ({}) | {:.2} µs of processor an event, server {:.2}{}",
                rate(&lanes, way),
                median(ratios(&lanes, way, Way::Direct)),
                spread(ratios(&lanes, way, Way::Direct)),
                cpu(&lanes, way),
                served(&lanes, way),
                match self.mitmproxy {
                    None => String::new(),
                    Some(_) => format!(
                        " | {:.1} times mitmproxy",
                        median(ratios(&lanes, way, Way::Mitmproxy))
                    ),
                }
            );
        }
        if self.mitmproxy.is_some() {
            let way = Way::Mitmproxy;
            println!(
                "  mitmdump                {:>8.0} events/s | {:.3} of direct | {:.2} µs of processor an event, server {:.2}",
                rate(&lanes, way),
                median(ratios(&lanes, way, Way::Direct)),
                cpu(&lanes, way),
                served(&lanes, way),
            );
        }
    }

    fn latency(&self, name: &str, polling: bool) {
        let mut lanes = self.lanes(polling);
        for _ in 0..self.rounds {
            for lane in &mut lanes {
                let echoes = if lane.way == Way::Mitmproxy {
                    ECHOES / 10
                } else {
                    ECHOES
                };
                for _ in 0..echoes / 10 {
                    lane.client.echo();
                }
                let took = (0..echoes).map(|_| lane.client.echo().as_secs_f64());
                lane.rates.push(median(took.collect()));
            }
        }
        let median_of = |way| 1e3 * rate(&lanes, way);
        let direct = median_of(Way::Direct);
        println!("\n{name}: direct {direct:.3} ms at the median");
        for (way, words) in TAPS.into_iter().chain([(Way::Mitmproxy, "mitmdump")]) {
            if lanes.iter().any(|lane| lane.way == way) {
                println!(
                    "  {words:<23} {:.3} ms, which adds {:.3} ms to both ways together",
                    median_of(way),
                    median_of(way) - direct
                );
            }
        }
    }
}

impl Lane {
    fn run(&mut self, direction: Direction, size: usize) -> Duration {
        match direction {
            Direction::ToClient => self.client.receive(self.count, size),
            Direction::ToServer => self.client.send(self.count, size),
        }
    }
}

fn lane(lanes: &[Lane], way: Way) -> &Lane {
    lanes
        .iter()
        .find(|lane| lane.way == way)
        .expect("a way that is measured")
}

fn rate(lanes: &[Lane], way: Way) -> f64 {
    median(lane(lanes, way).rates.clone())
}

/// Microseconds of processor time for an event.
fn cpu(lanes: &[Lane], way: Way) -> f64 {
    1e6 * median(lane(lanes, way).cpu.clone())
}

/// The same for the server.
fn served(lanes: &[Lane], way: Way) -> f64 {
    1e6 * median(lane(lanes, way).served.clone())
}

/// The rates of `one` by those of `other`, round by round.
fn ratios(lanes: &[Lane], one: Way, other: Way) -> Vec<f64> {
    let (one, other) = (lane(lanes, one), lane(lanes, other));
    let pairs = one.rates.iter().zip(&other.rates);
    pairs.map(|(one, other)| one / other).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    format!("{:.2} to {:.2}", values[0], values[values.len() - 1])
}

/// What else the machine does.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    format!("{processors} processors, load {load}")
}
