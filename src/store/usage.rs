//! The usage log and balances.

use gapura_model::SiteId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A visit, cumulative. Devices and holders are pseudonyms.
    pub VisitRow {
        /// The site.
        site: String,
        /// The visit's id.
        visit: String,
        /// The router that told it last.
        gateway: String,
        /// How often it was told.
        revision: i64,
        /// The device's pseudonym.
        device: String,
        /// 1 = the device made its address up.
        device_local: i64,
        /// The holder's pseudonym.
        holder: Option<String>,
        /// How it was let in.
        way: String,
        /// The version of the terms accepted.
        terms: Option<String>,
        /// Their SHA-256.
        terms_sha256: Option<String>,
        /// The plan.
        plan: String,
        /// The bundle in force at the start.
        generation: i64,
        /// Start, ms.
        started: i64,
        /// Whether the router's clock was to be believed: `trusted` or `doubtful`.
        clock: String,
        /// When the figures were read, ms.
        told: i64,
        /// Bytes from the device.
        bytes_up: i64,
        /// Bytes to the device.
        bytes_down: i64,
        /// Time online.
        seconds: i64,
        /// End, ms; none while it runs.
        ended: Option<i64>,
        /// Why it ended.
        cause: Option<String>,
        /// The pseudonym of its private IPv4 address, where the router told one.
        address: Option<String>,
        /// The public ports it had (JSON of [`gapura_wire::NatUse`]s), where the router noted them.
        nat: Option<String>,
    }
}

row! {
    /// All visits of a site in a span of time.
    pub VisitSum {
        /// The site.
        site: String,
        /// How many.
        visits: i64,
        /// Bytes from devices.
        bytes_up: i64,
        /// Bytes to devices.
        bytes_down: i64,
        /// Time online.
        seconds: i64,
        /// How many have not ended as far as is known.
        running: i64,
    }
}

row! {
    /// An outage.
    pub OutageRow {
        /// The site.
        site: String,
        /// Its id.
        id: String,
        /// The router that told it.
        gateway: String,
        /// What was out of order.
        kind: String,
        /// From, ms.
        started: i64,
        /// Until, ms; none while it lasts.
        ended: Option<i64>,
    }
}

row! {
    /// A count.
    pub TallyRow {
        /// The site.
        site: String,
        /// Its id.
        id: String,
        /// The router that told it.
        gateway: String,
        /// What was counted.
        name: String,
        /// From, ms.
        started: i64,
        /// Until, ms.
        ended: i64,
        /// How many.
        amount: i64,
    }
}

row! {
    /// A balance last reported.
    pub BalanceRow {
        /// Whose.
        holder: String,
        /// The balance (JSON).
        document: String,
    }
}

/// Which part of the log: by start, from (included) until (excluded), of one site or all, at most so many.
#[derive(Clone, Debug)]
pub struct Span {
    /// From (UTC).
    pub from: Timestamp,
    /// Until (UTC).
    pub until: Timestamp,
    /// Only this site.
    pub site: Option<SiteId>,
    /// At most so many rows, the earliest.
    pub limit: u32,
}

impl Tx {
    /// Keeps one visit as [`Tx::put_visits`] does; whether it was kept.
    pub async fn put_visit(&mut self, visit: &VisitRow) -> Result<bool, StoreError> {
        Ok(self.put_visits(std::slice::from_ref(visit), Timestamp::MAX).await? > 0)
    }

    /// Keeps an outage, or its end.
    pub async fn put_outage(&mut self, outage: &OutageRow) -> Result<(), StoreError> {
        let o = outage;
        if o.ended.is_some() && self.execute(sql::OUTAGE_END, args![&o.site, &o.id, o.ended]).await? > 0 {
            return Ok(());
        }
        self.execute(sql::OUTAGE_PUT, args![&o.site, &o.id, &o.gateway, &o.kind, o.started, o.ended]).await.map(drop)
    }

    /// Keeps a count, once.
    pub async fn add_tally(&mut self, tally: &TallyRow) -> Result<(), StoreError> {
        let t = tally;
        let args = args![&t.site, &t.id, &t.gateway, &t.name, t.started, t.ended, t.amount];
        self.execute(sql::TALLY_ADD, args).await.map(drop)
    }

    /// Visits that began in the span.
    pub async fn visits(&mut self, span: &Span) -> Result<Vec<VisitRow>, StoreError> {
        self.rows(sql::VISIT_LIST, span.args(true)).await
    }

    /// Visits that began in the span, added up by site (without its limit of rows).
    pub async fn visit_sums(&mut self, span: &Span) -> Result<Vec<VisitSum>, StoreError> {
        self.rows(sql::VISIT_SUM, span.args(false)).await
    }

    /// Outages that began in the span.
    pub async fn outages(&mut self, span: &Span) -> Result<Vec<OutageRow>, StoreError> {
        self.rows(sql::OUTAGE_LIST, span.args(true)).await
    }

    /// Counts that began in the span.
    pub async fn tallies(&mut self, span: &Span) -> Result<Vec<TallyRow>, StoreError> {
        self.rows(sql::TALLY_LIST, span.args(true)).await
    }

    /// Keeps a balance, if it is not older than what is known.
    pub async fn put_balance(
        &mut self,
        site: &SiteId,
        holder: &str,
        document: &str,
        told: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(sql::BALANCE_PUT, args![site.as_str(), holder, document, millis(told)]).await.map(drop)
    }

    /// Balances of a site behind `after`, by holder, at most `limit`.
    pub async fn balances(&mut self, site: &SiteId, after: &str, limit: u32) -> Result<Vec<BalanceRow>, StoreError> {
        self.rows(sql::BALANCE_PAGE, args![site.as_str(), after, i64::from(limit)]).await
    }
}

impl Span {
    pub(crate) fn args(&self, limited: bool) -> Vec<crate::tx::Arg<'_>> {
        let site = self.site.as_ref().map_or("", SiteId::as_str);
        let mut args = args![millis(self.from), millis(self.until), site];
        if limited {
            args.extend(args![i64::from(self.limit)]);
        }
        args
    }
}
