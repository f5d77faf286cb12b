//! What the site decided: plans, hours, ways in, lists of devices. Replaced as a whole at run time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gapura_model::{MacAddr, PlanId};
use gapura_rules::hours::Hours;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ask::{Terms, Way};
use crate::plan::{Plan, PlanProblem};
use crate::seconds;

/// Everything the engine obeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Operating hours with the staff's overrides; their zone is where days and months begin.
    pub hours: Hours,
    /// What holds while the wall clock is in doubt.
    pub in_doubt: InDoubt,
    /// Plans by id.
    pub plans: BTreeMap<PlanId, Plan>,
    /// The plan of one-tap visits; one tap needs it.
    pub one_tap: Option<PlanId>,
    /// Ways in that are switched on. Trusted devices and staff need no switch.
    pub ways: BTreeSet<Way>,
    /// The terms in force; `None` where the site asks for none.
    pub terms: Option<Terms>,
    /// Devices that are online without logging in, by address.
    pub trusted: BTreeMap<MacAddr, TrustedDevice>,
    /// PC seats, by address: the person changes, the address does not.
    pub seats: BTreeMap<MacAddr, Seat>,
    /// Blocked devices, by address. Blocks by staff on this gateway come on top ([`crate::Engine::block`]).
    pub blocked: BTreeMap<MacAddr, Block>,
}

/// What replaces the hours while the wall clock is in doubt. Time limits run on by the monotonic clock whatever it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InDoubt {
    /// Open.
    Open,
    /// Closed: visits end, nobody is let in.
    Closed,
    /// The hours go on, counted by the monotonic clock from the last trusted time of this boot; closed where there was none.
    #[default]
    Keep,
}

/// A device that is online without logging in (printer, staff PC).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustedDevice {
    /// What staff call it.
    pub name: String,
    /// The policy group of the content filter.
    #[serde(default)]
    pub group: u8,
}

/// A PC of the site that visitors use one after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Seat {
    /// What staff call it.
    pub name: String,
    /// A visit here that sends nothing for this long ends, whatever the plan allows.
    #[serde(with = "seconds::plain")]
    pub idle: Duration,
}

/// A blocked device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Block {
    /// What the visitor is told.
    pub reason: String,
    /// When it ends (UTC), if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A policy contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// A plan does.
    #[error(transparent)]
    Plan(#[from] PlanProblem),
    /// One tap is on without a plan, or with one that is not there.
    #[error("one tap is switched on, but its plan {0:?} is not among the plans")]
    OneTapPlan(Option<PlanId>),
    /// A plan stands under another id.
    #[error("plan {0} stands under the id {1}")]
    Misfiled(PlanId, PlanId),
}

impl Policy {
    /// A site that is always open, with one plan without limits for one tap.
    pub fn open_house(hours: Hours, plan: Plan) -> Self {
        Self {
            hours,
            in_doubt: InDoubt::default(),
            one_tap: Some(plan.id.clone()),
            plans: BTreeMap::from([(plan.id.clone(), plan)]),
            ways: BTreeSet::from([Way::OneTap, Way::Voucher, Way::Account]),
            terms: None,
            trusted: BTreeMap::new(),
            seats: BTreeMap::new(),
            blocked: BTreeMap::new(),
        }
    }

    /// Every contradiction; empty when the policy may be used.
    pub fn problems(&self) -> Vec<PolicyProblem> {
        let mut found: Vec<PolicyProblem> =
            self.plans.values().flat_map(Plan::problems).map(PolicyProblem::from).collect();
        for (id, plan) in &self.plans {
            if *id != plan.id {
                found.push(PolicyProblem::Misfiled(plan.id.clone(), id.clone()));
            }
        }
        let one_tap = self.one_tap.as_ref().filter(|id| self.plans.contains_key(id));
        if self.ways.contains(&Way::OneTap) && one_tap.is_none() {
            found.push(PolicyProblem::OneTapPlan(self.one_tap.clone()));
        }
        found
    }
}
