//! What a month at a site is made of, and the figures that were made of it.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{CountSum, OutageRow, StateRow, StoreError, TallyRow, millis};

row! {
    /// The figures of a site's month.
    pub MonthFigureRow {
        /// The site.
        site: String,
        /// The month, `2026-10`.
        month: String,
        /// 0 while the month runs, then from 1 on.
        issue: i64,
        /// The figures (JSON); empty where they were not asked for.
        document: String,
        /// When they were made, ms.
        made: i64,
        /// What came late (JSON); empty for the first issue.
        reason: String,
    }
}

row! {
    /// A month that there are figures of.
    pub MonthLine {
        /// The month, `2026-10`.
        month: String,
        /// How many sites have figures.
        sites: i64,
        /// The least issue: 0 while the month runs somewhere.
        least: i64,
        /// When the latest was made, ms.
        made: i64,
    }
}

row! {
    /// When a site was to be open.
    pub MonthPlanRow {
        /// Spans (JSON).
        document: String,
        /// Noted up to then, ms.
        until: i64,
    }
}

row! {
    /// Visits that began in an hour, added up.
    pub MonthHour {
        /// The hour, ms.
        hour: i64,
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
    /// What is not shown of a closed month.
    pub MonthHiddenRow {
        /// The month, `2026-10`.
        month: String,
        /// Sites and sums (JSON).
        document: String,
        /// When the newest figures it was decided from were made, ms.
        decided: i64,
    }
}

row! {
    /// Appeals of a month.
    pub MonthAppeals {
        /// Came in.
        received: i64,
        /// Were decided, whenever they came.
        decided: i64,
        /// Of those, in the citizen's favour.
        reversed: i64,
        /// Waited at its end.
        waiting: i64,
    }
}

row! {
    /// A request that came in a month.
    pub MonthRequest {
        /// When it came, ms.
        received: i64,
        /// It was to be answered by then, ms.
        due: i64,
        /// When it was first answered, ms.
        answered: Option<i64>,
        /// When nobody owed an answer any more, ms.
        settled: Option<i64>,
    }
}

type Span = (Timestamp, Timestamp);

impl Tx {
    /// Keeps figures; a closed month's are never written over.
    pub async fn put_month_figure(&mut self, figure: &MonthFigureRow) -> Result<bool, StoreError> {
        let f = figure;
        let args = args![&f.site, &f.month, f.issue, &f.document, f.made, &f.reason];
        Ok(self.execute(sql::MONTH_FIGURE_PUT, args).await? > 0)
    }

    /// Takes away what was made of a month while it ran.
    pub async fn remove_running_figure(&mut self, site: &str, month: &str) -> Result<(), StoreError> {
        self.execute(sql::MONTH_FIGURE_OPEN_REMOVE, args![site, month]).await.map(drop)
    }

    /// The newest figures of every site in a month.
    pub async fn month_figures(&mut self, month: &str) -> Result<Vec<MonthFigureRow>, StoreError> {
        self.rows(sql::MONTH_FIGURE_NEWEST, args![month]).await
    }

    /// Issues of a month after the first, by when they were made, without their figures.
    pub async fn later_issues(&mut self, month: &str) -> Result<Vec<MonthFigureRow>, StoreError> {
        self.rows(sql::MONTH_FIGURE_ISSUES, args![month]).await
    }

    /// The newest figures of a site in a month.
    pub async fn newest_month_figure(&mut self, site: &str, month: &str) -> Result<Option<MonthFigureRow>, StoreError> {
        self.row(sql::MONTH_FIGURE_LAST, args![site, month]).await
    }

    /// One issue of a site's figures.
    pub async fn month_figure(
        &mut self,
        site: &str,
        month: &str,
        issue: i64,
    ) -> Result<Option<MonthFigureRow>, StoreError> {
        self.row(sql::MONTH_FIGURE_GET, args![site, month, issue]).await
    }

    /// The latest months that there are figures of.
    pub async fn months_reported(&mut self, limit: u32) -> Result<Vec<MonthLine>, StoreError> {
        self.rows(sql::MONTH_FIGURE_MONTHS, args![i64::from(limit)]).await
    }

    /// When a site was to be open in a month.
    pub async fn month_plan(&mut self, site: &str, month: &str) -> Result<Option<MonthPlanRow>, StoreError> {
        self.row(sql::MONTH_PLAN_GET, args![site, month]).await
    }

    /// Notes when a site was to be open in a month.
    pub async fn put_month_plan(&mut self, site: &str, month: &str, plan: &MonthPlanRow) -> Result<(), StoreError> {
        self.execute(sql::MONTH_PLAN_PUT, args![site, month, &plan.document, plan.until]).await.map(drop)
    }

    /// What is not shown of a month; none before it was decided.
    pub async fn month_hidden(&mut self, month: &str) -> Result<Option<MonthHiddenRow>, StoreError> {
        self.row(sql::MONTH_HIDDEN_GET, args![month]).await
    }

    /// Keeps what is not shown of a month.
    pub async fn put_month_hidden(&mut self, row: &MonthHiddenRow) -> Result<(), StoreError> {
        self.execute(sql::MONTH_HIDDEN_PUT, args![&row.month, &row.document, row.decided]).await.map(drop)
    }

    /// The first hour in which a visit began anywhere, ms; 0 for none.
    pub async fn first_hour(&mut self) -> Result<i64, StoreError> {
        self.number(sql::MONTH_FIRST, args![]).await
    }

    /// Visits of a site by the hour in which they began.
    pub async fn month_hours(&mut self, site: &str, (from, until): Span) -> Result<Vec<MonthHour>, StoreError> {
        self.rows(sql::MONTH_HOURS, args![site, millis(from), millis(until)]).await
    }

    /// Different devices, by pseudonym, whose visits began in a span.
    pub async fn month_people(&mut self, site: &str, (from, until): Span) -> Result<i64, StoreError> {
        self.number(sql::MONTH_PEOPLE, args![site, millis(from), millis(until)]).await
    }

    /// How a site's routers were in a span; what was said of one that was taken out of service ends then.
    pub async fn month_states(&mut self, site: &str, (from, until): Span) -> Result<Vec<StateRow>, StoreError> {
        self.rows(sql::MONTH_STATES, args![site, millis(from), millis(until)]).await
    }

    /// Outages of a site that reach into a span; one that a router never ended is over when it was taken out of service.
    pub async fn month_outages(&mut self, site: &str, (from, until): Span) -> Result<Vec<OutageRow>, StoreError> {
        self.rows(sql::MONTH_OUTAGES, args![site, millis(from), millis(until)]).await
    }

    /// Counts of a site that began in a span, by name and time.
    pub async fn month_tallies(&mut self, site: &str, (from, until): Span) -> Result<Vec<TallyRow>, StoreError> {
        self.rows(sql::MONTH_TALLIES, args![site, millis(from), millis(until)]).await
    }

    /// How often each clause refused in a span, the most first.
    pub async fn month_blocked(&mut self, site: &str, (from, until): Span) -> Result<Vec<CountSum>, StoreError> {
        self.rows(sql::MONTH_BLOCKED, args![site, millis(from), millis(until)]).await
    }

    /// Appeals of a site in a span.
    pub async fn month_appeals(&mut self, site: &str, (from, until): Span) -> Result<MonthAppeals, StoreError> {
        let row = self.row(sql::MONTH_APPEALS, args![site, millis(from), millis(until)]).await?;
        Ok(row.unwrap_or(MonthAppeals { received: 0, decided: 0, reversed: 0, waiting: 0 }))
    }

    /// Requests that came in a span.
    pub async fn month_requests(&mut self, site: &str, (from, until): Span) -> Result<Vec<MonthRequest>, StoreError> {
        self.rows(sql::MONTH_REQUESTS, args![site, millis(from), millis(until)]).await
    }
}
