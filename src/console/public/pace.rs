//! How often one address may ask: far more than a person does, far less than would be felt.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Requests of one address in a minute; whole offices come from one.
const MOST: u32 = 600;
/// Addresses that are told apart; further ones share one count.
const ADDRESSES: usize = 4096;
const MINUTE: Duration = Duration::from_mins(1);

/// The count of this process.
pub(super) static PACE: Pace = Pace(Mutex::new(None));

/// Counts by address since a minute began.
pub(super) struct Pace(Mutex<Option<(Instant, BTreeMap<IpAddr, u32>)>>);

impl Pace {
    /// One more request; how long to wait, where they are too many.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, counts) = match counts.take() {
            Some((since, counts_of)) if now.duration_since(since) < MINUTE => counts.insert((since, counts_of)),
            _ => counts.insert((now, BTreeMap::new())),
        };
        let mut key = network(address);
        if counts.len() >= ADDRESSES && !counts.contains_key(&key) {
            key = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        }
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(1);
        (*count > MOST).then(|| MINUTE.saturating_sub(now.duration_since(*since)))
    }
}

/// Of IPv6 one /64 is one: whoever has one has all of it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_too_often_waits_for_the_next_minute_and_nobody_else_does() {
        let (pace, now) = (Pace(Mutex::new(None)), Instant::now());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (one, same, other) = (address("2001:db8::1"), address("2001:db8::2:0:0:1"), address("192.0.2.1"));
        assert!((0..MOST).all(|_| pace.wait(one, now).is_none()));
        let half = MINUTE / 2;
        assert_eq!(pace.wait(same, now + half), Some(half));
        assert_eq!(pace.wait(other, now + half), None);
        assert_eq!(pace.wait(one, now + MINUTE), None);
        // However many addresses there are, no more are kept.
        for number in 0..20_000_u32 {
            pace.wait(IpAddr::V4(number.into()), now + MINUTE);
        }
        assert!(pace.0.lock().unwrap().as_ref().unwrap().1.len() <= ADDRESSES + 1);
    }
}
