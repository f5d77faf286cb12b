//! The content filter's part of a bundle: SOPs in force, which index of lists, who belongs to which group, drafts to try.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use gapura_model::{MacAddr, Name, PlanId, PolicyGroup};
use gapura_rules::sop::Layer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppealAnswer, Bundle, Sha256, limits};

/// A published SOP: immutable under its number and revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SopRevision {
    /// Its layer.
    pub layer: Layer,
    /// The number on its paper.
    pub number: String,
    /// Counts up with each publication under this number.
    pub revision: u32,
    /// SHA-256 over `text`.
    pub sha256: Sha256,
    /// The document (TOML), byte for byte as approved.
    pub text: String,
    /// SHA-256 over the signed decree (PDF) that the controller keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decree: Option<Sha256>,
}

/// A SOP that is not in force: tried on a gateway's own names of the last days, and reported as a [`crate::ShadowReport`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SopDraft {
    /// Of this draft as it stands; a changed text has another one.
    pub id: Uuid,
    /// Tried in place of the published one with the same layer and number, or beside them all if there is none.
    #[serde(flatten)]
    pub sop: SopRevision,
    /// No longer tried from then on (UTC).
    pub until: Timestamp,
}

/// The index of filter lists that is to be in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRef {
    /// Counts up with each build.
    pub version: u64,
    /// The root that covers the whole file.
    pub root: Sha256,
    /// The file's length in octets.
    pub octets: u64,
}

/// What holds at a site whose filter cannot start, for want of an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutIndex {
    /// No name is answered.
    #[default]
    Closed,
    /// Names are answered unfiltered.
    Plain,
}

/// Names of this zone are asked of servers of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneForward {
    /// The zone, for example `sinjaikab.go.id`, in lower-case ASCII without the last dot.
    pub zone: String,
    /// Its servers, in the order in which they are tried.
    pub servers: Vec<SocketAddr>,
}

/// The content filter's part of a bundle. A bundle without it filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// SOPs that apply to this site, highest layer first; of one SOP also a later revision that comes into force on a later
    /// day.
    pub sops: Vec<SopRevision>,
    /// The lists; none while the controller has never built an index: SOPs then hold by the names they write themselves, and
    /// nothing is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexRef>,
    /// The group of visits under each plan; those left out are in [`Filter::DEFAULT_GROUP`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub plan_groups: BTreeMap<PlanId, PolicyGroup>,
    /// The group of devices that staff know; it comes before that of the plan.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub device_groups: BTreeMap<MacAddr, PolicyGroup>,
    /// Groups that staff may give to a class for its time.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub class_groups: BTreeSet<PolicyGroup>,
    /// What holds while the router does not have the index that is asked for, nor an earlier one.
    pub without_index: WithoutIndex,
    /// Zones with servers of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forwards: Vec<ZoneForward>,
    /// Drafts to try.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drafts: Vec<SopDraft>,
    /// What became of appeals made here in the last 90 days.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub appeal_answers: Vec<AppealAnswer>,
}

impl Filter {
    /// The group of everybody who is in no other.
    pub const DEFAULT_GROUP: &str = "umum";

    /// What is wrong with it, given the bundle's plans; empty when it may be used.
    pub(crate) fn mistakes(&self, plans: &BTreeSet<&PlanId>) -> Vec<String> {
        let mut wrong = Vec::new();
        let drafts = self.drafts.iter().map(|draft| &draft.sop);
        for sop in self.sops.iter().chain(drafts) {
            if sop.text.len() > limits::SOP_BYTES {
                wrong.push(format!("SOP {} has more than {} bytes", sop.number, limits::SOP_BYTES));
            }
            if Sha256::of(sop.text.as_bytes()) != sop.sha256 {
                wrong.push(format!("SOP {} does not have the hash it states", sop.number));
            }
        }
        let mut numbers = BTreeSet::new();
        for sop in self.sops.iter().filter(|sop| !numbers.insert((sop.layer, &sop.number, sop.revision))) {
            wrong.push(format!("SOP {} revision {} stands there twice", sop.number, sop.revision));
        }
        if self.sops.len() > limits::SOPS || self.drafts.len() > limits::SOP_DRAFTS {
            wrong.push(format!("more than {} SOPs or {} drafts", limits::SOPS, limits::SOP_DRAFTS));
        }
        for plan in self.plan_groups.keys().filter(|plan| !plans.contains(plan)) {
            wrong.push(format!("plan {plan} has a group and is not there"));
        }
        let mut zones = BTreeSet::new();
        for forward in &self.forwards {
            let zone = &forward.zone;
            if zone.parse::<Name>().map(|name| name.to_string()).as_ref() != Ok(zone) {
                wrong.push(format!("zone {zone} is not a domain name in lower case"));
            }
            if forward.servers.is_empty() {
                wrong.push(format!("zone {zone} has no server"));
            }
            if !zones.insert(zone) {
                wrong.push(format!("zone {zone} stands there twice"));
            }
        }
        wrong
    }
}

impl Bundle {
    /// The group of visits under each plan; those left out are in [`Filter::DEFAULT_GROUP`].
    pub fn plan_groups(&self) -> BTreeMap<PlanId, PolicyGroup> {
        let said = self.plans.iter().filter_map(|plan| Some((plan.id.clone(), plan.policy_group.clone()?)));
        said.chain(self.filter.iter().flat_map(|filter| filter.plan_groups.clone())).collect()
    }

    /// Puts the plans' groups beside the plans: routers of before refuse a plan with a key that they do not know. Without a
    /// filter they say nothing.
    #[must_use]
    pub fn with_groups_beside(mut self) -> Self {
        let groups = self.plan_groups();
        if let Some(filter) = &mut self.filter {
            filter.plan_groups = groups;
        }
        self.plans.iter_mut().for_each(|plan| plan.policy_group = None);
        self
    }
}

/// A clause of a SOP, by what people call it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClauseRef {
    /// The SOP's number.
    pub sop: String,
    /// Its revision.
    pub revision: u32,
    /// The clause's number.
    pub clause: String,
}

impl ClauseRef {
    /// Whether both numbers can be kept: 1 to [`limits::NUMBER_CHARS`] visible characters.
    pub(crate) fn is_sound(&self) -> bool {
        is_number(&self.sop) && is_number(&self.clause)
    }
}

/// Whether `text` can be the number of a SOP or clause.
pub(crate) fn is_number(text: &str) -> bool {
    (1..=limits::NUMBER_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
