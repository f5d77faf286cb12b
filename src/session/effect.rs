//! What the engine wants done, in order.

use std::time::Duration;

use gapura_model::{ByteCount, DeviceId, HolderId, MacAddr, PlanId, VisitId};
use jiff::Timestamp;

use crate::outcome::EndCause;
use crate::plan::{ByteLimit, Speed};
use crate::record::{HolderBalance, VisitRecord};

/// One thing to be done. Effects are to be carried out in order; records and balances before the kernel is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Let the device through (or replace what it was granted before).
    Grant(Grant),
    /// Only the time of a running grant changes; its quotas go on as they are.
    Retime {
        /// The visit.
        visit: VisitId,
        /// Its device.
        device: DeviceId,
        /// From now until the kernel must cut, whatever becomes of this program.
        expires_in: Duration,
    },
    /// The holder's shared quota is replaced (new day, new month, new limits): this much is left from now.
    HolderQuota {
        /// Whose.
        holder: HolderId,
        /// What is left; [`KernelQuota::Unlimited`] where it is no longer limited.
        quota: KernelQuota,
    },
    /// Take access away. Exactly once for each fresh grant.
    Revoke {
        /// The visit.
        visit: VisitId,
        /// The device that loses access.
        device: DeviceId,
        /// Whose quota object it used.
        holder: HolderId,
        /// Why.
        cause: EndCause,
    },
    /// Keep this record (upsert by visit id).
    Record(VisitRecord),
    /// Keep this balance (upsert by holder).
    Balance(HolderBalance),
    /// A voucher was used for the first time: this commit must be on disk before the grant after it is carried out.
    Redeemed {
        /// The voucher.
        holder: HolderId,
        /// When (UTC).
        at: Timestamp,
    },
    /// Refuse everything from this address, or stop refusing it.
    Block {
        /// The address, on whichever visitor network.
        mac: MacAddr,
        /// Whether it is blocked now.
        blocked: bool,
    },
    /// The gate is open for everybody for this long, or (`None`) no longer.
    Emergency(Option<Duration>),
    /// The site opened or closed, by its hours or by the choice for a doubtful clock.
    Hours {
        /// Whether new visitors are let in now.
        open: bool,
    },
    /// Something staff or auditors should read.
    Notice(Notice),
}

/// What one device is granted. A grant of a visit on the same device replaces the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The visit.
    pub visit: VisitId,
    /// The device.
    pub device: DeviceId,
    /// Whose shared quota it uses.
    pub holder: HolderId,
    /// Whose part of the uplink it takes part in.
    pub plan: PlanId,
    /// First grant of this visit on this device; otherwise it replaces one.
    pub fresh: bool,
    /// From now until the kernel must cut. Never more than [`crate::LONGEST_GRANT`].
    pub expires_in: Duration,
    /// Left of the visit's own limit.
    pub visit_quota: KernelQuota,
    /// Left of the holder's limit, the least of day and month; `None` where the holder has no byte limit. Its object is
    /// made from this where it does not exist yet; a running one is left alone: it changes by [`Effect::HolderQuota`] only.
    pub holder_quota: Option<KernelQuota>,
    /// Speed within the limits.
    pub speed: Speed,
    /// Speed once a quota is used up; `None`: used up means cut.
    pub slow: Option<Speed>,
    /// The policy group of the content filter.
    pub group: u8,
}

/// What is left of a quota at the moment it is granted, by the readings given to [`crate::Engine::usage`] so far.
/// Read the counters before an operation that grants anew, or bytes since the last reading are given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelQuota {
    /// No limit.
    Unlimited,
    /// Both directions together.
    Total(ByteCount),
    /// Each direction by itself; `None` leaves it unlimited.
    EachWay {
        /// Bytes the device may still send.
        up: Option<ByteCount>,
        /// Bytes the device may still receive.
        down: Option<ByteCount>,
    },
}

impl KernelQuota {
    /// The smaller of two quotas of the same shape; of different shapes, `self` unless it is unlimited.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unlimited, quota) | (quota, Self::Unlimited) => quota,
            (Self::Total(one), Self::Total(two)) => Self::Total(one.min(two)),
            (Self::EachWay { up, down }, Self::EachWay { up: other_up, down: other_down }) => {
                Self::EachWay { up: least(up, other_up), down: least(down, other_down) }
            }
            (Self::Total(_) | Self::EachWay { .. }, Self::Total(_) | Self::EachWay { .. }) => self,
        }
    }

    /// Bytes left in all, for people, of the directions that are limited; `None` where neither is.
    pub fn bytes(self) -> Option<ByteCount> {
        match self {
            Self::Unlimited | Self::EachWay { up: None, down: None } => None,
            Self::EachWay { up: Some(up), down: Some(down) } => Some(up + down),
            Self::Total(left)
            | Self::EachWay { up: Some(left), down: None }
            | Self::EachWay { up: None, down: Some(left) } => Some(left),
        }
    }
}

impl From<ByteLimit> for KernelQuota {
    fn from(left: ByteLimit) -> Self {
        match left {
            ByteLimit::None | ByteLimit::EachWay { up: None, down: None } => Self::Unlimited,
            ByteLimit::Total(left) => Self::Total(left),
            ByteLimit::EachWay { up, down } => Self::EachWay { up, down },
        }
    }
}

fn least(one: Option<ByteCount>, two: Option<ByteCount>) -> Option<ByteCount> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}

/// Something staff or auditors should read. Carries no address but where the staff member named one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Staff opened a visit.
    OpenedByStaff {
        /// The visit.
        visit: VisitId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Staff ended a visit.
    Kicked {
        /// The visit.
        visit: VisitId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Staff extended a visit.
    ExtendedByStaff {
        /// The visit.
        visit: VisitId,
        /// Who.
        by: String,
        /// By how much.
        time: Duration,
        /// By how many bytes.
        bytes: ByteCount,
    },
    /// Staff took time of a visit away.
    ShortenedByStaff {
        /// The visit.
        visit: VisitId,
        /// Who.
        by: String,
        /// By how much.
        time: Duration,
    },
    /// Staff moved a visit to another device.
    MovedByStaff {
        /// The visit.
        visit: VisitId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Staff blocked or unblocked a device.
    Blocked {
        /// The address.
        mac: MacAddr,
        /// Whether it is blocked now.
        blocked: bool,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// The gate was opened for everybody (*Buka darurat*).
    EmergencyOpened {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// For how long.
        length: Duration,
    },
    /// The emergency opening ended.
    EmergencyEnded {
        /// Who ended it; `None` when its time was over.
        by: Option<String>,
    },
    /// Another device uses a visitor's address.
    Theft {
        /// The visit.
        visit: VisitId,
        /// Whether the visit was ended for it.
        ended: bool,
    },
    /// The uplink went down.
    UplinkDown,
    /// The uplink is back.
    UplinkUp {
        /// How long it was down.
        down_for: Duration,
    },
    /// The wall clock is not to be believed any more; the site's stated choice replaces its hours.
    ClockDoubtful,
    /// The wall clock is to be believed again, or jumped while it was.
    ClockSet,
    /// A new policy is in force.
    PolicyReplaced {
        /// How many visits it ended.
        ended: usize,
    },
}
