//! The TCP side (RFC 7766): pipelined queries, answers in the order they come, a bounded number of everything.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::desk::{Desk, Verdict};
use crate::flight::{Framed, ReplyTo};
use crate::query::Query;

/// Pause after the system refused to accept (out of descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts on `listener` until `stop`.
pub(crate) async fn serve(desk: Arc<Desk>, listener: TcpListener) {
    let stop = desk.tasks.stopping().clone();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let client = peer.ip().to_canonical();
                let Ok(place) = desk.connections.enter(client) else {
                    desk.counters.tcp_refused.one();
                    continue;
                };
                desk.counters.tcp_connections.one();
                let (task_desk, stop) = (Arc::clone(&desk), stop.clone());
                desk.tasks.spawn("dns connection", async move {
                    connection(task_desk, stream, client, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a DNS connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(desk: Arc<Desk>, stream: TcpStream, client: IpAddr, stop: CancellationToken) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let (reader, writer) = stream.into_split();
    let pipeline = usize::try_from(desk.limits.tcp_pipeline).unwrap_or(1);
    let (answers, queue) = mpsc::channel(pipeline);
    let patience = desk.patience.tcp_write;
    let reading = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = read(&desk, reader, client, answers) => {}
        }
    };
    // The writer ends when the last answer under way is written, or when the client does not take it.
    let writing = write(queue, writer, patience);
    let mut reading = pin!(reading);
    let mut writing = pin!(writing);
    tokio::select! {
        () = &mut reading => writing.await,
        () = &mut writing => {}
    }
}

async fn read(desk: &Arc<Desk>, mut reader: OwnedReadHalf, client: IpAddr, answers: mpsc::Sender<Framed>) {
    let pipeline = usize::try_from(desk.limits.tcp_pipeline).unwrap_or(1);
    let places = Arc::new(Semaphore::new(pipeline));
    let most = usize::from(desk.limits.query_octets);
    let mut buffer = Vec::with_capacity(512);
    let mut idle = pin!(sleep(desk.patience.tcp_idle));
    loop {
        let Some(length) = crate::message::word(&buffer, 0).map(usize::from) else {
            if !more(&mut reader, &mut buffer, idle.as_mut(), desk, &places).await {
                return;
            }
            continue;
        };
        if length > most {
            desk.counters.malformed.one();
            return;
        }
        if buffer.len() < 2 + length {
            if !more(&mut reader, &mut buffer, idle.as_mut(), desk, &places).await {
                return;
            }
            continue;
        }
        // A full pipeline stops the reading: the client's window fills, and it waits.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        desk.counters.tcp_queries.one();
        let message = buffer.get(2..2 + length).unwrap_or_default();
        let reply_to = ReplyTo::Tcp { writer: answers.clone(), place };
        if !answer(desk, message, client, reply_to) {
            return;
        }
        buffer.drain(..2 + length);
        idle.set(sleep(desk.patience.tcp_idle));
    }
}

/// Reads more; false where the connection is to end: closed, or idle with nothing under way.
async fn more(
    reader: &mut OwnedReadHalf,
    buffer: &mut Vec<u8>,
    mut idle: std::pin::Pin<&mut tokio::time::Sleep>,
    desk: &Desk,
    places: &Semaphore,
) -> bool {
    let pipeline = usize::try_from(desk.limits.tcp_pipeline).unwrap_or(1);
    loop {
        tokio::select! {
            read = reader.read_buf(buffer) => return read.is_ok_and(|octets| octets > 0),
            () = idle.as_mut() => {
                // A message begun and not finished in that time is no reason to wait.
                if !buffer.is_empty() || places.available_permits() == pipeline {
                    return false;
                }
                idle.set(sleep(desk.patience.tcp_idle));
            }
        }
    }
}

/// False where the message calls for closing the connection.
fn answer(desk: &Arc<Desk>, message: &[u8], client: IpAddr, reply_to: ReplyTo) -> bool {
    let (mut query, mut out) = (Query::blank(), Vec::new());
    match desk.judge(message, client, &desk.sit(), |_| usize::from(u16::MAX), &mut query, &mut out) {
        Verdict::Silence => return false,
        Verdict::Answered => reply_to.send(&out, &desk.counters),
        Verdict::Later(pending) => {
            if let Some(reply_to) = desk.take_over(pending, client, reply_to, &mut out) {
                reply_to.send(&out, &desk.counters);
            }
        }
    }
    true
}

async fn write(mut queue: mpsc::Receiver<Framed>, mut writer: OwnedWriteHalf, patience: Duration) {
    while let Some(framed) = queue.recv().await {
        let Ok(length) = u16::try_from(framed.message.len()) else { continue };
        // Length and message in one segment (RFC 7766 section 8).
        let mut octets = Vec::with_capacity(2 + framed.message.len());
        octets.extend_from_slice(&length.to_be_bytes());
        octets.extend_from_slice(&framed.message);
        if !matches!(timeout(patience, writer.write_all(&octets)).await, Ok(Ok(()))) {
            return;
        }
    }
}
