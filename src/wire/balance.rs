//! Balances, so that a new router does not give a second quota.

use gapura_model::{AccountName, PlanId, Traffic};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Pseudonym, VoucherTag};

/// What a balance belongs to, without an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "kebab-case")]
pub enum WireHolder {
    /// A voucher.
    Voucher(VoucherTag),
    /// An account, under the name the controller knows it by.
    Account(AccountName),
    /// A device, by pseudonym: a new router knows it again when it comes, within the epoch.
    Device(Pseudonym),
}

impl WireHolder {
    /// Its text form for a database column: the kind, a colon and the id.
    pub fn key(&self) -> String {
        match self {
            Self::Voucher(tag) => format!("voucher:{tag}"),
            Self::Account(name) => format!("account:{}", name.as_str()),
            Self::Device(pseudonym) => format!("device:{pseudonym}"),
        }
    }
}

/// Over which time something was used, in the site's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "per", content = "from", rename_all = "kebab-case")]
pub enum Period {
    /// One local day.
    Day(Date),
    /// The local month that begins on this day.
    Month(Date),
    /// Since the first use.
    Ever,
}

/// What was used in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// When.
    #[serde(flatten)]
    pub period: Period,
    /// Bytes.
    pub traffic: Traffic,
    /// Time online, in seconds.
    pub seconds: u64,
}

/// All that one holder has used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Whose.
    pub holder: WireHolder,
    /// Under which plan.
    pub plan: PlanId,
    /// First use (UTC).
    pub first: Timestamp,
    /// End of the last visit (UTC), for the pause between visits; none while one runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_end: Option<Timestamp>,
    /// What was used.
    pub used: Vec<Used>,
    /// When the gateway wrote this row (UTC); a later one replaces an earlier one.
    pub at: Timestamp,
}

/// Balances that changed since the last report, or (to a new router) all that are known of its site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceReport {
    /// At most [`crate::limits::BALANCE_ROWS`].
    pub balances: Vec<Balance>,
    /// In a restore: ask again with `?after=` this text for the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_after: Option<String>,
}
