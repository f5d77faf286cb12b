//! What staff order at the counter, and what the gateway did with it: one exchange that waits.
//!
//! The controller offers an order until it knows what became of it; the gateway writes it down before it acts, acts once, and tells
//! the outcome until the controller has it.

use std::fmt;
use std::str::FromStr;

use gapura_model::{BootId, DeviceSort, MoveCode, PlanId, PolicyGroup, VisitId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{OnlineReport, Pseudonym, VoucherTag, limits};

/// One order (a random UUID).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(Uuid);

impl OrderId {
    /// Builds an id from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl FromStr for OrderId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What staff want done at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id: an order that comes again is the same one.
    pub id: OrderId,
    /// Who ordered it, as the audit trail names them.
    pub who: String,
    /// Why; the visitor reads it where the order ends or blocks something.
    pub reason: String,
    /// When it was made (UTC).
    pub made: Timestamp,
    /// From when on it is not carried out any more (UTC).
    pub expires: Timestamp,
    /// What is to be done.
    #[serde(flatten)]
    pub what: OrderKind,
}

/// What is to be done. Nothing of it reaches beyond closing time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum OrderKind {
    /// *Perpanjang*: more time.
    Extend {
        /// Which visit.
        visit: VisitId,
        /// How much more; none: until closing time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
    },
    /// Takes time away.
    Shorten {
        /// Which visit.
        visit: VisitId,
        /// How much less.
        seconds: u64,
    },
    /// *Putuskan*.
    End {
        /// Which visit.
        visit: VisitId,
    },
    /// *Blokir*: keeps a device out.
    Block {
        /// The device.
        device: Pseudonym,
        /// Until then (UTC); none: until it is let in again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Lets a blocked device try again.
    Unblock {
        /// The device.
        device: Pseudonym,
    },
    /// *Pindahkan ke perangkat lain*: the visit goes on there, and ends here in the same moment.
    Move {
        /// Which visit.
        visit: VisitId,
        /// Where to.
        to: MoveTo,
    },
    /// Opens a PC seat.
    OpenSeat {
        /// The seat, by its label.
        seat: String,
        /// The plan; none: the site's plan for staff.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<PlanId>,
        /// For how long.
        seconds: u64,
    },
    /// *Kelas*: opens seats, and a voucher for phones, with one group in the content filter and one end.
    OpenClass {
        /// The class.
        class: Uuid,
        /// The seats, by their labels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seats: Vec<String>,
        /// The plan of the seats.
        plan: PlanId,
        /// The group in the content filter for its time; none: as always.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<PolicyGroup>,
        /// The voucher for phones; it is in the bundle.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voucher: Option<VoucherTag>,
        /// When it ends by itself (UTC).
        until: Timestamp,
    },
    /// Ends a class before its time.
    CloseClass {
        /// The class.
        class: Uuid,
    },
    /// A kind that this version does not know: not carried out, which is said.
    #[serde(other)]
    Unknown,
}

/// Where a visit moves to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MoveTo {
    /// To the first device on which this code is typed, until then (UTC).
    Code {
        /// The code.
        code: MoveCode,
        /// How long it is good.
        until: Timestamp,
    },
    /// To a PC seat, by its label.
    Seat(String),
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderOutcome {
    /// Which order.
    pub id: OrderId,
    /// When the gateway was done with it (UTC).
    pub at: Timestamp,
    /// What became of it.
    #[serde(flatten)]
    pub result: OrderResult,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum OrderResult {
    /// The kernel does it.
    Done {
        /// When the visit it was about ends if nothing changes (UTC).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// How many seats or visits it was about.
        #[serde(default, skip_serializing_if = "is_zero")]
        count: u32,
        /// Seats that did not open, by their labels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<String>,
    },
    /// Nothing was done.
    Failed {
        /// Why.
        why: NotDone,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Why an order was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotDone {
    /// It came too late.
    Expired,
    /// The visit is over.
    VisitOver,
    /// No device that the gateway has seen lately has this pseudonym.
    UnknownDevice,
    /// There is no such seat, or its PC was never seen: it has to be switched on once.
    UnknownSeat,
    /// There is no such class, or it is over.
    UnknownClass,
    /// Somebody is on the seat.
    SeatInUse,
    /// The plan is not the site's.
    UnknownPlan,
    /// The group in the content filter is not the site's.
    UnknownGroup,
    /// The device was not blocked by order (the site's own list is changed in its document).
    NotBlocked,
    /// The visit ends for another reason that no extension moves: closing time or *Pakai sebelum*.
    WouldNotHelp,
    /// The site is closed.
    Closed,
    /// The uplink is down.
    UplinkDown,
    /// The device is blocked.
    Blocked,
    /// The gateway could not write it down or the kernel refused.
    Trouble,
    /// A kind of order that the gateway does not know: upgrade it.
    UnknownOrder,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

impl NotDone {
    /// Every reason, for tables of texts.
    pub const ALL: [Self; 16] = [
        Self::Expired,
        Self::VisitOver,
        Self::UnknownDevice,
        Self::UnknownSeat,
        Self::UnknownClass,
        Self::SeatInUse,
        Self::UnknownPlan,
        Self::UnknownGroup,
        Self::NotBlocked,
        Self::WouldNotHelp,
        Self::Closed,
        Self::UplinkDown,
        Self::Blocked,
        Self::Trouble,
        Self::UnknownOrder,
        Self::Other,
    ];

    /// The stable text id, as in JSON.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::VisitOver => "visit-over",
            Self::UnknownDevice => "unknown-device",
            Self::UnknownSeat => "unknown-seat",
            Self::UnknownClass => "unknown-class",
            Self::SeatInUse => "seat-in-use",
            Self::UnknownPlan => "unknown-plan",
            Self::UnknownGroup => "unknown-group",
            Self::NotBlocked => "not-blocked",
            Self::WouldNotHelp => "would-not-help",
            Self::Closed => "closed",
            Self::UplinkDown => "uplink-down",
            Self::Blocked => "blocked",
            Self::Trouble => "trouble",
            Self::UnknownOrder => "unknown-order",
            Self::Other => "other",
        }
    }
}

/// What a gateway says at the desk; it waits for orders where it has nothing to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskReport {
    /// The run of its kernel.
    pub boot: BootId,
    /// What became of orders; told until the controller answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<OrderOutcome>,
    /// Who is online, or what changed of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<OnlineReport>,
    /// Whether it believes that somebody is looking; the controller answers at once where that is not so.
    #[serde(default)]
    pub watched: bool,
    /// How long it waits for orders, in seconds.
    #[serde(default)]
    pub wait_seconds: u64,
}

impl DeskReport {
    /// What is too much of something, in words for the operator.
    pub fn problem(&self) -> Option<String> {
        if self.outcomes.len() > limits::ORDERS {
            return Some(format!("the report has more than {} outcomes", limits::ORDERS));
        }
        self.online.as_ref().and_then(OnlineReport::problem)
    }
}

/// The controller's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskReply {
    /// Orders whose outcome the controller does not know, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Order>,
    /// Somebody is looking: tell changes within a second.
    #[serde(default)]
    pub watched: bool,
    /// What was told does not fit what is known here: tell everything anew.
    #[serde(default)]
    pub again: bool,
}

/// A device as staff name it, without its sort: `3F-07`, from the first bits of its pseudonym. Two devices of one evening may have
/// the same; their rows differ.
pub fn short_device(device: &Pseudonym) -> String {
    let text = device.to_string();
    let digits = text.rsplit(':').next().unwrap_or_default().to_uppercase();
    let (first, second) = (digits.get(..2).unwrap_or_default(), digits.get(2..4).unwrap_or_default());
    format!("{first}-{second}")
}

/// A device as staff name it, in Indonesian: `Ponsel 3F-07`.
pub fn device_label(sort: DeviceSort, device: &Pseudonym) -> String {
    let word = match sort {
        DeviceSort::Phone => "Ponsel",
        DeviceSort::Tablet => "Tablet",
        DeviceSort::Laptop => "Laptop",
        DeviceSort::Other => "Perangkat",
    };
    format!("{word} {}", short_device(device))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_a_short_name_for_people() {
        let device: Pseudonym = "h1:2026-11:3f07aa00000000000000000000000000".parse().unwrap();
        assert_eq!(device_label(DeviceSort::Phone, &device), "Ponsel 3F-07");
        assert_eq!(device_label(DeviceSort::Other, &device), "Perangkat 3F-07");
    }

    #[test]
    fn an_order_of_a_later_version_is_read_and_not_understood() {
        let text = r#"{"id":"0d5c7f6e-0000-4000-8000-000000000001","who":"ani","reason":"","made":"2026-11-20T12:00:00Z",
            "expires":"2026-11-20T12:15:00Z","do":"paint","colour":"red"}"#;
        let order: Order = serde_json::from_str(text).unwrap();
        assert_eq!(order.what, OrderKind::Unknown);
        for why in NotDone::ALL {
            assert_eq!(serde_json::to_string(&why).unwrap(), format!("\"{}\"", why.id()));
        }
    }
}
