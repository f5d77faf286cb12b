//! Why a visit ended, and why an ask was refused: stable ids for portal, log and reports.

use std::fmt;
use std::time::Duration;

use gapura_model::PlanId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ask::Way;

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The visit's own.
    Visit,
    /// This site's share of a group's voucher, of which other sites or the controller may have more.
    Share,
    /// The holder's day.
    Day,
    /// The holder's calendar month.
    Month,
    /// The voucher's *Waktu pakai*.
    Voucher,
}

/// Why a visit ended. `Display` and [`EndCause::id`] are stable: logs, the ledger and reports keep them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EndCause {
    /// The visitor logged out.
    LoggedOut,
    /// Staff ended it.
    Kicked,
    /// A time limit was reached.
    TimeUp(Scope),
    /// A byte limit was reached and the plan cuts.
    QuotaUp(Scope),
    /// The site closed.
    Closing,
    /// Nothing was sent for the plan's idle time.
    Idle,
    /// The device was blocked.
    Blocked,
    /// The visit moved to another device of the same holder (only in a revoke; the visit goes on).
    TakenOver,
    /// The same device began another visit, with a voucher or an account.
    Replaced,
    /// Another device took the visitor's address.
    Theft,
    /// The plan was withdrawn, the voucher revoked, or the device is no longer trusted.
    PolicyChanged,
    /// The voucher's *Pakai sebelum* passed.
    Expired,
    /// The router was restarted or lost power.
    RouterOff,
    /// The kernel no longer held it, and nothing else explains that.
    Lost,
}

impl EndCause {
    /// Every cause, for tables of texts and their tests.
    pub const ALL: [Self; 22] = [
        Self::LoggedOut,
        Self::Kicked,
        Self::TimeUp(Scope::Visit),
        Self::TimeUp(Scope::Share),
        Self::TimeUp(Scope::Day),
        Self::TimeUp(Scope::Month),
        Self::TimeUp(Scope::Voucher),
        Self::QuotaUp(Scope::Visit),
        Self::QuotaUp(Scope::Share),
        Self::QuotaUp(Scope::Day),
        Self::QuotaUp(Scope::Month),
        Self::QuotaUp(Scope::Voucher),
        Self::Closing,
        Self::Idle,
        Self::Blocked,
        Self::TakenOver,
        Self::Replaced,
        Self::Theft,
        Self::PolicyChanged,
        Self::Expired,
        Self::RouterOff,
        Self::Lost,
    ];

    /// The stable text id, for example `time-up-day`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged-out",
            Self::Kicked => "kicked",
            Self::TimeUp(Scope::Visit) => "time-up-visit",
            Self::TimeUp(Scope::Share) => "time-up-share",
            Self::TimeUp(Scope::Day) => "time-up-day",
            Self::TimeUp(Scope::Month) => "time-up-month",
            Self::TimeUp(Scope::Voucher) => "time-up-voucher",
            Self::QuotaUp(Scope::Visit) => "quota-up-visit",
            Self::QuotaUp(Scope::Share) => "quota-up-share",
            Self::QuotaUp(Scope::Day) => "quota-up-day",
            Self::QuotaUp(Scope::Month) => "quota-up-month",
            Self::QuotaUp(Scope::Voucher) => "quota-up-voucher",
            Self::Closing => "closing",
            Self::Idle => "idle",
            Self::Blocked => "blocked",
            Self::TakenOver => "taken-over",
            Self::Replaced => "replaced",
            Self::Theft => "theft",
            Self::PolicyChanged => "policy-changed",
            Self::Expired => "expired",
            Self::RouterOff => "router-off",
            Self::Lost => "lost",
        }
    }

    /// Whether the plan's pause between visits follows this end. Ends the visitor had no part in owe no pause.
    pub(crate) const fn owes_pause(self) -> bool {
        match self {
            Self::LoggedOut | Self::TimeUp(_) | Self::QuotaUp(_) | Self::Idle | Self::Replaced => true,
            Self::Kicked
            | Self::Closing
            | Self::Blocked
            | Self::TakenOver
            | Self::Theft
            | Self::PolicyChanged
            | Self::Expired
            | Self::RouterOff
            | Self::Lost => false,
        }
    }
}

impl fmt::Display for EndCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A text is not the id of an end cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a known end of a visit")]
pub struct ParseEndCauseError(String);

impl std::str::FromStr for EndCause {
    type Err = ParseEndCauseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|cause| cause.id() == text)
            .ok_or_else(|| ParseEndCauseError(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for EndCause {
    type Error = ParseEndCauseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EndCause> for String {
    fn from(cause: EndCause) -> Self {
        cause.id().to_owned()
    }
}

/// Why an ask was refused. Where waiting helps, it says until when.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The site is closed.
    #[error("the site is closed")]
    Closed {
        /// When it opens, if that is known (UTC).
        opens: Option<Timestamp>,
    },
    /// The uplink is down; nothing was consumed.
    #[error("the uplink is down")]
    UplinkDown,
    /// This way in is switched off here.
    #[error("{0} is switched off at this site")]
    WayOff(Way),
    /// The visitor agreed to other terms than the ones in force.
    #[error("the terms have changed; ask again with the current ones")]
    TermsChanged,
    /// The device is blocked.
    #[error("the device is blocked")]
    Blocked {
        /// What staff wrote for the visitor.
        reason: String,
        /// When the block ends, if it does (UTC).
        until: Option<Timestamp>,
    },
    /// A limit of the holder is used up.
    #[error("the time of this {scope:?} is used up")]
    TimeUsed {
        /// Which limit.
        scope: Scope,
        /// When there is new time (UTC), if ever.
        until: Option<Timestamp>,
    },
    /// A byte limit of the holder is used up.
    #[error("the bytes of this {scope:?} are used up")]
    BytesUsed {
        /// Which limit.
        scope: Scope,
        /// When there are new bytes (UTC), if ever.
        until: Option<Timestamp>,
    },
    /// The pause between two visits is not over.
    #[error("the pause between visits lasts {wait:?} more")]
    Pause {
        /// How long still.
        wait: Duration,
    },
    /// All device places of the holder are taken by devices in use; the visitor may ask again with `take_over`.
    #[error("in use on another device, last active {silent_for:?} ago")]
    InUse {
        /// How long the most silent of those devices has been silent.
        silent_for: Duration,
    },
    /// No voucher has this code (decided by whoever looks codes up).
    #[error("no such voucher")]
    UnknownVoucher,
    /// The voucher was revoked.
    #[error("the voucher was revoked")]
    Revoked,
    /// The voucher's *Pakai sebelum* has passed.
    #[error("the voucher was to be used before {before}")]
    VoucherExpired {
        /// That time (UTC).
        before: Timestamp,
    },
    /// The plan is not among this site's plans.
    #[error("this site has no plan {0}")]
    UnknownPlan(PlanId),
    /// The device is not on the site's list of trusted devices.
    #[error("the device is not trusted here")]
    NotTrusted,
}

impl Refusal {
    /// The stable text id, for example `closed`.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::UplinkDown => "uplink-down",
            Self::WayOff(_) => "way-off",
            Self::TermsChanged => "terms-changed",
            Self::Blocked { .. } => "blocked",
            Self::TimeUsed { .. } => "time-used",
            Self::BytesUsed { .. } => "bytes-used",
            Self::Pause { .. } => "pause",
            Self::InUse { .. } => "in-use",
            Self::UnknownVoucher => "unknown-voucher",
            Self::Revoked => "revoked",
            Self::VoucherExpired { .. } => "voucher-expired",
            Self::UnknownPlan(_) => "unknown-plan",
            Self::NotTrusted => "not-trusted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_survives_its_id() {
        for cause in EndCause::ALL {
            assert_eq!(cause.id().parse::<EndCause>().unwrap(), cause);
        }
    }
}
