//! The fleet as it stands: each gateway's state in words, its history, and where mobile centres stand.

use std::collections::BTreeMap;

use gapura_model::{GatewayId, SiteId, SiteKind};
use gapura_store::{GatewayRow, PlaceRow, ReportRow, StateRow, Tx, millis, timestamp};
use gapura_wire::{Heartbeat, limits};
use jiff::{SignedDuration, Timestamp};

use super::publish::Scope;
use super::site::{document_of, parse_site};
use super::{Actor, Change, Office, OfficeError, Published, read_json};
use crate::condition::{Condition, Known};
use crate::document::SiteDocument;
use crate::why::why;

/// A gateway as it stands.
#[derive(Clone, Debug, serde::Serialize)]
pub struct GatewayStanding {
    /// Its name.
    pub gateway: GatewayId,
    /// The site it serves.
    pub site: SiteId,
    /// The site's name for people.
    pub site_name: String,
    /// What sort of place.
    pub kind: SiteKind,
    /// The agency that runs it.
    pub agency: String,
    /// Its regency.
    pub regency: String,
    /// The zone its clock times are said in.
    pub zone: String,
    /// Where it stands, if it is a mobile centre that was moved.
    pub place: Option<String>,
    /// How it is.
    #[serde(flatten)]
    pub condition: Condition,
    /// When its last heartbeat came (UTC).
    pub heard: Option<Timestamp>,
    /// That heartbeat.
    pub beat: Option<Heartbeat>,
    /// How far its clock was ahead of the controller's, in seconds, as that came; negative: behind.
    pub clock_off: Option<i64>,
    /// The newest bundle of its site; 0 = none.
    pub wanted: u64,
    /// When that was published (UTC).
    pub published: Option<Timestamp>,
    /// The bundle in force there, as far as is known.
    pub in_force: u64,
    /// The last bundle it judged.
    pub offered: Option<u64>,
    /// What became of the last bundle it judged.
    pub verdict: Option<String>,
    /// Why.
    pub detail: String,
    /// When its last certificate ends (UTC).
    pub certificate_ends: Option<Timestamp>,
    /// What the box calls itself.
    pub hostname: String,
    /// Its model.
    pub hardware: String,
    /// When it was approved (UTC).
    pub made: Timestamp,
    /// Why it was revoked.
    pub reason: String,
    /// It still has to fetch its predecessor's balances.
    pub restores: bool,
}

/// How a gateway was for a while.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Past {
    /// The site it served.
    pub site: String,
    /// Which gateway.
    pub gateway: String,
    /// `serving`, `closed`, `silent`, ..
    pub state: String,
    /// From when (UTC).
    pub since: Timestamp,
    /// Until when (UTC); none while it is so.
    pub until: Option<Timestamp>,
}

/// Where a mobile centre stood from then on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Stood {
    /// The village.
    pub place: String,
    /// From when (UTC).
    pub since: Timestamp,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// How long it is remembered how gateways were.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 400);

/// The longest name of a village.
const PLACE_CHARS: usize = 80;

impl Office {
    /// Every gateway as it stands, those that were revoked included; by site, then by name.
    pub async fn gateways(&self) -> Result<Vec<GatewayStanding>, OfficeError> {
        let now = self.now();
        let mut tx = self.store.read().await?;
        let standing = gateways_in(&mut tx, now).await?;
        drop(tx);
        Ok(standing)
    }

    /// One gateway.
    pub async fn gateway(&self, id: &GatewayId) -> Result<GatewayStanding, OfficeError> {
        let all = self.gateways().await?;
        all.into_iter().find(|one| one.gateway == *id).ok_or_else(|| OfficeError::not_found("gateway", id.as_str()))
    }

    /// How a gateway (none: every gateway) was in the last `days` days, the latest first.
    pub async fn gateway_past(&self, id: Option<&GatewayId>, days: u16) -> Result<Vec<Past>, OfficeError> {
        let since = self.now().checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
        let rows = self.store.read().await?.states(id, since, 10_000).await?;
        Ok(rows.into_iter().map(past).collect())
    }

    /// Says in which village a mobile centre stands from now on; its portal shows it.
    pub async fn move_site(&self, site: &SiteId, place: &str, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        let place = place.trim();
        place_words(place)?;
        let mut tx = self.store.write().await?;
        let document = document_of(&mut tx, site).await?;
        if document.kind != SiteKind::Mplik {
            return Err(OfficeError::Refused(why!("site-fixed", site = site.as_str())));
        }
        let before = tx.place(site.as_str()).await?.map(|row| row.place).unwrap_or_default();
        let row = PlaceRow {
            site: site.as_str().to_owned(),
            since: millis(self.now()),
            place: place.to_owned(),
            staff: who.name.clone(),
            reason: who.reason.clone(),
        };
        tx.add_place(&row).await?;
        let change = Change { action: "site-move", object: format!("site/{site}"), before: &before, after: place };
        self.note(&mut tx, who, change).await?;
        let published = self.publish_in(&mut tx, Scope::Site(site)).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// Where a mobile centre stood, the latest first.
    pub async fn places(&self, site: &SiteId) -> Result<Vec<Stood>, OfficeError> {
        let rows = self.store.read().await?.places(Some(site), 1000).await?;
        let stood =
            |row: PlaceRow| Stood { place: row.place, since: timestamp(row.since), by: row.staff, reason: row.reason };
        Ok(rows.into_iter().map(stood).collect())
    }

    /// Notes which gateways have fallen silent; how many.
    pub(crate) async fn note_silences(&self) -> Result<usize, OfficeError> {
        let (mut tx, now) = (self.store.write().await?, self.now());
        let mut silenced = 0;
        for one in gateways_in(&mut tx, now).await? {
            if let Condition::Silent { since } = one.condition {
                silenced += usize::from(tx.put_state((&one.site, &one.gateway), "silent", since).await?);
            }
        }
        tx.commit().await?;
        Ok(silenced)
    }

    /// Forgets how gateways were long ago.
    pub(super) async fn forget_states(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        tx.prune_states(self.now().checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN)).await?;
        Ok(())
    }
}

/// A village has a name of a length that the portal can show.
pub(super) fn place_words(place: &str) -> Result<(), OfficeError> {
    if place.is_empty() || place.chars().count() > PLACE_CHARS || place.contains(char::is_control) {
        return Err(OfficeError::Mistakes(vec![why!("text-length", most = PLACE_CHARS).at("place")]));
    }
    Ok(())
}

/// Every site's document.
pub(super) async fn documents_in(tx: &mut Tx) -> Result<BTreeMap<String, SiteDocument>, OfficeError> {
    let mut sites = BTreeMap::new();
    for row in tx.sites().await? {
        let document = read_json::<SiteDocument>(&row.document, format!("site {}", row.id))?;
        sites.insert(row.id, document);
    }
    Ok(sites)
}

/// Every gateway as it stands.
pub(super) async fn gateways_in(tx: &mut Tx, now: Timestamp) -> Result<Vec<GatewayStanding>, OfficeError> {
    let sites = documents_in(tx).await?;
    gateways_of(tx, now, &sites).await
}

/// Every gateway of these sites as it stands.
pub(super) async fn gateways_of(
    tx: &mut Tx,
    now: Timestamp,
    sites: &BTreeMap<String, SiteDocument>,
) -> Result<Vec<GatewayStanding>, OfficeError> {
    let (reports, bundles, ends) = (tx.reports().await?, tx.standing_bundles().await?, tx.certificate_ends().await?);
    let places = tx.latest_places().await?;
    let reports: BTreeMap<(&str, &str), &ReportRow> =
        reports.iter().map(|report| ((report.site.as_str(), report.gateway.as_str()), report)).collect();
    let bundles: BTreeMap<&str, _> = bundles.iter().map(|bundle| (bundle.site.as_str(), bundle)).collect();
    let ends: BTreeMap<&str, _> = ends.iter().map(|end| (end.gateway.as_str(), end)).collect();
    let places: BTreeMap<&str, _> = places.iter().map(|place| (place.site.as_str(), place)).collect();
    let mut standing = Vec::new();
    for row in tx.gateways().await? {
        let Some(site) = sites.get(&row.site) else { continue };
        let report = reports.get(&(row.site.as_str(), row.id.as_str())).copied();
        let bundle = bundles.get(row.site.as_str());
        let mut one = stands(row, site, report, now)?;
        one.wanted = bundle.map_or(0, |bundle| u64::try_from(bundle.generation).unwrap_or_default());
        one.published = bundle.map(|bundle| timestamp(bundle.published));
        one.certificate_ends = ends.get(one.gateway.as_str()).map(|end| timestamp(end.ends));
        one.place = places.get(one.site.as_str()).map(|place| place.place.clone());
        standing.push(one);
    }
    standing.sort_by(|a, b| (&a.site, &a.gateway).cmp(&(&b.site, &b.gateway)));
    Ok(standing)
}

fn stands(
    row: GatewayRow,
    site: &SiteDocument,
    report: Option<&ReportRow>,
    now: Timestamp,
) -> Result<GatewayStanding, OfficeError> {
    let heard = report.and_then(|report| report.heard).map(timestamp);
    let beat = report.and_then(|report| report.heartbeat.as_deref());
    // One of a newer router that this controller cannot read is as if it had not come.
    let beat: Option<Heartbeat> = beat.and_then(|text| serde_json::from_str(text).ok());
    let known = Known { revoked: row.revoked.map(timestamp), heard, beat: beat.as_ref(), hours: Some(&site.hours) };
    let condition = Condition::of(known, now);
    let told = beat.as_ref().map_or(0, |beat| beat.generation.get());
    let applied = report.map_or(0, |report| u64::try_from(report.applied).unwrap_or_default());
    let damaged = |error: gapura_model::ParseNameError| OfficeError::damaged("a gateway")(error.into());
    Ok(GatewayStanding {
        gateway: row.id.parse().map_err(damaged)?,
        site: parse_site(&row.site)?,
        site_name: site.name.clone(),
        kind: site.kind,
        agency: site.agency.clone(),
        regency: site.regency.clone(),
        zone: site.hours.zone().name().to_owned(),
        place: None,
        condition,
        clock_off: beat.as_ref().zip(heard).map(|(beat, heard)| beat.sent.duration_since(heard).as_secs()),
        heard,
        beat,
        wanted: 0,
        published: None,
        in_force: told.max(applied),
        offered: report.and_then(|report| report.offered).and_then(|offered| u64::try_from(offered).ok()),
        verdict: report.and_then(|report| report.verdict.clone()),
        detail: report.map_or_else(String::new, |report| report.detail.chars().take(limits::TEXT_CHARS).collect()),
        certificate_ends: None,
        hostname: row.hostname,
        hardware: row.hardware,
        made: timestamp(row.made),
        reason: row.reason,
        restores: row.restores != 0,
    })
}

fn past(row: StateRow) -> Past {
    Past {
        site: row.site,
        gateway: row.gateway,
        state: row.state,
        since: timestamp(row.since),
        until: row.until.map(timestamp),
    }
}
