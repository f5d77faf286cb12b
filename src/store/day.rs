//! What the report of one day at a site is made of.

use gapura_model::SiteId;
use jiff::Timestamp;

use crate::tx::{Tx, args, row};
use crate::{OutageRow, StoreError, millis, sql};

row! {
    /// What a day's report needs of a visit.
    pub DayVisit {
        /// The device's pseudonym.
        device: String,
        /// How it was let in.
        way: String,
        /// The holder's pseudonym.
        holder: Option<String>,
        /// Start, ms.
        started: i64,
        /// End, ms; none while it runs.
        ended: Option<i64>,
        /// When the figures were read, ms.
        told: i64,
        /// Bytes from the device.
        bytes_up: i64,
        /// Bytes to the device.
        bytes_down: i64,
        /// Time online.
        seconds: i64,
    }
}

row! {
    /// Requests of a day.
    pub DayRequests {
        /// Came in.
        received: i64,
        /// Were settled.
        settled: i64,
        /// Waited at its end.
        waiting: i64,
    }
}

row! {
    /// What a day's report needs of classes.
    pub DayClasses {
        /// Opened.
        opened: i64,
        /// Came, as far as somebody noted it.
        came: i64,
    }
}

impl Tx {
    /// Classes of a site that were opened in a span.
    pub async fn day_classes(
        &mut self,
        site: &SiteId,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<DayClasses, StoreError> {
        let row = self.row(sql::DAY_CLASSES, args![site.as_str(), millis(from), millis(until)]).await?;
        Ok(row.unwrap_or(DayClasses { opened: 0, came: 0 }))
    }

    /// Outages of a site that reach into a span, the earliest first, at most `limit`.
    pub async fn day_outages(
        &mut self,
        site: &SiteId,
        (from, until): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<OutageRow>, StoreError> {
        self.rows(sql::DAY_OUTAGES, args![site.as_str(), millis(from), millis(until), i64::from(limit)]).await
    }

    /// Visits of a site that began in a span, the earliest first, at most `limit`.
    pub async fn day_visits(
        &mut self,
        site: &SiteId,
        (from, until): (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<DayVisit>, StoreError> {
        self.rows(sql::DAY_VISITS, args![site.as_str(), millis(from), millis(until), i64::from(limit)]).await
    }

    /// Requests of a site in a span.
    pub async fn day_requests(
        &mut self,
        site: &SiteId,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<DayRequests, StoreError> {
        let row = self.row(sql::DAY_REQUESTS, args![site.as_str(), millis(from), millis(until)]).await?;
        Ok(row.unwrap_or(DayRequests { received: 0, settled: 0, waiting: 0 }))
    }

    /// Vouchers of a site made in a span.
    pub async fn day_vouchers(
        &mut self,
        site: &SiteId,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<i64, StoreError> {
        self.number(sql::DAY_VOUCHERS, args![site.as_str(), millis(from), millis(until)]).await
    }
}
