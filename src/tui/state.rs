//! Everything that the screen is drawn from. No handle on the outside lies in here: sessions are
//! named by their place, and what has to be done goes out as an [`super::effect::Effect`].

use std::collections::BTreeMap;

use crate::client::Options;
use crate::client::options::Reconnection;
use crate::journal::record::{Direction, Finding};
use crate::journal::store::Status;
use crate::model::Model;
use crate::model::filter::Filter;
use crate::model::state::{Connection, Namespace};

use super::broken::Broken;
use super::clients::Clients;
use super::composer::Composer;
use super::config::{Config, Level, TimeMode};
use super::detail::Detail;
use super::dialog;
use super::help::Help;
use super::keymap::Keymap;
use super::layout::{Edge, Layout, Pane, Splits, Wishes};
use super::log::Log;
use super::palette::Palette;
use super::prompt::Prompt;
use super::sheet::Sheet;
use super::theme::Theme;
use super::why::Why;

/// What a prompt in the last line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Text to look for.
    Search,
    /// The filter of the frame log.
    Filter,
    /// A mark's text.
    Mark,
    /// Where to save the session.
    Save,
    /// The arguments of an event in the offline buffer: [`Tab::changing`].
    Change,
}

/// Something that lies over the screen and takes the keys.
#[derive(Debug)]
pub enum Overlay {
    /// The keys.
    Help(Help),
    /// All actions.
    Palette(Palette),
    /// A question in the last line.
    Prompt(Asked, Prompt),
    /// Yes or no, and what yes does.
    Confirm(dialog::confirm::Confirm, Box<super::effect::Effect>),
    /// Where to connect.
    Connect(Box<dialog::connect::Connect>),
    /// What to join.
    Join(dialog::join::Join),
    /// An answer to the server.
    Answer(dialog::answer::Answer),
    /// Forms to copy.
    Copy(dialog::copy::CopyMenu),
    /// Saved sessions.
    Open(dialog::open::Open),
    /// What can be broken on purpose.
    Break(Box<dialog::break_menu::BreakMenu>),
    /// A finding, looked at closely.
    Why(Why),
    /// A replay beside its recording.
    Replay(super::replay::Replay),
    /// A list that answers one question.
    Sheet(Sheet),
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Info,
    /// It worked.
    Good,
    /// It did not.
    Bad,
}

/// Something said once, in the last line, until the next key.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The words.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// The finding that it tells of, and the session: it goes when that goes.
    pub of: Option<(usize, Finding)>,
}

/// The filter of one session's frame log.
#[derive(Debug, Clone, Default)]
pub struct FilterState {
    /// The filter in force, on or off.
    pub filter: Option<Filter>,
    /// Switched off for now.
    pub off: bool,
    /// Filters that were entered, oldest first.
    pub history: Vec<String>,
}

impl FilterState {
    /// The filter that holds rows back now.
    pub fn active(&self) -> Option<&Filter> {
        self.filter
            .as_ref()
            .filter(|filter| !self.off && !filter.is_empty())
    }
}

/// A search through the rows, done in slices.
#[derive(Debug, Clone)]
pub struct Search {
    /// As it was typed.
    pub text: String,
    /// What it means.
    pub matcher: Filter,
    /// Place of the next row to look at.
    pub next: usize,
    /// Jump to the first hit at or after this place as soon as it is known.
    pub jump_from: Option<usize>,
}

/// One session: a running client or an opened file.
#[derive(Debug)]
pub struct Tab {
    /// Short name on the tab bar.
    pub title: String,
    /// URL or file.
    pub target: String,
    /// There is a client to command.
    pub live: bool,
    /// What the client was started with.
    pub options: Option<Options>,
    /// Its reconnection rules, to take a planned delay apart.
    pub reconnection: Option<Reconnection>,
    /// The line that tells which key tries now.
    pub connect_hint: Option<String>,
    /// Wall clock of the session's start.
    pub started: jiff::Timestamp,
    /// Zone in which wall times are shown.
    pub zone: jiff::tz::TimeZone,
    /// The state of things.
    pub model: Model,
    /// Session time now.
    pub now: u64,
    /// Records in the journal (folded in or not).
    pub records: u64,
    /// How recording goes.
    pub status: Status,
    /// What the diagnosis concluded.
    pub findings: Vec<Finding>,
    /// For binary packets: how many records before the last part the first one lies.
    pub backs: BTreeMap<u64, u32>,
    /// The frame log.
    pub log: Log,
    /// Next record that filter and level still have to be put to, while the list is made anew.
    pub refill: Option<u64>,
    /// Counts the times that the list is made anew or a search begins: what was under way for
    /// the turn before is of no use any more.
    pub turn: u64,
    /// The filter.
    pub filter: FilterState,
    /// The search.
    pub search: Option<Search>,
    /// The selected row's content.
    pub detail: Detail,
    /// A person's marks on a saved session, by record: they are not in its file.
    pub marks: BTreeMap<u64, String>,
    /// A packet that stays beside the selected one.
    pub pinned: Option<Detail>,
    /// The composer.
    pub composer: Composer,
    /// Selected namespace.
    pub namespace: usize,
    /// Selected entry of the reconnect timeline; `None` is the newest.
    pub reconnect: Option<usize>,
    /// Selected finding.
    pub finding: usize,
    /// Findings that raise an alarm and that the person has not looked at yet.
    pub unseen: usize,
    /// Those of them that were not told yet.
    pub untold: Vec<Finding>,
    /// The walk through a finding's evidence, while it goes on in the frame log.
    pub walk: Option<Why>,
    /// First line of the connection pane that is seen.
    pub connection_top: usize,
    /// The client has ended for good.
    pub ended: bool,
    /// A session time (microseconds) to go to, as soon as the journal is at hand.
    pub goto: Option<u64>,
    /// Events are held back in the offline buffer.
    pub holding: bool,
    /// Namespace and packet of the event in the offline buffer that is being changed.
    pub changing: Option<(String, String)>,
    /// What was broken on purpose.
    pub broken: Broken,
    /// The clients, where this is a tap's session.
    pub tap: Option<Clients>,
    /// How the replay stands, where this is one.
    pub replay: Option<std::sync::Arc<crate::replay::play::view::View>>,
}

impl Tab {
    /// A session that nothing is known of yet.
    pub fn new(target: &str, live: bool, started: jiff::Timestamp) -> Tab {
        Tab {
            title: title(target),
            target: target.to_owned(),
            live,
            options: None,
            reconnection: None,
            connect_hint: None,
            started,
            zone: jiff::tz::TimeZone::system(),
            model: Model::default(),
            now: 0,
            records: 0,
            status: Status::default(),
            findings: Vec::new(),
            backs: BTreeMap::new(),
            log: Log::new(),
            refill: None,
            turn: 0,
            filter: FilterState::default(),
            search: None,
            detail: Detail::default(),
            marks: BTreeMap::new(),
            pinned: None,
            composer: Composer::new("/"),
            namespace: 0,
            reconnect: None,
            finding: 0,
            unseen: 0,
            untold: Vec::new(),
            walk: None,
            connection_top: 0,
            ended: false,
            goto: None,
            holding: false,
            changing: None,
            broken: Broken::default(),
            tap: None,
            replay: None,
        }
    }

    /// The connection that is looked at: the newest, or the one that was chosen in a tap.
    pub fn connection(&self) -> Option<&Connection> {
        match &self.tap {
            Some(clients) => clients.current(&self.model),
            None => self.model.connection(),
        }
    }

    /// Makes this the session of a tap.
    #[must_use]
    pub fn tapping(mut self, listening: Option<&str>, upstream: &str) -> Tab {
        self.title = match listening {
            Some(url) => format!("tap {}", title(url)),
            None => self.title,
        };
        self.tap = Some(Clients::new(listening, upstream));
        self.model.several = true;
        self.composer.inject(Direction::ToClient);
        self
    }

    /// The namespaces of the connection that is looked at.
    pub fn namespaces(&self) -> Vec<&Namespace> {
        let all = self.model.namespaces.iter();
        match (&self.tap, self.connection()) {
            (Some(_), Some(connection)) => all
                .filter(|namespace| namespace.c == Some(connection.c))
                .collect(),
            _ => all.collect(),
        }
    }

    /// Whether there is a client to command.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Wall-clock time of a session time.
    pub fn wall(&self, micros: u64) -> String {
        super::units::wall(self.started, &self.zone, micros)
    }

    /// Records that are not folded in yet.
    pub fn lag(&self) -> u64 {
        self.records.saturating_sub(self.model.seen)
    }

    /// Makes the list anew: another filter, another level.
    pub fn refill(&mut self) {
        self.log.restart();
        self.refill = Some(1);
        self.turn = self.turn.wrapping_add(1);
        if let Some(search) = &mut self.search {
            search.next = 0;
        }
    }

    /// Begins a search; the one before is over.
    pub fn begin_search(&mut self, search: Search) {
        self.log.clear_hits();
        self.search = Some(search);
        self.turn = self.turn.wrapping_add(1);
    }

    /// Takes over what the diagnosis says now. A finding may have changed its words, given way to
    /// a better one or come anew: what is chosen stays chosen.
    pub fn take_findings(&mut self, new: &[Finding]) {
        let fresh: Vec<Finding> = new
            .iter()
            .filter(|finding| !super::pane::findings::is_quiet(finding))
            .filter(|finding| super::why::same(finding, &self.findings).is_none())
            .cloned()
            .collect();
        let place = |old: Option<&Finding>| old.and_then(|old| super::why::same(old, new));
        self.finding = place(self.findings.get(self.finding)).unwrap_or(0);
        self.findings = new.to_vec();
        self.unseen = (self.unseen + fresh.len()).min(self.findings.len());
        self.untold.extend(fresh);
    }

    /// The namespace that the selection or the composer speaks of.
    pub fn selected_namespace(&self) -> Option<&str> {
        self.namespaces()
            .get(self.namespace)
            .map(|namespace| namespace.nsp.as_str())
    }
}

/// `http://localhost:3000/chat` as `localhost:3000`, a path as its file name.
fn title(target: &str) -> String {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let is_url = rest.len() != target.len();
    let name = if is_url {
        let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        host.rsplit('@').next().unwrap_or(host)
    } else {
        rest.rsplit(['/', '\\']).next().unwrap_or(rest)
    };
    super::line::head(name, 30).into_owned()
}

/// `http://localhost:3000/chat` as `localhost:3000/chat`, `/a/b.sio.jsonl` as `a/b.sio.jsonl`.
fn longer_title(target: &str) -> String {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let is_url = rest.len() != target.len();
    let name: String = if is_url {
        let rest = rest.split(['?', '#']).next().unwrap_or(rest);
        rest.rsplit('@').next().unwrap_or(rest).to_owned()
    } else {
        let mut parts: Vec<&str> = rest.rsplit(['/', '\\']).take(2).collect();
        parts.reverse();
        parts.join("/")
    };
    super::line::head(name.trim_end_matches('/'), 30).into_owned()
}

/// The whole state.
#[derive(Debug)]
pub struct State {
    /// The sessions.
    pub tabs: Vec<Tab>,
    /// Which one is shown.
    pub current: usize,
    /// The pane that takes the keys.
    pub focus: Pane,
    /// The pane that had the focus before the composer took it.
    pub before_compose: Pane,
    /// The focused pane has the whole body.
    pub zoom: bool,
    /// Sizes that the person chose.
    pub splits: Splits,
    /// Size of the screen.
    pub screen: ratatui::layout::Rect,
    /// What lies over the screen; the last takes the keys.
    pub overlays: Vec<Overlay>,
    /// The border that is being dragged.
    pub drag: Option<Edge>,
    /// The keys.
    pub keymap: Keymap,
    /// The looks.
    pub theme: Theme,
    /// Time column.
    pub time: TimeMode,
    /// Level of the frame log.
    pub level: Level,
    /// Secrets are shown.
    pub secrets: bool,
    /// Nothing acts on a server.
    pub readonly: bool,
    /// Something said once.
    pub notice: Option<Notice>,
    /// Lines of what to try, shown over the detail pane until the first row is opened.
    pub hints: Vec<String>,
    /// Follow at the start of a session.
    pub follow: bool,
    /// Options that the connect dialog begins with.
    pub template: Option<Options>,
    /// The whole screen has to be drawn again.
    pub dirty: bool,
}

impl State {
    /// A state without sessions.
    pub fn new(config: Config, theme: Theme, readonly: bool) -> State {
        State {
            tabs: Vec::new(),
            current: 0,
            focus: Pane::Frames,
            before_compose: Pane::Frames,
            zoom: false,
            splits: Splits::default(),
            screen: ratatui::layout::Rect::new(0, 0, 80, 24),
            overlays: Vec::new(),
            drag: None,
            keymap: config.keys,
            theme,
            time: config.time,
            level: config.level,
            secrets: !config.mask_secrets,
            readonly,
            notice: None,
            hints: Vec::new(),
            follow: config.follow,
            template: None,
            dirty: true,
        }
    }

    /// The session that is shown.
    pub fn tab(&self) -> Option<&Tab> {
        self.tabs.get(self.current)
    }

    /// The session that is shown.
    pub fn tab_mut(&mut self) -> Option<&mut Tab> {
        self.tabs.get_mut(self.current)
    }

    /// Adds a session and shows it.
    pub fn add(&mut self, mut tab: Tab) {
        if !self.follow {
            tab.log.set_follow(false);
        }
        tab.title = self.distinct(&tab);
        self.tabs.push(tab);
        self.current = self.tabs.len() - 1;
    }

    /// A name for a session that no other one has: with its path where that tells them apart,
    /// else with a number.
    fn distinct(&self, tab: &Tab) -> String {
        let taken = |name: &str| self.tabs.iter().any(|other| other.title == name);
        if !taken(&tab.title) {
            return tab.title.clone();
        }
        let longer = longer_title(&tab.target);
        if !taken(&longer) {
            return longer;
        }
        (2..)
            .map(|number| format!("{} ({number})", tab.title))
            .find(|name| !taken(name))
            .unwrap_or(longer)
    }

    /// Says something once.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            tone,
            of: None,
        });
    }

    /// Tells of findings that came, where the person does not look at the findings already. What
    /// is for information only raises no alarm. True where something changed.
    pub fn tell_of_findings(&mut self, at: usize) -> bool {
        let looks = self.focus == Pane::Findings && self.current == at && self.overlays.is_empty();
        let Some(tab) = self.tabs.get_mut(at) else {
            return false;
        };
        let new = std::mem::take(&mut tab.untold);
        let mut changed = !new.is_empty();
        // What was told may have been retracted, or be said better by now.
        let told = self.notice.as_ref().and_then(|notice| notice.of.as_ref());
        if let Some((_, told)) = told.filter(|(of, _)| *of == at) {
            let now = super::why::same(told, &tab.findings)
                .and_then(|place| tab.findings.get(place))
                .cloned();
            match now {
                Some(now) if now.title == told.title => {}
                now => {
                    changed = true;
                    self.notice = None;
                    if let Some(now) = now {
                        self.tell(at, &now, 1);
                    }
                }
            }
        }
        let Some(worst) = new
            .iter()
            .find(|finding| finding.severity == "error")
            .or(new.first())
        else {
            return changed;
        };
        if looks {
            if let Some(tab) = self.tabs.get_mut(at) {
                tab.unseen = 0;
            }
            return changed;
        }
        // What was said of a key that the person pressed is not talked over.
        let pressed = |notice: &Notice| notice.of.is_none();
        if self.current == at && !self.notice.as_ref().is_some_and(pressed) {
            self.tell(at, worst, new.len());
        }
        changed
    }

    /// Tells of a finding, the worst of so many.
    fn tell(&mut self, at: usize, worst: &Finding, many: usize) {
        let key = self.keymap.hint(super::action::Action::PaneFindings);
        let (glyph, _, _) = super::pane::findings::severity(worst);
        let tone = match worst.severity.as_str() {
            "error" => Tone::Bad,
            _ => Tone::Info,
        };
        // The key stands before the words, which may be cut at the edge.
        let words = match many {
            1 => format!("{glyph} found ({key} shows it): {}", worst.title),
            more => format!(
                "{glyph} {more} findings ({key} shows them): {}, …",
                worst.title
            ),
        };
        self.say(tone, words);
        if let Some(notice) = &mut self.notice {
            notice.of = Some((at, worst.clone()));
        }
    }

    /// Where everything lies now.
    pub fn layout(&self) -> Layout {
        let compose_most = self.screen.height / 3;
        let wishes = match self.tab() {
            None => Wishes::default(),
            Some(tab) => {
                let width = usize::from(self.splits.side.saturating_sub(2));
                let rows = super::pane::connection::lines(tab, width).len();
                Wishes {
                    connection: u16::try_from(rows)
                        .unwrap_or(6)
                        .clamp(6, if tab.tap.is_some() { 14 } else { 9 }),
                    namespaces: u16::try_from(tab.namespaces().len()).unwrap_or(12),
                    findings: u16::try_from(super::pane::findings::rows(tab, width)).unwrap_or(60),
                    compose: tab
                        .composer
                        .height(self.screen.width.saturating_sub(4), compose_most)
                        .max(2),
                }
            }
        };
        Layout::new(self.screen, self.splits, wishes, self.focus, self.zoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_sessions_have_the_same_name() {
        let config = Config::default();
        let mut state = State::new(config, Theme::embedded("dark"), false);
        for target in [
            "http://localhost:3000/",
            "http://localhost:3000/chat",
            "http://user:secret@localhost:3000/chat?token=x",
            "http://localhost:3000",
            "/tmp/one/a.sio.jsonl",
            "/tmp/two/a.sio.jsonl",
        ] {
            state.add(Tab::new(target, true, jiff::Timestamp::UNIX_EPOCH));
        }
        let names: Vec<&str> = state.tabs.iter().map(|tab| tab.title.as_str()).collect();
        assert_eq!(
            names,
            [
                "localhost:3000",
                "localhost:3000/chat",
                "localhost:3000 (2)",
                "localhost:3000 (3)",
                "a.sio.jsonl",
                "two/a.sio.jsonl"
            ]
        );
    }
}
