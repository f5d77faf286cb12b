//! What is asked and kept for many gateways at once: a statement for all of them, not one for each.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::{Generation, SiteId};
use jiff::Timestamp;

use crate::gateway::CertificateRow;
use crate::network::{PlaceRow, StateRow};
use crate::open::Store;
use crate::request::FaqRow;
use crate::sql::{self, Sql};
use crate::tx::{Arg, Row, Tx, args, row};
use crate::{BundleRow, GenerationRow, ReportRow, StoreError, VoucherRow, millis};

row! {
    /// What of a site's newest bundle is compared.
    pub NewestBundle {
        /// The site.
        site: String,
        /// Its number.
        generation: i64,
        /// SHA-256 over its content without number and date.
        content_hash: Vec<u8>,
    }
}

row! {
    /// A site's name.
    SiteName {
        site: String,
    }
}

/// A router's heartbeat: site, gateway, JSON.
pub type HeartbeatOf<'a> = (&'a str, &'a str, &'a str);

/// What became of a bundle at a router.
#[derive(Clone, Copy, Debug)]
pub struct OutcomeOf<'a> {
    /// The site.
    pub site: &'a str,
    /// The router.
    pub gateway: &'a str,
    /// Which bundle.
    pub offered: Generation,
    /// What it did with it.
    pub verdict: &'a str,
    /// It is in force now.
    pub applied: bool,
    /// Why not.
    pub detail: &'a str,
}

/// A bundle to be published.
#[derive(Clone, Debug)]
pub struct NewBundle {
    /// The site.
    pub site: SiteId,
    /// Its number.
    pub generation: Generation,
    /// SHA-256 over its content without number and date.
    pub content_hash: [u8; 32],
    /// As it is sent.
    pub signed: Vec<u8>,
}

impl Store {
    /// Whose certificate this is.
    pub async fn certificate_owner(&self, fingerprint: &[u8; 32]) -> Result<Option<CertificateRow>, StoreError> {
        Ok(self.look(sql::CERTIFICATE_OWNER, args![fingerprint]).await?.into_iter().next())
    }

    /// The newest bundle of a site, if it is newer than `after`.
    pub async fn newer_bundle(&self, site: &SiteId, after: Generation) -> Result<Option<BundleRow>, StoreError> {
        let after = i64::try_from(after.get()).unwrap_or(i64::MAX);
        Ok(self.look(sql::BUNDLE_NEWER, args![site.as_str(), after]).await?.into_iter().next())
    }

    /// A number that grows with every publication, by whatever process.
    pub async fn publication(&self) -> Result<i64, StoreError> {
        let rows: Vec<crate::tx::Number> = self.look(sql::PUBLICATION_NUMBER, args![]).await?;
        Ok(rows.first().map_or(0, |row| row.number))
    }

    /// The newest number of every site whose bundle came by a later publication than `number`.
    pub async fn published_since(&self, number: i64) -> Result<Vec<GenerationRow>, StoreError> {
        self.look(sql::BUNDLE_SINCE, args![number]).await
    }
}

impl Tx {
    /// Keeps routers' heartbeats in place of those before; each router once.
    pub async fn put_heartbeats(&mut self, beats: &[HeartbeatOf<'_>], now: Timestamp) -> Result<(), StoreError> {
        self.put_many(sql::REPORT_HEARTBEAT, beats, |(site, gateway, beat)| args![*site, *gateway, millis(now), *beat])
            .await
    }

    /// Keeps what became of bundles; each router once.
    pub async fn put_outcomes(&mut self, outcomes: &[OutcomeOf<'_>], now: Timestamp) -> Result<(), StoreError> {
        self.put_many(sql::REPORT_OUTCOME, outcomes, |one| {
            let offered = i64::try_from(one.offered.get()).unwrap_or(i64::MAX);
            let in_force = if one.applied { offered } else { 0 };
            args![one.site, one.gateway, offered, one.verdict, one.detail, millis(now), in_force]
        })
        .await
    }

    /// How each of these routers (site, gateway) is.
    pub async fn states_of(&mut self, routers: &[(&str, &str)]) -> Result<Vec<StateRow>, StoreError> {
        self.of_many(sql::GATEWAY_STATE_OPEN, routers, |(site, gateway)| args![*site, *gateway]).await
    }

    /// Those of these sites that have shares to give back.
    pub async fn sites_recalled(&mut self, sites: &[&str]) -> Result<BTreeSet<String>, StoreError> {
        let rows: Vec<SiteName> = self.of_many(sql::RECALL_SITES, sites, |site| args![*site]).await?;
        Ok(rows.into_iter().map(|row| row.site).collect())
    }

    /// The newest bundle of each of these sites.
    pub async fn newest_bundles(&mut self, sites: &[&str]) -> Result<BTreeMap<String, NewestBundle>, StoreError> {
        let rows: Vec<NewestBundle> = self.of_many(sql::BUNDLE_NEWEST, sites, |site| args![*site]).await?;
        Ok(rows.into_iter().map(|row| (row.site.clone(), row)).collect())
    }

    /// Where each of these sites stands.
    pub async fn newest_places(&mut self, sites: &[&str]) -> Result<BTreeMap<String, PlaceRow>, StoreError> {
        let rows: Vec<PlaceRow> = self.of_many(sql::PLACE_NEWEST, sites, |site| args![*site]).await?;
        Ok(rows.into_iter().map(|row| (row.site.clone(), row)).collect())
    }

    /// Vouchers of these sites that were good since then, by site.
    pub async fn vouchers_alive(
        &mut self,
        sites: &[&str],
        since: Timestamp,
    ) -> Result<BTreeMap<String, Vec<VoucherRow>>, StoreError> {
        let rows: Vec<VoucherRow> = self.of_many(sql::VOUCHER_LIVE, sites, |site| args![*site, millis(since)]).await?;
        let mut by_site: BTreeMap<String, Vec<VoucherRow>> = BTreeMap::new();
        for row in rows {
            by_site.entry(row.site.clone()).or_default().push(row);
        }
        Ok(by_site)
    }

    /// Sites with an appeal that was decided since then.
    pub async fn sites_with_appeals(&mut self, since: Timestamp) -> Result<BTreeSet<String>, StoreError> {
        let rows: Vec<SiteName> = self.rows(sql::APPEAL_SITES, args![millis(since)]).await?;
        Ok(rows.into_iter().map(|row| row.site).collect())
    }

    /// Sites with a request that changed since then.
    pub async fn sites_with_requests(&mut self, since: Timestamp) -> Result<BTreeSet<String>, StoreError> {
        let rows: Vec<SiteName> = self.rows(sql::REQUEST_SITES, args![millis(since)]).await?;
        Ok(rows.into_iter().map(|row| row.site).collect())
    }

    /// All frequent questions, the department's first.
    pub async fn all_faq(&mut self) -> Result<Vec<FaqRow>, StoreError> {
        self.rows(sql::FAQ_ALL, args![]).await
    }

    /// The last word of a site's routers.
    pub async fn reports_of(&mut self, site: &SiteId) -> Result<Vec<ReportRow>, StoreError> {
        self.rows(sql::REPORT_OF_SITE, args![site.as_str()]).await
    }

    /// Publishes bundles and wakes whoever waits for one. A number that is there already is refused.
    pub async fn add_bundles(&mut self, bundles: &[NewBundle], now: Timestamp) -> Result<(), StoreError> {
        if bundles.is_empty() {
            return Ok(());
        }
        self.execute(sql::PUBLICATION_BUMP, args![]).await?;
        let publication = self.number(sql::PUBLICATION_NUMBER, args![]).await?;
        self.put_many(sql::BUNDLE_ADD, bundles, |one| {
            let number = i64::try_from(one.generation.get()).unwrap_or(i64::MAX);
            args![one.site.as_str(), number, millis(now), &one.content_hash, &one.signed, publication]
        })
        .await
    }

    /// Takes a duty `until` then, or keeps it; `false` while another holder has it.
    pub async fn take_duty(
        &mut self,
        name: &str,
        holder: &str,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        Ok(self.execute(sql::DUTY_TAKE, args![name, holder, millis(until), millis(now)]).await? > 0)
    }

    async fn put_many<T>(
        &mut self,
        sql: Sql,
        all: &[T],
        values: impl Fn(&T) -> Vec<Arg<'_>>,
    ) -> Result<(), StoreError> {
        for some in self.pieces(all) {
            self.execute_many(sql, some.len(), some.iter().flat_map(&values).collect()).await?;
        }
        Ok(())
    }

    async fn of_many<T, R: Row>(
        &mut self,
        sql: Sql,
        all: &[T],
        values: impl Fn(&T) -> Vec<Arg<'_>>,
    ) -> Result<Vec<R>, StoreError> {
        let mut rows = Vec::new();
        for some in self.pieces(all) {
            rows.extend(self.rows_of_many(sql, some.len(), some.iter().flat_map(&values).collect()).await?);
        }
        Ok(rows)
    }
}
