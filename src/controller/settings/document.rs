//! What one level says: every field may be left out.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::{PlanId, PolicyGroup, SiteKind};
use gapura_rules::hours::{ExceptionDocument, HoursDocument, Override};
use gapura_wire::{Garden, InDoubt, Look, Notice, Uplink, WaysIn, WithoutIndex};
use serde::{Deserialize, Serialize};

use crate::document::{ForwardDocument, SiteDevice, SiteDocument, TermsDocument};
use crate::why::{Why, why};

/// What one level says; a document of a whole site is one, too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SettingsDocument {
    /// The site's name for people; only at the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What sort of place; only at the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<SiteKind>,
    /// The agency that runs it; only at the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// Its regency; only at the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regency: Option<String>,
    /// Where a visitor finds help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The name of the Wi-Fi network, for the paper of vouchers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wifi: Option<String>,
    /// When it is open.
    #[serde(skip_serializing_if = "HoursSettings::is_empty")]
    pub hours: HoursSettings,
    /// What holds while the router's clock is in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_doubt: Option<InDoubt>,
    /// The ways in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ways: Option<WaysIn>,
    /// The plan of one-tap visits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_tap_plan: Option<PlanId>,
    /// The plan of visits that staff open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff_plan: Option<PlanId>,
    /// The uplink's speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uplink: Option<Uplink>,
    /// What is open before login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub garden: Option<Vec<Garden>>,
    /// Terms of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsDocument>,
    /// How the portal looks; colours and texts one by one.
    #[serde(skip_serializing_if = "looks_as_ever")]
    pub look: Look,
    /// Devices that staff know; only at the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<SiteDevice>>,
    /// What of the content filter is set here.
    #[serde(skip_serializing_if = "FilterSettings::is_empty")]
    pub filter: FilterSettings,
    /// Visits have public ports of their own, and the usage log says which: NAT attribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat_attribution: Option<bool>,
    /// Notices, beside those of other levels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// When sites are open, as far as one level says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HoursSettings {
    /// IANA name of the zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Open 24 hours on every day that has no exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always_open: Option<bool>,
    /// Windows by weekday; a day left out is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekly: Option<BTreeMap<String, Vec<String>>>,
    /// Other hours on some dates, beside those of other levels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionDocument>,
    /// Another week for a while: Ramadan, school holidays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seasons: Vec<Season>,
    /// Which calendars of holidays hold, and what is open on those days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holidays: Option<HolidaySettings>,
    /// Changes by staff; only at the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Vec<Override>>,
}

/// Another week for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Season {
    /// The first date.
    pub from: String,
    /// The last date.
    pub to: String,
    /// Its windows by weekday; a day left out is closed.
    pub weekly: BTreeMap<String, Vec<String>>,
    /// Why, for visitors: "Ramadan".
    pub reason: String,
}

/// Holidays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HolidaySettings {
    /// Names of calendars; none: holidays are days like others.
    pub calendars: Vec<String>,
    /// What is open on those days; none: closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
}

/// What of the content filter one level sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FilterSettings {
    /// What holds while a router has no index of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_index: Option<WithoutIndex>,
    /// Groups that staff may give to a class for its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_groups: Option<BTreeSet<PolicyGroup>>,
    /// Zones with servers of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<Vec<ForwardDocument>>,
}

impl FilterSettings {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn looks_as_ever(look: &Look) -> bool {
    *look == Look::default()
}

impl HoursSettings {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The week, if this level says one: whether it is always open, and its windows.
    pub(super) fn week(&self) -> Option<(bool, BTreeMap<String, Vec<String>>)> {
        match (self.always_open, &self.weekly) {
            (None | Some(false), None) => None,
            (always_open, weekly) => Some((always_open == Some(true), weekly.clone().unwrap_or_default())),
        }
    }

    /// Dated exceptions: those written as such, then the seasons'.
    pub(super) fn dated(&self) -> Vec<ExceptionDocument> {
        // A single day is shorter than a season: it has its say whatever the order.
        let seasons = self.seasons.iter().flat_map(Season::exceptions);
        seasons.chain(self.exceptions.iter().cloned()).collect()
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Season {
    /// One exception for each set of windows. A name that is no weekday goes along, to be told as a mistake.
    fn exceptions(&self) -> Vec<ExceptionDocument> {
        let mut days: BTreeMap<&[String], Vec<String>> = BTreeMap::new();
        for day in DAYS {
            let windows = self.weekly.get(day).map_or(&[][..], Vec::as_slice);
            days.entry(windows).or_default().push(day.to_owned());
        }
        let unknown = self.weekly.iter().filter(|(day, _)| !DAYS.contains(&day.as_str()));
        for (day, windows) in unknown {
            days.entry(windows.as_slice()).or_default().push(day.clone());
        }
        let exception = |(windows, days): (&[String], Vec<String>)| ExceptionDocument {
            date: None,
            from: Some(self.from.clone()),
            to: Some(self.to.clone()),
            days,
            open: windows.to_vec(),
            reason: self.reason.clone(),
        };
        days.into_iter().map(exception).collect()
    }
}

impl From<SiteDocument> for SettingsDocument {
    /// A document of a whole site states everything.
    fn from(site: SiteDocument) -> Self {
        let HoursDocument { zone, always_open, weekly, exceptions, overrides } = site.hours.into();
        let hours = HoursSettings {
            zone: Some(zone),
            always_open: always_open.then_some(true),
            weekly: (!always_open).then_some(weekly),
            exceptions,
            overrides: Some(overrides).filter(|overrides| !overrides.is_empty()),
            ..HoursSettings::default()
        };
        Self {
            name: Some(site.name),
            kind: Some(site.kind),
            agency: Some(site.agency),
            regency: Some(site.regency),
            contact: Some(site.contact),
            wifi: site.wifi,
            hours,
            in_doubt: Some(site.in_doubt),
            ways: Some(site.ways),
            one_tap_plan: site.one_tap_plan,
            staff_plan: site.staff_plan,
            uplink: Some(site.uplink),
            garden: Some(site.garden),
            terms: site.terms,
            look: site.look,
            devices: Some(site.devices),
            filter: FilterSettings {
                without_index: Some(site.filter.without_index),
                class_groups: Some(site.filter.class_groups),
                forward: Some(site.filter.forward),
            },
            nat_attribution: site.nat_attribution.then_some(true),
            notices: site.notices,
        }
    }
}

impl SettingsDocument {
    /// What may not stand above the sites.
    pub fn mistakes_above(&self) -> Vec<Why> {
        let only_at_the_site = [
            ("name", self.name.is_some()),
            ("kind", self.kind.is_some()),
            ("agency", self.agency.is_some()),
            ("regency", self.regency.is_some()),
            ("devices", self.devices.is_some()),
            ("hours.overrides", self.hours.overrides.is_some()),
        ];
        let wrong = only_at_the_site.into_iter().filter(|(_, set)| *set);
        wrong.map(|(field, _)| why!("setting-of-site").at(field)).collect()
    }
}
