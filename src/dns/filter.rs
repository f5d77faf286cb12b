//! What the resolver asks the content filter, and what the filter says.

use std::net::IpAddr;
use std::sync::Arc;

use gapura_model::Name;

use crate::hooks::OwnAddresses;

/// Where the rules in force are found. Without a filter the resolver is a plain forwarder.
pub trait Filter: Send + Sync + 'static {
    /// The rules in force now, asked for once for each batch of queries. `None`: nothing is in force yet; every name but the
    /// gateway's own is answered SERVFAIL with "Not Ready" (RFC 8914 code 14), never with what nobody judged.
    fn in_force(&self) -> Option<Arc<dyn Judge>>;
}

/// One immutable set of rules. Called on the path of every query: answer from memory, take no lock for long.
pub trait Judge: Send + Sync {
    /// Another number is another set of rules: cached answers judged under it are judged again.
    fn epoch(&self) -> u64;

    /// The number of the policy that holds for the device behind `client`: its plan, group and hour.
    fn policy_of(&self, client: IpAddr) -> u8;

    /// The policy of those who are not logged in: what it refuses is not opened for them by the garden either.
    fn strangers(&self) -> u8 {
        0
    }

    /// The verdict on a name, for record type `qtype`. Asked for the name of a query and for every name its answer leads to
    /// (CNAME, DNAME, and the targets of HTTPS and SVCB records). [`Judgement::Alias`] for a name on the way aliases the whole answer.
    fn name(&self, policy: u8, name: &Name, qtype: u16) -> Judgement;

    /// The verdict on an address an answer leads to: A, AAAA, and the address hints of HTTPS and SVCB records.
    /// [`Judgement::Alias`] means nothing here and counts as open.
    fn address(&self, policy: u8, address: IpAddr) -> Judgement;

    /// The verdict on an answer to `name` that leads to a private or otherwise special address (DNS rebinding). Open by
    /// default; say so too for names of zones forwarded to the department's own servers.
    fn private_address(&self, _policy: u8, _name: &Name, _address: IpAddr) -> Judgement {
        Judgement::Open
    }

    /// The verdict on a canary: a name by which browsers and phones ask whether the network filters names
    /// (`use-application-dns.net`, `mask.icloud.com`, `mask-h2.icloud.com`, `mask-canary.icloud.com`). By default it does not
    /// exist, which turns off encrypted DNS that nobody chose and Private Relay. `Open` forwards it like any other name.
    fn canary(&self, _policy: u8, _name: &Name) -> Judgement {
        Judgement::Blocked(Blocked::canary())
    }

    /// `client` asks for addresses (A) of `name`: for counts of what is asked for. Called once a query, whatever the verdict.
    fn asked(&self, _client: IpAddr, _name: &Name) {}

    /// A blocked answer is about to leave: for totals by clause and list, never by person.
    fn count(&self, policy: u8, blocked: &Blocked);

    /// An upstream said that the first of `names` has these addresses (with TTL, seconds), by way of the others, its aliases.
    /// For ending flows to them once one of the names is blocked, and for saying why a name does not open: keep them bounded,
    /// and without any client (none is given).
    fn answered(&self, names: &[Name], addresses: &[(IpAddr, u32)]);
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives on the stack for one query; a box would be an allocation each")]
pub enum Judgement {
    /// Answered as it is.
    Open,
    /// Refused.
    Blocked(Blocked),
    /// Answered as an alias of this name (safe search), whose own records the resolver adds.
    Alias(Name),
    /// The rules could not be read where it matters: SERVFAIL, neither open nor blocked.
    Damaged,
}

/// How a blocked name is answered, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// What is answered.
    pub how: How,
    /// Extended error for clients that take one (RFC 8914): 15 Blocked, 16 Censored, 17 Filtered.
    pub ede: u16,
    /// Its text: names the clause. Left out where it does not fit the client's UDP size.
    pub text: Arc<str>,
    /// The filter's own number for the reason, handed back in [`Judge::count`].
    pub reason: u32,
}

impl Blocked {
    /// [`Blocked::reason`] of canaries answered by [`Judge::canary`]'s default.
    pub const CANARY: u32 = u32::MAX;

    /// A canary's answer: the name does not exist, on the network's wish (Filtered).
    pub fn canary() -> Self {
        Self { how: How::NxDomain, ede: 17, text: Arc::default(), reason: Self::CANARY }
    }
}

/// What a blocked name is answered with. Every such answer lives 30 s at the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The name does not exist.
    NxDomain,
    /// It exists, but not with that record type.
    NoData,
    /// The block page's addresses, for names that are asked over plain HTTP; "Forged Answer" (RFC 8914 code 4) stands beside
    /// the reason. Types other than A and AAAA, and a family without an address, have no data.
    Addresses(Arc<OwnAddresses>),
}
