//! The UDP side: a thread for each socket, datagrams in batches, answers from memory without a task or an allocation.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::desk::{Desk, Sitting, Verdict};
use crate::flight::{ReplyTo, udp_limit};
use crate::mmsg::{self, BATCH, Datagram, Inbox, Outgoing};
use crate::query::Query;

/// Receive buffer asked of the kernel for each socket, octets: a burst of a site's devices waking up at once.
const RECEIVE_BUFFER: usize = 1 << 20;
/// How long a quiet thread waits before it looks whether it is to stop.
const LOOK_UP: Duration = Duration::from_millis(250);
/// Errors in a row after which a socket is given up.
const MOST_ERRORS: u32 = 100;

/// Prepares a bound socket for [`serve`].
pub(crate) fn prepare(socket: &UdpSocket) -> io::Result<()> {
    if let Err(error) = SockRef::from(socket).set_recv_buffer_size(RECEIVE_BUFFER) {
        tracing::debug!(%error, "the receive buffer stays at its default");
    }
    let local = socket.local_addr()?;
    // Else the kernel would choose the answer's address.
    if local.ip().is_unspecified() {
        mmsg::tell_destination(socket, local.is_ipv6())?;
    }
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(LOOK_UP))
}

/// Serves `socket` until `stop`, on a thread of its own: what takes time goes to tasks of `runtime`.
pub(crate) fn serve(desk: &Arc<Desk>, socket: &Arc<UdpSocket>, runtime: &Handle, stop: &CancellationToken) {
    let _inside = runtime.enter();
    let mut inbox = Inbox::new();
    let mut answers: [Outgoing; BATCH] = std::array::from_fn(|_| Outgoing::default());
    let mut query = Query::blank();
    let mut errors = 0;
    while !stop.is_cancelled() {
        let taken = match inbox.receive(socket) {
            Ok(taken) => taken,
            Err(error) if is_quiet(error.kind()) => continue,
            Err(error) => {
                errors += 1;
                if errors >= MOST_ERRORS {
                    tracing::error!(%error, "a DNS socket can no longer be read");
                    return;
                }
                tracing::trace!(%error, "reading a DNS socket");
                continue;
            }
        };
        errors = 0;
        // After the batch was taken: none of it is older than the rules it is judged by.
        let sitting = desk.sit();
        desk.counters.udp_queries.add(taken);
        for (datagram, answer) in inbox.datagrams().zip(&mut answers) {
            match datagram {
                Some(datagram) => one(desk, socket, &datagram, &sitting, &mut query, answer),
                None => desk.counters.malformed.one(),
            }
        }
        desk.counters.unsent.add(mmsg::send(socket, &mut answers));
        for answer in &mut answers {
            answer.to = None;
        }
    }
}

/// Whether there was nothing to read, rather than something wrong.
fn is_quiet(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

fn one(
    desk: &Arc<Desk>,
    socket: &Arc<UdpSocket>,
    datagram: &Datagram<'_>,
    sitting: &Sitting,
    query: &mut Query,
    answer: &mut Outgoing,
) {
    let Datagram { octets, peer, source } = *datagram;
    // Nobody can be answered at port 0.
    if peer.port() == 0 {
        return;
    }
    let client = peer.ip().to_canonical();
    match desk.judge(octets, client, sitting, |query| udp_limit(query, &desk.limits), query, &mut answer.octets) {
        Verdict::Silence => {}
        Verdict::Answered => answer.to = Some((peer, source)),
        Verdict::Later(pending) => {
            let reply_to = ReplyTo::Udp { socket: Arc::clone(socket), peer, source };
            if desk.take_over(pending, client, reply_to, &mut answer.octets).is_some() {
                answer.to = Some((peer, source));
            }
        }
    }
}
