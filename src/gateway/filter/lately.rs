//! What was lately answered for names: what has to end when a name becomes forbidden, and why one does not open. Nobody who
//! asked is in it.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gapura_model::{Name, Uptime};

/// Names remembered; the oldest goes first.
const NAMES: usize = 16_384;
/// Addresses remembered of each.
const ADDRESSES: usize = 16;
/// Aliases remembered of each.
const ALIASES: usize = 8;

/// Names with the addresses answered for them, bounded.
#[derive(Default)]
pub(crate) struct Lately(Mutex<Remembered>);

#[derive(Default)]
struct Answered {
    /// Names that it is an alias of.
    aliases: Vec<Name>,
    addresses: Vec<IpAddr>,
    until: Uptime,
}

#[derive(Default)]
struct Remembered {
    names: HashMap<Name, Answered>,
    order: VecDeque<Name>,
}

impl Lately {
    /// Notes an answer: the name asked for, the names it is an alias of, their addresses, and for how long flows to them may
    /// still begin.
    pub(crate) fn note(&self, names: &[Name], addresses: &[(IpAddr, Duration)], now: Uptime) {
        let until = addresses.iter().map(|(_, lives)| *lives).max().map_or(now, |lives| now.after(lives));
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, name) in names.iter().enumerate() {
            let aliases = names.get(place + 1..).unwrap_or_default();
            lately.note(name, aliases, addresses.iter().map(|(address, _)| *address), until);
        }
    }

    /// Names, the addresses that flows may still lead to, and for how long that is so.
    pub(crate) fn all(&self, now: Uptime) -> Vec<(Name, Vec<(IpAddr, Duration)>)> {
        let lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = lately.names.iter().filter(|(_, answered)| answered.until > now);
        let living = |answered: &Answered| {
            let left = now.until(answered.until);
            answered.addresses.iter().map(|address| (*address, left)).collect()
        };
        fresh.map(|(name, answered)| (*name, living(answered))).collect()
    }

    /// Where the last answers to a name led: aliases and addresses.
    pub(crate) fn leads(&self, name: &Name) -> (Vec<Name>, Vec<IpAddr>) {
        let lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = lately.names.get(name);
        answered.map(|answered| (answered.aliases.clone(), answered.addresses.clone())).unwrap_or_default()
    }
}

impl Remembered {
    fn note(&mut self, name: &Name, aliases: &[Name], addresses: impl Iterator<Item = IpAddr>, until: Uptime) {
        if !self.names.contains_key(name) {
            while self.order.len() >= NAMES {
                let Some(oldest) = self.order.pop_front() else { break };
                self.names.remove(&oldest);
            }
            self.order.push_back(*name);
        }
        let answered = self.names.entry(*name).or_default();
        answered.until = until.max(answered.until);
        answered.aliases = aliases.iter().take(ALIASES).copied().collect();
        for address in addresses {
            if !answered.addresses.contains(&address) {
                if answered.addresses.len() >= ADDRESSES {
                    answered.addresses.remove(0);
                }
                answered.addresses.push(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn second(seconds: u64) -> Uptime {
        Uptime::new(Duration::from_secs(seconds))
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn addresses_of_a_name_gather_and_grow_old() {
        let lately = Lately::default();
        let (one, other): (Name, Name) = ("a.example".parse().unwrap(), "b.example".parse().unwrap());
        let lives = Duration::from_mins(1);
        lately.note(&[one], &[(address(1), lives)], second(0));
        lately.note(&[one], &[(address(1), lives), (address(2), Duration::from_secs(20))], second(10));
        lately.note(&[other], &[(address(3), lives)], second(0));
        let left = Duration::from_secs(5);
        assert_eq!(lately.all(second(65)), [(one, vec![(address(1), left), (address(2), left)])]);
    }

    #[test]
    fn a_name_leads_to_its_aliases_and_theirs_not_back() {
        let lately = Lately::default();
        let [asked, alias, last]: [Name; 3] =
            ["www.a.example", "a.cdn.example", "edge.cdn.example"].map(|name| name.parse().unwrap());
        lately.note(&[asked, alias, last], &[(address(1), Duration::from_mins(1))], second(0));
        assert_eq!(lately.leads(&asked), (vec![alias, last], vec![address(1)]));
        assert_eq!(lately.leads(&last), (vec![], vec![address(1)]));
        assert_eq!(lately.leads(&"b.example".parse().unwrap()), (vec![], vec![]));
    }

    #[test]
    fn it_is_bounded_by_names_and_addresses() {
        let lately = Lately::default();
        for number in 0..NAMES + 10 {
            lately.note(
                &[format!("n{number}.example").parse().unwrap()],
                &[(address(1), Duration::from_secs(9))],
                second(1),
            );
        }
        let many: Name = "many.example".parse().unwrap();
        for last in 0..40 {
            lately.note(&[many], &[(address(last), Duration::from_secs(9))], second(2));
        }
        let all = lately.all(second(3));
        assert_eq!(all.len(), NAMES);
        assert_eq!(all.iter().find(|(name, _)| *name == many).unwrap().1.len(), ADDRESSES);
    }
}
