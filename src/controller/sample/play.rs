//! The made-up regency goes on while somebody looks: its routers speak, visitors come and go. Told by the office's own ways, as what
//! real routers say is.

use std::time::Duration;

use gapura_model::Generation;
use gapura_store::{VisitRow, millis};
use gapura_wire::{BundleOutcome, BundleVerdict};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::draw::Draw;
use super::routers::Router;
use super::{
    Day, Member, Office, OfficeError, SampleOrder, SiteDocument, TERMS, counter, document, fleet, terms_hash, zone,
};

/// Routers speak so often, well within the time after which they would be silent.
const EVERY: Duration = Duration::from_secs(45);

/// What is played.
pub(super) struct Playing {
    office: Office,
    order: SampleOrder,
    zone: TimeZone,
    terms: String,
    routers: Vec<Router>,
    documents: Vec<SiteDocument>,
    run: uuid::Uuid,
    seq: u64,
}

impl Office {
    /// Plays the routers of the regency that [`Office::make_sample`] made from the same order, until whoever called gives it up.
    pub async fn play_sample(&self, order: SampleOrder) -> Result<(), OfficeError> {
        let mut playing = Playing::new(self, order)?;
        let mut last = None;
        loop {
            let now = self.now();
            playing.turn(last).await?;
            last = Some(now);
            tokio::time::sleep(EVERY).await;
        }
    }
}

impl Playing {
    pub(super) fn new(office: &Office, order: SampleOrder) -> Result<Self, OfficeError> {
        let routers = fleet()?;
        let documents = routers.iter().map(|router| document(router.place)).collect::<Result<_, _>>()?;
        let (run, terms) = (uuid::Builder::from_random_bytes(crate::keys::random()?).into_uuid(), terms_hash()?);
        Ok(Self { office: office.clone(), order, zone: zone(), terms, routers, documents, run, seq: 0 })
    }

    /// Every router says what has changed since `last` (none: nothing was told by this one yet) and how it is.
    pub(super) async fn turn(&mut self, last: Option<Timestamp>) -> Result<(), OfficeError> {
        let now = self.office.now();
        self.seq += 1;
        let generations = self.office.store.read().await?.generations().await?;
        for (router, document) in self.routers.iter().zip(&self.documents) {
            if router.place.id == super::routers::SILENT {
                continue;
            }
            let visits = self.visits(router, now);
            if let Some(last) = last {
                self.tell(&visits, millis(last)).await?;
            }
            let newest = generations.iter().find(|row| row.site == router.place.id);
            let newest = newest.and_then(|row| u64::try_from(row.generation).ok()).unwrap_or_default();
            let from = member(router);
            let report = counter::online(router.place, &document.hours, &visits, (self.run, self.seq), now);
            let online = report.online;
            self.office.take_online(&from, report).await?;
            let generation = Generation::new(newest);
            if let Some(beat) = router.beat(&document.hours, generation, online, now) {
                self.office.heartbeat(&from, beat).await?;
            }
            let outcome = BundleOutcome { generation, verdict: BundleVerdict::Applied, detail: String::new() };
            self.office.outcome(&from, &outcome).await?;
        }
        Ok(())
    }

    /// Visits of a router that began yesterday or today.
    fn visits(&self, router: &Router, now: Timestamp) -> Vec<VisitRow> {
        let today = now.to_zoned(self.zone.clone()).date();
        let days = [today.yesterday().ok(), Some(today)];
        let draw = Draw::new(self.order.seed);
        let mut all = Vec::new();
        for date in days.into_iter().flatten() {
            let day = Day {
                place: router.place,
                gateway: router.gateway.as_str(),
                date,
                visits: self.order.visits,
                terms: (TERMS, self.terms.as_str()),
                until: millis(now),
            };
            all.extend(day.visits(&self.zone, &mut day.source(&draw, router.number)));
        }
        all
    }

    /// Tells the visits that ran since `last` (ms), each later than the time before.
    async fn tell(&self, visits: &[VisitRow], last: i64) -> Result<(), OfficeError> {
        let told: Vec<VisitRow> = visits
            .iter()
            .filter(|visit| visit.ended.is_none_or(|ended| ended >= last))
            .map(|visit| VisitRow { revision: visit.told / 1000, ..visit.clone() })
            .collect();
        let mut tx = self.office.store.write().await?;
        tx.put_visits(&told, self.office.now()).await?;
        Ok(tx.commit().await?)
    }
}

/// The last words of the one that does not speak any more.
pub(super) async fn silent_one(
    office: &Office,
    routers: &[Router],
    documents: &[SiteDocument],
) -> Result<(), OfficeError> {
    let silent = routers.iter().zip(documents).find(|(router, _)| router.place.id == super::routers::SILENT);
    let Some((router, document)) = silent else { return Ok(()) };
    let Some((beat, at)) = router.last_words(&document.hours, Generation::new(1), office.now()) else { return Ok(()) };
    let then = office.by_clock(std::sync::Arc::new(gapura_runtime::ManualClock::at(at)));
    then.heartbeat(&member(router), beat).await.map(drop)
}

fn member(router: &Router) -> Member {
    Member { gateway: router.gateway.clone(), site: router.site.clone(), renew: false }
}
