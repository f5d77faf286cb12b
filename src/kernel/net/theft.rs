//! Noticing that an address moved: pure memory of who had which address, fed from [`super::Watch`].
//!
//! An IP address that moves to another MAC, or a MAC that appears on two ports by turns, may be a new lease or somebody taking a
//! visitor's place. A MAC that moves once is a phone that roams. This only notices; what follows is the plan's decision.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use gapura_model::{MacAddr, Uptime};

use super::links::LinkIndex;
use super::neigh::Neighbour;
use super::ports::FdbEntry;

/// At most this many addresses of each kind are remembered; beyond, new ones are not watched (and [`Moves::is_full`] says so).
pub const MAX_REMEMBERED: usize = 131_072;

/// A device that is seen again on a port it left no longer ago than this did not roam: there are two.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// So many left ports of one device are remembered.
const LEFT_PORTS: usize = 8;

/// An address is somewhere else now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// An IP address answers from another hardware address.
    Ip {
        /// The link.
        link: LinkIndex,
        /// The IP address.
        ip: IpAddr,
        /// Who had it.
        from: MacAddr,
        /// Who has it now.
        to: MacAddr,
    },
    /// A hardware address is seen on another port of its bridge: one device that roams, unless it is heard on the old port too.
    Roamed {
        /// The hardware address.
        mac: MacAddr,
        /// The port it was on.
        from: LinkIndex,
        /// The port it is on now.
        to: LinkIndex,
    },
    /// A hardware address is seen again on a port that it left less than 10 s ago: two devices use it.
    Back {
        /// The hardware address.
        mac: MacAddr,
        /// The port it was on.
        from: LinkIndex,
        /// The port it is on again.
        to: LinkIndex,
    },
}

/// Who had which address when last seen.
#[derive(Debug, Default)]
pub struct Moves {
    ips: BTreeMap<(LinkIndex, IpAddr), MacAddr>,
    /// The same, by hardware address.
    ips_of: BTreeSet<(MacAddr, LinkIndex, IpAddr)>,
    seats: BTreeMap<(MacAddr, Option<LinkIndex>), Seat>,
    full: bool,
}

/// Where a hardware address is on one bridge.
#[derive(Debug)]
struct Seat {
    port: LinkIndex,
    /// Ports it left lately, and when.
    left: Vec<(LinkIndex, Uptime)>,
}

impl Moves {
    /// Nobody seen yet.
    pub const fn new() -> Self {
        Self { ips: BTreeMap::new(), ips_of: BTreeSet::new(), seats: BTreeMap::new(), full: false }
    }

    /// A neighbour was seen. A row without a believable hardware address says nothing.
    pub fn see_neighbour(&mut self, row: &Neighbour) -> Option<Moved> {
        let mac = row.mac.filter(|_| row.state.is_known())?;
        let key = (row.link, row.ip);
        if !self.ips.contains_key(&key) && self.ips.len() >= MAX_REMEMBERED {
            self.full = true;
            return None;
        }
        let from = self.ips.insert(key, mac);
        if from == Some(mac) {
            return None;
        }
        self.ips_of.insert((mac, row.link, row.ip));
        let from = from?;
        self.ips_of.remove(&(from, row.link, row.ip));
        Some(Moved::Ip { link: row.link, ip: row.ip, from, to: mac })
    }

    /// A row of a bridge's forwarding table was seen.
    pub fn see_port(&mut self, row: &FdbEntry, at: Uptime) -> Option<Moved> {
        if row.permanent {
            return None;
        }
        let key = (row.mac, row.bridge);
        let Some(seat) = self.seats.get_mut(&key) else {
            if self.seats.len() >= MAX_REMEMBERED {
                self.full = true;
            } else {
                self.seats.insert(key, Seat { port: row.port, left: Vec::new() });
            }
            return None;
        };
        (seat.port != row.port).then(|| {
            let from = std::mem::replace(&mut seat.port, row.port);
            if seat.came_back(from, at) {
                Moved::Back { mac: row.mac, from, to: row.port }
            } else {
                Moved::Roamed { mac: row.mac, from, to: row.port }
            }
        })
    }

    /// The IP addresses that `mac` has on `link`, as last seen.
    pub fn ips_of(&self, link: LinkIndex, mac: MacAddr) -> impl Iterator<Item = IpAddr> {
        self.ips_of.range((mac, link, LEAST)..=(mac, link, MOST)).map(|(_, _, ip)| *ip)
    }

    /// A lease ended: the address may go to another device without notice.
    pub fn release(&mut self, link: LinkIndex, ip: IpAddr) {
        if let Some(mac) = self.ips.remove(&(link, ip)) {
            self.ips_of.remove(&(mac, link, ip));
        }
    }

    /// A device is gone for good. Costs what is known of this device, however many others there are.
    pub fn forget(&mut self, mac: MacAddr) {
        let (first, last) = (LinkIndex::new(0), LinkIndex::new(u32::MAX));
        while let Some(&row) = self.ips_of.range((mac, first, LEAST)..=(mac, last, MOST)).next() {
            let (_, link, ip) = row;
            self.ips_of.remove(&row);
            self.ips.remove(&(link, ip));
        }
        while let Some((&seat, _)) = self.seats.range((mac, None)..=(mac, Some(last))).next() {
            self.seats.remove(&seat);
        }
    }

    /// Whether something could not be remembered since the last call.
    pub fn is_full(&mut self) -> bool {
        std::mem::take(&mut self.full)
    }
}

impl Seat {
    /// The device left `from` for the present port: had it left that one a moment ago?
    fn came_back(&mut self, from: LinkIndex, at: Uptime) -> bool {
        self.left.retain(|(_, left)| left.until(at) <= BACK_WITHIN);
        let known = self.left.len();
        self.left.retain(|(port, _)| *port != self.port);
        let back = self.left.len() < known;
        if self.left.len() >= LEFT_PORTS {
            self.left.remove(0);
        }
        self.left.push((from, at));
        back
    }
}

const LEAST: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const MOST: IpAddr = IpAddr::V6(Ipv6Addr::new(!0, !0, !0, !0, !0, !0, !0, !0));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NeighState;

    const A: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
    const B: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 2]);

    fn row(mac: Option<MacAddr>, state: NeighState) -> Neighbour {
        Neighbour { link: LinkIndex::new(3), ip: "10.0.0.2".parse().unwrap(), mac, state }
    }

    #[test]
    fn an_ip_that_moves_is_noticed_once() {
        let mut moves = Moves::new();
        assert_eq!(moves.see_neighbour(&row(Some(A), NeighState::Reachable)), None);
        assert_eq!(moves.see_neighbour(&row(None, NeighState::Failed)), None);
        assert_eq!(moves.see_neighbour(&row(Some(A), NeighState::Stale)), None);
        let moved = moves.see_neighbour(&row(Some(B), NeighState::Stale)).unwrap();
        assert!(matches!(moved, Moved::Ip { from: A, to: B, .. }));
        assert_eq!(moves.see_neighbour(&row(Some(B), NeighState::Reachable)), None);
        moves.release(LinkIndex::new(3), "10.0.0.2".parse().unwrap());
        assert_eq!(moves.see_neighbour(&row(Some(A), NeighState::Reachable)), None);
    }

    fn seen(port: u32, permanent: bool) -> FdbEntry {
        FdbEntry { bridge: Some(LinkIndex::new(9)), port: LinkIndex::new(port), mac: A, vlan: None, permanent }
    }

    fn after(seconds: u64) -> Uptime {
        Uptime::new(Duration::from_secs(seconds))
    }

    fn moved(from: u32, to: u32, back: bool) -> Moved {
        let (mac, from, to) = (A, LinkIndex::new(from), LinkIndex::new(to));
        if back { Moved::Back { mac, from, to } } else { Moved::Roamed { mac, from, to } }
    }

    #[test]
    fn a_mac_on_another_port_is_noticed_and_our_own_are_not() {
        let mut moves = Moves::new();
        assert_eq!(moves.see_port(&seen(4, false), after(1)), None);
        assert_eq!(moves.see_port(&seen(5, true), after(1)), None);
        assert_eq!(moves.see_port(&seen(5, false), after(1)), Some(moved(4, 5, false)));
        moves.forget(A);
        assert_eq!(moves.see_port(&seen(4, false), after(1)), None);
    }

    #[test]
    fn a_phone_that_walks_roams_and_two_devices_come_back() {
        let mut moves = Moves::new();
        assert_eq!(moves.see_port(&seen(4, false), after(0)), None);
        assert_eq!(moves.see_port(&seen(5, false), after(1)), Some(moved(4, 5, false)));
        assert_eq!(moves.see_port(&seen(4, false), after(12)), Some(moved(5, 4, false)), "walked back, 11 s later");
        assert_eq!(moves.see_port(&seen(5, false), after(22)), Some(moved(4, 5, true)), "10 s later");
        // Over a third port it is no secret either.
        assert_eq!(moves.see_port(&seen(6, false), after(40)), Some(moved(5, 6, false)));
        assert_eq!(moves.see_port(&seen(7, false), after(41)), Some(moved(6, 7, false)));
        assert_eq!(moves.see_port(&seen(5, false), after(42)), Some(moved(7, 5, true)));
        for port in 10..40 {
            assert_eq!(
                moves.see_port(&seen(port, false), after(43)),
                Some(moved(if port == 10 { 5 } else { port - 1 }, port, false))
            );
        }
        assert!(moves.seats.values().all(|seat| seat.left.len() <= LEFT_PORTS));
    }

    #[test]
    fn what_a_device_has_is_known_and_forgotten_among_a_hundred_thousand() {
        const MANY: u32 = 100_000;
        let device = |n: u32| {
            let [a, b, c, d] = n.to_be_bytes();
            MacAddr::new([2, 0, a, b, c, d])
        };
        let address = |n: u32| IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        let mut moves = Moves::new();
        for n in 0..MANY {
            let row = Neighbour { ip: address(n), ..row(Some(device(n)), NeighState::Reachable) };
            assert_eq!(moves.see_neighbour(&row), None);
            assert_eq!(moves.see_port(&FdbEntry { mac: device(n), ..seen(4, false) }, after(0)), None);
        }
        assert_eq!(moves.ips_of(LinkIndex::new(3), device(7)).collect::<Vec<_>>(), [address(7)]);
        assert_eq!(moves.ips_of(LinkIndex::new(2), device(7)).count(), 0);
        // Walking over all for each would take some 10^10 steps: minutes.
        for n in (0..MANY).filter(|n| *n != 7) {
            moves.forget(device(n));
        }
        assert_eq!((moves.ips.len(), moves.ips_of.len(), moves.seats.len()), (1, 1, 1));
        moves.release(LinkIndex::new(3), address(7));
        assert_eq!((moves.ips.len(), moves.ips_of.len()), (0, 0));
    }
}
