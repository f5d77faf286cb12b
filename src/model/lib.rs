//! Values every room of Gapura speaks: checked newtypes and ids, without I/O.
//!
//! Text from outside is parsed into these types once, at the border; inside the house a value that exists is valid.
//! Units are part of the type: [`ByteCount`] counts octets, [`BitRate`] bits per second, [`Moment`] carries both clocks.
#![forbid(unsafe_code)]

mod amount;
mod causes;
mod id;
mod link;
mod moment;
mod secret;
mod share;
mod voucher;

pub use amount::{BitRate, ByteCount, Traffic};
pub use causes::with_causes;
pub use id::{AccountName, BootId, GatewayId, Generation, GroupId, HolderId, ParseNameError, PlanId, SiteId, VisitId};
pub use link::{DeviceId, IfName, MacAddr, ParseIfNameError, ParseMacError};
pub use moment::{ClockTrust, Moment, Uptime};
pub use secret::Secret;
pub use share::{Guarantee, Percent};
pub use voucher::{ParseVoucherError, VOUCHER_ALPHABET, VoucherCode};
