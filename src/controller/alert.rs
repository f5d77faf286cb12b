//! Alerts: what is wrong in the fleet (`picture`), for how long (`machine`), what is said about it (`bulletin`) and how it gets
//! to people (`post`). Everything but the post is pure.

pub(crate) mod bulletin;
pub(crate) mod detail;
pub(crate) mod machine;
pub(crate) mod picture;
pub(crate) mod post;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A gateway is silent.
    Silent,
    /// A gateway does not take its newest settings.
    Rollout,
    /// Records pile up on a gateway.
    Outbox,
    /// A gateway's clock is wrong or in doubt.
    Clock,
    /// A gateway's content filter is not in force.
    Filter,
    /// A gateway's certificate is about to end.
    Certificate,
    /// The newest backup is too old.
    Backup,
    /// A filter list cannot be brought up to date.
    List,
    /// The publication of a SOP stopped by itself.
    Sop,
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Silent,
        Self::Rollout,
        Self::Outbox,
        Self::Clock,
        Self::Filter,
        Self::Certificate,
        Self::Backup,
        Self::List,
        Self::Sop,
    ];

    /// Its name in the database, in JSON and in messages.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Rollout => "rollout",
            Self::Outbox => "outbox",
            Self::Clock => "clock",
            Self::Filter => "filter",
            Self::Certificate => "certificate",
            Self::Backup => "backup",
            Self::List => "list",
            Self::Sop => "sop",
        }
    }

    /// By its name.
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// It has to look well for so long before it is over: what comes and goes is one alert, not many.
    pub const fn calm(self) -> SignedDuration {
        match self {
            Self::Silent | Self::Clock | Self::Filter => SignedDuration::from_mins(2),
            Self::Rollout | Self::Outbox | Self::List => SignedDuration::from_mins(5),
            Self::Certificate | Self::Backup | Self::Sop => SignedDuration::ZERO,
        }
    }
}
