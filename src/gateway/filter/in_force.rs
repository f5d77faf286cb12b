//! The rules as they hold now: what the resolver asks with every query.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gapura_dns::{Blocked, Filter, How, Judge, Judgement, OwnAddresses};
use gapura_kernel::Net;
use gapura_lists::Index;
use gapura_model::{ListNumber, ListSet, Name};
use gapura_rules::sop::{Action, Answer, Decision, Policy, Stack};
use gapura_runtime::Clock;
use gapura_wire::WithoutIndex;
use tokio::sync::{Notify, watch};

use super::asked::Asked;
use super::audience::Audiences;
use super::clients::Clients;
use super::counts::Cause;
use super::lately::Lately;
use super::throttle::Throttling;

/// Where the resolver finds the rules in force; swapped as a whole, while queries run.
#[derive(Clone, Default)]
pub(crate) struct Current(Arc<RwLock<Option<Arc<InForce>>>>);

impl Current {
    /// The rules now.
    pub(crate) fn get(&self) -> Option<Arc<InForce>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other rules in force.
    pub(super) fn set(&self, rules: Option<Arc<InForce>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}

impl Filter for Current {
    fn in_force(&self) -> Option<Arc<dyn Judge>> {
        self.get().map(|rules| -> Arc<dyn Judge> { rules })
    }
}

/// Whether a part of the index in use turned out to be damaged.
#[derive(Default)]
pub(super) struct Damage {
    /// The version that is to be fetched again; 0 where all is well.
    version: AtomicU64,
    news: Notify,
}

impl Damage {
    /// A look-up came upon it. Told once a version: each further name in that part is answered SERVFAIL without a word.
    fn found(&self, version: u64, damaged: &dyn std::fmt::Display) {
        if self.version.swap(version, Ordering::AcqRel) != version {
            tracing::error!(%damaged, version, "a part of the index of filter lists is damaged: it is fetched again");
            self.news.notify_one();
        }
    }

    /// Waits for a damaged index.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// Whether this version is damaged.
    pub(super) fn is(&self, version: u64) -> bool {
        self.version.load(Ordering::Acquire) == version
    }

    /// Another file has taken its place.
    pub(super) fn mended(&self) {
        self.version.store(0, Ordering::Release);
    }
}

/// What outlives a change of rules.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) clients: Arc<Clients>,
    pub(super) lately: Arc<Lately>,
    pub(super) asked: Arc<Asked>,
    pub(super) throttling: Arc<Throttling>,
    pub(super) damage: Arc<Damage>,
    pub(super) clock: Arc<dyn Clock>,
    /// Where the block page is; a family without an address has none.
    pub(super) page: watch::Receiver<Arc<OwnAddresses>>,
    /// Private networks that visitors may reach, so that names may lead there.
    pub(super) allowed: Arc<[Net]>,
}

/// The rules of a site, without an hour.
pub(super) struct Rules {
    pub(super) stack: Stack,
    pub(super) place: gapura_rules::sop::Place,
    pub(super) audiences: Arc<Audiences>,
    pub(super) index: Option<Arc<Index>>,
    /// Zones of the department's own servers: their names may lead to private addresses.
    pub(super) forwards: Vec<Name>,
    /// What holds for a name whose lists cannot be read.
    pub(super) choice: WithoutIndex,
}

/// One set of rules: compiled for one site and one stretch of time. `rules` is `None` at a site that filters nothing.
pub(crate) struct InForce {
    epoch: u64,
    pub(super) rules: Option<Arc<Rules>>,
    /// In the order of [`Audiences::numbered`].
    pub(super) policies: Vec<Policy>,
    around: Around,
    /// By clause.
    refusals: Vec<Refusal>,
    rebound: Blocked,
    /// Somebody is slowed down toward something.
    throttled: bool,
}

/// What is said where a clause refuses, and how often it did.
struct Refusal {
    blocked: Blocked,
    /// By list; the last place is for names that the clause names itself.
    totals: Vec<AtomicU64>,
}

/// A flow may begin this long after the answer that led to it has expired.
const FLOWS_BEGIN: Duration = Duration::from_mins(30);
/// Places for every list and for none.
const LISTS: usize = 257;
/// A clause's number in [`Blocked::reason`] stands above the list's.
const CLAUSE_SHIFT: u32 = 16;
/// [`Blocked::reason`] of an answer that leads to a private address.
const REBOUND: u32 = u32::MAX - 1;

/// Windows asks for this name to learn whether DNS works, and expects this very address, which leads nowhere.
const NCSI_NAME: &[u8] = b"\x03dns\x08msftncsi\x03com\x00";
/// See [`NCSI_NAME`].
const NCSI_ADDRESS: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd3e, 0x4f5a, 0x5b81, 0, 0, 0, 0, 1));

impl InForce {
    /// A site without rules: everything is open.
    pub(super) fn open(epoch: u64, around: Around) -> Self {
        Self {
            epoch,
            rules: None,
            policies: Vec::new(),
            around,
            refusals: Vec::new(),
            rebound: rebound(),
            throttled: false,
        }
    }

    /// The rules as they hold at `at`.
    pub(super) fn compile(epoch: u64, rules: Arc<Rules>, at: jiff::Timestamp, around: Around) -> Self {
        let policies =
            rules.audiences.numbered().map(|(_, audience)| rules.stack.policy(&rules.place, audience, at)).collect();
        let page = around.page.borrow().clone();
        let refusals = rules.stack.clauses().iter().zip(0_u32..).map(|(clause, index)| {
            let how = match clause.answer {
                Answer::Nxdomain => How::NxDomain,
                Answer::Nodata => How::NoData,
                Answer::Page => How::Addresses(page.clone()),
            };
            let text = format!("{} klausul {}: {}", clause.sop, clause.clause, clause.citizen.id);
            let blocked =
                Blocked { how, ede: clause.ede.code(), text: shortened(&text).into(), reason: index << CLAUSE_SHIFT };
            Refusal { blocked, totals: std::iter::repeat_with(AtomicU64::default).take(LISTS).collect() }
        });
        let refusals = refusals.collect();
        let in_force =
            Self { epoch, rules: Some(rules), policies, around, refusals, rebound: rebound(), throttled: false };
        Self { throttled: in_force.throttles(), ..in_force }
    }

    /// Whether the site has rules.
    pub(crate) fn filters(&self) -> bool {
        self.rules.is_some()
    }

    /// What is decided about a name for an audience; `None` where the index is damaged at that place, or where nothing filters.
    pub(crate) fn decide(&self, audience: u8, name: &Name) -> Option<Decision> {
        Some(self.policy(audience)?.name(name, self.held(name)?))
    }

    /// What is decided about a name and about all that its last answers led to, the first refusal of them; `None` where the
    /// index is damaged at that place, or where nothing filters.
    pub(crate) fn decide_with_leads(&self, audience: u8, name: &Name) -> Option<Decision> {
        let decision = self.decide(audience, name)?;
        if decision.action == Action::Block {
            return Some(decision);
        }
        let (aliases, addresses) = self.around.lately.leads(name);
        let by_name = aliases.iter().filter_map(|alias| self.decide(audience, alias));
        let by_address = addresses.iter().filter_map(|address| self.decide_address(audience, *address));
        Some(by_name.chain(by_address).find(|decision| decision.action == Action::Block).unwrap_or(decision))
    }

    /// What is decided about an address for an audience; `None` where nothing filters.
    fn decide_address(&self, audience: u8, address: IpAddr) -> Option<Decision> {
        let index = self.rules.as_ref().and_then(|rules| rules.index.as_ref());
        let held = index.map_or(ListSet::EMPTY, |index| index.address(address));
        Some(self.policy(audience)?.address(address, held))
    }

    /// The lists that hold a name; `None` where the index is damaged.
    pub(crate) fn held(&self, name: &Name) -> Option<ListSet> {
        let index = self.rules.as_ref().and_then(|rules| rules.index.as_ref());
        index.map_or(Some(ListSet::EMPTY), |index| {
            index.lookup(name).inspect_err(|damaged| self.around.damage.found(index.version(), damaged)).ok()
        })
    }

    /// The lists of a name that cannot be read, where the site chose that names then pass.
    fn unread(&self) -> Option<ListSet> {
        let choice = self.rules.as_ref()?.choice;
        (choice == WithoutIndex::Plain).then_some(ListSet::EMPTY)
    }

    /// The audiences of whose names anything is said.
    pub(super) fn spoken_of(&self) -> Vec<u8> {
        let Some(rules) = &self.rules else { return Vec::new() };
        let numbered = rules.audiences.numbered().map(|(number, _)| number).zip(&self.policies);
        numbered.filter(|(_, policy)| policy.speaks_of_names()).map(|(number, _)| number).collect()
    }

    /// The audience of a client.
    pub(crate) fn audience_of(&self, client: IpAddr) -> u8 {
        self.around.clients.number_of(client)
    }

    /// Takes the totals counted since the last time.
    pub(super) fn take_totals(&self) -> Vec<(Cause, u64)> {
        let Some(rules) = &self.rules else { return Vec::new() };
        let mut taken = Vec::new();
        for (clause, refusal) in rules.stack.clauses().iter().zip(&self.refusals) {
            for (place, total) in refusal.totals.iter().enumerate() {
                let count = total.swap(0, Ordering::Relaxed);
                if count == 0 {
                    continue;
                }
                let number = u8::try_from(place).ok().map(ListNumber);
                let list = rules.index.as_ref().zip(number).and_then(|(index, number)| {
                    index.lists().iter().find(|list| list.number == number).map(|list| list.id.clone())
                });
                let (sop, clause) = (clause.sop.clone(), clause.clause.clone());
                taken.push((Cause { sop, clause, list }, count));
            }
        }
        taken
    }

    fn policy(&self, number: u8) -> Option<&Policy> {
        self.policies.get(self.rules.as_ref()?.audiences.place(number))
    }

    fn blocked(&self, decision: Decision) -> Blocked {
        let clause = decision.clause.map_or(0, |clause| clause.0);
        let place = decision.list.map_or(0, |list| u32::from(list.0) + 1);
        self.refusals.get(usize::from(clause)).map_or_else(Blocked::canary, |refusal| {
            let blocked = refusal.blocked.clone();
            Blocked { reason: blocked.reason | place, ..blocked }
        })
    }
}

impl Judge for InForce {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn policy_of(&self, client: IpAddr) -> u8 {
        if self.rules.is_none() { 0 } else { self.audience_of(client) }
    }

    fn name(&self, policy: u8, name: &Name, _: u16) -> Judgement {
        let Some(rules) = self.policy(policy) else { return Judgement::Open };
        let Some(held) = self.held(name).or_else(|| self.unread()) else { return Judgement::Damaged };
        let decision = rules.name(name, held);
        if decision.action == Action::Block {
            return Judgement::Blocked(self.blocked(decision));
        }
        rules.safe_search().alias(name).map_or(Judgement::Open, |(_, alias)| Judgement::Alias(alias))
    }

    fn address(&self, policy: u8, address: IpAddr) -> Judgement {
        match self.decide_address(policy, address) {
            Some(decision) if decision.action == Action::Block => Judgement::Blocked(self.blocked(decision)),
            Some(_) | None => Judgement::Open,
        }
    }

    fn private_address(&self, _: u8, name: &Name, address: IpAddr) -> Judgement {
        let Some(rules) = &self.rules else { return Judgement::Open };
        if address == NCSI_ADDRESS && name.wire() == NCSI_NAME {
            return Judgement::Open;
        }
        let forwarded = rules.forwards.iter().any(|zone| name.is_within(zone));
        let reachable = self.around.allowed.iter().any(|net| (net.first()..=net.last()).contains(&address));
        if forwarded || reachable { Judgement::Open } else { Judgement::Blocked(self.rebound.clone()) }
    }

    fn canary(&self, policy: u8, name: &Name) -> Judgement {
        let Some(rules) = self.policy(policy) else { return Judgement::Open };
        // A clause that opens the very name lifts it.
        let opened = rules.name(name, ListSet::EMPTY);
        if opened.action == Action::Open && opened.clause.is_some() {
            Judgement::Open
        } else {
            Judgement::Blocked(Blocked::canary())
        }
    }

    fn count(&self, _: u8, blocked: &Blocked) {
        let clause = usize::try_from(blocked.reason >> CLAUSE_SHIFT).unwrap_or(usize::MAX);
        let place = usize::try_from(blocked.reason & ((1 << CLAUSE_SHIFT) - 1)).unwrap_or(usize::MAX);
        // Place 0 is "no list", which is counted last.
        let place = place.checked_sub(1).unwrap_or(LISTS - 1);
        if let Some(total) = self.refusals.get(clause).and_then(|refusal| refusal.totals.get(place)) {
            total.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn answered(&self, names: &[Name], addresses: &[(IpAddr, u32)]) {
        if self.rules.is_some() {
            let addresses: Vec<_> = addresses
                .iter()
                .map(|(address, ttl)| (*address, Duration::from_secs((*ttl).into()).saturating_add(FLOWS_BEGIN)))
                .collect();
            if self.throttled {
                for name in names {
                    self.around.throttling.slow(&self.slowed(name, &addresses));
                }
            }
            self.around.lately.note(names, &addresses, self.around.clock.now().up);
        }
    }

    fn asked(&self, client: IpAddr, name: &Name) {
        if self.rules.is_some()
            && let Some(mac) = self.around.clients.mac_of(client)
        {
            self.around.asked.count(name, mac);
        }
    }
}

/// The answer leads into this network: a page on the Internet must not reach a visitor's neighbour or the gateway.
fn rebound() -> Blocked {
    Blocked { how: How::NoData, ede: 15, text: "private address".into(), reason: REBOUND }
}

/// An extended error's text travels with every answer: a sentence, no more.
fn shortened(text: &str) -> String {
    const LETTERS: usize = 120;
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    text.chars().take(LETTERS - 1).chain(['\u{2026}']).collect()
}
