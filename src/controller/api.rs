//! The gateways' API: what [`gapura_wire`] says, over the use-cases.

mod accept;
mod answer;
mod routes;

pub(crate) use accept::{Door, accept};
pub(crate) use routes::{Api, router};

/// The certificate a connection showed, by its fingerprint; `None` = it showed none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown(pub(crate) Option<[u8; 32]>);
