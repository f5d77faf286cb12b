//! How many queries wait for an answer, in all and for each client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Limits;

/// The count of waiting queries.
#[derive(Debug)]
pub(crate) struct Waiting {
    most: u32,
    most_per_client: u32,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    all: u32,
    clients: HashMap<IpAddr, u32>,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    All,
    Client,
}

impl Waiting {
    pub(crate) fn for_queries(limits: &Limits) -> Arc<Self> {
        Self::new(limits.in_flight, limits.client_in_flight)
    }

    pub(crate) fn for_connections(limits: &Limits) -> Arc<Self> {
        Self::new(limits.tcp_connections, limits.tcp_connections_per_client)
    }

    fn new(most: u32, most_per_client: u32) -> Arc<Self> {
        Arc::new(Self { most, most_per_client, now: Mutex::default() })
    }

    /// A place for one more of `client`; given back when the ticket is dropped.
    pub(crate) fn enter(self: &Arc<Self>, client: IpAddr) -> Result<Ticket, Full> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.all >= self.most {
            return Err(Full::All);
        }
        let of_client = now.clients.entry(client).or_default();
        if *of_client >= self.most_per_client {
            return Err(Full::Client);
        }
        *of_client += 1;
        now.all += 1;
        drop(now);
        Ok(Ticket { waiting: Arc::clone(self), client })
    }

    fn leave(&self, client: IpAddr) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.all = now.all.saturating_sub(1);
        if let Some(of_client) = now.clients.get_mut(&client) {
            *of_client -= 1;
            if *of_client == 0 {
                now.clients.remove(&client);
            }
        }
    }
}

/// A place taken.
#[derive(Debug)]
pub(crate) struct Ticket {
    waiting: Arc<Waiting>,
    client: IpAddr,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.waiting.leave(self.client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back() {
        let waiting = Waiting::new(3, 2);
        let (one, other) = ("10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap());
        let held = [waiting.enter(one).unwrap(), waiting.enter(one).unwrap()];
        assert_eq!(waiting.enter(one).unwrap_err(), Full::Client);
        let third = waiting.enter(other).unwrap();
        assert_eq!(waiting.enter(other).unwrap_err(), Full::All);
        drop((held, third));
        assert!(waiting.now.lock().unwrap().clients.is_empty());
        assert_eq!(waiting.now.lock().unwrap().all, 0);
    }
}
