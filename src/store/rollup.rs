//! Visits added up by site and hour, so that no page adds up a year of them.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::usage::VisitRow;
use crate::{StoreError, millis};

row! {
    /// What of a visit is added up, as it was told before.
    pub(crate) Prior {
        revision: i64,
        started: i64,
        bytes_up: i64,
        bytes_down: i64,
        seconds: i64,
    }
}

row! {
    /// Sums.
    Sums {
        visits: i64,
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

/// An hour, ms.
const HOUR: i64 = 3_600_000;

/// One visit counts at most so much of anything (64 TiB): a router out of its mind must not keep its site's hours from being
/// added up.
const MOST: i64 = 1 << 46;

/// The largest sum of an hour; years of them can be added up.
const MOST_SUM: i64 = 1 << 48;

impl Tx {
    /// What is known of a visit before it is told again, for [`Tx::move_hour`].
    pub(crate) async fn prior(&mut self, visit: &VisitRow) -> Result<Option<Prior>, StoreError> {
        self.row(sql::USAGE_HOUR_PRIOR, args![&visit.site, &visit.visit]).await
    }

    /// Moves the sums of a visit's hour from what was known to what is told now. Writers take turns: nothing comes between.
    pub(crate) async fn move_hour(&mut self, visit: &VisitRow, prior: Option<&Prior>) -> Result<(), StoreError> {
        let bounded = |figure: i64| figure.clamp(0, MOST);
        let told = [visit.bytes_up, visit.bytes_down, visit.seconds].map(bounded);
        let known = prior.map_or([0; 3], |prior| [prior.bytes_up, prior.bytes_down, prior.seconds].map(bounded));
        // The start of a visit never changes once it is known.
        let hour = hour_of(prior.map_or(visit.started, |prior| prior.started));
        let sums: Option<Sums> = self.row(sql::USAGE_HOUR_GET, args![&visit.site, hour]).await?;
        let sums = sums.unwrap_or(Sums { visits: 0, bytes_up: 0, bytes_down: 0, seconds: 0 });
        let moved = |sum: i64, at: usize| {
            let by = told.get(at).copied().unwrap_or_default() - known.get(at).copied().unwrap_or_default();
            (sum + by).clamp(0, MOST_SUM)
        };
        let visits = sums.visits + i64::from(prior.is_none());
        let (up, down, seconds) = (moved(sums.bytes_up, 0), moved(sums.bytes_down, 1), moved(sums.seconds, 2));
        let args = args![&visit.site, hour, visits, up, down, seconds];
        self.execute(sql::USAGE_HOUR_PUT, args).await.map(drop)
    }

    /// Adds the hours of these visits up anew, from the visits themselves: after many were kept at once.
    /// A visit's start is the same in every telling.
    pub(crate) async fn count_hours(&mut self, visits: &[&VisitRow]) -> Result<(), StoreError> {
        let hours: std::collections::BTreeSet<(&str, i64)> =
            visits.iter().map(|visit| (visit.site.as_str(), hour_of(visit.started))).collect();
        for (site, hour) in hours {
            let sums: Option<Sums> = self.row(sql::USAGE_HOUR_COUNT, args![site, hour, hour + HOUR]).await?;
            if let Some(sums) = sums {
                let args = args![site, hour, sums.visits, sums.bytes_up, sums.bytes_down, sums.seconds];
                self.execute(sql::USAGE_HOUR_PUT, args).await?;
            }
        }
        Ok(())
    }

    /// Sums by site and day of visits that began in a span; days by a clock that is ahead of UTC by `ahead` (whole hours, ms).
    pub async fn day_sums(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        ahead: i64,
    ) -> Result<Vec<DaySum>, StoreError> {
        self.rows(sql::USAGE_HOUR_DAYS, args![millis(from), millis(until), ahead]).await
    }
}

/// The beginning of the hour of a moment.
const fn hour_of(at: i64) -> i64 {
    at - at % HOUR
}
