//! What a visitor sees: the captive redirect, the pages, the captive-portal API (RFC 8908).
//!
//! The portal knows no kernel and no database. It asks a [`Gate`] how things stand for the device behind an address and
//! passes on what the visitor wants.
#![forbid(unsafe_code)]

mod gate;
mod limits;
mod text;
mod visit;

pub use gate::{
    Credentials, Door, EndReason, Ended, Entered, Gate, Offer, Peer, Period, Refused, Site, State, TermsId, Uplink,
    View, Week,
};
pub use limits::Limits;
pub use text::{Lang, Text};
pub use visit::{BytesLeft, Extension, Notice, Severity, Share, Speed, TimeEnd, TimeLeft, Visit};
