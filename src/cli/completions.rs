//! `sioscope completions SHELL`.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::Cli;
use super::{Exit, complain};

/// The completion script.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sioscope", &mut script);
    script
}

/// Prints it.
pub fn run(shell: Shell) -> Exit {
    print(&script(shell))
}

/// Writes to stdout; a reader that has gone away has seen enough.
pub(super) fn print(bytes: &[u8]) -> Exit {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(format_args!("cannot write to stdout: {error}"));
            Exit::Usage
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_completes_commands_and_options() {
        for shell in [
            Shell::Bash,
            Shell::Zsh,
            Shell::Fish,
            Shell::PowerShell,
            Shell::Elvish,
        ] {
            let script = String::from_utf8(script(shell)).unwrap();
            for word in [
                "stream",
                "emit",
                "sessions",
                "demo",
                "reconnection-delay-max",
                "quiet",
            ] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
