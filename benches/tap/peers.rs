//! What the load goes through: nothing, the tap, mitmproxy.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that serves at an address until it is dropped.
pub(super) struct Peer {
    child: Child,
    pub(super) address: SocketAddr,
    _stdin: Option<ChildStdin>,
    file: Option<PathBuf>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(file) = &self.file {
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Peer {
    /// Seconds of a processor that it has used so far; 0 where there is no `/proc`.
    pub(super) fn cpu(&self) -> f64 {
        let stat = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(stat).unwrap_or_default();
        // Behind the name, which may hold blanks: utime and stime are fields 14 and 15.
        let Some((_, fields)) = stat.rsplit_once(") ") else {
            return 0.0;
        };
        let ticks: f64 = fields
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        ticks / 100.0
    }
}

/// The Socket.IO server.
pub(super) fn server(root: &Path) -> Peer {
    let modules = root.join("tests/lab/node_modules");
    assert!(
        modules.join("socket.io-4").is_dir(),
        "run ./tests/install first: the Socket.IO server is missing"
    );
    let mut child = Command::new("node")
        .env("NODE_PATH", modules)
        .arg(root.join("benches/tap/server.js"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("its output");
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("the server says its port");
    let port: u16 = line.trim().parse().expect("a port");
    Peer {
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        _stdin: child.stdin.take(),
        child,
        file: None,
    }
}

/// `sioscope tap --headless`, recording to a file. It prints its records too, as it does by
/// itself, unless it is `quiet`.
pub(super) fn tap(server: SocketAddr, file: PathBuf, quiet: bool) -> Peer {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sioscope"))
        .args(["tap", &format!("http://{server}"), "--headless"])
        .args(quiet.then_some("--quiet"))
        .arg("--record")
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sioscope starts");
    let stderr = child.stderr.take().expect("its messages");
    let mut lines = BufReader::new(stderr).lines();
    let address = loop {
        let line = lines.next().expect("a line").expect("readable text");
        if let Some((_, address)) = line.split_once("listening on http://") {
            break address.trim().parse().expect("an address");
        }
    };
    // Later words go on where ours go.
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            eprintln!("tap: {line}");
        }
    });
    Peer {
        _stdin: child.stdin.take(),
        child,
        address,
        file: Some(file),
    }
}

/// mitmproxy as a reverse proxy, without its screen, printing and writing nothing.
pub(super) fn mitmproxy(program: &Path, server: SocketAddr) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let configuration = program.with_file_name("configuration");
    let mut child = Command::new(program)
        .arg("--quiet")
        .args(["--mode", &format!("reverse:http://{server}")])
        .args(["--listen-host", "127.0.0.1"])
        .args(["--listen-port", &address.port().to_string()])
        .arg("--set")
        .arg(format!("confdir={}", configuration.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("mitmdump starts");
    let until = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_err() {
        let ended = child.try_wait().expect("its state");
        assert!(ended.is_none(), "mitmdump ended: {ended:?}");
        assert!(Instant::now() < until, "mitmdump does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    Peer {
        child,
        address,
        _stdin: None,
        file: None,
    }
}

/// Installs mitmproxy into a virtual environment under `target/`, where that is left to do;
/// returns the path of `mitmdump`.
///
/// # Errors
/// What went wrong, for a person.
pub(super) fn install_mitmproxy(root: &Path) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mitmproxy");
    let program = folder.join("bin/mitmdump");
    let stamp = folder.join("installed");
    let pins = root.join("benches/tap/requirements.txt");
    let wanted = std::fs::read_to_string(&pins).map_err(|error| error.to_string())?;
    if program.exists() && std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(program);
    }
    eprintln!("installing mitmproxy into {}", folder.display());
    let _ = std::fs::remove_dir_all(&folder);
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    run(Command::new(folder.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .arg("--disable-pip-version-check")
        .arg("--requirement")
        .arg(&pins))?;
    std::fs::write(&stamp, wanted).map_err(|error| error.to_string())?;
    Ok(program)
}

fn run(command: &mut Command) -> Result<(), String> {
    let done = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{command:?} failed ({})\n{said}", done.status))
}
