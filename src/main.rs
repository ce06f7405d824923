//! sioscope: chooses a face. **Floor 6.**

use std::process::ExitCode;

use sioscope::cli::{self, Exit, Opening, Task};

fn main() -> ExitCode {
    let invocation = match cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(exit) => return exit.into(),
    };
    if let Err(error) = cli::log::start(invocation.log.as_deref()) {
        eprintln!("error: {error}");
        return Exit::Usage.into();
    }
    match invocation.task {
        Task::Headless(task) => cli::run(task).into(),
        Task::Screen(opening) => screen(opening),
        Task::Keys => keys(),
        Task::Themes(name) => themes(name.as_deref()),
    }
}

/// The screen.
fn screen(opening: Opening) -> ExitCode {
    let _ = opening;
    eprintln!("sioscope: the screen is not built in yet; see sioscope stream --help");
    Exit::Usage.into()
}

/// The key table of the screen.
fn keys() -> ExitCode {
    eprintln!("sioscope: the screen is not built in yet");
    Exit::Usage.into()
}

/// The themes of the screen.
fn themes(name: Option<&str>) -> ExitCode {
    let _ = name;
    eprintln!("sioscope: the screen is not built in yet");
    Exit::Usage.into()
}
