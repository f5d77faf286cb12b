//! The bundle: all that one site's gateway needs to know.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use gapura_model::{BitRate, Generation, MacAddr, PlanId, SiteId, SiteKind};
use gapura_rules::hours::Hours;
use gapura_session::{Plan, PlanProblem, UplinkShare};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AccountChange, EpochKey, Faq, Filter, Look, Notice, RequestAnswer, Terms, Voucher, VoucherKey, limits, request,
};

/// The site a bundle is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name for people.
    pub name: String,
    /// What sort of place.
    pub kind: SiteKind,
    /// The agency that runs it.
    pub agency: String,
    /// The regency whose pseudonym keys are used.
    pub regency: String,
    /// Where a visitor finds help: a counter, a telephone number.
    pub contact: String,
    /// Where a mobile centre stands today: a village.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What holds while the clock is in doubt, in place of the hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InDoubt {
    /// Open: new visits are let in, nothing is extended.
    Open,
    /// Closed until the clock is set.
    #[default]
    Closed,
}

/// The ways in that a site offers; what is left out is off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches, each on a page of its own")]
pub struct WaysIn {
    /// One tap with terms; needs [`Bundle::one_tap_plan`].
    pub one_tap: bool,
    /// Vouchers.
    pub voucher: bool,
    /// Accounts.
    pub account: bool,
    /// Opened by staff on the router.
    pub staff: bool,
}

/// The uplink's speed as the site states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uplink {
    /// From the site; none = unknown, no sharing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<BitRate>,
    /// To the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<BitRate>,
}

/// A place that is open before login.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Garden {
    /// A domain name (and those below it), an address or a network.
    pub to: GardenTarget,
    /// TCP and UDP ports; empty = 80 and 443.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ports: BTreeSet<u16>,
}

/// A domain name, an address or a network, written as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum GardenTarget {
    /// This domain name and all below it, in lower-case ASCII without the last dot.
    Name(String),
    /// A network: its first address and prefix length; host bits are zero.
    Net(IpAddr, u8),
}

/// A text is not a place in a walled garden.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseGardenError {
    /// Neither a name nor a network.
    #[error("\"{0}\" is neither a domain name (bpjs-kesehatan.go.id) nor a network (203.0.113.0/24, 2001:db8::/32)")]
    Neither(String),
    /// Bits behind the prefix length are set.
    #[error("\"{0}\" has bits set behind its prefix length")]
    HostBits(String),
}

impl FromStr for GardenTarget {
    type Err = ParseGardenError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let neither = || ParseGardenError::Neither(text.chars().take(80).collect());
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        if let Ok(address) = address.parse::<IpAddr>() {
            let width: u8 = if address.is_ipv4() { 32 } else { 128 };
            let length = length.map_or(Ok(width), str::parse).map_err(|_| neither())?;
            if length > width {
                return Err(neither());
            }
            if host_bits(address, length) {
                return Err(ParseGardenError::HostBits(text.chars().take(80).collect()));
            }
            return Ok(Self::Net(address, length));
        }
        let name = text.trim_end_matches('.').to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let numeric_end = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|c| c.is_ascii_digit()));
        if name.len() <= 253 && name.contains('.') && name.split('.').all(label) && !numeric_end {
            Ok(Self::Name(name))
        } else {
            Err(neither())
        }
    }
}

fn host_bits(address: IpAddr, length: u8) -> bool {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_shl(length.into()).unwrap_or(0) != 0,
        IpAddr::V6(address) => address.to_bits().checked_shl(length.into()).unwrap_or(0) != 0,
    }
}

impl TryFrom<String> for GardenTarget {
    type Error = ParseGardenError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<GardenTarget> for String {
    fn from(target: GardenTarget) -> Self {
        target.to_string()
    }
}

impl fmt::Display for GardenTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Net(address, length) => write!(f, "{address}/{length}"),
        }
    }
}

/// What staff know about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceRole {
    /// Let in by no way; sees a page that says so.
    Blocked,
    /// Always online, without a visit: a printer, a staff PC.
    Trusted,
    /// A gallery's PC: the person changes, so each visit needs a fresh login and ends on idle.
    Seat,
}

/// A device that staff know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its address.
    pub mac: MacAddr,
    /// What it is.
    pub role: DeviceRole,
    /// What staff call it, for example `PC 3`; shown to a blocked visitor as the reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// A seat's visit that sends nothing for this long (seconds) ends; none = ten minutes.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::voucher::opt_seconds")]
    pub idle: Option<Duration>,
}

/// All that one site's gateway needs to know, as of one generation. Holds keys: it is stored with mode 0600 and never logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// [`crate::VERSION`].
    pub version: u32,
    /// Counts up with each publication for this site.
    pub generation: Generation,
    /// When it was published (UTC).
    pub published: Timestamp,
    /// The site.
    pub site: Site,
    /// When it is open; holds the site's time zone.
    pub hours: Hours,
    /// What holds while the clock is in doubt.
    pub in_doubt: InDoubt,
    /// The ways in.
    pub ways: WaysIn,
    /// The plan of one-tap visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_tap_plan: Option<PlanId>,
    /// The plan of visits that staff open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff_plan: Option<PlanId>,
    /// All plans.
    pub plans: Vec<Plan>,
    /// The uplink's speed.
    pub uplink: Uplink,
    /// Plans' parts of it; see [`Bundle::parts`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<PlanId, UplinkShare>,
    /// What is open before login.
    pub garden: Vec<Garden>,
    /// Terms of use; needed for one tap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// How the portal looks.
    pub look: Look,
    /// This site's key for voucher codes.
    pub voucher_key: VoucherKey,
    /// Vouchers that may still be used, and those withdrawn lately.
    pub vouchers: Vec<Voucher>,
    /// Accounts changed in the last 31 days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_changes: Vec<AccountChange>,
    /// Devices that staff know.
    pub devices: Vec<Device>,
    /// Notices.
    pub notices: Vec<Notice>,
    /// Pseudonym keys: this month's and the next ones, for weeks without the controller.
    pub pseudonym_keys: Vec<EpochKey>,
    /// The content filter; none = nothing is filtered, as with a controller of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// How far requests for help made here in the last 90 days are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_answers: Vec<RequestAnswer>,
    /// What people ask often, as staff answer it, in the order in which it is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faq: Vec<Faq>,
    /// Visits have public ports of their own, and usage records say which. A router of before passes it over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nat_attribution: bool,
}

impl Bundle {
    /// Looks for contradictions; the answer names all of them.
    pub fn check(&self) -> Result<(), String> {
        let wrong: Vec<String> = self.mistakes().iter().map(ToString::to_string).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    /// All contradictions.
    pub fn mistakes(&self) -> Vec<BundleMistake> {
        let plans: BTreeSet<&PlanId> = self.plans.iter().map(|plan| &plan.id).collect();
        let named =
            self.one_tap_plan.iter().chain(&self.staff_plan).chain(self.vouchers.iter().map(|voucher| &voucher.plan));
        let named = named.chain(self.shares.keys());
        let missing: BTreeSet<&PlanId> = named.filter(|plan| !plans.contains(plan)).collect();
        let idle = self.devices.iter().filter(|device| device.idle == Some(Duration::ZERO));
        let mut found: Vec<BundleMistake> =
            missing.into_iter().map(|plan| BundleMistake::MissingPlan(plan.clone())).collect();
        found.extend(self.plans.iter().flat_map(Plan::problems).map(BundleMistake::Plan));
        found.extend(idle.map(|device| BundleMistake::IdleDevice(device.label.clone())));
        found.extend(self.other_mistakes(&plans).into_iter().map(BundleMistake::Other));
        found
    }

    fn other_mistakes(&self, plans: &BTreeSet<&PlanId>) -> Vec<String> {
        let mut wrong = Vec::new();
        if plans.len() != self.plans.len() {
            wrong.push("two plans have the same name".to_owned());
        }
        if self.ways.one_tap && self.one_tap_plan.is_none() {
            wrong.push("one tap is on without a plan for it".to_owned());
        }
        if self.ways.one_tap && self.terms.is_none() {
            wrong.push("one tap is on without terms".to_owned());
        }
        if self.terms.as_ref().is_some_and(|terms| terms.sha256 != Terms::hash(&terms.text)) {
            wrong.push("the terms do not have the hash they state".to_owned());
        }
        let shown = self.terms.iter().map(|terms| &terms.text).chain(self.notices.iter().map(|notice| &notice.text));
        if shown.chain(self.look.texts.values()).any(|text| text.id.len().max(text.en.len()) > limits::SHOWN_BYTES) {
            wrong.push(format!("a text has more than {} bytes", limits::SHOWN_BYTES));
        }
        wrong.extend(self.filter.iter().flat_map(|filter| filter.mistakes(plans)));
        wrong.extend(request::mistakes(&self.request_answers, &self.faq));
        if self.pseudonym_keys.is_empty() {
            wrong.push("there is no pseudonym key".to_owned());
        }
        wrong
    }
}

/// A bundle contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleMistake {
    /// A plan is named and is not in it.
    #[error("plan {0} is used and not there")]
    MissingPlan(PlanId),
    /// A plan contradicts itself.
    #[error(transparent)]
    Plan(PlanProblem),
    /// A device, by its label, whose visits would end at once.
    #[error("device {0}: an idle time of zero would end every visit at once")]
    IdleDevice(String),
    /// What no form lets anybody write.
    #[error("{0}")]
    Other(String),
}

/// What became of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BundleVerdict {
    /// Verified, stored and in force.
    Applied,
    /// Larger than is read.
    TooLarge,
    /// Not a bundle.
    Unreadable,
    /// Signed by a key the gateway does not know.
    UnknownKey,
    /// Wrong signature.
    BadSignature,
    /// Another version of the format.
    Version,
    /// For another site.
    WrongSite,
    /// Older than the one in force.
    Older,
    /// Contradicts itself.
    Contradiction,
    /// Verified, but the gateway could not store or apply it; the last good one stays.
    NotApplied,
    /// A verdict this version does not know.
    #[serde(other)]
    Other,
}

impl From<&crate::BundleError> for BundleVerdict {
    fn from(error: &crate::BundleError) -> Self {
        use crate::BundleError as E;
        match error {
            E::TooLarge { .. } => Self::TooLarge,
            E::Unreadable(_) => Self::Unreadable,
            E::UnknownKey { .. } => Self::UnknownKey,
            E::BadSignature => Self::BadSignature,
            E::Version { .. } => Self::Version,
            E::WrongSite { .. } => Self::WrongSite,
            E::Older { .. } => Self::Older,
            E::Contradiction(_) => Self::Contradiction,
        }
    }
}

/// A gateway tells what it did with a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleOutcome {
    /// The bundle offered; 0 where it could not be read.
    pub generation: Generation,
    /// What became of it.
    pub verdict: BundleVerdict,
    /// Details for the operator; empty when applied.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}
