//! Values every room of Gapura speaks: checked newtypes and ids, without I/O.
//!
//! Text from outside is parsed into these types once, at the border; inside the house a value that exists is valid.
//! Units are part of the type: [`ByteCount`] counts octets, [`BitRate`] bits per second, [`Moment`] carries both clocks.
#![forbid(unsafe_code)]

mod amount;
mod causes;
mod device;
mod id;
mod link;
mod lists;
mod moment;
mod move_code;
mod name;
mod ports;
mod reference;
mod secret;
mod share;
mod site;
mod token;
mod voucher;

pub use amount::{BitRate, ByteCount, Traffic};
pub use causes::with_causes;
pub use device::DeviceSort;
pub use id::{
    AccountName, BootId, CategoryId, GatewayId, Generation, GroupId, HolderId, ListId, ParseNameError, PlanId,
    PolicyGroup, PresetId, SiteId, VisitId,
};
pub use link::{DeviceId, IfName, MacAddr, ParseIfNameError, ParseMacError};
pub use lists::{ListNumber, ListSet};
pub use moment::{ClockTrust, Moment, Uptime};
pub use move_code::{MoveCode, ParseMoveCodeError};
pub use name::{LONGEST_NAME, Name, NameError, NamePattern, NameSet};
pub use ports::{ParsePortBlockError, PortBlock};
pub use reference::{ParseReferenceError, Reference};
pub use secret::Secret;
pub use share::{Guarantee, Percent};
pub use site::SiteKind;
pub use token::{ParseTokenError, VoucherToken};
pub use voucher::{ParseVoucherError, VOUCHER_ALPHABET, VoucherCode};
