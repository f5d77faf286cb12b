//! How often the filter said no: totals by hour, clause and list, never a person, a device or a name.

use gapura_model::ListId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::filter::is_number;
use crate::limits;

/// Totals of one gateway. They are cumulative within an hour: a later, higher one replaces an earlier one, so that a report may
/// be sent twice, lost or reordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterCounts {
    /// Drawn anew whenever the gateway begins to count from zero (its database was made or lost): totals of two runs add up.
    pub run: Uuid,
    /// At most [`limits::COUNT_ROWS`].
    pub counts: Vec<FilterCount>,
}

/// How often a clause was the reason for a refusal in one hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterCount {
    /// When the hour began (UTC): a whole one.
    pub hour: Timestamp,
    /// The SOP's number.
    pub sop: String,
    /// The clause's number.
    pub clause: String,
    /// The list that held the name or address; none where the clause names it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListId>,
    /// Questions refused so far in this hour.
    pub total: u64,
}

/// Why totals cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountsError {
    /// Too many rows.
    #[error("the report has {0} rows, more than {most}", most = limits::COUNT_ROWS)]
    TooMany(usize),
    /// A time that is no whole hour.
    #[error("{0} is not the beginning of an hour")]
    Hour(Timestamp),
    /// A number of a SOP or clause that is empty or too long.
    #[error("a SOP or clause has a number of 0 or more than {most} characters", most = limits::NUMBER_CHARS)]
    Number,
}

impl FilterCounts {
    /// Checks what the types do not say.
    pub fn check(&self) -> Result<(), CountsError> {
        if self.counts.len() > limits::COUNT_ROWS {
            return Err(CountsError::TooMany(self.counts.len()));
        }
        let broken = self.counts.iter().find(|count| count.hour.as_millisecond().rem_euclid(3_600_000) != 0);
        if let Some(count) = broken {
            return Err(CountsError::Hour(count.hour));
        }
        let sound = self.counts.iter().all(|count| is_number(&count.sop) && is_number(&count.clause));
        if sound { Ok(()) } else { Err(CountsError::Number) }
    }
}
