//! The captive-portal API (RFC 8908): the figures of the status page for the operating system.

use serde::Serialize;

use crate::{Door, State, View};

/// Where the API lives. DHCP option 114 and the router advertisement carry [`url`].
pub const API_PATH: &str = "/capport/v1";

/// The API's address for a portal that lives at `base` (`https://gw-sinjai.example.go.id`).
pub fn url(base: &str) -> String {
    format!("{base}{API_PATH}")
}

/// RFC 8908, section 5.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Answer {
    captive: bool,
    user_portal_url: String,
    venue_info_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_extend_session: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_remaining: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_remaining: Option<u64>,
}

impl Answer {
    pub(crate) fn new(base: &str, view: &View) -> Self {
        let answer = |captive, page: &str| Self {
            captive,
            user_portal_url: format!("{base}{page}"),
            venue_info_url: format!("{base}/status"),
            can_extend_session: None,
            seconds_remaining: None,
            bytes_remaining: None,
        };
        match (&view.door, &view.state) {
            (Door::Emergency { .. }, _) | (_, State::Trusted) => answer(false, "/"),
            (_, State::Online(visit)) => Self {
                can_extend_session: Some(visit.extend.is_some()),
                seconds_remaining: visit.time.map(|time| time.left.as_secs()),
                bytes_remaining: visit.bytes.total().map(gapura_model::ByteCount::get),
                ..answer(false, "/status")
            },
            (_, State::Unknown | State::Ready | State::Ended(_) | State::Blocked { .. }) => answer(true, "/"),
        }
    }
}
