//! The composer's last row: what will be sent, what to know before, or what is wrong and where.

use ratatui::buffer::Buffer;

use super::view::Places;
use super::{Composer, Draft, DraftError, Field, Surroundings, files};
use crate::client::command::Emit;
use crate::journal::record::Direction;
use crate::tui::edit::view;
use crate::tui::mask;
use crate::tui::overlay;
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

impl Composer {
    pub(super) fn draw_said(
        &self,
        places: &Places,
        draft: &Draft,
        emitted: &Result<Emit, DraftError>,
        buf: &mut Buffer,
        theme: &Theme,
        around: &Surroundings<'_>,
    ) {
        let at = places.said;
        if at.is_empty() {
            return;
        }
        let dim = theme.style(Role::Dim);
        if let Some(words) = self.history.searched() {
            let line = format!("search in drafts: {}▏", text::safe(words));
            text::put(buf, at.x, at.y, &line, at.width, theme.style(Role::Key));
            return;
        }
        if around.readonly {
            let line = "read-only: nothing can be sent from here";
            text::put(buf, at.x, at.y, line, at.width, theme.style(Role::Warn));
            return;
        }
        let emit = match emitted {
            Ok(emit) => emit,
            Err(e) => {
                if self.is_empty() && e.field == Field::Event {
                    let line = "name an event; what will be sent is shown here";
                    text::put(buf, at.x, at.y, line, at.width, dim);
                } else {
                    self.draw_error(places, e, buf, theme);
                }
                return;
            }
        };
        let will = match (self.injects(), around.client) {
            (Some(dir), client) => {
                let side = match dir {
                    Direction::ToClient => "client",
                    Direction::ToServer => "server",
                };
                let of = client.map(|c| format!(" of c{c}")).unwrap_or_default();
                format!("will inject to the {side}{of}:")
            }
            (None, _) => "will send".to_owned(),
        };
        let (line, size) = if files::named_in(&emit.args) {
            let args = mask::text(&emit.args);
            let line = format!("{will} {args} with the files' bytes");
            (line, None)
        } else {
            match (around.preview)(emit) {
                Ok(preview) => (format!("{will} {}", preview.text), Some(preview)),
                Err(e) => {
                    let line = format!("✗ {}", text::safe(&e.0));
                    text::put(buf, at.x, at.y, &line, at.width, theme.style(Role::Error));
                    return;
                }
            }
        };
        let mut notices: Vec<String> = draft.notice().into_iter().collect();
        match (self.injects(), around.client) {
            (Some(_), None) => notices.push("no connection to inject into".to_owned()),
            (Some(_), Some(_)) if !(around.online)(&emit.nsp) => {
                notices.push(format!("this client has not joined {}", emit.nsp));
            }
            (None, _) if !(around.online)(&emit.nsp) => {
                notices.push("offline: will wait in the buffer".to_owned());
            }
            _ => {}
        }
        let mut right = String::new();
        if let Some(preview) = &size {
            if let Some(most) = around.max_payload.filter(|most| preview.bytes > *most) {
                notices.push(format!(
                    "does not fit maxPayload {} bytes: the server may cut the connection",
                    grouped(most)
                ));
            }
            if preview.attachments > 0 {
                let s = if preview.attachments == 1 { "" } else { "s" };
                right = format!("{} attachment{s}  ", preview.attachments);
            }
            right.push_str(&format!("{} bytes", grouped(preview.bytes)));
        }
        let mut room = at.width;
        let wide = u16::try_from(text::width(&right)).unwrap_or(u16::MAX);
        if wide < room {
            room -= wide;
            let style = theme.style(Role::Number);
            text::put(buf, at.x + room, at.y, &right, wide, style);
        }
        // Notices go before the bytes: they are what a person must not overlook.
        let mut x = at.x;
        for notice in notices {
            let line = format!("! {}  ", text::safe(&notice));
            let used = text::put(buf, x, at.y, &line, room, theme.style(Role::Warn));
            x += used;
            room -= used.min(room);
        }
        text::put(
            buf,
            x,
            at.y,
            &text::safe(&line),
            room.saturating_sub(1),
            dim,
        );
    }

    fn draw_error(&self, places: &Places, error: &DraftError, buf: &mut Buffer, theme: &Theme) {
        let at = places.said;
        let field = places.of(error.field);
        let edit = match error.field {
            Field::Namespace => &self.nsp,
            Field::Event => &self.event,
            Field::Args => &self.args,
            Field::Ack => &self.timeout,
        };
        if edit.text().contains('\n') {
            let (line, column) = crate::place::of(edit.text(), error.at);
            let line = format!(
                "✗ line {line}, column {column}: {}",
                text::safe(&error.what)
            );
            text::put(buf, at.x, at.y, &line, at.width, theme.style(Role::Error));
            return;
        }
        let before = edit.text().get(..error.at).unwrap_or_default();
        let skip = self.skip(error.field, edit, field.width, error.field == self.focus);
        let column = view::shown_width(before).saturating_sub(skip);
        let column = usize::from(field.x.saturating_sub(at.x)) + column;
        overlay::pointer(at, at.y, column, &error.what, buf, theme);
    }
}

/// A number with commas between its thousands.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
