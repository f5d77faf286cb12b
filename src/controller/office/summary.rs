//! The whole at a glance: every site as it stands, what was used by day, what is wrong. Read from what an index leads to.

use std::collections::BTreeMap;

use gapura_model::SiteKind;
use gapura_store::Tx;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::alert::alert;
use super::network::{GatewayStanding, documents_in, gateways_of};
use super::site::parse_site;
use super::{Alert, Office, OfficeError};
use crate::condition::{Condition, Tone};
use crate::document::SiteDocument;
use crate::rights::SitePlace;

/// Everything.
#[derive(Clone, Debug)]
pub struct Summary {
    /// When it was looked at (UTC).
    pub at: Timestamp,
    /// The sites, by name.
    pub sites: Vec<SiteNow>,
    /// What was used by site and day, the last days only; a day without visits is not there.
    pub days: Vec<DayUse>,
    /// Alerts that are not over, the oldest first.
    pub alerts: Vec<Alert>,
}

/// A site as it stands.
#[derive(Clone, Debug)]
pub struct SiteNow {
    /// Where it stands in the tree of scopes.
    pub place: SitePlace,
    /// What people call it.
    pub name: String,
    /// What sort of place.
    pub kind: SiteKind,
    /// How its gateway is, the worst of several; none: it has none.
    pub condition: Option<Condition>,
    /// Devices online, as its gateway last said; 0 where nobody heard of it lately.
    pub online: u64,
}

/// What was used at a site by visits that began on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayUse {
    /// The site.
    pub site: String,
    /// The day, by the clock asked for.
    pub day: Date,
    /// Visits.
    pub visits: u64,
    /// Octets from devices and to them.
    pub octets: u64,
}

impl SiteNow {
    /// Whether it lets visitors in.
    pub fn serves(&self) -> bool {
        match &self.condition {
            Some(Condition::Serving | Condition::Unfiltered | Condition::Degraded | Condition::OpenInEmergency) => true,
            Some(
                Condition::Revoked { .. }
                | Condition::NeverHeard
                | Condition::Silent { .. }
                | Condition::Starting
                | Condition::Closed { .. }
                | Condition::UplinkDown { .. },
            )
            | None => false,
        }
    }

    /// How that is to be shown.
    pub fn tone(&self) -> Tone {
        self.condition.as_ref().map_or(Tone::Off, Condition::tone)
    }
}

impl Office {
    /// Every site as it stands, what was used in the last `days` days by the clock of `zone`, and what is wrong.
    pub async fn summary(&self, zone: &TimeZone, days: u16) -> Result<Summary, OfficeError> {
        let now = self.now();
        let mut tx = self.store.read().await?;
        let documents = documents_in(&mut tx).await?;
        let gateways = gateways_of(&mut tx, now, &documents).await?;
        let mut by_site: BTreeMap<&str, Vec<&GatewayStanding>> = BTreeMap::new();
        for one in &gateways {
            by_site.entry(one.site.as_str()).or_default().push(one);
        }
        let mut sites = Vec::new();
        for (id, document) in documents {
            let own = by_site.remove(id.as_str()).unwrap_or_default();
            let SiteDocument { name, kind, agency, regency, .. } = document;
            let place = SitePlace { site: parse_site(&id)?, agency, regency };
            let online = own.iter().map(|one| online(one)).sum();
            sites.push(SiteNow { place, name, kind, condition: worst(&own), online });
        }
        sites.sort_by(|a, b| a.name.cmp(&b.name));
        let days = days_in(&mut tx, (now, zone), days).await?;
        let open = tx.open_alerts().await?;
        drop(tx);
        let running = open.into_iter().filter(|row| row.ended.is_none() && row.raised.is_some());
        Ok(Summary { at: now, sites, days, alerts: running.map(alert).collect() })
    }
}

/// What was said by one that is not heard any more holds no longer.
fn online(one: &GatewayStanding) -> u64 {
    match one.condition {
        Condition::Silent { .. } | Condition::Revoked { .. } | Condition::NeverHeard => 0,
        Condition::Starting
        | Condition::Serving
        | Condition::Unfiltered
        | Condition::Closed { .. }
        | Condition::UplinkDown { .. }
        | Condition::OpenInEmergency
        | Condition::Degraded => one.beat.as_ref().map_or(0, |beat| u64::from(beat.online)),
    }
}

pub(super) fn worst(own: &[&GatewayStanding]) -> Option<Condition> {
    let in_service = own.iter().filter(|one| !matches!(one.condition, Condition::Revoked { .. }));
    in_service.min_by_key(|one| one.condition.tone()).map(|one| one.condition.clone())
}

/// Sums of the last days, by the department's clock: whole hours ahead of UTC, as all of Indonesia's are.
async fn days_in(tx: &mut Tx, (now, zone): (Timestamp, &TimeZone), days: u16) -> Result<Vec<DayUse>, OfficeError> {
    let today = now.to_zoned(zone.clone()).date();
    let first = today.checked_sub(Span::new().days(i64::from(days.saturating_sub(1)))).unwrap_or(today);
    days_in_span(tx, (now, zone), (first, today)).await
}

/// The same of the days `first` to `last`.
pub(super) async fn days_in_span(
    tx: &mut Tx,
    (now, zone): (Timestamp, &TimeZone),
    (first, last): (Date, Date),
) -> Result<Vec<DayUse>, OfficeError> {
    let from = first.to_zoned(zone.clone()).map_or(now, |start| start.timestamp());
    let until = last.tomorrow().ok().and_then(|day| day.to_zoned(zone.clone()).ok());
    let until = until.map_or(Timestamp::MAX, |end| end.timestamp());
    let ahead = i64::from(zone.to_offset(now).seconds()) * 1000;
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let sums = tx.day_sums((from, until), ahead).await?;
    let used = sums.into_iter().filter_map(|sum| {
        let day = date(1970, 1, 1).checked_add(Span::new().try_days(sum.day).ok()?).ok()?;
        let octets = number(sum.bytes_up).saturating_add(number(sum.bytes_down));
        Some(DayUse { site: sum.site, day, visits: number(sum.visits), octets })
    });
    Ok(used.collect())
}
