//! Plans and hours as they stand in a bundle until the rooms that own them are there: their JSON, unread.

use gapura_model::PlanId;
use serde::{Deserialize, Serialize};

/// When a site is open.
pub type Hours = serde_json::Value;

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub id: PlanId,
    /// The rest of it.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}
