//! The content filter as a gateway has it: an index of lists and a policy compiled from an SOP.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use gapura_dns::{Blocked, Filter, How, Judge, Judgement};
use gapura_lists::{Builder, Entry, HashKey, Index, ListHead, Place as Line};
use gapura_model::{Name, SiteKind};
use gapura_rules::hours::Zone;
use gapura_rules::sop::{Action, Audience, Catalogue, CatalogueEntry, Decision, Holds, Place, Policy, Source, Stack};
use jiff::Timestamp;

use super::names::listed;
use crate::BenchError;

/// What the filter of the bench says: the list is blocked, in the words a citizen would read.
const SOP: &str = r#"
number = "SOP/bench"
title = "Filter Konten"
layer = "national"
revision = 1
owner = "Dinas"
legal-basis = ["Keputusan"]
effective-from = 2026-01-01
review-by = 2027-01-01
[[clause]]
number = 1
words = "Situs judi daring ditutup."
citizen = { id = "Situs ini ditutup karena memuat perjudian." }
action = "block"
categories = ["judi"]
ede = "censored"
[[clause]]
number = 2
words = "Layanan pemerintah selalu terbuka."
citizen = { id = "Selalu terbuka." }
action = "open"
names = ["go.id", "bmkg.go.id"]
"#;

/// Builds an index of `count` names at `path`.
pub(crate) fn build(path: &Path, count: u64) -> Result<(), BenchError> {
    let failed = |error: gapura_lists::BuildError| BenchError::void("dns", error.to_string());
    let mut builder = Builder::new(1, HashKey(*b"gapura bench dns"));
    let bad = |_| BenchError::void("dns", "a list's name is wrong");
    let head = ListHead {
        id: "trustpositif".parse().map_err(bad)?,
        category: "judi".parse().map_err(bad)?,
        title: "TrustPositif".into(),
        revision: "bench".into(),
        files: vec!["trustpositif.txt".into()],
    };
    let list = builder.list(head).map_err(failed)?;
    for number in 0..count {
        let name: Name = listed(number).parse().map_err(|error| BenchError::void("dns", format!("{error}")))?;
        let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
        builder.add(list, &Entry::whole(name), Line { file: 0, line }).map_err(failed)?;
    }
    builder.finish(path, None, &|root| root.to_vec()).map_err(failed).map(drop)
}

/// One index and one policy, in force for everybody.
pub(crate) struct Office(Arc<Rules>);

struct Rules {
    index: Index,
    policy: Policy,
    /// What is said for each clause, by its index.
    blocked: Vec<Blocked>,
}

impl Office {
    /// Maps the index at `path` and compiles the bench's SOP for it.
    pub(crate) fn open(path: &Path) -> Result<Self, BenchError> {
        let index = Index::open(path, &|root, signature| signature == root)
            .map_err(|error| BenchError::void("dns", error.to_string()))?;
        let entry = |list: &gapura_lists::ListEntry| CatalogueEntry {
            number: list.number,
            id: list.id.clone(),
            category: list.category.clone(),
            title: list.title.clone(),
            holds: Holds::Names,
        };
        let catalogue = Catalogue::new(index.lists().iter().map(entry).collect());
        let (stack, problems) = Stack::read(&[Source { file: "bench.toml", text: SOP }], &catalogue);
        let stack = stack.ok_or_else(|| BenchError::void("dns", format!("{problems:?}")))?;
        let bad = |error: &dyn std::fmt::Display| BenchError::void("dns", error.to_string());
        let place = Place {
            site: "bench".parse().map_err(|error| bad(&error))?,
            kind: SiteKind::Hotspot,
            agency: String::new(),
            regency: String::new(),
            zone: "Asia/Jakarta".parse::<Zone>().map_err(|error| bad(&error))?,
        };
        let audience = Audience { plan: None, group: "umum".parse().map_err(|error| bad(&error))? };
        let at = Timestamp::from_second(1_790_000_000).map_err(|error| bad(&error))?;
        let policy = stack.policy(&place, &audience, at);
        let blocked = stack.clauses().iter().map(|clause| Blocked {
            how: How::NxDomain,
            ede: clause.ede.code(),
            text: format!("{} klausul {}: {}", clause.sop, clause.clause, clause.citizen.id).into(),
            reason: 0,
        });
        Ok(Self(Arc::new(Rules { index, blocked: blocked.collect(), policy })))
    }
}

impl Filter for Office {
    fn in_force(&self) -> Option<Arc<dyn Judge>> {
        Some(Arc::<Rules>::clone(&self.0))
    }
}

impl Rules {
    fn say(&self, decision: Decision) -> Judgement {
        let clause = decision.clause.filter(|_| decision.action == Action::Block);
        match clause.and_then(|clause| self.blocked.get(usize::from(clause.0))) {
            Some(blocked) => Judgement::Blocked(blocked.clone()),
            None => Judgement::Open,
        }
    }
}

impl Judge for Rules {
    fn epoch(&self) -> u64 {
        1
    }

    fn policy_of(&self, _client: IpAddr) -> u8 {
        0
    }

    fn name(&self, _policy: u8, name: &Name, _qtype: u16) -> Judgement {
        match self.index.lookup(name) {
            Ok(held) => self.say(self.policy.name(name, held)),
            Err(_) => Judgement::Damaged,
        }
    }

    fn address(&self, _policy: u8, address: IpAddr) -> Judgement {
        self.say(self.policy.address(address, self.index.address(address)))
    }

    fn count(&self, _policy: u8, _blocked: &Blocked) {}

    fn answered(&self, _names: &[Name], _addresses: &[(IpAddr, u32)]) {}
}
