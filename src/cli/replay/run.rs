//! The run itself.

use std::time::Instant;

use tokio::sync::oneshot;

use super::step::Keys;
use super::{Plan, auth, check, words};
use crate::cli::stop::{Stops, told};
use crate::cli::stream::session::LEAVE;
use crate::cli::{Exit, complain, print};
use crate::client::options::NamespaceAuth;
use crate::journal::Journal;
use crate::replay::diff::Masks;
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
    script.veil.set_masks(Masks::new(plan.masks.clone()));
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

/// How a replay behind the screen ended, once it has.
pub struct Outcome(oneshot::Receiver<(Exit, String)>);

impl Outcome {
    /// The exit code of a screen that was left, after saying what was wrong: that of the replay.
    /// One that was still playing has ended with the screen.
    pub async fn exit(self) -> Exit {
        match tokio::time::timeout(LEAVE, self.0).await {
            Ok(Ok((Exit::Done, _))) => Exit::Done,
            Ok(Ok((exit, words))) => {
                complain(words);
                exit
            }
            // It can't tell any more how it ended.
            _ => Exit::Interrupted,
        }
    }
}

/// Prepares and starts it for the screen, which plays it behind.
///
/// # Errors
/// The exit code, after saying why.
pub async fn behind(plan: Plan) -> Result<(Scope, Handle, Outcome), Exit> {
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
    let (tell, told) = oneshot::channel();
    let verdict = move |playing: &Playing, ending: Option<&Ending>| {
        let exit = ending.map_or(Exit::Done, exit_of);
        let words = ending.map_or_else(|| "stopped".to_owned(), Ending::to_string);
        let compares = compares && exit != Exit::Usage && playing.player().has_begun();
        let found = compares.then(|| check::verdict(&recorded, playing, &masks));
        let (exit, words, well) = match (found, ending) {
            (Some((_, true)) | None, _) if exit != Exit::Done => (exit, words, false),
            // What differs says more than how the run ended.
            (Some((words, false)), Some(Ending::Done) | None) => (Exit::Unmet, words, false),
            (Some((found, false)), Some(_)) => (Exit::Unmet, format!("{words}; {found}"), false),
            (Some((found, true)), Some(_)) => (exit, found, true),
            (Some((_, true)) | None, _) => (exit, words, true),
        };
        // Nobody has to wait for it.
        let _ = tell.send((exit, words.clone()));
        (words, well)
    };
    let handle = playing.behind(ROWS, Box::new(verdict));
    Ok((scope, handle, Outcome(told)))
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
    let mut refusals = 0;
    let how = loop {
        scope.notices().into_iter().for_each(complain);
        let moved = playing.turn();
        // Where it stops because of one, the end says so.
        if !matches!(&moved, Moved::Over(Ending::Failed(_))) {
            let all = playing.player().refusals();
            let fresh = all.iter().skip(refusals);
            fresh.for_each(|(nsp, reason)| complain(words::refused(nsp, reason)));
            refusals = all.len();
        }
        let (until, ask) = match moved {
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
        match &ending {
            Ending::Done => {}
            Ending::Failed(failure) => complain(failure),
            Ending::Refused(why) => complain(why),
            Ending::NotConnected(why) => {
                complain(format_args!("could not connect to {url}: {why}"));
            }
            Ending::Lost(why) => {
                complain(format_args!(
                    "disconnected from {url} after {} of {} steps, and not back: {why}",
                    progress.steps.0, progress.steps.1
                ));
            }
        }
        exit_of(&ending)
    }
}

/// The exit code of an end.
fn exit_of(ending: &Ending) -> Exit {
    match ending {
        Ending::Done => Exit::Done,
        Ending::Failed(Failure::Refused { .. }) | Ending::NotConnected(_) => Exit::NotConnected,
        Ending::Failed(_) => Exit::Unmet,
        Ending::Refused(_) => Exit::Usage,
        Ending::Lost(_) => Exit::Lost,
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}
