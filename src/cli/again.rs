//! Starts the program again where its environment would keep `--driver rust_socketio` from its
//! tap: with `NO_PROXY` for the loopback address.
//!
//! The library takes its proxy from the environment only, and a process can't change its own
//! environment safely. So this is the first thing that is done, before there is a thread, a
//! connection or a file: the same program with the same arguments, streams and (on Unix) the
//! same process id. What is dialled by ourselves does not change: loopback addresses are never
//! proxied from the environment.

use std::process::Command;

use super::{Exit, Headless, Opening, Task, complain};
use crate::client::Options;
use crate::client::options::Driver;
use crate::scope::rust_socketio;

/// Does so where it is needed; gives the exit code of the second program, or that of not having
/// been able to start it. `None`: go on.
pub fn where_needed(task: &Task) -> Option<u8> {
    if options(task)?.driver != Driver::RustSocketio {
        return None;
    }
    let exceptions = rust_socketio::exception()?;
    let done = std::env::current_exe().and_then(|program| {
        let mut command = Command::new(program);
        command.args(std::env::args_os().skip(1));
        for name in rust_socketio::EXCEPTIONS {
            command.env(name, &exceptions);
        }
        replace(command)
    });
    Some(done.unwrap_or_else(|error| {
        complain(format_args!(
            "cannot start again with NO_PROXY={exceptions}, which --driver rust_socketio needs \
             beside the proxy of the environment: {error}; set it yourself"
        ));
        Exit::Usage.code()
    }))
}

/// The options of a task that connects.
fn options(task: &Task) -> Option<&Options> {
    match task {
        Task::Screen(Opening::Ask(options, _) | Opening::Connect(options, _)) => Some(options),
        Task::Headless(Headless::Stream(plan)) => Some(&plan.options),
        Task::Headless(Headless::Emit(plan)) => Some(&plan.options),
        Task::Headless(Headless::Run(plan)) => Some(&plan.options),
        Task::Screen(Opening::Replay(plan)) | Task::Headless(Headless::Replay(plan)) => {
            Some(&plan.options)
        }
        _ => None,
    }
}

/// Puts the command in the place of this process; returns only where that failed.
#[cfg(unix)]
fn replace(mut command: Command) -> std::io::Result<u8> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

/// Runs the command to its end.
#[cfg(not(unix))]
fn replace(mut command: Command) -> std::io::Result<u8> {
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(Exit::Usage.code()))
}
