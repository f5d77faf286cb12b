//! Usage of a span by site, day, hour of the week and plan: from sums, but for plans, whose visits are read one by one and only
//! for one site and few days.

use std::collections::BTreeMap;

use gapura_model::SiteId;
use gapura_store::{DaySum, SlotSum};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};

use super::site::parse_site;
use super::{Office, OfficeError};
use crate::document::SiteDocument;
use crate::rights::SitePlace;

/// No span is longer, in days: sums of so many are read in a few milliseconds.
pub const LONGEST_DAYS: i32 = 92;
/// By plan, no span is longer.
pub const PLAN_DAYS: i32 = 7;

/// Hours before Monday of the week 1970 began in: it began on a Thursday.
const TO_MONDAY: i64 = 3 * 24;
const WEEK: i64 = 7 * 24;

/// What was used by visits that began in some span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Visits.
    pub visits: u64,
    /// Octets from devices and to them.
    pub octets: u64,
    /// Time online, in seconds.
    pub seconds: u64,
}

impl std::ops::AddAssign for Used {
    fn add_assign(&mut self, more: Self) {
        self.visits = self.visits.saturating_add(more.visits);
        self.octets = self.octets.saturating_add(more.octets);
        self.seconds = self.seconds.saturating_add(more.seconds);
    }
}

/// What was used at a site in one hour of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotUse {
    /// The site.
    pub site: String,
    /// Days since Monday, 0 to 6.
    pub weekday: u8,
    /// The hour, 0 to 23.
    pub hour: u8,
    /// How much.
    pub used: Used,
}

/// What was used under a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanUsed {
    /// Its id.
    pub plan: String,
    /// Its name for people; its id where it is gone.
    pub name: String,
    /// How much.
    pub used: Used,
}

/// Usage of a span.
#[derive(Clone, Debug)]
pub struct Explored {
    /// The sites, by name, whether they were used or not.
    pub sites: Vec<(SitePlace, String)>,
    /// By site and day; a day without visits is not there.
    pub days: Vec<(String, Date, Used)>,
    /// By site and hour of the week.
    pub slots: Vec<SlotUse>,
}

impl Office {
    /// What visits used that began on the days `from` to `until`, by the clock of `zone`: whole hours ahead of UTC. A longer
    /// span than [`LONGEST_DAYS`] is cut at its beginning.
    pub async fn explore(&self, zone: &TimeZone, (from, until): (Date, Date)) -> Result<Explored, OfficeError> {
        let span = bounds(zone, (from, until), LONGEST_DAYS);
        let ahead = i64::from(zone.to_offset(span.0).seconds()) * 1000;
        let mut tx = self.store.read().await?;
        let mut sites = Vec::new();
        for row in tx.sites().await? {
            let document: SiteDocument = super::read_json(&row.document, format!("site {}", row.id))?;
            let SiteDocument { name, agency, regency, .. } = document;
            sites.push((SitePlace { site: parse_site(&row.id)?, agency, regency }, name));
        }
        let days = tx.day_sums(span, ahead).await?;
        let slots = tx.slot_sums(span, ahead).await?;
        drop(tx);
        sites.sort_by(|a, b| a.1.cmp(&b.1));
        let days = days.into_iter().filter_map(|sum| Some((sum.site.clone(), day_of(&sum)?, of_day(&sum)))).collect();
        Ok(Explored { sites, days, slots: slots.into_iter().map(slot_of).collect() })
    }

    /// What visits of a site used by plan, the most used first. A longer span than [`PLAN_DAYS`] is cut at its beginning.
    pub async fn explore_plans(
        &self,
        site: &SiteId,
        zone: &TimeZone,
        span: (Date, Date),
    ) -> Result<Vec<PlanUsed>, OfficeError> {
        let mut tx = self.store.read().await?;
        let sums = tx.plan_sums(site, bounds(zone, span, PLAN_DAYS)).await?;
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for row in tx.plans().await? {
            let plan: serde_json::Value = super::read_json(&row.document, format!("plan {}", row.id))?;
            if let Some(name) = plan.get("name").and_then(serde_json::Value::as_str) {
                names.insert(row.id, name.to_owned());
            }
        }
        drop(tx);
        let used = |sum: gapura_store::PlanSum| {
            let name = names.get(&sum.plan).cloned().unwrap_or_else(|| sum.plan.clone());
            let used = used(sum.visits, (sum.bytes_up, sum.bytes_down), sum.seconds);
            PlanUsed { plan: sum.plan, name, used }
        };
        Ok(sums.into_iter().map(used).collect())
    }
}

/// From the first moment of a day to the last of another.
fn bounds(zone: &TimeZone, (from, until): (Date, Date), longest: i32) -> (Timestamp, Timestamp) {
    let earliest = until.saturating_sub((longest - 1).days());
    let start = |day: Date| day.to_zoned(zone.clone()).map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp());
    (start(from.max(earliest)), until.tomorrow().map_or(Timestamp::MAX, start))
}

fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn used(visits: i64, (up, down): (i64, i64), seconds: i64) -> Used {
    Used { visits: number(visits), octets: number(up).saturating_add(number(down)), seconds: number(seconds) }
}

fn day_of(sum: &DaySum) -> Option<Date> {
    date(1970, 1, 1).checked_add(Span::new().try_days(sum.day).ok()?).ok()
}

fn of_day(sum: &DaySum) -> Used {
    used(sum.visits, (sum.bytes_up, sum.bytes_down), sum.seconds)
}

fn slot_of(sum: SlotSum) -> SlotUse {
    let slot = (sum.slot + TO_MONDAY).rem_euclid(WEEK);
    let part = |number: i64| u8::try_from(number).unwrap_or_default();
    let used = used(sum.visits, (sum.bytes_up, sum.bytes_down), sum.seconds);
    SlotUse { site: sum.site, weekday: part(slot / 24), hour: part(slot % 24), used }
}
