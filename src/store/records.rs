//! What was destroyed, what is held, and who looked something up.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::usage::VisitRow;
use crate::{StoreError, millis};

row! {
    /// What was destroyed.
    pub DestructionRow {
        /// Its number.
        id: i64,
        /// Which kind of record.
        kind: String,
        /// Of which time: from (included), ms.
        span_from: i64,
        /// Until (excluded), ms.
        span_until: i64,
        /// By which rule: how many days the kind is kept.
        days: i64,
        /// How many rows.
        records: i64,
        /// The pseudonym keys that were destroyed with it: regencies, by `, `.
        epoch_keys: String,
        /// Who had it done: the controller itself, or a person.
        staff: String,
        /// When it began, ms.
        began: i64,
        /// When it was over, ms; none while rows are being deleted.
        finished: Option<i64>,
        /// The number of the audit log's line that closes it.
        line: Option<i64>,
    }
}

row! {
    /// Months that must not be destroyed.
    pub HoldRow {
        /// Its number.
        id: i64,
        /// The case.
        case_number: String,
        /// The first month, `2026-08`.
        first_month: String,
        /// The last month.
        last_month: String,
        /// Why.
        reason: String,
        /// `asked`, `held`, `lifting`, `lifted` or `refused`.
        state: String,
        /// Who asked for it.
        asked_by: String,
        /// When, ms.
        asked: i64,
        /// Who agreed or refused.
        agreed_by: Option<String>,
        /// When, ms.
        agreed: Option<i64>,
        /// Who asked for its end.
        lift_by: Option<String>,
        /// Why.
        lift_reason: String,
        /// Who agreed to its end.
        lifted_by: Option<String>,
        /// When it ended, ms.
        ended: Option<i64>,
    }
}

row! {
    /// A lawful look-up.
    pub LookupRow {
        /// Its number.
        id: i64,
        /// The case.
        case_number: String,
        /// The legal basis.
        basis: String,
        /// Which authority asks.
        authority: String,
        /// Why.
        reason: String,
        /// `device` or `address`.
        kind: String,
        /// The regency (device) or the site (address).
        place: String,
        /// From (included), ms.
        span_from: i64,
        /// Until (excluded), ms.
        span_until: i64,
        /// `asked`, `open`, `refused` or `closed`.
        state: String,
        /// The device or address asked for, sealed; none when it is over.
        question: Option<String>,
        /// What was found, sealed; none before it is agreed to and when it is over.
        answer: Option<String>,
        /// How many visits were found.
        found: i64,
        /// Who asked.
        asked_by: String,
        /// When, ms.
        asked: i64,
        /// Who agreed or refused.
        decided_by: Option<String>,
        /// When, ms.
        decided: Option<i64>,
        /// What they said.
        words: String,
        /// Until when it can be read, ms.
        until: Option<i64>,
        /// Who closed it; the controller itself when its time was over.
        closed_by: Option<String>,
        /// When, ms.
        closed: Option<i64>,
    }
}

row! {
    /// A regency.
    RegencyOf {
        site: String,
    }
}

row! {
    /// A regency's key of a month.
    RegencyKey {
        regency: String,
        epoch: String,
        secret: Vec<u8>,
    }
}

row! {
    /// From when until when a site's visits that are kept began with public ports of their own.
    pub NatSite {
        /// The site.
        site: String,
        /// The first one's start, ms; none where there is none.
        first: Option<i64>,
        /// The last one's start, ms.
        last: Option<i64>,
    }
}

row! {
    /// A month whose key names visits.
    EpochOf {
        epoch: String,
        untold: i64,
        portless: i64,
    }
}

/// The pseudonyms of one device, or of one address.
#[derive(Clone, Debug)]
pub enum VisitNames {
    /// Of a device.
    Devices(Vec<String>),
    /// Of an address.
    Addresses(Vec<String>),
}

impl Tx {
    /// Notes a destruction under the next number; that number.
    pub async fn add_destruction(&mut self, row: &DestructionRow) -> Result<i64, StoreError> {
        let id = self.number(sql::DESTRUCTION_NEXT, args![]).await?;
        let d = row;
        let args = args![
            id,
            &d.kind,
            d.span_from,
            d.span_until,
            d.days,
            d.records,
            &d.epoch_keys,
            &d.staff,
            d.began,
            d.finished,
            d.line
        ];
        self.execute(sql::DESTRUCTION_ADD, args).await?;
        Ok(id)
    }

    /// Adds rows to a destruction, and says when it was over and which line of the audit log closes it.
    pub async fn more_destroyed(
        &mut self,
        id: i64,
        rows: i64,
        finished: Option<Timestamp>,
        line: Option<i64>,
    ) -> Result<(), StoreError> {
        self.execute(sql::DESTRUCTION_MORE, args![id, rows, finished.map(millis), line]).await.map(drop)
    }

    /// The destruction of this kind and span.
    pub async fn destruction_of(
        &mut self,
        kind: &str,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Option<DestructionRow>, StoreError> {
        self.row(sql::DESTRUCTION_OF, args![kind, millis(from), millis(until)]).await
    }

    /// One.
    pub async fn destruction(&mut self, id: i64) -> Result<Option<DestructionRow>, StoreError> {
        self.row(sql::DESTRUCTION_GET, args![id]).await
    }

    /// Those with a lower number than `before`, the newest first.
    pub async fn destructions(&mut self, before: i64, limit: u32) -> Result<Vec<DestructionRow>, StoreError> {
        self.rows(sql::DESTRUCTION_LIST, args![before, i64::from(limit)]).await
    }

    /// Those that no line of the audit log closes yet.
    pub async fn open_destructions(&mut self) -> Result<Vec<DestructionRow>, StoreError> {
        self.rows(sql::DESTRUCTION_OPEN, args![]).await
    }

    /// Those of a kind whose span ends after a moment, also while they go on: what began there is not taken any more.
    pub async fn destroyed_since(&mut self, kind: &str, at: i64) -> Result<Vec<DestructionRow>, StoreError> {
        self.rows(sql::DESTRUCTION_SINCE, args![kind, at]).await
    }

    /// The last of each kind.
    pub async fn last_destructions(&mut self) -> Result<Vec<DestructionRow>, StoreError> {
        self.rows(sql::DESTRUCTION_LAST, args![]).await
    }

    /// Adds regencies whose keys were destroyed to a destruction that is known.
    pub async fn more_keys_destroyed(&mut self, id: i64, regencies: &str) -> Result<(), StoreError> {
        self.execute(sql::DESTRUCTION_KEYS, args![id, regencies]).await.map(drop)
    }

    /// The last destruction whose keys stood where nothing was written over yet; 0 where there is none.
    pub async fn unscrubbed(&mut self) -> Result<i64, StoreError> {
        self.number(sql::DESTRUCTION_UNSCRUBBED, args![]).await
    }

    /// Notes that [`crate::Store::scrub`] wrote over where the keys stood of destructions up to this one.
    pub async fn scrubbed(&mut self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::DESTRUCTION_SCRUBBED, args![id, millis(at)]).await.map(drop)
    }

    /// The sites where visits began in a span.
    pub async fn sites_used(&mut self, (from, until): (Timestamp, Timestamp)) -> Result<Vec<String>, StoreError> {
        let rows: Vec<RegencyOf> = self.rows(sql::MONTH_USED, args![millis(from), millis(until)]).await?;
        Ok(rows.into_iter().map(|row| row.site).collect())
    }

    /// The sites whose report of a month of their own zone, `2026-11`, is closed.
    pub async fn sites_closed(&mut self, month: &str) -> Result<Vec<String>, StoreError> {
        let rows: Vec<RegencyOf> = self.rows(sql::MONTH_CLOSED, args![month]).await?;
        Ok(rows.into_iter().map(|row| row.site).collect())
    }

    /// Destroys the pseudonym keys of a month; of which regencies. [`crate::Store::scrub`] then writes over where they stood.
    pub async fn destroy_epoch_keys(&mut self, epoch: &str) -> Result<Vec<String>, StoreError> {
        let regencies: Vec<RegencyOf> = self.rows(sql::EPOCH_KEY_REGENCIES, args![epoch]).await?;
        self.execute(sql::EPOCH_KEY_DESTROY, args![epoch]).await?;
        Ok(regencies.into_iter().map(|row| row.site).collect())
    }

    /// The oldest month of which there is a pseudonym key.
    pub async fn oldest_epoch(&mut self) -> Result<Option<String>, StoreError> {
        let oldest: Option<RegencyOf> = self.row(sql::EPOCH_KEY_OLDEST, args![]).await?;
        Ok(oldest.map(|row| row.site).filter(|epoch| !epoch.is_empty()))
    }

    /// Forgets balances that were told before a moment.
    pub async fn prune_balances(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::BALANCE_PRUNE, args![millis(before)]).await
    }

    /// Forgets batches that came before a moment, of runs of routers that ended since, and those that all before came too: what
    /// repeats them changes nothing.
    pub async fn prune_batches(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::BATCH_PRUNE, args![millis(before)]).await
    }

    /// Keeps a hold; number 0 = under the next one. Its number.
    pub async fn put_hold(&mut self, row: &HoldRow) -> Result<i64, StoreError> {
        let id = if row.id == 0 { self.number(sql::HOLD_NEXT, args![]).await? } else { row.id };
        let h = row;
        let args = args![
            id,
            &h.case_number,
            &h.first_month,
            &h.last_month,
            &h.reason,
            &h.state,
            &h.asked_by,
            h.asked,
            &h.agreed_by,
            h.agreed,
            &h.lift_by,
            &h.lift_reason,
            &h.lifted_by,
            h.ended
        ];
        self.execute(sql::HOLD_PUT, args).await?;
        Ok(id)
    }

    /// One.
    pub async fn hold(&mut self, id: i64) -> Result<Option<HoldRow>, StoreError> {
        self.row(sql::HOLD_GET, args![id]).await
    }

    /// The newest ones.
    pub async fn holds(&mut self, limit: u32) -> Result<Vec<HoldRow>, StoreError> {
        self.rows(sql::HOLD_LIST, args![i64::from(limit)]).await
    }

    /// Those by which something is kept now, agreed to or not yet.
    pub async fn standing_holds(&mut self) -> Result<Vec<HoldRow>, StoreError> {
        self.rows(sql::HOLD_STANDING, args![]).await
    }

    /// Keeps a look-up; number 0 = under the next one. Its number.
    pub async fn put_lookup(&mut self, row: &LookupRow) -> Result<i64, StoreError> {
        let id = if row.id == 0 { self.next_lookup().await? } else { row.id };
        let l = row;
        let args = args![
            id,
            &l.case_number,
            &l.basis,
            &l.authority,
            &l.reason,
            &l.kind,
            &l.place,
            l.span_from,
            l.span_until,
            &l.state,
            &l.question,
            &l.answer,
            l.found,
            &l.asked_by,
            l.asked,
            &l.decided_by,
            l.decided,
            &l.words,
            l.until,
            &l.closed_by,
            l.closed
        ];
        self.execute(sql::LOOKUP_PUT, args).await?;
        Ok(id)
    }

    /// The number of the look-up that is asked for next.
    pub async fn next_lookup(&mut self) -> Result<i64, StoreError> {
        self.number(sql::LOOKUP_NEXT, args![]).await
    }

    /// One.
    pub async fn lookup(&mut self, id: i64) -> Result<Option<LookupRow>, StoreError> {
        self.row(sql::LOOKUP_GET, args![id]).await
    }

    /// The newest ones.
    pub async fn lookups(&mut self, limit: u32) -> Result<Vec<LookupRow>, StoreError> {
        self.rows(sql::LOOKUP_LIST, args![i64::from(limit)]).await
    }

    /// Those that wait for somebody, or can be read.
    pub async fn standing_lookups(&mut self) -> Result<Vec<LookupRow>, StoreError> {
        self.rows(sql::LOOKUP_STANDING, args![]).await
    }

    /// All pseudonym keys: regency, month, secret.
    pub async fn all_epoch_keys(&mut self) -> Result<Vec<(String, String, Vec<u8>)>, StoreError> {
        let rows: Vec<RegencyKey> = self.rows(sql::EPOCH_KEY_ALL, args![]).await?;
        Ok(rows.into_iter().map(|row| (row.regency, row.epoch, row.secret)).collect())
    }

    /// The months whose keys name the visits at a site that began in a span and lasted to `reach`, with how many of them have no
    /// address, and how many no ports of their own.
    pub async fn visit_epochs(
        &mut self,
        site: &str,
        (from, until): (Timestamp, Timestamp),
        reach: Timestamp,
    ) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let args = args![site, millis(from), millis(until), millis(reach)];
        let rows: Vec<EpochOf> = self.rows(sql::VISIT_EPOCHS, args).await?;
        Ok(rows.into_iter().map(|row| (row.epoch, row.untold, row.portless)).collect())
    }

    /// From when on visits' public ports are known, by site.
    pub async fn nat_sites(&mut self) -> Result<Vec<NatSite>, StoreError> {
        self.rows(sql::VISIT_NAT_SITES, args![]).await
    }

    /// Visits at a site with public ports of their own that began in a span and lasted to `reach`.
    pub async fn visits_with_ports(
        &mut self,
        site: &str,
        (from, until): (Timestamp, Timestamp),
        reach: Timestamp,
    ) -> Result<Vec<VisitRow>, StoreError> {
        self.rows(sql::VISIT_OF_PORT, args![site, millis(from), millis(until), millis(reach)]).await
    }

    /// The visits at a site that began in a span, lasted to `reach`, and had another address than the one they are kept with, too.
    pub async fn visits_readdressed(
        &mut self,
        site: &str,
        (from, until): (Timestamp, Timestamp),
        reach: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let args = args![site, millis(from), millis(until), millis(reach)];
        let rows: Vec<RegencyOf> = self.rows(sql::VISIT_READDRESSED, args).await?;
        Ok(rows.into_iter().map(|row| row.site).collect())
    }

    /// Visits at a site of a device or from an address, by all pseudonyms it can have, that began in a span and lasted to `reach`.
    pub async fn visits_of(
        &mut self,
        site: &str,
        (from, until): (Timestamp, Timestamp),
        (names, limit): (&VisitNames, u32),
        reach: Timestamp,
    ) -> Result<Vec<VisitRow>, StoreError> {
        let (sql, names) = match (names, self.by_month()) {
            (VisitNames::Devices(names), false) => (sql::VISIT_OF_DEVICE, names),
            (VisitNames::Devices(names), true) => (sql::VISIT_OF_DEVICE_PARTS, names),
            (VisitNames::Addresses(names), false) => (sql::VISIT_OF_ADDRESS, names),
            (VisitNames::Addresses(names), true) => (sql::VISIT_OF_ADDRESS_PARTS, names),
        };
        // Pseudonyms are letters, digits, colons and dashes.
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let list = format!("[{}]", quoted.join(","));
        self.rows(sql, args![site, millis(from), millis(until), &list, millis(reach), i64::from(limit)]).await
    }
}
