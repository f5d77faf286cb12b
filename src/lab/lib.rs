//! A whole service site in network namespaces: visitors, a gateway, a controller and the Internet behind it.
//!
//! Used by `gapura demo`, `gapura lab up|down|exec|status`, the netns tests and the benches. Everything in it is a real
//! part: real DHCP clients, real sockets, the kernel's own bridge and router advertisements; only the cables are veth.
//!
//! What it never does: touch an interface, rule, route or clock of the machine it runs on, or leave something behind.
//! Namespaces live in [`room::Room`] (the machine's own, or a user namespace for an ordinary user), files below
//! [`home::Home`], processes in groups of their own that die with the lab.
#![forbid(unsafe_code)]

pub mod addr;
pub mod child;
pub mod cli;
pub mod clock;
pub mod config;
pub mod counters;
pub mod daemon;
pub mod dns;
pub mod error;
pub mod home;
pub mod http;
pub mod lab;
pub mod lists;
pub mod ns;
pub mod probe;
pub mod room;
pub mod screen;
pub mod signal;
pub mod spec;
pub mod story;
mod text;
pub mod traffic;
pub mod upstream;
pub mod visit;

pub use error::LabError;
pub use lab::Lab;
pub use ns::Ns;
pub use room::Room;
pub use spec::{DhcpClient, Ipv6Mode, LabName, LabSpec, WanMode};
pub use visit::Visitor;
