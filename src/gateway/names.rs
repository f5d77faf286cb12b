//! The gateway's side of the resolver: its own name, and the walled garden by name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gapura_dns::{Admission, Names, NotAdmitted, OwnAddresses};
use gapura_kernel::{GardenEntry, GardenHandle, Proto};
use gapura_model::{Name, Uptime};
use gapura_rules::sop::NameTarget;
use gapura_runtime::Clock;
use gapura_wire::{Garden, GardenTarget};
use tokio::sync::watch;

/// A visitor network and the gateway's addresses in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnNet {
    pub(crate) address: IpAddr,
    pub(crate) prefix: u8,
}

/// What the resolver has to know; replaced as a whole when a bundle or an address changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The portal's own name.
    pub(crate) portal: Option<Name>,
    /// The gateway's addresses, by visitor network.
    pub(crate) own: Vec<OwnNet>,
    /// Garden names, each with all below it, and their ports.
    pub(crate) garden: Vec<(Name, Vec<(Proto, u16)>)>,
    /// Names that SOPs open before login.
    pub(crate) opened: Vec<NameTarget>,
}

impl Known {
    /// Reads the garden's names out of a bundle; networks are the kernel's affair.
    pub(crate) fn set_garden(&mut self, garden: &[Garden]) {
        self.garden = garden
            .iter()
            .filter_map(|entry| match &entry.to {
                GardenTarget::Name(name) => Some((name.parse().ok()?, ports(entry))),
                GardenTarget::Net(..) => None,
            })
            .collect();
    }

    /// What the garden opens for a name: the ports of every entry that covers it.
    fn ports_of(&self, name: &Name) -> BTreeSet<(Proto, u16)> {
        let covering = self.garden.iter().filter(|(garden, _)| name.is_within(garden));
        let opened = self.opened.iter().any(|target| target.covers(name)).then_some(WEB).into_iter().flatten();
        covering.flat_map(|(_, ports)| ports.iter().copied()).chain(opened).collect()
    }

    fn is_garden(&self, name: &Name) -> bool {
        self.garden.iter().any(|(garden, _)| name.is_within(garden))
            || self.opened.iter().any(|target| target.covers(name))
    }

    /// Whether an address is on a visitor network: no name opens the gateway or a neighbour.
    fn is_own(&self, address: IpAddr) -> bool {
        self.own.iter().any(|net| net.holds(address))
    }
}

/// HTTP, HTTPS and HTTPS over QUIC.
pub(crate) const WEB: [(Proto, u16); 3] = [(Proto::Tcp, 80), (Proto::Tcp, 443), (Proto::Udp, 443)];

/// The ports of a garden entry: those stated, else HTTP, HTTPS and HTTPS over QUIC.
pub(crate) fn ports(entry: &Garden) -> Vec<(Proto, u16)> {
    if entry.ports.is_empty() {
        WEB.to_vec()
    } else {
        entry.ports.iter().flat_map(|port| [(Proto::Tcp, *port), (Proto::Udp, *port)]).collect()
    }
}

/// Answers the resolver's questions from memory.
pub(crate) struct GateNames {
    known: watch::Receiver<Arc<Known>>,
    kernel: GardenHandle,
    clock: Arc<dyn Clock>,
    admitted: Mutex<Admitted>,
}

/// An address, a protocol and a port.
type Destination = (IpAddr, Proto, u16);

/// What is open in the kernel.
#[derive(Default)]
struct Admitted {
    /// The kernel's; in another one all this is over.
    era: u64,
    /// Destinations let in, until when they need no renewal.
    until: BTreeMap<Destination, Uptime>,
}

/// A garden address lives at least this long in the kernel.
const LEAST_LIFE: u32 = 300;
/// And at most this long, whatever the TTL.
const LONGEST_LIFE: u32 = 86_400;
/// Destinations remembered, so that a cached answer costs the kernel nothing.
const REMEMBERED: usize = 8_192;

impl GateNames {
    pub(crate) fn new(known: watch::Receiver<Arc<Known>>, kernel: GardenHandle, clock: Arc<dyn Clock>) -> Self {
        Self { known, kernel, clock, admitted: Mutex::default() }
    }

    fn admit(&self, name: &Name, addresses: &[(IpAddr, u32)]) -> Result<(), NotAdmitted> {
        // Once more where the garden was cleared meanwhile; a third time nobody waits for.
        if self.try_admit(name, addresses)? || self.try_admit(name, addresses)? {
            return Ok(());
        }
        Err(NotAdmitted("the walled garden changes faster than it is filled".to_owned()))
    }

    /// `false`: what was judged is over, nothing was opened.
    fn try_admit(&self, name: &Name, addresses: &[(IpAddr, u32)]) -> Result<bool, NotAdmitted> {
        let era = self.kernel.era();
        let known = self.known.borrow().clone();
        let ports = known.ports_of(name);
        let now = self.clock.now().up;
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        if admitted.era != era {
            *admitted = Admitted { era, until: BTreeMap::new() };
        }
        let entries: Vec<GardenEntry> = addresses
            .iter()
            .flat_map(|(address, ttl)| {
                let lives = Duration::from_secs((*ttl).clamp(LEAST_LIFE, LONGEST_LIFE).into());
                ports.iter().map(move |(proto, port)| GardenEntry {
                    address: *address,
                    proto: *proto,
                    port: *port,
                    lives,
                })
            })
            .filter(|entry| admitted.until.get(&key(entry)).is_none_or(|until| *until <= now))
            .filter(|entry| self.kernel.may_open(entry.address) && !known.is_own(entry.address))
            .collect();
        if entries.is_empty() {
            return Ok(true);
        }
        let opened =
            self.kernel.garden_in(era, &entries).map_err(|error| NotAdmitted(gapura_model::with_causes(&error)))?;
        if opened {
            if admitted.until.len() + entries.len() > REMEMBERED {
                admitted.until.clear();
            }
            // Renewed at half its life, so that it never lapses while it is asked for.
            admitted.until.extend(entries.iter().map(|entry| (key(entry), now.after(entry.lives / 2))));
        }
        Ok(opened)
    }
}

fn key(entry: &GardenEntry) -> Destination {
    (entry.address, entry.proto, entry.port)
}

impl Names for GateNames {
    fn own(&self, name: &Name, client: IpAddr) -> Option<OwnAddresses> {
        let known = self.known.borrow().clone();
        if known.portal.as_ref() != Some(name) {
            return None;
        }
        // The addresses of the client's own network first; a client that came over the other family gets all of them.
        let near: Vec<IpAddr> = known.own.iter().filter(|net| net.holds(client)).map(|net| net.address).collect();
        let all = known.own.iter().map(|net| net.address);
        let mut own = OwnAddresses::default();
        for address in near.into_iter().chain(all) {
            match address {
                IpAddr::V4(v4) if own.v4.is_empty() => own.v4.push(v4),
                IpAddr::V6(v6) if own.v6.is_empty() => own.v6.push(v6),
                IpAddr::V4(_) | IpAddr::V6(_) => {}
            }
        }
        Some(own)
    }

    fn is_garden(&self, name: &Name) -> bool {
        self.known.borrow().is_garden(name)
    }

    fn admit_garden(&self, name: &Name, addresses: &[(IpAddr, u32)]) -> Admission {
        Box::pin(std::future::ready(self.admit(name, addresses)))
    }
}

impl OwnNet {
    fn holds(&self, client: IpAddr) -> bool {
        gapura_kernel::net::Subnet::around(self.address, self.prefix).is_some_and(|subnet| subnet.contains(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let entry =
            |to: &str, ports: &[u16]| Garden { to: to.parse().unwrap(), ports: ports.iter().copied().collect() };
        let own = vec![OwnNet { address: "2001:db8:1000::1".parse().unwrap(), prefix: 64 }];
        let mut known = Known { own, ..Known::default() };
        known.set_garden(&[
            entry("dinas.example", &[]),
            entry("peta.dinas.example", &[8443]),
            entry("192.0.2.0/24", &[]),
        ]);
        known
    }

    #[test]
    fn a_name_has_the_ports_of_every_entry_that_covers_it() {
        let ports = |name: &str| known().ports_of(&name.parse().unwrap()).into_iter().collect::<Vec<_>>();
        let web = [(Proto::Tcp, 80), (Proto::Tcp, 443), (Proto::Udp, 443)];
        assert_eq!(ports("dinas.example"), web);
        assert_eq!(ports("www.dinas.example"), web, "and all below it");
        let more = [(Proto::Tcp, 80), (Proto::Tcp, 443), (Proto::Tcp, 8443), (Proto::Udp, 443), (Proto::Udp, 8443)];
        assert_eq!(ports("a.peta.dinas.example"), more);
        assert_eq!((ports("bukandinas.example"), ports("example")), (Vec::new(), Vec::new()));
    }

    #[test]
    fn addresses_of_visitor_networks_are_known_in_public_ranges_too() {
        let known = known();
        assert!(known.is_own("2001:db8:1000::7".parse().unwrap()));
        assert!(!known.is_own("2001:db8:1000:1::7".parse().unwrap()));
    }
}
