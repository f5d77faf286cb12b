//! What holds for one group of people at one moment, ready to be asked.

use std::net::IpAddr;
use std::sync::Arc;

use gapura_model::{BitRate, ListNumber, ListSet, Name};

use super::catalogue::Holds;
use super::layered::{Hits, NameTable, PrefixTable, Rules, Verdict};
use super::safe_search::{Engine, SafeSearch};
use super::service::Services;
use super::stack::ClauseText;
use super::target::{Prefix, plain};

/// Most clauses the SOPs of one site may have together.
pub const MOST_CLAUSES: usize = 512;

/// A clause's place among all clauses of a [`super::Stack`]; the same in every policy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ClauseIndex(pub u16);

/// What happens to a name or an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is let through.
    #[default]
    Open,
    /// It is refused.
    Block,
}

/// What was decided, and by what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Decision {
    /// What happens.
    pub action: Action,
    /// The clause that decided; `None` where no clause is about it, which means open.
    pub clause: Option<ClauseIndex>,
    /// The list by which the clause is about it, if it is by one; of several the lowest number.
    pub list: Option<ListNumber>,
}

impl From<Option<Verdict<Action>>> for Decision {
    fn from(verdict: Option<Verdict<Action>>) -> Self {
        verdict.map_or_else(Self::default, |verdict| Self {
            action: verdict.value,
            clause: Some(verdict.clause),
            list: verdict.list,
        })
    }
}

/// How far something is slowed down; the greater is the slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slow(pub(super) Option<BitRate>);

impl Ord for Slow {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let rate = |slow: &Self| slow.0.map_or(u64::MAX, BitRate::bits_per_second);
        rate(other).cmp(&rate(self))
    }
}

impl PartialOrd for Slow {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A rate something is slowed down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// The rate; `None` where a clause lifts another's throttle.
    pub rate: Option<BitRate>,
    /// The clause.
    pub clause: ClauseIndex,
}

/// What holds for one group of people at one place and moment. Immutable; asking allocates nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub(super) texts: Arc<[ClauseText]>,
    pub(super) names: Side<Action, NameTable>,
    pub(super) addresses: Side<Action, PrefixTable>,
    pub(super) slow_names: Side<Slow, NameTable>,
    pub(super) slow_addresses: Side<Slow, PrefixTable>,
    pub(super) services: Services,
    pub(super) search: SafeSearch,
    pub(super) search_by: [Option<ClauseIndex>; 7],
    pub(super) reach: Arc<Reach>,
}

/// What any clause of a stack looks at of addresses, whether it holds just then or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reach {
    pub(super) lists: ListSet,
    pub(super) prefixes: Vec<Prefix>,
}

/// Rules about names, or about addresses.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Side<V, T> {
    pub(super) rules: Rules<V>,
    pub(super) table: T,
    /// What holds for what no rule and no list knows.
    pub(super) otherwise: Option<Verdict<V>>,
}

impl<V: Ord + Copy, T> Side<V, T> {
    pub(super) fn new(rules: Rules<V>, table: T) -> Self {
        let otherwise = rules.decide(ListSet::EMPTY, None);
        Self { rules, table, otherwise }
    }
}

impl<V: Ord + Copy> Side<V, NameTable> {
    fn ask(&self, name: &Name, held: ListSet) -> Option<Verdict<V>> {
        let held = held.and(self.rules.touch());
        if !self.table.touches(name) {
            return if held.is_empty() { self.otherwise } else { self.rules.decide(held, None) };
        }
        let hits = Hits::gather(&self.rules, held, |seen| self.table.walk(name, seen));
        self.rules.decide(held, Some(&hits))
    }
}

impl<V: Ord + Copy> Side<V, PrefixTable> {
    fn ask(&self, address: IpAddr, held: ListSet) -> Option<Verdict<V>> {
        let held = held.and(self.rules.touch());
        if self.table.is_empty() {
            return if held.is_empty() { self.otherwise } else { self.rules.decide(held, None) };
        }
        let hits = Hits::gather(&self.rules, held, |seen| self.table.walk(address, seen));
        self.rules.decide(held, Some(&hits))
    }
}

impl Policy {
    /// What happens to a name that these lists hold.
    pub fn name(&self, name: &Name, held: ListSet) -> Decision {
        self.names.ask(name, held).into()
    }

    /// Whether anything is said of any name.
    pub fn speaks_of_names(&self) -> bool {
        !self.names.table.is_empty() || !self.names.rules.touch().is_empty() || self.names.otherwise.is_some()
    }

    /// What happens to an address that these lists hold. An IPv4 address mapped into IPv6 is judged as the IPv4 address.
    pub fn address(&self, address: IpAddr, held: ListSet) -> Decision {
        self.addresses.ask(plain(address), held).into()
    }

    /// What happens to what a list holds and no clause writes: to its names, or to its addresses where it has no names.
    pub fn list(&self, list: ListNumber, holds: Holds) -> Decision {
        let held = [list].into_iter().collect();
        if holds.names() { self.names.rules.decide(held, None) } else { self.addresses.rules.decide(held, None) }.into()
    }

    /// What happens to a port of a protocol toward an address that these lists hold; `port` is `None` for protocols
    /// without ports. Whether the address itself is refused is another question: see [`Self::address`].
    pub fn service(&self, protocol: u8, port: Option<u16>, address: IpAddr, held: ListSet) -> Decision {
        self.services.ask(protocol, port, Some(plain(address)), held)
    }

    /// The throttle a name falls under.
    pub fn name_throttle(&self, name: &Name, held: ListSet) -> Option<Throttle> {
        self.slow_names.ask(name, held).map(Throttle::from)
    }

    /// The throttle an address falls under.
    pub fn address_throttle(&self, address: IpAddr, held: ListSet) -> Option<Throttle> {
        self.slow_addresses.ask(plain(address), held).map(Throttle::from)
    }

    /// Every throttle that holds for someone here, slowest first within a layer.
    pub fn throttles(&self) -> impl Iterator<Item = Throttle> {
        let rule = |rule: &super::layered::Rule<Slow>| Throttle { rate: rule.value.0, clause: rule.clause };
        self.slow_names.rules.iter().map(rule)
    }

    /// How far search engines and YouTube are restricted.
    pub const fn safe_search(&self) -> SafeSearch {
        self.search
    }

    /// The clause that says so of this service.
    pub fn safe_search_clause(&self, engine: Engine) -> Option<ClauseIndex> {
        self.search_by.get(engine.index()).copied().flatten()
    }

    /// What is said for people about a clause; `None` for an index of another stack.
    pub fn clause(&self, index: ClauseIndex) -> Option<&ClauseText> {
        self.texts.get(usize::from(index.0))
    }

    /// Whether any rule names a name, so that lists alone do not decide.
    pub fn has_name_rules(&self) -> bool {
        !self.names.table.is_empty()
    }

    /// Lists that can change what happens to a name.
    pub const fn name_lists(&self) -> ListSet {
        self.names.rules.touch()
    }
}

impl From<Verdict<Slow>> for Throttle {
    fn from(verdict: Verdict<Slow>) -> Self {
        Self { rate: verdict.value.0, clause: verdict.clause }
    }
}
