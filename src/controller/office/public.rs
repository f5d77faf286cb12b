//! What anybody may know of the service: its sites, their hours, whether they are open, and what was used in the last whole month.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::{SiteId, SiteKind};
use gapura_rules::hours::{Hours, OpenState};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::explored::Used;
use super::network::{documents_in, gateways_of};
use super::site::parse_site;
use super::summary::worst;
use super::{Office, OfficeError};
use crate::condition::Condition;
use crate::report::{Cell, Figures, Month};
use crate::rights::Scope;

/// Whoever asks, however many they are, it is looked at no more often.
const AGE: Duration = Duration::from_secs(30);
/// Days of hours that are told.
const DAYS: i32 = 7;

/// The service as anybody may see it.
#[derive(Clone, Debug)]
pub struct Public {
    /// When it was looked at (UTC).
    pub at: Timestamp,
    /// The first day of the month whose usage is told.
    pub month: Date,
    /// The sites, by name.
    pub sites: Vec<PublicSite>,
}

/// A site as anybody may see it.
#[derive(Clone, Debug)]
pub struct PublicSite {
    /// Its id.
    pub id: SiteId,
    /// Its name.
    pub name: String,
    /// What sort of place.
    pub kind: SiteKind,
    /// The agency that runs it.
    pub agency: String,
    /// Its regency.
    pub regency: String,
    /// Where it stands, if it is a mobile centre that was moved.
    pub place: Option<String>,
    /// Where a visitor finds help.
    pub contact: String,
    /// Its time zone.
    pub zone: TimeZone,
    /// Whether it lets visitors in.
    pub now: PublicState,
    /// Today and the next days.
    pub week: Vec<PublicDay>,
    /// What was used in the month; none where that is not known, or the month is not closed yet.
    pub used: Option<PublicUse>,
}

/// Whether a site lets visitors in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicState {
    /// It is open until then (UTC).
    Open(Option<Timestamp>),
    /// It is closed until then (UTC).
    Closed(Option<Timestamp>),
    /// It should be open, and there is no Internet now.
    Disturbed,
    /// Nothing serves there yet.
    Planned,
}

/// Hours of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicDay {
    /// Which.
    pub date: Date,
    /// When it opens and closes, in minutes after midnight; 1440: as the day ends.
    pub windows: Vec<(i32, i32)>,
    /// Why that differs from the week; empty where it does not.
    pub reason: String,
}

/// What was used in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicUse {
    /// It would tell of few people, here or at another site.
    Withheld,
    /// As much as this.
    Of(Used),
}

/// The last look.
#[derive(Debug, Default)]
pub(crate) struct PublicShelf(Mutex<Option<(Instant, std::sync::Arc<Public>)>>);

impl Office {
    /// The service as anybody may see it, not older than half a minute; sites that the configuration leaves out are not there.
    pub async fn public(&self, zone: &TimeZone) -> Result<std::sync::Arc<Public>, OfficeError> {
        let mut last = self.public.0.lock().await;
        if let Some((_, seen)) = last.as_ref().filter(|(at, _)| at.elapsed() < AGE) {
            return Ok(seen.clone());
        }
        let seen = std::sync::Arc::new(self.look_public(zone).await?);
        *last = Some((Instant::now(), seen.clone()));
        Ok(seen)
    }

    async fn look_public(&self, zone: &TimeZone) -> Result<Public, OfficeError> {
        let now = self.now();
        let unlisted = self.config.console.as_ref().map(|console| console.unlisted.clone()).unwrap_or_default();
        let today = now.to_zoned(zone.clone()).date();
        let month = today.first_of_month().saturating_sub(1.month());
        let mut tx = self.store.read().await?;
        let documents = documents_in(&mut tx).await?;
        let gateways = gateways_of(&mut tx, now, &documents).await?;
        let places: BTreeMap<String, String> =
            tx.latest_places().await?.into_iter().map(|row| (row.site, row.place)).collect();
        drop(tx);
        // What the month's report shows, and nothing else: two tellings with other gaps would give away what each leaves out.
        let report = self.month_report(&Scope::Province, Month::of(month)).await?;
        let closed = report.filter(|report| report.running_until.is_none());
        let lines = closed.iter().flat_map(|report| &report.sites);
        let used: BTreeMap<&str, PublicUse> =
            lines.filter_map(|line| Some((line.site.as_str(), told(&line.figures)?))).collect();
        let mut sites = Vec::new();
        for (id, document) in documents {
            if unlisted.contains(&id) {
                continue;
            }
            let own: Vec<_> = gateways.iter().filter(|one| one.site.as_str() == id).collect();
            sites.push(PublicSite {
                now: state(worst(&own).as_ref(), &document.hours, now),
                week: week(&document.hours, now),
                zone: document.hours.zone().tz().clone(),
                place: places.get(&id).cloned(),
                used: used.get(id.as_str()).copied(),
                id: parse_site(&id)?,
                name: document.name,
                kind: document.kind,
                agency: document.agency,
                regency: document.regency,
                contact: document.contact,
            });
        }
        sites.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Public { at: now, month, sites })
    }
}

/// What is told of a site's month; none where it is not known.
fn told(figures: &Figures) -> Option<PublicUse> {
    match (figures.visits, figures.octets_up, figures.octets_down) {
        (Cell::Known(visits), Cell::Known(up), Cell::Known(down)) => {
            Some(PublicUse::Of(Used { visits, octets: up.saturating_add(down), seconds: 0 }))
        }
        (Cell::Unknown, ..) => None,
        (Cell::Known(_) | Cell::Below | Cell::Withheld, ..) => Some(PublicUse::Withheld),
    }
}

/// What the router says counts before what the hours say: staff may have closed early.
fn state(condition: Option<&Condition>, hours: &Hours, now: Timestamp) -> PublicState {
    let by_hours = || match hours.state(now) {
        OpenState::Open { closes } => PublicState::Open(closes),
        OpenState::Closed { opens } => PublicState::Closed(opens),
    };
    match condition {
        None | Some(Condition::Revoked { .. } | Condition::NeverHeard) => PublicState::Planned,
        Some(Condition::Closed { opens }) => PublicState::Closed(*opens),
        Some(Condition::OpenInEmergency) => PublicState::Open(None),
        Some(Condition::Silent { .. } | Condition::UplinkDown { .. } | Condition::Starting) => match by_hours() {
            PublicState::Open(_) => PublicState::Disturbed,
            closed @ (PublicState::Closed(_) | PublicState::Disturbed | PublicState::Planned) => closed,
        },
        Some(Condition::Serving | Condition::Unfiltered | Condition::Degraded) => match by_hours() {
            // Opened by staff beyond its hours.
            PublicState::Closed(_) => PublicState::Open(None),
            open @ (PublicState::Open(_) | PublicState::Disturbed | PublicState::Planned) => open,
        },
    }
}

fn week(hours: &Hours, now: Timestamp) -> Vec<PublicDay> {
    let zone = hours.zone();
    let today = zone.date(now);
    let day = |back: i32| {
        let date = today.checked_add(back.days()).ok()?;
        let (from, until) = zone.day(date)?;
        let minutes = |at: Timestamp| {
            if at >= until { 1440 } else { i32::try_from(at.duration_since(from).as_mins()).unwrap_or(1440) }
        };
        let windows =
            hours.windows(from, until).into_iter().map(|window| (minutes(window.from), minutes(window.until)));
        let reason = hours.exception(date).map(|exception| exception.reason.clone()).unwrap_or_default();
        Some(PublicDay { date, windows: windows.collect(), reason })
    };
    (0..DAYS).filter_map(day).collect()
}
