//! Pages: what stands on them is decided here, how it looks stands in `templates/`.

mod appeal;
mod chrome;
mod entry;
mod help;
mod message;
mod over;
mod reading;
mod refusal;
#[cfg(test)]
mod samples;
mod site;
mod status;
#[cfg(test)]
mod tests;

use askama::Template;

use crate::{View, dress::Dress};
use gapura_speech::Say;

pub(crate) use appeal::{Draft, Slip, Tracked, appeal, appeal_refused, follow};
pub(crate) use chrome::Problem;
pub(crate) use entry::{account, takeover, voucher, voucher_link, welcome};
pub(crate) use help::{HelpSlip, Plea, help, topic_of, visit_number};
pub(crate) use message::{Standing, http_error, situation};
pub(crate) use over::{closed, ended};
pub(crate) use reading::{privacy, terms};
pub(crate) use refusal::{FieldError, field_error, refused};
pub(crate) use site::{Asked, site_blocked, why};
pub(crate) use status::status;

/// Everything a page is made from.
pub(crate) struct Scene<'a> {
    pub(crate) dress: &'a Dress,
    pub(crate) view: &'a View,
    pub(crate) say: Say,
    /// This page's path without the language, for the link to the other language.
    pub(crate) path: String,
    /// The form token of this device.
    pub(crate) token: String,
    /// Passwords may be asked for on this connection.
    pub(crate) passwords: bool,
}

/// Renders; what cannot be written (memory) comes out as an empty page, never as a panic.
fn render(page: &impl Template) -> String {
    page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        String::new()
    })
}
