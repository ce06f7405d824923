//! Sessions that many cases begin with: connected, or half-way through the upgrade.

use super::bed::Bed;
use crate::client::options::{Eio, Options};
use crate::journal::record::TransportName;

impl Bed {
    /// Connected on WebSocket only.
    pub(super) fn ws() -> Bed {
        Bed::ws_of(|_| {})
    }

    /// Connected on WebSocket only, with other options.
    pub(super) fn ws_of(change: impl FnOnce(&mut Options)) -> Bed {
        let mut bed = Bed::of(|options| {
            options.transports = vec![TransportName::Websocket];
            change(options);
        });
        bed.play(
            r#"start
            > WS EIO=4 transport=websocket !sid= !t=
            < ws open
            < ws: OPEN4
            > 40
            < ws: 40{"sid":"N"}
            = nsp / connected sid=N"#,
        );
        bed
    }

    /// Connected on WebSocket to `/` and `/a`.
    pub(super) fn two() -> Bed {
        let mut bed = Bed::ws();
        bed.play(
            r#"! join /a
            > 40/a,
            < ws: 40/a,{"sid":"A"}
            = nsp /a connected sid=A"#,
        );
        bed
    }

    /// Connected on polling without upgrade, a GET under way.
    pub(super) fn polling() -> Bed {
        let mut bed = Bed::of(|options| options.transports = vec![TransportName::Polling]);
        bed.play(
            r#"start
            > GET EIO=4 transport=polling t= !sid= !b64
            < get: OPEN4
            > POST 40
            > GET sid=E
            < post: ok
            < get: 40{"sid":"N"}
            > GET sid=E
            = nsp / connected sid=N"#,
        );
        bed
    }

    /// Connected to `/` on polling, the upgrade's WebSocket asked for.
    pub(super) fn upgrading() -> Bed {
        let mut bed = Bed::of(|_| {});
        bed.play(
            r#"start
            > GET !sid=
            < get: OPEN4+ws
            > POST 40
            > WS transport=websocket sid=E !t=
            > GET sid=E
            < post: ok
            < get: 40{"sid":"N"}
            > GET sid=E
            = nsp / connected"#,
        );
        bed
    }

    /// Connected to generation 2 on WebSocket only.
    pub(super) fn old_ws() -> Bed {
        let mut bed = Bed::of(|options| {
            options.transports = vec![TransportName::Websocket];
            options.eio = Eio::V3;
        });
        bed.play(
            r#"start
            > WS EIO=3 transport=websocket !sid=
            < ws open
            < ws: OPEN3
            < ws: 40
            = nsp / connected sid=E"#,
        );
        bed
    }

    /// Connected to generation 2 on polling only.
    pub(super) fn old_polling() -> Bed {
        let mut bed = Bed::of(|options| {
            options.transports = vec![TransportName::Polling];
            options.eio = Eio::V3;
        });
        bed.play(
            r#"start
            > GET EIO=3 transport=polling !sid= !b64
            < get v3: OPEN3␞40
            > GET sid=E
            = nsp / connected sid=E"#,
        );
        bed
    }
}
