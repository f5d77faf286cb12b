//! What people write about sites and plans.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::why::{Why, why};
use gapura_model::{Name, PlanId, PolicyGroup, SiteKind};
use gapura_rules::hours::Hours;
use gapura_session::{Plan, PlanProblem};
use gapura_wire::{Device, Garden, InDoubt, Look, Notice, Text, Uplink, WaysIn, WithoutIndex, limits};
use serde::{Deserialize, Serialize};

/// A site's document (TOML from people, JSON in the database).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SiteDocument {
    /// Its name for people.
    pub name: String,
    /// `gallery`, `hotspot`, `telecenter`, `plik` or `mplik`.
    pub kind: SiteKind,
    /// The agency that runs it.
    pub agency: String,
    /// The regency (kabupaten) whose pseudonym keys are used.
    pub regency: String,
    /// Where a visitor finds help.
    pub contact: String,
    /// The name of its Wi-Fi network, for the paper of vouchers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wifi: Option<String>,
    /// When it is open, with its time zone.
    pub hours: Hours,
    /// What holds while the router's clock is in doubt.
    #[serde(default)]
    pub in_doubt: InDoubt,
    /// The ways in.
    #[serde(default)]
    pub ways: WaysIn,
    /// The plan of one-tap visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_tap_plan: Option<PlanId>,
    /// The plan of visits that staff open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff_plan: Option<PlanId>,
    /// The uplink's speed in bit/s.
    #[serde(default)]
    pub uplink: Uplink,
    /// What is open before login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub garden: Vec<Garden>,
    /// Terms of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsDocument>,
    /// How the portal looks.
    #[serde(default)]
    pub look: Look,
    /// Devices that staff know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<SiteDevice>,
    /// What of the content filter is this site's own.
    #[serde(default, skip_serializing_if = "FilterDocument::is_default")]
    pub filter: FilterDocument,
    /// Visits have public ports of their own, and the usage log says which: NAT attribution.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nat_attribution: bool,
    /// Notices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// A device that staff know, and its group in the content filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteDevice {
    /// The device.
    #[serde(flatten)]
    pub device: Device,
    /// Its group, for example `anak` on a children's PC; none = that of the visitor's plan.
    #[serde(default, rename = "policy-group", skip_serializing_if = "Option::is_none")]
    pub policy_group: Option<PolicyGroup>,
}

/// What of the content filter is a site's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FilterDocument {
    /// What holds while the router has no index of lists: `closed` (no name is answered) or `plain` (all are).
    pub without_index: WithoutIndex,
    /// Groups that staff may give to a class for its time, for example `kelas`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub class_groups: BTreeSet<PolicyGroup>,
    /// Zones whose names are asked of servers of their own, for example the department's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forward: Vec<ForwardDocument>,
}

impl FilterDocument {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A zone with servers of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ForwardDocument {
    /// The zone, for example `sinjaikab.go.id`.
    pub zone: String,
    /// Addresses of its servers, in the order in which they are tried; port 53.
    pub servers: Vec<IpAddr>,
}

/// Terms of use as people write them; the hash is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TermsDocument {
    /// Their name, for example `2026-1`.
    pub version: String,
    /// In force from this day on.
    pub effective: jiff::civil::Date,
    /// The text in both languages.
    pub text: Text,
}

/// A file of plans: `[[plan]]` tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlanFile {
    /// The plans.
    pub plan: Vec<Plan>,
}

impl SiteDocument {
    /// What the types do not say; empty when it may be used.
    pub fn mistakes(&self) -> Vec<Why> {
        let mut found = Vec::new();
        for (key, text) in
            [("name", &self.name), ("agency", &self.agency), ("regency", &self.regency), ("contact", &self.contact)]
        {
            if text.trim().is_empty() || text.chars().count() > limits::TEXT_CHARS {
                found.push(why!("text-length", most = limits::TEXT_CHARS).at(key));
            }
        }
        if self.wifi.as_ref().is_some_and(|name| name.trim().is_empty() || name.len() > 32) {
            found.push(why!("site-wifi").at("wifi"));
        }
        if self.ways.one_tap && self.one_tap_plan.is_none() {
            found.push(why!("site-one-tap-plan").at("one-tap-plan"));
        }
        if self.ways.one_tap && self.terms.is_none() {
            found.push(why!("site-one-tap-terms").at("terms"));
        }
        for (index, SiteDevice { device, .. }) in self.devices.iter().enumerate() {
            if device.mac.is_multicast() {
                found.push(why!("device-group", address = device.mac.to_string()).at("devices"));
            }
            if self.devices.iter().take(index).any(|other| other.device.mac == device.mac) {
                found.push(why!("device-twice", address = device.mac.to_string()).at("devices"));
            }
        }
        for ForwardDocument { zone, servers } in &self.filter.forward {
            if zone.parse::<Name>().is_err() {
                found.push(why!("forward-zone", zone = zone).at("filter.forward"));
            }
            if servers.is_empty() {
                found.push(why!("forward-server", zone = zone).at("filter.forward"));
            }
        }
        let texts = self.terms.iter().map(|terms| &terms.text).chain(self.notices.iter().map(|notice| &notice.text));
        if texts.chain(self.look.texts.values()).any(|text| text.id.len().max(text.en.len()) > limits::SHOWN_BYTES) {
            found.push(why!("text-bytes", most = limits::SHOWN_BYTES));
        }
        found
    }
}

impl PlanFile {
    /// What the types do not say; empty when it may be used.
    pub fn mistakes(&self) -> Vec<Why> {
        let mut found: Vec<Why> = self.plan.iter().flat_map(Plan::problems).map(plan_words).collect();
        for (index, plan) in self.plan.iter().enumerate() {
            if self.plan.iter().take(index).any(|other| other.id == plan.id) {
                found.push(why!("plan-twice", plan = plan.id.as_str()));
            }
        }
        if self.plan.is_empty() {
            found.push(why!("plans-none").flag("[[plan]]"));
        }
        found
    }
}

/// What is wrong with a plan.
pub(crate) fn plan_words(problem: PlanProblem) -> Why {
    match problem {
        PlanProblem::MixedShapes(plan) => why!("plan-shapes", plan = plan.as_str()),
        PlanProblem::Zero(plan, limit) => why!("plan-zero", plan = plan.as_str(), limit = limit_words(limit)),
        PlanProblem::IdleExtension(plan) => why!("plan-extend", plan = plan.as_str()),
        PlanProblem::IdleSlow(plan) => why!("plan-slow", plan = plan.as_str()),
        PlanProblem::CappedShare(plan) => why!("plan-share", plan = plan.as_str()),
    }
}

fn limit_words(limit: &str) -> Why {
    match limit {
        "visit.time" => why!("plan-visit-time"),
        "visit.bytes" => why!("plan-visit-bytes"),
        "day.time" => why!("plan-day-time"),
        "day.bytes" => why!("plan-day-bytes"),
        "month.time" => why!("plan-month-time"),
        "month.bytes" => why!("plan-month-bytes"),
        "idle" => why!("plan-idle"),
        other => Why::plain(other),
    }
}
