//! Both directions of an exchange at once.

use std::time::Instant;

use bytes::Bytes;
use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;

use super::Answer;
use super::Exchange;
use super::wait;
use crate::faults::End;
use crate::tap::body::Body;
use crate::tap::body::Copy;
use crate::tap::head;
use crate::tap::link::AHEAD;
use crate::tap::link::Link;
use crate::tap::link::Next;
use crate::tap::link::PATIENCE;
use crate::tap::relay::has_parcels;
use crate::tap::stopped;
use crate::tap::story::How;
use crate::tap::story::Who;

impl Link<'_> {
    pub(super) async fn pump(
        &mut self,
        mut exchange: Exchange,
        mut up: BytesMut,
        mut asking: Body,
    ) -> Next {
        let shared = self.shared;
        let mut down = BytesMut::new();
        let mut answer = Answer::Head;
        let mut client_end: Option<How> = None;
        let mut server_end: Option<How> = None;
        let mut give_up: Option<Instant> = None;
        let mut told_server = false;
        let mut stop = shared.stop.subscribe();
        let mut cut = exchange.cut.take();
        loop {
            if !asking.is_done() && up.len() < AHEAD && !self.client.buf.is_empty() {
                match asking.take(&self.client.buf, &mut exchange.copy) {
                    Ok(used) => up.extend_from_slice(&self.client.buf.split_to(used)),
                    Err(why) => {
                        self.record_request(&mut exchange).await;
                        self.failed(
                            &exchange,
                            None,
                            Bytes::new(),
                            format!("the request's body: {why}"),
                        )
                        .await;
                        return Next::Over;
                    }
                }
            }
            if asking.is_done() {
                // Before its last byte goes on: what the server says to it, perhaps on another
                // connection, comes after it in the records.
                self.record_request(&mut exchange).await;
                if up.is_empty() {
                    exchange.written.get_or_insert_with(Instant::now);
                }
            }
            if let Answer::Head = answer {
                let taken = match &mut self.server {
                    Some(server) => head::take_response(&mut server.buf),
                    None => Ok(None),
                };
                match taken {
                    Ok(None) => {}
                    Ok(Some(head)) if head.status < 200 && head.status != 101 => {
                        down.extend_from_slice(&head.bytes);
                        continue;
                    }
                    Ok(Some(head)) => {
                        exchange.written.get_or_insert_with(Instant::now);
                        self.record_request(&mut exchange).await;
                        if head.status == 101 {
                            return self.switch(exchange, head, down).await;
                        }
                        let body = match head.body(&exchange.method) {
                            Ok(body) => body,
                            Err(_) => Body::Close,
                        };
                        let held = match &exchange.session {
                            Some(session) if shared.faults.busy() || has_parcels(session) => {
                                Some(BytesMut::from(&head.bytes[..]))
                            }
                            _ => {
                                down.extend_from_slice(&head.bytes);
                                None
                            }
                        };
                        answer = Answer::Body {
                            head,
                            body,
                            copy: Copy::default(),
                            held,
                        };
                    }
                    Err(why) => {
                        // Not HTTP: whoever asked shall see what came, and so shall the record.
                        let said = self
                            .server
                            .as_mut()
                            .map(|server| server.buf.split().freeze())
                            .unwrap_or_default();
                        self.record_request(&mut exchange).await;
                        let error = format!(
                            "the server's answer is not HTTP ({why}): `{}`",
                            said.get(..64).unwrap_or(&said).escape_ascii()
                        );
                        self.failed(&exchange, None, said.clone(), error).await;
                        let _ = self.client.write.write_all(&said).await;
                        return Next::Over;
                    }
                }
            }
            if let Answer::Body {
                body, copy, held, ..
            } = &mut answer
                && let Some(server) = &mut self.server
            {
                if !server.buf.is_empty() {
                    match body.take(&server.buf, copy) {
                        Ok(used) => {
                            let part = server.buf.split_to(used);
                            held.as_mut().unwrap_or(&mut down).extend_from_slice(&part);
                        }
                        Err(why) => {
                            let error = format!("the answer's body can't be read: {why}");
                            return self.broke(&exchange, answer, down, error, &How::Fin).await;
                        }
                    }
                }
                if body.is_done() || (body.ends_with_connection() && server_end.is_some()) {
                    let Answer::Body {
                        head,
                        body,
                        copy,
                        held,
                    } = answer
                    else {
                        return Next::Over;
                    };
                    let keeps = head.keeps_alive()
                        && !body.ends_with_connection()
                        && client_end.is_none()
                        && asking.is_done();
                    return self.finish(exchange, head, copy, held, down, keeps).await;
                }
            }
            if let Some(how) = &server_end
                && client_end.is_none()
            {
                let how = how.clone();
                let error = format!("{} before its answer was whole", how.words(Who::Server));
                self.record_request(&mut exchange).await;
                return self.broke(&exchange, answer, down, error, &how).await;
            }
            if let Some(how) = &client_end
                && (*how != How::Fin
                    || server_end.is_some()
                    || give_up.is_some_and(|until| until <= Instant::now()))
            {
                let how = how.clone();
                self.record_request(&mut exchange).await;
                return self.left(&exchange, answer, how).await;
            }
            let Some(server) = &mut self.server else {
                return Next::Over;
            };
            if client_end.is_some() && up.is_empty() && !told_server {
                // The server learns that the client will say no more, and may still answer.
                told_server = true;
                let _ = server.write.shutdown().await;
            }
            self.client.buf.reserve(64 * 1024);
            server.buf.reserve(64 * 1024);
            tokio::select! {
                biased;
                () = stopped(&mut stop) => {
                    self.record_request(&mut exchange).await;
                    self.stopped(&exchange).await;
                    return Next::Over;
                }
                end = changed(&mut cut) => {
                    self.record_request(&mut exchange).await;
                    if let Some(session) = &exchange.session {
                        self.cut_by_fault(session, exchange.kind, &end).await;
                    }
                    return Link::cut(&end);
                }
                // What the client wrote at once goes on at once: some servers take the first part of
                // a body for the whole (python-engineio reads `Content-Length` bytes *at most*).
                read = self.client.read.read_buf(&mut self.client.buf),
                    if client_end.is_none() && self.client.buf.len() < AHEAD => match read {
                    Ok(1..) => {}
                    Ok(0) => {
                        client_end = Some(How::Fin);
                        give_up = Instant::now().checked_add(PATIENCE);
                    }
                    Err(error) => client_end = Some(how_of(&error)),
                },
                written = server.write.write_buf(&mut up), if !up.is_empty() => {
                    if !matches!(written, Ok(1..)) {
                        // It may have answered all the same.
                        up.clear();
                        asking = Body::None;
                    }
                }
                written = self.client.write.write_buf(&mut down), if !down.is_empty() => {
                    if !matches!(written, Ok(1..)) {
                        client_end = Some(How::Rst);
                    }
                }
                read = server.read.read_buf(&mut server.buf),
                    if server_end.is_none() && down.len() < AHEAD => match read {
                    Ok(1..) => {
                        exchange.first_byte.get_or_insert_with(Instant::now);
                    }
                    Ok(0) => server_end = Some(How::Fin),
                    Err(error) => server_end = Some(how_of(&error)),
                },
                () = wait(give_up), if give_up.is_some() => {}
            }
        }
    }
}

pub(super) fn how_of(error: &std::io::Error) -> How {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => How::Rst,
        Kind::UnexpectedEof => How::Fin,
        _ => How::Broken(error.to_string()),
    }
}

/// Waits until a fault ends the exchanges of the connection.
pub(super) async fn changed(cut: &mut Option<tokio::sync::watch::Receiver<Option<End>>>) -> End {
    let Some(cut) = cut else {
        return std::future::pending().await;
    };
    loop {
        if cut.changed().await.is_err() {
            return std::future::pending().await;
        }
        if let Some(end) = cut.borrow_and_update().clone() {
            return end;
        }
    }
}
