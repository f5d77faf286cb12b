//! Counts connections, all together and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Limits;

/// Lets connections in while there is room.
#[derive(Debug)]
pub(crate) struct Doorman {
    most: usize,
    most_per_peer: u32,
    inside: Mutex<Inside>,
    turned_away: AtomicU64,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_peer: HashMap<IpAddr, u32>,
}

/// A place that is given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    doorman: Arc<Doorman>,
    peer: IpAddr,
    /// Three quarters of all places are taken.
    pub(crate) crowded: bool,
}

impl Doorman {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.connections.max(1),
            most_per_peer: u32::try_from(limits.connections_per_peer.max(1)).unwrap_or(u32::MAX),
            inside: Mutex::default(),
            turned_away: AtomicU64::new(0),
        }
    }

    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let room = inside.all < self.most;
        let theirs = inside.by_peer.entry(peer).or_default();
        if !room || *theirs >= self.most_per_peer {
            if *theirs == 0 {
                inside.by_peer.remove(&peer);
            }
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *theirs += 1;
        inside.all += 1;
        let crowded = inside.all * 4 > self.most * 3;
        Some(Place { doorman: Arc::clone(self), peer, crowded })
    }

    pub(crate) fn inside(&self) -> usize {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.doorman.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all = inside.all.saturating_sub(1);
        if let Some(theirs) = inside.by_peer.get_mut(&self.peer) {
            *theirs = theirs.saturating_sub(1);
            if *theirs == 0 {
                inside.by_peer.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_all_and_for_each_and_come_back() {
        let limits = Limits { connections: 3, connections_per_peer: 2, ..Limits::default() };
        let doorman = Arc::new(Doorman::new(&limits));
        let (one, two): (IpAddr, IpAddr) = ("10.7.0.1".parse().unwrap(), "fd00::2".parse().unwrap());
        let first = doorman.admit(one).unwrap();
        let second = doorman.admit(one).unwrap();
        assert!(doorman.admit(one).is_none());
        let third = doorman.admit(two).unwrap();
        assert!(third.crowded && !first.crowded);
        assert!(doorman.admit(two).is_none());
        drop((first, second, third));
        assert_eq!((doorman.inside(), doorman.turned_away()), (0, 2));
        assert!(doorman.inside.lock().unwrap().by_peer.is_empty());
    }
}
