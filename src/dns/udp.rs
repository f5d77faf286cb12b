//! The UDP side: one loop a socket, datagrams in batches, answers from memory without a task.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;

use crate::desk::{Desk, Verdict};
use crate::flight::{ReplyTo, send_udp, udp_limit};

/// Datagrams handled before other tasks get a turn.
const BATCH: usize = 32;

/// Serves `socket` until `stop`.
pub(crate) async fn serve(desk: Arc<Desk>, socket: Arc<UdpSocket>) {
    let stop = desk.tasks.stopping().clone();
    let mut buffer = vec![0; usize::from(desk.limits.query_octets)];
    let mut out = Vec::with_capacity(usize::from(desk.limits.udp_octets));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            ready = socket.readable() => if let Err(error) = ready {
                tracing::error!(%error, "a DNS socket can no longer be read");
                return;
            },
        }
        for _ in 0..BATCH {
            match socket.try_recv_from(&mut buffer) {
                Ok((length, peer)) => {
                    let message = buffer.get(..length).unwrap_or_default();
                    datagram(&desk, &socket, message, peer, &mut out);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // An ICMP error for an earlier answer: the client is gone.
                Err(error) => tracing::trace!(%error, "reading a DNS socket"),
            }
        }
        tokio::task::yield_now().await;
    }
}

fn datagram(desk: &Arc<Desk>, socket: &Arc<UdpSocket>, message: &[u8], peer: SocketAddr, out: &mut Vec<u8>) {
    desk.counters.udp_queries.one();
    // Nobody can be answered at port 0.
    if peer.port() == 0 {
        return;
    }
    let client = peer.ip().to_canonical();
    match desk.judge(message, client, (desk.clock)(), |query| udp_limit(query, &desk.limits), out) {
        Verdict::Silence => {}
        Verdict::Answered => send_udp(socket, peer, out, &desk.counters),
        Verdict::Later(pending) => {
            let reply_to = ReplyTo::Udp { socket: Arc::clone(socket), peer };
            if let Some(reply_to) = desk.take_over(pending, client, reply_to, message, out) {
                reply_to.send(out, &desk.counters);
            }
        }
    }
}
