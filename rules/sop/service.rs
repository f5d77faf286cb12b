//! Services refused or let through: ports and protocols, toward any address or toward some.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::IpAddr;

use gapura_model::ListSet;

use super::layered::Verdict;
use super::policy::{Action, ClauseIndex, Decision};
use super::target::{Prefix, Service};

/// A clause about services, compiled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ServiceRule {
    pub(super) layer: usize,
    pub(super) mandatory: bool,
    pub(super) value: Action,
    pub(super) clause: ClauseIndex,
    pub(super) services: Vec<Service>,
    pub(super) toward: Toward,
    pub(super) spared: Vec<Spared>,
}

/// Addresses a clause about services is about; neither list nor prefix means any.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Toward {
    pub(super) lists: ListSet,
    pub(super) prefixes: Vec<Prefix>,
    pub(super) any: bool,
}

/// What an exception takes out: these services, toward these addresses.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spared {
    /// None means all of the clause.
    pub(super) services: Vec<Service>,
    pub(super) toward: Toward,
}

impl Toward {
    /// How specifically it is about an address that these lists hold; `None`: not at all. No address stands for one
    /// that no list and no range knows.
    fn reach(&self, address: Option<IpAddr>, held: ListSet) -> Option<u16> {
        let covering = self.prefixes.iter().filter(|prefix| address.is_some_and(|address| prefix.covers(address)));
        let prefix = covering.map(|prefix| u16::from(prefix.length()) + 2).max();
        let list = (!self.lists.and(held).is_empty()).then_some(1);
        prefix.or(list).or(self.any.then_some(0))
    }
}

/// All clauses about services that hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Services {
    rules: Vec<ServiceRule>,
}

impl Services {
    pub(super) fn new(mut rules: Vec<ServiceRule>) -> Self {
        rules.sort_by_key(|rule| (rule.layer, Reverse((rule.value, rule.mandatory)), rule.clause));
        Self { rules }
    }

    /// The ports at which an answer may change, by protocol; `None` for a protocol without ports.
    pub(super) fn pieces(&self) -> BTreeSet<(u8, Option<(u16, u16)>)> {
        let all = || {
            let own = self.rules.iter().flat_map(|rule| &rule.services);
            own.chain(self.rules.iter().flat_map(|rule| &rule.spared).flat_map(|spared| &spared.services))
        };
        let protocols: BTreeSet<u8> = all().map(|service| service.protocol).collect();
        let mut pieces = BTreeSet::new();
        for protocol in protocols {
            let ports = all().filter(|service| service.protocol == protocol).filter_map(|service| service.ports);
            let mut edges: BTreeSet<u32> = BTreeSet::new();
            for (first, last) in ports {
                edges.extend([u32::from(first), u32::from(last) + 1]);
            }
            if edges.is_empty() {
                pieces.insert((protocol, None));
            }
            let starts: Vec<u32> = edges.into_iter().collect();
            for pair in starts.windows(2) {
                if let [from, until] = pair
                    && let (Ok(first), Ok(last)) = (u16::try_from(*from), u16::try_from(until - 1))
                {
                    pieces.insert((protocol, Some((first, last))));
                }
            }
        }
        pieces
    }

    /// What happens to a port of a protocol toward an address.
    pub(super) fn ask(&self, protocol: u8, port: Option<u16>, address: Option<IpAddr>, held: ListSet) -> Decision {
        let mut standing: Option<(bool, Verdict<Action>)> = None;
        for layer in 0..5 {
            let mut best: Option<((u16, Reverse<u32>), &ServiceRule)> = None;
            for rule in self.rules.iter().filter(|rule| rule.layer == layer) {
                let Some(specific) = rule.specific(protocol, port, address, held) else { continue };
                // Rules stand the better first, so that an equal one later changes nothing.
                if best.is_none_or(|(so_far, _)| specific > so_far) {
                    best = Some((specific, rule));
                }
            }
            let Some((_, rule)) = best else { continue };
            let list = rule.toward.lists.and(held).iter().next();
            standing = Some((rule.mandatory, Verdict { value: rule.value, clause: rule.clause, list }));
            if rule.mandatory {
                break;
            }
        }
        standing.map(|(_, verdict)| verdict).into()
    }
}

impl ServiceRule {
    fn specific(
        &self,
        protocol: u8,
        port: Option<u16>,
        address: Option<IpAddr>,
        held: ListSet,
    ) -> Option<(u16, Reverse<u32>)> {
        let covering = self.services.iter().filter(|service| service.covers(protocol, port));
        let width = covering.map(Service::width).min()?;
        let reach = self.toward.reach(address, held)?;
        let spared = self.spared.iter().any(|spared| {
            let service =
                spared.services.is_empty() || spared.services.iter().any(|service| service.covers(protocol, port));
            service && spared.toward.reach(address, held).is_some()
        });
        (!spared).then_some((reach, Reverse(width)))
    }
}
