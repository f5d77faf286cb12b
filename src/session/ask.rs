//! What a visitor, staff or the gateway asks for.

use std::fmt;
use std::num::NonZeroU16;
use std::time::Duration;

use gapura_model::{AccountName, DeviceId, HolderId, PlanId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::HolderBalance;
use crate::seconds;

/// An ask to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The device that is to be online.
    pub device: DeviceId,
    /// With what.
    pub admission: Admission,
    /// The visitor confirmed to move the visit here from a device that is still in use.
    pub take_over: bool,
    /// What the ledger holds for this holder ([`Admission::holder`]); `None` where it holds nothing. Not looked at while
    /// the engine has the holder in memory ([`crate::Engine::knows`]), so it need not be looked up then.
    pub balance: Option<HolderBalance>,
}

/// What opens the gate. Codes and passwords were checked before: this says what they stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// One tap: the visitor agreed to the terms.
    OneTap {
        /// The terms agreed to.
        terms: Terms,
    },
    /// A voucher that exists.
    Voucher {
        /// The HMAC of its code ([`HolderId::Voucher`]).
        hash: [u8; 32],
        /// What it stands for.
        voucher: Voucher,
        /// The terms agreed to, where the page shows them.
        terms: Option<Terms>,
    },
    /// An account whose password was right.
    Account {
        /// Its name.
        name: AccountName,
        /// Its plan.
        plan: PlanId,
        /// The terms agreed to, where the page shows them.
        terms: Option<Terms>,
    },
    /// Opened by staff.
    Staff {
        /// The plan.
        plan: PlanId,
        /// Time of this visit instead of the plan's.
        duration: Option<Duration>,
        /// Who opened it.
        by: String,
        /// Why.
        reason: String,
    },
    /// A device of the site's list of trusted devices (printer, staff PC): no limits, no hours.
    Trusted,
}

impl Admission {
    /// Whose balances the visit counts on.
    pub fn holder(&self, device: &DeviceId) -> HolderId {
        match self {
            Self::OneTap { .. } | Self::Staff { .. } | Self::Trusted => HolderId::Device(device.clone()),
            Self::Voucher { hash, .. } => HolderId::Voucher(*hash),
            Self::Account { name, .. } => HolderId::Account(name.clone()),
        }
    }

    /// The way in.
    pub const fn way(&self) -> Way {
        match self {
            Self::OneTap { .. } => Way::OneTap,
            Self::Voucher { .. } => Way::Voucher,
            Self::Account { .. } => Way::Account,
            Self::Staff { .. } => Way::Staff,
            Self::Trusted => Way::Trusted,
        }
    }
}

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// One tap with terms.
    OneTap,
    /// A voucher code.
    Voucher,
    /// An account.
    Account,
    /// Opened by staff.
    Staff,
    /// A trusted device.
    Trusted,
}

impl Way {
    /// The stable text id, for example `one-tap`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::OneTap => "one-tap",
            Self::Voucher => "voucher",
            Self::Account => "account",
            Self::Staff => "staff",
            Self::Trusted => "trusted",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The terms a visitor agrees to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Terms {
    /// The version as people name it, for example `2026-03`.
    pub version: String,
    /// SHA-256 of the text shown, in hexadecimal.
    pub hash: String,
}

/// What a voucher stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Voucher {
    /// Its plan.
    pub plan: PlanId,
    /// *Waktu pakai*: seconds online in all; stops at log-out and idle.
    #[serde(default, with = "seconds::option", skip_serializing_if = "Option::is_none")]
    pub use_time: Option<Duration>,
    /// *Pakai sebelum*: the end by the calendar (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_before: Option<Timestamp>,
    /// Devices at once, instead of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<NonZeroU16>,
    /// Withdrawn: lets nobody in.
    #[serde(default)]
    pub revoked: bool,
}
