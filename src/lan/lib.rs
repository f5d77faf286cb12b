//! Addresses for visitors: DHCP by our own dnsmasq (or none of ours), and IPv6 router advertisements that we send ourselves.
//!
//! Plans are pure: [`LanPlan`] becomes dnsmasq's configuration, [`plan_v6`] decides what each bridge announces. At the rim
//! [`serve_dhcp`] supervises the dnsmasq process and [`advertise`] answers and sends ICMPv6. The bridges' own addresses are
//! set elsewhere; [`WantedAddress`] says which are wanted.
#![deny(unsafe_code)]

mod advertise;
mod checked;
mod dhcp;
mod dnsmasq;
mod leases;
mod pool;
mod prefix;
mod ra;
mod router;
mod sys;
mod v6;

pub use advertise::{AdvertPlan, Farewell, advertise};
pub use checked::{ApiUri, CheckError, PlainPath, UserName};
pub use dhcp::{DhcpError, DhcpPlan, DhcpState, serve_dhcp};
pub use dnsmasq::{AddressMode, LanBridge, LanError, LanPlan, Range4};
pub use leases::{Lease, Leases};
pub use pool::{PoolAlert, PoolWatch};
pub use prefix::{ParsePrefixError, Prefix6, Ula};
pub use ra::{Advertisement, PrefixInfo, Solicitation};
pub use v6::{BridgeV6, Reach, V6Choice, V6Situation, WantedAddress, plan_v6};
