//! What a visitor sees: the captive redirect, the pages, the captive-portal API (RFC 8908).
//!
//! The portal knows no kernel and no database. It asks a [`Gate`] how things stand for the device behind an address and
//! passes on what the visitor wants; of the content filter it asks a [`Filter`], and requests for help go to a [`HelpDesk`].
#![forbid(unsafe_code)]

pub mod api;
mod asking;
mod captive;
mod colour;
mod desk;
mod doorman;
mod dress;
mod entering;
mod filter;
pub mod forms;
mod gate;
mod help;
mod helping;
mod limits;
mod listener;
mod look;
mod origin;
mod pace;
mod pages;
mod portal;
mod preview;
mod reply;
mod routes;
mod sort;
mod style;
mod tls;
mod token;
mod typed;
mod visit;
mod words;

pub use colour::{Colour, ParseColourError};
pub use filter::{Appeal, AppealRefused, AppealState, CONTACT_LETTERS, Explained, Filter, Ruling, Stage, WHY_LETTERS};
pub use gapura_speech::{Lang, Text};
pub use gate::{
    Credentials, Door, EndReason, Ended, Entered, Gate, Offer, Peer, Period, Refused, Site, State, TermsId, Uplink,
    View, Week,
};
pub use help::{
    Followed, HELP_LETTERS, HelpAnswer, HelpDesk, HelpRefused, HelpRequest, HelpStage, HelpState, HelpTopic,
};
pub use limits::{Limits, Rate};
pub use look::{Clause, Colours, Faint, Help, Link, Logo, Look, LookError, Nearby, Terms};
pub use origin::Origin;
pub use portal::{Counts, Listeners, Portal, PortalError, Settings, bind};
pub use preview::{Preview, Previewed, Viewing, preview};
pub use tls::{Certificate, CertificateError};
pub use typed::{NoSite, site as site_in};
pub use visit::{BytesLeft, Extension, Notice, Severity, Share, Speed, TimeEnd, TimeLeft, Visit};
