//! The filter's verdict on a whole answer: its name, the names it leads to, the addresses at the end.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;

use gapura_model::Name;

use crate::filter::{Filter, Judge, Judgement};
use crate::leads::{Lead, leads};

/// Names by which browsers and phones ask whether the network filters names.
const CANARIES: [&[u8]; 4] = [
    b"\x13use-application-dns\x03net\0",
    b"\x04mask\x06icloud\x03com\0",
    b"\x07mask-h2\x06icloud\x03com\0",
    b"\x0bmask-canary\x06icloud\x03com\0",
];

/// The rules as they were when a batch of queries was taken.
pub(crate) enum Rules {
    /// There is no filter.
    Plain,
    /// There is a filter, but nothing in force yet.
    NotReady,
    /// These.
    InForce(Arc<dyn Judge>),
}

impl Rules {
    pub(crate) fn now(filter: Option<&Arc<dyn Filter>>) -> Self {
        match filter.map(|filter| filter.in_force()) {
            None => Self::Plain,
            Some(None) => Self::NotReady,
            Some(Some(judge)) => Self::InForce(judge),
        }
    }

    /// What holds for one client; `None` without rules.
    pub(crate) fn of(&self, client: IpAddr) -> Option<Ruling<'_>> {
        match self {
            Self::Plain | Self::NotReady => None,
            Self::InForce(judge) => {
                Some(Ruling { policy: judge.policy_of(client), epoch: judge.epoch(), judge: &**judge })
            }
        }
    }

    /// Whether those who are not logged in may have this answer of a garden name.
    pub(crate) fn opens_garden(&self, name: &Name, qtype: u16, message: &[u8]) -> bool {
        match self {
            Self::Plain => true,
            Self::NotReady => false,
            Self::InForce(judge) => {
                let ruling = Ruling { policy: judge.strangers(), epoch: judge.epoch(), judge: &**judge };
                ruling.answer(name, qtype, message) == Judgement::Open
            }
        }
    }
}

/// The rules for one client.
#[derive(Clone, Copy)]
pub(crate) struct Ruling<'a> {
    pub(crate) judge: &'a dyn Judge,
    pub(crate) policy: u8,
    pub(crate) epoch: u64,
}

impl Ruling<'_> {
    /// On a name alone.
    pub(crate) fn name(&self, name: &Name, qtype: u16) -> Judgement {
        if is_canary(name) {
            let judgement = self.judge.canary(self.policy, name);
            if judgement != Judgement::Open {
                return judgement;
            }
        }
        self.plain(name, name, qtype)
    }

    /// On a name that the answer to `asked` leads to, or on that itself. An alias of itself is no alias.
    fn plain(&self, asked: &Name, name: &Name, qtype: u16) -> Judgement {
        match self.judge.name(self.policy, name, qtype) {
            Judgement::Alias(target) if target == *name || target == *asked => Judgement::Open,
            other @ (Judgement::Open | Judgement::Blocked(_) | Judgement::Alias(_) | Judgement::Damaged) => other,
        }
    }

    /// On the answer `message` to `name`, `qtype`: the first verdict that is not open, the name's own first.
    pub(crate) fn answer(&self, name: &Name, qtype: u16, message: &[u8]) -> Judgement {
        match self.name(name, qtype) {
            Judgement::Open => self.records(name, qtype, message),
            other @ (Judgement::Blocked(_) | Judgement::Alias(_) | Judgement::Damaged) => other,
        }
    }

    /// On what an answer to `name` leads to.
    fn records(&self, name: &Name, qtype: u16, message: &[u8]) -> Judgement {
        let walked = leads(message, |lead| {
            let judgement = match lead {
                Lead::Name(target) => self.plain(name, &target, qtype),
                Lead::Address(address, _) => self.address(name, address),
            };
            match judgement {
                Judgement::Open => ControlFlow::Continue(()),
                other @ (Judgement::Blocked(_) | Judgement::Alias(_) | Judgement::Damaged) => ControlFlow::Break(other),
            }
        });
        match walked {
            Some(ControlFlow::Continue(())) => Judgement::Open,
            Some(ControlFlow::Break(judgement)) => judgement,
            // What cannot be read cannot be judged.
            None => Judgement::Damaged,
        }
    }

    fn address(&self, name: &Name, address: IpAddr) -> Judgement {
        // An IPv4-mapped address is a way to the IPv4 one.
        let address = address.to_canonical();
        let special = || is_special(address).then(|| self.judge.private_address(self.policy, name, address));
        let judgement = match self.judge.address(self.policy, address) {
            Judgement::Open | Judgement::Alias(_) => special().unwrap_or(Judgement::Open),
            refused @ (Judgement::Blocked(_) | Judgement::Damaged) => refused,
        };
        match judgement {
            Judgement::Alias(_) => Judgement::Open,
            other @ (Judgement::Open | Judgement::Blocked(_) | Judgement::Damaged) => other,
        }
    }
}

/// Whether it is one of the canaries, itself and not below it.
fn is_canary(name: &Name) -> bool {
    CANARIES.contains(&name.wire())
}

/// Addresses that no public name has any business with: private, shared, loopback, link-local, unspecified, multicast, unique
/// local (RFC 6890), and the IPv4 ones of these inside 64:ff9b::/96 (RFC 6052).
fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || first == 0
                || first == 100 && second & 0xc0 == 64
        }
        IpAddr::V6(v6) => {
            let translated = match v6.octets() {
                [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, v4 @ ..] => is_special(IpAddr::from(v4)),
                _ => false,
            };
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
                || translated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_special_addresses_are_told_from_public_ones() {
        for special in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.251",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "64:ff9b::10.0.0.1",
        ] {
            assert!(is_special(special.parse().unwrap()), "{special}");
        }
        for public in ["192.0.2.1", "100.128.0.1", "172.32.0.1", "2001:db8::1", "64:ff9b::192.0.2.1", "8.8.8.8"] {
            assert!(!is_special(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn canaries_are_those_names_and_nothing_below_them() {
        for (name, canary) in [
            ("use-application-dns.net", true),
            ("MASK.icloud.com", true),
            ("mask-h2.icloud.com", true),
            ("mask-canary.icloud.com", true),
            ("www.use-application-dns.net", false),
            ("icloud.com", false),
        ] {
            assert_eq!(is_canary(&name.parse().unwrap()), canary, "{name}");
        }
    }
}
