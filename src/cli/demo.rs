//! `sioscope demo`: the embedded server, alone (`--headless`) or with the screen on it.

use std::time::Duration;

use clap::Args;

use super::connection::values;
use super::stop::{Stops, told};
use super::{Exit, Headless, Opening, Task, UsageError, complain};
use crate::demo::{Demo, Settings};

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The server only, without the screen.
    #[arg(long)]
    headless: bool,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,
    /// Stop after this time: 10s, 500ms, 2m.
    #[arg(long = "for", value_name = "TIME", value_parser = values::seconds, requires = "headless")]
    time: Option<Duration>,
    /// Clients must use socket.io-msgpack-parser.
    #[arg(long, requires = "headless")]
    msgpack: bool,
}

impl DemoArgs {
    /// What to do.
    pub fn task(self) -> Result<Task, UsageError> {
        let settings = Settings {
            listen: listen(&self.listen)?,
            msgpack: self.msgpack,
        };
        Ok(if self.headless {
            Task::Headless(Headless::Demo(Plan {
                settings,
                time: self.time,
            }))
        } else {
            Task::Screen(Opening::Demo(settings))
        })
    }
}

/// `HOST:PORT`, or only a port on the loopback address.
pub(super) fn listen(text: &str) -> Result<String, UsageError> {
    if text.parse::<u16>().is_ok() {
        return Ok(format!("127.0.0.1:{text}"));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
            Ok(text.to_owned())
        }
        _ => Err(UsageError(format!(
            "--listen {text}: write it as in 127.0.0.1:3000; port 0 takes a free one"
        ))),
    }
}

/// A run of `demo --headless`.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub settings: Settings,
    /// Stop after this time.
    pub time: Option<Duration>,
}

/// Serves until it is stopped.
pub fn run(plan: Plan) -> Exit {
    // Listened for before the ready line is printed: whoever reads it may stop us at once.
    told(async |stops| serve(plan, stops).await).unwrap_or_else(|exit| exit)
}

async fn serve(plan: Plan, stops: &mut Stops) -> Exit {
    let demo = match Demo::start(plan.settings).await {
        Ok(demo) => demo,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    eprintln!("listening on {}", demo.url());
    let exit = tokio::select! {
        stop = stops.next() => stop.of_a_server(Exit::Done),
        () = after(plan.time) => Exit::Done,
    };
    demo.stop().await;
    exit
}

async fn after(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
