//! The state of the connection: what it is, since when, how it beats, when it is tried again.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::client::options::Reconnection;
use crate::journal::record::{AckState, BufferOp, ConnectionState, Direction, TransportName};
use crate::model::state::{AckEntry, Connection, Heartbeat, Waiting};
use crate::tui::mask;
use crate::tui::paint::Pen;
use crate::tui::state::Tab;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};
use crate::tui::units;

/// One line of the pane: words with their tones, left to right.
pub type Words = Vec<(String, Role)>;

/// Glyph, word and tone of a connection's state, where one is known.
pub fn state_of(tab: &Tab) -> (&'static str, &'static str, Role) {
    let model = &tab.model;
    if let Some(clients) = &tab.tap
        && clients.current(model).is_none()
    {
        return match tab.is_live() {
            true => ("◌", "listening", Role::Busy),
            false => ("○", "no connection", Role::Dim),
        };
    }
    if model.gave_up.is_some() {
        return ("✗", "gave up", Role::Error);
    }
    if model.waiting.is_some() && !tab.is_live() {
        return ("◍", "was waiting", Role::Dim);
    }
    if model.waiting.is_some() {
        return ("◌", "waiting", Role::Busy);
    }
    let state = tab.connection().map(|connection| connection.state);
    if !tab.is_live() {
        // A saved session stands still: what was going on when it ended is no present.
        match state {
            Some(ConnectionState::Connecting) => return ("◍", "was connecting", Role::Dim),
            Some(ConnectionState::Open) => return ("◍", "open at end", Role::Dim),
            _ => {}
        }
    }
    match state {
        None if tab.is_live() => ("◌", "starting", Role::Busy),
        None => ("○", "no connection", Role::Dim),
        Some(ConnectionState::Connecting) => ("◌", "connecting", Role::Busy),
        Some(ConnectionState::Open) => ("●", "connected", Role::Ok),
        Some(ConnectionState::Waiting) => ("◌", "waiting", Role::Busy),
        Some(ConnectionState::GaveUp) => ("✗", "gave up", Role::Error),
        Some(ConnectionState::Closed) => ("○", "disconnected", Role::Error),
    }
}

/// Short name of a transport, as the log's column has it.
pub fn via(name: TransportName) -> &'static str {
    match name {
        TransportName::Polling => "polling",
        TransportName::Websocket => "websocket",
    }
}

/// All lines of the pane, at the tab's present time.
pub fn lines(tab: &Tab, width: usize) -> Vec<Words> {
    let model = &tab.model;
    let mut lines = Vec::new();
    if let Some(clients) = &tab.tap {
        super::clients::list(tab, clients, &mut lines);
    }
    let (glyph, word, role) = state_of(tab);
    let mut head: Words = vec![(format!("{glyph} {word}"), role)];
    if let Some(connection) = tab.connection() {
        let transport = connection.transport.map_or("", via);
        head.push((
            format!(
                "{:>pad$}{transport}",
                "",
                pad = 16usize.saturating_sub(word.chars().count() + 2).max(2)
            ),
            Role::Text,
        ));
        if let Some(eio) = connection.eio {
            head.push((format!("  EIO{eio}"), Role::Dim));
        }
    }
    lines.push(head);
    if let Some(words) = broken(tab) {
        // Before anything else: it explains all the rest.
        lines.push(vec![(words, Role::Fault)]);
    }
    match (&model.waiting, &model.gave_up, tab.connection()) {
        (Some(waiting), _, _) => between(tab, waiting, width, &mut lines),
        (None, Some(why), _) => {
            lines.push(vec![(why.clone(), Role::Error)]);
            cause(tab, width, &mut lines);
        }
        (None, None, Some(connection)) => match connection.state {
            ConnectionState::Open => open(tab, connection, width, &mut lines),
            ConnectionState::Connecting => connecting(tab, connection, &mut lines),
            _ => cause(tab, width, &mut lines),
        },
        (None, None, None) => {
            lines.push(vec![(mask::url(&tab.target), Role::Text)]);
        }
    }
    if let (Some(clients), Some(connection)) = (&tab.tap, tab.connection())
        && let Some(agent) = clients
            .seen(connection.c)
            .and_then(|seen| seen.agent.as_ref())
    {
        lines.push(vec![
            ("client ".to_owned(), Role::Dim),
            (agent.clone(), Role::Text),
        ]);
    }
    pending(tab, &mut lines);
    lines
}

/// The faults that last or wait, in one line.
pub fn broken(tab: &Tab) -> Option<String> {
    let active = tab.broken.active(&tab.model);
    (!active.is_empty()).then(|| format!("⚡ {}", crate::tui::dialog::break_menu::named(&active)))
}

fn open(tab: &Tab, connection: &Connection, width: usize, lines: &mut Vec<Words>) {
    let since = connection.opened.unwrap_or(connection.began);
    let mut up = vec![(
        format!("up {}", units::clock(tab.now.saturating_sub(since))),
        Role::Text,
    )];
    if let Some(sid) = &connection.engine_sid {
        up.push(("     sid ".to_owned(), Role::Dim));
        up.push((sid.clone(), Role::Text));
    }
    lines.push(up);
    if let Some(line) = upgrade(connection) {
        lines.push(line);
    }
    heartbeat(tab, connection, width, lines);
}

fn upgrade(connection: &Connection) -> Option<Words> {
    let upgrade = &connection.upgrade;
    if let Some(error) = &upgrade.error {
        return Some(vec![
            ("upgrade failed  ".to_owned(), Role::Error),
            (error.clone(), Role::Text),
        ]);
    }
    match (upgrade.began, upgrade.done) {
        (Some(began), Some(done)) => Some(vec![
            ("upgraded  ".to_owned(), Role::Dim),
            (
                format!(
                    "polling → ws in {}",
                    units::millis(done.saturating_sub(began) as f64 / 1e3)
                ),
                Role::Text,
            ),
        ]),
        (Some(_), None) => {
            let step = match (upgrade.probe_sent, upgrade.probe_answered) {
                (_, Some(_)) => "probe answered",
                (Some(_), None) => "probe sent",
                (None, None) => "WebSocket asked for",
            };
            Some(vec![
                ("upgrading  ".to_owned(), Role::Busy),
                (step.to_owned(), Role::Text),
            ])
        }
        (None, _) if connection.transport == Some(TransportName::Polling) => {
            let offered = if connection.upgrades.is_empty() {
                "none offered"
            } else {
                "not tried"
            };
            Some(vec![
                ("upgrade  ".to_owned(), Role::Dim),
                (offered.to_owned(), Role::Text),
            ])
        }
        (None, _) => None,
    }
}

fn heartbeat(tab: &Tab, connection: &Connection, width: usize, lines: &mut Vec<Words>) {
    let beat = &connection.heartbeat;
    if beat.interval_ms == 0 {
        return;
    }
    let mut rhythm = vec![
        ("ping ".to_owned(), Role::Dim),
        (
            format!(
                "{} + {}",
                units::planned(beat.interval_ms),
                units::planned(beat.timeout_ms)
            ),
            Role::Text,
        ),
    ];
    if let Some((word, value)) = spread(beat, connection.eio) {
        rhythm.push((format!("  {word} "), Role::Dim));
        rhythm.push((value, Role::Text));
    }
    lines.push(rhythm);
    if !tab.is_live() {
        // In a saved session no clock runs on.
        return;
    }
    let mut next: Words = Vec::new();
    if !beat.samples.is_empty() {
        next.push((
            units::sparkline(beat.samples.iter(), width.saturating_sub(17).clamp(4, 30)),
            Role::Graph,
        ));
        next.push(("  ".to_owned(), Role::Text));
    }
    if let Some(due) = beat.next {
        let word = if due > tab.now {
            format!("next in {}", units::left(due - tab.now))
        } else {
            format!("ping due since {}", units::left(tab.now - due))
        };
        next.push((
            word,
            if due > tab.now {
                Role::Text
            } else {
                Role::Busy
            },
        ));
    }
    if !next.is_empty() {
        lines.push(next);
    }
    if let Some(deadline) = beat.deadline {
        let whole = (beat.interval_ms + beat.timeout_ms).max(1) * 1_000;
        let left = deadline.saturating_sub(tab.now);
        let share = left as f64 / whole as f64;
        let tone = if share < 0.2 {
            Role::Error
        } else if share < 0.45 {
            Role::Busy
        } else {
            Role::Ok
        };
        lines.push(vec![
            ("timeout ".to_owned(), Role::Dim),
            (
                units::bar(share, width.saturating_sub(20).clamp(4, 20)),
                tone,
            ),
            (format!("  {} left", units::left(left)), Role::Text),
        ]);
    }
}

/// Generation 3 measures a round trip, generation 4 can only tell how evenly pings arrive.
fn spread(beat: &Heartbeat, eio: Option<u8>) -> Option<(&'static str, String)> {
    let last = beat.samples.back()?;
    if eio == Some(3) {
        return Some(("rtt", units::millis(*last)));
    }
    let most = beat
        .samples
        .iter()
        .map(|sample| sample.abs())
        .fold(0.0, f64::max);
    Some(("jitter", format!("±{}", units::millis(most))))
}

fn connecting(tab: &Tab, connection: &Connection, lines: &mut Vec<Words>) {
    lines.push(vec![(
        format!(
            "for {}",
            units::left(tab.now.saturating_sub(connection.began))
        ),
        Role::Text,
    )]);
    lines.push(vec![(mask::url(&tab.target), Role::Text)]);
    if let Some(attempt) = connection.attempt {
        lines.push(vec![(format!("attempt {attempt}"), Role::Text)]);
    }
}

fn between(tab: &Tab, waiting: &Waiting, width: usize, lines: &mut Vec<Words>) {
    if !tab.is_live() {
        // In a saved session no clock runs on, and nobody tries again.
        lines.push(vec![(
            format!(
                "attempt {} was due after {}",
                waiting.attempt,
                units::planned(waiting.delay_ms)
            ),
            Role::Text,
        )]);
        cause(tab, width, lines);
        return;
    }
    let due = waiting
        .since
        .saturating_add(waiting.delay_ms.saturating_mul(1_000));
    let left = due.saturating_sub(tab.now);
    let share = left as f64 / (waiting.delay_ms.max(1) * 1_000) as f64;
    lines.push(vec![
        (
            format!(
                "attempt {} in {:.1} s  ",
                waiting.attempt,
                left as f64 / 1e6
            ),
            Role::Text,
        ),
        (
            units::bar(share, width.saturating_sub(24).clamp(4, 20)),
            Role::Busy,
        ),
    ]);
    let mut plan = vec![(
        format!("planned {}", units::planned(waiting.delay_ms)),
        Role::Text,
    )];
    if let Some(rules) = &tab.reconnection
        && let Some(words) = jitter(rules, waiting)
    {
        plan.push((format!(" = {words}"), Role::Dim));
    }
    lines.push(plan);
    cause(tab, width, lines);
    if let Some(hint) = &tab.connect_hint {
        lines.push(vec![(hint.clone(), Role::Accent)]);
    }
}

/// The delay taken apart: what was planned, and what chance added or took.
fn jitter(rules: &Reconnection, waiting: &Waiting) -> Option<String> {
    let exponent = waiting.attempt.saturating_sub(1).min(30);
    let base = rules.delay.as_millis() as f64 * f64::from(2u32).powi(exponent as i32);
    let most = rules.delay_max.as_millis() as f64;
    let planned = waiting.delay_ms as f64;
    if base <= 0.0 {
        return None;
    }
    if planned + 1.0 >= most && base > planned {
        return Some(format!("longest delay {}", units::planned(most as u64)));
    }
    if rules.factor == 0.0 {
        return Some("no jitter".to_owned());
    }
    let percent = (planned - base) / base * 100.0;
    Some(format!(
        "{} {percent:+.0} % jitter",
        units::planned(base as u64)
    ))
}

/// The last loss: the official reason, then what lies under it.
fn cause(tab: &Tab, width: usize, lines: &mut Vec<Words>) {
    let Some(connection) = tab.connection() else {
        return;
    };
    if let Some(reason) = &connection.reason {
        lines.push(vec![(reason.clone(), Role::Error)]);
    }
    if let Some(detail) = &connection.detail {
        lines.extend(wrapped(detail, "  ", width, 3));
    }
}

/// A long text as at most `most` lines behind a margin; the last says when there was more.
pub fn wrapped(words: &str, margin: &str, width: usize, most: usize) -> Vec<Words> {
    let room = width.saturating_sub(margin.len() + 2).max(8);
    let all = text::wrap(&text::safe(words), room);
    let cut = all.len() > most;
    let mut lines: Vec<Words> = all
        .into_iter()
        .take(most)
        .map(|line| vec![(format!("{margin}{line}"), Role::Text)])
        .collect();
    if cut && let Some((last, _)) = lines.last_mut().and_then(|line| line.last_mut()) {
        last.push('…');
    }
    lines
}

/// Acks and packets that wait; said only where there are any.
fn pending(tab: &Tab, lines: &mut Vec<Words>) {
    let count = |dir, state| {
        let is = |ack: &&AckEntry| ack.dir == dir && ack.state == state;
        tab.model.acks.iter().filter(is).count()
    };
    // The same words as in the sheet of our questions, and of the server's only what waits for us.
    let ours = |state| count(Direction::ToServer, state);
    let open = ours(AckState::Pending);
    let late = ours(AckState::Late);
    let timed_out = ours(AckState::Timeout);
    let lost = ours(AckState::Lost);
    let asked = count(Direction::ToClient, AckState::Pending);
    if open + late + timed_out + lost + asked > 0 {
        let mut words = vec![("acks ".to_owned(), Role::Dim)];
        for (number, word, role) in [
            (open, "pending", Role::Busy),
            (asked, "to answer", Role::Accent),
            (late, "late", Role::Warn),
            (timed_out, "timed out", Role::Error),
            (lost, "lost", Role::Error),
        ] {
            if number > 0 {
                words.push((format!("{number} {word}  "), role));
            }
        }
        lines.push(words);
    }
    let waiting = tab
        .model
        .buffered
        .iter()
        .filter(|entry| entry.op == BufferOp::Queued)
        .count();
    if waiting > 0 {
        lines.push(vec![
            ("buffer ".to_owned(), Role::Dim),
            (format!("{waiting} waiting to be sent"), Role::Busy),
        ]);
    }
}

/// Draws lines of words from `from` on.
pub fn draw_lines(lines: &[Words], from: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
    for (row, words) in lines
        .iter()
        .skip(from)
        .take(usize::from(area.height))
        .enumerate()
    {
        let mut pen = Pen::new(buf, area, row as u16);
        pen.put(" ", Style::default());
        for (word, role) in words {
            pen.put(word, theme.style(*role));
        }
    }
}

/// Draws the pane.
pub fn draw(tab: &Tab, from: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
    draw_lines(&lines(tab, usize::from(area.width)), from, area, buf, theme);
}
