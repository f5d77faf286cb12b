//! What is written.

use std::collections::BTreeMap;

use gapura_model::{AccountName, DeviceSort, MacAddr, PlanId, Traffic, Uptime, VisitId};
use gapura_session::{Block, Emergency, HolderBalance, Terms, VisitRecord};
use jiff::Timestamp;

/// One thing to keep. A group of them is committed in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A visit as it stands; one that ended is removed (its last word goes through the outbox).
    Visit {
        /// The visit.
        record: Box<VisitRecord>,
        /// Where the kernel holds it and what its counters read when `record.traffic` was right; `None` keeps what is there.
        place: Option<Place>,
    },
    /// What a holder used.
    Balance(Box<HolderBalance>),
    /// A voucher was used for the first time. Commit it durably.
    Redemption {
        /// The HMAC of its code.
        voucher: [u8; 32],
        /// When (UTC).
        at: Timestamp,
    },
    /// A voucher's one-time token let somebody in. Commit it durably.
    Token {
        /// The HMAC of the token.
        token: [u8; 32],
        /// When (UTC).
        at: Timestamp,
    },
    /// Something for the controller. Of one subject only the newest is kept.
    Outbox {
        /// What it is about, for example a visit's id; `None` is never replaced.
        subject: Option<String>,
        /// The message, without addresses or names.
        body: Vec<u8>,
    },
    /// Who did what.
    Audit(AuditEvent),
    /// A named value, see [`settings`]; `None` removes it.
    Setting {
        /// The name.
        name: &'static str,
        /// The value.
        value: Option<String>,
    },
    /// A visitor agreed to the terms.
    Terms {
        /// For which visit.
        visit: VisitId,
        /// When (UTC).
        at: Timestamp,
        /// To what.
        terms: Terms,
    },
    /// An account's password verifier, after the controller confirmed the password.
    Verifier {
        /// The account.
        account: AccountName,
        /// What is kept of it.
        verifier: Verifier,
    },
    /// An account's verifier is not to be believed any more.
    ForgetVerifier(AccountName),
    /// The blocks by staff on this gateway, all of them.
    Blocks(BTreeMap<MacAddr, Block>),
    /// The running emergency opening, in the kernel run of [`settings::BOOT`].
    Emergency(Option<Emergency>),
    /// An order of staff came; one that is known stays as it is. Commit it durably before it is carried out.
    Order {
        /// Its id.
        id: String,
        /// The order (JSON).
        document: String,
        /// When it came (UTC).
        at: Timestamp,
    },
    /// What became of an order; belongs into the commit of what it did.
    OrderDone {
        /// Its id.
        id: String,
        /// What became of it (JSON).
        outcome: String,
    },
    /// The controller has this outcome of an order.
    OrderTold {
        /// Its id.
        id: String,
        /// The outcome (JSON) as it was told.
        outcome: String,
    },
    /// What sort of device a visit seems to be on.
    Sort {
        /// The visit.
        visit: VisitId,
        /// The sort.
        sort: DeviceSort,
    },
    /// Which public ports a visit has or had (JSON); `None` forgets it.
    Nat {
        /// The visit.
        visit: VisitId,
        /// Ports, addresses and times.
        document: Option<String>,
        /// When it ended: from then on its ports rest.
        ended: Option<Timestamp>,
    },
    /// A moment at which the wall clock was trusted, in the kernel run of [`settings::BOOT`].
    ClockBasis(Option<(Uptime, Timestamp)>),
}

/// Where the kernel holds a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bits 0 to 15 of its mark.
    pub slot: u16,
    /// Bits 24 to 28 of its mark.
    pub generation: u8,
    /// What the kernel's counters read when the record's bytes were right.
    pub reading: Traffic,
}

/// An entry of the local audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When (UTC).
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What, as a stable id such as `kick`.
    pub action: String,
    /// Why, before and after.
    pub detail: String,
}

/// What is kept of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// The Argon2id text (PHC format).
    pub phc: String,
    /// The account's plan.
    pub plan: PlanId,
    /// Until when it may be used without the controller (UTC): 30 days after it was confirmed.
    pub expires: Timestamp,
}

/// Names of settings.
pub mod settings {
    /// The last wall time known (RFC 3339): at boot it is never earlier.
    pub const LAST_WALL: &str = "last-wall";
    /// The site's unique local prefix (RFC 4193).
    pub const ULA: &str = "ula";
    /// The kernel run in which the ledger was last written.
    pub const BOOT: &str = "boot";
    /// The epoch of the key for pseudonyms.
    pub const EPOCH: &str = "epoch";
    pub(crate) const BLOCKS: &str = "blocks";
    pub(crate) const EMERGENCY: &str = "emergency";
    pub(crate) const CLOCK_BASIS: &str = "clock-basis";
    pub(crate) const DROPPED: &str = "outbox-dropped";
}
