//! Balances, so that a new router does not give a second quota.

use gapura_model::{AccountName, Traffic};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{LentShare, Pseudonym, VoucherTag};

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

/// Time and bytes used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Time online, in seconds.
    pub seconds: u64,
    /// Bytes.
    pub traffic: Traffic,
}

/// What one holder has used. Days and months are those of the site's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Whose.
    pub holder: WireHolder,
    /// The local day `day_used` belongs to; none while no trusted clock has told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
    /// Used on that day.
    pub day_used: Used,
    /// Used in that day's month.
    pub month_used: Used,
    /// Time used ever, in seconds (a voucher's *Waktu pakai*).
    pub ever_seconds: u64,
    /// When it was first used (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_used: Option<Timestamp>,
    /// When the pause after the last visit is over (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// Time that staff added for that day, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub added_today_seconds: u64,
    /// Time that staff added to a voucher's *Waktu pakai*, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub added_seconds: u64,
    /// In a restore, of a group's voucher: the number and amounts of the share the site holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lent: Option<LentShare>,
    /// When the gateway wrote this row (UTC); a later one replaces an earlier one.
    pub at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
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
