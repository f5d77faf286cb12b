//! Questions under way: one for all who ask the same, and the ways back to each of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::config::{Limits, PLAIN_UDP};
use crate::counters::Counters;
use crate::query::{Key, Query};
use crate::waiting::Ticket;

/// The way back to a client.
pub(crate) enum ReplyTo {
    /// By the socket the query came in on, so that the answer has the address that was asked.
    Udp { socket: Arc<UdpSocket>, peer: SocketAddr },
    /// By the connection's writer; the permit is the query's place in its pipeline.
    Tcp { writer: mpsc::Sender<Framed>, place: OwnedSemaphorePermit },
}

/// An answer for a TCP connection, with the place in the pipeline it frees once written.
pub(crate) struct Framed {
    pub(crate) message: Vec<u8>,
    pub(crate) _place: OwnedSemaphorePermit,
}

impl ReplyTo {
    /// Most octets the answer to `query` may have.
    pub(crate) fn limit(&self, query: &Query, limits: &Limits) -> usize {
        match self {
            Self::Udp { .. } => udp_limit(query, limits),
            Self::Tcp { .. } => usize::from(u16::MAX),
        }
    }

    /// Sends without waiting: a full socket loses the datagram, as UDP may; a pipeline always has room for its own.
    pub(crate) fn send(self, message: &[u8], counters: &Counters) {
        match self {
            Self::Udp { socket, peer } => send_udp(&socket, peer, message, counters),
            Self::Tcp { writer, place } => {
                if writer.try_send(Framed { message: message.to_vec(), _place: place }).is_err() {
                    counters.unsent.one();
                }
            }
        }
    }
}

/// Most octets of a UDP answer: what the client offers, within ours.
pub(crate) fn udp_limit(query: &Query, limits: &Limits) -> usize {
    usize::from(query.edns.map_or(PLAIN_UDP, |edns| edns.size.min(limits.udp_octets)))
}

/// Sends a datagram if the socket takes it now.
pub(crate) fn send_udp(socket: &UdpSocket, peer: SocketAddr, message: &[u8], counters: &Counters) {
    if let Err(error) = socket.try_send_to(message, peer) {
        counters.unsent.one();
        tracing::trace!(%error, "a datagram was not sent");
    }
}

/// A query that waits for an answer.
pub(crate) struct Waiter {
    pub(crate) query: Box<Query>,
    pub(crate) reply_to: ReplyTo,
    pub(crate) _ticket: Ticket,
}

/// Questions under way by key.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<Box<[u8]>, Vec<Waiter>>>);

impl Flights {
    /// Joins a question under way; gives the waiter back where there is none.
    pub(crate) fn join(&self, key: &Key, waiter: Waiter) -> Result<(), Waiter> {
        match self.lock().get_mut(key.octets()) {
            Some(waiters) => {
                waiters.push(waiter);
                Ok(())
            }
            None => Err(waiter),
        }
    }

    /// Opens a question, or joins one that was opened meanwhile (then `None`).
    pub(crate) fn open(self: &Arc<Self>, key: &Key, waiter: Waiter) -> Option<Flight> {
        match self.lock().entry(key.octets().into()) {
            Entry::Occupied(mut under_way) => {
                under_way.get_mut().push(waiter);
                None
            }
            Entry::Vacant(place) => {
                place.insert(vec![waiter]);
                Some(Flight { flights: Arc::clone(self), key: *key })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, Vec<Waiter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way; however it ends, it is taken off the list.
pub(crate) struct Flight {
    flights: Arc<Flights>,
    key: Key,
}

impl Flight {
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Closes the question and returns all who waited for it.
    pub(crate) fn land(&self) -> Vec<Waiter> {
        self.flights.lock().remove(self.key.octets()).unwrap_or_default()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        drop(self.land());
    }
}
