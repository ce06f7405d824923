//! The run itself.

use std::time::Instant;

use super::step::Keys;
use super::{Plan, auth, check, words};
use crate::cli::stop::{Stops, told};
use crate::cli::stream::session::LEAVE;
use crate::cli::{Exit, complain, print};
use crate::client::options::NamespaceAuth;
use crate::journal::Journal;
use crate::replay::play::player::{Failure, Pace, Player};
use crate::replay::play::script::Script;
use crate::scope::Scope;
use crate::scope::playing::{self, Ending, Handle, Moved, Playing};

/// Rows that the screen is given: more than it can show.
const ROWS: usize = 200;

/// Runs to the end.
pub fn run(plan: Plan) -> Exit {
    told(async |stops| {
        tokio::select! {
            biased;
            _ = stops.next() => Exit::Interrupted,
            ready = prepare(plan) => match ready {
                Ok(ready) => play(*ready, stops).await,
                Err(exit) => exit,
            },
        }
    })
    .unwrap_or_else(|exit| exit)
}

/// Everything that is needed before the first word goes out.
struct Ready {
    plan: Plan,
    recorded: Journal,
    player: Player,
}

/// Opens the session, makes the script of it, and sees what may go where.
async fn prepare(mut plan: Plan) -> Result<Box<Ready>, Exit> {
    let fail = |error: String| {
        complain(error);
        Exit::Usage
    };
    let recorded = playing::open(&plan.file).map_err(|error| fail(error.to_string()))?;
    let only: Vec<String> = plan
        .options
        .namespaces
        .iter()
        .map(|one| one.nsp.clone())
        .collect();
    let shown = plan.file.display().to_string();
    if let Some(lacks) = recorded.status().lacks {
        complain(format_args!("{shown}: {lacks}"));
    }
    let mut script = playing::script(&recorded, plan.number, &only)
        .await
        .map_err(|error| fail(format!("can't play {shown}: {error}")))?;
    if let Some(failed) = recorded.status().failed {
        complain(failed);
    }
    plan.values.check(&script).map_err(fail)?;
    let url = print::url(&plan.options.url);
    hand_over_auth(&mut plan, &mut script, &url)?;
    complain(words::begin(&script, plan.settings.pace, &shown, &url));
    for said in words::reservations(&script) {
        complain(said);
    }
    // A recording that came back after a loss shows a client that would; others end with it.
    if script.reconnects() == 0 && !plan.patient {
        plan.options.reconnection.enabled = false;
    }
    let values = std::mem::take(&mut plan.values);
    let player = Player::new(script, plan.settings, values);
    Ok(Box::new(Ready {
        plan,
        recorded,
        player,
    }))
}

/// Decides what of the recorded handshake goes to this server; asks for what does not.
fn hand_over_auth(plan: &mut Plan, script: &mut Script, url: &str) -> Result<(), Exit> {
    let trusted = plan.allow_target || script.setup.is_of(&plan.options.url);
    let origin = script.setup.origin();
    let mut withheld = script.prepare(&mut plan.options, plan.given, trusted);
    if !withheld.auth.is_empty() && auth::can_ask() {
        for nsp in std::mem::take(&mut withheld.auth) {
            match auth::ask(&nsp, url) {
                Ok(Some(auth)) => give(plan, &nsp, auth),
                // Said by the person: none.
                Ok(None) => {}
                Err(None) => return Err(Exit::Interrupted),
                Err(Some(error)) => {
                    complain(error);
                    return Err(Exit::Usage);
                }
            }
        }
    }
    if !withheld.is_empty() {
        complain(if trusted {
            words::masked(&withheld)
        } else {
            words::withheld(&withheld, &origin, url)
        });
    }
    Ok(())
}

fn give(plan: &mut Plan, nsp: &str, auth: crate::client::options::Auth) {
    let namespaces = &mut plan.options.namespaces;
    match namespaces.iter_mut().find(|one| one.nsp == nsp) {
        Some(one) => one.auth = Some(auth),
        None => namespaces.push(NamespaceAuth {
            nsp: nsp.to_owned(),
            auth: Some(auth),
        }),
    }
}

/// Prepares and starts it for the screen, which plays it behind.
///
/// # Errors
/// The exit code, after saying why.
pub async fn behind(plan: Plan) -> Result<(Scope, Handle), Exit> {
    let Ready {
        plan,
        recorded,
        player,
    } = *prepare(plan).await?;
    let playing =
        Playing::start(plan.options, plan.record, player, plan.patient).map_err(|error| {
            complain(error);
            Exit::Usage
        })?;
    let scope = playing.scope().clone();
    let (compares, masks) = (plan.check, plan.masks);
    let verdict = move |playing: &Playing| match compares {
        true => check::verdict(&recorded, playing, &masks),
        false => ("all was played".to_owned(), true),
    };
    Ok((scope, playing.behind(ROWS, Box::new(verdict))))
}

async fn play(ready: Ready, stops: &mut Stops) -> Exit {
    let Ready {
        plan,
        recorded,
        player,
    } = ready;
    let Plan {
        options,
        record,
        patient,
        settings,
        check,
        masks,
        json,
        ..
    } = plan;
    let url = print::url(&options.url);
    let mut playing = match Playing::start(options, record, player, patient) {
        Ok(playing) => playing,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    let mut keys = match settings.pace {
        Pace::Step => Keys::open(),
        _ => Keys::None,
    };
    // A handle of its own: a change is told once to each handle.
    let scope = playing.scope().clone();
    let mut asked = None;
    let how = loop {
        scope.notices().into_iter().for_each(complain);
        let (until, ask) = match playing.turn() {
            Moved::Again => continue,
            Moved::Over(ending) => break How::Ended(ending),
            Moved::Wait(until) => (until, None),
            Moved::Ask(step) => (None, Some(step)),
        };
        if ask.is_some() && asked != ask {
            asked = ask;
            if let Some(step) = ask {
                complain(words::next(playing.player(), step));
            }
        }
        let seen = playing.seen();
        tokio::select! {
            biased;
            _ = stops.next() => break How::Stopped(Exit::Interrupted),
            said = keys.next(), if ask.is_some() => match said {
                None => break How::Stopped(Exit::Interrupted),
                Some(said) if playing.obey(said) => {}
                Some(_) => break How::Stopped(Exit::Done),
            },
            () = scope.changed(seen) => {}
            () = sleep_until(until) => {}
        }
    };
    tokio::select! {
        () = scope.shutdown() => {}
        () = tokio::time::sleep(LEAVE) => {}
        _ = stops.next() => {}
    }
    scope.notices().into_iter().for_each(complain);
    let exit = how.exit(&playing, &url);
    complain(words::end(playing.player()));
    let nothing = matches!(exit, Exit::Usage | Exit::Interrupted) || !playing.player().has_begun();
    if nothing || !check {
        return exit;
    }
    // What differs says more than how the run ended.
    match check::run(&recorded, &playing, &masks, json) {
        Exit::Done => exit,
        found => found,
    }
}

/// How the loop was left.
enum How {
    Ended(Ending),
    Stopped(Exit),
}

impl How {
    /// The exit code, after saying why where there is something to say.
    fn exit(self, playing: &Playing, url: &str) -> Exit {
        let ending = match self {
            How::Stopped(exit) => return exit,
            How::Ended(ending) => ending,
        };
        let progress = playing.player().progress();
        match ending {
            Ending::Done => Exit::Done,
            Ending::Failed(failure) => {
                let exit = match &failure {
                    Failure::Refused { .. } => Exit::NotConnected,
                    _ => Exit::Unmet,
                };
                complain(failure);
                exit
            }
            Ending::Refused(why) => {
                complain(why);
                Exit::Usage
            }
            Ending::NotConnected(why) => {
                complain(format_args!("could not connect to {url}: {why}"));
                Exit::NotConnected
            }
            Ending::Lost(why) => {
                complain(format_args!(
                    "disconnected from {url} after {} of {} steps, and not back: {why}",
                    progress.steps.0, progress.steps.1
                ));
                Exit::Lost
            }
        }
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}
