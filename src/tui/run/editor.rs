//! The composer's arguments in the person's own editor.

use std::io::Write as _;
use std::process::Command;

use super::super::state::Tone;
use super::super::terminal::Terminal;
use super::App;

/// Gives the terminal to `$VISUAL` or `$EDITOR` with the text in a file of its own, and takes
/// back what was written. The connection goes on meanwhile.
pub(super) fn edit(app: &mut App, terminal: &mut Terminal, text: &str) -> anyhow::Result<()> {
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        })
        .unwrap_or_else(|| "vi".to_owned());
    terminal.pause();
    let outcome = tokio::task::block_in_place(|| written(&editor, text));
    terminal.resume()?;
    app.state.dirty = true;
    match outcome {
        Ok(text) => {
            if let Some(tab) = app.state.tab_mut() {
                tab.composer.edited(text.trim_end());
            }
        }
        Err(error) => app.state.say(Tone::Bad, format!("{editor}: {error}")),
    }
    Ok(())
}

fn written(editor: &str, text: &str) -> std::io::Result<String> {
    let (mut file, path) = crate::private::temporary("json")?;
    file.write_all(text.as_bytes())?;
    drop(file);
    // Editors are given with arguments (`code --wait`).
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program).args(words).arg(&path).status();
    let text = std::fs::read_to_string(&path);
    let _ = std::fs::remove_file(&path);
    match status? {
        status if status.success() => text,
        status => Err(std::io::Error::other(format!(
            "it ended with {status}; the draft was kept"
        ))),
    }
}
