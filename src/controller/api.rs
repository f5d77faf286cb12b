//! The gateways' API: what [`gapura_wire`] says, over the use-cases.

mod answer;
mod file;
mod routes;

pub(crate) use crate::door::Shown;
pub(crate) use routes::{Api, router};
