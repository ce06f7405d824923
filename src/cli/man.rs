//! `sioscope man`: the manual page, made from the grammar.

use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::args::Cli;
use super::{Exit, complain, print};

/// One page on the whole command, with a section for each subcommand.
pub fn page() -> io::Result<Vec<u8>> {
    let command = built();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    man.render_extra_section(&mut page)?;
    for subcommand in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = subcommand
            .get_display_name()
            .unwrap_or_else(|| subcommand.get_name());
        let title = name.replace('-', " ").to_uppercase();
        page.extend_from_slice(format!(".SH \"{title}\"\n").as_bytes());
        let man = Man::new(subcommand.clone());
        let mut section = Vec::new();
        man.render_description_section(&mut section)?;
        man.render_synopsis_section(&mut section)?;
        if subcommand
            .get_arguments()
            .any(|argument| !argument.is_global_set())
        {
            man.render_options_section(&mut section)?;
        }
        if subcommand.has_subcommands() {
            man.render_subcommands_section(&mut section)?;
        }
        if subcommand.get_after_help().is_some() {
            man.render_extra_section(&mut section)?;
        }
        // Its sections become subsections of its own section.
        let section = String::from_utf8_lossy(&section).replace(".SH ", ".SS ");
        page.extend_from_slice(section.as_bytes());
    }
    man.render_version_section(&mut page)?;
    Ok(page)
}

fn built() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Prints the page, or writes one page for each command into `folder`.
pub fn run(folder: Option<&Path>) -> Exit {
    let done = match folder {
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            .map_err(|error| format!("cannot write into {}: {error}", folder.display())),
        None => match page() {
            Ok(page) => return print::to_stdout(&page),
            Err(error) => Err(format!("cannot make the page: {error}")),
        },
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(error);
            Exit::Usage
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_every_command_with_its_options_and_the_exit_codes() {
        let page = String::from_utf8(page().unwrap()).unwrap();
        for command in [
            "STREAM",
            "EMIT",
            "OPEN",
            "SESSIONS",
            "DEMO",
            "COMPLETIONS",
            "MAN",
        ] {
            assert!(
                page.contains(&format!(".SH \"SIOSCOPE {command}\"")),
                "{command}"
            );
        }
        for text in [
            "reconnection\\-attempts",
            "Exit codes",
            "\\-\\-quiet",
            "\\-\\-string",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert_eq!(page.matches(".TH ").count(), 1);
    }

    #[test]
    fn a_folder_gets_a_page_for_each_command() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(run(Some(folder.path())), Exit::Done);
        for page in [
            "sioscope.1",
            "sioscope-stream.1",
            "sioscope-emit.1",
            "sioscope-demo.1",
        ] {
            assert!(folder.path().join(page).exists(), "{page}");
        }
    }
}
