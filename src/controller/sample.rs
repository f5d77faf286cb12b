//! A made-up regency with a year behind it, in an empty database: for the demo, for trying the console, and for measuring its
//! pages. The same seed gives the same year. Places are real, nobody in it is.

mod asking;
mod content;
mod counter;
mod day;
mod desk;
mod draw;
mod log;
mod papers;
mod people;
mod play;
mod regency;
mod routers;

use std::collections::BTreeMap;
use std::sync::Arc;

use gapura_model::{ClockTrust, PresetId, SiteId};
use gapura_runtime::ManualClock;
use gapura_store::{BackupRow, CountRow, OutageRow, PlaceRow, TallyRow, Tx, millis, timestamp};
use gapura_wire::VoucherKey;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use self::asking::Askers;
use self::content::{VILLAGES, questions, questions_of_gallery};
use self::day::Day;
use self::draw::Draw;
use self::log::Log;
use self::papers::Counter;
use self::people::{ADMIN, clerk};
use self::regency::{PLACES, PLANS, Place, REGENCY};
use self::routers::Router;
use crate::document::{PlanFile, SiteDocument};
use crate::office::enrol::Member;
use crate::office::{Actor, Office, OfficeError, PresetError};
use crate::preset::Preset;
use crate::settings::{Calendar, HolidaySettings, HoursSettings, Level, SettingsDocument};
use crate::why::{Why, why};

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct SampleOrder {
    /// The same seed gives the same figures.
    pub seed: u64,
    /// Days behind it, today included.
    pub days: u32,
    /// Visits that begin at all sites on an ordinary day.
    pub visits: u32,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct SampleMade {
    /// Sites.
    pub sites: usize,
    /// Visits.
    pub visits: u64,
    /// Outages.
    pub outages: u64,
    /// Vouchers.
    pub vouchers: u64,
    /// Requests for help and appeals.
    pub requests: u64,
    /// People.
    pub people: usize,
}

const ZONE: &str = "Asia/Makassar";
/// The version of the terms.
const TERMS: &str = "sinjai-2026-1";
/// The name of the calendar of holidays.
const HOLIDAYS: &str = "libur-tetap";
const FIXED_HOLIDAYS: &str = include_str!("../../deploy/calendar/contoh.toml");

/// The regency as it is filled.
struct Filling {
    office: Office,
    zone: TimeZone,
    draw: Draw,
    terms: String,
    routers: Vec<Router>,
    documents: Vec<SiteDocument>,
    keys: BTreeMap<String, VoucherKey>,
    presets: Vec<(PresetId, Preset)>,
    order: SampleOrder,
    now: Timestamp,
}

impl Office {
    /// Fills an empty database; `told` is called after each day with the days that are done. Everything is written as if it had
    /// happened then: the audit log is in order, and what is older than its time is erased as it would have been.
    pub async fn make_sample(
        &self,
        order: SampleOrder,
        who: &Actor,
        told: &mut (dyn FnMut(u32) + Send),
    ) -> Result<SampleMade, OfficeError> {
        if !self.sites().await?.is_empty() {
            return Err(OfficeError::Refused(why!("sample-not-empty")));
        }
        let (zone, now) = (zone(), self.now());
        let today = now.to_zoned(zone.clone()).date();
        let first = today.checked_sub(i64::from(order.days).days()).unwrap_or(today);
        let clock = Arc::new(ManualClock::at(midnight(first, &zone).map_or(now, timestamp)));
        let past = self.by_clock(clock.clone());
        let mut filling = Filling::open(past, (order, zone, now), who).await?;
        let mut made = SampleMade { sites: PLACES.len(), people: people::all().len(), ..SampleMade::default() };
        filling.begin(clock.as_ref()).await?;
        for back in (0..order.days).rev() {
            let date = today.checked_sub(i64::from(back).days()).unwrap_or(Date::MIN);
            filling.day((back, date), clock.as_ref(), &mut made).await?;
            told(order.days - back);
        }
        clock.set_wall(now, ClockTrust::Trusted);
        filling.end(self).await?;
        Ok(made)
    }
}

impl Filling {
    /// Writes plans, sites, presets and questions by the office's own way.
    async fn open(
        office: Office,
        (order, zone, now): (SampleOrder, TimeZone, Timestamp),
        who: &Actor,
    ) -> Result<Self, OfficeError> {
        office.set_plans(&plans()?, who).await?;
        holidays(&office, who).await?;
        let (mut documents, mut keys) = (Vec::new(), BTreeMap::new());
        for place in &PLACES {
            let (id, document) = (site_id(place)?, document(place)?);
            office.set_site(&id, &document, who).await?;
            // With what it has from the levels above it.
            let document = office.site(&id).await?.unwrap_or(document);
            let row = office.store.read().await?.site(&id).await?;
            let key = row.and_then(|row| row.voucher_key.try_into().ok());
            keys.extend(key.map(|key| (place.id.to_owned(), VoucherKey::new(key))));
            documents.push(document);
        }
        for preset in content::presets()? {
            let wrong = |error| match error {
                PresetError::Office(error) => error,
                PresetError::Mistakes(mistakes) => OfficeError::Mistakes(vec![Why::plain(format!("{mistakes:?}"))]),
            };
            office.set_preset(None, &preset, who).await.map_err(wrong)?;
        }
        office.set_faq(None, &questions(), who).await?;
        if let Some(first) = PLACES.first() {
            office.set_faq(Some(&site_id(first)?), &questions_of_gallery(), who).await?;
        }
        let presets = office.presets().await?;
        let (draw, terms, routers) = (Draw::new(order.seed), terms_hash()?, fleet()?);
        Ok(Self { office, zone, draw, terms, routers, documents, keys, presets, order, now })
    }

    /// People and routers.
    async fn begin(&mut self, clock: &ManualClock) -> Result<(), OfficeError> {
        let (mut tx, mut log, at) = (self.office.store.write().await?, Log::default(), millis(self.office.now()));
        people::add(&mut tx, at, &mut log).await?;
        for router in &self.routers {
            router.add(&mut tx, &mut self.draw, (at, millis(self.now))).await?;
            let after = format!("approved for {}", router.site);
            log.note((at, ADMIN), "gateway-approve", format!("gateway/{}", router.gateway), ("", &after));
        }
        log.write(&self.office, clock, &mut tx).await?;
        tx.commit().await?;
        desk::begin(&self.office).await
    }

    /// One day of everything.
    async fn day(
        &self,
        (back, date): (u32, Date),
        clock: &ManualClock,
        made: &mut SampleMade,
    ) -> Result<(), OfficeError> {
        let Some(midnight) = midnight(date, &self.zone) else { return Ok(()) };
        let (mut tx, mut log, now) = (self.office.store.write().await?, Log::default(), millis(self.now));
        // Before the rows of a month: beside, they would have to be moved later.
        tx.make_months(timestamp(midnight)).await?;
        for (router, document) in self.routers.iter().zip(&self.documents) {
            let (place, hours) = (router.place, &document.hours);
            let day = self.of(router, date, now);
            let mut draw = day.source(&self.draw, router.number);
            let closed = hours.windows(timestamp(midnight), timestamp(midnight + 86_400_000)).is_empty();
            let visits = if closed { Vec::new() } else { day.visits(&self.zone, &mut draw) };
            tx.put_visits(&visits, self.now).await?;
            made.visits += visits.len() as u64;
            // From sources of their own, so that the visits are the same whatever else is made.
            let mut draw = draw.of(1);
            let outage = day.outage(&self.zone, &mut draw);
            if let Some(outage) = &outage {
                let outage: &OutageRow = outage;
                tx.put_outage(outage).await?;
                router.alert(&mut tx, outage, &mut draw).await?;
                made.outages += 1;
            }
            router.day(&mut tx, hours, (midnight, now), outage.as_ref()).await?;
            if let Some(key) = self.keys.get(place.id) {
                let (key, site, presets) = (key.clone(), router.site.clone(), self.presets.as_slice());
                let counter = Counter { office: &self.office, place, site, hours, key, presets };
                made.vouchers += counter.day(&mut tx, (midnight, now), &mut draw, &mut log).await?;
            }
            let askers = Askers { place, gateway: router.gateway.as_str(), hours, now };
            made.requests += askers.day(&mut tx, midnight, &mut draw, &mut log).await?;
            counter::day(&mut tx, (place, hours), (midnight, now), &mut draw, &mut log).await?;
            counts(&mut tx, router, (midnight, now), visits.len(), &mut draw).await?;
        }
        self.moves(&mut tx, (midnight, now), &mut log).await?;
        self.backup(&mut tx, (midnight, now)).await?;
        // The desk writes by itself, and the audit log in the order of time.
        let ten = midnight + 10 * 3_600_000;
        log.write_until(&self.office, clock, &mut tx, ten).await?;
        tx.commit().await?;
        clock.set_wall(timestamp(ten.min(now)), ClockTrust::Trusted);
        desk::day(&self.office, back, date).await?;
        let mut tx = self.office.store.write().await?;
        log.write(&self.office, clock, &mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// The mobile centre goes to another village each working day.
    async fn moves(&self, tx: &mut Tx, (midnight, now): (i64, i64), log: &mut Log) -> Result<(), OfficeError> {
        let Some(van) = PLACES.iter().find(|place| place.id == routers::SILENT) else { return Ok(()) };
        let since = midnight + 7 * 3_600_000;
        let day = usize::try_from(midnight / 86_400_000).unwrap_or_default();
        let Some(village) = VILLAGES.get(day % VILLAGES.len()).filter(|_| since < now) else { return Ok(()) };
        let (place, staff) = ((*village).to_owned(), clerk(van));
        log.note((since, &staff), "site-move", format!("site/{}", van.id), ("", village));
        let reason = "Jadwal keliling".to_owned();
        Ok(tx.add_place(&PlaceRow { site: van.id.to_owned(), since, place, staff, reason }).await?)
    }

    async fn backup(&self, tx: &mut Tx, (midnight, now): (i64, i64)) -> Result<(), OfficeError> {
        let made = midnight + 2 * 3_600_000;
        if made >= now {
            return Ok(());
        }
        let file = format!("gapura-{}.cadangan", timestamp(made).to_zoned(self.zone.clone()).date());
        let octets = 40_000_000 + (made / 86_400_000 - 20_000) * 90_000;
        Ok(tx.add_backup(&BackupRow { made, file, octets, staff: "gapura".to_owned() }).await?)
    }

    /// How everything stands now.
    async fn end(&self, office: &Office) -> Result<(), OfficeError> {
        let (mut tx, mut log, now) = (office.store.write().await?, Log::default(), millis(self.now));
        for place in &PLACES {
            counter::seats(&mut tx, place, now, &mut log).await?;
        }
        let clock = ManualClock::at(self.now);
        log.write(&self.office, &clock, &mut tx).await?;
        tx.commit().await?;
        routers::ask_to_replace(&self.office, &self.routers).await?;
        desk::end(office).await?;
        office.publish_due().await?;
        office.forget_old().await?;
        // Else the server's first hour would begin with a walk through all of it.
        office.anchor_audit().await?;
        play::silent_one(&self.office, &self.routers, &self.documents).await?;
        play::Playing::new(office, self.order)?.turn(None).await?;
        office.make_reports().await.map(drop)
    }

    fn of<'a>(&'a self, router: &'a Router, date: Date, until: i64) -> Day<'a> {
        let terms = (TERMS, self.terms.as_str());
        Day { place: router.place, gateway: router.gateway.as_str(), date, visits: self.order.visits, terms, until }
    }
}

/// What the filter and the resolver of a router counted on a day.
async fn counts(
    tx: &mut Tx,
    router: &Router,
    (midnight, now): (i64, i64),
    visits: usize,
    draw: &mut Draw,
) -> Result<(), OfficeError> {
    let (site, gateway) = (router.place.id.to_owned(), router.gateway.as_str().to_owned());
    for hour in [9_i64, 13, 16, 20] {
        let hour = midnight + hour * 3_600_000;
        for (clause, list) in [("1", "trustpositif"), ("2", "judi"), ("3", "malware")] {
            let total = i64::try_from(draw.below(visits as u64 * 2 + 10)).unwrap_or_default();
            if hour >= now || total == 0 {
                continue;
            }
            tx.put_count(&CountRow {
                site: site.clone(),
                gateway: gateway.clone(),
                run: "contoh".to_owned(),
                hour,
                sop: "NASIONAL-TRUSTPOSITIF".to_owned(),
                clause: clause.to_owned(),
                list: list.to_owned(),
                total,
            })
            .await?;
        }
    }
    let ended = midnight + 86_400_000;
    if ended > now {
        return Ok(());
    }
    let id = uuid::Builder::from_random_bytes(draw.octets()).into_uuid().to_string();
    let amount = i64::try_from(visits as u64 * draw.between(20, 60)).unwrap_or_default();
    let name = "dns-queries".to_owned();
    Ok(tx.add_tally(&TallyRow { site, id, gateway, name, started: midnight, ended, amount }).await?)
}

fn zone() -> TimeZone {
    TimeZone::get(ZONE).unwrap_or(TimeZone::UTC)
}

fn midnight(date: Date, zone: &TimeZone) -> Option<i64> {
    Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

fn fleet() -> Result<Vec<Router>, OfficeError> {
    let router = |(number, place): (u32, &'static Place)| {
        let gateway = gateway_name(place).parse();
        let gateway = gateway
            .map_err(|_| OfficeError::Refused(Why::plain(format!("\"{}\" is no gateway", gateway_name(place)))))?;
        Ok(Router { place, site: site_id(place)?, gateway, number })
    };
    (0..).zip(&PLACES).map(router).collect()
}

fn gateway_name(place: &Place) -> String {
    format!("gw-{}", place.id)
}

fn site_id(place: &Place) -> Result<SiteId, OfficeError> {
    place.id.parse().map_err(|_| OfficeError::Refused(Why::plain(format!("\"{}\" is not the id of a site", place.id))))
}

/// The holidays that the calendar fixes, on which telecenters are closed.
async fn holidays(office: &Office, who: &Actor) -> Result<(), OfficeError> {
    let wrong = |error: String| OfficeError::Refused(Why::plain(error));
    let calendar = Calendar::read(FIXED_HOLIDAYS).map_err(OfficeError::Mistakes)?;
    let name = HOLIDAYS.parse().map_err(|_| wrong(format!("\"{HOLIDAYS}\" is not the name of a calendar")))?;
    office.set_calendar(&name, Some(&calendar), who).await?;
    let holidays = HolidaySettings { calendars: vec![HOLIDAYS.to_owned()], ..HolidaySettings::default() };
    let hours = HoursSettings { holidays: Some(holidays), ..HoursSettings::default() };
    let level = Level::Kind("telecenter".to_owned());
    office.set_level(&level, Some(&SettingsDocument { hours, ..SettingsDocument::default() }), who).await?;
    Ok(())
}

fn plans() -> Result<PlanFile, OfficeError> {
    toml::from_str(PLANS).map_err(|error| OfficeError::Mistakes(vec![Why::plain(error.to_string())]))
}

fn document(place: &Place) -> Result<SiteDocument, OfficeError> {
    toml::from_str(&text(place))
        .map_err(|error| OfficeError::Mistakes(vec![Why::plain(format!("{}: {error}", place.id))]))
}

/// The site's document as people would write it.
fn text(place: &Place) -> String {
    use std::fmt::Write as _;
    let kind =
        serde_json::to_value(place.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    let mut text = format!(
        r#"
name = "{name}"
kind = "{kind}"
agency = "{agency}"
regency = "{REGENCY}"
contact = "Petugas Diskominfo, (0482) 555 0110"
one-tap-plan = "umum"
staff-plan = "umum"
hours = {{ zone = "{ZONE}", weekly = {weekly} }}
ways = {{ one-tap = true, voucher = true, account = true }}
uplink = {{ up = 20_000_000, down = 50_000_000 }}

[terms]
version = "{TERMS}"
effective = "2026-01-01"
text = {{ id = "Gunakan dengan sopan dan bertanggung jawab.", en = "Use it kindly and responsibly." }}
"#,
        name = place.name,
        agency = place.agency,
        weekly = place.weekly(),
    );
    for seat in 1..=place.seats {
        let octet = PLACES.iter().position(|other| other.id == place.id).unwrap_or_default();
        // Addresses of nobody's: locally administered.
        let line = format!(
            "\n[[devices]]\nmac = \"02:67:00:{octet:02x}:00:{seat:02x}\"\nrole = \"seat\"\nlabel = \"PC {seat:02}\"\n"
        );
        let _ = text.write_str(&line);
    }
    text
}

fn terms_hash() -> Result<String, OfficeError> {
    let place = PLACES.first().ok_or_else(|| OfficeError::Refused(Why::plain("there is no place")))?;
    let terms = document(place)?.terms;
    Ok(terms.map(|terms| gapura_wire::Terms::hash(&terms.text).to_string()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_a_document_that_may_be_used() {
        assert!(plans().unwrap().mistakes().is_empty());
        for place in &PLACES {
            assert_eq!(document(place).unwrap().mistakes(), Vec::new(), "{}", place.id);
        }
    }
}
