//! Noticing that an address moved: pure memory of who had which address, fed from [`super::Watch`].
//!
//! An IP address that moves to another MAC, or a MAC that appears on another port, may be a roaming phone, a new lease, or
//! somebody taking a visitor's place. This only notices; what follows is the plan's decision.

use std::collections::BTreeMap;
use std::net::IpAddr;

use gapura_model::MacAddr;

use super::links::LinkIndex;
use super::neigh::Neighbour;
use super::ports::FdbEntry;

/// At most this many addresses of each kind are remembered; beyond, new ones are not watched (and [`Moves::is_full`] says so).
pub const MAX_REMEMBERED: usize = 131_072;

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
    /// A hardware address is seen on another port of its bridge.
    Mac {
        /// The hardware address.
        mac: MacAddr,
        /// The port it was on.
        from: LinkIndex,
        /// The port it is on now.
        to: LinkIndex,
    },
}

/// Who had which address when last seen.
#[derive(Debug, Default)]
pub struct Moves {
    ips: BTreeMap<(LinkIndex, IpAddr), MacAddr>,
    macs: BTreeMap<(Option<LinkIndex>, MacAddr), LinkIndex>,
    full: bool,
}

impl Moves {
    /// Nobody seen yet.
    pub const fn new() -> Self {
        Self { ips: BTreeMap::new(), macs: BTreeMap::new(), full: false }
    }

    /// A neighbour was seen. A row without a believable hardware address says nothing.
    pub fn see_neighbour(&mut self, row: &Neighbour) -> Option<Moved> {
        let mac = row.mac.filter(|_| row.state.is_known())?;
        let key = (row.link, row.ip);
        if !self.ips.contains_key(&key) && self.ips.len() >= MAX_REMEMBERED {
            self.full = true;
            return None;
        }
        let from = self.ips.insert(key, mac).filter(|&from| from != mac)?;
        Some(Moved::Ip { link: row.link, ip: row.ip, from, to: mac })
    }

    /// A row of a bridge's forwarding table was seen.
    pub fn see_port(&mut self, row: &FdbEntry) -> Option<Moved> {
        if row.permanent {
            return None;
        }
        let key = (row.bridge, row.mac);
        if !self.macs.contains_key(&key) && self.macs.len() >= MAX_REMEMBERED {
            self.full = true;
            return None;
        }
        let from = self.macs.insert(key, row.port).filter(|&from| from != row.port)?;
        Some(Moved::Mac { mac: row.mac, from, to: row.port })
    }

    /// A lease ended: the address may go to another device without notice.
    pub fn release(&mut self, link: LinkIndex, ip: IpAddr) {
        self.ips.remove(&(link, ip));
    }

    /// A device is gone for good.
    pub fn forget(&mut self, mac: MacAddr) {
        self.ips.retain(|_, known| *known != mac);
        self.macs.retain(|(_, known), _| *known != mac);
    }

    /// Whether something could not be remembered since the last call.
    pub fn is_full(&mut self) -> bool {
        std::mem::take(&mut self.full)
    }
}

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

    #[test]
    fn a_mac_on_another_port_is_noticed_and_our_own_are_not() {
        let mut moves = Moves::new();
        let seen = |port, permanent| FdbEntry {
            bridge: Some(LinkIndex::new(9)),
            port: LinkIndex::new(port),
            mac: A,
            vlan: None,
            permanent,
        };
        assert_eq!(moves.see_port(&seen(4, false)), None);
        assert_eq!(moves.see_port(&seen(5, true)), None);
        assert_eq!(
            moves.see_port(&seen(5, false)),
            Some(Moved::Mac { mac: A, from: LinkIndex::new(4), to: LinkIndex::new(5) })
        );
        moves.forget(A);
        assert_eq!(moves.see_port(&seen(4, false)), None);
    }
}
