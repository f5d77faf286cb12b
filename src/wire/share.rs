//! Shares of a group's vouchers: what a site gives back or asks for, what the controller lends.
//!
//! The controller numbers its changes of a site's share. Every message of a site says which number it stands on; only the
//! first message on a number is acted upon and moves it by one, so that messages may be sent twice, lost or reordered.

use gapura_session::Share;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::VoucherTag;

/// What a gateway says of the share it holds of one voucher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareLine {
    /// The voucher.
    pub tag: VoucherTag,
    /// The number of the share it holds; 0 is what the bundle says.
    pub number: u64,
    /// Given back of that: already on disk and in the kernel there. The same in every message on this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Share>,
    /// Used there, of days and months those of [`ShareReport::day`].
    pub used: Share,
    /// More is wanted: somebody is online on it, or was turned away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wants: bool,
}

/// A gateway reports shares it was asked to give back, or asks for more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareReport {
    /// The local day at the site, by a trusted clock.
    pub day: Date,
    /// At most [`crate::limits::SHARE_LINES`].
    pub lines: Vec<ShareLine>,
}

/// A share lent to a site, in place of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LentShare {
    /// The voucher.
    pub tag: VoucherTag,
    /// The number of this share.
    pub number: u64,
    /// All that may be given out there.
    pub share: Share,
}

/// The controller's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareAnswer {
    /// The local day as of which these shares hold: not before it has begun at the site.
    pub day: Date,
    /// Shares that are newer than what the report says; those left out have not changed.
    pub shares: Vec<LentShare>,
}
