//! What people write about sites and plans.

use gapura_model::PlanId;
use gapura_rules::hours::Hours;
use gapura_session::Plan;
use gapura_wire::{Device, Garden, InDoubt, Look, Notice, SiteKind, Text, Uplink, WaysIn, limits};
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
    pub devices: Vec<Device>,
    /// Notices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
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
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (key, text) in
            [("name", &self.name), ("agency", &self.agency), ("regency", &self.regency), ("contact", &self.contact)]
        {
            if text.trim().is_empty() || text.chars().count() > limits::TEXT_CHARS {
                found.push(format!("{key}: write 1 to {} characters", limits::TEXT_CHARS));
            }
        }
        if self.ways.one_tap && self.one_tap_plan.is_none() {
            found.push("one-tap-plan: one tap is on and needs a plan".to_owned());
        }
        if self.ways.one_tap && self.terms.is_none() {
            found.push("terms: one tap is on and needs terms to accept".to_owned());
        }
        for (index, device) in self.devices.iter().enumerate() {
            if device.mac.is_multicast() {
                found.push(format!("devices: {} is a group address, never a device", device.mac));
            }
            if self.devices.iter().take(index).any(|other| other.mac == device.mac) {
                found.push(format!("devices: {} stands there twice", device.mac));
            }
        }
        let texts = self.terms.iter().map(|terms| &terms.text).chain(self.notices.iter().map(|notice| &notice.text));
        if texts.chain(self.look.texts.values()).any(|text| text.id.len().max(text.en.len()) > limits::SHOWN_BYTES) {
            found.push(format!("a text has more than {} bytes", limits::SHOWN_BYTES));
        }
        found
    }
}

impl PlanFile {
    /// What the types do not say; empty when it may be used.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found: Vec<String> =
            self.plan.iter().flat_map(Plan::problems).map(|problem| problem.to_string()).collect();
        for (index, plan) in self.plan.iter().enumerate() {
            if self.plan.iter().take(index).any(|other| other.id == plan.id) {
                found.push(format!("plan {} stands there twice", plan.id));
            }
        }
        if self.plan.is_empty() {
            found.push("there is no [[plan]] in it".to_owned());
        }
        found
    }
}
