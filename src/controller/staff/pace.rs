//! Slowing down whoever guesses passwords of staff, without locking anybody out: the design of `session`'s guesses, for names and
//! addresses.
//!
//! Only wrong answers cost. Somebody at one address who is wrong about one name waits longer after each further answer. A name,
//! or an address, with many wrong answers lets *every* attempt wait a few seconds, once, kept for whoever waited: guessing from a
//! thousand places keeps nobody from their own account. A right answer clears the pair. Names that nobody has are no different.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use gapura_model::Uptime;

/// How guesses are paced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pacing {
    /// Wrong answers of one address about one name before it must wait.
    pub(crate) free: u32,
    /// One of them is forgotten this often.
    pub(crate) forget: Duration,
    /// The longest wait for them; the first is a second, then each doubles.
    pub(crate) longest: Duration,
    /// Wrong answers about one name, or from one address, before all its attempts wait.
    pub(crate) burst: u32,
    /// One of them is forgiven this often.
    pub(crate) every: Duration,
    /// The longest wait for what others did.
    pub(crate) shared: Duration,
    /// Pairs, names and addresses remembered at most, each; what was longest silent is forgotten first.
    pub(crate) most: usize,
}

impl Pacing {
    /// For names and passwords.
    pub(crate) const PASSWORDS: Self = Self {
        free: 4,
        forget: Duration::from_mins(5),
        longest: Duration::from_mins(1),
        burst: 30,
        every: Duration::from_secs(10),
        shared: Duration::from_secs(5),
        most: 10_000,
    };

    /// For codes of a second factor, by the name alone: whoever guesses there has the password already. At a guess in 15 minutes,
    /// three codes in a million fit, so that a year of guessing has one chance in ten.
    pub(crate) const CODES: Self = Self {
        free: 4,
        forget: Duration::from_hours(1),
        longest: Duration::from_mins(15),
        burst: u32::MAX,
        every: Duration::ZERO,
        shared: Duration::ZERO,
        most: 10_000,
    };
}

/// Whether an attempt is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Look now. It counts as wrong until [`Paces::right`] says otherwise: of many at once only the first few are heard.
    Now,
    /// Not yet: ask again after this.
    After(Duration),
}

type Pair = (String, IpAddr);

/// Who guessed wrong lately. Bounded by [`Pacing::most`].
#[derive(Debug)]
pub(crate) struct Paces {
    pacing: Pacing,
    pairs: BTreeMap<Pair, Account>,
    by_age: BTreeSet<(Uptime, Pair)>,
    /// When the last wrong answer would be forgiven if they had come at the allowed pace (the generic cell rate algorithm).
    names: BTreeMap<String, Uptime>,
    addresses: BTreeMap<IpAddr, Uptime>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    wrong: u32,
    touched: Uptime,
    /// The wait it was told ends then; after that it is heard once.
    heard_from: Option<Uptime>,
}

impl Paces {
    pub(crate) const fn new(pacing: Pacing) -> Self {
        Self {
            pacing,
            pairs: BTreeMap::new(),
            by_age: BTreeSet::new(),
            names: BTreeMap::new(),
            addresses: BTreeMap::new(),
        }
    }

    /// Whether an attempt on `name` from `address` is heard now; one that is counts as wrong.
    pub(crate) fn attempt(&mut self, now: Uptime, name: &str, address: IpAddr) -> Pace {
        let pace = self.pace(now, name, address);
        if pace == Pace::Now {
            self.wrong(now, name, address);
        }
        pace
    }

    fn pace(&mut self, now: Uptime, name: &str, address: IpAddr) -> Pace {
        let pair = (name.to_owned(), network(address));
        let account = self.pairs.get(&pair).copied().unwrap_or_default();
        if let Some(from) = account.heard_from {
            return if from <= now { Pace::Now } else { Pace::After(now.until(from)) };
        }
        let wait = self.own_wait(now, account).max(self.shared_wait(now, &pair));
        if wait.is_zero() {
            return Pace::Now;
        }
        self.touch(pair, Account { heard_from: Some(now.after(wait)), touched: now, ..account });
        Pace::After(wait)
    }

    fn wrong(&mut self, now: Uptime, name: &str, address: IpAddr) {
        let pair = (name.to_owned(), network(address));
        let account = self.pairs.get(&pair).copied().unwrap_or_default();
        let wrong = self.remembered(now, account).saturating_add(1);
        let Pacing { every, most, .. } = self.pacing;
        let debt = self.names.entry(pair.0.clone()).or_default();
        *debt = (*debt).max(now).after(every);
        let debt = self.addresses.entry(pair.1).or_default();
        *debt = (*debt).max(now).after(every);
        self.touch(pair, Account { wrong, touched: now, heard_from: None });
        forgive(&mut self.names, now, most);
        forgive(&mut self.addresses, now, most);
    }

    /// The attempt was right: what it was charged is given back.
    pub(crate) fn right(&mut self, name: &str, address: IpAddr) {
        let pair = (name.to_owned(), network(address));
        let every = self.pacing.every;
        for debt in self.names.get_mut(&pair.0).into_iter().chain(self.addresses.get_mut(&pair.1)) {
            *debt = Uptime::new(debt.since_boot().saturating_sub(every));
        }
        if let Some(account) = self.pairs.remove(&pair) {
            self.by_age.remove(&(account.touched, pair));
        }
    }

    fn own_wait(&self, now: Uptime, account: Account) -> Duration {
        let beyond = self.remembered(now, account).saturating_sub(self.pacing.free);
        if beyond == 0 {
            return Duration::ZERO;
        }
        let wait = Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(beyond - 1)).min(self.pacing.longest);
        wait.saturating_sub(account.touched.until(now))
    }

    fn shared_wait(&self, now: Uptime, (name, address): &Pair) -> Duration {
        let Pacing { burst, every, shared, .. } = self.pacing;
        let debt = |forgiven: Option<&Uptime>| {
            now.until(forgiven.copied().unwrap_or_default()).saturating_sub(every.saturating_mul(burst))
        };
        debt(self.names.get(name)).max(debt(self.addresses.get(address))).min(shared)
    }

    fn remembered(&self, now: Uptime, account: Account) -> u32 {
        let forgotten = account.touched.until(now).as_nanos().checked_div(self.pacing.forget.as_nanos()).unwrap_or(0);
        account.wrong.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    fn touch(&mut self, pair: Pair, account: Account) {
        if let Some(old) = self.pairs.insert(pair.clone(), account) {
            self.by_age.remove(&(old.touched, pair.clone()));
        }
        self.by_age.insert((account.touched, pair));
        while self.pairs.len() > self.pacing.most {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.pairs.remove(&oldest);
        }
    }
}

/// Forgets what is forgiven where there is too much, and if that does not help, what is forgiven first.
fn forgive<K: Ord + Clone>(debts: &mut BTreeMap<K, Uptime>, now: Uptime, most: usize) {
    if debts.len() > most {
        debts.retain(|_, forgiven| *forgiven > now);
    }
    while debts.len() > most {
        let first = debts.iter().min_by_key(|(_, forgiven)| **forgiven).map(|(key, _)| key.clone());
        let Some(first) = first else { break };
        debts.remove(&first);
    }
}

/// Whoever has an IPv6 address has the whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Uptime {
        Uptime::new(Duration::from_millis(milliseconds))
    }

    fn from(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn who_guesses_waits_longer_each_time_and_is_never_locked_out() {
        for (pacing, expected) in
            [(Pacing::PASSWORDS, [1, 2, 4, 8, 16, 32, 60, 60]), (Pacing::CODES, [1, 2, 4, 8, 16, 32, 64, 128])]
        {
            let (mut paces, mut waits, mut now) = (Paces::new(pacing), Vec::new(), 0);
            while waits.len() < 8 {
                if let Pace::After(wait) = paces.pace(at(now), "ani", from(1)) {
                    waits.push(wait.as_secs());
                    now += u64::try_from(wait.as_millis()).unwrap();
                    assert_eq!(paces.pace(at(now), "ani", from(1)), Pace::Now, "whoever waited is heard");
                }
                paces.wrong(at(now), "ani", from(1));
            }
            assert_eq!(waits, expected);
            paces.right("ani", from(1));
            assert_eq!(paces.pace(at(now), "ani", from(1)), Pace::Now);
        }
    }

    #[test]
    fn a_thousand_guessing_places_cost_the_owner_seconds_once() {
        let mut paces = Paces::new(Pacing::PASSWORDS);
        for number in 2..1000 {
            if paces.pace(at(0), "ani", from(number)) == Pace::Now {
                paces.wrong(at(0), "ani", from(number));
            }
        }
        let Pace::After(wait) = paces.pace(at(0), "ani", from(1)) else { panic!("the name is slowed down") };
        assert!(wait <= Pacing::PASSWORDS.shared);
        for number in 1000..2000 {
            paces.wrong(at(1), "ani", from(number));
        }
        assert_eq!(paces.pace(at(0).after(wait), "ani", from(1)), Pace::Now, "whatever the others did meanwhile");
        assert_eq!(paces.pace(at(0), "budi", from(1)), Pace::Now);
    }

    #[test]
    fn one_place_that_tries_many_names_is_slowed_down_and_memory_is_bounded() {
        let mut paces = Paces::new(Pacing { most: 100, ..Pacing::PASSWORDS });
        for number in 0..1000 {
            paces.wrong(at(0), &format!("name{number}"), "2001:db8::1".parse().unwrap());
        }
        assert!(matches!(paces.pace(at(0), "new", "2001:db8::ffff".parse().unwrap()), Pace::After(_)), "its /64");
        assert_eq!(paces.pace(at(0), "new", "2001:db8:0:1::1".parse().unwrap()), Pace::Now);
        for number in 0..1000 {
            paces.wrong(at(0), "ani", from(number));
        }
        assert!(paces.pairs.len() <= 100 && paces.names.len() <= 100 && paces.addresses.len() <= 100);
        assert_eq!(paces.by_age.len(), paces.pairs.len());
    }

    #[test]
    fn of_many_at_once_only_the_first_few_are_heard() {
        for pacing in [Pacing::PASSWORDS, Pacing::CODES] {
            let mut paces = Paces::new(pacing);
            let heard = (0..50).filter(|_| paces.attempt(at(0), "ani", from(1)) == Pace::Now).count();
            assert_eq!(heard, 5);
        }
    }

    #[test]
    fn right_answers_cost_the_others_at_an_address_nothing() {
        let mut paces = Paces::new(Pacing::PASSWORDS);
        for number in 0..500 {
            let name = format!("petugas{number}");
            assert_eq!(paces.attempt(at(number), &name, from(1)), Pace::Now, "{name}");
            paces.right(&name, from(1));
        }
    }

    #[test]
    fn mistakes_are_forgotten() {
        let mut paces = Paces::new(Pacing::PASSWORDS);
        for _ in 0..8 {
            paces.wrong(at(0), "ani", from(1));
        }
        assert_eq!(paces.pace(at(20 * 60_000), "ani", from(1)), Pace::Now);
    }
}
