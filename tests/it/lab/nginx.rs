//! A real nginx in front of real servers.
//!
//! It runs in the foreground as one process of this user, with everything that it writes in a
//! temporary directory, and says its access and error log on standard error: a failing test shows
//! both. The process ends with its handle, and with the test binary should that be killed.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::PATIENCE;
use super::program::Program;

/// What a configuration consists of beside what every run needs.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Lines of the `http` block: `upstream`, `map`.
    pub http: String,
    /// Lines of the `server` block after `listen`: `location` and whatever they need.
    pub server: String,
}

/// A running nginx on a free port of 127.0.0.1.
pub struct Nginx {
    program: Program,
    port: u16,
    directory: TempDir,
}

impl Nginx {
    /// Starts it and waits until it accepts connections.
    #[track_caller]
    pub fn start(site: &Site) -> Self {
        let binary = binary();
        // A port that was free may be taken before nginx gets it: then there is another.
        let mut tries = String::new();
        for _ in 0..5 {
            match Self::on(free_port(), binary, site) {
                Ok(running) => return running,
                Err(said) => tries.push_str(&said),
            }
        }
        panic!("nginx did not start, five times over\n{tries}");
    }

    /// Starts on `port`; the error is what nginx said instead.
    fn on(port: u16, binary: &str, site: &Site) -> Result<Self, String> {
        let directory = TempDir::new().expect("a temporary directory for nginx");
        let file = directory.path().join("nginx.conf");
        fs::write(&file, configuration(directory.path(), port, site)).expect("its configuration");
        let mut command = Command::new("sh");
        // The shell becomes nginx; what it leaves behind waits for the end of standard input.
        command
            .arg("-c")
            .arg(
                "exec 3<&0; { cat <&3; kill -9 $$; } >/dev/null 2>&1 & \
                 exec \"$1\" -p \"$2\" -c \"$3\" 3<&-",
            )
            .args(["sh", binary])
            .arg(directory.path())
            .arg(&file);
        let program = Program::start("nginx", command);
        let deadline = Instant::now() + PATIENCE;
        while !program.has_ended() && Instant::now() < deadline {
            // Its own file says that it is this nginx that listens there.
            let ready = directory.path().join("nginx.pid").exists();
            if ready && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(Self {
                    program,
                    port,
                    directory,
                });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(format!(
            "{}\n--- its configuration:\n{}\n",
            program.transcript(),
            configuration(directory.path(), port, site)
        ))
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits for a line of its logs that contains `text`.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) -> String {
        self.program.wait_for_talk(text)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let written = fs::read_to_string(self.directory.path().join("nginx.conf"));
            eprintln!(
                "{}\n--- its configuration:\n{}",
                self.program.transcript(),
                written.unwrap_or_default()
            );
        }
    }
}

/// Where nginx is; the package of many systems puts it where only root looks.
#[track_caller]
fn binary() -> &'static str {
    let there = |name: &&&str| {
        Command::new(name)
            .arg("-v")
            .output()
            .is_ok_and(|said| said.status.success())
    };
    ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"]
        .iter()
        .find(there)
        .unwrap_or_else(|| panic!("nginx is missing: run ./tests/install first"))
}

/// A port of 127.0.0.1 that nobody listens on now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// The whole configuration. No line of it needs rights that a user has not.
fn configuration(directory: &Path, port: u16, Site { http, server }: &Site) -> String {
    let d = directory.display();
    format!(
        "daemon off;
master_process off;
pid {d}/nginx.pid;
error_log stderr info;
events {{ worker_connections 256; }}
http {{
    log_format lab '$request_method $request_uri -> $upstream_addr: $status ($upstream_status) $request_time s';
    access_log /dev/stderr lab;
    client_body_temp_path {d}/body;
    proxy_temp_path {d}/proxy;
    fastcgi_temp_path {d}/fastcgi;
    uwsgi_temp_path {d}/uwsgi;
    scgi_temp_path {d}/scgi;
{http}
    server {{
        listen 127.0.0.1:{port};
{server}
    }}
}}
"
    )
}
