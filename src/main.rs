//! sioscope: chooses a face. **Floor 6.**

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use sioscope::cli::{self, Exit, Opening, Task};
use sioscope::client::Options;
use sioscope::client::options::NamespaceAuth;
use sioscope::collection::Variables;
use sioscope::demo::{self, Demo};
use sioscope::scope::{Record, Scope};
use sioscope::tui::config::{self, Config};
use sioscope::tui::side_by_side::View;
use sioscope::tui::theme::{Role, Theme};
use sioscope::tui::{self, Start, action};

fn main() -> ExitCode {
    let invocation = match cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(exit) => return exit.into(),
    };
    if let Some(code) = cli::again::where_needed(&invocation.task) {
        return ExitCode::from(code);
    }
    if let Err(error) = cli::log::start(invocation.log.as_deref()) {
        eprintln!("error: {error}");
        return Exit::Usage.into();
    }
    let done = match invocation.task {
        Task::Headless(task) => return cli::run(task).into(),
        Task::Diff(plan) if !plan.wants_screen() => return cli::diff::run(&plan).into(),
        Task::Diff(plan) => side_by_side(&plan),
        Task::Screen(opening) => screen(opening, invocation.variables),
        Task::Keys => keys(),
        Task::Themes(name) => themes(name.as_deref()),
    };
    done.unwrap_or_else(|error| {
        // It may name files and quote them; a mistake in the config is shown with its place.
        let said = sioscope::visible::lines(&format!("{error:#}")).into_owned();
        // Not `eprintln`, which panics where the terminal is gone.
        let _ = writeln!(std::io::stderr(), "sioscope: {said}");
        Exit::Usage.into()
    })
}

/// The screen.
fn screen(opening: Opening, variables: Variables) -> anyhow::Result<ExitCode> {
    // Asked before anything is connected or recorded.
    if !std::io::stdout().is_terminal() {
        anyhow::bail!(
            "the screen needs a terminal on its standard output; without one use sioscope stream, emit or demo --headless"
        );
    }
    let config = Config::load()?;
    let theme = config.theme()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let code = runtime.block_on(show(opening, variables, config, theme))?;
    runtime.shutdown_background();
    Ok(ExitCode::from(
        u8::try_from(code).unwrap_or(Exit::Unmet.code()),
    ))
}

async fn show(
    opening: Opening,
    variables: Variables,
    config: Config,
    theme: Theme,
) -> anyhow::Result<i32> {
    let mut start = Start::new(Vec::new(), config, theme);
    start.variables = variables;
    let mut server = None;
    match opening {
        Opening::Ask(options, record) => live(&mut start, *options, record),
        Opening::Connect(options, record) => {
            start.scopes = vec![Scope::connect((*options).clone(), record.clone())?];
            live(&mut start, *options, record);
        }
        Opening::Tap(settings, record) => {
            start.readonly = settings.readonly;
            start.scopes = vec![Scope::tap(*settings, record)?];
        }
        Opening::Files(files) => {
            for file in files {
                start.scopes.push(Scope::open(&file)?);
            }
        }
        Opening::Replay(plan) => {
            live(&mut start, plan.options.clone(), Record::Default);
            let (scope, player, outcome) = match cli::replay::behind(*plan).await {
                Ok(playing) => playing,
                Err(exit) => return Ok(exit.code().into()),
            };
            start.scopes = vec![scope];
            start.replay = Some(player);
            return Ok(match tui::run(start).await? {
                0 => outcome.exit().await.code().into(),
                code => code,
            });
        }
        Opening::Demo(settings) => {
            let demo = Demo::start(settings).await?;
            let mut options = Options::new(demo.url().parse().context("the demo's own URL")?);
            options.namespaces = vec![NamespaceAuth {
                nsp: "/".to_owned(),
                auth: None,
            }];
            start.scopes = vec![Scope::connect(options.clone(), Record::Default)?];
            start.hints = demo::hints();
            live(&mut start, options, Record::Default);
            server = Some(demo);
        }
    }
    let code = tui::run(start).await;
    if let Some(server) = server {
        server.stop().await;
    }
    code
}

/// Two sessions side by side.
fn side_by_side(plan: &cli::diff::Plan) -> anyhow::Result<ExitCode> {
    let config = Config::load()?;
    let theme = config.theme()?;
    let compared = match cli::diff::compared(plan) {
        Ok(compared) => compared,
        Err(exit) => return Ok(exit.into()),
    };
    compared.say_notes();
    let exit = compared.exit();
    let cli::diff::Compared { a, b, comparison } = compared;
    let names = [&a, &b].map(|loaded| loaded.path.display().to_string());
    let view = View::new(names, [a.side, b.side], comparison);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let code = runtime.block_on(tui::compare(view, config, theme))?;
    runtime.shutdown_background();
    Ok(match code.and_then(|code| u8::try_from(code).ok()) {
        Some(code) => ExitCode::from(code),
        None => exit.into(),
    })
}

/// What connections made on the screen begin with.
fn live(start: &mut Start, options: Options, record: Record) {
    start.readonly = options.readonly;
    start.template = Some(options);
    // A file that was named holds one session; further ones get files of their own.
    let (named, further) = match record {
        Record::File(_) => (
            Some(record).filter(|_| start.scopes.is_empty()),
            Record::Default,
        ),
        other => (None, other),
    };
    let named = RefCell::new(named);
    start.connect = Box::new(move |options| {
        let record = named.borrow().clone().unwrap_or_else(|| further.clone());
        let scope = Scope::connect(options, record)?;
        named.take();
        Ok(scope)
    });
}

/// The key table of the screen, as the config has remapped it.
fn keys() -> anyhow::Result<ExitCode> {
    let keymap = Config::load()?.keys;
    print(&action::as_text(&|action| keymap.written(action)))
}

/// The themes of the screen, or what one of them says.
fn themes(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let folder = config::theme_folder();
    let Some(name) = name else {
        let mut text = String::new();
        for name in Theme::names(folder.as_deref()) {
            writeln!(text, "{name}")?;
        }
        return print(&text);
    };
    print(&shown(&Theme::load(name, folder.as_deref())?)?)
}

/// Each role of a theme with its colours in words: what a theme file would say.
fn shown(theme: &Theme) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for role in Role::ALL {
        let style = theme.style(*role);
        write!(text, "{:<22}", role.name())?;
        let foreground = style.fg.map(|color| color.to_string());
        let background = style.bg.map(|color| format!("on {color}"));
        let modifiers = (!style.add_modifier.is_empty()).then(|| {
            style
                .add_modifier
                .iter_names()
                .map(|(name, _)| name.to_lowercase())
                .collect::<Vec<_>>()
                .join(" ")
        });
        let parts: Vec<String> = [foreground, background, modifiers]
            .into_iter()
            .flatten()
            .collect();
        writeln!(
            text,
            "{}",
            if parts.is_empty() {
                "as the terminal".to_owned()
            } else {
                parts.join(" ")
            }
        )?;
    }
    Ok(text)
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    Ok(cli::print::to_stdout(text.as_bytes()).into())
}
