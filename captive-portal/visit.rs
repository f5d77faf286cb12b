//! The figures of a running visit, and notices.

use std::time::Duration;

use gapura_model::{BitRate, ByteCount, Traffic};
use jiff::Timestamp;

use crate::{Period, Text};

/// A running visit, as its visitor sees it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The short number a visitor reads out to staff ([`gapura_model::VisitId::short`]).
    pub number: String,
    /// The plan's name for people.
    pub plan: Text,
    /// Devices allowed at once, where the plan says.
    pub devices: Option<u32>,
    /// When it began.
    pub started: Timestamp,
    /// Time that is left, if it is limited by anything.
    pub time: Option<TimeLeft>,
    /// Bytes that are left.
    pub bytes: BytesLeft,
    /// Bytes used by this visit.
    pub used: Traffic,
    /// The ceiling of the plan, of the slow class while it is `slowed`.
    pub speed: Speed,
    /// The bytes are used up and the visit goes on slowly.
    pub slowed: bool,
    /// *Perpanjang*, where the plan allows it now.
    pub extend: Option<Extension>,
}

/// Time that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLeft {
    /// This much, whatever ends it. The API's `seconds-remaining`.
    pub left: Duration,
    /// Of this much.
    pub of: Duration,
    /// What ends it.
    pub by: TimeEnd,
}

/// What ends a visit's time first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeEnd {
    /// The plan's time.
    Plan,
    /// The site closes.
    Closing,
    /// The voucher's *Pakai sebelum*.
    UseBefore,
}

/// Bytes that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BytesLeft {
    /// No limit.
    Unlimited,
    /// One limit for both directions.
    Total(Share),
    /// A limit for one or both directions.
    EachWay {
        /// From the device.
        up: Option<Share>,
        /// To the device.
        down: Option<Share>,
    },
}

impl BytesLeft {
    /// The API's `bytes-remaining`: the sum of both directions; `None` where either is unlimited.
    pub fn total(self) -> Option<ByteCount> {
        match self {
            Self::Unlimited => None,
            Self::Total(share) => Some(share.left),
            Self::EachWay { up, down } => Some(up?.left + down?.left),
        }
    }
}

/// A part of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// This much is left.
    pub left: ByteCount,
    /// Of this much.
    pub of: ByteCount,
    /// Counted over.
    pub period: Period,
    /// When there is a new allowance, if ever.
    pub renews: Option<Timestamp>,
}

/// Speed ceilings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speed {
    /// From the device.
    pub up: Option<BitRate>,
    /// To the device.
    pub down: Option<BitRate>,
}

/// What *Perpanjang* would give. Never past closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The visit would end then; none where it would last no longer (closing comes first) and only gains bytes.
    pub until: Option<Timestamp>,
    /// Bytes it would gain.
    pub bytes: ByteCount,
}

/// What staff want everybody to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How bad.
    pub severity: Severity,
    /// First sentence.
    pub title: Text,
    /// The rest; lines are paragraphs. May be empty.
    pub body: Text,
    /// When it was written.
    pub issued: Option<Timestamp>,
    /// Shown until then.
    pub until: Option<Timestamp>,
    /// Where to read more: label and `http(s)` address that is open without signing in.
    pub link: Option<(Text, String)>,
}

/// How bad: news, and the three levels of Indonesian early warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// News.
    Info,
    /// *Waspada*: be watchful.
    Waspada,
    /// *Siaga*: be ready.
    Siaga,
    /// *Awas*: leave now.
    Awas,
}
