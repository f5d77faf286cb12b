//! What a visitor sees: the captive redirect, the pages, the captive-portal API (RFC 8908).
//!
//! The portal knows no kernel and no database. It asks a [`Gate`] how things stand for the device behind an address and
//! passes on what the visitor wants.
#![forbid(unsafe_code)]

pub mod api;
mod captive;
mod colour;
mod desk;
mod doorman;
mod dress;
mod entering;
pub mod forms;
mod gate;
mod limits;
mod listener;
mod look;
mod origin;
mod pages;
mod portal;
mod reply;
mod routes;
mod say;
mod style;
mod text;
mod tls;
mod token;
mod visit;
mod words;

pub use colour::{Colour, ParseColourError};
pub use gate::{
    Credentials, Door, EndReason, Ended, Entered, Gate, Offer, Peer, Period, Refused, Site, State, TermsId, Uplink,
    View, Week,
};
pub use limits::Limits;
pub use look::{Clause, Colours, Help, Link, Logo, Look, LookError, Nearby, Terms};
pub use origin::Origin;
pub use portal::{Counts, Listeners, Portal, PortalError, Settings, bind};
pub use text::{Lang, Text};
pub use tls::{Certificate, CertificateError};
pub use visit::{BytesLeft, Extension, Notice, Severity, Share, Speed, TimeEnd, TimeLeft, Visit};
