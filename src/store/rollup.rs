//! Visits added up by site and hour, so that no page adds up a year of them.

use std::collections::BTreeMap;

use gapura_model::SiteId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::usage::VisitRow;
use crate::{StoreError, millis};

row! {
    /// What of a visit is added up, as it was told before.
    pub(crate) Prior {
        site: String,
        visit: String,
        revision: i64,
        started: i64,
        bytes_up: i64,
        bytes_down: i64,
        seconds: i64,
    }
}

row! {
    /// Visits of a site that began on a day, added up.
    pub DaySum {
        /// The site.
        site: String,
        /// The day, in days since 1970 by the clock asked for.
        day: i64,
        /// How many.
        visits: i64,
        /// Bytes from devices.
        bytes_up: i64,
        /// Bytes to devices.
        bytes_down: i64,
        /// Time online.
        seconds: i64,
    }
}

row! {
    /// Visits of a site that began in an hour of the week, added up.
    pub SlotSum {
        /// The site.
        site: String,
        /// The hour of the week, 0 to 167, by the clock asked for; 0 is the first hour of a Thursday, as 1 January 1970 was one.
        slot: i64,
        /// How many.
        visits: i64,
        /// Bytes from devices.
        bytes_up: i64,
        /// Bytes to devices.
        bytes_down: i64,
        /// Time online.
        seconds: i64,
    }
}

row! {
    /// Visits of a plan, added up.
    pub PlanSum {
        /// The plan.
        plan: String,
        /// How many.
        visits: i64,
        /// Bytes from devices.
        bytes_up: i64,
        /// Bytes to devices.
        bytes_down: i64,
        /// Time online.
        seconds: i64,
    }
}

/// An hour, ms.
const HOUR: i64 = 3_600_000;

/// One visit counts at most so much of anything (64 TiB): a router out of its mind must not keep its site's hours from being
/// added up.
const MOST: i64 = 1 << 46;

/// By how much the sums of hours move: visits, bytes up and down, seconds, by site and hour.
pub(crate) type Moves = BTreeMap<(String, i64), [i64; 4]>;

/// Adds by how much the hours move where these visits are kept, with what is known of them; how many are new or later.
/// The same bound as in the migration that added up what was there before.
pub(crate) fn moves(told: &[&VisitRow], prior: &[Prior], moves: &mut Moves) -> usize {
    let prior: BTreeMap<(&str, &str), &Prior> =
        prior.iter().map(|known| ((known.site.as_str(), known.visit.as_str()), known)).collect();
    let bounded = |figure: i64| figure.clamp(0, MOST);
    let mut kept = 0;
    for visit in told {
        let known = prior.get(&(visit.site.as_str(), visit.visit.as_str()));
        if known.is_some_and(|known| known.revision >= visit.revision) {
            continue;
        }
        kept += 1;
        // The start of a visit never changes once it is known.
        let hour = hour_of(known.map_or(visit.started, |known| known.started));
        let by = |told: i64, known: Option<i64>| bounded(told) - bounded(known.unwrap_or_default());
        let by = [
            i64::from(known.is_none()),
            by(visit.bytes_up, known.map(|known| known.bytes_up)),
            by(visit.bytes_down, known.map(|known| known.bytes_down)),
            by(visit.seconds, known.map(|known| known.seconds)),
        ];
        let sums = moves.entry((visit.site.clone(), hour)).or_default();
        for (sum, by) in sums.iter_mut().zip(by) {
            *sum += by;
        }
    }
    kept
}

impl Tx {
    /// Sums by site and day of visits that began in a span; days by a clock that is ahead of UTC by `ahead` (whole hours, ms).
    pub async fn day_sums(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        ahead: i64,
    ) -> Result<Vec<DaySum>, StoreError> {
        self.rows(sql::USAGE_HOUR_DAYS, args![millis(from), millis(until), ahead]).await
    }

    /// Sums by site and hour of the week of visits that began in a span; by a clock that is ahead of UTC by `ahead`.
    pub async fn slot_sums(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        ahead: i64,
    ) -> Result<Vec<SlotSum>, StoreError> {
        self.rows(sql::USAGE_HOUR_SLOTS, args![millis(from), millis(until), ahead]).await
    }

    /// Sums by plan of a site's visits that began in a span, the most used first: reads each of those visits.
    pub async fn plan_sums(
        &mut self,
        site: &SiteId,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Vec<PlanSum>, StoreError> {
        self.rows(sql::VISIT_PLANS, args![site.as_str(), millis(from), millis(until)]).await
    }
}

/// The beginning of the hour of a moment.
const fn hour_of(at: i64) -> i64 {
    at - at % HOUR
}
