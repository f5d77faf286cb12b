//! Who is online at a site, for the counter: everything once, then what changed. Devices go by pseudonyms.

use gapura_model::{ByteCount, ClockTrust, DeviceSort, PlanId, Traffic, VisitId};
use gapura_session::{EndCause, Way};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Pseudonym, WireHolder, limits};

/// What is told of the visits that run at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlineReport {
    /// The run of telling that this belongs to; drawn anew with each start of the gateway.
    pub run: Uuid,
    /// 1 for the first report of the run, one more with each; what is not one more than the last does not fit.
    pub seq: u64,
    /// Everything known before is forgotten: a visit that is not here (or in one of the next reports) is over.
    #[serde(default)]
    pub full: bool,
    /// The gateway's clock as it wrote this (UTC).
    pub at: Timestamp,
    /// Whether that clock can be believed.
    pub clock: ClockTrust,
    /// Whether the site lets visitors in now.
    pub open: bool,
    /// When that changes next (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Timestamp>,
    /// How many visits run in all.
    pub online: u32,
    /// Visits that are new or changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<OnlineVisit>,
    /// Visits that are over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<VisitId>,
    /// The blocks in force, all of them; none: as told before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Vec<BlockInForce>>,
}

/// A visit that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlineVisit {
    /// The visit.
    pub visit: VisitId,
    /// Its device.
    pub device: Pseudonym,
    /// What sort of device that seems to be.
    #[serde(default)]
    pub sort: DeviceSort,
    /// The label of the PC seat it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    /// How it was let in.
    pub way: Way,
    /// Under which plan.
    pub plan: PlanId,
    /// Whose balance it counts on: a voucher or an account; none for the device's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<WireHolder>,
    /// Since when (UTC).
    pub started: Timestamp,
    /// When it ends if nothing changes (UTC); none: nothing ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What ends it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_because: Option<EndCause>,
    /// Bytes left; none: not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_left: Option<ByteCount>,
    /// Bytes so far.
    pub traffic: Traffic,
    /// Both directions together since the last look, in bit/s.
    #[serde(default)]
    pub speed: u64,
    /// A byte limit was reached, and it goes on slowly.
    #[serde(default)]
    pub slowed: bool,
    /// The class that opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Uuid>,
}

/// A device that is kept out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BlockInForce {
    /// The device.
    pub device: Pseudonym,
    /// What its visitor is told.
    pub reason: String,
    /// Until then (UTC); none: until it is let in again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// It stands in the site's document, and is lifted there.
    #[serde(default)]
    pub by_document: bool,
}

impl OnlineReport {
    /// What is too much of something, in words for the operator.
    pub fn problem(&self) -> Option<String> {
        let blocks = self.blocks.as_ref().map_or(0, Vec::len);
        let most = self.visits.len().max(self.gone.len()).max(blocks);
        (most > limits::ONLINE_ROWS).then(|| format!("the report has {most} rows, more than {}", limits::ONLINE_ROWS))
    }
}
