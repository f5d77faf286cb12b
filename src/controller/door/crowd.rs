//! How many connections one client may hold: whoever opens many is left standing before others are.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// An address may hold so many while the places run short: a browser opens six.
const FEW: usize = 8;

/// Connections by the address they came from.
#[derive(Debug)]
pub struct Crowd {
    /// At most so many for one address.
    each: usize,
    /// Places there are.
    places: usize,
    held: Mutex<BTreeMap<IpAddr, usize>>,
}

/// One connection of an address, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    crowd: Arc<Crowd>,
    who: IpAddr,
}

impl Crowd {
    /// Of `places`, at most `each` for one address, and only a few when less than a quarter of them is left.
    #[must_use]
    pub fn new(places: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { each, places, held: Mutex::default() })
    }

    /// Lets a connection in while `free` places are left besides its own; `None` where its address holds enough.
    pub(super) fn let_in(self: &Arc<Self>, from: IpAddr, free: usize) -> Option<Held> {
        let who = client(from);
        let short = free < self.places / 4 && self.each < self.places;
        let most = if short { self.each.min(FEW) } else { self.each };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(who).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(held);
        Some(Held { crowd: self.clone(), who })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.crowd.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.who) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.who);
            }
        }
    }
}

/// Who an address stands for: an IPv6 host has a whole /64 to choose from (RFC 4291 section 2.5.4).
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_its_part_and_others_theirs() {
        let crowd = Crowd::new(64, 16);
        let mut held: Vec<_> = (0..16).map(|_| crowd.let_in(ip("192.0.2.1"), 60).unwrap()).collect();
        assert!(crowd.let_in(ip("192.0.2.1"), 60).is_none());
        // The same host as an IPv6 socket writes it.
        assert!(crowd.let_in(ip("::ffff:192.0.2.1"), 60).is_none());
        assert!(crowd.let_in(ip("192.0.2.2"), 60).is_some());
        held.pop();
        assert!(crowd.let_in(ip("192.0.2.1"), 60).is_some());
        drop(held);
        assert!(crowd.held.lock().unwrap().is_empty(), "nobody is remembered");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let crowd = Crowd::new(64, 2);
        let _held = (crowd.let_in(ip("2001:db8::1"), 60).unwrap(), crowd.let_in(ip("2001:db8::ffff:2"), 60).unwrap());
        assert!(crowd.let_in(ip("2001:db8:0:0:9::3"), 60).is_none());
        assert!(crowd.let_in(ip("2001:db8:0:1::1"), 60).is_some());
    }

    #[test]
    fn the_last_quarter_is_for_those_who_hold_few() {
        let crowd = Crowd::new(64, 16);
        let _held: Vec<_> = (0..FEW).map(|_| crowd.let_in(ip("192.0.2.1"), 60).unwrap()).collect();
        assert!(crowd.let_in(ip("192.0.2.1"), 15).is_none());
        assert!(crowd.let_in(ip("192.0.2.2"), 15).is_some());
        // One address for everybody (a proxy): all places are its.
        let all = Crowd::new(64, 64);
        let held: Vec<_> = (0..64).map(|taken| all.let_in(ip("192.0.2.1"), 63 - taken)).collect();
        assert!(held.iter().all(Option::is_some));
    }
}
