//! The usage log on its way to the controller. No address and no name leaves the gateway: devices and holders are pseudonyms.

use std::borrow::Cow;

use gapura_model::{BootId, ClockTrust, GatewayId, Generation, PlanId, PortBlock, Traffic, VisitId};
use gapura_session::EndCause;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Pseudonym, Sha256, limits};

/// How a visitor was let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case")]
pub enum Way {
    /// One tap, accepting terms.
    OneTap {
        /// Their version.
        terms: String,
        /// Their hash.
        sha256: Sha256,
    },
    /// A voucher.
    Voucher,
    /// An account.
    Account,
    /// Opened by staff.
    Staff,
    /// *Buka darurat*.
    Emergency,
}

/// A visit so far: start, cumulative update and stop are the same record, told again with a higher `revision`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitUsage {
    /// Which visit.
    pub visit: VisitId,
    /// 1 at the start, higher in each later telling; the highest one known stands.
    pub revision: u64,
    /// The device's pseudonym.
    pub device: Pseudonym,
    /// The device made its address up (locally administered bit).
    pub device_local: bool,
    /// The voucher's or account's pseudonym; none for one-tap and staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Pseudonym>,
    /// How it was let in.
    #[serde(flatten)]
    pub way: Way,
    /// Under which plan.
    pub plan: PlanId,
    /// The bundle in force at the start.
    pub generation: Generation,
    /// Start (UTC), as it was noted when the visit began: every telling has the same, also once the clock was set.
    pub start: Timestamp,
    /// Whether the gateway's clock could be believed when this was told.
    pub clock: ClockTrust,
    /// When these figures were read (UTC).
    pub at: Timestamp,
    /// Bytes so far, layer 3.
    pub traffic: Traffic,
    /// Time online so far, in seconds.
    pub seconds: u64,
    /// Set in the last telling: when access ended (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// Set in the last telling: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EndCause>,
    /// The pseudonym of its private IPv4 address, where the gateway knows one. Older gateways do not say it, older controllers
    /// pass it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Pseudonym>,
    /// The public ports its IPv4 flows left with, where the site notes them: at which of the router's addresses, from when. Older
    /// gateways and others do not say it, older controllers pass it over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nat: Vec<NatUse>,
}

/// For a time, a visit's TCP and UDP flows left an uplink with ports of this block, and nobody else's did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatUse {
    /// The pseudonym of the router's IPv4 address on the uplink.
    pub address: Pseudonym,
    /// That address is private or shared (RFC 1918, RFC 6598): the provider translates again, and a port that was seen on the
    /// Internet is not one of these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub behind: bool,
    /// The ports.
    pub ports: PortBlock,
    /// From (UTC).
    pub from: Timestamp,
    /// Until (UTC); none = to the end of the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What was out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutageKind {
    /// The uplink.
    Uplink,
    /// The router was off (known at the next start).
    Power,
    /// The gate: visitors could not be let in.
    Gate,
    /// The controller could not be reached.
    Controller,
    /// A kind this version does not know.
    #[serde(other)]
    Other,
}

impl OutageKind {
    /// Its stable text, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uplink => "uplink",
            Self::Power => "power",
            Self::Gate => "gate",
            Self::Controller => "controller",
            Self::Other => "other",
        }
    }
}

/// A time during which something was out of order; told again when it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Its own id (random).
    pub id: Uuid,
    /// What.
    pub kind: OutageKind,
    /// From (UTC).
    pub start: Timestamp,
    /// Until (UTC); none while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

/// A count over a stretch of time, for example refused logins in an hour; complete when it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Its own id (random): the same tally sent twice counts once.
    pub id: Uuid,
    /// What was counted: 1 to 63 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// From (UTC).
    pub start: Timestamp,
    /// Until (UTC).
    pub end: Timestamp,
    /// How many.
    pub count: u64,
}

/// One entry of the usage log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly all records are visits")]
pub enum Record {
    /// A visit so far.
    Visit(VisitUsage),
    /// An outage.
    Outage(Outage),
    /// A count.
    Tally(Tally),
}

impl Record {
    /// Reads one record. The same as its `Deserialize`, which gathers all fields before it knows what they are of: nearly all records
    /// are visits, which are read straight away here.
    ///
    /// # Errors
    /// When the text is no record that this version knows.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Tag<'a> {
            #[serde(borrow)]
            record: Cow<'a, str>,
        }
        match &*serde_json::from_str::<Tag<'_>>(text)?.record {
            "visit" => serde_json::from_str(text).map(Self::Visit),
            _ => serde_json::from_str(text),
        }
    }
}

/// Records in the order they were written, under a number that counts up by one in each boot, from 1.
///
/// A batch that was not acknowledged is sent again, with the same number and records. Each record also carries its own identity,
/// so that even a gateway that lost its numbering (a database set aside) adds nothing twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageBatch {
    /// Who sends; must be the certificate's gateway.
    pub gateway: GatewayId,
    /// The run of its kernel in which the numbering began.
    pub boot: BootId,
    /// The batch's number in that run.
    pub seq: u64,
    /// At most [`limits::BATCH_RECORDS`].
    pub records: Vec<Record>,
}

/// A [`UsageBatch`] as the controller takes it: each record for itself, so that one that a newer gateway wrote, and this
/// controller cannot read yet, holds up no other.
#[derive(Debug, Deserialize)]
pub struct ReceivedBatch {
    /// Who sends; must be the certificate's gateway.
    pub gateway: GatewayId,
    /// The run of its kernel in which the numbering began.
    pub boot: BootId,
    /// The batch's number in that run.
    pub seq: u64,
    /// At most [`limits::BATCH_RECORDS`], each the JSON text of a [`Record`].
    pub records: Vec<Box<RawValue>>,
}

/// Why a batch as a whole cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// Too many records.
    #[error("the batch has {0} records, more than {most}", most = limits::BATCH_RECORDS)]
    TooMany(usize),
    /// Numbers begin at 1.
    #[error("the batch has number 0; numbers begin at 1")]
    NoNumber,
}

impl ReceivedBatch {
    /// Checks what the types do not say.
    pub fn check(&self) -> Result<(), UsageError> {
        if self.records.len() > limits::BATCH_RECORDS {
            return Err(UsageError::TooMany(self.records.len()));
        }
        if self.seq == 0 { Err(UsageError::NoNumber) } else { Ok(()) }
    }
}

/// A record that was not stored, and will not be when it is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Why, in English.
    pub reason: String,
}

/// The batch is on disk: the gateway may forget it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageAck {
    /// The run it belongs to.
    pub boot: BootId,
    /// The batch that was stored now or before.
    pub seq: u64,
    /// The lowest number of this run that has not arrived: send it if you have it.
    pub next: u64,
    /// This very batch had arrived before.
    pub repeated: bool,
    /// Records that could not be stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}
