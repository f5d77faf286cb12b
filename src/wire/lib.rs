//! What a gateway and its controller say to each other, version 1: JSON over HTTPS.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /v1/enrol` (no client certificate) | [`EnrolRequest`] | [`EnrolAnswer`] |
//! | `POST /v1/renew` | [`RenewRequest`] | [`RenewAnswer`] |
//! | `GET /v1/bundle?after=GENERATION&wait=SECONDS` | - | [`SignedBundle`], or 204 when nothing newer came in time |
//! | `POST /v1/bundle/outcome` | [`BundleOutcome`] | 204 |
//! | `POST /v1/usage` | [`UsageBatch`] | [`UsageAck`] |
//! | `POST /v1/heartbeat` | [`Heartbeat`] | [`HeartbeatReply`] |
//! | `POST /v1/balances` | [`BalanceReport`] | 204 |
//! | `GET /v1/balances` | - | [`BalanceReport`] last reported for this site |
//! | `POST /v1/shares` | [`ShareReport`] | [`ShareAnswer`] |
//! | `POST /v1/account` | [`AccountCheck`] | [`AccountAnswer`] |
//! | `GET /v1/index/VERSION` (`Range` allowed) | - | the index of filter lists, or 404 |
//! | `GET /v1/index/VERSION/from/OLDER` (`Range` allowed) | - | what changed since `OLDER`, or 404: fetch it whole |
//! | `POST /v1/filter-counts` | [`FilterCounts`] | 204 |
//! | `POST /v1/appeals` | [`Appeals`] | [`AppealsAck`] |
//! | `POST /v1/shadow` | [`ShadowReport`] | 204 |
//! | `POST /v1/requests` | [`HelpRequests`] | [`HelpRequestsAck`] |
//! | `POST /v1/desk` (waits) | [`DeskReport`] | [`DeskReply`] |
//!
//! Every error is a [`Problem`]. Reading is total: whatever arrives gives a value or a typed error, and [`limits`] bounds the
//! sizes. A reader ignores fields it does not know, so that a newer controller can talk to an older router; it refuses a bundle
//! of another `version`. There is no I/O, no clock and no randomness here.
#![forbid(unsafe_code)]

mod account;
mod anchor;
mod appeal;
mod balance;
mod bundle;
mod bytes;
mod counts;
mod desk;
mod enrol;
mod filter;
mod heartbeat;
pub mod limits;
mod look;
mod online;
mod pin;
mod portal;
mod problem;
mod pseudonym;
mod request;
mod shadow;
mod share;
mod sign;
mod uplink_share;
mod usage;
mod voucher;

pub use account::{AccountAnswer, AccountChange, AccountCheck, AccountGrant};
pub use anchor::{AuditAnchor, AuditCode, ParseAuditCodeError};
pub use appeal::{Appeal, AppealAnswer, AppealVerdict, Appeals, AppealsAck, Contact, ParseContactError, RefusedAppeal};
pub use balance::{Balance, BalanceReport, Used, WireHolder};
pub use bundle::{
    Bundle, BundleMistake, BundleOutcome, BundleVerdict, Device, DeviceRole, Garden, GardenTarget, InDoubt,
    ParseGardenError, Site, Uplink, WaysIn,
};
pub use bytes::{ParseHexError, Sha256};
pub use counts::{CountsError, FilterCount, FilterCounts};
pub use desk::{
    DeskReply, DeskReport, MoveTo, NotDone, Order, OrderId, OrderKind, OrderOutcome, OrderResult, device_label,
    short_device,
};
pub use enrol::{EnrolAnswer, EnrolCode, EnrolRequest, ParseEnrolCodeError, RenewAnswer, RenewRequest};
pub use filter::{ClauseRef, Filter, IndexRef, SopDraft, SopRevision, WithoutIndex, ZoneForward};
pub use heartbeat::{
    ClockQuality, ClockSource, FilterState, GatewayState, Heartbeat, HeartbeatReply, OutboxState, SignedTime,
    TimeError, TimeStatement, UplinkState, Versions, Words,
};
pub use limits::VERSION;
pub use look::{Colour, Look, Notice, ParseColourError, ParseSvgError, Severity, Svg, Terms, Text};
pub use online::{BlockInForce, OnlineReport, OnlineVisit};
pub use pin::{ParsePinError, SpkiPin};
pub use portal::{ParsePortalError, PortalBase};
pub use problem::{Problem, ProblemKind};
pub use pseudonym::{Epoch, EpochKey, ParseEpochError, ParsePseudonymError, Pseudonym, epoch_key_at};
pub use request::{
    AnswerWords, Faq, HelpRequest, HelpRequests, HelpRequestsAck, HelpState, HelpTopic, RefusedRequest, RequestAnswer,
    StoredRequest,
};
pub use shadow::{FilterAction, ShadowName, ShadowReport, ShadowTotal};
pub use share::{LentShare, ShareAnswer, ShareLine, ShareReport};
pub use sign::{BundleError, BundleKey, BundleSigner, KeyId, ParseBundleKeyError, SignedBundle};
pub use uplink_share::{Overbooked, overbooked};
pub use usage::{NatUse, Outage, OutageKind};
pub use usage::{ReceivedBatch, Record, Refused, Tally, UsageAck, UsageBatch, UsageError, VisitUsage, Way};
pub use voucher::{Voucher, VoucherKey, VoucherTag};

#[cfg(test)]
mod tests;
