//! What a draft would change: totals, and the names that enough devices asked for.

use gapura_model::{ListId, PolicyGroup};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ClauseRef, Sha256, limits};

/// What the filter says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterAction {
    /// Answered.
    Open,
    /// Refused.
    Block,
}

impl FilterAction {
    /// Its stable text, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Block => "block",
        }
    }
}

/// Names and questions of the days looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowTotal {
    /// Different names.
    pub names: u64,
    /// Questions for them.
    pub questions: u64,
}

/// A name for which the draft says otherwise than what is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowName {
    /// The name, asked by at least [`limits::SHADOW_DEVICES`] devices on a day.
    pub name: String,
    /// Questions for it in all the days.
    pub questions: u64,
    /// For these groups.
    pub groups: Vec<PolicyGroup>,
    /// What the draft says.
    pub then: FilterAction,
    /// The draft's clause that says so; none where a clause fell away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<ClauseRef>,
    /// The list that holds the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListId>,
}

/// One gateway's trial of a draft on its own names of the last days. A later report of the same draft replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowReport {
    /// Which draft.
    pub draft: Uuid,
    /// Its text's hash.
    pub sha256: Sha256,
    /// The first local day looked at.
    pub from: Date,
    /// The last one.
    pub until: Date,
    /// Names that stay as they are.
    pub same: ShadowTotal,
    /// Names that would be refused.
    pub blocked: ShadowTotal,
    /// Names that would be opened.
    pub opened: ShadowTotal,
    /// The most asked of those that change, at most [`limits::SHADOW_NAMES`].
    pub names: Vec<ShadowName>,
}

impl ShadowReport {
    /// What keeps it from being stored, in English; `None` when nothing does.
    pub fn problem(&self) -> Option<&'static str> {
        let long = |name: &ShadowName| name.name.chars().count() > limits::SUBJECT_CHARS;
        if self.names.len() > limits::SHADOW_NAMES {
            Some("the report has too many names")
        } else if self.names.iter().any(|name| long(name) || name.groups.len() > limits::SHADOW_GROUPS) {
            Some("a name is too long or has too many groups")
        } else if self.names.iter().filter_map(|name| name.clause.as_ref()).any(|clause| !clause.is_sound()) {
            Some("a clause has no number that can be kept")
        } else {
            None
        }
    }
}
