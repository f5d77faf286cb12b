//! DNS over TLS (RFC 7858): many questions on one connection, answers in whatever order they come (RFC 7766 section 6.2.1.1).

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::line::{PIPELINE, Pulse};
use super::miss::Miss;
use super::question::{Fit, Question, framed};
use crate::counters::Counters;
use crate::message::{at, put_word, word};

/// Messages nobody asked for, after which the connection is given up.
const MOST_WRONG: u32 = 16;
/// Octets asked of the system at once.
const CHUNK: usize = 4096;
/// How long the end of a connection is announced to the server.
const FAREWELL: Duration = Duration::from_millis(200);

/// A connection as those who ask over it hold it.
#[derive(Clone)]
pub(crate) struct Framed {
    outgoing: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    pulse: Pulse,
    owed: Mutex<Owed>,
}

/// Questions without an answer, by the id they have on this connection.
#[derive(Default)]
struct Owed {
    next: u16,
    entries: HashMap<u16, Entry>,
}

struct Entry {
    /// The id the asker gave.
    id: u16,
    answer: oneshot::Sender<Vec<u8>>,
}

/// Times of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Owing answers and giving none for this long ends it.
    pub(crate) stall: Duration,
    /// So does not being used.
    pub(crate) idle: Duration,
}

impl Framed {
    /// A connection over `stream`, and the work that keeps it going until it ends; to be run as a task.
    pub(crate) fn new<S: AsyncRead + AsyncWrite + Send + 'static>(
        stream: S,
        times: Times,
        counters: Arc<Counters>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (outgoing, queue) = mpsc::channel(usize::try_from(PIPELINE).unwrap_or(1));
        let shared = Arc::<Shared>::default();
        let work = serve(stream, queue, Arc::clone(&shared), times, counters, stop);
        (Self { outgoing, shared }, work)
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.shared.pulse
    }

    pub(crate) async fn ask(&self, question: &Question) -> Result<Vec<u8>, Miss> {
        let (answer, answered) = oneshot::channel();
        let id = self.shared.enter(question.id(), answer)?;
        self.outgoing.try_send(framed(&question.padded(id))).map_err(|refused| match refused {
            TrySendError::Full(_) => Miss::Busy,
            TrySendError::Closed(_) => {
                // Its work has ended and is about to say so; whoever asks again must not find it open.
                self.shared.close();
                Miss::Closed
            }
        })?;
        let response = answered.await.map_err(|_| Miss::Closed)?;
        match question.fit(&response) {
            Fit::Whole | Fit::Caseless => Ok(response),
            Fit::BareError | Fit::None => Err(Miss::Mismatch),
        }
    }
}

impl Shared {
    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among those who wait; the id to ask with.
    fn enter(&self, id: u16, answer: oneshot::Sender<Vec<u8>>) -> Result<u16, Miss> {
        let mut owed = self.owed();
        if self.pulse.is_closed() {
            return Err(Miss::Closed);
        }
        let most = usize::try_from(PIPELINE).unwrap_or(1);
        if owed.entries.len() >= most {
            // Whoever asked gave up waiting; should the answer come after all, nobody is found for it.
            let before = owed.entries.len();
            owed.entries.retain(|_, entry| !entry.answer.is_closed());
            (owed.entries.len()..before).for_each(|_| self.pulse.owes_less());
        }
        if owed.entries.len() >= most {
            return Err(Miss::Busy);
        }
        while owed.entries.contains_key(&owed.next) {
            owed.next = owed.next.wrapping_add(1);
        }
        let ours = owed.next;
        owed.next = owed.next.wrapping_add(1);
        owed.entries.insert(ours, Entry { id, answer });
        self.pulse.asks();
        Ok(ours)
    }

    /// Hands a message to who asked; false where nobody did.
    fn deliver(&self, mut message: Vec<u8>) -> bool {
        let entry = word(&message, at::ID).and_then(|id| self.owed().entries.remove(&id));
        let Some(entry) = entry else { return false };
        self.pulse.owes_less();
        self.pulse.hears();
        put_word(&mut message, at::ID, entry.id);
        // Who gave up waiting does not take it.
        let _ = entry.answer.send(message);
        true
    }

    fn nobody_waits(&self) -> bool {
        self.owed().entries.values().all(|entry| entry.answer.is_closed())
    }

    /// Nobody can ask from now on, and all who wait are told.
    fn close(&self) {
        let mut owed = self.owed();
        self.pulse.close();
        owed.entries.clear();
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Send>(
    stream: S,
    queue: mpsc::Receiver<Vec<u8>>,
    shared: Arc<Shared>,
    times: Times,
    counters: Arc<Counters>,
    stop: CancellationToken,
) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let settled = || shared.pulse.settles(|| shared.nobody_waits());
    tokio::select! {
        ended = read(&mut reader, &shared, &counters) => if let Err(error) = ended {
            tracing::debug!(%error, "a connection to an upstream ended");
        },
        () = async {
            // Ends well when no one can ask any more; their answers may still be under way.
            match write(queue, &mut writer, times.stall).await {
                Ok(()) => settled().await,
                Err(error) => tracing::debug!(%error, "a connection to an upstream takes nothing more"),
            }
        } => {}
        () = shared.pulse.fades(times.stall, times.idle) => {}
        () = async {
            stop.cancelled().await;
            settled().await;
        } => {}
    }
    shared.close();
    // The server learns that this is the end and no attack (RFC 8446 section 6.1); it does not matter if it does not listen.
    let _ = timeout(FAREWELL, writer.shutdown()).await;
}

async fn read(reader: &mut (impl AsyncRead + Unpin), shared: &Shared, counters: &Counters) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut wrong = 0;
    loop {
        while let Some(message) = next_message(&mut buffer) {
            if !shared.deliver(message) {
                counters.mismatched.one();
                wrong += 1;
                if wrong >= MOST_WRONG {
                    return Err(io::Error::other("it sends what nobody asked for"));
                }
            }
        }
        // Never more than one message and one chunk.
        buffer.reserve(CHUNK);
        let mut chunk = (&mut *reader).take(u64::try_from(CHUNK).unwrap_or(1));
        if chunk.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

/// Takes the first message out of the buffer, if it is there whole.
fn next_message(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = 2 + usize::from(word(buffer, 0)?);
    let message = buffer.get(2..end)?.to_vec();
    buffer.drain(..end);
    Some(message)
}

async fn write(
    mut queue: mpsc::Receiver<Vec<u8>>,
    writer: &mut (impl AsyncWrite + Unpin),
    stall: Duration,
) -> io::Result<()> {
    let mut batch = Vec::new();
    loop {
        // What is asked at once leaves at once: one record, one packet.
        if queue.recv_many(&mut batch, usize::try_from(PIPELINE).unwrap_or(1)).await == 0 {
            return Ok(());
        }
        let octets = batch.concat();
        batch.clear();
        let written = timeout(stall, async {
            writer.write_all(&octets).await?;
            writer.flush().await
        });
        written.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    }
}
