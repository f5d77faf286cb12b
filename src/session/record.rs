//! What is kept of a visit and of a holder: enough to report it, and to go on after a restart.

use std::time::Duration;

use gapura_model::{BootId, ByteCount, DeviceId, HolderId, PlanId, Traffic, Uptime, VisitId};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::ask::{Terms, Voucher, Way};
use crate::outcome::EndCause;
use crate::share::Lent;

/// A visit as it stands: cumulative, so that a later record of the same id replaces an earlier one.
///
/// `device` and the address in `holder` are a person's device: they stay in the gateway's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitRecord {
    /// The visit.
    pub id: VisitId,
    /// Where it is now (it may have moved).
    pub device: DeviceId,
    /// Whose balances it counts on.
    pub holder: HolderId,
    /// How it was opened.
    pub way: Way,
    /// Its plan.
    pub plan: PlanId,
    /// What the voucher stands for, where one opened it.
    pub voucher: Option<Voucher>,
    /// The terms agreed to.
    pub terms: Option<Terms>,
    /// The kernel run it lives in.
    pub boot: BootId,
    /// When it began, by the wall clock of then (UTC).
    pub started: Timestamp,
    /// When this record was true, by the wall clock of then (UTC).
    pub updated: Timestamp,
    /// When this record was true, by the monotonic clock of `boot`.
    pub updated_up: Uptime,
    /// When the device was last active, by the monotonic clock of `boot`.
    pub active_up: Uptime,
    /// Time used up to `updated` (up to the last activity once it ended by idleness).
    pub used: Duration,
    /// For how long it had been silent at `updated`, outages of the uplink left out.
    pub silent: Duration,
    /// Whether time stood still at `updated` because the uplink was down.
    pub frozen: bool,
    /// Bytes so far.
    pub traffic: Traffic,
    /// The time limit of this visit by staff, instead of the plan's.
    pub staff_time: Option<Duration>,
    /// Time added by extensions.
    pub extra_time: Duration,
    /// Bytes added by extensions.
    pub extra_bytes: ByteCount,
    /// How often the visitor extended it.
    pub extended: u8,
    /// Whether a byte limit was reached and the visit goes on slowly.
    pub slowed: bool,
    /// When and why it ended; `None` while it lasts.
    pub ended: Option<Ended>,
}

impl VisitRecord {
    /// Whether the device's address is a made-up (locally administered) one.
    pub const fn mac_is_local(&self) -> bool {
        self.device.mac.is_local()
    }
}

/// The end of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// By the wall clock of then (UTC); for an end by idleness this is the last activity.
    pub at: Timestamp,
    /// Why.
    pub cause: EndCause,
}

/// What a holder has used. Days and months are those of the site's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderBalance {
    /// Whose.
    pub holder: HolderId,
    /// The local day `day_used` belongs to; `None` while no trusted clock has told.
    pub day: Option<Date>,
    /// Used on that day.
    pub day_used: Used,
    /// Used in that day's month.
    pub month_used: Used,
    /// Time used ever (a voucher's *Waktu pakai*).
    pub time_used: Duration,
    /// Of all that, charged since a device that has left was last in use: given back if the others turn out to be idle.
    pub uncovered: Duration,
    /// Time that staff added for `day`.
    pub added_today: Duration,
    /// Time that staff added to a voucher's *Waktu pakai*.
    pub added: Duration,
    /// When it was first used (a voucher's redemption; UTC).
    pub first_used: Option<Timestamp>,
    /// When the pause after the last visit is over (UTC).
    pub paused_until: Option<Timestamp>,
    /// The kernel run `updated_up` belongs to.
    pub boot: BootId,
    /// When this balance was true, by the monotonic clock of `boot`.
    pub updated_up: Uptime,
    /// Whether time was running on at `updated_up` (a device of the holder was online and the uplink up).
    pub running: bool,
    /// The share this site holds of a group's voucher; `None` for every other holder.
    pub lent: Option<Lent>,
}

impl Used {
    pub(crate) fn plus(self, more: Self) -> Self {
        Self { time: self.time.saturating_add(more.time), traffic: self.traffic + more.traffic }
    }
}

/// Time and bytes used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Time with at least one device online.
    pub time: Duration,
    /// Bytes of all devices.
    pub traffic: Traffic,
}

impl HolderBalance {
    /// A holder that has used nothing.
    pub const fn new(holder: HolderId, boot: BootId, now: Uptime) -> Self {
        const NOTHING: Used = Used { time: Duration::ZERO, traffic: Traffic::ZERO };
        Self {
            holder,
            day: None,
            day_used: NOTHING,
            month_used: NOTHING,
            time_used: Duration::ZERO,
            uncovered: Duration::ZERO,
            added_today: Duration::ZERO,
            added: Duration::ZERO,
            first_used: None,
            paused_until: None,
            boot,
            updated_up: now,
            running: false,
            lent: None,
        }
    }
}
