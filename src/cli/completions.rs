//! `sioscope completions SHELL`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::Cli;
use super::{Exit, print};

/// The completion script.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sioscope", &mut script);
    script
}

/// Prints it.
pub fn run(shell: Shell) -> Exit {
    print::to_stdout(&script(shell))
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
