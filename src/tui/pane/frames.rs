//! The frame log: one row, one packet. Draws the rows that are seen and no others.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::journal::record::Direction;
use crate::tui::config::TimeMode;
use crate::tui::highlight;
use crate::tui::line::Line;
use crate::tui::log::Spot;
use crate::tui::paint::{Pen, dot};
use crate::tui::state::{State, Tab};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};
use crate::tui::units;

/// Columns of the parts that have a fixed width, by how much room there is.
struct Columns {
    time: u16,
    delta: u16,
    nsp: u16,
    kind: u16,
    via: u16,
    /// In a tap: whose row it is.
    client: u16,
}

impl Columns {
    fn new(width: u16, time: TimeMode, lines: &[Line]) -> Columns {
        let narrow = width < 78;
        let widest = |of: &dyn Fn(&Line) -> usize| lines.iter().map(of).max().unwrap_or(0) as u16;
        let nsp = widest(&|line| text::width(&line.nsp)).clamp(2, if narrow { 8 } else { 16 });
        let kind = widest(&|line| text::width(&line.kind)).clamp(7, if narrow { 13 } else { 16 });
        // Where there is least room, the way and the fractions of a second go first.
        let tiny = width < 50;
        Columns {
            time: match time {
                TimeMode::Wall if tiny => 9,
                TimeMode::Wall => 13,
                TimeMode::Delta => 0,
                TimeMode::Connect => 13,
            },
            delta: if narrow && time == TimeMode::Wall {
                0
            } else {
                9
            },
            nsp,
            kind,
            via: if tiny { 0 } else { 5 },
            client: 0,
        }
    }
}

/// What the border says beside the title: filter, counts, follow or paused.
pub fn status(state: &State, tab: &Tab) -> Vec<(String, Role)> {
    let mut parts = Vec::new();
    if let Some(filter) = &tab.filter.filter
        && !filter.is_empty()
    {
        let role = if tab.filter.off {
            Role::Dim
        } else {
            Role::Accent
        };
        let off = if tab.filter.off { " (off)" } else { "" };
        parts.push((format!("{}{off}", filter.source()), role));
    }
    if let Some(walk) = &tab.walk
        && let Some(finding) = walk.now(&tab.findings)
    {
        parts.push((
            format!("evidence {} of {}", walk.chosen + 1, finding.evidence.len()),
            Role::Finding,
        ));
    }
    if let Some(search) = &tab.search {
        let hits = tab.log.count(Spot::Hit);
        let nth = tab
            .log
            .nth(Spot::Hit)
            .map(|nth| format!("{nth} of "))
            .unwrap_or_default();
        let more = if search.next < tab.log.len() { "+" } else { "" };
        parts.push((
            format!(
                "{} {nth}{}{more} hit{}",
                search.title(),
                units::count(hits as u64),
                if hits == 1 && more.is_empty() {
                    ""
                } else {
                    "s"
                }
            ),
            Role::Hit,
        ));
    }
    if let Some(next) = tab.refill {
        let share = next as f64 / tab.model.seen.max(1) as f64 * 100.0;
        parts.push((format!("reading {share:.0} %"), Role::Busy));
    }
    let shown = units::count(tab.log.len() as u64);
    match tab.filter.active() {
        Some(_) => parts.push((
            format!("{shown} of {}", units::count(tab.rows_at(state.level))),
            Role::Text,
        )),
        None => parts.push((format!("{shown} rows"), Role::Text)),
    }
    let level = match state.level {
        crate::tui::config::Level::Packets => "",
        crate::tui::config::Level::Frames => "packets and frames",
        crate::tui::config::Level::Raw => "raw",
    };
    if !level.is_empty() {
        parts.push((level.to_owned(), Role::Accent));
    }
    if tab.lag() > 0 {
        parts.push((format!("{} behind", units::count(tab.lag())), Role::Warn));
    }
    // While the list is made anew, nothing in it is new.
    let new = if tab.refill.is_some() {
        0
    } else {
        tab.log.new_rows()
    };
    if tab.log.is_paused() {
        parts.push((
            format!("paused, {} new", units::count(new as u64)),
            Role::Warn,
        ));
    } else if tab.log.follows() {
        parts.push(("follow ▼".to_owned(), Role::Ok));
    } else if new > 0 {
        parts.push((format!("{} new ▼", units::count(new as u64)), Role::Accent));
    }
    parts
}

/// Draws the rows that are seen.
pub fn draw(state: &State, tab: &Tab, area: Rect, focused: bool, buf: &mut Buffer) {
    let theme = &state.theme;
    let lines = &tab.log.window;
    if lines.is_empty() && tab.model.connections.is_empty() {
        let copy = state.keymap.hint(crate::tui::action::Action::Copy);
        if super::clients::draw_hint(tab, &copy, area, buf, theme) {
            return;
        }
    }
    if lines.is_empty() {
        let words = if tab.refill.is_some() {
            " looking …"
        } else if tab.filter.active().is_some() {
            " nothing passes the filter"
        } else if tab.live {
            " nothing yet"
        } else {
            " no rows"
        };
        Pen::new(buf, area, 0).put(words, theme.style(Role::Dim));
        return;
    }
    let rows = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    let mut columns = Columns::new(rows.width, state.time, lines);
    if tab.tap.is_some() && tab.model.connections.len() > 1 && rows.width >= 50 {
        let most = tab.model.connections.keys().next_back().copied();
        columns.client = match most.unwrap_or(0) {
            0..=9 => 3,
            10..=99 => 4,
            _ => 6,
        };
    }
    let (top, _) = tab.log.seen();
    let selected = tab.log.selected_at();
    let began = tab
        .connection()
        .map(|connection| connection.opened.unwrap_or(connection.began));
    for (row, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        let chosen = selected == Some(top + row);
        let wash = match (chosen, focused) {
            (true, true) => theme.style(Role::Selected),
            (true, false) => theme.style(Role::SelectedUnfocused),
            _ => Style::default(),
        };
        let looks = Looks { theme, wash };
        let mut pen = Pen::new(buf, rows, row as u16);
        pen.wash(wash);
        let place = top + row;
        let (glyph, role) = if chosen {
            ("▸", Role::Accent)
        } else if tab.log.has_spot(Spot::Mark, place, place + 1) {
            ("◆", Role::Mark)
        } else if tab.log.has_spot(Spot::Hit, place, place + 1) {
            ("*", Role::Hit)
        } else if line.role == Role::Fault {
            // Two columns wide: nothing else is as seen from afar, and it says that this was us.
            ("⚡", Role::Fault)
        } else if proves(tab, line.id.n()) {
            ("»", Role::Finding)
        } else if line.error {
            ("!", Role::Error)
        } else {
            (" ", Role::Text)
        };
        pen.gap(1).column(glyph, 2, looks.of(role));
        let since = connection_start(tab, line).or(began);
        times(&mut pen, tab, state.time, &columns, line, since, &looks);
        body(&mut pen, &columns, line, &looks);
    }
    scroll_bar(tab, area, buf, theme);
}

/// Whether a record belongs to the evidence that is being walked through.
fn proves(tab: &Tab, n: u64) -> bool {
    tab.walk
        .as_ref()
        .and_then(|walk| walk.now(&tab.findings))
        .is_some_and(|finding| {
            finding
                .evidence
                .iter()
                .take(crate::tui::why::LISTED)
                .any(|proof| *proof == n)
        })
}

struct Looks<'a> {
    theme: &'a Theme,
    wash: Style,
}

impl Looks<'_> {
    fn of(&self, role: Role) -> Style {
        let mut style = self.theme.style(role);
        // The selection's background goes under every word of the row.
        if self.wash.bg.is_some() {
            style.bg = self.wash.bg;
        }
        self.wash.patch(style)
    }
}

fn connection_start(tab: &Tab, line: &Line) -> Option<u64> {
    let connection = tab.model.connections.get(&line.c?)?;
    Some(connection.began)
}

fn times(
    pen: &mut Pen<'_>,
    tab: &Tab,
    mode: TimeMode,
    columns: &Columns,
    line: &Line,
    since: Option<u64>,
    looks: &Looks<'_>,
) {
    match mode {
        TimeMode::Wall => {
            let wall = tab.wall(line.t);
            let room = usize::from(columns.time.saturating_sub(1));
            pen.column(
                wall.get(..room).unwrap_or(&wall),
                columns.time,
                looks.of(Role::Time),
            );
        }
        TimeMode::Connect => {
            let words = match since {
                Some(since) if line.t >= since => {
                    format!("{:>11.3}s", (line.t - since) as f64 / 1e6)
                }
                _ => format!("{:>12}", "─"),
            };
            pen.column(&words, columns.time, looks.of(Role::Time));
        }
        TimeMode::Delta => {}
    }
    if columns.delta > 0 {
        let delta = line
            .before
            .map(|before| units::delta(line.t.saturating_sub(before)))
            .unwrap_or_default();
        pen.column(&format!("{delta:>8}"), columns.delta, looks.of(Role::Dim));
    }
}

fn body(pen: &mut Pen<'_>, columns: &Columns, line: &Line, looks: &Looks<'_>) {
    let (arrow, role) = match line.dir {
        Some(Direction::ToClient) => ("↓", Role::ToClient),
        Some(Direction::ToServer) => ("↑", Role::ToServer),
        None => ("·", Role::Dim),
    };
    pen.column(arrow, 2, looks.of(role));
    if columns.client > 0 {
        let words = line.c.map(|c| format!("c{c}")).unwrap_or_default();
        pen.column(&words, columns.client, looks.of(Role::Accent));
    }
    pen.column(line.via, columns.via, looks.of(Role::Dim));
    pen.column(&line.nsp, columns.nsp, looks.of(Role::Text))
        .gap(1);
    pen.column(&line.kind, columns.kind, looks.of(line.role))
        .gap(1);
    if !line.note.is_empty() {
        pen.right(&line.note, looks.of(line.note_role));
    }
    pen.reserve(1);
    if !line.name.is_empty() {
        pen.put(&line.name, looks.of(Role::Event)).gap(1);
        let short = 10usize.saturating_sub(text::width(&text::safe(&line.name)));
        pen.gap(short as u16);
    }
    if line.json {
        json(pen, &line.payload, looks);
    } else {
        let role = if line.error { Role::Error } else { Role::Text };
        pen.put(&line.payload, looks.of(role));
    }
}

fn json(pen: &mut Pen<'_>, payload: &str, looks: &Looks<'_>) {
    for span in highlight::json(payload) {
        // A cut payload ends in the middle: that is not the sender's mistake.
        let role = if span.role == Role::JsonWrong {
            Role::Dim
        } else {
            span.role
        };
        let words = payload.get(span.range).unwrap_or("");
        if pen.left() == 0 {
            pen.cut(looks.of(Role::Dim));
            break;
        }
        pen.put(words, looks.of(role));
    }
}

/// Records of a finding's evidence that get a tick at most.
const TICKED: usize = 1_000;

/// Lines of the scroll bar that stand for rows which prove a finding.
fn proof_ticks(tab: &Tab, len: usize, height: usize) -> Vec<bool> {
    let mut ticks = vec![false; height];
    let all = tab.findings.iter();
    for n in all.flat_map(|finding| finding.evidence.iter().take(TICKED)) {
        let Some(at) = tab.log.place_of_record(*n) else {
            continue;
        };
        let row = if len <= height { at } else { at * height / len };
        if let Some(tick) = ticks.get_mut(row) {
            *tick = true;
        }
    }
    ticks
}

/// A thumb for what is seen, and ticks for marks, hits, errors and what proves a finding.
fn scroll_bar(tab: &Tab, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let log = &tab.log;
    let (len, height) = (log.len(), usize::from(area.height));
    if area.width == 0 || height == 0 {
        return;
    }
    let x = area.right() - 1;
    let (top, seen) = log.seen();
    let proofs = proof_ticks(tab, len, height);
    for row in 0..height {
        // A list that fits has its ticks beside their rows.
        let (from, to) = if len <= height {
            (row, row + 1)
        } else {
            (
                row * len / height,
                ((row + 1) * len / height).max(row * len / height + 1),
            )
        };
        let thumb = len > height && from < top + seen.len() && to > top;
        let (symbol, role) = if log.has_spot(Spot::Mark, from, to) {
            ("◆", Role::TickMark)
        } else if log.has_spot(Spot::Hit, from, to) {
            ("*", Role::TickHit)
        } else if log.has_spot(Spot::Error, from, to) {
            ("!", Role::TickError)
        } else if proofs.get(row) == Some(&true) {
            ("»", Role::Finding)
        } else if thumb {
            ("┃", Role::ScrollThumb)
        } else if len > height {
            ("│", Role::Scroll)
        } else {
            (" ", Role::Scroll)
        };
        dot(buf, x, area.y + row as u16, symbol, theme.style(role));
    }
}
