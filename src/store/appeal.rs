//! Appeals of citizens.

use gapura_model::{GatewayId, SiteId};
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// An appeal.
    pub AppealRow {
        /// The site where it was made.
        site: String,
        /// Its number, without dash.
        reference: String,
        /// The router that sent it.
        gateway: String,
        /// The name or address asked about; empty once erased.
        subject: String,
        /// Why it should be open; empty once erased.
        why: String,
        /// How to reach the citizen.
        contact: Option<String>,
        /// The SOP that refused.
        sop: Option<String>,
        /// Its revision.
        sop_revision: Option<i64>,
        /// The clause.
        clause: Option<String>,
        /// The explanation given then (JSON); empty once erased.
        explanation: String,
        /// When it was made by the router's clock, ms.
        made: i64,
        /// When it came, ms.
        received: i64,
        /// `accepted` or `rejected`.
        verdict: Option<String>,
        /// The answer, for the citizen.
        words: String,
        /// Who decided.
        decided_by: Option<String>,
        /// When, ms.
        decided: Option<i64>,
        /// The last day of the exception granted.
        until: Option<String>,
    }
}

impl Tx {
    /// Keeps an appeal; `false` where it is known.
    pub async fn add_appeal(&mut self, appeal: &AppealRow) -> Result<bool, StoreError> {
        let a = appeal;
        let args = args![
            &a.site,
            &a.reference,
            &a.gateway,
            &a.subject,
            &a.why,
            &a.contact,
            &a.sop,
            a.sop_revision,
            &a.clause,
            &a.explanation,
            a.made,
            a.received,
            &a.verdict,
            &a.words,
            &a.decided_by,
            a.decided,
            &a.until
        ];
        Ok(self.execute(sql::APPEAL_ADD, args).await? > 0)
    }

    /// Whether an appeal is known.
    pub async fn knows_appeal(&mut self, site: &SiteId, reference: &str) -> Result<bool, StoreError> {
        Ok(self.number(sql::APPEAL_KNOWN, args![site.as_str(), reference]).await? > 0)
    }

    /// How many appeals of a router came after `since`.
    pub async fn appeals_since(
        &mut self,
        (site, gateway): (&SiteId, &GatewayId),
        since: Timestamp,
    ) -> Result<i64, StoreError> {
        self.number(sql::APPEAL_LATELY, args![site.as_str(), gateway.as_str(), millis(since)]).await
    }

    /// Appeals under a number: one, but for a chance in 10^14.
    pub async fn appeals_under(&mut self, reference: &str) -> Result<Vec<AppealRow>, StoreError> {
        self.rows(sql::APPEAL_GET, args![reference]).await
    }

    /// Appeals in the order in which they came; of one site, or only those that wait.
    pub async fn appeals(&mut self, site: Option<&SiteId>, waiting: bool) -> Result<Vec<AppealRow>, StoreError> {
        self.rows(sql::APPEAL_LIST, args![site.map_or("", SiteId::as_str), waiting]).await
    }

    /// A site's appeals that were decided after `since`.
    pub async fn appeals_decided(&mut self, site: &SiteId, since: Timestamp) -> Result<Vec<AppealRow>, StoreError> {
        self.rows(sql::APPEAL_ANSWERS, args![site.as_str(), millis(since)]).await
    }

    /// Keeps a decision; `false` where there was one already.
    pub async fn decide_appeal(&mut self, appeal: &AppealRow) -> Result<bool, StoreError> {
        let a = appeal;
        let args = args![&a.site, &a.reference, &a.verdict, &a.words, &a.decided_by, a.decided, &a.until];
        Ok(self.execute(sql::APPEAL_DECIDE, args).await? > 0)
    }

    /// Erases the contacts of appeals decided before `contact`, and all that citizens wrote and asked about with those decided
    /// before `decided` or received before `received`; how many.
    pub async fn erase_appeals(
        &mut self,
        contact: Timestamp,
        decided: Timestamp,
        received: Timestamp,
    ) -> Result<u64, StoreError> {
        let texts = self.execute(sql::APPEAL_ERASE, args![millis(decided), millis(received)]).await?;
        let contacts = self.execute(sql::APPEAL_ERASE_CONTACT, args![millis(contact)]).await?;
        Ok(texts + contacts)
    }
}
